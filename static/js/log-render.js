// How a line looks: its text cut into pieces with a kind each (time, level, key, link, colour
// of an ANSI sequence ...), and the pieces with their marks as nodes. The row around it,
// its edge and its buttons are log-row.js's. All text of a file goes into text nodes.
//
// renderLine(raw, options) is called for the rows in view each time they are drawn: what can be
// known of a text alone is worked out once and kept. The options:
//   marks       (text) -> [[start, end], ...], or such places: what is marked in the text as it is shown
//   times, now  "written" | "local" | "utc" | "relative" (log-times.js)
//   unfolded, onUnfold   whether the fields of a JSON or logfmt line stand below it, and the wish for it
//   ansi        false: without the colours of the sequences

import { copyText } from "./clipboard.js";
import { html, nextTick } from "./html.js";
import { t } from "./i18n.js";
import { icon } from "./icons.js";
import { splitLinks } from "./links.js";
import { say } from "./live.js";
import { parseAnsi } from "./log-ansi.js";
import { findLevel } from "./log-levels.js";
import { fieldText, rowsOf, structureOf, summaryFields } from "./log-structured.js";
import { displayText, visible } from "./log-text.js";
import { findTime, formatAs, formatFully } from "./log-times.js";

export { isContinuation, summaryOf } from "./log-stack.js";

export function renderLine(raw, options = {}) {
  const line = lineOf(raw, options.ansi !== false);
  const pieces = timed(line, options);
  const places = placesIn(line, pieces, options.marks);
  const nodes = draw(pieces, places);
  if (line.structure === null) return nodes;
  nodes.push(chip(line, places, options));
  if (options.unfolded) nodes.push(fieldsBelow(line, options.marks));
  return nodes;
}

// What a line's pieces are, without the reader's wishes. A piece is { kind, text, classes, style, href }; a time
// has `written`, { ms, pieces } of it.

const MOST = 2_000_000; // characters that are kept
const kept = new Map();
let keptLength = 0;

function lineOf(raw, hasColours) {
  const known = kept.get(raw);
  if (known !== undefined && known.hasColours === hasColours) return known;
  if (keptLength > MOST) {
    kept.clear();
    keptLength = 0;
  }
  const line = { hasColours, ...piecesOf(raw, hasColours) };
  kept.set(raw, line);
  keptLength += raw.length + 200;
  return line;
}

export function piecesOf(raw, hasColours = true) {
  const ended = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
  const text = displayText(raw);
  const runs = hasColours && raw.includes("\x1b") ? colourRuns(ended) : null;
  const structure = runs === null ? structureOf(text) : null;
  const pieces = structure === null ? cut(text, tokensOf(text, text.length), runs) : structuredPieces(structure);
  return { text, structure, pieces };
}

function colourRuns(raw) {
  let at = 0;
  const runs = parseAnsi(raw).map(({ text, classes, style }) => {
    const start = at;
    at += visible(text).length;
    return { start, end: at, classes, style };
  });
  return runs.some(({ classes, style }) => classes.length > 0 || style !== null) ? runs : null;
}

// Time, level and addresses: [{ start, end, kind, ms?, href? }] in order and apart, up to `end`.
function tokensOf(text, end) {
  const tokens = [];
  const time = findTime(text);
  if (time !== null && time.end <= end) tokens.push({ start: time.start, end: time.end, kind: "time", time });
  const level = findLevel(text);
  if (level !== null && level.end > level.start && level.end <= end) tokens.push({ start: level.start, end: level.end, kind: "level" });
  if (text.includes("://")) tokens.push(...linksIn(text.slice(0, end)));
  if (text.includes(HIDDEN)) tokens.push(...hiddenIn(text.slice(0, end)));
  tokens.sort((a, b) => a.start - b.start);
  return tokens.filter((token, index) => index === 0 || token.start >= tokens[index - 1].end);
}

// What the server has blacked out: as many stars as there were bytes.
const HIDDEN = "******";
const STARS = /(?<=[=:"'\s])\*{6,}(?![*\w])/g;
const hiddenIn = (text) => Array.from(text.matchAll(STARS), ({ 0: found, index }) => ({ start: index, end: index + found.length, kind: "hidden" }));

function linksIn(text) {
  let at = 0;
  const links = [];
  for (const { text: part, href } of splitLinks(text)) {
    if (href !== null) links.push({ start: at, end: at + part.length, kind: "link", href });
    at += part.length;
  }
  return links;
}

// The text in pieces, at the edges of its tokens and of its colours.
function cut(text, tokens, runs, from = 0, to = text.length) {
  const pieces = [];
  let at = from;
  let run = 0;
  const add = (end, kind, more) => {
    while (at < end) {
      if (runs !== null) while (runs[run].end <= at) run += 1;
      const stop = runs === null ? end : Math.min(end, runs[run].end);
      pieces.push({ kind, text: text.slice(at, stop), ...(runs !== null && { classes: runs[run].classes, style: runs[run].style }), ...more });
      at = stop;
    }
  };
  for (const token of tokens) {
    if (token.end > to) break;
    add(token.start, "text");
    if (token.kind === "time") {
      pieces.push(timePiece(text, token.time));
      at = token.end;
    } else add(token.end, token.kind, token.href ? { href: token.href } : undefined);
  }
  add(to, "text");
  return pieces;
}

// A phone has room for the clock alone: its parts are pieces of their own.
function timePiece(text, { ms, start, end, clock, clockEnd }) {
  const parts = clock < 0 ? [["clock", start, end]] : [["date", start, clock], ["clock", clock, clockEnd], ["fraction", clockEnd, end]];
  const pieces = parts.filter(([, from, to]) => to > from).map(([kind, from, to]) => ({ kind, text: text.slice(from, to) }));
  return { kind: "time", text: text.slice(start, end), ms, pieces, isNumber: clock < 0 };
}

const NUMBERS = { 1: "TRACE", 2: "DEBUG", 3: "INFO", 4: "WARN", 5: "ERROR", 6: "FATAL" };

// A line of fields in short: time LEVEL message  key=value ...
function structuredPieces(structure) {
  const { text, start, time, level, message } = structure;
  const pieces = start > 0 ? cut(text, tokensOf(text, start), null, 0, start) : [];
  const space = (count = 1) => pieces.push({ kind: "text", text: " ".repeat(count) });
  const found = time && findTime(text);
  if (found) {
    pieces.push(timePiece(text, found));
    space();
  } else if (time) {
    pieces.push({ kind: "clock", text: visible(fieldText(text, time.node)) });
    space();
  }
  if (level) {
    const written = fieldText(text, level.node);
    const word = visible(/^[1-6]0$/.test(written) ? NUMBERS[written[0]] : written.toUpperCase());
    pieces.push({ kind: "level", text: word });
    space(Math.max(1, 6 - word.length)); // one below the other
  }
  if (message) pieces.push(...cutValue(oneLine(fieldText(text, message.node)), "message"));
  const { fields, more } = summaryFields(structure);
  for (const [index, { key, value }] of fields.entries()) {
    if (index > 0 || message) space(index === 0 ? 2 : 1);
    pieces.push({ kind: "key", text: `${visible(key)}=` }, ...cutValue(visible(value), "value"));
  }
  if (more > 0) pieces.push({ kind: "rest", text: ` +${more}` });
  return pieces;
}

const oneLine = (text) => visible(text.replace(/\r?\n/g, " ⏎ "));
const cutValue = (value, kind) => (value.includes("://") || value.includes(HIDDEN) ? cut(value, [...linksIn(value), ...hiddenIn(value)].sort((a, b) => a.start - b.start), null) : [{ kind, text: value }]);

// The reader's wishes.

function timed(line, { times = "written", now = Date.now() }) {
  if (times !== "written") return asWanted(line, times, now);
  line.written ??= asWanted(line, times, now);
  return line.written;
}

function asWanted(line, times, now) {
  const { pieces } = line;
  if (!pieces.some(({ kind }) => kind === "time")) return pieces;
  const shown = [];
  for (const piece of pieces) {
    if (piece.kind !== "time") shown.push(piece);
    // Seconds since 1970 are nobody's way to tell the time: they are written out, in JSON at least.
    else if (times === "written" && !(piece.isNumber && line.structure !== null)) shown.push(...piece.pieces);
    else {
      const mode = times === "written" ? "local" : times;
      shown.push({ kind: "clock", text: formatAs(piece.ms, mode, { now, written: piece.text }), title: `${piece.text} · ${formatFully(piece.ms)}` });
    }
  }
  return shown;
}

// The places of the marks in the text as it is shown, in order.
function placesIn(line, pieces, marks) {
  if (!marks) return NOTHING;
  if (Array.isArray(marks)) return marks.length > 1 ? [...marks].sort((a, b) => a[0] - b[0]) : marks;
  const places = marks(shownText(line, pieces));
  return places.length > 1 ? places.sort((a, b) => a[0] - b[0]) : places;
}
const NOTHING = [];

function shownText(line, pieces) {
  if (pieces !== line.written) return textOf(pieces);
  line.shown ??= line.structure === null ? line.text : textOf(pieces);
  return line.shown;
}
const textOf = (pieces) => pieces.map(({ text }) => text).join("");

// The pieces as nodes. Marks cut them; a mark that begins within another goes on behind it.
export function draw(pieces, places) {
  const nodes = [];
  let at = 0;
  let next = 0;
  for (const piece of pieces) {
    const end = at + piece.text.length;
    if (next >= places.length) { // most lines have no marks
      const whole = wrapped(piece, piece.text);
      if (Array.isArray(whole)) nodes.push(...whole);
      else nodes.push(whole);
      at = end;
      continue;
    }
    let from = at;
    const inner = [];
    while (from < end) {
      while (next < places.length && places[next][1] <= from) next += 1;
      const mark = places[next];
      const isMarked = mark !== undefined && mark[0] <= from;
      const to = mark === undefined ? end : Math.min(end, isMarked ? mark[1] : mark[0]);
      const text = piece.text.slice(from - at, to - at);
      inner.push(isMarked ? html`<mark>${text}</mark>` : text);
      from = to;
    }
    at = end;
    const drawn = wrapped(piece, inner);
    if (Array.isArray(drawn)) nodes.push(...drawn);
    else nodes.push(drawn);
  }
  return nodes;
}

const PLAIN = ["text", "message", "value"];

function wrapped({ kind, classes, style, href, title }, inner) {
  if (href) return html`<a class="log-address" href=${href} target="_blank" rel="noopener noreferrer nofollow">${inner}</a>`;
  const isPlain = PLAIN.includes(kind);
  if (isPlain && !classes?.length && !style) return inner;
  const hint = kind === "hidden" ? t("logline.hidden") : title;
  return html`<span class=${[!isPlain && `log-${kind}`, ...(classes ?? [])]} style=${style ?? undefined} title=${hint}>${inner}</span>`;
}

// A line of fields.

function chip(line, places, { marks, unfolded, onUnfold }) {
  const { structure } = line;
  const isHidden = !unfolded && places.length === 0 && typeof marks === "function" && marks(line.text).length > 0;
  const words = structure.kind === "json" ? "JSON" : t("logline.fields", { count: structure.fields.length });
  return html`<button type="button" class=${["log-more", "log-unfold", isHidden && "has-hit"]} aria-expanded=${String(Boolean(unfolded))}
    title=${t(unfolded ? "logline.fold" : "logline.unfold")} onClick=${(event) => unfold(event.currentTarget.parentElement, onUnfold)}>${unfolded ? "▾ " : "▸ "}${words}</button>`;
}

// What unfolds below the end of the view comes into it.
async function unfold(row, onUnfold) {
  onUnfold?.();
  await nextTick();
  row?.querySelector?.(".log-pairs")?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

// The fields one below the other, each to be copied.
function fieldsBelow(line, marks) {
  line.rows ??= rowsOf(line.structure);
  const marked = (text) => draw([{ kind: "text", text }], typeof marks === "function" ? marks(text).sort((a, b) => a[0] - b[0]) : NOTHING);
  const row = ({ depth, key, value, copy, kind, count }, index) => html`
    <div key=${index} class="log-pair" style=${{ "--depth": Math.min(depth, 12) }}>
      <span class="log-pair-key">${marked(visible(key))}</span>
      ${value === null
        ? html`<span class="log-pair-nest">${kind === "array" ? `[${count}]` : `{${count}}`}</span>`
        : html`<span class=${["log-pair-value", `is-${kind}`]}>${marked(lines(value))}</span>`}
      <button type="button" class="log-copy" title=${t("logline.copy", { name: visible(key) })} aria-label=${t("logline.copy", { name: visible(key) })}
        onClick=${() => copyValue(copy)}>${icon("copy")}</button>
    </div>`;
  return html`<div class="log-pairs" data-not-text="">${line.rows.map(row)}</div>`;
}

const lines = (value) => value.split(/\r?\n/).map(visible).join("\n");

async function copyValue(text) {
  say(t((await copyText(text)) ? "logline.copied" : "logline.notCopied"));
}
