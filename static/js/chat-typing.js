// Who writes just now: tells the others, sparingly, that one does, and forgets those of
// whom nothing more is heard.

const TELL_MS = 2500;  // the server takes one in 2 seconds
const FADE_MS = 6000;
const LATE_MS = 1000;  // that somebody writes may be told after what they have written

export class Typing {
  #toldAt = new Map();
  #saidAt = new Map();
  #fading = new Map();

  constructor({ send, now = Date.now, timers = globalThis }) {
    Object.assign(this, { send, now, timers });
  }

  // One has written something into the field of the room.
  wrote(room) {
    if (this.now() - (this.#toldAt.get(room) ?? -TELL_MS) < TELL_MS) return;
    if (this.send({ type: "typing", room })) this.#toldAt.set(room, this.now());
  }

  // It was sent: what is written next is told at once.
  sent(room) {
    this.#toldAt.delete(room);
  }

  // A message of somebody has come: they write no more.
  said(store, user) {
    store.typing = store.typing.filter(({ id }) => id !== user.id);
    this.#saidAt.set(`${store.name} ${user.id}`, this.now());
  }

  heard(store, user) {
    const key = `${store.name} ${user.id}`;
    if (user.id === store.me || this.now() - (this.#saidAt.get(key) ?? -LATE_MS) < LATE_MS) return;
    this.timers.clearTimeout(this.#fading.get(key));
    const others = store.typing.filter(({ id }) => id !== user.id);
    store.typing = others.length < store.typing.length ? store.typing : [...store.typing, user];
    this.#fading.set(key, this.timers.setTimeout(() => {
      this.#fading.delete(key);
      store.typing = store.typing.filter(({ id }) => id !== user.id);
    }, FADE_MS));
  }
}
