// A name being typed behind @: where it begins, and who may be meant. Pure.

const LONGEST = 64;
const WORD = /[a-z0-9_]/i; // before an @ it is an e-mail address
const SHOWN = 8;
export const ALL = "all";

const fold = (text) => text.normalize("NFKC").toLowerCase();

// { start, query }, or null: the @ before the caret and what stands behind it.
export function mentionAtCaret(text, caret) {
  const before = text.slice(Math.max(0, caret - LONGEST - 1), caret);
  const at = before.lastIndexOf("@");
  if (at === -1) return null;
  const query = before.slice(at + 1);
  if (/^\s|\n/.test(query) || (at > 0 && WORD.test(before[at - 1]))) return null;
  return { start: caret - query.length - 1, query };
}

// Those whose name begins so first, who is here before who is not; then those in whose name a
// word begins so; at last everybody at once. `all`: what that is called in words.
export function mentionItems(query, people, { me = null } = {}) {
  const wanted = fold(query);
  const others = people.filter(({ id, name, plain }) => id !== me && !plain && name !== "");
  const beginning = others.filter(({ name }) => fold(name).startsWith(wanted));
  const within = others.filter((person) => !beginning.includes(person) && fold(person.name).split(/\s+/).some((word) => word.startsWith(wanted)));
  const byPresence = (one, other) => Number(other.here ?? false) - Number(one.here ?? false);
  const found = [...beginning.sort(byPresence), ...within.sort(byPresence)].slice(0, SHOWN)
    .map((user) => ({ kind: "mention", name: user.name, user, insert: `@${user.name} ` }));
  if (ALL.startsWith(wanted)) found.push({ kind: "all", name: ALL, insert: `@${ALL} ` });
  return found;
}

// Whether Enter takes the first: not when nothing is typed yet, and not when the name stands there whole.
export function takesFirst(query, items) {
  const name = fold(items[0].name);
  return query !== "" && name.startsWith(fold(query)) && name !== fold(query);
}
