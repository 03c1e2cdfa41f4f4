// Days, groups and the lines between them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { rowsOf } from "../../static/js/chat-rows.js";

const at = (hour, minute, day = 23) => new Date(2026, 10, day, hour, minute).getTime();
const maya = { id: "m", name: "maya" };
const message = (key, time, user = maya) => ({ key, time, user });
const shape = (room) => rowsOf({ earlier: [], messages: [], unconfirmed: [], newFrom: null, ...room })
  .map((row) => (row.type === "message" ? `${row.first ? "+" : "."}${row.key}` : row.type));

test("one person within five minutes is one group", () => {
  const messages = [message("a", at(9, 0)), message("b", at(9, 4)), message("c", at(9, 8)), message("d", at(9, 13))];
  assert.deepEqual(shape({ messages }), ["day", "+a", ".b", ".c", "+d"]);
});

test("another person, or another name, begins a group", () => {
  const messages = [message("a", at(9, 0)), message("b", at(9, 0), { id: "t", name: "tom" }), message("c", at(9, 0), { id: "t", name: "tim" })];
  assert.deepEqual(shape({ messages }), ["day", "+a", "+b", "+c"]);
});

test("a new day stands before its first message and begins a group", () => {
  const messages = [message("a", at(23, 59, 22)), message("b", at(0, 1, 23))];
  assert.deepEqual(shape({ messages }), ["day", "+a", "day", "+b"]);
});

test("what is not confirmed follows what is, in its group", () => {
  assert.deepEqual(shape({ messages: [message("a", at(9, 0))], unconfirmed: [message("b", at(9, 1))] }), ["day", "+a", ".b"]);
});

test("the line 'new since' and the divider of a gap begin groups", () => {
  const earlier = [{ ...message("a", at(9, 0)), gapAfter: true }];
  const messages = [message("b", at(9, 1)), message("c", at(9, 1))];
  assert.deepEqual(shape({ earlier, messages, newFrom: "c" }), ["day", "+a", "missed", "+b", "new", "+c"]);
  assert.deepEqual(shape({ earlier }), ["day", "+a", "missed"]);
});
