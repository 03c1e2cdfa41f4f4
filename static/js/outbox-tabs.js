// Which tab sends an entry of the outbox: the one in which it was written, and when
// that is gone (closed, reloaded, frozen), one that finds it. A tab asks the others
// before it takes one over; who has it in hand answers. When two ask for the same at
// once, the one with the smaller name takes it. Should two send one all the same, the
// server keeps it once.
//
// A BroadcastChannel, for Web Locks exist only on https and localhost.

import { makeId } from "./make-id.js";

const ANSWER_MS = 400; // how long the others have to answer

function browserChannel(name) {
  return globalThis.BroadcastChannel ? new BroadcastChannel(name) : null;
}

export class OutboxTabs {
  onLeft = () => {}; // another tab has gone
  #mine = new Set();
  #asked = new Set();

  constructor({ space = "", channel = browserChannel(`chatapp.outbox:${space}`), later = (action, ms) => setTimeout(action, ms), tab = makeId() }) {
    Object.assign(this, { channel, later, tab });
    if (channel) channel.onmessage = ({ data }) => this.#heard(data);
  }

  isMine(id) {
    return this.#mine.has(id);
  }

  claim(id) {
    this.#mine.add(id);
  }

  // Asks for those that are not ours. `onTaken` is called if any of them is ours then.
  seek(ids, onTaken) {
    const wanted = ids.filter((id) => !this.#mine.has(id) && !this.#asked.has(id));
    if (wanted.length === 0) return;
    for (const id of wanted) this.#asked.add(id);
    this.channel?.postMessage({ ask: wanted, tab: this.tab });
    this.later(() => {
      const taken = wanted.filter((id) => this.#asked.delete(id));
      for (const id of taken) this.#mine.add(id);
      if (taken.length > 0) onTaken();
    }, ANSWER_MS);
  }

  // This tab goes: others may look at once for what it leaves.
  release() {
    if (this.#mine.size === 0) return;
    this.forgetAll();
    this.channel?.postMessage({ left: true, tab: this.tab });
  }

  // Back from a sleep in which we could not answer: others may have taken what was ours.
  forgetAll() {
    this.#mine.clear();
    this.#asked.clear();
  }

  close() {
    this.forgetAll();
    this.channel?.close();
  }

  #heard({ ask = [], held = [], left = false, tab }) {
    if (left) this.onLeft();
    for (const id of held) this.#asked.delete(id);
    if (tab < this.tab) for (const id of ask) this.#asked.delete(id);
    const ours = ask.filter((id) => this.#mine.has(id) || this.#asked.has(id));
    if (ours.length > 0) this.channel.postMessage({ held: ours, tab: this.tab });
  }
}
