// What a file that was rotated away is called now, for the row that says so: the server is
// asked when such a row is drawn, once, and again after the list of files has changed.
//
// The file before the new one need not be the one that ended: that may have been deleted, and
// a stranger stand there. Generations have several names, so they can't be compared; but only
// of what is among the rotated files the server says what follows it.

import { ApiError } from "./log-api.js";

const GONE = 410;

export class OldNames {
  #names = new Map();   // generation that ended -> name; null: it is not among the rotated files
  #asked = new Set();

  // onChange(): a name is known now.
  constructor({ api, onChange }) {
    Object.assign(this, { api, onChange });
  }

  // notice: { file, generation, ended } of a rotation. The name; null: it is not among the rotated files;
  // undefined: nobody has told.
  of({ file, generation, ended }) {
    if (!this.#asked.has(ended)) {
      this.#asked.add(ended);
      this.#ask(file, generation, ended);
    }
    return this.#names.get(ended);
  }

  forget() {
    this.#asked.clear(); // what was told holds until there is another answer
  }

  async #ask(file, generation, ended) {
    try {
      const { newer } = await this.api.lines(file, { generation: ended, tail: 0 });
      this.#names.set(ended, newer ? await this.#before(file, generation, this.#names.get(ended)) : null);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status !== GONE) return; // without an answer the row says it without the name
      this.#names.set(ended, null);
    }
    this.onChange();
  }

  // The name of what is before a generation. Where that is gone itself, or deleted and still held
  // open by the server, and so beside no other, what was known holds.
  async #before(file, generation, known) {
    try {
      const { older } = await this.api.lines(file, { generation, before: 0, limit: 1 });
      return older?.name ?? known;
    } catch (error) {
      if (error instanceof ApiError && error.status === GONE) return known;
      throw error;
    }
  }
}
