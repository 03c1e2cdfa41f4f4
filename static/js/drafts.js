// What stands in the field of each room and is not sent: { text, reply, editing }. Kept in
// the browser a moment after each change and at once when the page goes, so that it
// survives a reload and a change of rooms. Two tabs in one room: the last writer's is kept.

import * as browserStorage from "./storage.js";

const SOON_MS = 300;

export const emptyDraft = () => ({ text: "", reply: null, editing: null });

const isEmpty = ({ text, reply, editing }) => text === "" && !reply && !editing;

export class Drafts {
  #changed = new Map();
  #timer = null;

  constructor({ space = "", storage = browserStorage, timers = globalThis } = {}) {
    Object.assign(this, { prefix: `draft:${space}:`, storage, timers });
  }

  of(room) {
    const draft = this.#changed.get(room) ?? this.storage.recall(this.prefix + room);
    return typeof draft?.text === "string" ? { ...emptyDraft(), ...draft } : emptyDraft();
  }

  // Rooms that have one.
  rooms() {
    return [...this.storage.recallAll(this.prefix).keys()];
  }

  set(room, draft) {
    this.#changed.set(room, draft);
    this.#timer ??= this.timers.setTimeout(() => this.flush(), SOON_MS);
  }

  // The room has another name. What stands there already stays.
  move(from, to) {
    if (isEmpty(this.of(to))) this.set(to, this.of(from));
    this.set(from, emptyDraft());
  }

  flush() {
    this.timers.clearTimeout(this.#timer);
    this.#timer = null;
    for (const [room, draft] of this.#changed) {
      // What can't be kept stays here, for as long as the page does.
      if (isEmpty(draft)) this.storage.forget(this.prefix + room);
      else if (!this.storage.remember(this.prefix + room, draft)) continue;
      this.#changed.delete(room);
    }
  }

  clear() {
    this.#changed.clear();
    for (const room of this.rooms()) this.storage.forget(this.prefix + room);
  }
}
