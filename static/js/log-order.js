// Lines of the open files on their way into the LogStore. Those of one file go in as they
// come. Of several files the past is gathered first, until all have come so far, and put in
// the order of its times; after that lines go in as they come, or, if the reader wants it
// (`state.order`), among the newest rows by their times.

import { mergeByTime, timesOf } from "./log-merge.js";
import { isSettled } from "./log-track.js";

const GATHER_MS = 500;      // so long nothing came: the past is complete
const ANSWER_MS = 5000;     // so long a file may take whose past has not begun: a slow server, a slow line
const ORDER_ROWS = 2000;    // so far back a late line is put in its order

export class FileOrder {
  #gathered = null; // lists of lines of the past; null: it is in the store
  #timer = null;

  // onChange(): the store has changed by itself.
  constructor({ store, state, now, timers, onChange }) {
    Object.assign(this, { store, state, now, timers, onChange });
  }

  // Whether lines wait.
  get hasGathered() {
    return Boolean(this.#gathered?.length);
  }

  gather() {
    this.#gathered = [];
    this.#wait(ANSWER_MS);
  }

  // lists: [{ source, track, lines }, ...] in the order in which they came.
  put(lists) {
    if (lists.length === 0) return;
    if (this.#gathered) {
      this.#gathered.push(...lists);
      return;
    }
    const isOrdered = this.state.order === "time" && this.state.tracks.length > 1;
    const arrivals = new Map(lists.map(({ source, track }) => [source, track.liveFrom]));
    for (const { source, lines } of isOrdered ? this.#amongNewest(lists) : lists) this.#append(source, lines, arrivals.get(source) ?? 0);
  }

  // More has come: is it all?
  look() {
    if (!this.#gathered) return;
    if (this.state.tracks.every(isSettled)) this.putGathered();
    else this.#wait(this.state.tracks.every(({ told, phase }) => told || phase === "refused") ? GATHER_MS : ANSWER_MS);
  }

  putGathered() {
    const lists = this.#gathered;
    this.end();
    if (!lists) return;
    for (const { source, lines } of mergeByTime(withTimes(lists))) this.#append(source, lines, Infinity);
    this.onChange();
  }

  // What waits is not wanted any more.
  end() {
    this.timers.clearTimeout(this.#timer);
    this.#gathered = null;
  }

  #wait(most) {
    this.timers.clearTimeout(this.#timer);
    this.#timer = this.timers.setTimeout(() => this.putGathered(), most);
  }

  // liveFrom: lines that begin there or later come just now.
  #append(source, lines, liveFrom) {
    const now = this.now();
    this.store.append(source, lines, (offset) => (offset >= liveFrom ? now : NaN));
  }

  // With them, the newest rows that are later than the earliest of them are put in order again.
  #amongNewest(lists) {
    const earliest = Math.min(...withTimes(lists).map(({ times }) => times[0]).filter((time) => !Number.isNaN(time)));
    const taken = this.store.takeTail(ORDER_ROWS, (time) => time > earliest).reverse();
    const old = taken.map(({ source, offset, text }) => ({ source, lines: [[offset, text]] }));
    return mergeByTime(withTimes([...old, ...lists]));
  }
}

const withTimes = (lists) => joined(lists).map((list) => ({ ...list, times: timesOf(list.lines) }));

// Lists of the same source as one, in the order in which they came.
function joined(lists) {
  const bySource = new Map();
  for (const { source, lines } of lists) {
    if (!bySource.has(source)) bySource.set(source, { source, lines: [] });
    const all = bySource.get(source).lines;
    for (const line of lines) all.push(line);
  }
  return [...bySource.values()];
}
