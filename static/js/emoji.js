// Shortcodes such as :smile: and their characters. The map (about 1,900 codes) is
// loaded when first wanted. Pure but for the loading; the text that goes out holds
// the characters, so no reader needs the map.

import { splitLinks } from "./links.js";

const CODE = /:([a-z0-9_+-]+):/gi;
const OPEN_CODE = /(?:^|[^\w:]):([a-z0-9_+-]{2,})$/i;
const DIGIT = /\d/;
const WORD = /[a-z0-9]/i;

// What the button offers before a letter is typed.
const COMMON = ["+1", "smile", "joy", "heart", "tada", "eyes", "thinking", "rocket"];

let loading = null;
export function loadEmoji() {
  loading ??= import("../vendor/gemoji-8.1.0.js").then(
    (module) => module.default,
    (error) => { loading = null; throw error; }, // offline just now: try again next time
  );
  return loading;
}

const find = (characters, code) => (Object.hasOwn(characters, code) ? characters[code] : undefined);

// Only whole, known codes turn; a clock time (12:30:45), the middle of a:b:c and an
// address do not.
export function replaceShortcodes(text, characters) {
  return splitLinks(text).map((part) => (part.href ? part.text : replaceInWords(part.text, characters))).join("");
}

function replaceInWords(text, characters) {
  let result = "";
  let done = 0;
  CODE.lastIndex = 0;
  for (let match; (match = CODE.exec(text));) {
    const end = match.index + match[0].length;
    const left = text[match.index - 1] ?? "";
    const right = text[end] ?? "";
    const inside = DIGIT.test(left + right) || (WORD.test(left) && WORD.test(right));
    const emoji = inside ? undefined : find(characters, match[1].toLowerCase());
    if (emoji === undefined) {
      CODE.lastIndex = end - 1; // its closing colon may open the next code
      continue;
    }
    result += text.slice(done, match.index) + emoji;
    done = end;
  }
  return result + text.slice(done);
}

// The code being typed before the caret: { start, code }, or null.
export function codeAtCaret(text, caret) {
  const match = OPEN_CODE.exec(text.slice(Math.max(0, caret - 64), caret));
  return match ? { start: caret - match[1].length - 1, code: match[1].toLowerCase() } : null;
}

// Codes that begin with what was typed come first, the shortest before the longer
// ones; then those that hold it.
export function completions(code, characters, limit = 8) {
  if (code === "") return COMMON.filter((name) => name in characters).map((name) => ({ name, emoji: characters[name] }));
  const beginning = [];
  const holding = [];
  for (const name of Object.keys(characters)) {
    const at = name.indexOf(code);
    if (at === 0) beginning.push(name);
    else if (at > 0) holding.push(name);
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
