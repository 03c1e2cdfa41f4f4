// The store: order, confirmation, resuming, what counts as unseen, the cap.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ChatStore } from "../../static/js/chat-store.js";
import { reactive } from "../../static/js/html.js";

const maya = { id: "m", name: "maya", avatar: "" };
const tom = { id: "t", name: "tom", avatar: "" };
const event = (seq, { id = `id-${seq}`, user = maya, message = `text ${seq}` } = {}) => ({
  type: "message", seq, id, room: "main", time: "2026-11-23T03:40:12.123Z", user, message,
});

// As the page has it: a class instance behind Vue's proxy.
function joinedStore({ seq = 0, recovered = false } = {}) {
  const store = reactive(new ChatStore());
  store.userId = "t";
  store.joined({ seq, recovered }, "e");
  return store;
}
const seqs = (store) => store.messages.map((message) => message.seq);
const shown = (store) => [...store.earlier, ...store.messages].map(({ id, gapAfter }) => id + (gapAfter ? " gap" : ""));

test("events stand in the order of their numbers, each once", () => {
  const store = joinedStore();
  for (const seq of [1, 2, 4, 3, 4, 1]) store.received(event(seq));
  assert.deepEqual(seqs(store), [1, 2, 3, 4]);
  assert.deepEqual(store.resume, { epoch: "e", seq: 4 });
});

test("an own message waits at the end and is confirmed by its id, keeping its row", () => {
  const store = joinedStore();
  store.add({ id: "a", text: "mine", user: tom, time: 0 });
  store.handedOver("a");
  store.received(event(1));
  assert.equal(store.unconfirmed.length, 1);
  const { key } = store.unconfirmed[0];
  store.received(event(2, { id: "a", user: tom, message: "mine" }));
  assert.equal(store.unconfirmed.length, 0);
  assert.equal(store.messages[1].key, key);
  assert.equal(store.messages[1].status, "sent");
});

test("the answer to a repeated send is shown in its place and is no position to resume from", () => {
  const store = joinedStore();
  store.received(event(1));
  store.add({ id: "a", text: "mine", user: tom, time: 0 });
  store.handedOver("a"); // lost with the connection
  store.handedOver("a"); // again
  store.received(event(3, { id: "a", user: tom }));
  assert.equal(store.resume.seq, 1, "number 2 may not have come yet");
  store.received(event(2));
  assert.deepEqual(seqs(store), [1, 2, 3]);
});

test("failed, tried again, deleted", () => {
  const store = joinedStore();
  store.add({ id: "a", text: "x", user: tom, time: 0 });
  store.add({ id: "b", text: "y", user: tom, time: 0 });
  store.failed("a", { code: "too_long", message: "too long" });
  assert.deepEqual(store.pending.map(({ id }) => id), ["b"]);
  store.retry("a");
  assert.deepEqual(store.pending.map(({ id }) => id), ["a", "b"]);
  store.discard("b");
  assert.deepEqual(store.unconfirmed.map(({ id }) => id), ["a"]);
});

test("not recovered: what was shown stays above the gap, what is not sent below it", () => {
  const store = joinedStore();
  store.received(event(1));
  store.add({ id: "a", text: "mine", user: tom, time: 0 });
  store.joined({ seq: 80, recovered: false }, "f");
  assert.deepEqual(shown(store), ["id-1 gap"]);
  assert.equal(store.resume, null, "nothing of the new page has come");
  assert.equal(store.unconfirmed.length, 1);
  store.received(event(79));
  assert.equal(store.loading, true);
  store.received(event(80));
  assert.equal(store.loading, false);
  store.received(event(12, { id: "a", user: tom }));
  assert.deepEqual(shown(store), ["id-1 gap", "id-79", "id-80"], "ours, but from before the page that is shown");
  assert.equal(store.unconfirmed.length, 0);
});

test("another epoch counts anew: nothing collides, and a message that is shown is not shown again", () => {
  const store = joinedStore();
  for (const seq of [1, 2, 3]) store.received(event(seq));
  store.joined({ seq: 2, recovered: false }, "f");
  store.received(event(1, { id: "id-3" }));
  store.received(event(2, { id: "new" }));
  assert.deepEqual(shown(store), ["id-1", "id-2", "id-3 gap", "new"]);
  const keys = [...store.earlier, ...store.messages].map(({ key }) => key);
  assert.equal(new Set(keys).size, 4);
  assert.deepEqual(store.resume, { epoch: "f", seq: 2 });
});

test("the same epoch, away too long: the same; lost again before anything came: still one gap", () => {
  const store = joinedStore();
  for (const seq of [1, 2]) store.received(event(seq));
  store.joined({ seq: 60, recovered: false }, "e");
  assert.equal(store.resume, null);
  store.joined({ seq: 61, recovered: false }, "e");
  for (const seq of [2, 60, 61, 62]) store.received(event(seq));
  assert.deepEqual(shown(store), ["id-1", "id-2 gap", "id-60", "id-61", "id-62"]);
  for (let seq = 63; seq <= 1060; seq += 1) store.received(event(seq));
  store.trim(true);
  assert.equal(store.earlier.length, 0, "the oldest go first");
  assert.equal(store.messages.length, 1000);
});

test("a visitor who has seen nothing sees no gap", () => {
  const store = joinedStore();
  store.joined({ seq: 3, recovered: false }, "f");
  store.received(event(3));
  assert.deepEqual(shown(store), ["id-3"]);
});

test("recovered: what was shown stays", () => {
  const store = joinedStore();
  store.received(event(1));
  store.joined({ seq: 2, recovered: true }, "e");
  store.received(event(2));
  assert.deepEqual(shown(store), ["id-1", "id-2"]);
});

test("an empty room can be resumed from its beginning", () => {
  assert.deepEqual(joinedStore({ seq: 0 }).resume, { epoch: "e", seq: 0 });
});

test("unseen counts what others write while nobody looks, not history and not oneself", () => {
  const store = joinedStore({ seq: 2 });
  store.setSeen(false);
  store.received(event(1));
  store.received(event(2));
  assert.equal(store.unseen, 0);
  store.received(event(3));
  store.received(event(4));
  store.received(event(5, { user: tom }));
  assert.equal(store.unseen, 2);
  assert.equal(store.newFrom, "e-3");
  store.setSeen(true);
  assert.equal(store.unseen, 0);
  assert.equal(store.newFrom, "e-3", "the line stays");
});

test("a thousand rows at the end, more while reading further up", () => {
  const store = joinedStore();
  for (let seq = 1; seq <= 1200; seq += 1) store.received(event(seq));
  store.trim(false);
  assert.equal(store.messages.length, 1200);
  store.trim(true);
  assert.equal(store.messages.length, 1000);
  assert.equal(store.messages[0].seq, 201);
});
