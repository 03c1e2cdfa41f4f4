// The conversation with a connection that only records: positions, reconnects, notices,
// filters, several files.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Rate } from "../../static/js/log-rate.js";
import { freshState, LogSession } from "../../static/js/log-session.js";
import { LogStore } from "../../static/js/log-store.js";
import { Clock } from "./fake-browser.mjs";

function setup(cap) {
  const connection = {
    open: false, sent: [],
    send(object) {
      if (this.open) this.sent.push(object);
      return this.open;
    },
  };
  const clock = new Clock();
  const frames = [];
  const store = new LogStore(cap);
  const state = freshState();
  const session = new LogSession({ connection, store, state, now: () => clock.time, schedule: (run) => frames.push(run), timers: clock });
  const frame = () => frames.splice(0).forEach((run) => run());
  const take = () => connection.sent.splice(0);
  const open = () => {
    connection.open = true;
    session.opened();
  };
  const lose = () => {
    connection.open = false;
    session.flush();
  };
  const first = () => state.tracks[0];
  const say = (type, fields) => session.received({ type, file: first().file, ...fields });
  const lines = (generation, from, texts, file = first().file) => {
    let offset = from;
    const pairs = texts.map((text) => {
      const pair = [offset, text];
      offset += text.length + 1;
      return pair;
    });
    session.received({ type: "lines", file, generation, lines: pairs, next: offset });
    return offset;
  };
  const files = (...names) => session.received({
    type: "files", files: names.map((name) => ({ name, size: 10, modified: "2020-01-01T00:00:00.000Z" })),
  });
  const shown = () => Array.from({ length: store.count }, (_, n) => store.rowAt(n)).map((row) => (row.kind === "notice" ? row.notice.kind : row.text));
  const choose = (...names) => session.show(names);
  return { session, store, state, clock, frame, take, open, lose, say, lines, files, shown, choose, first };
}

const opened = (generation, offset, more = {}) => ({ kind: "opened", generation, offset, size: offset, how: "inotify", ...more });

test("the first file of the list is opened when none was asked for", () => {
  const { take, open, files, first } = setup();
  open();
  files("a.log", "b.log");
  assert.deepEqual(take(), [{ type: "open", file: "a.log", from: { tail: 1000 } }]);
  files("0.log", "a.log");
  assert.deepEqual(take(), []);
  assert.equal(first().file, "a.log");
});

test("lines are applied once per frame and in order", () => {
  const { frame, take, open, say, lines, shown, choose, first } = setup();
  choose("a.log");
  open();
  assert.equal(take().length, 1);
  say("notice", opened("g1", 100));
  lines("g1", 100, ["one", "two"]);
  assert.deepEqual(shown(), []);
  lines("g1", 108, ["three"]);
  frame();
  assert.deepEqual(shown(), ["one", "two", "three"]);
  assert.deepEqual(first().position, { generation: "g1", next: 114 });
  assert.deepEqual([first().phase, first().how], ["opened", "inotify"]);
});

test("after a reconnect the file goes on from where it was received, without gap or repeat", () => {
  const { take, open, lose, say, lines, shown, choose } = setup();
  choose("a.log");
  open();
  say("notice", opened("g1", 0));
  const next = lines("g1", 0, ["one", "two"]);
  lose(); // what came and was not drawn yet counts as received
  take();
  open();
  assert.deepEqual(take(), [{ type: "open", file: "a.log", from: { generation: "g1", offset: next } }]);
  say("notice", opened("g1", next));
  lines("g1", next, ["three"]);
  lines("g1", 0, ["one"]); // would be a fault of the server; not shown twice
  lose();
  assert.deepEqual(shown(), ["one", "two", "three"]);
});

test("a connection that ends before the first line goes on from where the file was opened", () => {
  const { take, open, lose, say, choose } = setup();
  choose("a.log");
  open();
  say("notice", opened("g1", 77));
  lose();
  take();
  open();
  assert.deepEqual(take()[0].from, { generation: "g1", offset: 77 });
});

test("rotation and truncation go on in the new generation from its start", () => {
  const { take, open, lose, say, lines, shown, choose } = setup();
  choose("a.log");
  open();
  say("notice", opened("g1", 0));
  lines("g1", 0, ["old"]);
  say("notice", { kind: "rotated", generation: "g2" });
  lines("g2", 0, ["new"]);
  say("notice", { kind: "truncated", generation: "g3" });
  lose();
  assert.deepEqual(shown(), ["old", "rotated", "new", "truncated"]);
  take();
  open();
  assert.deepEqual(take()[0].from, { generation: "g3", offset: 0 });
});

test("a gap is a row, and any offset is right after it", () => {
  const { take, open, lose, say, lines, shown, choose, first } = setup();
  choose("a.log");
  open();
  say("notice", opened("g1", 500));
  lines("g1", 500, ["old"]);
  lose();
  open();
  take();
  say("notice", { kind: "gap", generation: "g1" });
  say("notice", opened("g1", 10));
  lines("g1", 10, ["newest"]);
  lose();
  assert.deepEqual(shown(), ["old", "gap", "newest"]);
  assert.deepEqual(first().position, { generation: "g1", next: 17 });
});

test("what comes late of an earlier opening of the same file is not shown", () => {
  const { frame, open, say, lines, shown, choose } = setup();
  choose("a.log");
  open();
  say("notice", opened("g1", 0));
  choose("b.log");
  choose("a.log");
  lines("g1", 0, ["late"]);
  lines("h1", 0, ["of b"], "b.log");
  say("notice", opened("g1", 20));
  lines("g1", 20, ["right"]);
  frame();
  assert.deepEqual(shown(), ["right"]);
});

test("an answer to an earlier opening that comes first is not shown twice", () => {
  const { frame, open, say, lines, shown, choose } = setup();
  choose("a.log");
  open();
  choose("b.log");
  choose("a.log");
  say("notice", opened("g1", 0));
  lines("g1", 0, ["one", "two"]);
  say("notice", opened("g1", 0));
  lines("g1", 0, ["one", "two", "three"]);
  frame();
  assert.deepEqual(shown(), ["one", "two", "three"]);
});

test("another file: the one before is closed and forgotten", () => {
  const { store, frame, take, open, say, lines, shown, choose, first } = setup();
  choose("a.log");
  open();
  say("notice", opened("g1", 0));
  lines("g1", 0, ["x"]);
  frame();
  store.pause();
  take();
  choose("b.log");
  assert.deepEqual(take(), [{ type: "close", file: "a.log" }, { type: "open", file: "b.log", from: { tail: 1000 } }]);
  assert.deepEqual(shown(), []);
  assert.deepEqual([first().phase, first().position, store.mode], ["asked", null, "following"]);
});

test("missing, gone, denied are states; a row only once and only below lines", () => {
  const { frame, open, lose, say, lines, shown, choose, first } = setup();
  choose("a.log");
  open();
  say("notice", { kind: "waiting", generation: null });
  frame();
  assert.deepEqual([shown(), first().phase], [[], "waiting"]);
  say("notice", opened("g1", 0));
  lines("g1", 0, ["x"]);
  say("notice", { kind: "gone", generation: "g1" });
  frame();
  assert.equal(first().phase, "gone");
  lose();
  open();
  say("notice", { kind: "gone", generation: "g1" });
  frame();
  assert.deepEqual(shown(), ["x", "gone"]);
  say("notice", opened("g1", 2));
  frame();
  assert.deepEqual(shown(), ["x", "gone", "back"]);
  say("notice", { kind: "denied", generation: "g1" });
  say("notice", { kind: "never-heard-of", generation: "g1", message: "A sentence." });
  frame();
  assert.deepEqual(shown().slice(3), ["denied", "other"]);
});

test("a refusal is a state with its reason; of another file it is not ours", () => {
  const { session, open, choose, first } = setup();
  choose("a.log");
  open();
  session.received({ type: "error", code: "not_allowed", message: "No.", file: "b.log" });
  assert.equal(first().phase, "asked");
  session.received({ type: "error", code: "not_allowed", message: "No.", file: "a.log" });
  assert.deepEqual([first().phase, first().problem], ["refused", { code: "not_allowed", message: "No." }]);
});

test("a file that grew between two lists is active", () => {
  const { session, state, clock, files } = setup();
  const list = (size) => session.received({ type: "files", files: [{ name: "a.log", size, modified: "1970-01-01T00:00:01.000Z" }] });
  list(10);
  assert.equal(state.files[0].grewAt, null);
  clock.time += 2000;
  list(20);
  assert.equal(state.files[0].grewAt, clock.time);
  const then = clock.time;
  clock.time += 2000;
  list(5); // cut
  assert.equal(state.files[0].grewAt, then);
});

test("lines that were in the file already are not counted as arriving", () => {
  const { session, clock, frame, open, say, lines, choose } = setup();
  choose("a.log");
  open();
  say("notice", opened("g1", 0, { size: 8 }));
  lines("g1", 0, ["old", "old", "new", "new"]);
  frame();
  clock.time += 1000;
  assert.equal(session.rate.perSecond(clock.time), 2);
});

test("lines a second over the last whole seconds", () => {
  const rate = new Rate();
  for (let second = 0; second < 10; second += 1) rate.add(second < 5 ? 100 : 20, second * 1000 + 500);
  assert.equal(rate.perSecond(10_000), 20);
  assert.equal(rate.perSecond(60_000), 0);
  rate.reset();
  assert.equal(rate.perSecond(60_000), 0);
});

const only = (text) => ({ include: { text, pattern: false, case: false }, exclude: null });
const none = { include: null, exclude: null };

test("a filter goes to the server: with open, and for what is open already", () => {
  const { session, open, take, choose } = setup();
  assert.equal(session.setConditions(only("or"), true), true);
  choose("a.log");
  open();
  assert.deepEqual(take(), [{ type: "open", file: "a.log", from: { tail: 1000 }, include: only("or").include }]);
  assert.equal(session.setConditions(only("order"), true), true); // a part of what the page has
  assert.deepEqual(take(), [{ type: "filter", file: "a.log", ...only("order") }]);
  assert.equal(session.setConditions(only("order"), true), true);
  assert.deepEqual(take(), []);
  assert.equal(session.setConditions(none, true), false); // more than it has: to be read anew
  assert.deepEqual(take(), []);
  session.reload();
  assert.deepEqual(take(), [{ type: "open", file: "a.log", from: { tail: 1000 } }]);
});

test("what the page can't apply itself has to be read anew, though it is narrower", () => {
  const { session, open, take, choose } = setup();
  choose("a.log");
  open();
  take();
  assert.equal(session.setConditions(only("x"), false), false);
  assert.deepEqual(take(), []);
});

test("lines that do not pass move the position on", () => {
  const { session, open, lose, take, say, choose } = setup();
  choose("a.log");
  open();
  say("notice", opened("g1", 0));
  session.received({ type: "lines", file: "a.log", generation: "g1", lines: [], next: 5000 });
  lose();
  take();
  open();
  assert.deepEqual(take()[0].from, { generation: "g1", offset: 5000 });
});

test("what is left of a file that is over is marked: its line has no end", () => {
  const { session, open, choose, say, lines, frame, store } = setup();
  choose("a.log");
  open();
  say("notice", opened("g1", 0));
  lines("g1", 0, ["whole"]);
  say("lines", { generation: "g1", lines: [[6, "hal"]], next: 9, unfinished: true });
  frame();
  assert.deepEqual([0, 1].map((n) => [store.rowAt(n).text, store.rowAt(n).isUnfinished]), [["whole", false], ["hal", true]]);
  assert.equal(session.track("a.log").position.next, 9);
});

test("a pattern the server can't use is told, and the file is not refused", () => {
  const { session, open, choose, first } = setup();
  const told = [];
  session.onPattern = (sentence, field) => told.push([sentence, field]);
  choose("a.log");
  open();
  session.received({ type: "error", code: "bad_pattern", message: "A bracket is missing.", file: "a.log", field: "exclude" });
  assert.deepEqual([told, first().phase], [[["A bracket is missing.", "exclude"]], "asked"]);
});

const at = (second, text) => `2026-11-23 03:40:${second} INFO ${text}`;

test("of several files the past is put in the order of its times, what comes in that of arrival", () => {
  const { open, say, lines, frame, shown, choose } = setup();
  choose("a.log", "b.log");
  open();
  const size = 3 * (at("10", "a1").length + 1);
  say("notice", opened("ga", 0, { size }));
  session_notice("b.log", opened("gb", 0, { size: 2 * (at("11", "b1").length + 1) }));
  lines("ga", 0, [at("10", "a1"), at("12", "a2"), at("14", "a3")]);
  frame();
  assert.deepEqual(shown(), []); // the other one's are to come
  lines("gb", 0, [at("11", "b1"), at("13", "b2")], "b.log");
  frame();
  assert.deepEqual(shown().map((text) => text.slice(-2)), ["a1", "b1", "a2", "b2", "a3"]);
  lines("gb", 200, [at("20", "b3")], "b.log");
  lines("ga", size, [at("15", "a4")]);
  frame();
  assert.deepEqual(shown().map((text) => text.slice(-2)), ["a1", "b1", "a2", "b2", "a3", "b3", "a4"]);

  function session_notice(file, fields) {
    say("notice", { ...fields, file });
  }
});

test("a file that says nothing does not hold up the others", () => {
  const { open, say, lines, frame, shown, choose, clock } = setup();
  choose("a.log", "b.log");
  open();
  say("notice", opened("ga", 0, { size: 100 }));
  lines("ga", 0, ["one"]);
  frame();
  clock.advance(4000);
  assert.deepEqual(shown(), []); // the other one's may still come, over a slow line
  clock.advance(2000);
  assert.deepEqual(shown(), ["one"]);
});

test("nor does one that is refused", () => {
  const { session, open, say, lines, frame, shown, choose } = setup();
  choose("a.log", "b.log");
  open();
  say("notice", opened("ga", 0, { size: 4 }));
  lines("ga", 0, ["one"]);
  frame();
  session.received({ type: "error", code: "not_allowed", message: "No.", file: "b.log" });
  assert.deepEqual(shown(), ["one"]);
});

test("nor does one whose end never comes", () => {
  const { open, say, lines, frame, shown, choose, clock } = setup();
  choose("a.log", "b.log");
  open();
  say("notice", { ...opened("gb", 0), file: "b.log" });
  say("notice", opened("ga", 0, { size: 100 })); // half a line at its end: this much never comes
  lines("ga", 0, ["one"]);
  frame();
  assert.deepEqual(shown(), []);
  clock.advance(1000);
  assert.deepEqual(shown(), ["one"]);
});

test("by time, if wanted: a late line takes its place among those that came", () => {
  const { state, open, say, lines, frame, shown, choose } = setup();
  state.order = "time";
  choose("a.log", "b.log");
  open();
  say("notice", opened("ga", 0));
  say("notice", { ...opened("gb", 0), file: "b.log" });
  frame();
  lines("ga", 0, [at("10", "a1"), at("14", "a2"), "  its second line", at("18", "a3")]);
  frame();
  lines("gb", 0, [at("12", "b1"), at("16", "b2")], "b.log");
  frame();
  assert.deepEqual(shown().map((text) => text.slice(-2)), ["a1", "b1", "a2", "ne", "b2", "a3"]);
});

test("each of several files goes on from its own position", () => {
  const { open, lose, take, say, lines, choose, session } = setup();
  choose("a.log", "b.log");
  open();
  say("notice", opened("ga", 10));
  say("notice", { ...opened("gb", 20), file: "b.log" });
  lines("gb", 20, ["x"], "b.log");
  lose();
  take();
  open();
  assert.deepEqual(take().map(({ file, from }) => [file, from]), [["a.log", { generation: "ga", offset: 10 }], ["b.log", { generation: "gb", offset: 22 }]]);
  session.show(["b.log"]);
  assert.deepEqual(take().map(({ type, file }) => [type, file]), [["close", "a.log"], ["open", "b.log"]]);
});

test("a half line is shown until the whole one, a rotation or another file takes its place", () => {
  const { open, say, lines, frame, shown, choose } = setup();
  choose("a.log");
  open();
  say("notice", opened("g1", 0));
  lines("g1", 0, ["one"]);
  say("partial", { generation: "g1", offset: 4, text: "tw" });
  frame();
  assert.deepEqual(shown(), ["one", "tw"]);
  lines("g1", 4, ["two"]);
  frame();
  assert.deepEqual(shown(), ["one", "two"]);
  say("partial", { generation: "g1", offset: 8, text: "thr" });
  say("partial", { generation: "g1", offset: 4, text: "tw" }); // late
  say("notice", { kind: "replaced", generation: "g2" });
  frame();
  assert.deepEqual(shown(), ["one", "two", "replaced"]);
});

test("what was skipped is a row that says where, and the position moves over it", () => {
  const { store, open, lose, take, say, lines, frame, choose } = setup();
  choose("a.log");
  open();
  say("notice", opened("g1", 0));
  lines("g1", 0, ["one"]);
  say("notice", { kind: "dropped", generation: "g1", from: 4, to: 5000 });
  frame();
  const { notice } = store.rowAt(1);
  assert.deepEqual([notice.kind, notice.from, notice.to, notice.generation], ["dropped", 4, 5000, "g1"]);
  lose();
  take();
  open();
  assert.deepEqual(take()[0].from, { generation: "g1", offset: 5000 });
});

test("in the past what comes is counted and not kept; then it is read on from where the past ends", () => {
  const { session, store, state, open, take, say, lines, frame, shown, choose, first } = setup();
  choose("a.log");
  open();
  say("notice", opened("g1", 0));
  lines("g1", 0, ["one"]);
  frame();
  take();
  session.detach();
  assert.deepEqual([state.window, first().last], ["past", { generation: "g1", next: 4 }]);
  lines("g1", 4, ["two", "three"]);
  say("partial", { generation: "g1", offset: 14, text: "ha" });
  frame();
  assert.deepEqual([shown(), store.fresh], [["one"], 2]);
  session.attach();
  assert.deepEqual(take(), [{ type: "open", file: "a.log", from: { generation: "g1", offset: 4 } }]);
  say("notice", opened("g1", 4));
  lines("g1", 4, ["two", "three"]);
  frame();
  assert.deepEqual(shown(), ["one", "two", "three"]);
});

test("a page that is full because somebody reads lets the live end go, and has it again", () => {
  const { session, store, state, open, say, lines, frame, choose, take } = setup({ lines: 2000, bytes: 1e9 });
  choose("a.log");
  open();
  say("notice", opened("g1", 0));
  let next = lines("g1", 0, Array(1000).fill("x"));
  frame();
  store.read();
  store.keepFrom = store.rowAt(0).id;
  store.keepTo = store.rowAt(30).id;
  next = lines("g1", next, Array(1500).fill("y"));
  frame();
  assert.equal(state.window, "past");
  const { kept } = store;
  next = lines("g1", next, Array(500).fill("z"));
  frame();
  assert.deepEqual([store.kept, store.fresh], [kept, 2000]);
  take();
  session.reload();
  assert.deepEqual(take()[0].from, { tail: 1000 });
  assert.deepEqual([store.kept, state.window, store.mode], [0, "live", "following"]);
});

test("a gap in mid-stream moves nothing: the next lines are told by their own offsets", () => {
  const { open, say, lines, frame, shown, choose } = setup();
  choose("a.log");
  open();
  say("notice", opened("g1", 0));
  lines("g1", 0, ["one"]);
  say("notice", { kind: "gap", generation: "g1", offset: 4, to: 900 });
  say("notice", { kind: "rotated", generation: "g2", offset: 3, ended: "g1" });
  lines("g2", 3, ["two"]);
  say("notice", { kind: "gap", generation: "g1", offset: 900, to: 950 });
  lines("g2", 7, ["three"]);
  frame();
  assert.deepEqual(shown(), ["one", "gap", "rotated", "two", "gap", "three"]);
});
