// What one has written and the server has not confirmed: messages, edits, deletions and
// reactions, in the order they were made. Kept in the browser, each under a key of its
// own, so that it survives a reload and tabs do not overwrite each other's; gone when the
// event with its id has come. outbox-sender.js says when what is sent, outbox-tabs.js by
// which tab, outbox-overlay.js how it looks meanwhile. No socket, no markup; whoever makes
// one makes it reactive.
//
// An entry is frozen: { id, order, kind: "send" | "edit" | "delete" | "react", room, epoch, time,
// text, reply, target, emoji, on, status: "pending" | "failed", reason: {code, message} | null,
// sends, isKept }. `epoch` is the store to which the numbers in `target` and `reply` belong.

import { makeId } from "./make-id.js";
import * as browserStorage from "./storage.js";

const REMEMBERED = 1000; // ids that were confirmed, lest a late word from another tab brings one back

// What goes into storage: all that can't be known anew.
const kept = ({ sends, isKept, ...entry }) => entry;

export function requestOf({ kind, id, room, text, reply, target, emoji, on }) {
  switch (kind) {
    case "send": return { type: "send", id, room, message: text, ...(reply && { reply: reply.seq }) };
    case "edit": return { type: "edit", id, room, target, message: text };
    case "delete": return { type: "delete", id, room, target };
    default: return { type: "react", id, room, target, emoji, on };
  }
}

export class Outbox {
  entries = [];
  done = new Set();

  constructor({ space = "", storage = browserStorage, now = Date.now, newId = makeId } = {}) {
    Object.assign(this, { prefix: `outbox:${space}:`, storage, now, newId });
  }

  // Reads what is kept and follows what other tabs do. Returns what ends that.
  start({ onOthers = () => {} } = {}) {
    this.load();
    return this.storage.onChangesElsewhere(this.prefix, (id, value) => {
      if (id === null) this.entries = this.unkept;
      else if (value === null) this.drop(id);
      else if (this.done.has(id)) this.storage.forget(this.prefix + id);
      else if (isEntry(value)) this.put(value, true);
      onOthers();
    });
  }

  load() {
    const stored = this.storage.recallAll(this.prefix);
    this.entries = this.unkept;
    for (const [id, entry] of stored) if (isEntry(entry) && !this.done.has(id)) this.put(entry, true);
  }

  write(fields) {
    const time = this.now();
    const order = Math.max(time * 1000, (this.entries.at(-1)?.order ?? 0) + 1);
    const entry = {
      id: this.newId(), order, time, epoch: null, text: "", reply: null, target: null, emoji: null, on: null,
      ...fields, status: "pending", reason: null,
    };
    this.put({ ...entry, sends: 0 }, this.storage.remember(this.prefix + entry.id, entry));
    return entry.id;
  }

  find(id) {
    return this.entries.find((entry) => entry.id === id);
  }

  ofRoom(room) {
    return this.entries.filter((entry) => entry.room === room);
  }

  // The event is there: it is kept by the server.
  confirmed(id) {
    if (!this.find(id)) return false;
    this.remove(id);
    this.done.add(id);
    if (this.done.size > REMEMBERED) this.done.delete(this.done.values().next().value);
    return true;
  }

  failed(id, reason) {
    this.change(id, { status: "failed", reason });
  }

  // With its id: if the server has it after all, it is not doubled. An id that is
  // somebody else's never goes through.
  retry(id) {
    const entry = this.find(id);
    if (entry?.reason?.code === "id_taken") {
      this.remove(id);
      const { order, time, ...fields } = kept(entry);
      return this.write({ ...fields, id: this.newId() });
    }
    this.change(id, { status: "pending", reason: null });
    return id;
  }

  remove(id) {
    this.drop(id);
    this.storage.forget(this.prefix + id);
  }

  // How often it was given to a connection is this tab's own knowledge.
  handedOver(id) {
    const entry = this.find(id);
    if (entry) this.put({ ...entry, sends: entry.sends + 1 }, entry.isKept);
  }

  change(id, change) {
    const entry = this.find(id);
    if (!entry) return;
    const changed = { ...entry, ...change };
    this.put(changed, this.storage.remember(this.prefix + id, kept(changed)));
  }

  // Lost with the page: the browser could not keep them.
  get unkept() {
    return this.entries.filter(({ isKept }) => !isKept);
  }

  // Whoever leaves leaves nothing behind.
  clear() {
    for (const id of [...this.storage.recallAll(this.prefix).keys()]) this.storage.forget(this.prefix + id);
    this.entries = [];
  }

  // One that was found in storage may have been sent before.
  put(entry, isKept) {
    const sends = entry.sends ?? this.find(entry.id)?.sends ?? 1;
    const others = this.entries.filter(({ id }) => id !== entry.id);
    this.entries = [...others, Object.freeze({ ...entry, sends, isKept })].sort(byOrder);
  }

  drop(id) {
    this.entries = this.entries.filter((entry) => entry.id !== id);
  }
}

const isEntry = (value) => typeof value?.id === "string" && typeof value.room === "string" && typeof value.kind === "string";

const byOrder = (one, other) => one.order - other.order || (one.id < other.id ? -1 : 1);
