// Messages as the page has them, made of what the server tells: frozen, and replaced
// where something changes, never changed themselves, so that a row is redrawn exactly
// when its object is another one. Pure.
//
//   { key, id, seq, room, time (ms), user: {id, name, avatar, plain?}, text,
//     status: "sent" | "pending" | "failed", edited (ms | null), deleted, reply: {seq, name, message} | null,
//     mentions: [{id, name}], reactions: [{emoji, users: [{id, name}]}] }
//
// What the room says of itself (a new topic) is one of them too, with `system`: { topic }.
// One that has an entry of the outbox over it, not confirmed yet, has `entry`: see outbox-overlay.js.

const NOBODY = Object.freeze([]);

export function messageFrom(event) {
  return Object.freeze({
    key: event.id,
    id: event.id,
    seq: event.seq,
    room: event.room,
    time: Date.parse(event.time),
    user: event.user,
    text: event.message ?? "",
    status: "sent",
    edited: event.edited ? Date.parse(event.edited) : null,
    deleted: Boolean(event.deleted),
    reply: event.reply ?? null,
    mentions: event.mentions ?? NOBODY,
    reactions: event.reactions ?? NOBODY,
    ...(event.type === "topic" && { system: { topic: event.topic } }),
  });
}

// The message after an edit, a deletion or a reaction; the same object if nothing
// is different then. Applying one twice is applying it once.
export function changed(message, event) {
  switch (event.type) {
    case "edit": return message.deleted ? message : Object.freeze({
      ...message, text: event.message, mentions: event.mentions ?? NOBODY, edited: Date.parse(event.time),
    });
    case "delete": return message.deleted ? message : Object.freeze({
      ...message, text: "", deleted: true, reply: null, mentions: NOBODY, reactions: NOBODY,
    });
    case "react": return message.deleted ? message : reacted(message, event);
    default: return message;
  }
}

export function reacted(message, { emoji, on, user }) {
  const there = message.reactions.find((reaction) => reaction.emoji === emoji);
  const isOn = there?.users.some(({ id }) => id === user.id) ?? false;
  if (isOn === on) return message;
  const { id, name } = user;
  const users = on ? [...(there?.users ?? []), { id, name }] : there.users.filter((other) => other.id !== id);
  const with_ = Object.freeze({ emoji, users: Object.freeze(users) });
  const reactions = there
    ? message.reactions.map((reaction) => (reaction === there ? with_ : reaction)).filter((reaction) => reaction.users.length > 0)
    : [...message.reactions, with_];
  return Object.freeze({ ...message, reactions: Object.freeze(reactions) });
}

// What was answered is gone: its beginning may not stay in the quotes.
export function withoutQuoteOf(message, seq) {
  if (message.reply?.seq !== seq || message.reply.message === "") return message;
  return Object.freeze({ ...message, reply: Object.freeze({ ...message.reply, message: "" }) });
}

export const mentionsPerson = (mentions, id) => mentions.some((mention) => mention.id === id || mention.id === "*");
