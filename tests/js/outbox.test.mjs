// The outbox: kept in the browser, several tabs, what is sent when, drafts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Drafts } from "../../static/js/drafts.js";
import { Outbox } from "../../static/js/outbox.js";
import { Overlay } from "../../static/js/outbox-overlay.js";
import { Sender } from "../../static/js/outbox-sender.js";
import { OutboxTabs } from "../../static/js/outbox-tabs.js";
import { shallowReactive } from "../../static/js/html.js";
import { Clock, FakeStorage, Tab } from "./fake-browser.mjs";

const FOREVER = 1e9;

// A tab of a browser: its outbox with its sender, over a server that records and answers when told.
function openTab(browser, { space = "", limit = FOREVER } = {}) {
  const storage = new Tab(browser.storage);
  const outbox = shallowReactive(new Outbox({ space, storage, now: () => browser.clock.time }));
  const tab = { outbox, sent: [], live: [], trouble: "", storage };
  const tabs = new OutboxTabs({ channel: browser.channel(), later: browser.clock.setTimeout });
  tab.sender = new Sender({
    outbox, tabs, timers: browser.clock,
    send: (request) => { tab.sent.push(request); return true; },
    excess: (request) => JSON.stringify(request).length > limit,
    rooms: () => tab.live,
    onTrouble: (refusal) => { tab.trouble = refusal?.message ?? ""; },
  });
  tab.sender.start();
  tab.goLive = (epoch = "e", ...names) => {
    tab.live = (names.length ? names : ["main"]).map((name) => ({ name, epoch }));
    tab.sender.flush();
  };
  tab.lose = () => { tab.live = []; tab.sender.lost(); };
  tab.take = () => tab.sent.splice(0).map(({ id, message, type }) => message ?? `${type} ${id}`);
  tab.write = (text, more = {}) => tab.sender.write({ kind: "send", room: "main", text, ...more });
  tab.texts = () => outbox.entries.map(({ text }) => text);
  tab.crash = () => { storage.close(); tabs.channel.close(); };
  return tab;
}

class Browser {
  storage = new FakeStorage();
  clock = new Clock();
  channels = new Set();
  channel() {
    const { channels } = this;
    const channel = {
      postMessage: (data) => { for (const other of channels) if (other !== channel) other.onmessage({ data: structuredClone(data) }); },
      close: () => channels.delete(channel),
    };
    channels.add(channel);
    return channel;
  }
}

test("what is written waits for its room, and goes out once, in order", () => {
  const tab = openTab(new Browser());
  tab.write("one");
  tab.write("two");
  tab.write("elsewhere", { room: "deploys" });
  assert.deepEqual(tab.take(), []);
  tab.goLive();
  assert.deepEqual(tab.take(), ["one", "two"]);
  tab.goLive("e", "main", "deploys");
  tab.write("three");
  assert.deepEqual(tab.take(), ["elsewhere", "three"]);
});

test("after a loss the same ids go out again, in order, but for what was confirmed", () => {
  const tab = openTab(new Browser());
  const ids = ["one", "two", "three"].map((text) => tab.write(text));
  tab.goLive();
  tab.sender.confirmed(ids[1]);
  tab.lose();
  tab.take();
  tab.write("four");
  tab.goLive();
  assert.deepEqual(tab.sent.map(({ id }) => id).slice(0, 2), [ids[0], ids[2]]);
  assert.deepEqual(tab.take(), ["one", "three", "four"]);
});

test("edits, deletions and reactions wait and are sent like messages", () => {
  const tab = openTab(new Browser());
  tab.write("", { kind: "delete", target: 3, epoch: "e" });
  tab.write("better", { kind: "edit", target: 4, epoch: "e" });
  tab.write("", { kind: "react", target: 5, emoji: "👍", on: true, epoch: "e" });
  tab.write("answer", { reply: { seq: 4, name: "maya", message: "beginning" }, epoch: "e" });
  tab.goLive();
  assert.deepEqual(tab.sent.map(({ id, ...request }) => request), [
    { type: "delete", room: "main", target: 3 },
    { type: "edit", room: "main", target: 4, message: "better" },
    { type: "react", room: "main", target: 5, emoji: "👍", on: true },
    { type: "send", room: "main", message: "answer", reply: 4 },
  ]);
});

test("a reload finds everything again, in order and with the same ids", () => {
  const browser = new Browser();
  const before = openTab(browser);
  const ids = [before.write("one"), before.write("two", { reply: { seq: 2, name: "a", message: "b" }, epoch: "e" })];
  before.goLive();
  before.sender.refused({ id: ids[1], code: "bad_message", message: "No." });
  before.crash();
  const after = openTab(browser);
  assert.deepEqual(after.texts(), ["one", "two"]);
  assert.deepEqual(after.outbox.find(ids[1]).reason, { code: "bad_message", message: "No." });
  after.goLive();
  assert.deepEqual(after.take(), [], "it may be in the hands of another tab");
  browser.clock.advance(1000);
  assert.deepEqual(after.sent.map(({ id }) => id), [ids[0]]);
  after.sender.confirmed(ids[0]);
  after.outbox.remove(ids[1]);
  after.crash();
  assert.deepEqual(openTab(browser).texts(), []);
});

test("two tabs show the same, each sends its own, and neither loses the other's", () => {
  const browser = new Browser();
  const [one, two] = [openTab(browser), openTab(browser)];
  const first = one.write("of one");
  const second = two.write("of two");
  for (const tab of [one, two]) {
    assert.deepEqual(tab.texts(), ["of one", "of two"]);
    tab.goLive();
    browser.clock.advance(60_000); // long enough to look for what nobody has in hand
  }
  assert.deepEqual([one.take(), two.take()], [["of one"], ["of two"]]);
  one.sender.confirmed(second); // the event comes to both
  assert.deepEqual(two.texts(), ["of one"]);
  two.sender.confirmed(first);
  assert.deepEqual([one.texts(), browser.storage.size], [[], 0]);
});

test("what a tab leaves behind that ended without a word is sent by one other, once", () => {
  const browser = new Browser();
  const gone = openTab(browser);
  const others = [openTab(browser), openTab(browser), openTab(browser)];
  gone.write("left behind");
  gone.crash();
  for (const tab of others) tab.goLive();
  browser.clock.advance(120_000);
  assert.deepEqual(others.flatMap((tab) => tab.take()), ["left behind"]);
});

test("a tab that says it goes leaves what it has to another one at once", () => {
  const browser = new Browser();
  const [one, other] = [openTab(browser), openTab(browser)];
  one.write("left");
  other.goLive();
  one.sender.pageHidden();
  one.crash();
  browser.clock.advance(500);
  assert.deepEqual(other.take(), ["left"]);
});

test("a word of another tab that comes late does not bring back what was confirmed", () => {
  const browser = new Browser();
  const tab = openTab(browser);
  const id = tab.write("one");
  const kept = JSON.parse(browser.storage.get(`outbox::${id}`));
  tab.sender.confirmed(id);
  new Tab(browser.storage).remember(`outbox::${id}`, { ...kept, status: "failed" });
  assert.deepEqual([tab.texts(), browser.storage.size], [[], 0]);
});

test("back from the browser's cache, where it could not answer, a tab asks for what was its own", () => {
  const browser = new Browser();
  const tab = openTab(browser);
  const id = tab.write("sent elsewhere meanwhile");
  tab.storage.close(); // frozen: hears nothing
  new Tab(browser.storage).forget(`outbox::${id}`);
  tab.sender.wokenUp();
  tab.goLive();
  browser.clock.advance(1000);
  assert.deepEqual([tab.take(), tab.texts()], [[], []]);
});

test("refused: failed with the sentence, the text kept; tried again with its id, or a new one if that was taken", () => {
  const tab = openTab(new Browser());
  const id = tab.write("one");
  tab.goLive();
  tab.sender.refused({ id, code: "bad_message", message: "Not readable." });
  assert.deepEqual(tab.outbox.find(id).reason, { code: "bad_message", message: "Not readable." });
  assert.deepEqual(tab.texts(), ["one"]);
  tab.take();
  tab.sender.retry(id);
  assert.equal(tab.sent[0].id, id);
  tab.sender.refused({ id, code: "id_taken", message: "Taken." });
  tab.take();
  tab.sender.retry(id);
  assert.equal(tab.sent.length, 1);
  assert.notEqual(tab.sent[0].id, id);
  assert.deepEqual(tab.texts(), ["one"]);
  assert.equal(tab.sender.refused({ id: "of nobody", code: "bad_message", message: "" }), false);
});

test("a reaction that is refused is not kept", () => {
  const tab = openTab(new Browser());
  const id = tab.write("", { kind: "react", target: 5, emoji: "👍", on: true, epoch: "e" });
  tab.goLive();
  tab.sender.refused({ id, code: "unknown_message", message: "There is no such message." });
  assert.deepEqual([tab.texts(), tab.trouble], [[], "There is no such message."]);
});

test("not stored just now: all wait, and are sent again in order after growing waits, by themselves", () => {
  const browser = new Browser();
  const tab = openTab(browser);
  tab.goLive();
  const ids = [tab.write("one"), tab.write("two")];
  const refuse = () => { for (const id of ids) tab.sender.refused({ id, code: "not_stored", message: "The disk is full." }); };
  assert.deepEqual(tab.take(), ["one", "two"]);
  for (const wait of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
    refuse();
    assert.equal(tab.trouble, "The disk is full.");
    browser.clock.advance(wait - 1);
    assert.deepEqual(tab.take(), [], `not before ${wait} ms`);
    browser.clock.advance(1);
    assert.deepEqual(tab.take(), ["one", "two"]);
  }
  refuse();
  tab.write("three");
  assert.deepEqual(tab.take(), [], "nothing overtakes");
  browser.clock.advance(30_000);
  assert.deepEqual(tab.take(), ["one", "two", "three"]);
  tab.sender.confirmed(ids[0]);
  assert.equal(tab.trouble, "");
  refuse();
  browser.clock.advance(1000);
  assert.deepEqual(tab.take(), ["two", "three"], "the waits begin anew");
});

test("what is too long for the server that came back fails here, and nothing else", () => {
  const tab = openTab(new Browser(), { limit: 200 });
  const id = tab.write("x".repeat(300));
  tab.write("short");
  tab.goLive();
  assert.deepEqual(tab.take(), ["short"]);
  assert.equal(tab.outbox.find(id).reason.code, "too_long");
});

test("numbers of another store lead nowhere: an edit fails with its text, an answer loses its quote", () => {
  const tab = openTab(new Browser());
  const edit = tab.write("better", { kind: "edit", target: 4, epoch: "e" });
  tab.write("", { kind: "delete", target: 5, epoch: "e" });
  tab.write("answer", { reply: { seq: 4, name: "maya", message: "x" }, epoch: "e" });
  tab.goLive("f");
  assert.deepEqual(tab.sent.map(({ id, ...request }) => request), [{ type: "send", room: "main", message: "answer" }]);
  assert.deepEqual([tab.outbox.find(edit).reason.code, tab.outbox.find(edit).text], ["other_store", "better"]);
  assert.equal(tab.outbox.entries.length, 2);
});

test("without storage it works, and says what would be lost", () => {
  const browser = new Browser();
  const tab = openTab(browser);
  tab.write("kept");
  browser.storage.isFull = true;
  const id = tab.write("in memory");
  assert.deepEqual(tab.outbox.unkept.map(({ text }) => text), ["in memory"]);
  tab.goLive();
  assert.deepEqual(tab.take(), ["kept", "in memory"]);
  tab.sender.confirmed(id);
  assert.equal(tab.outbox.unkept.length, 0);
});

test("apps under two paths of one host have an outbox each; who leaves leaves none", () => {
  const browser = new Browser();
  const [one, two] = [openTab(browser, { space: "/a" }), openTab(browser, { space: "/b" })];
  one.write("of a");
  two.write("of b");
  assert.deepEqual([one.texts(), two.texts()], [["of a"], ["of b"]]);
  one.outbox.clear();
  assert.deepEqual([one.texts(), two.texts(), browser.storage.size], [[], ["of b"], 1]);
});

test("an edit, a deletion and a reaction are seen at once; what has no row stands at the end", () => {
  const tom = { id: "t", name: "tom", avatar: "" };
  const base = { room: "main", time: 0, user: tom, status: "sent", edited: null, deleted: false, reply: null, mentions: [], reactions: [] };
  const messages = [1, 2, 3].map((seq) => Object.freeze({ ...base, seq, id: `${seq}`, key: `${seq}`, text: `text ${seq}` }));
  const tab = openTab(new Browser());
  const overlay = new Overlay();
  assert.equal(overlay.apply(messages, [], tom).messages, messages);
  const edit = tab.write("better", { kind: "edit", target: 1 });
  tab.write("", { kind: "delete", target: 2 });
  tab.write("", { kind: "react", target: 3, emoji: "👍", on: true });
  tab.write("new");
  tab.write("to what is not shown", { kind: "edit", target: 99 });
  const { messages: [one, two, three], waiting } = overlay.apply(messages, tab.outbox.entries, tom);
  assert.deepEqual([one.text, one.status, one.key], ["better", "pending", "1"]);
  assert.deepEqual([two.deleted, two.status], [true, "pending"]);
  assert.deepEqual(three.reactions, [{ emoji: "👍", users: [{ id: "t", name: "tom" }] }]);
  assert.deepEqual(waiting.map(({ text, status, seq }) => [text, status, seq]), [["new", "pending", null]]);
  const again = overlay.apply(messages, tab.outbox.entries, tom);
  assert.ok(again.messages[0] === one && again.waiting[0] === waiting[0], "rows that are the same are not drawn again");
  tab.outbox.failed(edit, { code: "not_yours", message: "Not yours." });
  tab.outbox.failed(tab.outbox.entries.at(-1).id, { code: "other_store", message: "" });
  const failed = overlay.apply(messages, tab.outbox.entries, tom);
  assert.equal(failed.messages[0].status, "failed");
  assert.deepEqual(failed.waiting.map(({ text }) => text), ["new", "to what is not shown"]);
  const elsewhere = overlay.apply(messages, tab.outbox.entries, tom, "another store");
  assert.equal(elsewhere.messages[0].text, "text 1", "its number means another message there");
  assert.deepEqual(elsewhere.waiting.map(({ text }) => text), ["better", "new", "to what is not shown"]);
});

// Drafts.

test("drafts are kept soon after a change, at once on demand, each room its own; empty ones are not", () => {
  const browser = new Browser();
  const storage = new Tab(browser.storage);
  const drafts = new Drafts({ storage, timers: browser.clock });
  drafts.set("main", { text: "h", reply: null, editing: null });
  drafts.set("main", { text: "he", reply: { seq: 3, name: "maya", message: "x" }, editing: null });
  assert.equal(drafts.of("main").text, "he");
  assert.equal(browser.storage.size, 0);
  browser.clock.advance(300);
  assert.equal(new Drafts({ storage }).of("main").reply.seq, 3);
  drafts.set("deploys", { text: "other", reply: null, editing: null });
  drafts.flush();
  assert.deepEqual(new Drafts({ storage }).rooms().sort(), ["deploys", "main"]);
  drafts.set("main", { text: "", reply: null, editing: null });
  drafts.flush();
  assert.deepEqual([new Drafts({ storage }).of("main").text, drafts.rooms()], ["", ["deploys"]]);
  browser.storage.isFull = true;
  drafts.set("main", { text: "no room for it", reply: null, editing: null });
  drafts.flush();
  assert.equal(drafts.of("main").text, "no room for it");
  drafts.clear();
  assert.deepEqual(drafts.rooms(), []);
});
