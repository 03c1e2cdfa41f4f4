// How grave a line is: the word that programs write for it near the line's beginning, a
// named field (level=, "level":50), syslog's and glog's numbers and letters, or the status
// of an access line. Values in, values out; called for every line that comes, so it walks
// over the characters once and makes no objects.

import { withoutColours } from "./log-ansi.js";

export const LEVELS = ["error", "warn", "info", "debug"];

const NAMES = ["", ...LEVELS, "trace"];
const [NONE, ERROR, WARN, INFO, DEBUG, TRACE] = NAMES.keys();
const WORDS = [
  [ERROR, "error err eror fatal ftl critical crit severe alert emerg emergency panic failure"],
  [WARN, "warn warning wrn"],
  [INFO, "info information notice inf"],
  [DEBUG, "debug verbose fine finer dbg"],
  [TRACE, "trace trc finest vrb"],
];
const SHORTENED = ["inf", "fine", "finer", "finest", "ftl", "wrn", "dbg", "trc", "vrb", "failure", "eror"]; // said of a level only in capitals or brackets
const KEYS = ["level", "severity", "lvl", "levelname", "loglevel", "log_level", "severitytext", "severity_text", "priority"];

const LOOK_AT = 160;      // characters that are walked over
const LOOK_IN = 4096;     // the same in JSON, where the level may stand anywhere
const HEAD = 64;          // a single letter, and a word in small letters without a sign around it, count only this near

// The place of what was found last, for those who draw it: look() sets it.
const found = { start: -1, end: -1 };

// One of LEVELS, or null: "trace" counts as "debug" where there is no room for it.
export function gradeOf(text) {
  const level = look(text);
  return level === NONE ? null : level === TRACE ? "debug" : NAMES[level];
}

// { level, start, end }, or null: "error", "warn", "info", "debug" or "trace", and where the word for it stands. Of plain text, without escapes.
export function findLevel(text) {
  const level = look(text);
  return level === NONE ? null : { level: NAMES[level], start: found.start, end: found.end };
}

function look(text) {
  found.start = found.end = -1;
  if (text.length === 0) return NONE;
  const plain = withoutColours(text);
  const first = plain.charCodeAt(0);
  if (first === 0x7b) return ofJson(plain); // {
  if (first === 0x3c) { // <34>: syslog's
    const match = PRIORITY.exec(plain);
    if (match) return at(syslog(Number(match[1]) & 7), 1, match[0].length - 1);
  }
  return ofStatus(plain) || ofWords(plain) || ofHabit(plain);
}

function at(level, start, end) {
  found.start = start;
  found.end = end;
  return level;
}

const PRIORITY = /^<(\d{1,3})>/;
const syslog = (number) => (number <= 3 ? ERROR : number === 4 ? WARN : number <= 6 ? INFO : DEBUG);

// JSON: only a field tells, not the words in the message.

const FIELD = /"(?:log\.|log_)?(?:level|severity|lvl|levelname|loglevel|severity_?text|@l|priority)"\s*:\s*(?:"([A-Za-z]+|\d{1,2})"|(\d{1,2})(?=\s*[,}]))/i;
const NESTED = /"(?:log|level)"\s*:\s*\{[^{}]{0,200}?"(?:level|name)"\s*:\s*"([A-Za-z]+)"/;
const MONGO = /^\{"t":\{"\$date":"[^"]{0,40}"\},"s":"([FEWID])\d?"/;

function ofJson(text) {
  const head = text.length > LOOK_IN ? text.slice(0, LOOK_IN) : text;
  const match = FIELD.exec(head) ?? NESTED.exec(head) ?? MONGO.exec(head);
  if (match === null) return ofStatusField(head);
  const word = match[1] ?? match[2];
  const start = match.index + match[0].lastIndexOf(word);
  return at(ofValue(word), start, start + word.length);
}

// An access line as JSON: "status":502.
const STATUS_FIELD = /"status(?:_code)?"\s*:\s*"?([1-5]\d\d)(?=[",}\s])/;
function ofStatusField(text) {
  const match = STATUS_FIELD.exec(text);
  if (match === null) return NONE;
  const end = match.index + match[0].length;
  return at(ofHttp(match[1].charCodeAt(0)), end - 3, end);
}

function ofValue(word) {
  const first = word.charCodeAt(0);
  if (first <= 0x39) {
    // pino and bunyan: 10 trace ... 60 fatal; Python's logging: 10 debug ... 50; one digit: syslog's, as GELF has it.
    if (word.length === 1) return syslog(first - 48);
    return [NONE, TRACE, DEBUG, INFO, WARN, ERROR, ERROR][first - 48] ?? NONE;
  }
  return word.length === 1 ? ofLetter(first) : wordAt(word, 0, word.length);
}

// An access line's status: " 502 5.

function ofStatus(text) {
  let quote = text.indexOf('" ');
  while (quote >= 0) {
    const start = quote + 2;
    const digit = text.charCodeAt(start);
    if (digit >= 49 && digit <= 53 && isDigit(text.charCodeAt(start + 1)) && isDigit(text.charCodeAt(start + 2)) && text.charCodeAt(start + 3) === 32
      && isAmount(text, start + 4)) return at(ofHttp(digit), start, start + 3);
    quote = text.indexOf('" ', start);
  }
  return NONE;
}

const ofHttp = (digit) => (digit === 53 ? ERROR : digit === 52 ? WARN : INFO);

// Digits or a dash, and then a space or the end.
function isAmount(text, from) {
  let index = from;
  if (text.charCodeAt(index) === 45) index += 1;
  else while (isDigit(text.charCodeAt(index))) index += 1;
  return index > from && (index >= text.length || text.charCodeAt(index) <= 32);
}

// Words.

// By length and first letter, the words that may be meant.
const table = Array.from({ length: 16 * 32 }, () => null);
for (const [level, words] of WORDS) {
  for (const word of words.split(" ")) (table[slot(word.length, word.charCodeAt(0))] ??= []).push({ word, level, isFull: !SHORTENED.includes(word) });
}
const keyTable = Array.from({ length: 16 * 32 }, () => null);
for (const word of KEYS) (keyTable[slot(word.length, word.charCodeAt(0))] ??= []).push({ word });

function slot(length, code) {
  return length * 32 + (code & 31);
}

function entryAt(entries, text, start, length) {
  if (length > 15) return null;
  const list = entries[slot(length, text.charCodeAt(start))];
  if (list === null) return null;
  for (let n = 0; n < list.length; n += 1) {
    const { word } = list[n];
    let index = 0;
    while (index < length && (text.charCodeAt(start + index) | 32) === (word.charCodeAt(index) | 32)) index += 1;
    if (index === length) return list[n];
  }
  return null;
}

const wordAt = (text, start, end) => entryAt(table, text, start, end - start)?.level ?? NONE;

// What a character is: 0 other, 1 digit, 2 capital, 3 small letter (or _).
const KIND = new Uint8Array(128);
for (let code = 48; code <= 57; code += 1) KIND[code] = 1;
for (let code = 65; code <= 90; code += 1) KIND[code] = 2;
for (let code = 97; code <= 122; code += 1) KIND[code] = 3;
KIND[95] = 3;
const kindOf = (code) => (code < 128 ? KIND[code] : 0);
const isDigit = (code) => code >= 48 && code <= 57;

function ofWords(text) {
  const end = Math.min(text.length, LOOK_AT);
  let index = 0;
  while (index < end) {
    const kind = kindOf(text.charCodeAt(index));
    if (kind < 2) {
      index += 1;
      continue;
    }
    const start = index;
    let capitals = true;
    let digits = false;
    for (; index < text.length && index - start < 40; index += 1) {
      const one = kindOf(text.charCodeAt(index));
      if (one === 0) break;
      if (one === 3) capitals = false;
      else if (one === 1) digits = true;
    }
    const level = index - start === 1 ? ofSingle(text, start) : digits ? NONE : ofWord(text, start, index, capitals);
    if (level !== NONE) return level;
  }
  return NONE;
}

function ofWord(text, start, end, capitals) {
  const before = start > 0 ? text.charCodeAt(start - 1) : 32;
  const after = end < text.length ? text.charCodeAt(end) : 32;
  if (kindOf(before) === 1) return NONE;
  const key = after === 61 || after === 58 || after === 34 ? entryAt(keyTable, text, start, end - start) : null;
  if (key !== null) return ofField(text, end);
  const length = end - start;
  if (capitals && length === 3 && after === 58 && text.startsWith("LOG", start)) return at(INFO, start, end); // PostgreSQL's
  const entry = entryAt(table, text, start, length);
  if (entry === null || after === 45 || before === 45 || (before === 46 && !capitals)) return NONE; // parts of names: -error, error-
  if (after === 46 && kindOf(text.charCodeAt(end + 1)) >= 2) return NONE;                              // error.log
  if (capitals) return before === 47 || before === 46 ? NONE : at(entry.level, start, end);             // ERROR
  if (isEnclosed(text, start, end)) return at(entry.level, start, end);                                  // [error], |warn|, [core:error]
  if (!entry.isFull || before === 46 || before === 47 || before === 61 || after === 47) return NONE;
  if (after === 58 && text.charCodeAt(end + 1) === 32) return at(entry.level, start, end);               // error: ...
  if (start < HEAD && after === 32 && isAfterTime(text, start)) return at(entry.level, start, end);      // 14:02:03 error ...
  if (start === 4 && after === 32 && text.startsWith("npm ")) return at(entry.level, start, end);
  return NONE;
}

// What follows level= or "level": or level":.
function ofField(text, from) {
  let index = from;
  let signs = 0;
  for (; index < text.length && index < from + 6; index += 1) {
    const code = text.charCodeAt(index);
    if (code === 61 || code === 58) signs += 1;
    else if (code !== 34 && code !== 32) break;
  }
  if (signs !== 1) return NONE;
  const start = index;
  while (index < text.length && index - start < 16 && kindOf(text.charCodeAt(index)) !== 0) index += 1;
  const length = index - start;
  if (length === 0) return NONE;
  const code = text.charCodeAt(start);
  const level = isDigit(code) ? (length <= 2 ? ofValue(text.slice(start, index)) : NONE) : length === 1 ? ofLetter(code) : wordAt(text, start, index);
  return level === NONE ? NONE : at(level, start, index);
}

// Between brackets, bars or tabs.
function isEnclosed(text, start, end) {
  let before = start - 1;
  while (before >= 0 && text.charCodeAt(before) === 32) before -= 1;
  let open = before >= 0 ? text[before] : "";
  if (open === ":" && before === start - 1) { // [core:error]
    before -= 1;
    while (before >= 0 && kindOf(text.charCodeAt(before)) !== 0) before -= 1;
    open = before >= 0 && text[before] === "[" ? "[" : "";
  }
  if (open === "" || !"[<|(\t".includes(open)) return false;
  let after = end;
  while (text.charCodeAt(after) === 32) after += 1;
  if (after >= text.length) return false;
  const close = text[after];
  return open === "\t" ? close === "\t" : "]>|):".includes(close);
}

// Whether a time, or the bracket around it, stands before: "14:02:03 ", "...03Z ", "...03] ".
function isAfterTime(text, start) {
  if (kindOf(text.charCodeAt(0)) > 1) return false; // the line begins with a word, not with a time
  let index = start - 1;
  while (index >= 0 && (text.charCodeAt(index) === 32 || text.charCodeAt(index) === 91 || text.charCodeAt(index) === 124)) index -= 1;
  if (index < 4 || index === start - 1) return false;
  const last = text.charCodeAt(index);
  return (isDigit(last) || last === 90 || last === 93) && isClock(text, index);
}

// hh:mm somewhere in the 40 characters that end here.
function isClock(text, end) {
  for (let index = end; index > 1 && index > end - 40; index -= 1) {
    if (text.charCodeAt(index) === 58 && isDigit(text.charCodeAt(index - 1)) && isDigit(text.charCodeAt(index + 1))) return true;
  }
  return false;
}

// A single letter: after a time (logcat, MongoDB: "14:02:03 E ..."; logcat has numbers between).
function ofSingle(text, start) {
  const after = text.charCodeAt(start + 1);
  if (start >= HEAD || !(after === 32 || after === 93 || after === 124 || after === 62 || after === 47 || after === 41)) return NONE;
  const level = ofLetter(text.charCodeAt(start));
  return level !== NONE && start > 0 && isAfterTime(text, start) ? at(level, start, start + 1) : NONE;
}

function ofLetter(code) {
  switch (code) {
    case 69: case 70: return ERROR; // E F
    case 87: return WARN;
    case 73: return INFO;
    case 68: return DEBUG;
    case 84: case 86: return TRACE; // T V
    default: return NONE;
  }
}

// Forms with a habit of their own, known by their beginning.

const GLOG = /^([IWEFD])\d{4} \d\d:\d\d:\d\d/;
const GIN = /^\[GIN\] .{0,60}?\| +([1-5])\d\d \|/;
const REDIS = /^\d{1,8}:[A-Z] \d\d [A-Z][a-z]{2} .{0,30}? ([.\-*#]) /;
const SIGNS = { ".": DEBUG, "-": INFO, "*": INFO, "#": WARN };
const FAILURES = /^(?:Traceback \(most recent call last\)|Exception in thread |panic: |(?:[A-Za-z_$][\w$]*\.)*[A-Z][\w$]*(?:Error|Exception)(?::|$)|Unhandled (?:e|E)xception|Uncaught |Segmentation fault)/;

function ofHabit(text) {
  const first = text.charCodeAt(0);
  if (first >= 68 && first <= 87) { // D to W
    const match = GLOG.exec(text);
    if (match) return at(ofLetter(first), 0, 1);
  }
  if (first === 91 && text.startsWith("[GIN]")) {
    const match = GIN.exec(text);
    if (match) return at(ofHttp(match[1].charCodeAt(0)), match[0].length - 5, match[0].length - 2);
  }
  if (isDigit(first)) {
    const match = REDIS.exec(text);
    if (match) return at(SIGNS[match[1]], match[0].length - 2, match[0].length - 1);
  }
  // No word, but what only failures look like; nothing is coloured in the line then.
  if (kindOf(first) >= 2 && FAILURES.test(text)) return at(ERROR, 0, 0);
  return NONE;
}
