// Which lines are shown and what in them is marked: three fields, `only`, `not`, `mark`,
// each with a switch for patterns and one for capital letters, and the levels that are
// hidden. Values in, functions out.
//
// `only` and `not` are the server's to apply (its patterns are google-re2's), so that the
// past and what comes agree. The page applies them too, at once, while somebody types and
// to what it has already; where it can't (a pattern this browser does not know, or one that
// could take for ever) it leaves them to the server alone. Marks and levels are the page's.

export const FIELDS = ["only", "not", "mark"];
const LOOK_AT = 4000; // characters: a pattern may take the square of it, and longer

export function freshFilter() {
  return { only: freshField(), not: freshField(), mark: freshField(), hidden: [] };
}

// problem: a sentence about a pattern that can't be used. held: the condition that holds meanwhile, or null.
const freshField = () => ({ text: "", pattern: false, case: false, problem: "", held: null });

export const isActive = (filter) => filter.only.text !== "" || filter.not.text !== "" || filter.hidden.length > 0;

// As the server wants it.
export function condition({ text, pattern, case: exact }) {
  return text === "" ? null : { text, pattern, case: exact };
}

// While a pattern is one that the server can't use, what was there before it holds.
const used = (field) => (field.problem ? field.held ?? null : condition(field));
export const isUsed = (field) => used(field) !== null;
export const conditionsOf = (filter) => ({ include: used(filter.only), exclude: used(filter.not) });

export const isSame = (one, other) => JSON.stringify(one) === JSON.stringify(other);

// Whether all that passes `next` passes `before` as well, for sure: then the page has it all.
export function isNarrower(next, before) {
  return (before.include === null || (next.include !== null && isHeldBy(before.include, next.include)))
    && (before.exclude === null || (next.exclude !== null && isHeldBy(next.exclude, before.exclude)));
}

// Whether a line that holds `long` holds `short` too.
function isHeldBy(short, long) {
  if (isSame(short, long)) return true;
  if (short.pattern || long.pattern || (short.case && !long.case)) return false;
  const plain = ({ text }) => (short.case ? text : text.toLowerCase());
  return plain(long).includes(plain(short));
}

// Whether a text passes `only` and `not`, as far as the page can tell. null: all do.
export function textTest(filter) {
  const { include, exclude } = conditionsOf(filter);
  const only = include && finderOf(include, "");
  const not = exclude && finderOf(exclude, "");
  if (only === null && not === null) return null;
  const canTell = (field, text) => !field.pattern || text.length <= LOOK_AT;
  return (text) => (only === null || !canTell(include, text) || only.test(text))
    && (not === null || !canTell(exclude, text) || !not.test(text));
}

// Whether the page can apply them itself.
export const isKnownHere = (filter) => Object.values(conditionsOf(filter)).every((one) => one === null || finderOf(one, "") !== null);

// The places of a field's text in a line: [[start, end], ...].
export function marker(field) {
  const finder = finderOf(field, "g");
  if (finder === null) return () => [];
  return (text) => {
    const places = [];
    for (const match of text.slice(0, field.pattern ? LOOK_AT : undefined).matchAll(finder)) {
      if (match[0] !== "") places.push([match.index, match.index + match[0].length]);
    }
    return places;
  };
}

// null: there is nothing to find, or the page can't.
function finderOf({ text, pattern, case: exact }, flags) {
  if (text === "") return null;
  if (pattern && isHeavy(text)) return null;
  // Lower-casing both would be simpler for plain text, but may change its length and with it the places.
  const source = pattern ? text : text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  try {
    return new RegExp(source, `u${exact ? "" : "i"}${flags}`);
  } catch {
    return null;
  }
}

// A pattern that repeats what repeats, or repeats a choice, can take a browser for ever. (google-re2 does not mind.)
const isHeavy = (pattern) => /\((?:[^()\\]|\\.|\([^()]*\))*[+*|}](?:[^()\\]|\\.|\([^()]*\))*\)[+*{]/.test(pattern);

// What is wrong with the pattern of a mark: only the page applies it. null: nothing.
export function markProblem(field) {
  if (!field.pattern || field.text === "" || finderOf(field, "") !== null) return null;
  return isHeavy(field.text) ? "heavy" : "unknown";
}
