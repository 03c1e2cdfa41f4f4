// What an event changes in a RoomStore, and what a page of the past is worth that was
// read a moment ago. Pure but for the store they are given.

import { mentionsPerson, messageFrom } from "./room-message.js";
import { RoomWindow } from "./room-window.js";

const CHANGES = 1000; // edits, deletions and reactions are kept for pages that do not know of them

// Returns a message of somebody else.
export function apply(store, event) {
  switch (event.type) {
    case "message": return said(store, event);
    case "edit":
    case "delete":
    case "react":
      change(store, event);
      return null;
    case "topic":
      store.topic = event.topic;
      store.live.add(messageFrom(event));
      return null;
    default: return null; // that somebody came or left is told elsewhere
  }
}

function said(store, event) {
  const message = messageFrom(event);
  store.live.add(message);
  count(store, message);
  return message.deleted || isOwn(store, message) ? null : message;
}

const isOwn = (store, { user }) => user.id === store.me && !user.plain;

// What one writes, one has read, and all before it.
export function count(store, message) {
  if (isOwn(store, message)) Object.assign(store, { read: message.seq, unread: 0, mentions: 0 });
  else if (store.seen) store.read = message.seq;
  else if (message.seq > store.countedTo) {
    store.unread += 1;
    if (mentionsPerson(message.mentions, store.me)) store.mentions += 1;
    drawLine(store, store.unread - 1);
  }
}

// The line stands where one had read everything, until there is more that one has not.
export function drawLine(store, unreadBefore) {
  if (store.isOpen && !store.seen && unreadBefore === 0 && store.unread > 0) store.newAfter = store.read;
}

function change(store, event) {
  store.changes.push(event);
  if (store.changes.length > CHANGES) store.changesFrom = store.changes.shift().seq;
  const target = store.live.find(event.target);
  if (event.type === "delete" && target?.seq > store.read && mentionsPerson(target.mentions, store.me)) {
    store.mentions = Math.max(0, store.mentions - 1);
  }
  store.live.apply(event);
  store.past?.apply(event);
}

// A page answers `as_of` a number: what changed later is applied anew, and what was written later
// comes as an event. null: not all is known that changed.
export function asTheyAre(store, { messages, as_of: asOf }) {
  if (asOf < store.changesFrom) return null;
  const found = RoomWindow.of(messages.map(messageFrom).sort(bySeq), { high: asOf, start: false });
  for (const event of store.changes) if (event.seq > asOf) found.apply(event);
  return found.messages.filter(({ seq }) => seq <= store.position);
}

// Everything up to this number is known with the answer.
export function reach(store, messages, { end, as_of: asOf }, otherwise) {
  return end ? Math.min(asOf, store.position) : messages.at(-1)?.seq ?? otherwise;
}

export const bySeq = (one, other) => one.seq - other.seq;
