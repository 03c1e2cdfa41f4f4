// The part of a long line around what was found in it. Pure.

import { edgeAt } from "./log-text.js";

export const LENGTH = 240;
const BEFORE = 60; // characters of what stands before the first place

// { text, places }: cut, with "…" where something is left out.
export function excerptAround(line, places, length = LENGTH) {
  if (line.length <= length) return { text: line, places };
  const first = places[0]?.[0] ?? 0;
  const from = first > length - BEFORE ? edgeAt(line, first - BEFORE) : 0;
  const to = edgeAt(line, Math.min(line.length, from + length));
  const before = from > 0 ? "…" : "";
  const shift = before.length - from;
  return {
    text: `${before}${line.slice(from, to)}${to < line.length ? "…" : ""}`,
    places: places.filter(([start]) => start < to).map(([start, end]) => [start + shift, Math.min(end, to) + shift]),
  };
}
