// Reading the past over HTTP, with a server that answers from lists: above, below,
// elsewhere, over rotated files, several files, and what was skipped.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../../static/js/log-api.js";
import { mergeByTime, mergePages, timesOf } from "../../static/js/log-merge.js";
import { Past } from "../../static/js/log-past.js";
import { freshState, LogSession } from "../../static/js/log-session.js";
import { LogStore } from "../../static/js/log-store.js";
import { Clock } from "./fake-browser.mjs";
import { FakeApi } from "./fake-log-server.mjs";

const numbered = (from, to, words = "line") => Array.from({ length: to - from + 1 }, (_, at) => `${words} ${String(from + at).padStart(5, "0")}`);

// A page that follows these files: each has the newest `tail` lines.
function setup({ files, tail = 100, cap }) {
  const api = new FakeApi();
  const sent = [];
  const connection = { send: (object) => sent.push(object) };
  const store = new LogStore(cap);
  const state = freshState();
  const session = new LogSession({ connection, store, state, timers: new Clock() });
  const focused = [];
  const past = new Past({ api, store, session, state, onFocus: (id) => focused.push(id) });
  for (const [file, ...generations] of files) for (const [generation, lines] of generations) api.add(file, generation, lines);
  session.show(files.map(([file]) => file));
  for (const [file] of files) {
    const [one] = api.files.get(file);
    const pairs = api.pairs(one);
    const some = tail === 0 ? [] : pairs.slice(-tail);
    const size = pairs.at(-1)[0] + pairs.at(-1)[1].length + 1;
    session.received({ type: "notice", file, kind: "opened", generation: one.generation, offset: some[0]?.[0] ?? size, size, how: "inotify" });
    if (some.length > 0) session.received({ type: "lines", file, generation: one.generation, lines: some, next: size });
  }
  const shown = () => Array.from({ length: store.count }, (_, n) => store.rowAt(n)).map((row) => (row.kind === "notice" ? `<${row.notice.kind}>` : row.text));
  return { api, sent, store, state, session, past, focused, shown };
}

test("scrolling back reads page after page to the file's start, and no further", async () => {
  const { past, shown, state, api } = setup({ files: [["a.log", ["g1", numbered(1, 2600)]]] });
  assert.equal(past.canOlder, true);
  await past.older();
  assert.deepEqual(shown(), numbered(1501, 2600));
  await past.older();
  await past.older();
  assert.deepEqual(shown(), numbered(1, 2600));
  assert.deepEqual([past.canOlder, state.tracks[0].start, past.older()], [false, true, false]);
  assert.equal(api.asked.length, 3);
  assert.equal(state.window, "live");
});

test("one thing is read at a time", async () => {
  const { past, api } = setup({ files: [["a.log", ["g1", numbered(1, 2600)]]] });
  const reading = past.older();
  assert.equal(past.older(), false);
  await reading;
  assert.equal(api.asked.length, 1);
});

test("before the first line stands the file that was rotated away, and the one before that", async () => {
  const { past, shown, state } = setup({
    files: [["a.log", ["g1", numbered(1, 50, "oldest")], ["g2", numbered(1, 50, "old")], ["g3", numbered(1, 50)]]],
  });
  state.files = [{ name: "a.log", siblings: [{ name: "a.log.1", generation: "g2" }, { name: "a.log.2", generation: "g1" }] }];
  for (let page = 0; page < 4 && past.canOlder; page += 1) await past.older();
  assert.deepEqual(shown(), [...numbered(1, 50, "oldest"), "<older>", ...numbered(1, 50, "old"), "<older>", ...numbered(1, 50)]);
  assert.equal(past.canOlder, false);
});

test("what is older than a file that was rotated meanwhile is not it again, whatever the list calls it", async () => {
  const { past, shown, state, session, api } = setup({ files: [["a.log", ["g1", numbered(1, 50, "oldest")], ["g2", numbered(1, 50, "old")]]] });
  api.add("a.log", "g3", numbered(1, 50));
  session.received({ type: "notice", file: "a.log", kind: "rotated", generation: "g3", offset: 0, ended: "g2" });
  session.received({ type: "lines", file: "a.log", generation: "g3", lines: api.pairs({ lines: numbered(1, 50) }), next: 550 });
  // The list knows the files by other names than those that the socket told.
  state.files = [{ name: "a.log", siblings: [{ name: "a.log.1", generation: "x2" }, { name: "a.log.2", generation: "x1" }] }];
  for (let page = 0; page < 6 && past.canOlder; page += 1) await past.older();
  assert.deepEqual(shown(), [...numbered(1, 50, "oldest"), "<older>", ...numbered(1, 50, "old"), "<rotated>", ...numbered(1, 50)]);
  assert.equal(past.canOlder, false);
});

test("a generation that is gone is the end of scrolling back, and no error", async () => {
  const { past, api, state } = setup({ files: [["a.log", ["g1", numbered(1, 500)]]] });
  api.files.set("a.log", []);
  await past.older();
  assert.deepEqual([past.canOlder, state.trouble], [false, ""]);
});

test("a server that does not answer is told, and asked again when somebody wants it", async () => {
  const { past, api, state, shown } = setup({ files: [["a.log", ["g1", numbered(1, 500)]]] });
  api.fail = new ApiError(0, "");
  await past.older();
  assert.deepEqual([state.trouble, state.loading, past.canOlder], ["unreachable", null, true]);
  api.fail = null;
  await past.older();
  assert.deepEqual([state.trouble, shown().length], ["", 500]);
});

test("a jump fills the page from there; below it is read on until the live end, then followed", async () => {
  const { past, shown, state, focused, store, sent, session } = setup({ files: [["a.log", ["g1", numbered(1, 4000)]]] });
  await past.jump({ line: 1001 });
  assert.deepEqual(shown(), numbered(1001, 2000));
  assert.equal(store.row(focused[0]).text, "line 01001");
  assert.deepEqual([state.window, store.mode], ["past", "reading"]);
  session.received({ type: "lines", file: "a.log", generation: "g1", lines: [[44_000, "new"]], next: 44_004 });
  assert.equal(store.fresh, 1);
  await past.newer();
  assert.deepEqual(shown(), numbered(1001, 3000));
  sent.length = 0;
  await past.newer();
  assert.deepEqual(shown(), numbered(1001, 4000));
  assert.equal(state.window, "live");
  assert.deepEqual(sent, [{ type: "open", file: "a.log", from: { generation: "g1", offset: 44_000 } }]);
  await past.older();
  assert.deepEqual(shown(), numbered(1, 4000));
});

test("a jump to a line by its place finds that line", async () => {
  const { past, focused, store } = setup({ files: [["a.log", ["g1", numbered(1, 3000)]]] });
  await past.openAt({ file: "a.log", generation: "g1", offset: 5500 });
  assert.equal(store.row(focused[0]).text, "line 00501");
  assert.equal(store.row(focused[0]).offset, 5500);
});

test("a place in a generation that is gone is told, and the page stays as it is", async () => {
  const { past, shown, state } = setup({ files: [["a.log", ["g1", numbered(1, 300)]]] });
  await past.openAt({ file: "a.log", generation: "g0", offset: 5 });
  assert.deepEqual([state.trouble, shown(), state.window], ["It is gone.", numbered(201, 300), "live"]);
});

test("from a rotated file one reads on into the one that follows it", async () => {
  const { past, shown, state } = setup({ files: [["a.log", ["g1", numbered(1, 1500, "old")], ["g2", numbered(1, 1200)]]] });
  state.files = [{ name: "a.log", siblings: [{ name: "a.log.1", generation: "g1" }] }];
  await past.openEnd("a.log", "g1");
  assert.deepEqual(shown(), [...numbered(501, 1500, "old"), "<rotated>"]);
  await past.newer();
  await past.newer();
  assert.deepEqual(shown(), [...numbered(501, 1500, "old"), "<rotated>", ...numbered(1, 1200)]);
  assert.equal(state.window, "live");
});

test("a jump while something is read takes its place", async () => {
  const { past, shown, state } = setup({ files: [["a.log", ["g1", numbered(1, 3000)]]] });
  const older = past.older();
  await past.jump({ percent: 50 });
  await older;
  assert.deepEqual(shown(), numbered(1501, 2500));
  assert.equal(state.loading, null);
});

test("over the cap the newest go while one scrolls back, and are read again on the way down", async () => {
  const { past, shown, state, store } = setup({ files: [["a.log", ["g1", numbered(1, 6000)]]], tail: 1000, cap: { lines: 2500, bytes: 1e9 } });
  store.read();
  for (let page = 0; page < 5; page += 1) {
    store.keepFrom = store.rowAt(0).id;
    store.keepTo = store.rowAt(40).id;
    await past.older();
  }
  assert.equal(store.rowAt(0).text, "line 00001");
  assert.ok(store.kept <= 3500);
  assert.equal(state.window, "past");
  for (let page = 0; page < 10 && past.canNewer; page += 1) {
    store.keepFrom = store.rowAt(store.count - 40).id;
    store.keepTo = store.rowAt(store.count - 1).id;
    await past.newer();
  }
  assert.equal(state.window, "live");
  const all = shown();
  assert.equal(all.at(-1), "line 06000");
  assert.deepEqual(all, numbered(6000 - all.length + 1, 6000)); // nothing twice, nothing missing
});

test("skipped lines come in place of the row that tells of them", async () => {
  const { past, shown, session, store, api } = setup({ files: [["a.log", ["g1", numbered(1, 5000)]]], tail: 0 });
  const size = 5000 * 11;
  session.received({ type: "notice", file: "a.log", kind: "opened", generation: "g1", offset: size, size });
  session.received({ type: "notice", file: "a.log", kind: "dropped", generation: "g1", from: 11 * 1000, to: 11 * 3500 });
  const pairs = api.pairs(api.files.get("a.log")[0]).slice(3500, 3600);
  store.append(store.source("a.log", "g1"), pairs);
  await past.loadSkipped(store.rowAt(0).id);
  assert.deepEqual(shown(), numbered(1001, 3600));
});

test("the conditions go along", async () => {
  const { past, session, shown, api } = setup({ files: [["a.log", ["g1", numbered(1, 3000)]]] });
  session.setConditions({ include: { text: "7", pattern: false, case: false }, exclude: null }, true);
  await past.older();
  assert.equal(api.asked.at(-1).include, "7");
  assert.equal(shown().filter((text) => !text.includes("7")).length, 100 - 19); // those the page had already
});

const stamp = (seconds, text) => `2026-11-23 ${new Date(seconds * 1000).toISOString().slice(11, 19)} ${text}`;

test("the past of several files is merged by time, as far as their pages reach", async () => {
  // One is ten times as busy: its page reaches back a tenth as far.
  const busy = Array.from({ length: 5000 }, (_, at) => stamp(at, `busy ${at}`));
  const quiet = Array.from({ length: 500 }, (_, at) => stamp(at * 10, `quiet ${at}`));
  const { past, shown, store } = setup({ files: [["busy.log", ["g1", busy]], ["quiet.log", ["h1", quiet]]], tail: 100 });
  store.reset();
  for (let page = 0; page < 20 && past.canOlder; page += 1) {
    store.read();
    await past.older();
  }
  const all = shown();
  assert.equal(all.length, 5500 - 200);
  assert.deepEqual(all, [...all].sort((one, other) => one.slice(0, 19).localeCompare(other.slice(0, 19))));
});

test("jumping in one file takes the others along by time", async () => {
  const one = Array.from({ length: 4000 }, (_, at) => stamp(at, `one ${at}`));
  const two = Array.from({ length: 4000 }, (_, at) => stamp(at, `two ${at}`));
  const { past, shown } = setup({ files: [["one.log", ["g1", one]], ["two.log", ["h1", two]]] });
  await past.jump({ line: 1001 });
  assert.deepEqual(shown().slice(0, 4), [one[1000], two[1000], one[1001], two[1001]]);
});

test("lines without times go with the one above, files without any as they are given", () => {
  assert.deepEqual(timesOf([[0, "no time"], [1, stamp(5, "x")], [2, "  more"]]).map((time) => time - timesOf([[0, stamp(5, "x")]])[0]), [0, 0, 0]);
  const list = (source, ...texts) => {
    const lines = texts.map((text, at) => [at, text]);
    return { source, lines, times: timesOf(lines) };
  };
  const runs = mergeByTime([list(0, stamp(1, "a"), "  b", stamp(3, "c")), list(1, stamp(2, "d")), list(2, "e", "f")]);
  assert.deepEqual(runs.map(({ source, lines }) => [source, lines.length]), [[2, 2], [0, 2], [1, 1], [0, 1]]);
  const { used } = mergePages([{ source: 0, lines: [[0, "x"]], isLast: false }, { source: 1, lines: [], isLast: true }], true);
  assert.deepEqual(used, [1, 0]);
});
