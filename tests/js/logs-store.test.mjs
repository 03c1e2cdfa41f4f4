// What the page keeps: blocks, the cap, pausing, reading, filters, folded stack traces,
// lines put in front and in between.

import assert from "node:assert/strict";
import { test } from "node:test";
import { freshFilter, textTest } from "../../static/js/log-filter.js";
import { LogStore } from "../../static/js/log-store.js";

// Blocks have 1000 rows: these caps are small in blocks.
const CAP = { lines: 3000, bytes: 1_000_000 };
const lines = (from, to, words = "line") => Array.from({ length: to - from + 1 }, (_, at) => [(from + at) * 10, `${words} ${from + at}`]);
const all = (store) => Array.from({ length: store.count }, (_, n) => store.rowAt(n));
const shown = (store) => all(store).map((row) => (row.kind === "notice" ? `<${row.notice.kind}>` : row.text));
const texts = (from, to) => lines(from, to).map(([, text]) => text);
const view = (fields = {}, folded = true) => {
  const filter = { ...freshFilter(), hidden: fields.hidden ?? [] };
  for (const name of ["only", "not"]) if (fields[name]) filter[name] = { ...filter[name], text: fields[name] };
  return { test: textTest(filter), hidden: filter.hidden, folded };
};
function filled(count, cap = CAP) {
  const store = new LogStore(cap);
  const source = store.source("a.log", "g1");
  store.append(source, lines(1, count));
  return { store, source };
}

test("lines are seen in their order, with file, generation and offset", () => {
  const { store, source } = filled(2500);
  assert.deepEqual(shown(store), texts(1, 2500));
  const row = store.rowAt(1234);
  assert.deepEqual([row.text, row.offset, row.source.file, row.source.generation], ["line 1235", 12350, "a.log", "g1"]);
  assert.equal(store.rankOf(row.id), 1234);
  assert.equal(store.find(source, 12350), row.id);
  assert.equal(store.rowAt(2500), null);
  assert.deepEqual([store.kept, store.letGo], [2500, 0]);
});

test("while the reader follows, the oldest block goes when there are too many", () => {
  const { store, source } = filled(3000);
  store.append(source, lines(3001, 3001));
  assert.deepEqual([store.kept, store.letGo, store.rowAt(0).text], [2001, 1000, "line 1001"]);
  store.append(source, lines(3002, 20_000)); // more than fits at once
  assert.ok(store.kept <= CAP.lines && store.kept > CAP.lines - 1000);
  assert.equal(store.rowAt(store.count - 1).text, "line 20000");
  assert.equal(store.kept + store.letGo, 20_000);
});

test("long lines fill it by their characters", () => {
  const { store, source } = filled(10, { lines: 1e6, bytes: 500_000 });
  for (let n = 0; n < 3000; n += 1) store.append(source, [[n, "x".repeat(1000)]]);
  assert.ok(store.bytes <= 500_000 + 1000 * 1060, `${store.bytes} bytes`);
  assert.ok(store.letGo > 0);
});

test("reading: what is above the view may go, what is looked at never; then the store is full", () => {
  const { store, source } = filled(3000);
  store.read();
  store.keepFrom = store.rowAt(1500).id;
  store.keepTo = store.rowAt(1550).id;
  store.append(source, lines(3001, 3500));
  assert.equal(store.isFull, false);
  assert.deepEqual([store.letGo, store.fresh], [1000, 500]);
  assert.equal(store.rowAt(500).text, "line 1501");
  store.append(source, lines(3501, 4500));
  assert.equal(store.isFull, true);
  assert.equal(store.rowAt(500).text, "line 1501");
  store.follow();
  assert.deepEqual([store.isFull, store.fresh, store.mode], [false, 0, "following"]);
});

test("paused: new lines are kept and not shown; following shows them", () => {
  const { store, source } = filled(8);
  store.pause();
  store.append(source, lines(9, 14));
  assert.deepEqual(shown(store), texts(1, 8));
  assert.deepEqual([store.fresh, store.kept], [6, 14]);
  store.follow();
  assert.deepEqual(shown(store), texts(1, 14));
});

test("older lines come above, with ids below all others; over the cap the newest go", () => {
  const { store, source } = filled(2000);
  store.read();
  store.keepFrom = store.rowAt(10).id;
  store.keepTo = store.rowAt(60).id;
  const anchor = store.rowAt(10).id;
  assert.equal(store.prepend([{ source, lines: lines(-499, 0) }]), false);
  assert.equal(store.rankOf(anchor), 510);
  assert.equal(store.rowAt(0).text, "line -499");
  assert.equal(store.prepend([{ source, lines: lines(-1999, -500) }]), true);
  assert.equal(store.rowAt(store.count - 1).text, "line 1000");
  assert.equal(store.row(anchor).text, "line 11");
  assert.deepEqual(store.edge("a.log", "last"), { generation: "g1", offset: 10_000 });
  assert.deepEqual(store.edge("a.log", "first"), { generation: "g1", offset: -19_990 });
});

test("lines are put in before a row that stays, again and again, and the ids ascend", () => {
  const { store, source } = filled(5);
  const id = store.addNotice(source, { kind: "dropped", from: 60, to: 99 });
  store.append(source, lines(2010, 2012));
  for (const from of [6, 706, 1406]) store.insert(id, [{ source, lines: lines(from, from + 699) }]);
  assert.deepEqual(shown(store), [...texts(1, 2105), "<dropped>", ...texts(2010, 2012)]);
  const ids = all(store).map((row) => row.id);
  assert.ok(ids.every((one, at) => at === 0 || one > ids[at - 1]));
  assert.ok(ids.every((one, at) => store.rankOf(one) === at && store.row(one) !== null));
  store.changeNotice(id, null);
  assert.deepEqual(shown(store), [...texts(1, 2105), ...texts(2010, 2012)]);
  store.append(source, lines(2013, 2014));
  assert.equal(store.rowAt(store.count - 1).text, "line 2014");
});

test("a half line stands at the end until the whole one comes", () => {
  const { store, source } = filled(2);
  store.setPartial(source, 30, "ha");
  store.setPartial(source, 30, "half");
  assert.deepEqual(shown(store), ["line 1", "line 2", "half"]);
  assert.equal(store.rowAt(2).kind, "partial");
  assert.equal(store.kept, 2);
  store.append(source, [[30, "half and whole"]]);
  assert.deepEqual(shown(store), ["line 1", "line 2", "half and whole"]);
  store.setPartial(source, 50, "next");
  store.clearPartial("a.log");
  assert.equal(store.count, 3);
});

test("a filter hides and takes nothing away; hidden levels too", () => {
  const store = new LogStore(CAP);
  const source = store.source("a.log", "g1");
  store.append(source, [[0, "INFO paid"], [10, "ERROR failed"], [20, "INFO failed"], [30, "WARN slow"]]);
  store.addNotice(source, { kind: "rotated" });
  store.setView(view({ only: "FAILED" }));
  assert.deepEqual(shown(store), ["ERROR failed", "INFO failed", "<rotated>"]);
  assert.deepEqual(store.counts, { error: 1, warn: 0, info: 1, debug: 0 });
  store.setView(view({ only: "failed", hidden: ["info"] }));
  assert.deepEqual(shown(store), ["ERROR failed", "<rotated>"]);
  assert.deepEqual(store.counts, { error: 1, warn: 0, info: 1, debug: 0 }); // what switching it on would bring
  store.read();
  store.append(source, [[40, "INFO failed"], [50, "ERROR failed again"], [60, "ERROR else"]]);
  assert.equal(store.fresh, 1);
  store.setView(view());
  assert.equal(store.count, 8);
});

test("counts go down again with the lines that go", () => {
  const store = new LogStore({ lines: 1500, bytes: 1e9 });
  const source = store.source("a.log", "g1");
  for (let block = 0; block < 5; block += 1) store.append(source, lines(1, 1000, "ERROR"));
  assert.equal(store.counts.error, store.kept);
  assert.equal(store.kept, 1000);
});

const TRACE = [
  "2026-11-23 03:40:12,123 ERROR payment failed", "Traceback (most recent call last):", '  File "shop.py", line 1, in pay',
  "TimeoutError: no answer", "2026-11-23 03:40:13,000 INFO paid",
];

test("a stack trace is folded below its head, belongs to its level, and unfolds", () => {
  const store = new LogStore(CAP);
  const source = store.source("a.log", "g1");
  store.append(source, TRACE.slice(0, 2).map((text, at) => [at, text]));
  store.append(source, TRACE.slice(2).map((text, at) => [at + 2, text])); // it came in two pieces
  assert.deepEqual(shown(store), [TRACE[0], TRACE[4]]);
  assert.deepEqual(store.rowAt(0).trace, TRACE.slice(1, 4));
  assert.equal(store.counts.error, 1); // one record, however many lines
  store.toggleTrace(store.rowAt(0).id);
  assert.deepEqual(shown(store), TRACE);
  assert.equal(store.rowAt(2).level, "error");
  store.toggleTrace(store.rowAt(0).id);
  assert.equal(store.count, 2);
  store.setView(view({}, false));
  assert.deepEqual(shown(store), TRACE);
});

test("a row that is gone to is shown, be it in a folded stack trace", () => {
  const store = new LogStore(CAP);
  const source = store.source("a.log", "g1");
  store.append(source, [[0, "INFO paid"], ...TRACE.map((text, at) => [at + 10, text])]);
  store.reveal(store.find(source, 0));
  assert.equal(store.count, 3);
  store.reveal(store.find(source, 12));
  assert.deepEqual(shown(store), ["INFO paid", ...TRACE]);
  store.reveal(store.find(source, 12));
  assert.equal(store.count, 6);
});

test("the empty line that a logger sets below a trace folds with it", () => {
  const store = new LogStore(CAP);
  const java = ["2026-11-23 03:40:12.123 SEVERE checkout failed", "java.lang.IllegalStateException: no", "\tat Shop.charge(Shop.java:4)", "", "2026-11-23 03:40:13.000 INFO paid"];
  store.append(store.source("a.log", "g1"), java.map((text, at) => [at, text]));
  assert.deepEqual(shown(store), [java[0], java[4]]);
  assert.equal(store.rowAt(0).trace.length, 3);
});

test("under a filter that leaves out what stands around, no line goes on from the one above", () => {
  const store = new LogStore(CAP);
  store.setView({ ...view({ only: "o" }), isLoose: true });
  store.append(store.source("a.log", "g1"), [[0, "2026-11-23 03:40:12,123 INFO going"], [90, "TimeoutError: no answer"], [200, "TimeoutError: no answer"]]);
  assert.deepEqual(all(store).map(({ level, belongs }) => [level, belongs]), [["info", false], ["error", false], ["error", false]]);
  assert.deepEqual(store.counts, { error: 2, warn: 0, info: 1, debug: 0 });
});

test("a stack trace that would be torn apart by a block's end is not", () => {
  const store = new LogStore({ lines: 1e6, bytes: 1e9 });
  const source = store.source("a.log", "g1");
  store.append(source, lines(1, 998));
  store.append(source, TRACE.map((text, at) => [at, text]));
  assert.equal(store.count, 1000);
  assert.equal(store.rowAt(998).trace.length, 3);
});

test("a stack trace ends with the file it is in", () => {
  const store = new LogStore(CAP);
  const source = store.source("a.log", "g1");
  store.append(source, [[0, "2026-11-23 03:40:12,123 ERROR failed"]]);
  store.addNotice(source, { kind: "rotated" });
  store.append(store.source("a.log", "g2"), [[0, "  indented"], [10, "  again"], [20, "  and again"]]);
  assert.equal(store.counts.error, 1);
});

test("clear takes what was seen; what waits behind a pause stays", () => {
  const { store, source } = filled(10);
  store.pause();
  store.append(source, lines(11, 12));
  store.clear();
  assert.deepEqual([shown(store), store.fresh, store.mode, store.cleared], [[], 2, "paused", true]);
  store.follow();
  assert.deepEqual(shown(store), texts(11, 12));
  store.clear();
  assert.deepEqual([store.count, store.kept], [0, 0]);
});

test("the next line that is wanted, in both directions, across blocks", () => {
  const { store, source } = filled(2500);
  const isRound = (_, text) => text.endsWith("00");
  const from = store.find(source, 9500);
  assert.equal(store.row(store.next(from, 1, isRound)).text, "line 1000");
  assert.equal(store.row(store.next(store.find(source, 10_000), 1, isRound)).text, "line 1100");
  assert.equal(store.row(store.next(store.find(source, 10_000), -1, isRound)).text, "line 900");
  assert.equal(store.row(store.next(Infinity, -1, isRound)).text, "line 2500");
  assert.equal(store.next(store.find(source, 25_000), 1, isRound), null);
});

test("the newest rows can be taken back and put in again", () => {
  const { store, source } = filled(0);
  const timed = (second) => `2026-11-23 03:40:${second} INFO x`;
  store.append(source, ["10", "11", "12"].map((second, at) => [at, timed(second)]));
  const limit = Date.parse("2026-11-23T03:40:10.500");
  const taken = store.takeTail(100, (time) => time > limit);
  assert.deepEqual(taken.map((row) => row.text), [timed("12"), timed("11")]);
  assert.deepEqual([shown(store), store.counts.info], [[timed("10")], 1]);
  store.append(source, [[1, timed("11")]]);
  assert.equal(store.count, 2);
});
