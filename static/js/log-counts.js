// How many lines of each level the store has, of those that the filter lets through: the
// numbers on the page's chips. A stack trace is one with the line above it.

import { isCounted, levelName } from "./log-chunk.js";
import { LEVELS } from "./log-levels.js";

export class LevelCounts {
  byLevel = fresh();

  add(flags) {
    this.#move(flags, 1);
  }

  remove(flags) {
    this.#move(flags, -1);
  }

  // Anew, of all these.
  recount(chunks) {
    this.byLevel = fresh();
    for (const { flags } of chunks) for (const one of flags) this.add(one);
  }

  #move(flags, by) {
    const level = isCounted(flags) ? levelName(flags) : null; // a notice has none
    if (level) this.byLevel[level] += by;
  }
}

const fresh = () => Object.fromEntries(LEVELS.map((level) => [level, 0]));
