// One room: order, holes, windows over the past, what changes late, what counts as unread.

import assert from "node:assert/strict";
import { test } from "node:test";
import { shallowReactive } from "../../static/js/html.js";
import { CLOSED, MOST, RoomStore, SHOWN } from "../../static/js/room-store.js";

const maya = { id: "m", name: "maya", avatar: "" };
const tom = { id: "t", name: "tom", avatar: "" };
const TIME = "2026-11-23T03:40:12.123Z";
const message = (seq, more = {}) => ({
  type: "message", seq, id: `id-${seq}`, room: "main", time: TIME, user: maya, message: `text ${seq}`, ...more,
});
const change = (seq, type, target, more = {}) => ({ type, seq, id: `id-${seq}`, room: "main", time: TIME, user: maya, target, ...more });
const range = (from, to) => Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);

// As the page has it: behind Vue's proxy, open, tom's; all of `seqs` is in the newest page.
function joined({ seqs = [], seq = seqs.at(-1) ?? 0, open = true, unread = 0, read = seq - unread, asked = 50 } = {}) {
  const store = shallowReactive(new RoomStore("main", "t"));
  store.described({ room: "main", kind: "room", topic: "", seq, member: true, read, unread, mentions: 0 });
  if (open) store.opened();
  rejoin(store, { seqs, seq, asked, unread, read });
  return store;
}
function rejoin(store, { seqs = [], seq, asked = 50, epoch = "e", recovered = false, unread = 0, read = 0, mentions = 0 }) {
  store.lost();
  store.asks(asked);
  store.joined({ room: "main", seq, recovered, users: [], here: 1, member: true, read, unread, mentions }, epoch);
  for (const each of seqs) store.event(message(each));
  if (!recovered) store.caughtUp(seq);
}
const shown = (store) => store.window.messages.map(({ seq }) => seq);
const texts = (store) => store.window.messages.map(({ text }) => text);
const page = (from, to, more = {}) => ({
  messages: range(from, to).map((seq) => message(seq)), as_of: to, start: from === 1, end: false, ...more,
});

test("events stand in the order of their numbers, and one that comes again changes nothing", () => {
  const store = joined();
  for (const seq of [1, 2, 2, 3, 1]) assert.equal(store.event(message(seq)).gap, false);
  store.event(change(4, "delete", 2));
  store.event(message(2));
  assert.deepEqual(texts(store), ["text 1", "", "text 3"]);
  assert.deepEqual(store.resume, { epoch: "e", seq: 4 });
});

test("a number that is missing is a gap, and nothing after it is taken", () => {
  const store = joined({ seqs: [1, 2] });
  assert.equal(store.event(message(4)).gap, true);
  assert.deepEqual(shown(store), [1, 2]);
  assert.equal(store.resume.seq, 2);
  rejoin(store, { seq: 4, recovered: true });
  store.event(message(3));
  assert.equal(store.caughtUp(4).gap, true, "the past that came is not all that was announced");
  store.event(message(4));
  assert.equal(store.caughtUp(4).gap, false);
  assert.deepEqual(shown(store), [1, 2, 3, 4]);
});

test("what comes before one has joined, or between the question and the answer, is not taken", () => {
  const store = joined({ seqs: [1] });
  store.lost();
  store.event(message(2));
  store.asks(50);
  store.event(message(3));
  assert.deepEqual(shown(store), [1]);
  assert.equal(store.resume.seq, 1);
});

test("the newest page is shown when it is whole, with what changed while it was read", () => {
  const store = shallowReactive(new RoomStore("main", "t"));
  store.asks(2);
  store.joined({ room: "main", seq: 9, recovered: false, users: [], here: 1, read: 9, unread: 0, mentions: 0 }, "e");
  store.event(message(7));
  store.event(message(9));
  assert.equal(store.window, null);
  store.event(change(10, "edit", 9, { message: "better" }));
  store.event(message(11));
  store.caughtUp(11);
  assert.deepEqual(texts(store), ["text 7", "better", "text 11"]);
  assert.equal(store.window.start, false);
  assert.equal(store.unread, 1, "one came after the server had counted");
  assert.deepEqual(store.resume, { epoch: "e", seq: 11 });
});

test("edit, deletion and reaction: the message is another object, the others are the same", () => {
  const store = joined({ seqs: [1, 2] });
  const [first, second] = store.window.messages;
  store.event(change(3, "edit", 1, { message: "edited", mentions: [{ id: "t", name: "tom" }] }));
  store.event(change(4, "react", 1, { emoji: "👍", on: true }));
  store.event(change(5, "react", 1, { emoji: "👍", on: true, user: tom }));
  store.event(change(6, "react", 1, { emoji: "🎉", on: true }));
  store.event(change(7, "react", 1, { emoji: "🎉", on: false }));
  const [edited, same] = store.window.messages;
  assert.equal(same, second);
  assert.ok(Object.isFrozen(edited) && edited !== first && edited.key === first.key);
  assert.deepEqual([edited.text, edited.edited, edited.mentions[0].id], ["edited", Date.parse(TIME), "t"]);
  assert.deepEqual(edited.reactions, [{ emoji: "👍", users: [{ id: "m", name: "maya" }, { id: "t", name: "tom" }] }]);
  store.event(change(8, "delete", 1));
  store.event(change(9, "edit", 1, { message: "too late" }));
  assert.deepEqual([store.window.messages[0].text, store.window.messages[0].deleted, store.window.messages[0].reactions], ["", true, []]);
});

test("a quote of what is deleted says nothing more", () => {
  const store = joined({ seqs: [1] });
  store.event(message(2, { reply: { seq: 1, name: "maya", message: "text 1" } }));
  store.event(change(3, "delete", 1));
  assert.equal(store.window.messages[1].reply.message, "");
});

test("a topic is told in its place", () => {
  const store = joined({ seqs: [1] });
  store.event({ ...change(2, "topic"), topic: "releases" });
  assert.equal(store.topic, "releases");
  assert.deepEqual(store.window.messages[1].system, { topic: "releases" });
});

test("older pages are put on, and know what changed after they were read", () => {
  const store = joined({ seqs: range(51, 100), seq: 100 });
  assert.equal(store.window.low, 51);
  store.event(change(101, "edit", 20, { message: "changed later" }));
  store.event(change(102, "delete", 30));
  assert.ok(store.tookOlder(store.window, page(11, 50, { as_of: 101 })));
  const found = (seq) => store.window.find(seq);
  assert.equal(found(20).text, "text 20", "the answer knew of that edit");
  assert.equal(found(30).deleted, true, "and not of this deletion");
  assert.deepEqual([found(11).seq, store.window.start], [11, false]);
  store.tookOlder(store.window, page(1, 10, { as_of: 102 }));
  assert.deepEqual(shown(store), range(1, 100));
  assert.equal(store.window.start, true);
});

test("a page so old that not all its changes are known is asked for again", () => {
  const store = joined({ seqs: range(1, 3) });
  for (const seq of range(4, 1010)) store.event(change(seq, "edit", 1, { message: `edit ${seq}` }));
  assert.equal(store.tookOlder(store.window, page(1, 2, { as_of: 5 })), false);
  assert.equal(store.tookAround(page(1, 2, { as_of: 1008 })), true);
});

test("a page that knows more than has come here shows no message before its event", () => {
  const store = joined({ seqs: range(1, 5) });
  store.tookAround({ messages: range(4, 7).map((seq) => message(seq)), as_of: 7, start: false, end: true });
  assert.deepEqual(shown(store), range(1, 5), "met the live end");
  store.event(message(6));
  assert.equal(store.window.messages.length, 6);
});

test("a permalink opens a window in the past; it grows both ways until it meets the end", () => {
  const store = joined({ seqs: range(151, 200), seq: 200 });
  store.tookAround(page(40, 60, { as_of: 200 }));
  assert.deepEqual(shown(store), range(40, 60));
  store.event(message(201));
  store.event(change(202, "edit", 50, { message: "edited meanwhile" }));
  assert.equal(store.window.find(50).text, "edited meanwhile");
  assert.deepEqual(shown(store), range(40, 60), "what is new belongs to the end");
  store.tookOlder(store.window, page(20, 39, { as_of: 202 }));
  store.tookNewer(store.window, page(61, 150, { as_of: 202 }));
  assert.equal(store.past, null, "151 follows 150");
  assert.deepEqual(shown(store), range(20, 201));
  store.event(message(203));
  assert.equal(shown(store).at(-1), 203);
});

test("back to the newest: the window of the past is gone, the live one is as it was", () => {
  const store = joined({ seqs: range(151, 200), seq: 200 });
  store.tookAround(page(40, 60, { as_of: 200 }));
  store.event(message(201));
  store.toNewest();
  assert.deepEqual(shown(store), range(151, 201));
});

test("unread: what others write while nobody looks, and what mentions one; never one's own", () => {
  const store = joined({ seqs: [1, 2] });
  store.event(message(3));
  store.event(message(4, { mentions: [{ id: "t", name: "tom" }] }));
  store.event(message(5, { mentions: [{ id: "*", name: "all" }] }));
  assert.deepEqual([store.unread, store.mentions, store.newAfter], [3, 2, 2]);
  store.event(change(6, "delete", 5));
  assert.equal(store.mentions, 1);
  store.setSeen(true);
  assert.deepEqual([store.unread, store.mentions, store.read], [0, 0, 6]);
  assert.equal(store.newAfter, 2, "the line stays");
  store.event(message(7));
  assert.deepEqual([store.unread, store.read], [0, 7]);
  store.setSeen(false);
  store.event(message(8));
  assert.deepEqual([store.unread, store.newAfter], [1, 7], "away again: the line is where one left");
  store.event(message(9, { user: tom }));
  assert.deepEqual([store.unread, store.read], [0, 9], "who writes has read");
});

test("news is what has just been written by somebody else, not what was missed", () => {
  const store = joined({ seqs: [1] });
  assert.equal(store.event(message(2)).news.text, "text 2");
  assert.equal(store.event(message(3, { user: tom })).news, null);
  rejoin(store, { seq: 4, recovered: true, read: 3, unread: 1 });
  assert.equal(store.event(message(4)).news, null);
  assert.equal(store.unread, 1, "counted by the server already");
});

test("the line stands where one had read when the room is opened, and goes when it is left", () => {
  const store = joined({ seqs: range(1, 10), unread: 3, open: false });
  assert.deepEqual([store.unread, store.newAfter], [3, null]);
  store.opened();
  assert.equal(store.newAfter, 7);
  store.setSeen(true);
  assert.equal(store.newAfter, 7);
  store.closed();
  store.opened();
  assert.equal(store.newAfter, null);
});

test("what was read here and could not be told yet stays read", () => {
  const store = joined({ seqs: range(1, 5) });
  store.setSeen(true);
  store.event(message(6));
  rejoin(store, { seq: 6, recovered: true, read: 5, unread: 1 });
  assert.deepEqual([store.unread, store.read], [0, 6]);
  store.readUpTo({ read: 4, unread: 2, mentions: 0 });
  assert.equal(store.unread, 0, "a late word");
});

test("not recovered: who was at the end gets the new page; who was reading goes on there", () => {
  const atEnd = joined({ seqs: range(1, 5) });
  atEnd.setSeen(true);
  rejoin(atEnd, { seqs: range(60_001, 60_050), seq: 60_050 });
  assert.deepEqual(shown(atEnd), range(60_001, 60_050));
  const reading = joined({ seqs: range(1, 5) });
  rejoin(reading, { seqs: range(60_001, 60_050), seq: 60_050 });
  assert.deepEqual(shown(reading), range(1, 5));
  reading.toNewest();
  assert.deepEqual(shown(reading), range(60_001, 60_050));
});

test("another store: its numbers are others, what was shown goes, and that is said", () => {
  const store = joined({ seqs: range(1, 5) });
  store.event(message(6));
  rejoin(store, { seqs: [1, 2], seq: 2, epoch: "f", read: 1, unread: 1 });
  assert.deepEqual([shown(store), store.otherStore, store.resume.epoch], [[1, 2], true, "f"]);
  assert.deepEqual([store.read, store.unread], [1, 1]);
  store.setSeen(true);
  store.event(message(3));
  assert.equal(store.read, 3);
  const restored = joined({ seqs: range(1, 5) });
  rejoin(restored, { seqs: [1], seq: 1 });
  assert.deepEqual(shown(restored), [1], "an older state of the same store");
});

test("rows are capped: at the end, when reading up, when the room is closed", () => {
  const store = joined({ seqs: range(1, 50), seq: 50 });
  store.setSeen(true);
  for (const seq of range(51, 1300)) store.event(message(seq));
  store.trim();
  assert.equal(store.window.messages.length, SHOWN);
  assert.equal(store.window.start, false);
  store.setSeen(false);
  store.tookOlder(store.window, { ...page(1, 300, { as_of: 1300 }) });
  for (const seq of range(1301, MOST + 10)) store.event(message(seq));
  store.trim();
  assert.equal(store.window.messages.length, MOST);
  assert.ok(store.past, "what is read stays; the end is let go and fetched again");
  assert.equal(shown(store)[0], 1);
  store.tookNewer(store.past, { messages: [message(MOST + 1)], as_of: store.position, end: false, start: false });
  assert.equal(shown(store)[0], 2);
  store.closed();
  assert.equal(store.live.messages.length <= CLOSED, true);
});

test("a room that was joined without a page has its past before it", () => {
  const store = joined({ seq: 80, asked: 0, open: false, unread: 2 });
  assert.deepEqual([shown(store), store.window.start, store.window.low], [[], false, 81]);
  store.event(message(81));
  assert.equal(store.unread, 3);
  store.tookOlder(store.window, page(31, 80, { as_of: 81 }));
  assert.deepEqual(shown(store), range(31, 81));
});
