// The conversation with a connection that only records: hello, join, resume,
// what waits and goes out in order.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ChatSession, makeId } from "../../static/js/chat-session.js";
import { ChatStore } from "../../static/js/chat-store.js";

const limits = { message_bytes: 200, username_chars: 64 };

function setup() {
  const connection = {
    open: false, sent: [],
    connect() {},
    close() { this.open = false; },
    send(object) {
      if (this.open) this.sent.push(object);
      return this.open;
    },
  };
  const store = new ChatStore();
  const seen = { welcomed: [], refused: [] };
  let ids = 0;
  const session = new ChatSession({
    connection, store, state: ChatSession.freshState(limits),
    onWelcome: (you) => seen.welcomed.push(you),
    onRefused: (field, sentence) => seen.refused.push([field, sentence]),
    newId: () => `id-${(ids += 1)}`, later: () => {},
  });
  session.start({ username: "tom", email: "tom@example.org", avatar: "" });
  const take = () => connection.sent.splice(0);
  const open = () => {
    connection.open = true;
    session.opened();
  };
  const lose = () => {
    connection.open = false;
    session.lost();
  };
  const welcome = (epoch = "e") => session.received({
    type: "welcome", epoch, you: { id: "t", name: "tom", avatar: "abc" }, limits,
  });
  const joined = (seq, recovered) => session.received({ type: "joined", room: "main", seq, recovered });
  const event = (seq, id) => session.received({
    type: "message", seq, id, room: "main", time: "2026-11-23T03:40:12Z", user: { id: "t", name: "tom", avatar: "abc" }, message: "x",
  });
  return { session, store, connection, seen, take, open, lose, welcome, joined, event };
}

test("hello, then join without a position", () => {
  const { open, welcome, take, seen } = setup();
  open();
  assert.deepEqual(take(), [{ type: "hello", username: "tom", email: "tom@example.org" }]);
  welcome();
  assert.deepEqual(take(), [{ type: "join", room: "main", resume: null }]);
  assert.equal(seen.welcomed[0].avatar, "abc");
});

test("what is written before the room is joined waits and goes out in order", () => {
  const { session, store, open, welcome, joined, take } = setup();
  session.write("one");
  open();
  session.write("two");
  welcome();
  session.write("three");
  take();
  joined(0, false);
  session.write("four");
  assert.deepEqual(take().map(({ message }) => message), ["one", "two", "three", "four"]);
  assert.deepEqual(store.pending.map(({ sends }) => sends), [1, 1, 1, 1]);
});

test("after a loss: resume from the position, the same ids again, confirmed by what was recovered", () => {
  const { session, store, open, lose, welcome, joined, event, take } = setup();
  open();
  welcome();
  joined(0, false);
  session.write("one");
  event(1, "id-1");
  session.write("two");
  lose();
  session.write("three");
  take();
  open();
  welcome();
  assert.deepEqual(take()[1], { type: "join", room: "main", resume: { epoch: "e", seq: 1 } });
  joined(2, true);
  event(2, "id-2");
  assert.deepEqual(take().map(({ id }) => id), ["id-2", "id-3"]);
  assert.deepEqual(store.pending.map(({ id }) => id), ["id-3"]);
  event(2, "id-2"); // the answer to the repeated send
  event(3, "id-3");
  assert.equal(store.unconfirmed.length, 0);
  assert.deepEqual(store.messages.map(({ seq }) => seq), [1, 2, 3]);
});

test("a refused message fails alone and can be tried again with its id", () => {
  const { session, store, open, welcome, joined, take } = setup();
  open();
  welcome();
  joined(0, false);
  session.write("one");
  take();
  session.received({ type: "error", code: "bad_message", message: "no", id: "id-1" });
  assert.equal(store.unconfirmed[0].status, "failed");
  session.retry("id-1");
  assert.deepEqual(take().map(({ id }) => id), ["id-1"]);
  assert.equal(store.unconfirmed[0].status, "pending");
});

test("a refused name goes back to the form; a sentence without a message is shown", () => {
  const { session, seen, open } = setup();
  open();
  session.received({ type: "error", code: "bad_name", message: "Choose another name." });
  session.received({ type: "error", code: "bad_email", message: "Shorter, please." });
  assert.deepEqual(seen.refused, [["username", "Choose another name."], ["email", "Shorter, please."]]);
  session.received({ type: "error", code: "hello_first", message: "Say hello first." });
  assert.equal(session.state.trouble, "Say hello first.");
});

test("the length is counted in bytes of what goes over the wire", () => {
  const { session } = setup();
  assert.equal(session.excess("short"), null);
  const { bytes, limit } = session.excess("字".repeat(60));
  assert.equal(limit, 200);
  assert.ok(bytes > 200 && bytes < 280, String(bytes));
});

test("what waited is not sent when it is too long for the server that came back", () => {
  const { session, store, open, welcome, joined, take } = setup();
  session.write("字".repeat(60));
  session.write("short");
  open();
  welcome();
  take();
  joined(0, false);
  assert.deepEqual(take().map(({ message }) => message), ["short"]);
  assert.equal(store.unconfirmed[0].reason.code, "too_long");
});

test("a type this page does not know is no harm", () => {
  const { session } = setup();
  session.received({ type: "presence", users: [] });
});

test("ids are 32 hexadecimal digits and differ", () => {
  assert.match(makeId(), /^[0-9a-f]{32}$/);
  assert.notEqual(makeId(), makeId());
});
