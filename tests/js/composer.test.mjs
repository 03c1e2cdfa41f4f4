// The field: its state with drafts, names behind @, marks around a selection, keys, addresses, what is read out.

import assert from "node:assert/strict";
import { test } from "node:test";
import { addressOf, readAddress } from "../../static/js/chat-address.js";
import { Announcements } from "../../static/js/chat-announce.js";
import { meaning } from "../../static/js/chat-keys.js";
import { offerPeople, onKey, taken } from "../../static/js/completion.js";
import { atEnds, bold, code } from "../../static/js/composer-format.js";
import { ComposerState } from "../../static/js/composer-state.js";
import { Drafts } from "../../static/js/drafts.js";
import { shallowReactive } from "../../static/js/html.js";
import { mentionAtCaret } from "../../static/js/mention.js";
import { labelOf, roomName, titleOf } from "../../static/js/rooms.js";
import { Clock, FakeStorage, Tab } from "./fake-browser.mjs";

const message = (seq, text, name = "maya") => ({ seq, text, user: { id: name, name } });

function composer(storage = new FakeStorage()) {
  const drafts = new Drafts({ storage: new Tab(storage), timers: new Clock() });
  const model = shallowReactive(new ComposerState(drafts));
  model.open("main");
  return { model, drafts, storage };
}

test("each room has its draft, with what it answers, and a reload finds it", () => {
  const { model, drafts, storage } = composer();
  model.typed("half a");
  model.replyTo(message(7, "the **question**"), "e");
  model.open("deploys");
  assert.deepEqual([model.text, model.reply], ["", null]);
  model.typed("other");
  model.open("main");
  assert.equal(model.text, "half a");
  drafts.flush();
  const { model: reloaded } = composer(storage);
  assert.deepEqual([reloaded.text, reloaded.reply], ["half a", { seq: 7, epoch: "e", name: "maya", message: "the question" }]);
  reloaded.sent();
  assert.deepEqual([reloaded.text, reloaded.reply], ["", null]);
});

test("while a message is edited, what was being written waits and comes back", () => {
  const { model, drafts, storage } = composer();
  model.typed("half a");
  model.replyTo(message(7, "question"), "e");
  model.edit(message(9, "my last"), "e");
  assert.deepEqual([model.text, model.reply, model.editing.seq], ["my last", null, 9]);
  model.typed("my last, better");
  drafts.flush();
  const { model: reloaded } = composer(storage);
  assert.deepEqual([reloaded.text, reloaded.editing.original], ["my last, better", "my last"]);
  reloaded.edit(message(8, "another"), "e");
  assert.equal(reloaded.editing.text, "half a", "not what was half edited");
  assert.equal(reloaded.cancel(), true);
  assert.deepEqual([reloaded.text, reloaded.reply.seq, reloaded.editing], ["half a", 7, null]);
  assert.equal(reloaded.cancel(), true, "then what is answered");
  assert.equal(reloaded.cancel(), false);
  model.sent();
  assert.deepEqual([model.text, model.reply.seq], ["half a", 7]);
});

test("what is answered or edited and then deleted is let go", () => {
  const { model } = composer();
  model.typed("text");
  model.replyTo(message(7, "question"), "e");
  model.gone(6);
  assert.equal(model.reply.seq, 7);
  model.gone(7);
  assert.deepEqual([model.text, model.reply], ["text", null]);
  model.edit(message(9, "mine"), "e");
  model.gone(9);
  assert.deepEqual([model.text, model.editing], ["text", null]);
});

test("a name is completed behind an @ that is no part of an address", () => {
  assert.deepEqual(mentionAtCaret("hello @ma", 9), { start: 6, query: "ma" });
  assert.deepEqual(mentionAtCaret("@", 1), { start: 0, query: "" });
  assert.deepEqual(mentionAtCaret("你好@小", 4), { start: 2, query: "小" });
  assert.deepEqual(mentionAtCaret("@log wa", 7), { start: 0, query: "log wa" });
  for (const text of ["mail@ma", "no", "@ ma", "@ma\nx"]) assert.equal(mentionAtCaret(text, text.length), null, text);
});

test("who is offered: not oneself, who is here first, all at last; Enter takes a name that has begun", () => {
  const people = [
    { id: "1", name: "Max", here: false }, { id: "2", name: "maya", here: true }, { id: "3", name: "log watch", here: true },
    { id: "4", name: "me", here: true }, { id: "5", name: "mallory", here: true, plain: true },
  ];
  const offered = (text) => offerPeople(text, text.length, people, "4");
  assert.deepEqual(offered("@").items.map(({ name }) => name), ["maya", "log watch", "Max", "all"]);
  assert.equal(onKey(offered("@"), "Enter"), null, "a lone @ is sent");
  assert.equal(onKey(offered("@"), "Tab").pick, 0);
  const list = offered("hi @ma");
  assert.deepEqual(list.items.map(({ name }) => name), ["maya", "Max"]);
  assert.equal(taken(list, onKey(list, "Enter").pick), "@maya ");
  assert.equal(onKey(offered("@maya"), "Enter"), null, "the whole name stands there: Enter sends");
  assert.deepEqual(offered("@wa").items.map(({ name }) => name), ["log watch"]);
  assert.equal(onKey(offered("@wa"), "Enter"), null);
  assert.deepEqual(offered("@al").items.map(({ name, insert }) => [name, insert]), [["all", "@all "]]);
  assert.equal(offered("@nobody").items.length, 0);
});

const apply = (change, text, start, end) => {
  const made = change({ text, start, end });
  const put = (before, { from, to, insert }) => before.slice(0, from) + insert + before.slice(to);
  const result = put(text, made);
  assert.equal(atEnds({ start, end }, made).reduce(put, text), result, "in two steps");
  return [result, result.slice(made.start, made.end)];
};

test("marks go around the selection and off again", () => {
  assert.deepEqual(apply(bold, "make it so", 5, 7), ["make **it** so", "it"]);
  assert.deepEqual(apply(bold, "make **it** so", 7, 9), ["make it so", "it"]);
  assert.deepEqual(apply(bold, "", 0, 0), ["****", ""]);
  assert.deepEqual(apply(bold, "****", 2, 2), ["", ""]);
  assert.deepEqual(apply(code, "run x now", 4, 5), ["run `x` now", "x"]);
  assert.deepEqual(apply(code, "see a\nb", 4, 7), ["see \n```\na\nb\n```", "a\nb"]);
  assert.deepEqual(apply(code, "a\nb\nc", 0, 3), ["```\na\nb\n```\nc", "a\nb"]);
});

test("what was not sent is taken back with what it answers", () => {
  const { model, drafts } = composer();
  model.takeBack({ text: "not yet", reply: { seq: 7, epoch: "e", name: "maya", message: "question" } });
  assert.deepEqual([model.text, model.reply.seq, model.editing], ["not yet", 7, null]);
  assert.equal(drafts.of("main").text, "not yet");
});

test("keys: a letter in a field, a command elsewhere", () => {
  const key = (name, more = {}) => ({ key: name, altKey: false, ctrlKey: false, metaKey: false, shiftKey: false, isComposing: false, ...more });
  assert.equal(meaning(key("/"), false), "search");
  assert.equal(meaning(key("?", { shiftKey: true }), false), "keys");
  assert.equal(meaning(key("End"), false), "newest");
  for (const name of ["/", "?", "End"]) assert.equal(meaning(key(name), true), null, name);
  assert.equal(meaning(key("ArrowDown", { altKey: true }), true), "next");
  assert.equal(meaning(key("ArrowUp", { altKey: true }), false), "previous");
  assert.equal(meaning(key("ArrowUp"), false), null);
  assert.equal(meaning(key("Escape"), true), "escape");
  assert.equal(meaning(key("Escape", { isComposing: true }), true), null);
  assert.equal(meaning(key("/", { ctrlKey: true }), false), null);
});

test("addresses lead to a room and a message, and back", () => {
  for (const [room, at, address] of [
    ["main", null, "/chat/"], ["main", 7, "/chat/?room=main&at=7"], ["中文", null, "/chat/?room=%E4%B8%AD%E6%96%87"], ["@a+b", 3, "/chat/?room=%40a%2Bb&at=3"],
  ]) {
    assert.equal(addressOf("/chat", room, at), address);
    assert.deepEqual(readAddress(new URL(address, "http://host").search), { room, at });
  }
  assert.deepEqual(readAddress("?room=%23Deploys&at=x"), { room: "deploys", at: null });
  assert.deepEqual(readAddress("?at=-3"), { room: "main", at: null });
  assert.equal(roomName(" #ＡＢＣ "), "abc");
  assert.deepEqual([titleOf, labelOf].map((name) => name({ kind: "room", name: "main" })), ["# main", "#main"]);
  assert.equal(titleOf({ kind: "direct", name: "@a+b", with: { name: "maya" } }), "maya");
});

test("what is read out: the open room, a few at a time; in quiet mode and elsewhere what mentions one", () => {
  const said = [];
  const clock = new Clock();
  let isQuiet = false;
  const announcements = new Announcements({ say: (text) => said.push(text), me: () => "t", isQuiet: () => isQuiet, timers: clock });
  const open = { isOpen: true, name: "main" };
  const other = { isOpen: false, name: "deploys" };
  const news = (store, text, mentions = []) => announcements.news(store, { text, user: { name: "maya" }, mentions });
  const take = () => {
    clock.advance(300);
    return said.splice(0);
  };
  news(open, "**hello**");
  news(open, "there");
  assert.deepEqual(take(), ["maya: hello maya: there"]);
  news(other, "not here");
  assert.deepEqual(take(), []);
  news(other, "@tom here", [{ id: "t", name: "tom" }]);
  assert.deepEqual(take(), ["maya in #deploys: @tom here"]);
  for (let count = 0; count < 40; count += 1) news(open, "burst");
  assert.deepEqual(take(), ["40 new messages"]);
  isQuiet = true;
  news(open, "quiet");
  news(open, "@all", [{ id: "*", name: "all" }]);
  assert.deepEqual(take(), ["maya: @all"]);
  const direct = { isOpen: false, kind: "direct", name: "@a+b", with: { name: "maya" } };
  news(direct, "psst");
  news({ ...direct, isOpen: true }, "psst again");
  assert.deepEqual(take(), ["maya to you alone: psst maya: psst again"], "what is direct is meant for one");
});
