// How messages look while something of the outbox is over them: an edit shows its new
// text, a deletion takes the text away, a reaction stands there, all before the server
// has them; and what has no message to stand over: messages that are not sent yet, and
// edits that failed, whose text must not be lost. Pure.

import { reacted } from "./room-message.js";

// An entry that is a message of its own, at the end of the room.
function messageOf(entry, user) {
  return Object.freeze({
    key: entry.id, id: entry.id, seq: null, room: entry.room, time: entry.time, user, text: entry.text,
    status: entry.status, edited: null, deleted: false, reply: entry.reply, mentions: [], reactions: [], entry,
  });
}

function over(message, entry, user) {
  switch (entry.kind) {
    case "edit": return { ...message, text: entry.text, edited: entry.time, status: entry.status, entry };
    case "delete": return { ...message, status: entry.status, deleted: entry.status === "pending", entry };
    default: return entry.status === "pending" ? reacted(message, { emoji: entry.emoji, on: entry.on, user }) : message;
  }
}

export class Overlay {
  #made = new Map(); // entry id -> { message, entry, result }

  // Returns { messages, waiting }: the room's messages with the entries that change them, and
  // the rows that follow at the end. Objects stay the same while nothing of them changes. `epoch`:
  // the store of the messages; numbers of another one mean none of them.
  apply(messages, entries, user, epoch = null) {
    const before = this.#made;
    this.#made = new Map();
    const keep = (entry, message, make) => {
      const made = before.get(entry.id);
      const same = made?.message === message && made.entry === entry && made.user === user;
      const result = same ? made.result : Object.freeze(make());
      this.#made.set(entry.id, { message, entry, user, result });
      return result;
    };
    const changes = byTarget(entries.filter((entry) => entry.kind !== "send" && entry.epoch === epoch));
    const changed = changes.size === 0 ? messages : messages.map((message) => {
      const its = changes.get(message.seq) ?? [];
      changes.delete(message.seq);
      return its.reduce((result, entry) => keep(entry, result, () => over(result, entry, user)), message);
    });
    const isHomeless = (entry) => entry.epoch !== epoch || (changes.get(entry.target) ?? []).includes(entry);
    const waiting = entries.filter((entry) => entry.kind === "send"
      || (entry.kind === "edit" && entry.status === "failed" && isHomeless(entry)));
    return { messages: changed, waiting: waiting.map((entry) => keep(entry, null, () => messageOf(entry, user))) };
  }
}

function byTarget(entries) {
  const found = new Map();
  for (const entry of entries) found.set(entry.target, [...(found.get(entry.target) ?? []), entry]);
  return found;
}
