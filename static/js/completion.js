// The list that opens while an emoji's code or a name behind @ is typed: what it offers,
// which one is active, what the text becomes. Plain state; the composer draws it and passes keys.
// Enter takes only what is active, and sends otherwise: a name that merely holds the
// letters is not active before the arrows have gone there.

import { codeAtCaret, completions } from "./emoji.js";
import { mentionAtCaret, mentionItems, takesFirst } from "./mention.js";

const NONE = -1;

export const closed = () => ({ items: [], active: NONE, start: 0, end: 0 });

// After an input: the list for the code before the caret, or closed.
export function offer(text, caret, characters) {
  const typed = codeAtCaret(text, caret);
  const items = typed ? completions(typed.code, characters) : [];
  if (items.length === 0) return closed();
  const active = items[0].name.startsWith(typed.code) ? 0 : NONE;
  return { items, active, start: typed.start, end: caret };
}

// The same for the name behind an @.
export function offerPeople(text, caret, people, me) {
  const typed = mentionAtCaret(text, caret);
  const items = typed ? mentionItems(typed.query, people, { me }) : [];
  if (items.length === 0) return closed();
  return { items, active: takesFirst(typed.query, items) ? 0 : NONE, start: typed.start, end: caret };
}

// What a key does while the list is open: { list } is the list from now on,
// `pick` the index taken; null: the key is not the list's.
export function onKey(list, key) {
  const count = list.items.length;
  if (count === 0) return null;
  switch (key) {
    case "ArrowDown": return { list: { ...list, active: (list.active + 1) % count } };
    case "ArrowUp": return { list: { ...list, active: (Math.max(list.active, 0) + count - 1) % count } };
    case "Enter": return list.active === NONE ? null : { list: closed(), pick: list.active };
    case "Tab": return { list: closed(), pick: Math.max(list.active, 0) };
    case "Escape": return { list: closed() };
    default: return null;
  }
}

// What the item that is taken puts in the place of what was typed.
export const taken = (list, index) => list.items[index].insert ?? list.items[index].emoji;
