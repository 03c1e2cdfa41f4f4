// Lines over time by level, counted while they come and go: what the strip of bars shows.
// A line counts at its own time, at that of the line it belongs to, or when it came; a stack
// trace is one with the line above it; lines whose time nobody knows do not count. Bars get wider when there are too many.

import { isCounted, LEVEL, NOTICE, TIMED } from "./log-chunk.js";

// Each a multiple of the one before, so that what was counted in narrow bars is right in wide ones; then double.
const STEPS = [1, 2, 10, 30, 60, 300, 600, 1800, 3600, 7200, 14_400, 43_200, 86_400].map((seconds) => seconds * 1000);
const MOST = 120;
// The first three bits of a line's flags: 0 none, 1 error, 2 warn, 3 info, 4 debug.
const PLACE = [4, 0, 1, 2, 3];

export class Buckets {
  #counts = new Map(); // number of the bar -> [error, warn, info, debug, other]
  #step = STEPS[0];
  #timed = 0;          // lines with a time of their own

  add(chunk, from = 0) {
    this.#each(chunk, from, 1);
  }

  remove(chunk) {
    this.#each(chunk, 0, -1);
  }

  // Anew, of all these.
  recount(chunks) {
    this.#counts.clear();
    this.#step = STEPS[0];
    this.#timed = 0;
    for (const chunk of chunks) this.add(chunk);
  }

  // { from, step, counts, kind }, or null.
  get value() {
    if (this.#counts.size < 2) return null;
    this.#widen();
    const numbers = [...this.#counts.keys()];
    const first = Math.min(...numbers);
    const last = Math.max(...numbers);
    const counts = Array.from({ length: last - first + 1 }, (_, at) => this.#counts.get(first + at) ?? [0, 0, 0, 0, 0]);
    return { from: first * this.#step, step: this.#step, counts, kind: this.#timed > 0 ? "parsed" : "arrival" };
  }

  #each(chunk, from, sign) {
    for (let at = from; at < chunk.length; at += 1) {
      const flags = chunk.flags[at];
      const time = chunk.times[at];
      if ((flags & NOTICE) !== 0 || !isCounted(flags) || Number.isNaN(time)) continue;
      if ((flags & TIMED) !== 0) this.#timed += sign;
      const number = Math.floor(time / this.#step);
      const bar = this.#counts.get(number) ?? [0, 0, 0, 0, 0];
      bar[PLACE[flags & LEVEL]] += sign;
      if (sign < 0 && bar.every((count) => count <= 0)) this.#counts.delete(number);
      else this.#counts.set(number, bar);
    }
    if (this.#counts.size > 4 * MOST) this.#widen();
  }

  #widen() {
    let [first, last] = [Infinity, -Infinity];
    for (const number of this.#counts.keys()) {
      first = Math.min(first, number);
      last = Math.max(last, number);
    }
    const span = (last - first + 1) * this.#step;
    let wanted = STEPS.find((step) => span / step < MOST) ?? STEPS.at(-1);
    while (span / wanted >= MOST) wanted *= 2;
    if (wanted <= this.#step) return;
    const counts = new Map();
    for (const [number, bar] of this.#counts) {
      const wider = Math.floor((number * this.#step) / wanted);
      const sum = counts.get(wider) ?? [0, 0, 0, 0, 0];
      counts.set(wider, sum.map((count, place) => count + bar[place]));
    }
    this.#counts = counts;
    this.#step = wanted;
  }
}
