// Which lines are shown and what in them is marked. Plain text, not patterns; each
// of the three fields has its own switch for capital letters. Values in, functions
// out: the fields are LogBar's, the lines LogStore's.

import { LEVELS } from "./log-level.js";

export const FIELDS = ["only", "not", "mark"];

export function freshFilter() {
  return {
    only: "", not: "", mark: "",
    exact: { only: false, not: false, mark: false }, // capital letters count
    hidden: [],                                      // levels that are switched off
  };
}

export const isActive = (filter) => filter.only !== "" || filter.not !== "" || filter.hidden.length > 0;

// Whether a text passes `only` and `not`; levels are not asked here.
export function textTest(filter) {
  const only = contains(filter.only, filter.exact.only);
  const not = contains(filter.not, filter.exact.not);
  return (text) => (only === null || only(text)) && (not === null || !not(text));
}

// The places of `mark`, or of another field, in a text: [[start, end], ...].
export function marker(filter, field = "mark") {
  const finder = filter[field] === "" ? null : find(filter[field], filter.exact[field], "g");
  if (finder === null) return () => [];
  return (text) => Array.from(text.matchAll(finder), (match) => [match.index, match.index + match[0].length]);
}

function contains(wanted, isExact) {
  if (wanted === "") return null;
  if (isExact) return (text) => text.includes(wanted);
  const finder = find(wanted, false, "");
  return (text) => finder.test(text);
}

// A pattern that means the text itself. Lower-casing both would be simpler, but may
// change a text's length and with it the places.
function find(wanted, isExact, flags) {
  const literal = wanted.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  return new RegExp(literal, `u${isExact ? "" : "i"}${flags}`);
}

// In the address, so that a view can be shared: file, only, not, mark, exact, hide.
export function readAddress(search) {
  const params = new URLSearchParams(search);
  const filter = freshFilter();
  for (const field of FIELDS) filter[field] = params.get(field) ?? "";
  for (const field of listed(params.get("exact"), FIELDS)) filter.exact[field] = true;
  filter.hidden = listed(params.get("hide"), LEVELS);
  return { file: params.get("file"), filter };
}

export function writeAddress(file, filter) {
  const params = new URLSearchParams();
  if (file !== null) params.set("file", file);
  for (const field of FIELDS) if (filter[field] !== "") params.set(field, filter[field]);
  const exact = FIELDS.filter((field) => filter.exact[field]);
  if (exact.length > 0) params.set("exact", exact.join(","));
  if (filter.hidden.length > 0) params.set("hide", filter.hidden.join(","));
  const text = params.toString().replaceAll("%2F", "/").replaceAll("%2C", ",");
  return text === "" ? "" : `?${text}`;
}

const listed = (text, known) => known.filter((name) => (text ?? "").split(",").includes(name));
