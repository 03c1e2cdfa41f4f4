// The part of a long line around what was found in it. Pure.

export const LENGTH = 240;
const BEFORE = 60; // characters of what stands before the first place

// { text, places }: cut, with "…" where something is left out.
export function excerptAround(line, places, length = LENGTH) {
  if (line.length <= length) return { text: line, places };
  const first = places[0]?.[0] ?? 0;
  const from = first > length - BEFORE ? whole(line, first - BEFORE) : 0;
  const to = whole(line, Math.min(line.length, from + length));
  const before = from > 0 ? "…" : "";
  const shift = before.length - from;
  return {
    text: `${before}${line.slice(from, to)}${to < line.length ? "…" : ""}`,
    places: places.filter(([start]) => start < to).map(([start, end]) => [start + shift, Math.min(end, to) + shift]),
  };
}

// Not in the middle of a character of two halves.
const whole = (text, at) => (/[\udc00-\udfff]/.test(text[at] ?? "") ? at - 1 : at);
