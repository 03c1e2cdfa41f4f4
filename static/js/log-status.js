// The state of the file in a few words: beside its name, in the middle of an empty
// stream, and for a screen reader. "Following" is said only where it is so.

import { t } from "./i18n.js";
import { formatClock, formatSize } from "./log-words.js";

const MODES = { paused: "logs.paused", reading: "logs.reading", following: "logs.since" };

export function headWords(state, mode, isConnected) {
  const { phase, since, file, files } = state;
  if (file === null) return "";
  const size = files?.find((one) => one.name === file)?.size ?? null;
  const opened = isConnected ? t(MODES[mode], { time: formatClock(since) }) : t("logs.notConnected");
  const words = phase === "opened" ? opened : t(`logs.phase.${phase}`);
  return size === null ? words : `${formatSize(size)} · ${words}`;
}

export function emptyWords(state, store) {
  const { phase, file, files, problem } = state;
  if (file === null) return files === null ? t("logs.connecting") : t("logs.noFilesLong");
  if (phase === "refused") return problem.code === "not_allowed" ? t("logs.notAllowed", { file }) : problem.message;
  if (store.kept > 0) return t("logs.spoken.paused", { count: store.fresh }); // all of it waits
  if (phase === "opened" && store.mode === "paused") return t("logs.spoken.paused", { count: 0 });
  if (phase === "opened") return store.cleared ? t("logs.cleared") : t("logs.nothingYet", { file });
  return t(`logs.empty.${phase}`, { file });
}

// One sentence for the reader who does not see the lines run.
export function logStatus(state, store, isConnected) {
  const { phase, file } = state;
  if (file === null || phase === "asked" || !isConnected) return ""; // the banner tells of the connection
  if (store.mode !== "following") return t("logs.spoken.paused", { count: store.fresh });
  return phase === "opened" ? t("logs.spoken.following", { file }) : emptyWords(state, store);
}
