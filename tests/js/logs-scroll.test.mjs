// Where rows stand, what scrolling means, what keys mean.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Geometry, ROW } from "../../static/js/log-geometry.js";
import { actionOf, LOG_KEYS } from "../../static/js/log-keys.js";
import { Scale } from "../../static/js/log-scale.js";
import { ScrollRule } from "../../static/js/log-scroll.js";
import { LogStore } from "../../static/js/log-store.js";

function storeOf(...lengths) {
  const store = new LogStore();
  store.append(store.source("a.log", "g"), lengths.map((length, at) => [at, "x".repeat(length)]));
  return store;
}

test("without wrap every row is one high", () => {
  const geometry = new Geometry().layOut(storeOf(...Array(5000).fill(5)), 0);
  assert.equal(geometry.total, 5000 * ROW);
  assert.deepEqual([geometry.top(3), geometry.indexAt(3 * ROW), geometry.indexAt(3 * ROW - 1), geometry.indexAt(1e6)], [60, 3, 2, 4999]);
  assert.equal(geometry.top(4321), 4321 * ROW);
  assert.deepEqual(geometry.range(2050 * ROW, 10 * ROW), [2038, 2073]);
  assert.deepEqual(new Geometry().layOut(storeOf(), 0).range(0, 100), [0, 0]);
});

test("what stands above the first row moves all down", () => {
  const geometry = new Geometry().layOut(storeOf(1, 1), 0, 32);
  assert.deepEqual([geometry.top(0), geometry.top(1), geometry.total, geometry.indexAt(0), geometry.indexAt(53)], [32, 52, 72, 0, 1]);
});

test("with wrap heights are guessed by columns until measured", () => {
  const store = storeOf(10, 25, 0);
  const geometry = new Geometry().layOut(store, 10);
  assert.deepEqual([0, 1, 2, 3].map((at) => geometry.top(at)), [0, 20, 80, 100]);
  assert.deepEqual([0, 19, 20, 79, 80, 500].map((y) => geometry.indexAt(y)), [0, 0, 1, 1, 2, 2]);
  assert.equal(geometry.measured(1, 80), true);
  assert.equal(geometry.measured(1, 80), false);
  assert.equal(geometry.layOut(store, 10).total, 120);
  assert.equal(geometry.layOut(store, 20).total, 80); // another width: a guess again
});

test("without wrap a row that was unfolded is as high as it is, and the others below it move", () => {
  const store = storeOf(...Array(1500).fill(5));
  const geometry = new Geometry().layOut(store, 0);
  assert.equal(geometry.measured(1200, 100), true);
  geometry.layOut(store, 0);
  assert.deepEqual([geometry.top(1200), geometry.top(1201), geometry.total], [24_000, 24_100, 30_080]);
  store.touch(store.rowAt(1200).id);
  assert.equal(geometry.layOut(store, 0).total, 30_000);
});

test("more rows than a browser can draw: both ends are reached, small moves are small", () => {
  const scale = new Scale(10_000);
  const total = 1_000_000;
  const height = 500;
  assert.equal(scale.fit(total, height), 10_000);
  assert.equal(scale.scrolled(0), 0);
  assert.equal(scale.scrolled(9500), total - height);       // the scrollbar's end
  assert.equal(scale.scrolled(9400), total - height - 100); // one turn of the wheel
  const middle = scale.scrolled(4750);
  assert.ok(Math.abs(middle - (total - height) / 2) < 1);
  assert.equal(scale.scrolled(4650), middle - 100);
  // What is drawn at a place is where the view is.
  assert.equal(scale.offset(middle - 100, middle - 100), 4650);
});

test("wheel and keys come to the very ends of it, step by step", () => {
  const scale = new Scale(10_000);
  scale.fit(50_000, 500);
  let scrollTop = scale.place(25_000);
  let top = 25_000;
  for (let steps = 0; top > 0 && steps < 1000; steps += 1) {
    scrollTop = Math.max(0, scrollTop - 100);
    const before = top;
    top = scale.scrolled(scrollTop);
    assert.ok(before - top <= 100.5, `jumped from ${before} to ${top}`);
    if (scale.isNearEdge(scrollTop)) scrollTop = scale.place(top);
  }
  assert.equal(top, 0);
  for (let steps = 0; top < 49_500 && steps < 1000; steps += 1) {
    scrollTop = Math.min(9500, scrollTop + 100);
    const before = top;
    top = scale.scrolled(scrollTop);
    assert.ok(top - before <= 100.5, `jumped from ${before} to ${top}`);
    if (scale.isNearEdge(scrollTop)) scrollTop = scale.place(top);
  }
  assert.equal(top, 49_500);
});

test("as long as all fits nothing is scaled", () => {
  const scale = new Scale(10_000);
  assert.equal(scale.fit(9000, 500), 9000);
  assert.deepEqual([scale.scrolled(1234), scale.place(777), scale.offset(800, 777)], [1234, 777, 800]);
});

test("any move up ends following; only the very end begins it again", () => {
  const rule = new ScrollRule();
  const at = (scrollTop, scrollHeight = 1000) => rule.scrolled({ scrollTop, scrollHeight, clientHeight: 200 }, 5000);
  rule.placed(800);
  assert.equal(at(796), "up");
  assert.equal(at(790), "up");
  assert.equal(at(795), null);
  assert.equal(at(800), "end");
  assert.equal(at(800), null);
});

test("content that shrinks or grows is no move of the reader", () => {
  const rule = new ScrollRule();
  rule.placed(800);
  assert.equal(rule.scrolled({ scrollTop: 300, scrollHeight: 500, clientHeight: 200 }, 0), null);
  rule.placed(300);
  assert.equal(rule.scrolled({ scrollTop: 300, scrollHeight: 900, clientHeight: 200 }, 0), null);
});

test("the rest of a smooth scroll does not undo the wish for the end", () => {
  const rule = new ScrollRule();
  const at = (scrollTop, now) => rule.scrolled({ scrollTop, scrollHeight: 1000, clientHeight: 200 }, now);
  rule.followed(1000);
  rule.placed(800);
  assert.equal(at(780, 1100), null);
  rule.placed(800);
  assert.equal(at(780, 1400), "up");
});

test("keys mean something only where nothing else wants them", () => {
  const press = (key, tagName = "BODY", more = {}) => actionOf({ key, target: { tagName, type: "text" }, ...more });
  assert.deepEqual([" ", "End", "/", "f", "w", "Home", "PageUp", "ArrowUp", "n", "N", "e", "E", "?", "g", "x"].map((key) => press(key)),
    ["pause", "end", "search", "filter", "wrap", "start", "pageUp", "up", "nextHit", "previousHit", "nextError", "previousError", "keys", "jump", null]);
  assert.equal(press("N", "BODY", { shiftKey: false }), "previousHit");
  assert.equal(press("W"), "wrap");
  assert.equal(press(" ", "INPUT"), null);
  assert.equal(press(" ", "BUTTON"), null);
  assert.equal(press("w", "BUTTON"), "wrap");
  assert.equal(press("w", "SELECT"), null);
  assert.equal(press("w", "BODY", { ctrlKey: true }), null);
  assert.equal(press("/", "BODY", { isComposing: true }), null);
});

test("every key of the page is on the list of keys", () => {
  const listed = LOG_KEYS.flatMap(([, keys]) => keys.flatMap(([ways]) => ways));
  for (const key of ["Space", "End", "Home", "/", "f", "n", "N", "e", "E", "g", "w", "?"]) assert.ok(listed.includes(key), key);
});
