// Lines that are made of fields, JSON and logfmt: what they say in short (time, level,
// message, the other fields as key=value), and all of it, field by field, when they are
// unfolded. What a summary leaves out is in the unfolded rows; nothing is ever lost. Pure,
// and linear in the text.

import { parseJson, valueText } from "./log-json.js";
import { edgeAt } from "./log-text.js";

const LONGEST = 300_000;   // characters: what is longer is shown as it is
const CUT_FROM = 2000;     // so long a line may have been cut: then what there is counts
const FIELDS_SHOWN = 12;
const VALUE_SHOWN = 120;   // characters of a value in the summary
const NESTED_SHOWN = 48;   // the same of an object or a list
const ROWS_SHOWN = 400;

const TIME = ["time", "timestamp", "@timestamp", "ts", "t", "@t", "datetime", "asctime", "eventtime"];
const LEVEL = ["level", "severity", "lvl", "levelname", "log.level", "loglevel", "severity_text", "severitytext", "@l", "s"];
const MESSAGE = ["msg", "message", "event", "short_message", "@m", "@mt", "text", "log"];
const DULL = ["pid", "hostname", "v", "version", "@version"]; // the same in every line: only in the rows

// { kind: "json" | "logfmt", text, start, end, fields: [{ key, node }], time, level, message, isCut }, or null.
// start, end: where in the line the fields stand; time, level, message are among the fields, or null.
export function structureOf(text) {
  if (text.length > LONGEST || text.length < 7) return null;
  return jsonIn(text) ?? logfmtIn(text);
}

// An object that is the line, or the end of it.
function jsonIn(text) {
  const start = text[0] === "{" ? 0 : text.search(/\{\s*"/);
  if (start < 0) return null;
  const root = parseJson(text, start, text.length >= CUT_FROM);
  if (root === null || root.type !== "object" || root.entries.length === 0) return null;
  if (text.slice(root.end).trim() !== "") return null;
  return known("json", text, start, text.length, root.entries, root.isCut);
}

// Pairs to the end of the line: from its start on, or after a few words before them.
const PAIR = /(?:^|\s)[A-Za-z_@][\w.@/-]*=/;
function logfmtIn(text) {
  const match = PAIR.exec(text);
  if (match === null) return null;
  const start = match.index + (match[0].length - match[0].trimStart().length);
  const fields = pairsFrom(text, start);
  if (fields === null || fields.length < (start === 0 ? 3 : 4)) return null;
  return known("logfmt", text, start, text.length, fields, false);
}

const KEY = /[^\s="]+/y;
const BARE = /[^\s]*/y;
const QUOTED = /"(?:[^"\\]|\\.)*"/y;
const GAP = /\s*/y;

// null: not all of it is pairs.
function pairsFrom(text, from) {
  const fields = [];
  let at = from;
  const take = (pattern) => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match) at += match[0].length;
    return match?.[0] ?? null;
  };
  while (at < text.length) {
    const key = take(KEY);
    if (key === null || text[at] !== "=") return null;
    at += 1;
    const start = at;
    const isQuoted = text[at] === '"' && take(QUOTED) !== null;
    if (!isQuoted) take(BARE);
    if (isQuoted && at < text.length && !/\s/.test(text[at])) return null;
    fields.push({ key, node: { type: isQuoted ? "string" : "bare", start, end: at } });
    take(GAP);
  }
  return fields;
}

function known(kind, text, start, end, fields, isCut) {
  const byName = new Map();
  for (const field of fields) {
    const name = field.key.toLowerCase();
    if (!byName.has(name) && !isNest(field.node)) byName.set(name, field);
  }
  const first = (names) => {
    for (const name of names) if (byName.has(name)) return byName.get(name);
    return null;
  };
  // Behind other text, which has its own time and level, the fields stay in their order.
  const isWhole = start === 0;
  return {
    kind, text, start, end, fields, isCut,
    time: isWhole ? first(TIME) : null, level: isWhole ? first(LEVEL) : null, message: isWhole ? first(MESSAGE) : null,
  };
}

const isNest = (node) => node.type === "object" || node.type === "array";

export const fieldText = (text, node) => (node.type === "bare" ? text.slice(node.start, node.end) : valueText(text, node));

// The fields beside time, level and message as [{ key, value, isShort }]; and how many more there are.
export function summaryFields({ text, fields, time, level, message }) {
  const rest = fields.filter((field) => field !== time && field !== level && field !== message);
  const dull = fields.length > 3 ? (field) => DULL.includes(field.key) : () => false;
  const wanted = rest.filter((field) => !dull(field));
  const shown = wanted.slice(0, FIELDS_SHOWN);
  return { fields: shown.map(({ key, node }) => ({ key, ...inShort(text, node) })), more: rest.length - shown.length };
}

function inShort(text, node) {
  if (node.type === "object" || node.type === "array" || node.type === "raw") {
    const isLong = node.end - node.start > NESTED_SHOWN;
    const brief = node.type === "array" ? `[${node.entries.length}]` : "{…}";
    return { value: isLong ? (node.type === "raw" ? `${text.slice(node.start, edgeAt(text, node.start + NESTED_SHOWN))}…` : brief) : text.slice(node.start, node.end), isShort: isLong };
  }
  const whole = fieldText(text, node);
  const end = whole.search(/[\r\n]/);
  const cut = Math.min(end < 0 ? whole.length : end, VALUE_SHOWN);
  const value = cut < whole.length ? `${whole.slice(0, edgeAt(whole, cut))}…` : whole;
  const isQuoted = node.type === "string" && (/[\s="]/.test(value) || value === "");
  return { value: isQuoted ? `"${value}"` : value, isShort: cut < whole.length };
}

// All of it: [{ depth, key, value, copy, kind, count }] in order. Nested ones have no value and their rows
// below. After so many rows the rest stands in one, as it is written.
export function rowsOf(structure) {
  const { text, fields } = structure;
  const rows = [];
  const add = (entries, depth) => {
    for (let index = 0; index < entries.length; index += 1) {
      const { key, node } = entries[index];
      if (rows.length >= ROWS_SHOWN) {
        const rest = text.slice(node.start, entries.at(-1).node.end);
        rows.push({ depth, key, value: rest, copy: rest, kind: "raw", count: entries.length - index });
        return;
      }
      const copy = fieldText(text, node);
      if (isNest(node) && node.entries.length > 0) {
        rows.push({ depth, key, value: null, copy, kind: node.type, count: node.entries.length });
        add(node.entries, depth + 1);
      } else rows.push({ depth, key, value: copy, copy, kind: node.type, count: 0 });
    }
  };
  add(fields, 0);
  return rows;
}

