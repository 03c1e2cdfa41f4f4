// Tells the server how far one has read, each room at most once in a while; and what it
// could not be told while the connection was lost, later.

const PAUSE_MS = 2000;

export class ReadMarks {
  #told = new Map();
  #timers = new Map();

  constructor({ send, timers = globalThis }) {
    Object.assign(this, { send, timers });
  }

  // The server knows that much.
  known(room, seq) {
    this.#told.set(room, seq);
  }

  // Called whenever a room may have been read further.
  note(store) {
    const { name, read, isLive } = store;
    if (!isLive || read <= (this.#told.get(name) ?? 0) || this.#timers.has(name)) return;
    if (!this.send({ type: "read", room: name, seq: read })) return;
    this.#told.set(name, read);
    this.#timers.set(name, this.timers.setTimeout(() => {
      this.#timers.delete(name);
      this.note(store);
    }, PAUSE_MS));
  }

  stop() {
    for (const timer of this.#timers.values()) this.timers.clearTimeout(timer);
    this.#timers.clear();
    this.#told.clear();
  }
}
