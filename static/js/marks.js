// Where the words of a search stand in a text. Pure.

const SPECIAL = /[.*+?^${}()|[\]\\]/g;

// A pattern that finds any of the words without regard to case, the longest first;
// null for no words.
export function markPattern(words) {
  const wanted = (words ?? []).filter((word) => word !== "").sort((a, b) => b.length - a.length);
  return wanted.length > 0 ? new RegExp(wanted.map((word) => word.replace(SPECIAL, "\\$&")).join("|"), "giu") : null;
}

// Parts { text, marked } in order; together they are the text.
export function splitMarks(text, pattern) {
  if (!pattern) return [{ text, marked: false }];
  const parts = [];
  let done = 0;
  for (const { 0: found, index } of text.matchAll(pattern)) {
    if (index > done) parts.push({ text: text.slice(done, index), marked: false });
    parts.push({ text: found, marked: true });
    done = index + found.length;
  }
  if (done < text.length || parts.length === 0) parts.push({ text: text.slice(done), marked: false });
  return parts;
}

// The part of a text around its first mark, so that it can be seen in two or three lines.
export function excerptOf(text, pattern, length = 220) {
  if (text.length <= length) return text;
  const at = pattern ? Math.max(0, text.search(pattern)) : 0;
  const from = at > length / 2 ? edge(text, at - 50) : 0;
  const to = edge(text, from + length);
  return `${from > 0 ? "…" : ""}${text.slice(from, to)}${to < text.length ? "…" : ""}`;
}

// At a space if there is one near, and not in the middle of a character.
function edge(text, at) {
  if (at >= text.length) return text.length;
  const space = text.slice(at, at + 16).search(/\s/);
  if (space >= 0) return at + space;
  return /[\udc00-\udfff]/.test(text[at]) ? at - 1 : at;
}
