// Requests that are answered once: a promise each, found again by the id. What may
// not get lost is not asked here but put into the outbox.

import { makeId } from "./make-id.js";

// `code` is the server's, or "lost": the connection ended before the answer. `room`: which one
// it was about, by its name.
class Refused extends Error {
  constructor(code, message, room = null) {
    super(message);
    Object.assign(this, { code, room });
  }
}

export class Requests {
  #waiting = new Map();

  constructor({ send, newId = makeId }) {
    Object.assign(this, { send, newId });
  }

  ask(request, id = this.newId()) {
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      if (this.send({ ...request, id })) return;
      this.#waiting.delete(id);
      reject(new Refused("lost", ""));
    });
  }

  // Nobody waits for the answer any more.
  forget(id) {
    this.#waiting.delete(id);
  }

  // Returns whether the message answers something that was asked here.
  answered(message) {
    const waiting = this.#waiting.get(message.id);
    if (!waiting) return false;
    this.#waiting.delete(message.id);
    if (message.type === "error") waiting.reject(new Refused(message.code, message.message, message.room));
    else waiting.resolve(message);
    return true;
  }

  lost() {
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of all) reject(new Refused("lost", ""));
  }
}
