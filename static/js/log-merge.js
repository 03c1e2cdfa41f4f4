// Lines of several files in the order of their times. Within a file the order stays as it
// is: a line without a time goes with the one above it. Where files have no times, or the
// same, they keep the order in which they are given.

import { timeOf } from "./log-times.js";

// A run of lines of one source: { source, lines: [[offset, text], ...] }.

// The time by which each line is put in order; NaN where the file has none at all.
export function timesOf(lines) {
  let time = NaN;
  const times = lines.map(([, text]) => {
    const own = timeOf(text);
    if (own !== null) time = own;
    return time;
  });
  const first = times.find((one) => !Number.isNaN(one));
  return first === undefined ? times : times.map((one) => (Number.isNaN(one) ? first : one));
}

// lists: [{ source, lines, times }, ...]. Returns runs.
export function mergeByTime(lists) {
  const left = lists.filter(({ lines }) => lines.length > 0).map((list) => ({ ...list, at: 0 }));
  const runs = [];
  while (left.length > 0) {
    let place = 0;
    for (let other = 1; other < left.length; other += 1) if (key(left[other]) < key(left[place])) place = other;
    const best = left[place];
    // It goes on until another one's turn comes; of equal times the first given has it.
    const before = Math.min(...left.slice(0, place).map(key));
    const behind = Math.min(...left.slice(place + 1).map(key));
    const from = best.at;
    do best.at += 1; while (best.at < best.lines.length && (left.length === 1 || (key(best) < before && key(best) <= behind)));
    push(runs, best.source, best.lines.slice(from, best.at));
    if (best.at === best.lines.length) left.splice(place, 1);
  }
  return runs;
}

// Without a time: at once, for nothing says that it has to wait.
const key = ({ times, at }) => (Number.isNaN(times[at]) ? -Infinity : times[at]);

function push(runs, source, lines) {
  const last = runs.at(-1);
  if (last?.source === source) for (const line of lines) last.lines.push(line);
  else runs.push({ source, lines });
}

// Pages of several files, read in one direction, as far as they can be put in order: what
// lies beyond the page that ends first is left for the next time. pages: [{ source, lines,
// isLast }, ...]; isLast: the file has no more in that direction. Returns { runs, used }, how
// many lines of each page were used (of the newest when reading backwards).
export function mergePages(pages, isBackwards) {
  const lists = pages.map((page) => ({ ...page, times: timesOf(page.lines) }));
  const edges = lists.filter(({ isLast, times }) => !isLast && times.length > 0 && !Number.isNaN(times[0]))
    .map(({ times }) => (isBackwards ? Math.min(...times) : Math.max(...times)));
  const cut = edges.length === 0 || lists.length === 1 ? null : isBackwards ? Math.max(...edges) : Math.min(...edges);
  const cutLists = lists.map((list) => cutAt(list, cut, isBackwards));
  return { runs: mergeByTime(cutLists), used: cutLists.map(({ lines }) => lines.length) };
}

function cutAt({ source, lines, times }, cut, isBackwards) {
  if (cut === null || times.length === 0 || Number.isNaN(times[0])) return { source, lines, times };
  if (isBackwards) {
    const from = times.findLastIndex((time) => time < cut) + 1;
    return { source, lines: lines.slice(from), times: times.slice(from) };
  }
  const beyond = times.findIndex((time) => time > cut);
  const to = beyond < 0 ? times.length : beyond;
  return { source, lines: lines.slice(0, to), times: times.slice(0, to) };
}
