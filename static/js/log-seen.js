// Which rows of the LogStore are seen, and which stands where among them: hidden levels,
// folded stack traces, and what a pause holds back. Reads the store's blocks, changes none.
// How many rows stand before each block is worked out when somebody asks and something has
// changed.

import { BELONGS, LEVEL, levelBits, levelName, PASSES, TIMED, TRACE, UNFINISHED } from "./log-chunk.js";
import { lastAtMost } from "./log-find.js";

export class Seen {
  view = { hidden: 0, folded: true, open: new Set() }; // bits of levels; open: ids of traces that are unfolded
  #starts = null;

  constructor(sources, rows, partials) {
    Object.assign(this, { sources, rows, partials });
  }

  // hidden: levels; folded: stack traces.
  set({ hidden, folded }) {
    const bits = hidden.reduce((sum, level) => sum | (1 << levelBits(level)), 0);
    this.view = { ...this.view, hidden: bits, folded };
    this.changed();
  }

  toggleTrace(id) {
    const { open } = this.view;
    if (!open.delete(id)) open.add(id);
  }

  // The head of the folded stack trace in which a row is; null: it is in none.
  foldedAbove(chunk, place) {
    if (!this.view.folded) return null;
    let head = place;
    while (head > 0 && (chunk.flags[head] & TRACE) !== 0) head -= 1;
    const id = chunk.id(head);
    return head < place && chunk.traceAt(head) >= place - head && chunk.isFoldable(head) && !this.view.open.has(id) ? id : null;
  }

  // Rows came, went, or have another height.
  changed() {
    this.#starts = null;
  }

  has(flags) {
    return (flags & PASSES) !== 0 && (this.view.hidden & (1 << (flags & LEVEL))) === 0;
  }

  // The blocks whose rows may be seen, and how many rows stand before each; the last number is how many there are.
  get blocks() {
    const { rows, partials } = this;
    if (rows.isHolding) return rows.list.filter((chunk) => !rows.isHeld(chunk));
    return partials.chunk ? [...rows.list, partials.chunk] : rows.list;
  }

  get starts() {
    if (this.#starts === null) {
      this.#starts = [0];
      for (const chunk of this.blocks) this.#starts.push(this.#starts.at(-1) + chunk.count(this.view));
    }
    return this.#starts;
  }

  get count() {
    return this.starts.at(-1);
  }

  // Whether a line is among them.
  get hasLines() {
    return this.count > this.blocks.reduce((sum, chunk) => sum + (chunk.notices?.size ?? 0), 0);
  }

  // The n-th row, as an object to draw; null: there is none.
  rowAt(n) {
    const { blocks, starts } = this;
    if (n < 0 || n >= this.count) return null;
    let at = lastAtMost(starts, n);
    while (starts[at + 1] <= n) at += 1; // blocks of which nothing is seen
    return this.row(blocks[at], blocks[at].placeAt(n - starts[at], this.view));
  }

  // How many stand before this id.
  rankOf(id) {
    const { blocks, starts } = this;
    let at = blocks.length - 1;
    while (at > 0 && blocks[at].first > id) at -= 1;
    return at < 0 ? 0 : starts[at] + blocks[at].rankOf(blocks[at].placeOf(id), this.view);
  }

  // Any row, seen or not.
  row(chunk, place) {
    const flags = chunk.flags[place];
    const source = this.sources[chunk.sources[place]];
    const notice = chunk.notices?.get(place);
    const id = chunk.id(place);
    if (notice) return { id, kind: "notice", notice, source, text: "", level: null };
    const isTrace = this.view.folded && chunk.isFoldable(place);
    const trace = isTrace ? chunk.texts.slice(place + 1, place + 1 + chunk.traceAt(place)) : null;
    return {
      id, kind: chunk.isPartial ? "partial" : "line", text: chunk.texts[place], level: levelName(flags), source,
      offset: chunk.offsets[place], time: chunk.times[place], isTimed: (flags & TIMED) !== 0,
      belongs: (flags & BELONGS) !== 0, isUnfinished: (flags & UNFINISHED) !== 0,
      trace, isOpen: isTrace && this.view.open.has(id),
    };
  }
}
