// Finds how grave a line is: by the word that programs write for it, near the
// line's beginning, or by the status of an HTTP access line. The answer is the
// level and where its word stands: { level, start, end }, or null.

export const LEVELS = ["error", "warn", "info", "debug"];

const WORDS = {
  error: "error err fatal critical crit severe alert emerg emergency panic",
  warn: "warn warning",
  info: "info information notice",
  debug: "debug trace verbose fine finer finest dbg",
};
const LETTERS = { e: "error", f: "error", w: "warn", i: "info", d: "debug", t: "debug", v: "debug" };
const levelOf = new Map();
for (const level of LEVELS) for (const word of WORDS[level].split(" ")) levelOf.set(word, level);

const LOOK_AT = 100; // characters after the time

levelOf.set("log", "info"); // PostgreSQL's word, and only as `LOG:`
const any = [...levelOf.keys()].filter((word) => word !== "log").sort((a, b) => b.length - a.length).join("|");
const spoken = "error|err|fatal|critical|severe|warning|warn|notice|info|debug|trace";

// The first of these in the line decides.
const PATTERNS = [
  /"?\b(?:log[._]?level|level|severity|lvl)"?\s*[=:]\s*"?(?<word>[a-z]+|\d{2})\b/i,  // level=error, "level":"error", "level":50
  new RegExp(`[[<|(]\\s*(?:\\w+:)?(?<word>${any})\\s*[\\]>|):]`, "i"),            // [error], [core:error], |WARN|
  new RegExp(`(?<![\\w-])(?<word>${any.toUpperCase()})(?![\\w-])`),               // ERROR
  new RegExp(`(?<![\\w.-])(?<word>${spoken}): `, "i"),                                // error: ...
  /(?<![\w.-])(?<word>LOG): /,
];
// A single letter counts only where the level is expected: right after the time, or klog's I1123.
const LETTER = /^\s*(?:[[|<(]\s*)?(?<word>[EFWIDTV])(?=[\s\]|>)/])/;
const KLOG = /^(?<word>[IWEF])(?=\d{4} \d{2}:\d{2}:\d{2})/;
const STATUS = /" (?<word>[1-5]\d{2}) (?:\d+|-)(?=\s|$)/;

export function findLevel(text, time) {
  const from = time && time.start <= 6 ? time.end : 0; // a time further in, as in JSON, may stand behind the level
  const head = text.slice(from, from + LOOK_AT);
  let best = null;
  for (const pattern of PATTERNS) {
    const match = pattern.exec(head);
    if (match === null) continue;
    const start = match.index + match[0].lastIndexOf(match.groups.word);
    const level = levelOfWord(match.groups.word);
    if (level && (best === null || start < best.start)) best = { level, start, end: start + match.groups.word.length };
  }
  if (best) return { level: best.level, start: from + best.start, end: from + best.end };
  const letter = KLOG.exec(text) ?? (time && LETTER.exec(head));
  if (letter) {
    const start = (letter.input === text ? 0 : from) + letter.index + letter[0].lastIndexOf(letter.groups.word);
    return { level: LETTERS[letter.groups.word.toLowerCase()], start, end: start + 1 };
  }
  return ofStatus(text);
}

function levelOfWord(word) {
  // Numbers as pino and bunyan write them: 10 trace, 20 debug, 30 info, 40 warn, 50 error, 60 fatal.
  if (/^\d/.test(word)) return { 1: "debug", 2: "debug", 3: "info", 4: "warn", 5: "error", 6: "error" }[word[0]];
  return levelOf.get(word.toLowerCase());
}

function ofStatus(text) {
  const match = text.includes('" ') ? STATUS.exec(text) : null;
  if (!match) return null;
  const start = match.index + 2;
  const level = { 5: "error", 4: "warn" }[match.groups.word[0]] ?? "info";
  return { level, start, end: start + 3 };
}
