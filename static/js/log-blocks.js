// The LogStore's rows in blocks (log-chunk.js), in order: at the end, at the front and in
// between rows come and go, each with its id. Ids ascend, 1 apart at both ends, a tiny step
// where something was put in between. Knows nothing of readers but which rows wait for the
// end of a pause, because these are in blocks of their own.

import { Chunk, NOTICE, ROW_BYTES, ROWS, TRACE } from "./log-chunk.js";
import { chunkAt } from "./log-find.js";

const STEP = 2 ** -20; // between rows that were put in: a million have room between two

export class Blocks {
  list = [];
  lines = 0;
  bytes = 0;
  #next = 0;
  #heldFrom = null; // rows from this id on wait

  get isHolding() {
    return this.#heldFrom !== null;
  }

  hold() {
    this.#heldFrom = this.#next;
  }

  release() {
    this.#heldFrom = null;
  }

  isHeld(chunk) {
    return this.#heldFrom !== null && chunk.step === 1 && chunk.first >= this.#heldFrom;
  }

  // At the end. Returns the block that took it.
  push(text, source, offset, time, flags) {
    const chunk = this.#tail((flags & TRACE) !== 0);
    chunk.push(text, source, offset, time, flags);
    this.#next += 1;
    this.lines += 1;
    this.bytes += text.length + ROW_BYTES;
    return chunk;
  }

  // Returns its id.
  pushNotice(notice, source) {
    this.#tail(false).pushNotice(notice, source);
    this.#next += 1;
    this.recount();
    return this.#next - 1;
  }

  // The last row, if it is a line, does not wait and is wanted(time); taken away. null: it is not.
  pop(wanted) {
    const chunk = this.list.at(-1);
    const at = (chunk?.length ?? 0) - 1;
    if (at < 0 || chunk.step !== 1 || this.isHeld(chunk) || (chunk.flags[at] & NOTICE) !== 0 || !wanted(chunk.times[at])) return null;
    const row = chunk.pop();
    this.#next = chunk.end;
    if (chunk.length === 0) this.list.pop();
    return row;
  }

  // rows: { text, source, offset, time, flags }. Returns the new blocks.
  unshift(rows) {
    const chunks = filled(rows, 0, 1);
    const first = Math.floor(this.list[0]?.first ?? this.#next) - rows.length;
    for (const chunk of chunks) chunk.first += first;
    this.list.unshift(...chunks);
    this.recount();
    return chunks;
  }

  unshiftNotice(notice, source) {
    const chunk = new Chunk((this.list[0]?.first ?? this.#next) - 1);
    chunk.pushNotice(notice, source);
    this.list.unshift(chunk);
    this.recount();
  }

  // Before the row with this id, which stays. Returns the new blocks.
  insert(id, rows) {
    const at = chunkAt(this.list, id);
    const old = this.list[at];
    const place = old.placeOf(id);
    const above = this.list[at - 1];
    const before = place > 0 ? old.id(place - 1) : above ? above.id(above.length - 1) : id - 1;
    const pieces = filled(rows, before + STEP, STEP);
    if (place > 0) this.list.splice(at + 1, 0, old.split(place));
    this.list.splice(place > 0 ? at + 1 : at, 0, ...pieces);
    this.recount();
    return pieces;
  }

  // Another notice in the place of one; null takes the row away.
  changeNotice(id, notice) {
    const at = chunkAt(this.list, id);
    const chunk = this.list[at];
    const place = chunk?.placeOf(id);
    if (!chunk?.notices?.has(place)) return;
    if (notice) {
      chunk.notices.set(place, notice);
      chunk.changed();
    } else {
      const rest = place + 1 < chunk.length ? [chunk.split(place + 1)] : [];
      chunk.pop();
      this.list.splice(at, 1, ...(chunk.length > 0 ? [chunk] : []), ...rest);
    }
    this.recount();
  }

  // Where the row is: { chunk, place }, or null.
  find(id) {
    const chunk = this.list[chunkAt(this.list, id)];
    const place = chunk?.placeOf(id) ?? 0;
    return chunk && place < chunk.length && Math.abs(chunk.id(place) - id) < STEP / 2 ? { chunk, place } : null;
  }

  // Only these.
  keep(list) {
    this.list = list;
    this.recount();
  }

  recount() {
    this.lines = this.bytes = 0;
    for (const chunk of this.list) {
      this.lines += chunk.lines;
      this.bytes += chunk.bytes;
    }
  }

  // The block that takes the next row. A stack trace stays in one, so that it can be folded.
  #tail(isTrace) {
    const last = this.list.at(-1);
    const isBegun = last?.step === 1 && last.end === this.#next && this.isHeld(last) === this.isHolding;
    if (isBegun && !isFull(last, isTrace)) return last;
    this.#next = Math.ceil(this.#next); // ids at the end begin with a whole number
    const chunk = new Chunk(this.#next);
    this.list.push(chunk);
    return chunk;
  }
}

const isFull = (chunk, isTrace) => chunk.length >= 2 * ROWS || (chunk.length >= ROWS && !isTrace);

// Blocks of these rows, with ids from `first` on.
function filled(rows, first, step) {
  const chunks = [];
  let chunk = null;
  for (const { text, source, offset, time, flags } of rows) {
    if (chunk === null || isFull(chunk, (flags & TRACE) !== 0)) {
      chunk = new Chunk(chunk ? chunk.end : first, step);
      chunks.push(chunk);
    }
    chunk.push(text, source, offset, time, flags);
  }
  return chunks;
}
