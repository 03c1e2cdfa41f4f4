// What the page keeps: the cap, pausing, reading, filters, counts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { freshFilter } from "../../static/js/log-filter.js";
import { LogStore } from "../../static/js/log-store.js";

const CAP = 10;
const lines = (from, to, words = "line") => Array.from({ length: to - from + 1 }, (_, at) => `${words} ${from + at}`);
const shown = (store) => store.visible.map((row) => row.text ?? row.notice.kind);
const filled = (count) => {
  const store = new LogStore(CAP);
  store.addLines(lines(1, count));
  return store;
};

test("the newest lines are kept, the others let go and counted", () => {
  const store = filled(7);
  store.addLines(lines(8, 13));
  assert.deepEqual(shown(store), lines(4, 13));
  assert.deepEqual([store.kept, store.letGo], [10, 3]);
  store.addLines(lines(14, 60)); // more than fits at once
  assert.deepEqual(shown(store), lines(51, 60));
  assert.deepEqual([store.kept, store.letGo], [10, 50]);
});

test("notices take no line's place, and do not pile up", () => {
  const store = filled(10);
  store.addNotice({ kind: "rotated", at: 0 });
  assert.equal(store.kept, 10);
  assert.deepEqual(shown(store), [...lines(1, 10), "rotated"]);
  for (let at = 0; at < 1000; at += 1) store.addNotice({ kind: "gone", at });
  assert.ok(store.rows.length <= CAP + 200);
});

test("paused: nothing new is shown and nothing that is shown goes; following shows it", () => {
  const store = filled(8);
  store.pause();
  store.addLines(lines(9, 14));
  assert.deepEqual(shown(store), lines(1, 8));
  assert.deepEqual([store.fresh, store.kept, store.letGo], [6, 14, 0]);
  store.follow();
  assert.deepEqual(shown(store), lines(5, 14));
  assert.deepEqual([store.fresh, store.kept, store.letGo, store.mode], [0, 10, 4, "following"]);
});

test("paused for long: the newest of what waits are kept, and no hole is shown", () => {
  const store = filled(8);
  store.pause();
  store.addLines(lines(9, 40));
  assert.deepEqual(shown(store), lines(1, 8));
  assert.equal(store.fresh, 32);
  store.follow();
  assert.deepEqual(shown(store), lines(31, 40));
  assert.equal(store.letGo, 30);
});

test("reading: new lines come below and nothing above goes, until too many wait", () => {
  const store = filled(10);
  store.read();
  store.addLines(lines(11, 15));
  assert.deepEqual(shown(store), lines(1, 15));
  store.addLines(lines(16, 50));
  assert.deepEqual(shown(store), lines(1, 20));
  assert.equal(store.fresh, 40);
  store.follow();
  assert.deepEqual(shown(store), lines(41, 50));
});

test("a pause is not ended by reading", () => {
  const store = filled(3);
  store.pause();
  store.read();
  assert.equal(store.mode, "paused");
});

test("a filter works on all that is kept, and its end brings the lines back", () => {
  const store = filled(6);
  store.setFilter({ ...freshFilter(), only: "5" });
  assert.deepEqual(shown(store), ["line 5"]);
  store.addLines(["line 15", "line 16"]);
  store.addNotice({ kind: "rotated", at: 0 });
  assert.deepEqual(shown(store), ["line 5", "line 15", "rotated"]);
  store.setFilter(freshFilter());
  assert.deepEqual(shown(store), [...lines(1, 6), "line 15", "line 16", "rotated"]);
});

test("new lines that the filter hides are not announced", () => {
  const store = filled(3);
  store.pause();
  store.setFilter({ ...freshFilter(), not: "noise" });
  store.addLines(["noise 1", "line 4", "noise 2"]);
  assert.equal(store.fresh, 1);
  store.setFilter(freshFilter());
  assert.equal(store.fresh, 3);
});

test("levels are counted among the lines that pass the text filter, and switched", () => {
  const store = new LogStore(CAP);
  store.addLines(["ERROR a", "INFO a", "INFO b", "  as the one above"]);
  assert.deepEqual(store.counts, { error: 1, warn: 0, info: 3, debug: 0 });
  store.setFilter({ ...freshFilter(), hidden: ["info"] });
  assert.deepEqual(shown(store), ["ERROR a"]);
  assert.equal(store.counts.info, 3);
  store.setFilter({ ...freshFilter(), only: "a", hidden: ["info"] });
  assert.deepEqual([store.counts.error, store.counts.info], [1, 2]);
  store.addLines(lines(1, 12, "WARN a"));
  assert.deepEqual(store.counts, { error: 0, warn: 10, info: 2, debug: 0 }, "what is switched off takes no place of what is shown");
});

test("clear empties the page, shows what comes next, and follows", () => {
  const store = filled(12);
  store.clear();
  assert.deepEqual([store.kept, store.letGo, store.fresh, store.mode, store.cleared], [0, 0, 0, "following", true]);
  store.addLines(["next"]);
  assert.deepEqual(shown(store), ["next"]);
  assert.equal(store.cleared, false);
});

test("clear while paused takes what is shown, not what waits, and does not end the pause", () => {
  const store = filled(10);
  store.read();
  store.addLines(["ERROR below"]);
  store.pause();
  store.addLines(["waits"]);
  store.clear();
  assert.deepEqual(shown(store), []);
  assert.deepEqual([store.mode, store.kept, store.fresh, store.counts.error], ["paused", 2, 2, 1]);
  store.follow();
  assert.deepEqual(shown(store), ["ERROR below", "waits"]);
  assert.equal(store.counts.error, 1);
});

test("clear while reading further up shows the new lines that nobody saw, and follows", () => {
  const store = filled(10);
  store.read();
  store.addLines(lines(11, 25)); // ten below, five wait
  store.clear();
  assert.deepEqual(shown(store), lines(16, 25));
  assert.equal(store.mode, "following");
});

test("a filter's lines are not pushed out by others", () => {
  const store = new LogStore(CAP);
  store.setFilter({ ...freshFilter(), only: "order" });
  store.addLines(["INFO order 1", ...lines(1, 40), "INFO order 2", ...lines(41, 45)]);
  store.addLines(lines(46, 60));
  assert.deepEqual(shown(store), ["INFO order 1", "INFO order 2"]);
  assert.deepEqual([store.kept, store.letGo, store.counts.info], [12, 50, 2]);
  store.addLines(lines(3, 14, "INFO order"));
  assert.deepEqual(shown(store), lines(5, 14, "INFO order"));
  assert.deepEqual([store.kept, store.letGo, store.counts.info], [20, 54, 10]);
  store.setFilter(freshFilter());
  store.addLines(["last"]);
  assert.equal(store.kept, CAP, "without a filter all count alike");
});

test("a switched level lets the others stay, also while paused", () => {
  const store = new LogStore(CAP);
  store.setFilter({ ...freshFilter(), hidden: ["debug"] });
  store.pause();
  store.addLines(["ERROR a", ...lines(1, 50, "DEBUG"), "ERROR b"]);
  store.follow();
  assert.deepEqual(shown(store), ["ERROR a", "ERROR b"]);
  assert.deepEqual([store.kept, store.counts.debug], [12, 10]);
});

test("a notice stays with the filter's lines that it stands between", () => {
  const store = new LogStore(CAP);
  store.setFilter({ ...freshFilter(), only: "order" });
  store.addLines(["order 1"]);
  store.addNotice({ kind: "rotated", at: 0 });
  store.addLines([...lines(1, 30), "order 2"]);
  assert.deepEqual(shown(store), ["order 1", "rotated", "order 2"]);
});

test("ids ascend through all of it", () => {
  const store = filled(10);
  store.pause();
  store.addLines(lines(11, 15));
  store.addNotice({ kind: "rotated", at: 0 });
  store.follow();
  store.clear();
  store.addLines(lines(16, 20));
  const ids = store.rows.map((row) => row.id);
  assert.deepEqual(ids, [...ids].sort((a, b) => a - b));
  assert.equal(new Set(ids).size, ids.length);
});
