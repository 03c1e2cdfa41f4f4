// The half lines at the ends of the files, one of each at most, until the whole ones come.
// They stand below all other rows, in a block of their own.

import { Chunk } from "./log-chunk.js";

const FIRST_ID = 2 ** 40; // below all others

export class Partials {
  chunk = null; // null: there are none
  #byFile = new Map();

  set(file, partial) {
    this.#byFile.set(file, partial);
  }

  // True if there was one.
  delete(file) {
    return this.#byFile.delete(file);
  }

  clear() {
    this.#byFile.clear();
  }

  // Whether these lines bring the whole of it, or come from another generation.
  isOver(file, source, lines) {
    const partial = this.#byFile.get(file);
    return partial !== undefined && lines.length > 0 && (partial.source !== source || lines.at(-1)[0] >= partial.offset);
  }

  // weigh(text): the flags of a row.
  draw(weigh) {
    this.chunk = null;
    for (const { source, offset, text } of this.#byFile.values()) {
      this.chunk ??= Object.assign(new Chunk(FIRST_ID), { isPartial: true });
      this.chunk.push(text, source, offset, NaN, weigh(text));
    }
  }
}
