// A block of rows of the LogStore: strings and numbers in arrays side by side, because an
// object a line would cost several times a line's memory. Rows have ascending ids, `first`
// and then `step` more each, so that a row is found by its id without a list of them.
//
// Which of its rows are seen is worked out when somebody asks and something has changed;
// the same holds for their heights, which are Geometry's business and only kept here.

import { LEVELS } from "./log-levels.js";

export const LEVEL = 7;     // the bits of the level: 0 none, else its place in LEVELS + 1
export const BELONGS = 8;   // goes on from the line above and has its level
export const NOTICE = 16;
export const PASSES = 32;   // the filter's text
export const TIMED = 64;    // has a time of its own
export const UNFINISHED = 256; // the file ended with it, without a newline
export const TRACE = 128;   // looks like a line of a stack trace: may be folded

export const ROWS = 1000;          // in a block, or up to twice as many where a stack trace would be torn apart
const FOLDED_FROM = 2;             // so many lines of a stack trace are worth folding
export const ROW_BYTES = 56;       // what a row costs beside its text, about

// Whether a line counts for itself: what goes on from a line of some level is counted with that line.
export const isCounted = (flags) => (flags & PASSES) !== 0 && ((flags & BELONGS) === 0 || (flags & LEVEL) === 0);

export const levelName = (flags) => LEVELS[(flags & LEVEL) - 1] ?? null;
export const levelBits = (level) => LEVELS.indexOf(level) + 1;

export class Chunk {
  texts = [];      // of a notice the empty string
  offsets = [];
  times = [];      // ms, NaN: not known
  flags = [];
  sources = [];    // index into the store's sources
  notices = null;  // place -> notice
  isPartial = false; // of half lines
  odd = null;      // place -> { wrapAt, px }: heights that were measured
  layout = null;   // Geometry's
  bytes = 0;
  lines = 0;
  widest = 0;      // characters of its longest text
  #shown = null;
  #dirty = true;

  constructor(first, step = 1) {
    this.first = first;
    this.step = step;
  }

  get length() {
    return this.texts.length;
  }

  id(place) {
    return this.first + place * this.step;
  }

  get end() {
    return this.id(this.length);
  }

  // The place of a row, or where it would stand.
  placeOf(id) {
    return Math.max(0, Math.min(this.length, Math.ceil((id - this.first) / this.step - 1e-6)));
  }

  push(text, source, offset, time, flags) {
    this.texts.push(text);
    this.sources.push(source);
    this.offsets.push(offset);
    this.times.push(time);
    this.flags.push(flags);
    this.bytes += text.length + ROW_BYTES;
    if ((flags & NOTICE) === 0) this.lines += 1;
    if (text.length > this.widest) this.widest = text.length;
    this.changed();
  }

  pushNotice(notice, source) {
    this.notices ??= new Map();
    this.notices.set(this.length, notice);
    this.push("", source, NaN, NaN, NOTICE | PASSES);
  }

  // The last row again, taken away.
  pop() {
    const at = this.length - 1;
    const flags = this.flags.pop();
    const text = this.texts.pop();
    this.bytes -= text.length + ROW_BYTES;
    if ((flags & NOTICE) === 0) this.lines -= 1;
    const notice = this.notices?.get(at);
    this.notices?.delete(at);
    this.odd?.delete(at);
    this.changed();
    return { text, flags, notice, source: this.sources.pop(), offset: this.offsets.pop(), time: this.times.pop() };
  }

  // The rows from `place` on as a block of their own.
  split(place) {
    const rest = new Chunk(this.id(place), this.step);
    for (let at = place; at < this.length; at += 1) {
      const notice = this.notices?.get(at);
      if (notice) rest.pushNotice(notice, this.sources[at]);
      else rest.push(this.texts[at], this.sources[at], this.offsets[at], this.times[at], this.flags[at]);
      if (this.odd?.has(at)) (rest.odd ??= new Map()).set(at - place, this.odd.get(at));
    }
    while (this.length > place) this.pop();
    return rest;
  }

  changed() {
    this.#dirty = true;
    this.layout = null;
  }

  // The places of the rows that are seen; null: all. view: { hidden: bits of levels, folded, open: ids }.
  shown(view) {
    if (this.#dirty) {
      this.#shown = this.#look(view);
      this.#dirty = false;
    }
    return this.#shown;
  }

  count(view) {
    return this.shown(view)?.length ?? this.length;
  }

  #look({ hidden, folded, open }) {
    const seen = [];
    for (let at = 0; at < this.length; at += 1) {
      const flags = this.flags[at];
      if ((flags & PASSES) === 0 || (hidden & (1 << (flags & LEVEL))) !== 0) continue;
      seen.push(at);
      const trace = folded ? this.traceAt(at) : 0;
      if (trace >= FOLDED_FROM && !open.has(this.id(at))) at += trace;
    }
    return seen.length === this.length ? null : seen;
  }

  // How many lines of a stack trace stand below this row and belong to it.
  traceAt(place) {
    if ((this.flags[place] & (TRACE | NOTICE)) !== 0) return 0;
    let end = place + 1;
    while (end < this.length && (this.flags[end] & TRACE) !== 0 && this.sources[end] === this.sources[place]) end += 1;
    return end - place - 1;
  }

  isFoldable(place) {
    return this.traceAt(place) >= FOLDED_FROM;
  }

  // The place of the n-th row that is seen, and the other way round: how many that are seen stand before.
  placeAt(n, view) {
    const shown = this.shown(view);
    return shown === null ? n : shown[n];
  }

  rankOf(place, view) {
    const shown = this.shown(view);
    if (shown === null) return place;
    let low = 0;
    let high = shown.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (shown[middle] < place) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
