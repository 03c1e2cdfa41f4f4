// Days, groups, the lines between them, and the blocks that are drawn anew or not.

import assert from "node:assert/strict";
import { test } from "node:test";
import { blocksOf, rowsOf } from "../../static/js/chat-rows.js";

const at = (hour, minute, day = 23) => new Date(2026, 10, day, hour, minute).getTime();
const maya = { id: "m", name: "maya" };
const tom = { id: "t", name: "tom" };
let seq = 0;
const message = (key, time, user = maya, more = {}) => ({ key, seq: (seq += 1), time, user, ...more });
const shape = (room) => rowsOf({ messages: [], ...room })
  .map((row) => (row.type === "message" ? `${row.first ? "+" : "."}${row.key}` : row.type));

test("one person within five minutes is one group", () => {
  const messages = [message("a", at(9, 0)), message("b", at(9, 4)), message("c", at(9, 8)), message("d", at(9, 13))];
  assert.deepEqual(shape({ messages }), ["day", "+a", ".b", ".c", "+d"]);
});

test("another person, another name, an answer or a new topic begins a group", () => {
  const messages = [
    message("a", at(9, 0)), message("b", at(9, 0), tom), message("c", at(9, 0), { id: "t", name: "tim" }),
    message("d", at(9, 0), { id: "t", name: "tim" }, { reply: { seq: 1 } }), message("e", at(9, 0), { id: "t", name: "tim" }),
    message("f", at(9, 0), { id: "t", name: "tim" }, { system: { topic: "x" } }), message("g", at(9, 0), { id: "t", name: "tim" }),
  ];
  assert.deepEqual(shape({ messages }), ["day", "+a", "+b", "+c", "+d", ".e", "topic", "+g"]);
});

test("a new day stands before its first message and begins a group", () => {
  const messages = [message("a", at(23, 59, 22)), message("b", at(0, 1, 23))];
  assert.deepEqual(shape({ messages }), ["day", "+a", "day", "+b"]);
});

test("what waits follows what is there, in its group", () => {
  assert.deepEqual(shape({ messages: [message("a", at(9, 0))], waiting: [{ ...message("b", at(9, 1)), seq: null }] }), ["day", "+a", ".b"]);
  assert.deepEqual(shape({ messages: [], waiting: [{ ...message("b", at(9, 1)), seq: null }], newAfter: 0 }), ["day", "+b"]);
});

test("the line 'new since' begins a group, stands once, and only where all from there on are here", () => {
  const messages = ["a", "b", "c"].map((key, index) => ({ ...message(key, at(9, 1)), seq: 11 + index }));
  assert.deepEqual(shape({ messages, newAfter: 11, low: 11 }), ["day", "+a", "new", "+b", ".c"]);
  assert.deepEqual(shape({ messages, newAfter: 10, low: 11 }), ["day", "new", "+a", ".b", ".c"]);
  assert.deepEqual(shape({ messages, newAfter: 9, low: 11 }), ["day", "+a", ".b", ".c"], "it belongs further up");
  assert.deepEqual(shape({ messages, newAfter: 13, low: 11 }), ["day", "+a", ".b", ".c"], "nothing is newer");
});

test("blocks without a change are the same; a page put on in front shifts none", () => {
  const messages = Array.from({ length: 300 }, (_, index) => ({ ...message(`m${index + 201}`, at(9, 0)), seq: index + 201 }));
  const waiting = [{ ...message("w", at(9, 0)), seq: null }];
  const before = blocksOf(rowsOf({ messages, waiting }));
  assert.deepEqual(before.flatMap(({ rows }) => rows).map(({ key }) => key), rowsOf({ messages, waiting }).map(({ key }) => key));
  assert.equal(before.at(-1).rows.at(-1).key, "w", "with the last, so that its row stays when it gets its number");
  const changed = messages.map((each) => (each.seq === 400 ? { ...each, text: "edited" } : each));
  const after = blocksOf(rowsOf({ messages: changed, waiting }), before);
  assert.deepEqual(after.map((block, index) => block === before[index]), after.map(({ key }) => key !== Math.floor(400 / 64)));
  const older = Array.from({ length: 100 }, (_, index) => ({ ...message(`m${index + 101}`, at(9, 0)), seq: index + 101 }));
  const more = blocksOf(rowsOf({ messages: [...older, ...changed], waiting }), after);
  const kept = more.filter((block) => after.includes(block)).length;
  assert.equal(kept, after.length - 1, "all but the one the page reaches into");
  assert.equal(new Set(more.map(({ key }) => key)).size, more.length);
});
