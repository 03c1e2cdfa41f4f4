// Shortcodes such as :smile: and their characters. The map (about 1,900 codes) is
// loaded when first wanted. Pure but for the loading; the text that goes out holds
// the characters, so no reader needs the map.

import { splitLinks } from "./links.js";

const CODES = /(?::[a-z0-9_+-]+:)+/gi; // :a: or :a::b:
// :-p, :30 and the like are no beginning of a code.
const OPEN_CODE = /(?:^|[^\w:]):([a-z][a-z0-9_+-]+|[+-]1)$/i;
const HELD = 3; // letters from which on a name may hold them further in
const DIGIT = /\d/;
const WORD = /[a-z0-9]/i;

let loading = null;
export function loadEmoji() {
  loading ??= import("../vendor/gemoji-8.1.0.js").then(
    (module) => module.default,
    (error) => { loading = null; throw error; }, // offline just now: try again next time
  );
  return loading;
}

const find = (characters, code) => (Object.hasOwn(characters, code) ? characters[code] : undefined);

// Only whole, known codes turn; a clock time (12:30:45), the middle of a:b:c or of
// A::b::C and an address do not.
export function replaceShortcodes(text, characters) {
  return splitLinks(text).map((part) => (part.href ? part.text : replaceInWords(part.text, characters))).join("");
}

function replaceInWords(text, characters) {
  let result = "";
  let done = 0;
  CODES.lastIndex = 0;
  for (let match; (match = CODES.exec(text));) {
    const end = match.index + match[0].length;
    const codes = match[0].slice(1, -1).split("::");
    const found = codes.map((code) => find(characters, code.toLowerCase()));
    if (isInside(text[match.index - 1] ?? "", text[end] ?? "") || found.includes(undefined)) {
      CODES.lastIndex = end - 1; // its closing colon may open the next code
      continue;
    }
    result += text.slice(done, match.index) + found.join("");
    done = end;
  }
  return result + text.slice(done);
}

const isInside = (left, right) => DIGIT.test(left + right) || left === ":" || right === ":" || (WORD.test(left) && WORD.test(right));

// The code being typed before the caret: { start, code }, or null.
export function codeAtCaret(text, caret) {
  const match = OPEN_CODE.exec(text.slice(Math.max(0, caret - 64), caret));
  return match ? { start: caret - match[1].length - 1, code: match[1].toLowerCase() } : null;
}

// Codes that begin with what was typed come first, the shortest before the longer
// ones; then those that hold it, if it is long enough to mean something.
export function completions(code, characters, limit = 8) {
  const beginning = [];
  const holding = [];
  for (const name of Object.keys(characters)) {
    const at = name.indexOf(code);
    if (at === 0) beginning.push(name);
    else if (at > 0 && code.length >= HELD) holding.push(name);
  }
  const byLength = (a, b) => a.length - b.length || (a < b ? -1 : 1);
  const seen = new Set();
  const found = [];
  for (const name of [...beginning.sort(byLength), ...holding.sort(byLength)]) {
    if (seen.has(characters[name])) continue; // two names of one emoji
    seen.add(characters[name]);
    found.push({ name, emoji: characters[name] });
    if (found.length === limit) break;
  }
  return found;
}
