// The rooms the page knows, each a RoomStore by its name, and the lists of the left
// column. Filled by ChatSession.

import { shallowReactive } from "./html.js";
import { RoomStore } from "./room-store.js";

export const MAIN = "main";

// Nearly as the server compares names; where it is another form than the server's, it tells that
// with its answer (see `renamed`). What can't be a name at all, it refuses.
export const roomName = (text) => text.normalize("NFKC").toLowerCase().trim().replace(/^#/, "");

// "# deploys" is a room, "maya" a direct one.
export const titleOf = (store) => (store.kind === "direct" ? store.with?.name ?? "" : `# ${store.name}`);
// The same within a sentence.
export const labelOf = (store) => (store.kind === "direct" ? store.with?.name ?? "" : `#${store.name}`);

export class Rooms {
  all = shallowReactive(new Map());
  me = null;
  #names = new Map(); // as a room was asked for -> its name

  setMe(id) {
    this.me = id;
    for (const store of this.all.values()) store.me = id;
  }

  // What the room is called that somebody calls so.
  nameOf(asked) {
    return this.#names.get(asked) ?? asked;
  }

  get(name) {
    return this.all.get(name);
  }

  // The room was asked for by another name than it has.
  renamed(asked, name) {
    this.#names.set(asked, name);
    this.all.delete(asked);
    return this.ensure(name);
  }

  ensure(name) {
    if (!this.all.has(name)) this.all.set(name, shallowReactive(new RoomStore(name, this.me)));
    return this.all.get(name);
  }

  // The whole list of the server. Returns the rooms that are not in it (any more).
  described(list) {
    const names = new Set(list.map(({ room }) => room));
    for (const room of list) this.ensure(room.room).described(room);
    return [...this.all.values()].filter(({ name }) => !names.has(name));
  }

  drop(name) {
    this.all.delete(name);
  }

  lost() {
    for (const store of this.all.values()) store.lost();
  }

  // One's rooms: the main one first, the others by name.
  get mine() {
    return this.#sorted(({ kind, member }) => kind === "room" && member, ({ name }) => (name === MAIN ? "" : name));
  }

  get direct() {
    return this.#sorted(({ kind, member }) => kind === "direct" && member, (store) => store.with?.name ?? "");
  }

  // Those one may join.
  get others() {
    return this.#sorted(({ kind, member, seq }) => kind === "room" && !member && seq > 0, ({ name }) => name);
  }

  // As the left column shows them, from top to bottom.
  get listed() {
    return [...this.mine, ...this.direct];
  }

  #sorted(test, nameOf) {
    const { compare } = new Intl.Collator(undefined, { numeric: true });
    return [...this.all.values()].filter(test).sort((one, other) => compare(nameOf(one), nameOf(other)));
  }
}
