// Where rows stand: which are in view, how far down one is, how high all are. Plain
// numbers, no element. Without wrap every row is one ROW high, but for those that were
// unfolded; with wrap a row's height is guessed from its length until the list has
// measured it. It adds up blocks, and the rows of a block only where one is looked at
// and they differ.

import { lastAtMost } from "./log-find.js";
import { SHOWN } from "./log-text.js";

export const ROW = 20;  // px; logs.css has the same as the line height
const OVERSCAN = 240;   // px drawn above and below the view

export class Geometry {
  #store = null;
  #wrapAt = 0;  // columns; 0: no wrap
  #blocks = [];
  #starts = [0];
  #foot = 0;
  #tops = [0];  // of each block, and the height of all at the end

  // Returns itself, laid out for the store as it is. head, foot: px above the first row and below the last.
  layOut(store, wrapAt, head = 0, foot = 0) {
    this.#store = store;
    this.#wrapAt = wrapAt;
    this.#blocks = store.seen.blocks;
    this.#starts = store.seen.starts;
    const tops = [head];
    for (let at = 0; at < this.#blocks.length; at += 1) tops.push(tops[at] + this.#heightOf(at));
    this.#tops = tops;
    this.#foot = foot;
    return this;
  }

  get total() {
    return this.#tops.at(-1) + this.#foot;
  }

  get count() {
    return this.#starts.at(-1);
  }

  // The widest row, in characters.
  get widest() {
    return this.#blocks.reduce((widest, { widest: one }) => Math.max(widest, Math.min(one, SHOWN)), 0);
  }

  // The top of the n-th row.
  top(n) {
    if (n >= this.count) return this.#tops.at(-1);
    const at = this.#blockOf(n);
    const within = n - this.#starts[at];
    const rows = this.#rowsOf(at);
    return this.#tops[at] + (rows ? rows[within] : within * ROW);
  }

  // The row at a height; the last one below all.
  indexAt(y) {
    if (this.count === 0) return 0;
    let at = Math.min(lastAtMost(this.#tops, y), this.#blocks.length - 1);
    while (at > 0 && this.#starts[at + 1] === this.#starts[at]) at -= 1;
    const size = this.#starts[at + 1] - this.#starts[at];
    const below = Math.max(0, y - this.#tops[at]);
    const rows = this.#rowsOf(at);
    const within = rows ? lastAtMost(rows, below) : Math.floor(below / ROW);
    return this.#starts[at] + Math.max(0, Math.min(size - 1, within));
  }

  // The rows to draw, [start, end), for a view of this height that begins at `top`.
  range(top, height) {
    if (this.count === 0) return [0, 0];
    return [this.indexAt(top - OVERSCAN), this.indexAt(top + height + OVERSCAN) + 1];
  }

  // What the list has measured of the n-th row; true if it was not known.
  measured(n, px) {
    const at = this.#blockOf(n);
    const block = this.#blocks[at];
    const place = block.placeAt(n - this.#starts[at], this.#store.seen.view);
    if (Math.abs(this.#guess(block, place) - px) <= 0.5) return false;
    block.odd ??= new Map();
    block.odd.set(place, { wrapAt: this.#wrapAt, px });
    block.layout = null;
    return true;
  }

  #blockOf(n) {
    let at = lastAtMost(this.#starts, n);
    while (at + 1 < this.#starts.length - 1 && this.#starts[at + 1] <= n) at += 1;
    return Math.min(at, this.#blocks.length - 1);
  }

  #heightOf(at) {
    const size = this.#starts[at + 1] - this.#starts[at];
    return this.#rowsOf(at)?.[size] ?? size * ROW;
  }

  // The tops of a block's rows, and its height at the end; null: all are one ROW high.
  #rowsOf(at) {
    const block = this.#blocks[at];
    if (this.#wrapAt === 0 && block.odd === null) return null;
    if (block.layout?.wrapAt === this.#wrapAt) return block.layout.tops;
    const { view } = this.#store.seen;
    const size = block.count(view);
    const tops = new Float64Array(size + 1);
    for (let n = 0; n < size; n += 1) tops[n + 1] = tops[n] + this.#guess(block, block.placeAt(n, view));
    block.layout = { wrapAt: this.#wrapAt, tops };
    return tops;
  }

  #guess(block, place) {
    const known = block.odd?.get(place);
    if (known?.wrapAt === this.#wrapAt) return known.px;
    if (this.#wrapAt === 0) return ROW;
    return Math.max(1, Math.ceil(Math.min(block.texts[place].length, SHOWN) / this.#wrapAt)) * ROW;
  }
}
