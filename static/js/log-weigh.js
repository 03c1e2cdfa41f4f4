// What the LogStore finds out of lines when they come, and anew when the filter changes:
// their flags, each with a view to the line above it in its file (log-look.js), and whether
// the filter lets them through.

import { NOTICE, PASSES } from "./log-chunk.js";
import { Above, lookAt } from "./log-look.js";

export class Weigher {
  isLoose = false;   // lines come without those around them: none goes on from the one above
  #passes = null;    // text -> boolean; null: all
  #above = new Map(); // file -> what its last line was

  // The line that follows in this file goes on from nothing (none given: in all files).
  forget(file) {
    if (file === undefined) this.#above.clear();
    else this.#above.delete(file);
  }

  // The last line of a file, as `look` wants it.
  above(file) {
    if (!this.#above.has(file)) this.#above.set(file, new Above());
    return this.#above.get(file);
  }

  // A line's flags. Its time is in `above` afterwards.
  look(text, above) {
    if (this.isLoose) above.forget();
    return this.weigh(text, lookAt(text, above));
  }

  weigh(text, flags) {
    return this.#passes === null || this.#passes(text) ? flags | PASSES : flags;
  }

  // Lines that follow each other in their files, but nothing that is here, as rows.
  rowsOf(runs) {
    const aboves = new Map();
    return runs.flatMap(({ source, lines }) => {
      if (!aboves.has(source)) aboves.set(source, new Above());
      const above = aboves.get(source);
      return lines.map(([offset, text]) => {
        const flags = this.look(text, above);
        return { text, source, offset, time: above.time, flags };
      });
    });
  }

  // Another filter: test(text) or null.
  setTest(test, chunks) {
    if (this.#passes === test) return;
    this.#passes = test;
    for (const chunk of chunks) {
      for (let at = 0; at < chunk.length; at += 1) {
        if ((chunk.flags[at] & NOTICE) === 0) chunk.flags[at] = this.weigh(chunk.texts[at], chunk.flags[at] & ~PASSES);
      }
    }
  }
}
