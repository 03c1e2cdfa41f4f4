// One row: a line of the file, or what happened to it. All that comes from the file
// goes into text nodes.

import { html } from "./html.js";
import { t } from "./i18n.js";
import { icon } from "./icons.js";
import { isBehind, runsOf } from "./log-line.js";
import { noticeWords } from "./log-words.js";

// marks, hits: the places in a text that are marked, and those that are looked for in
// any way; whole(row): the reader wants all of a line that is shown in part.
export function LogRow(row, { marks, hits, file, whole }) {
  if (row.kind === "notice") {
    const isTrouble = ["gap", "gone", "denied"].includes(row.notice.kind);
    return html`
      <div key=${row.id} data-row=${row.id} class=${["log-notice", isTrouble && "is-trouble"]}>
        ${icon(isTrouble ? "warning" : "turn")}<span>${noticeWords(row.notice, file)}</span>
      </div>`;
  }
  // The level is told by the word in the line; without one the colour needs a name.
  const inherited = row.level && !row.word && html`<span class="visually-hidden">${t(`logs.level.${row.level}`)}: </span>`;
  return html`
    <div key=${row.id} data-row=${row.id} class=${["log-line", row.level && `is-${row.level}`]}>${inherited}${
      runsOf(row, marks(row.shown)).map(run)}${row.text === "" && html`<br />`}${row.shown !== row.text && more(row, hits, whole)}</div>`;
}

function more(row, hits, whole) {
  const hasHit = isBehind(row, hits);
  const count = row.text.length - row.shown.length;
  return html`
      <button type="button" class=${["log-more", hasHit && "has-hit"]} onClick=${() => whole(row)}>${
        t(hasHit ? "logs.moreWithHit" : "logs.more", { count })}</button>`;
}

// htm reads a template once for each place, so these few are cheap; plain text needs no element.
function run({ kind, marked, text }) {
  if (kind === "text") return marked ? html`<mark>${text}</mark>` : text;
  return html`<span class=${`log-${kind}`}>${marked ? html`<mark>${text}</mark>` : text}</span>`;
}
