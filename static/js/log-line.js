// A line as the page keeps it: its text, its level, and where time and level stand
// in it. Lines come from LogSession in the order of the file.

import { findLevel } from "./log-level.js";
import { columnsOf, displayText } from "./log-text.js";
import { findTime } from "./log-time.js";

const SHOWN = 4000; // characters of a line that are drawn until the reader wants all: huge ones make a page slow

// What goes on from the line above where lines have no times: stack traces.
const CONTINUED = /^(?:\s|Traceback |Caused by: |[\w.]*(?:Error|Exception)\b)/;

// `above` is the line before in the file: a line with neither time nor level, as of
// a stack trace, belongs to it and has its level. Where lines have no times at all it
// must look like it, or one error would colour all that follows.
export function makeLine(raw, above) {
  const text = displayText(raw);
  const time = findTime(text);
  const word = findLevel(text, time);
  const belongs = !time && !word && above !== null && (above.timed || CONTINUED.test(text));
  const timed = time !== null || (belongs && above.timed);
  const level = word?.level ?? (belongs ? above.level : null);
  const shown = text.length > SHOWN ? text.slice(0, edgeAt(text, SHOWN)) : text;
  return { kind: "line", text, time, timed, level, word, shown, columns: columnsOf(shown) };
}

// The reader wants all of it.
export function showWhole(line) {
  line.shown = line.text;
  line.columns = columnsOf(line.text);
  line.height = null;
}

// Whether one of the places lies in what is not shown, be it with its end alone.
export const isBehind = ({ text, shown }, places) => shown !== text && places(text).some(([, end]) => end > shown.length);

// Not in the middle of a character of two halves.
const edgeAt = (text, at) => (/[\ud800-\udbff]/.test(text[at - 1]) ? at - 1 : at);

// What is shown, cut into runs of one look each: { kind, text, marked }, with kind
// one of date, clock, fraction, level, text. Together they are the text, nothing less.
export function runsOf({ shown: text, time, word }, marks) {
  const kinds = [];
  if (time) {
    kinds.push([time.start, time.clock, "date"], [time.clock, time.clockEnd, "clock"], [time.clockEnd, time.end, "fraction"]);
  }
  if (word) kinds.push([word.start, word.end, "level"]);

  const edges = new Set([0, text.length]);
  for (const [start, end] of [...kinds, ...marks]) edges.add(start).add(end);
  const sorted = [...edges].sort((a, b) => a - b);
  const runs = [];
  for (let at = 0; at + 1 < sorted.length; at += 1) {
    const [start, end] = [sorted[at], sorted[at + 1]];
    const kind = kinds.find((one) => one[0] <= start && end <= one[1])?.[2] ?? "text";
    const marked = marks.some((mark) => mark[0] <= start && end <= mark[1]);
    runs.push({ kind, marked, text: text.slice(start, end) });
  }
  return runs;
}
