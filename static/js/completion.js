// The list that opens while an emoji's code is typed: what it offers, which one is
// active, what the text becomes. Plain state; the composer draws it and passes keys.

import { codeAtCaret, completions } from "./emoji.js";

export const closed = () => ({ items: [], active: 0, start: 0, end: 0 });

// After an input: the list for the code before the caret, or closed.
export function offer(text, caret, characters) {
  const typed = codeAtCaret(text, caret);
  const items = typed ? completions(typed.code, characters) : [];
  return items.length ? { items, active: 0, start: typed.start, end: caret } : closed();
}

// The button asks for the common ones, at the caret.
export function offerCommon(caret, characters) {
  return { items: completions("", characters), active: 0, start: caret, end: caret };
}

// What a key does while the list is open: { list } is the list from now on,
// `pick` the index taken; null: the key is not the list's.
export function onKey(list, key) {
  const count = list.items.length;
  if (count === 0) return null;
  switch (key) {
    case "ArrowDown": return { list: { ...list, active: (list.active + 1) % count } };
    case "ArrowUp": return { list: { ...list, active: (list.active + count - 1) % count } };
    case "Enter":
    case "Tab": return { list: closed(), pick: list.active };
    case "Escape": return { list: closed() };
    default: return null;
  }
}

export function insert(text, list, index) {
  const before = text.slice(0, list.start) + list.items[index].emoji;
  return { text: before + text.slice(list.end), caret: before.length };
}
