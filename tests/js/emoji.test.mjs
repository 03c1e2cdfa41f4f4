// Shortcodes: which turn, which stay, what is offered while typing.

import assert from "node:assert/strict";
import { test } from "node:test";
import { closed, offer, onKey, taken } from "../../static/js/completion.js";
import { codeAtCaret, completions, loadEmoji, replaceShortcodes } from "../../static/js/emoji.js";

const characters = await loadEmoji();
const replace = (text) => replaceShortcodes(text, characters);

test("known codes turn, wherever they stand", () => {
  assert.equal(replace(":smile:"), "😄");
  assert.equal(replace("ok :+1: and:tada:!"), "ok 👍 and🎉!");
  assert.equal(replace(":smile::heart:"), "😄❤️");
  assert.equal(replace("好:100:的 :SMILE:"), "好💯的 😄");
  assert.equal(replace(":no :smile:"), ":no 😄");
});

test("everything else stays as it was typed", () => {
  for (const text of [
    "Foo::key::Bar std::end::x", "::smile:", ":smile::", ":smile::nosuchcode:", "12:30:45", "1:100:2", ":nosuchcode:", ":smile", "a:b:c", "::", ": smile :", 
    "https://example.org/:smile:", ":constructor:", ":__proto__:", ":toString:",
  ]) assert.equal(replace(text), text);
});

test("a code is offered from two letters on, and not inside a time or a word", () => {
  assert.deepEqual(codeAtCaret("hello :smi", 10), { start: 6, code: "smi" });
  assert.deepEqual(codeAtCaret("你好:smi", 6), { start: 2, code: "smi" });
  assert.deepEqual(codeAtCaret("hello :smi and", 10), { start: 6, code: "smi" });
  assert.deepEqual(codeAtCaret("ok :+1", 6), { start: 3, code: "+1" });
  for (const text of [":s", ":D", ":-p", ":-m", ":30", ":+", "12:30", "a:bc", "::ab", ":smile:", ":sm "]) assert.equal(codeAtCaret(text, text.length), null, text);
});

test("what begins with the letters comes first, no emoji twice", () => {
  const found = completions("smi", characters);
  assert.equal(found[0].name, "smile");
  assert.equal(found.length, 8);
  assert.equal(new Set(found.map(({ emoji }) => emoji)).size, 8);
  assert.deepEqual(completions("nosuchcode", characters), []);
});

test("the list opens, moves round, picks and closes by keys", () => {
  const list = offer("hello :smi", 10, characters);
  assert.equal(list.active, 0);
  assert.equal(onKey(list, "ArrowUp").list.active, 7);
  assert.equal(onKey({ ...list, active: 7 }, "ArrowDown").list.active, 0);
  assert.equal(onKey(list, "Enter").pick, 0);
  assert.equal(onKey(list, "Tab").pick, 0);
  assert.equal(onKey(list, "Escape").list.items.length, 0);
  assert.equal(onKey(list, "a"), null);
  assert.equal(onKey(closed(), "Enter"), null);
  assert.deepEqual([list.start, list.end, taken(list, 0)], [6, 10, "😄"]);
});

test("smileys and times of old are sent as they are", () => {
  for (const text of ["haha :-p", "nice :DD", "well :pp", "ratio at :30", "foo :-m"]) {
    assert.equal(onKey(offer(text, text.length, characters), "Enter"), null, text);
  }
});

test("Enter takes what begins with the letters, or what the arrows chose; Tab takes anyway", () => {
  const holding = offer(":mile", 5, characters);
  assert.ok(holding.items.some(({ name }) => name === "smile"));
  assert.equal(onKey(holding, "Enter"), null);
  assert.equal(onKey(holding, "Tab").pick, 0);
  assert.equal(onKey(onKey(holding, "ArrowDown").list, "Enter").pick, 0);
  assert.equal(onKey(onKey(holding, "ArrowUp").list, "Enter").pick, holding.items.length - 1);
  assert.equal(onKey(offer(":sm", 3, characters), "Enter").pick, 0);
});
