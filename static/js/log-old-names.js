// What a file that was rotated away is called now, for the row that says so: the server is
// asked when such a row is drawn, once, and again after the list of files has changed.

import { ApiError } from "./log-api.js";

export class OldNames {
  #names = new Map(); // generation that ended -> name; null: asked, and not known

  // onChange(): a name is known now.
  constructor({ api, onChange }) {
    Object.assign(this, { api, onChange });
  }

  // notice: { file, generation, ended } of a rotation. The name, or null.
  of({ file, generation, ended }) {
    if (!this.#names.has(ended)) {
      this.#names.set(ended, null);
      this.#ask(file, generation, ended);
    }
    return this.#names.get(ended);
  }

  forget() {
    this.#names.clear();
  }

  async #ask(file, generation, ended) {
    try {
      const { older } = await this.api.lines(file, { generation, before: 0, limit: 1 });
      this.#names.set(ended, older?.name ?? null);
      this.onChange();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error; // without an answer the row says it without the name
    }
  }
}
