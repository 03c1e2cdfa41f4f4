// Search in whole files, at the right of the stream: what to look for, how far the server is,
// and what it found, file by file. It tells what is wanted; log-search.js asks the server.
//
//   search: reactive { query: { text, pattern, case, siblings, from }, state: "idle" | "running" | "done" |
//     "stopped" | "full" | "failed", hits: [{ file, generation, offset, line, text }], at, progress, error, done }

import { html, nextTick, onMounted, ref, watch } from "./html.js";
import { formatNumber, t } from "./i18n.js";
import { icon } from "./icons.js";
import { excerptAround, LENGTH } from "./log-excerpt.js";
import { PatternField } from "./log-fields.js";
import { isSame, marker } from "./log-filter.js";
import { gradeOf } from "./log-levels.js";
import { draw, piecesOf } from "./log-render.js";
import { displayText } from "./log-text.js";
import { formatSize } from "./log-words.js";
import { roveFocus } from "./roving.js";

const PAGE = 300; // hits that are drawn at once

export const LogSearchPanel = {
  props: { search: Object },
  emits: ["search", "stop", "open", "next", "more", "close"],
  setup(props, { emit }) {
    const panel = ref(null);
    const field = ref(null);
    const query = ref({ ...props.search.query });
    const shown = ref(PAGE);
    const current = ref(0);

    watch(() => props.search.query, (asked) => {
      query.value = { ...asked };
      shown.value = PAGE;
      current.value = 0;
    });
    // The hit that was gone to with n and N is in view here too.
    watch(() => props.search.at, async (at) => {
      if (at < 0) return;
      current.value = at;
      if (at >= shown.value) shown.value = at + PAGE;
      await nextTick();
      panel.value?.querySelector(`[data-hit="${at}"]`)?.scrollIntoView({ block: "nearest" });
    });
    onMounted(() => field.value.focus());

    const ask = () => emit("search", { ...query.value });
    // What is written is what was looked for, and something was found.
    const isFound = () => props.search.hits.length > 0 && isSame(query.value, { ...props.search.query });
    const entered = () => (isFound() ? emit("next") : ask());
    const choose = (more) => {
      query.value = { ...query.value, ...more };
      if (props.search.state !== "idle" && query.value.text !== "") ask();
    };
    const isRunning = () => props.search.state === "running";

    const hits = () => Array.from(panel.value.querySelectorAll(".log-hit"));
    const keyed = (event) => {
      if (event.isComposing) return;
      if (event.key === "Escape") {
        event.stopPropagation();
        emit("close");
        return;
      }
      const isHit = event.target.matches(".log-hit");
      if (isHit && event.key === "ArrowUp" && event.target === hits()[0]) {
        event.preventDefault();
        field.value.focus();
      } else if (isHit && !(event.key === "ArrowDown" && event.target === hits().at(-1))) roveFocus(event, hits(), true);
      else if (event.target.tagName === "INPUT" && event.target.type === "text" && event.key === "ArrowDown" && isFound()) {
        const [first] = hits();
        event.preventDefault(); // it would open the list of what was looked for before
        first?.focus();
      }
    };

    // A line of fields as in the stream, if what was found is in sight there; else as it is written.
    const textOf = (raw, mark) => {
      const { structure, pieces } = piecesOf(raw, false);
      const short = structure && pieces.map(({ text }) => text).join("");
      if (short && short.length <= LENGTH && mark(short).length > 0) return { pieces, places: mark(short) };
      const text = displayText(raw);
      const excerpt = excerptAround(text, mark(text));
      return { pieces: [{ kind: "text", text: excerpt.text }], places: excerpt.places };
    };
    const hit = (found, index, mark) => {
      const { pieces, places } = textOf(found.text, mark);
      const level = gradeOf(found.text);
      return html`
        <li key=${index}>
          <button type="button" data-hit=${index} class=${["log-hit", level && `is-${level}`]} aria-current=${index === props.search.at ? "true" : null}
            tabindex=${index === current.value ? 0 : -1} onFocus=${() => { current.value = index; }} onClick=${() => emit("open", found, index)}>
            ${found.line ? html`<span class="log-hit-line">${formatNumber(found.line)}</span>` : null}
            <span class="log-hit-text" dir="auto">${draw(pieces, places)}</span>
          </button>
        </li>`;
    };
    const groups = () => {
      const mark = marker(props.search.query);
      const made = [];
      for (const [index, found] of props.search.hits.slice(0, shown.value).entries()) {
        const last = made.at(-1);
        const group = last?.file === found.file ? last : made[made.push({ file: found.file, count: 0, items: [] }) - 1];
        group.items.push(hit(found, index, mark));
      }
      for (const group of made) group.count = props.search.hits.filter(({ file }) => file === group.file).length;
      return made.map(({ file, count, items }, index) => html`
        <section key=${`${file} ${index}`} class="log-hits-of">
          <h3><bdi>${file}</bdi><span>${formatNumber(count)}</span></h3>
          <ol>${items}</ol>
        </section>`);
    };

    const sentence = () => {
      const { state, hits: found, error } = props.search;
      const count = found.length;
      if (state === "failed") return error || t("logsearch.failed");
      if (state === "running") return t("logsearch.running", { count });
      if (state === "full") return t("logsearch.full", { count });
      if (state === "stopped") return t("logsearch.stopped", { count });
      if (state === "done" && props.search.done?.more) return t("logsearch.first", { count });
      if (state === "done") return count === 0 ? t("logsearch.nothing") : t("logsearch.found", { count });
      return t("logsearch.help");
    };
    const progress = () => {
      const { progress: where } = props.search;
      if (!isRunning()) return null;
      const isKnown = where !== null && where.size > 0;
      const share = isKnown ? Math.min(1, where.done / where.size) : null;
      return html`
        <div class="log-progress">
          <progress max="1" value=${share} aria-label=${t("logsearch.progress")}></progress>
          <span class="log-progress-words">${isKnown && html`<bdi>${where.file}</bdi> · ${t("logsearch.of", { done: formatSize(where.done), size: formatSize(where.size) })}`}</span>
          <button type="button" class="text-button" onClick=${() => emit("stop")}>${t("logsearch.stop")}</button>
        </div>`;
    };
    const more = () => {
      const rest = props.search.hits.length - shown.value;
      if (rest > 0) return html`<button type="button" class="button log-hits-more" onClick=${() => { shown.value += PAGE; }}>${t("logsearch.more", { count: Math.min(rest, PAGE) })}</button>`;
      return props.search.done?.more && html`<button type="button" class="button log-hits-more" onClick=${() => emit("more")}>${t("logsearch.goOn")}</button>`;
    };

    const form = () => html`
      <div class="log-search-form" role="search">
        <div class="log-search-row">
          <${PatternField} ref=${field} name="search" value=${query.value} problem="" label=${t("logsearch.for")} hint=${t("logsearch.hint")}
            onChange=${(value) => { const isSwitch = value.text === query.value.text; query.value = { ...query.value, ...value }; if (isSwitch) choose({}); }} onDone=${entered} />
          <button type="button" class="button is-primary" disabled=${query.value.text === ""} onClick=${ask}>${t("logsearch.go")}</button>
        </div>
        <div class="log-search-row">
          <label class="log-tick"><input type="checkbox" checked=${query.value.siblings} onChange=${(event) => choose({ siblings: event.target.checked })} /><span>${t("logsearch.siblings")}</span></label>
          <label class="log-choose"><span>${t("logsearch.order")}</span><select value=${query.value.from} onChange=${(event) => choose({ from: event.target.value })}>
            ${["newest", "oldest"].map((from) => html`<option key=${from} value=${from} selected=${from === query.value.from}>${t(`logsearch.${from}`)}</option>`)}
          </select></label>
        </div>
      </div>`;

    return () => html`
      <section ref=${panel} class="log-search" aria-label=${t("logsearch.title")} onKeydown=${keyed}>
        <header class="log-search-head">
          <h2>${t("logsearch.title")}</h2>
          <button type="button" class="icon-button" title=${t("logsearch.close")} aria-label=${t("logsearch.close")} onClick=${() => emit("close")}>${icon("close")}</button>
        </header>
        ${form()}
        ${progress()}
        <p class=${["log-search-state", props.search.state === "failed" && "is-error"]} role="status">${sentence()}</p>
        <div class="log-search-body" aria-busy=${String(isRunning())}>${groups()}${more()}</div>
      </section>`;
  },
};
