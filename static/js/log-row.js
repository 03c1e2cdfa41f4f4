// One row: a line of a file, or what happened to the file. What stands in a line is
// drawn by log-render.js; here are its edge, its level, its file, and what can be done
// with it. All that comes from a file goes into text nodes.

import { html } from "./html.js";
import { t } from "./i18n.js";
import { icon } from "./icons.js";
import { renderLine, summaryOf } from "./log-render.js";
import { CUT, displayText, edgeAt, SHOWN } from "./log-text.js";
import { formatSize, noticeWords } from "./log-words.js";

const TROUBLES = ["gap", "gone", "denied", "dropped", "binary"];

// look: { marks, hits (functions: text -> places), times, ansi (see log-render.js), unfolded (set of ids),
// whole (id -> text that was fetched), lit (id), isMerged, oldName(notice) }. act(what): "whole",
// "trace", "unfold", "link", "skipped", "old".
export function LogRow(row, look, { isHovered, act }) {
  return row.kind === "notice" ? noticeRow(row, look, act) : lineRow(row, look, isHovered, act);
}

function lineRow(row, look, isHovered, act) {
  const { id, level, source, trace } = row;
  const raw = look.whole.get(id) ?? row.text;
  const text = displayText(raw);
  const shown = look.whole.has(id) || raw.length <= SHOWN ? raw : raw.slice(0, edgeAt(raw, SHOWN));
  const options = {
    marks: look.hits, level, time: row.time, isTimed: row.isTimed, times: look.times, ansi: look.ansi,
    unfolded: look.unfolded.has(id), onUnfold: () => act("unfold"),
  };
  // The level is told by the word in the line; without one the colour needs a name.
  const classes = [
    "log-line", level && `is-${level}`, look.isMerged && `is-file-${source.colour}`,
    row.kind === "partial" && "is-partial", id === look.lit && "is-lit",
  ];
  return html`
    <div key=${id} data-row=${id} class=${classes} title=${look.isMerged ? source.file : null}
      >${row.belongs && level && html`<span class="visually-hidden">${t(`logs.level.${level}`)}: </span>`}${
        renderLine(shown, options)}${text === "" && html`<br />`}${
        (row.kind === "partial" || row.isUnfinished) && html`<span class="log-still" title=${t(row.isUnfinished ? "logs.unfinishedHint" : "logs.partialHint")}> …</span>`}${
        trace && traceChip(row, look, act)}${
        moreButton(row, shown, raw, look, act)}${
        isHovered && row.kind === "line" && html`<button type="button" class="log-link" title=${t("logs.linkHint")} aria-label=${t("logs.link")}
          onClick=${() => act("link")}>${icon("link")}</button>`}</div>`;
}

// A folded stack trace: how long it is and how it ends.
function traceChip({ trace, isOpen }, look, act) {
  const hasHit = !isOpen && trace.some((line) => look.hits(line).length > 0);
  return html`<button type="button" class=${["log-more", "is-trace", hasHit && "has-hit"]} aria-expanded=${String(isOpen)} title=${t(isOpen ? "logs.traceFold" : "logs.traceOpen")}
      onClick=${() => act("trace")}>${isOpen ? "▾ " : "▸ "}${summaryOf(trace)}</button>`;
}

// A line that is drawn in part, or that the server sent in part.
function moreButton(row, shown, raw, look, act) {
  const cut = look.whole.has(row.id) ? null : CUT.exec(raw);
  if (shown.length === raw.length && !cut) return null;
  const hasHit = look.hits(raw).some(([, end]) => end > shown.length);
  const words = cut ? t("logs.moreCut", { size: formatSize(Number(cut[1])) })
    : t(hasHit ? "logs.moreWithHit" : "logs.more", { count: raw.length - shown.length });
  return html`
      <button type="button" class=${["log-more", hasHit && "has-hit"]} onClick=${() => act("whole")}>${words}</button>`;
}

function noticeRow({ id, notice }, look, act) {
  const isTrouble = TROUBLES.includes(notice.kind);
  const oldName = notice.kind === "rotated" && notice.ended ? look.oldName(notice) : undefined;
  const action = actionOf(notice, oldName);
  return html`
    <div key=${id} data-row=${id} class=${["log-notice", isTrouble && "is-trouble"]}>
      ${icon(isTrouble ? "warning" : "turn")}<span>${noticeWords(notice, notice.file, oldName)}</span>
      ${action && html`<button type="button" class="text-button" onClick=${() => act(action.what)}>${action.words}</button>`}
    </div>`;
}

// What helps.
function actionOf(notice, oldName) {
  const { kind, ended, from, to, lines } = notice;
  if (kind === "dropped") {
    const amount = lines === undefined ? formatSize(to - from) : null;
    return { what: "skipped", words: amount ? t("logs.loadSkippedSize", { size: amount }) : t("logs.loadSkipped", { count: lines }) };
  }
  if (kind === "rotated" && ended && oldName !== null) return { what: "old", words: oldName ? t("logs.openOld", { name: oldName }) : t("logs.openEnded") };
  return null;
}
