// The conversation with the server, chat.v1: who we are, which room, from where;
// then what was written, in order. Between the connection (which knows no meaning)
// and the store (which knows no wire). No markup.

import { utf8Length } from "./bytes.js";

const ROOM = "main";
const LONGEST_ID = "0".repeat(32); // as long as makeId() makes them
const SETTLE_MS = 2000; // a page of history that has not filled by now will not

export function sendMessage(id, text) {
  return { type: "send", id, room: ROOM, message: text };
}

// crypto.randomUUID exists only on https and localhost; a server at home has neither.
export function makeId(random = (bytes) => crypto.getRandomValues(bytes)) {
  return Array.from(random(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class ChatSession {
  constructor({
    connection, store, state, onWelcome, onRefused,
    now = Date.now, newId = makeId, later = (action, ms) => setTimeout(action, ms),
  }) {
    Object.assign(this, { connection, store, state, onWelcome, onRefused, now, newId, later });
    this.person = null;
    this.epoch = null;
  }

  // What a page draws, made reactive by it: `joined` while messages go straight
  // out, `trouble` a sentence of the server that belongs to no message.
  static freshState(limits) {
    return { room: ROOM, joined: false, trouble: "", limits: { ...limits } };
  }

  start(person) {
    this.person = person;
    this.connection.connect();
  }

  stop() {
    this.connection.close();
    this.state.joined = false;
    this.person = null;
  }

  // Wired to the connection by whoever makes both.
  opened() {
    this.connection.send({ type: "hello", username: this.person.username, email: this.person.email });
  }

  lost() {
    this.state.joined = false;
  }

  received(message) {
    switch (message.type) {
      case "welcome": return this.welcomed(message);
      case "joined": return this.joined(message);
      case "message": return message.room === ROOM ? this.store.received(message) : undefined;
      case "error": return this.refused(message);
      default: return undefined; // a newer server says more than we know
    }
  }

  // Too long for the server? Counted as it goes over the wire.
  excess(text, id = LONGEST_ID) {
    const bytes = utf8Length(JSON.stringify(sendMessage(id, text)));
    const limit = this.state.limits.message_bytes;
    return bytes > limit ? { bytes, limit } : null;
  }

  write(text) {
    const id = this.newId();
    this.store.add({ id, text, time: this.now(), user: { id: this.store.userId, name: this.person.username, avatar: this.person.avatar } });
    this.flush();
  }

  retry(id) {
    this.store.retry(id);
    this.flush(id);
  }

  welcomed({ epoch, you, limits }) {
    this.epoch = epoch;
    this.store.userId = you.id;
    this.person = { ...this.person, avatar: you.avatar };
    this.state.limits = { ...this.state.limits, ...limits };
    this.state.trouble = "";
    this.onWelcome(you);
    this.connection.send({ type: "join", room: ROOM, resume: this.store.resume });
  }

  joined(message) {
    if (message.room !== ROOM) return;
    this.store.joined(message, this.epoch);
    this.later(() => this.store.settled(), SETTLE_MS);
    this.state.joined = true;
    // What waited goes out again with its ids, in the order it was written. Some
    // of it may have arrived before the loss: the server knows it by the id.
    for (const { id, text } of this.store.pending) this.hand(id, text);
  }

  refused({ code, message, id }) {
    if (code === "bad_name") this.onRefused("username", message);
    else if (code === "bad_email") this.onRefused("email", message);
    else if (id) this.store.failed(id, { code, message });
    else this.state.trouble = message;
  }

  // Sends what has not been given to this connection yet.
  flush(again = null) {
    if (!this.state.joined) return;
    for (const { id, text, sends } of this.store.pending) {
      if (sends === 0 || id === again) this.hand(id, text);
    }
  }

  // A server may have come back with a smaller limit; it would end the connection
  // over such a message, each time anew.
  hand(id, text) {
    if (this.excess(text, id)) {
      this.store.failed(id, { code: "too_long", message: "" });
      return;
    }
    if (this.connection.send(sendMessage(id, text))) this.store.handedOver(id);
  }
}
