// A room that the server keeps under another form of its name than the page asked for:
// one room for both, with what was written and where one reads; and a server that does
// not answer.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ChatEngine } from "../../static/js/chat-engine.js";
import { Clock, FakeStorage, Tab } from "./fake-browser.mjs";
import { FakeChat } from "./fake-chat.mjs";

const KEPT = "φίλοσ";
const WRITTEN = "φίλος";
const maya = { id: "m", name: "maya", avatar: "" };

// Keeps names with one sigma, as case folding does.
class FoldingChat extends FakeChat {
  isSilent = false;

  take(connection, request) {
    if (this.isSilent && request.type === "join") return undefined;
    const room = request.room?.replaceAll("ς", "σ");
    const asked = request.type === "join" && room !== request.room ? { asked: request.room } : null;
    const { receive } = connection;
    connection.receive = (message) => receive(asked && ["joined", "error"].includes(message.type) ? { ...message, ...asked } : message);
    try {
      return super.take(connection, request.room === undefined ? request : { ...request, room });
    } finally {
      connection.receive = receive;
    }
  }
}

function page(chat, search = "") {
  const clock = new Clock();
  const window = Object.assign(new EventTarget(), { location: { search } });
  const go = (_, __, address) => { window.location = { search: address.slice(1) }; };
  window.history = { pushState: go, replaceState: go };
  let handlers = null;
  let link = null;
  const engine = new ChatEngine({
    connect: (its) => {
      handlers = its;
      return { state: {}, connect() {}, close() {}, send: (request) => (link?.send(request) ? (link.deliver(), true) : false) };
    },
    person: { username: "tom", email: "", avatar: "" }, limits: { message_bytes: 65536 },
    storage: new Tab(new FakeStorage()), channel: null, timers: clock, now: () => clock.time, window, soon: () => () => {},
  });
  engine.start();
  clock.advance(1000);
  const open = () => {
    link = chat.connect({ id: "t", name: "tom", avatar: "" }, (message) => handlers.onMessage(message));
    handlers.onOpen();
    engine.arriving.flush();
  };
  const said = () => {
    engine.arriving.flush();
    return engine.room.window?.messages.map(({ text }) => text);
  };
  return { engine, clock, open, said, address: () => decodeURIComponent(window.location.search) };
}

test("the room is the one of the server's name, and the address says so", async () => {
  const chat = new FoldingChat(KEPT);
  chat.say(KEPT, "one", maya);
  const tom = page(chat, `?room=${WRITTEN}&at=1`);
  tom.engine.drafts.set(WRITTEN, { text: "half a sentence", reply: null, editing: null });
  tom.engine.write(tom.engine.room, "two");
  tom.open();
  assert.deepEqual([tom.engine.place.open, tom.engine.room.name, tom.address()], [KEPT, KEPT, `?room=${KEPT}&at=1`]);
  assert.deepEqual(tom.said(), ["one", "two"], "what waited was sent there");
  assert.deepEqual([...tom.engine.rooms.all.keys()].sort(), ["main", KEPT], "no second entry");
  assert.equal(tom.engine.drafts.of(KEPT).text, "half a sentence");
  assert.equal(tom.engine.drafts.of(WRITTEN).text, "");
  assert.equal(tom.engine.room.highlighted, 1);
  tom.engine.navigation.open("main");
  tom.engine.navigation.open(WRITTEN);
  assert.deepEqual([tom.engine.place.open, tom.said()], [KEPT, ["one", "two"]], "known from now on");
});

test("one that is open already is not begun anew beside it", () => {
  const chat = new FoldingChat(KEPT);
  chat.rooms.get(KEPT).members.set("t", 0);
  chat.say(KEPT, "one", maya);
  const tom = page(chat);
  tom.open();
  tom.engine.write(tom.engine.rooms.get(KEPT), "two");
  tom.engine.navigation.open(WRITTEN);
  assert.deepEqual([tom.engine.place.open, tom.said(), tom.engine.room.isLive], [KEPT, ["one", "two"], true]);
  chat.say(KEPT, "three", maya);
  assert.deepEqual(tom.said(), ["one", "two", "three"]);
  assert.equal(tom.engine.rooms.all.size, 2);
});

test("a refusal, too, is the one of the room that was asked for", async () => {
  const chat = new FoldingChat();
  const tom = page(chat, `?room=${WRITTEN}`);
  tom.open();
  assert.deepEqual([tom.engine.room.name, tom.engine.room.refusal.code], [KEPT, "unknown_room"]);
  chat.refusing = ({ type }) => (type === "create" ? { code: "room_taken", message: "There is one." } : null);
  await assert.rejects(tom.engine.create(WRITTEN, ""), { code: "room_taken", room: KEPT });
});

test("no answer for a while: it is said, can be asked anew, and a late answer is one", () => {
  const chat = new FoldingChat("deploys");
  const tom = page(chat, "?room=deploys");
  chat.isSilent = true;
  tom.open();
  tom.clock.advance(7000);
  assert.equal(tom.engine.room.refusal, null);
  tom.clock.advance(2000);
  assert.equal(tom.engine.room.refusal.code, "no_answer");
  chat.isSilent = false;
  tom.engine.session.joinAnew(tom.engine.room);
  assert.deepEqual([tom.engine.room.isLive, tom.engine.room.refusal], [true, null]);
  tom.clock.advance(20_000);
  assert.equal(tom.engine.room.refusal, null);
});
