// What a row can be asked for: its stack trace, its fields, the rest of a long line, a link
// to it, what was skipped before it, the file that was rotated away. Part of the engine
// (log-engine.js), which says how the page goes elsewhere.

import { nextTick } from "./html.js";
import { t } from "./i18n.js";
import { announce, say } from "./live.js";
import { CUT } from "./log-text.js";

// unfolded, whole: see LogList's look. pointAt(row): the page's address names this line. openOld(file, generation).
export function createRowActs({ store, api, past, unfolded, whole, pointAt, openOld }) {
  const fetched = async ({ text, source, offset }) => {
    if (!CUT.test(text)) return text;
    try {
      return await api.line(source.file, source.generation, offset);
    } catch (error) {
      say(error.message || t("logs.search.unreachable"));
      return text;
    }
  };
  const link = async (row) => {
    pointAt(row);
    await nextTick();
    try {
      await navigator.clipboard.writeText(location.href);
      say(t("logs.linked"));
    } catch {
      announce(t("logs.linkShown")); // no clipboard: it stands in the address
    }
  };
  const acts = {
    trace: ({ id }) => store.toggleTrace(id),
    unfold: ({ id }) => {
      if (!unfolded.delete(id)) unfolded.add(id);
      store.touch(id);
    },
    whole: async (row) => {
      whole.set(row.id, await fetched(row));
      store.touch(row.id);
    },
    link,
    skipped: ({ id }) => { past.loadSkipped(id); },
    old: ({ source, notice }) => openOld(source.file, notice.ended),
  };
  return (what, row) => acts[what](row);
}
