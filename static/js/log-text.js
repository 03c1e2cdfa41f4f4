// What of a line is shown. The server sends a line as it stands in the file: a
// carriage return, escape sequences and control characters may be in it. What is seen
// is what is marked and copied.

import { plainOf } from "./log-ansi.js";

export const SHOWN = 4000; // characters of a line that are drawn until the reader wants all: huge ones make a page slow
export const CUT = / … \[cut: line of (\d+) bytes\]$/; // how the server says that a line goes on

// Where to cut a text: at a place, or before it, but not in the middle of a character of two halves.
export const edgeAt = (text, at) => (/[\udc00-\udfff]/.test(text[at] ?? "") ? at - 1 : at);

// All of C0 except the tab, DEL, C1, and what turns the direction of writing round unseen.
const CONTROLS = /[\x00-\x08\x0a-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;
const SPECIAL = new RegExp(CONTROLS.source); // most lines have nothing of all this

// A control character as the little picture Unicode has for it, NUL is ␀; where it has none, by its number.
const picture = (character) => {
  const code = character.charCodeAt(0);
  if (code > 0x7f) return `<${code.toString(16)}>`;
  return String.fromCharCode(code === 0x7f ? 0x2421 : 0x2400 + code);
};

export const visible = (text) => (SPECIAL.test(text) ? text.replace(CONTROLS, picture) : text);

export function displayText(raw) {
  if (!SPECIAL.test(raw)) return raw;
  return visible(plainOf(raw.endsWith("\r") ? raw.slice(0, -1) : raw));
}
