// The conversation with a connection that only records: positions, reconnects,
// notices, other files.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Rate } from "../../static/js/log-rate.js";
import { freshState, LogSession } from "../../static/js/log-session.js";
import { LogStore } from "../../static/js/log-store.js";

function setup() {
  const connection = {
    open: false, sent: [],
    send(object) {
      if (this.open) this.sent.push(object);
      return this.open;
    },
  };
  const clock = { now: 1_000_000 };
  const frames = [];
  const store = new LogStore(1000);
  const state = freshState();
  const session = new LogSession({ connection, store, state, now: () => clock.now, schedule: (run) => frames.push(run) });
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
  const say = (type, fields) => session.received({ type, file: state.file, ...fields });
  const lines = (generation, from, texts, file = state.file) => {
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
  const shown = () => store.rows.map((row) => row.text ?? row.notice.kind);
  return { session, store, state, clock, frame, take, open, lose, say, lines, files, shown };
}

const opened = (generation, offset, more = {}) => ({ kind: "opened", generation, offset, size: offset, how: "inotify", ...more });

test("the first file of the list is opened when none was asked for", () => {
  const { open, files, take, state } = setup();
  open();
  files("a.log", "b.log");
  assert.deepEqual(take(), [{ type: "open", file: "a.log", from: { tail: 1000 } }]);
  files("0.log", "a.log");
  assert.deepEqual(take(), []);
  assert.equal(state.file, "a.log");
});

test("lines are applied once per frame and in order", () => {
  const { session, open, take, say, lines, frame, shown, state } = setup();
  session.choose("a.log");
  open();
  assert.equal(take().length, 1);
  say("notice", opened("g1", 100));
  lines("g1", 100, ["one", "two"]);
  assert.deepEqual(shown(), []);
  lines("g1", 108, ["three"]);
  frame();
  assert.deepEqual(shown(), ["one", "two", "three"]);
  assert.deepEqual(state.position, { generation: "g1", next: 114 });
  assert.deepEqual([state.phase, state.how], ["opened", "inotify"]);
});

test("after a reconnect the file goes on from where it was received, without gap or repeat", () => {
  const { session, open, lose, take, say, lines, shown } = setup();
  session.choose("a.log");
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
  const { session, open, lose, take, say } = setup();
  session.choose("a.log");
  open();
  say("notice", opened("g1", 77));
  lose();
  take();
  open();
  assert.deepEqual(take()[0].from, { generation: "g1", offset: 77 });
});

test("rotation and truncation go on in the new generation from its start", () => {
  const { session, open, lose, take, say, lines, shown } = setup();
  session.choose("a.log");
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
  const { session, open, lose, take, say, lines, shown, state } = setup();
  session.choose("a.log");
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
  assert.deepEqual(state.position, { generation: "g1", next: 17 });
});

test("what comes late of an earlier opening of the same file is not shown", () => {
  const { session, open, say, lines, frame, shown } = setup();
  session.choose("a.log");
  open();
  say("notice", opened("g1", 0));
  session.choose("b.log");
  session.choose("a.log");
  lines("g1", 0, ["late"]);
  lines("h1", 0, ["of b"], "b.log");
  say("notice", opened("g1", 20));
  lines("g1", 20, ["right"]);
  frame();
  assert.deepEqual(shown(), ["right"]);
});

test("an answer to an earlier opening that comes first is not shown twice", () => {
  const { session, open, say, lines, frame, shown } = setup();
  session.choose("a.log");
  open();
  session.choose("b.log");
  session.choose("a.log");
  say("notice", opened("g1", 0));
  lines("g1", 0, ["one", "two"]);
  say("notice", opened("g1", 0));
  lines("g1", 0, ["one", "two", "three"]);
  frame();
  assert.deepEqual(shown(), ["one", "two", "three"]);
});

test("another file: the one before is closed and forgotten", () => {
  const { session, open, say, lines, frame, take, shown, state, store } = setup();
  session.choose("a.log");
  open();
  say("notice", opened("g1", 0));
  lines("g1", 0, ["x"]);
  frame();
  store.pause();
  take();
  session.choose("b.log");
  assert.deepEqual(take(), [{ type: "close", file: "a.log" }, { type: "open", file: "b.log", from: { tail: 1000 } }]);
  assert.deepEqual(shown(), []);
  assert.deepEqual([state.phase, state.position, store.mode], ["asked", null, "following"]);
});

test("missing, gone, denied are states; a row only once and only below lines", () => {
  const { session, open, lose, say, lines, frame, shown, state } = setup();
  session.choose("a.log");
  open();
  say("notice", { kind: "waiting", generation: null });
  frame();
  assert.deepEqual([shown(), state.phase], [[], "waiting"]);
  say("notice", opened("g1", 0));
  lines("g1", 0, ["x"]);
  say("notice", { kind: "gone", generation: "g1" });
  frame();
  assert.equal(state.phase, "gone");
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
  const { session, open, state } = setup();
  session.choose("a.log");
  open();
  session.received({ type: "error", code: "not_allowed", message: "No.", file: "b.log" });
  assert.equal(state.phase, "asked");
  session.received({ type: "error", code: "not_allowed", message: "No.", file: "a.log" });
  assert.deepEqual([state.phase, state.problem], ["refused", { code: "not_allowed", message: "No." }]);
});

test("a file that grew between two lists is active", () => {
  const { session, state, clock } = setup();
  const list = (size) => session.received({ type: "files", files: [{ name: "a.log", size, modified: "1970-01-01T00:00:01.000Z" }] });
  list(10);
  assert.equal(state.files[0].grewAt, null);
  clock.now += 2000;
  list(20);
  assert.equal(state.files[0].grewAt, clock.now);
  const then = clock.now;
  clock.now += 2000;
  list(5); // cut
  assert.equal(state.files[0].grewAt, then);
});

test("lines that were in the file already are not counted as arriving", () => {
  const { session, open, say, lines, frame, clock } = setup();
  session.choose("a.log");
  open();
  say("notice", opened("g1", 0, { size: 8 }));
  lines("g1", 0, ["old", "old", "new", "new"]);
  frame();
  clock.now += 1000;
  assert.equal(session.rate.perSecond(clock.now), 2);
});

test("lines a second over the last whole seconds", () => {
  const rate = new Rate();
  for (let second = 0; second < 10; second += 1) rate.add(second < 5 ? 100 : 20, second * 1000 + 500);
  assert.equal(rate.perSecond(10_000), 20);
  assert.equal(rate.perSecond(60_000), 0);
  rate.reset();
  assert.equal(rate.perSecond(60_000), 0);
});
