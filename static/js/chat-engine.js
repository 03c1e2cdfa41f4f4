// Everything the chat page has but its markup: makes the connection, the rooms, the outbox
// and what stands between them, and is what the components ask to do things. One for each
// time somebody joins. The way of a message: ChatEngine.write -> Sender (Outbox) ->
// ChatSession -> Connection -> server -> Connection -> ChatSession -> RoomStore -> MessageList.

import { Navigation } from "./chat-navigation.js";
import { ReadMarks } from "./chat-marks.js";
import { Past } from "./chat-past.js";
import { Requests } from "./chat-requests.js";
import { freshSearch, Search } from "./chat-search.js";
import { ChatSession, isEvent } from "./chat-session.js";
import { Typing } from "./chat-typing.js";
import { Drafts } from "./drafts.js";
import { reactive, shallowReactive } from "./html.js";
import { makeId } from "./make-id.js";
import { Outbox, requestOf } from "./outbox.js";
import { Sender } from "./outbox-sender.js";
import { OutboxTabs } from "./outbox-tabs.js";
import { PerFrame } from "./per-frame.js";
import { Rooms } from "./rooms.js";

const LONGEST_ID = "0".repeat(32); // as long as makeId() makes them

export class ChatEngine {
  // connect(handlers) makes the Connection. onWelcome, onRefused, onNews: see ChatSession. The rest
  // is the browser's, unless a test has its own.
  constructor({
    connect, base = "", limits, person, onWelcome = () => {}, onRefused = () => {}, onNews = () => {},
    storage, channel, timers = globalThis, now = Date.now, newId = makeId, window = globalThis.window, soon,
  }) {
    this.person = person;
    this.nobody = Object.freeze({ id: null, name: person.username, avatar: person.avatar });
    this.newId = newId;
    this.state = reactive(ChatSession.freshState(limits));
    this.place = reactive(Navigation.freshState());
    this.search = reactive(freshSearch());
    this.rooms = new Rooms();
    this.outbox = shallowReactive(new Outbox({ space: base, storage, now, newId }));
    this.drafts = new Drafts({ space: base, storage, timers });

    // A burst of events costs one drawing a frame, not one each.
    this.arriving = new PerFrame((events) => { for (const event of events) this.received(event); }, soon);
    this.connection = connect({
      onOpen: () => this.session.opened(),
      onMessage: (message) => {
        if (isEvent(message)) return this.arriving.push(message);
        this.arriving.flush(); // what was said first counts first
        return this.received(message);
      },
      onState: ({ phase }) => { if (phase !== "connected") this.lost(); },
      probe: () => this.session.probe(),
    });

    const send = (request) => this.connection.send(request);
    this.requests = new Requests({ send, newId });
    this.typing = new Typing({ send, now, timers });
    this.marks = new ReadMarks({ send, timers });
    this.past = new Past({ ask: (request) => this.requests.ask(request), timers });
    this.finder = new Search({ requests: this.requests, search: this.search, newId });
    this.sender = new Sender({
      outbox: this.outbox, tabs: new OutboxTabs({ space: base, channel, later: (action, ms) => timers.setTimeout(action, ms) }),
      send, timers, excess: (request) => this.session.excess(request),
      rooms: () => [...this.rooms.all.values()].filter(({ isLive }) => isLive),
      onTrouble: (refusal) => { this.state.trouble = refusal; },
    });
    this.session = new ChatSession({
      connection: this.connection, rooms: this.rooms, sender: this.sender, marks: this.marks, typing: this.typing,
      requests: this.requests, state: this.state, timers, onWelcome, onRefused, onNews,
      onLive: (store) => this.navigation.live(store),
      onRenamed: (from, store) => {
        this.drafts.move(from.name, store.name);
        this.navigation.renamed(from, store);
      },
    });
    this.navigation = new Navigation({ rooms: this.rooms, session: this.session, past: this.past, base, state: this.place, window });
  }

  start() {
    this.sender.start();
    this.session.start(this.person);
    this.navigation.start();
  }

  stop() {
    this.arriving.drop();
    this.drafts.flush();
    this.navigation.stop();
    this.session.stop();
    this.sender.stop();
    this.marks.stop();
  }

  // Who leaves, leaves nothing behind.
  forget() {
    this.outbox.clear();
    this.drafts.clear();
  }

  lost() {
    this.arriving.flush(); // what has come, has come
    this.session.lost();
  }

  received(message) {
    this.session.received(message);
    if (isEvent(message)) this.finder.event(message);
  }

  // The room that is open.
  get room() {
    return this.rooms.get(this.place.open);
  }

  // Oneself, before the server has said who that is too.
  get you() {
    return this.state.you ?? this.nobody;
  }

  // Writing. `epoch` is the store to which a number belongs.

  write(store, text, reply = null) {
    this.typing.sent(store.name);
    if (store.past) this.navigation.newest();
    this.sender.write({ kind: "send", room: store.name, text, reply, epoch: reply?.epoch ?? null });
  }

  edit(store, { seq, epoch }, text) {
    this.sender.write({ kind: "edit", room: store.name, target: seq, text, epoch });
  }

  remove(store, message) {
    this.sender.write({ kind: "delete", room: store.name, target: message.seq, epoch: store.epoch });
  }

  // Sets one's reaction, or takes it back.
  react(store, message, emoji) {
    const isOn = message.reactions.some((reaction) => reaction.emoji === emoji && reaction.users.some(({ id }) => id === this.you.id));
    this.sender.write({ kind: "react", room: store.name, target: message.seq, emoji, on: !isOn, epoch: store.epoch });
  }

  // Too long for the server? Counted as it goes over the wire.
  excess(store, text, { reply = null, editing = null } = {}) {
    return this.session.excess(requestOf({ kind: editing ? "edit" : "send", id: LONGEST_ID, room: store.name, text, reply, target: editing?.seq }));
  }

  // Rooms and people. Promises, rejected with what the server says.

  topic(store, topic) {
    return this.requests.ask({ type: "topic", room: store.name, topic });
  }

  async create(room, topic) {
    const { room: name } = await this.requests.ask({ type: "create", room, topic });
    return this.navigation.open(name);
  }

  async direct(user) {
    const { room } = await this.requests.ask({ type: "direct", person: user.id });
    return this.navigation.open(room);
  }

  leave(store) {
    return this.requests.ask({ type: "leave", room: store.name });
  }

  async people(room = null) {
    const { people } = await this.requests.ask({ type: "people", ...(room && { room }) });
    return people;
  }
}
