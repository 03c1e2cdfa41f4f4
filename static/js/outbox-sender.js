// When what of the outbox is sent: in order, once a connection, as soon as its room is
// live; again with the same ids after a loss, for "send again when in doubt" is the rule
// of chat.v1. When the server can't keep things just now, everything waits and is sent
// again in order, after a growing wait. Other refusals end an entry, with its text kept.

import { requestOf } from "./outbox.js";

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;
const SEEK_MS = 30_000; // how often one looks for what a tab left behind that ended without a word

export class Sender {
  #handed = new Set(); // given to this connection
  #wait = 0;
  #timer = null;
  #seeking = null;

  // send(request): whether it went out. excess(request): too long for the server? rooms():
  // the rooms that are live, as { name, epoch }. onTrouble({ code, message }), null when it is over.
  constructor({ outbox, tabs, send, excess, rooms, onTrouble, timers = globalThis }) {
    Object.assign(this, { outbox, tabs, send, excess, rooms, onTrouble, timers });
  }

  start() {
    this.#stopFollowing = this.outbox.start({ onOthers: () => this.flush() });
    this.seek();
    this.tabs.onLeft = () => this.seek();
    this.#seeking = this.timers.setInterval(() => this.seek(), SEEK_MS);
  }

  // The page goes, for now or for ever.
  pageHidden() {
    this.tabs.release();
  }

  stop() {
    this.pageHidden();
    this.#stopFollowing();
    this.timers.clearInterval(this.#seeking);
    this.lost();
    this.tabs.close();
  }

  #stopFollowing = () => {};

  // Entries that no tab has in hand become ours.
  seek() {
    this.tabs.seek(this.outbox.entries.map(({ id }) => id), () => this.flush());
  }

  // Back from the browser's cache: what was ours may have been sent and confirmed elsewhere.
  wokenUp() {
    this.tabs.forgetAll();
    this.outbox.load();
    for (const { id, isKept } of this.outbox.entries) if (!isKept) this.tabs.claim(id);
    this.seek();
  }

  write(fields) {
    const id = this.outbox.write(fields);
    this.tabs.claim(id);
    this.flush();
    return id;
  }

  retry(id) {
    this.#handed.delete(id);
    this.tabs.claim(this.outbox.retry(id));
    this.flush();
  }

  flush() {
    if (this.#timer !== null) return;
    const live = new Map(this.rooms().map(({ name, epoch }) => [name, epoch]));
    for (const entry of this.outbox.entries) {
      const isDue = entry.status === "pending" && live.has(entry.room) && this.tabs.isMine(entry.id) && !this.#handed.has(entry.id);
      if (isDue) this.#hand(entry, live.get(entry.room));
    }
  }

  // The numbers of another store would lead to other messages.
  #hand(entry, epoch) {
    if (entry.epoch !== null && entry.epoch !== epoch) {
      if (entry.kind === "edit") return this.outbox.failed(entry.id, { code: "other_store", message: "" });
      if (entry.kind !== "send") return this.outbox.remove(entry.id);
      this.outbox.change(entry.id, { reply: null, epoch: null });
    }
    const request = requestOf(this.outbox.find(entry.id));
    // A server may have come back with a smaller limit; it would end the connection over such
    // a message, each time anew.
    if (this.excess(request)) return this.outbox.failed(entry.id, { code: "too_long", message: "" });
    this.#handed.add(entry.id);
    this.outbox.handedOver(entry.id);
    if (!this.send(request)) this.#handed.delete(entry.id);
  }

  confirmed(id) {
    if (!this.outbox.confirmed(id)) return;
    this.#handed.delete(id);
    this.#wait = 0;
    this.onTrouble(null);
  }

  // Returns whether the refused one is of the outbox.
  refused({ id, code, message }) {
    const entry = this.outbox.find(id);
    if (!entry) return false;
    if (code === "not_stored") this.#holdBack({ code, message });
    else if (code === "not_joined" || code === "hello_first") this.#handed.delete(id); // with the next joining
    else if (entry.kind === "react") { // too small a thing for a row of its own
      this.outbox.remove(id);
      this.onTrouble({ code, message });
    } else this.outbox.failed(id, { code, message });
    return true;
  }

  #holdBack(refusal) {
    this.onTrouble(refusal);
    if (this.#timer !== null) return; // another one of the same attempt
    this.#wait = Math.min(LONGEST_WAIT_MS, this.#wait * 2 || FIRST_WAIT_MS);
    this.#timer = this.timers.setTimeout(() => {
      this.#timer = null;
      this.#handed.clear();
      this.flush();
    }, this.#wait);
  }

  lost() {
    this.timers.clearTimeout(this.#timer);
    this.#timer = null;
    this.#handed.clear();
  }
}
