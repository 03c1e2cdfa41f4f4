// Which room is open, and where in it one reads; kept in the address, so that a reload,
// a link and the browser's back button lead there. Told by the page what is pressed, and
// by the session when a room is live.

import { addressOf, readAddress } from "./chat-address.js";

export class Navigation {
  // state, made reactive by the page: `open`, a room's name; `missing`: the number of a message
  // that was asked for and is not there.
  constructor({ rooms, session, past, base = "", state, window = globalThis.window }) {
    Object.assign(this, { rooms, session, past, base, state, window });
    this.wanted = null; // { room, at }: goes there as soon as the room is live
  }

  static freshState() {
    return { open: null, missing: null };
  }

  get store() {
    return this.rooms.get(this.state.open);
  }

  start() {
    this.#shown = () => this.#show(readAddress(this.window.location.search));
    this.window.addEventListener("popstate", this.#shown);
    this.#shown();
  }

  stop() {
    this.window.removeEventListener("popstate", this.#shown);
    this.store?.closed();
    this.state.open = null;
  }

  #shown = () => {};

  // A room, at its end or at a message. What was open stands behind the back button.
  open(asked, at = null) {
    const room = this.rooms.nameOf(asked);
    const isSame = room === this.state.open && at === null && !this.store?.past;
    if (!isSame) this.window.history.pushState(null, "", addressOf(this.base, room, at));
    return this.#show({ room, at });
  }

  // The room that was asked for is this one. See ChatSession.
  renamed(from, store) {
    if (this.wanted?.room === from.name) this.wanted = { ...this.wanted, room: store.name };
    if (!from.isOpen) return;
    from.closed();
    store.opened();
    this.state.open = store.name;
    this.window.history.replaceState(null, "", addressOf(this.base, store.name, this.wanted?.at ?? null));
  }

  // The end of the room that is open.
  newest() {
    this.window.history.replaceState(null, "", addressOf(this.base, this.state.open));
    this.wanted = null;
    this.state.missing = null;
    return this.past.newest(this.store);
  }

  // One of the rooms in the order of the list, `step` away from the one that is open.
  step(step) {
    const { listed } = this.rooms;
    const index = listed.findIndex(({ name }) => name === this.state.open);
    const next = listed[(index + step + listed.length) % listed.length];
    if (next && next.name !== this.state.open) this.open(next.name);
  }

  async #show({ room: asked, at }) {
    const room = this.rooms.nameOf(asked);
    this.state.missing = null;
    this.wanted = at === null ? null : { room, at };
    if (room !== this.state.open) {
      this.store?.closed();
      this.rooms.ensure(room).opened();
      this.state.open = room;
    } else if (at === null && this.store.past) this.past.newest(this.store);
    this.session.join(this.store);
    if (this.store.isLive) await this.live(this.store);
  }

  // Its past is complete up to now: fetches what is to be shown of it.
  async live(store) {
    if (!store.isOpen) return;
    const { wanted } = this;
    if (wanted?.room === store.name) {
      this.wanted = null;
      const isThere = await this.past.around(store, wanted.at);
      if (isThere || !store.isOpen) return;
      if (store.isLive) this.state.missing = wanted.at;
      else this.wanted = wanted; // the connection was lost meanwhile
    }
    if (store.window.isEmpty && !store.window.start) await this.past.older(store);
  }
}
