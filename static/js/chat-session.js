// The conversation with the server, chat.v1: who we are, which rooms, from where on;
// then everything that is said goes to the room, the outbox or the request it belongs to.
// Between the connection (which knows no meaning) and the stores (which know no wire).
// No markup.

import { utf8Length } from "./bytes.js";

const PAGE = 50;
export const LEFT = "left"; // no code of the server: one has left the room oneself
const AGAIN_MS = 2000;
const PATIENCE_MS = 8000; // then who waits for a room is told so
const GAPS = 3; // holes in a row before the connection itself is not trusted
const EVENTS = new Set(["message", "edit", "delete", "react", "create", "topic", "enter", "leave"]);

export const isEvent = (message) => EVENTS.has(message.type);

export class ChatSession {
  // sender, marks, typing, requests: what belongs to none of the rooms. onNews(store, message):
  // somebody has just written. onRenamed(from, store): the room is another one than it was called. onLive(store): all of its past has come. onRefused(field,
  // { code, message }): the name or e-mail won't do.
  constructor({
    connection, rooms, sender, marks, typing, requests, state,
    onWelcome, onRefused, onNews = () => {}, onLive = () => {}, onRenamed = () => {}, timers = globalThis,
  }) {
    Object.assign(this, { connection, rooms, sender, marks, typing, requests, state });
    Object.assign(this, { onWelcome, onRefused, onNews, onLive, onRenamed, timers });
    this.person = null;
    this.epoch = null;
    this.gaps = 0;
  }

  // What a page draws, made reactive by it. `you`: null until the first welcome; `listed`: the
  // rooms are known; `trouble`: a refusal that belongs to no message.
  static freshState(limits) {
    return { you: null, listed: false, trouble: null, limits: { ...limits } };
  }

  start(person) {
    this.person = person;
    this.connection.connect();
  }

  stop() {
    this.connection.close();
    this.lost();
    this.person = null;
  }

  send(request) {
    return this.connection.send(request);
  }

  // Wired to the connection by whoever makes both.
  opened() {
    this.send({ type: "hello", username: this.person.username, email: this.person.email });
  }

  lost() {
    this.rooms.lost();
    this.sender.lost();
    this.requests.lost();
  }

  // A harmless request that is always answered, for a connection in doubt.
  probe() {
    const store = [...this.rooms.all.values()].find(({ isLive }) => isLive);
    if (!store) return false;
    this.requests.ask({ type: "history", room: store.name, before: 1, limit: 1 }).catch(() => {});
    return true;
  }

  received(message) {
    if (isEvent(message)) return this.event(message);
    if (message.asked !== undefined && message.room !== undefined) this.renamed(message.asked, message.room);
    const store = message.room === undefined ? null : this.rooms.get(message.room);
    switch (message.type) {
      case "welcome": return this.welcomed(message);
      case "rooms": return this.listed(message.rooms);
      case "room": return this.described(message);
      case "joined": return this.joined(this.rooms.ensure(message.room), message);
      case "caught_up": return store && this.caughtUp(store, message.seq);
      case "presence": return store && present(store, message);
      case "typing": return store && this.typing.heard(store, message.user);
      case "read": return store && this.read(store, message);
      case "error": return this.refused(message, store);
      default: return this.requests.answered(message); // or a newer server says more than we know
    }
  }

  // The length of a request as it goes over the wire.
  excess(request) {
    const bytes = utf8Length(JSON.stringify(request));
    const limit = this.state.limits.message_bytes;
    return bytes > limit ? { bytes, limit } : null;
  }

  welcomed({ epoch, you, limits }) {
    this.epoch = epoch;
    this.gaps = 0;
    this.rooms.setMe(you.id);
    Object.assign(this.state, { you, trouble: null, limits: { ...this.state.limits, ...limits } });
    this.onWelcome(you);
  }

  listed(list) {
    for (const gone of this.rooms.described(list)) if (!gone.isOpen) this.rooms.drop(gone.name);
    for (const room of list) this.marks.known(room.room, room.read ?? 0);
    this.state.listed = true;
    // The one that is looked at is not kept waiting. What waits may be for a room we don't know.
    const open = [...this.rooms.all.values()].filter(({ isOpen, refusal }) => isOpen && refusal?.code !== LEFT);
    const others = [...this.rooms.all.values()].filter(({ isOpen, member }) => member && !isOpen);
    for (const store of [...open, ...others]) this.join(store);
    for (const { room, status } of this.sender.outbox.entries) if (status === "pending") this.join(this.rooms.ensure(room));
  }

  join(store) {
    if (!this.state.listed || store.phase !== "out") return;
    const page = store.isOpen ? PAGE : 0;
    store.refusal = null;
    store.asks(page);
    if (!this.send({ type: "join", room: store.name, resume: store.resume, page })) return store.lost();
    const { joining } = store;
    return this.timers.setTimeout(() => {
      const isWaiting = store.phase === "asked" && store.joining === joining;
      if (isWaiting && !store.window) store.refusal = { code: "no_answer", message: "" };
    }, PATIENCE_MS);
  }

  // Once more, for who does not want to wait for an answer.
  joinAnew(store) {
    store.lost();
    this.join(store);
  }

  // The server keeps the name in another form than it was asked for with. There is one store for
  // the room, under its name; what was meant for the other one is meant for it.
  renamed(asked, name) {
    const from = this.rooms.get(asked);
    const store = this.rooms.renamed(asked, name);
    if (!from || from === store) return;
    for (const { id } of this.sender.outbox.ofRoom(asked)) this.sender.outbox.change(id, { room: name });
    if (store.phase === "out" || store.isLive) store.joining = from.joining;
    if (store.phase === "out") store.phase = from.phase;
    this.onRenamed(from, store);
  }

  // New, or changed, or ours from now on: a direct room that somebody has opened, say.
  described(message) {
    const store = this.rooms.ensure(message.room);
    store.described(message);
    if (message.member === false) this.left(store);
    else if (message.member || (store.kind === "direct" && store.with)) this.join(store);
    this.requests.answered(message);
  }

  // In this tab or another one. What was not sent stays, to be tried again by who comes back.
  left(store) {
    store.lost();
    Object.assign(store, { live: null, past: null, position: null, epoch: null, unread: 0, mentions: 0 });
    if (store.isOpen) store.refusal = { code: LEFT, message: "" };
    for (const { id } of this.sender.outbox.ofRoom(store.name)) this.sender.outbox.failed(id, { code: LEFT, message: "" });
  }

  joined(store, message) {
    this.marks.known(store.name, message.read ?? 0);
    store.refusal = null;
    store.joined(message, this.epoch);
  }

  caughtUp(store, seq) {
    if (store.caughtUp(seq).gap) return this.rejoin(store);
    this.gaps = 0;
    this.marks.note(store);
    this.sender.flush();
    return this.onLive(store);
  }

  event(event) {
    const store = this.rooms.get(event.room);
    if (!store || store.phase === "out" || store.phase === "asked") return;
    const { gap, news } = store.event(event);
    if (gap) {
      // The answer to a request that was sent twice may come before its place in the room has.
      const isCopy = this.sender.outbox.find(event.id)?.sends > 1;
      if (!isCopy) this.rejoin(store);
      return;
    }
    this.sender.confirmed(event.id);
    this.requests.answered(event);
    this.marks.note(store);
    if (event.type === "message") this.typing.said(store, event.user);
    if (news) this.onNews(store, news);
  }

  // Something is missing: everything after the last that is certain, anew.
  rejoin(store) {
    this.gaps += 1;
    store.lost();
    if (this.gaps > GAPS) this.connection.giveUp();
    else this.join(store);
  }

  read(store, message) {
    this.marks.known(store.name, message.read);
    store.readUpTo(message);
  }

  refused(message, store) {
    const { code, id } = message;
    const refusal = { code, message: message.message };
    if (code === "bad_name" || code === "name_taken") this.onRefused("username", refusal);
    else if (code === "bad_email") this.onRefused("email", refusal);
    else if (id !== undefined && (this.requests.answered(message) || this.sender.refused(message))) return;
    else if (store?.phase === "asked" || store?.phase === "catching") this.refusedToJoin(store, message);
    else if (code === "not_joined" && store?.isLive) this.rejoin(store);
    else this.state.trouble = refusal;
  }

  refusedToJoin(store, { code, message }) {
    store.lost();
    if (code === "not_stored") { // just now
      this.timers.setTimeout(() => this.join(store), AGAIN_MS);
      return;
    }
    store.refusal = { code, message };
    if (code !== "unknown_room" && code !== "bad_room") return;
    for (const { id } of this.sender.outbox.ofRoom(store.name)) this.sender.outbox.failed(id, { code, message });
  }
}

function present(store, { joined, left, here }) {
  const changed = new Set([...left, ...joined.map(({ id }) => id)]);
  store.users = [...store.users.filter(({ id }) => !changed.has(id)), ...joined];
  store.here = here;
}
