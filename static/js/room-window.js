// A part of a room's past without holes: every message with a number from `low` to
// `high` is in it. Pages are put on at both ends, live events at the newer one. Knows
// nothing of why; RoomStore does. Changed in place, for a room may hold thousands.

import { changed, withoutQuoteOf } from "./room-message.js";

export class RoomWindow {
  messages = []; // ascending by seq

  // Nothing is known yet but that the room's newest event is `high`.
  constructor(high = 0) {
    this.high = high;
    this.low = high + 1;
    this.start = high === 0; // nothing is older than `low`
  }

  // A window over a page: messages from both sides of a number, say.
  static of(messages, { high, start }) {
    const window = new RoomWindow(high);
    window.older(messages, start);
    return window;
  }

  get isEmpty() {
    return this.messages.length === 0;
  }

  // Where a message with this number is, or would stand.
  #index(seq) {
    const { messages } = this;
    if (messages.length === 0 || messages.at(-1).seq < seq) return messages.length;
    let from = 0;
    let to = messages.length - 1;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (messages[middle].seq < seq) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  find(seq) {
    const message = this.messages[this.#index(seq)];
    return message?.seq === seq ? message : null;
  }

  // Returns whether it was not there.
  add(message) {
    const index = this.#index(message.seq);
    if (this.messages[index]?.seq === message.seq) return false;
    this.messages.splice(index, 0, message);
    return true;
  }

  // Puts change(message) in the place of the message, if it is there.
  change(seq, change) {
    const index = this.#index(seq);
    if (this.messages[index]?.seq === seq) this.messages[index] = change(this.messages[index]);
  }

  // An edit, a deletion or a reaction.
  apply(event) {
    if (event.target === undefined) return;
    this.change(event.target, (message) => changed(message, event));
    if (event.type === "delete") this.messages = this.messages.map((message) => withoutQuoteOf(message, event.target));
  }

  // A page of what is older than `low`.
  older(messages, start) {
    const fresh = messages.filter(({ seq }) => seq < this.low);
    this.messages.unshift(...fresh);
    this.start = start;
    if (start) this.low = 1;
    else if (fresh.length > 0) this.low = fresh[0].seq;
  }

  // A page of what is newer than `high`; all up to `high` is known then.
  newer(messages, high) {
    this.messages.push(...messages.filter(({ seq }) => seq > this.high));
    this.high = Math.max(this.high, high);
  }

  // Puts another window, that goes on where this one ends, behind it.
  join(other) {
    this.newer(other.messages, other.high);
  }

  // Lets go of what is too much.
  trimOldest(most) {
    const excess = this.messages.length - most;
    if (excess <= 0) return false;
    this.messages.splice(0, excess);
    this.low = this.messages[0].seq;
    this.start = false;
    return true;
  }

  trimNewest(most) {
    if (this.messages.length <= most) return false;
    this.messages.length = most;
    this.high = this.messages.at(-1).seq;
    return true;
  }
}
