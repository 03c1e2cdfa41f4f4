// Where a line is among the blocks of the LogStore: by its id, its place in the file, its
// time, or by what stands in it. Blocks in, ids out; touches nothing.

import { NOTICE } from "./log-chunk.js";

// The last place whose number is at most n.
export function lastAtMost(numbers, n) {
  let low = 0;
  let high = numbers.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (numbers[middle] <= n) low = middle;
    else high = middle - 1;
  }
  return low;
}

// The last block that begins at or before an id.
export function chunkAt(chunks, id) {
  let low = 0;
  let high = chunks.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (chunks[middle].first <= id) low = middle;
    else high = middle - 1;
  }
  return low;
}

// The id of the line at an offset; null: it is not here.
export function idAt(chunks, source, offset) {
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += 1) {
      if (chunk.offsets[at] === offset && chunk.sources[at] === source) return chunk.id(at);
    }
  }
  return null;
}

// The id of the first line of a source; null: there is none.
export function firstOf(chunks, source) {
  for (const chunk of chunks) {
    const at = chunk.sources.findIndex((one, place) => one === source && (chunk.flags[place] & NOTICE) === 0);
    if (at >= 0) return chunk.id(at);
  }
  return null;
}

// The id of the first row at or after a time; null: all are earlier.
export function firstSince(chunks, ms) {
  for (const chunk of chunks) {
    const at = chunk.times.findIndex((time) => time >= ms);
    if (at >= 0) return chunk.id(at);
  }
  return null;
}

// The next id after `id` (or before: direction -1) whose line is wanted(flags, text); null: there is none.
export function nextOf(chunks, id, direction, wanted) {
  let at = Math.max(0, Math.min(chunks.length - 1, chunkAt(chunks, id)));
  let place = chunks[at]?.placeOf(id) ?? 0;
  if (direction > 0 && chunks[at]?.id(place) === id) place += 1;
  if (direction < 0) place -= 1;
  for (; chunks[at]; at += direction, place = direction > 0 ? 0 : (chunks[at]?.length ?? 0) - 1) {
    const chunk = chunks[at];
    for (; place >= 0 && place < chunk.length; place += direction) {
      if ((chunk.flags[place] & NOTICE) === 0 && wanted(chunk.flags[place], chunk.texts[place])) return chunk.id(place);
    }
  }
  return null;
}

// The oldest line of these sources, or the newest: { source, offset }, or null. isOurs: by source.
export function edgeOf(chunks, isOurs, side) {
  for (const chunk of side === "first" ? chunks : [...chunks].reverse()) {
    for (let n = 0; n < chunk.length; n += 1) {
      const at = side === "first" ? n : chunk.length - 1 - n;
      if (isOurs[chunk.sources[at]] && (chunk.flags[at] & NOTICE) === 0) return { source: chunk.sources[at], offset: chunk.offsets[at] };
    }
  }
  return null;
}
