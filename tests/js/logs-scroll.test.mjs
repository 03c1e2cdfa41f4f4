// Where rows stand, what scrolling means, what keys mean.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Geometry, ROW } from "../../static/js/log-geometry.js";
import { actionOf } from "../../static/js/log-keys.js";
import { ScrollRule } from "../../static/js/log-scroll.js";

const rows = (...columns) => columns.map((width, at) => ({ id: 10 + at * 2, columns: width }));

test("without wrap every row is one high", () => {
  const geometry = new Geometry().layOut(rows(...Array(100).fill(5)), 0);
  assert.equal(geometry.total, 100 * ROW);
  assert.deepEqual([geometry.top(3), geometry.indexAt(3 * ROW), geometry.indexAt(3 * ROW - 1), geometry.indexAt(1e6)], [60, 3, 2, 99]);
  assert.deepEqual(geometry.range(50 * ROW, 10 * ROW), [38, 73]);
  assert.deepEqual(geometry.range(0, 10 * ROW), [0, 23]);
  assert.deepEqual(new Geometry().layOut([], 0).range(0, 100), [0, 0]);
});

test("with wrap heights are guessed by columns until measured", () => {
  const list = rows(10, 25, 0);
  const geometry = new Geometry().layOut(list, 10);
  assert.deepEqual([0, 1, 2, 3].map((at) => geometry.top(at)), [0, 20, 80, 100]);
  assert.deepEqual([0, 19, 20, 79, 80, 500].map((y) => geometry.indexAt(y)), [0, 0, 1, 1, 2, 2]);
  assert.equal(geometry.measured(list[1], 80), true);
  assert.equal(geometry.measured(list[1], 80), false);
  assert.equal(geometry.layOut(list, 10).total, 120);
  assert.equal(geometry.layOut(list, 20).total, 80); // another width: a guess again
});

test("a row is found by its id, also when it is not there any more", () => {
  const geometry = new Geometry().layOut(rows(1, 1, 1), 0);
  assert.deepEqual([1, 10, 11, 12, 14, 99].map((id) => geometry.indexOf(id)), [0, 0, 1, 1, 2, 3]);
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
  assert.deepEqual([" ", "End", "/", "w", "Home", "PageUp", "PageDown", "ArrowUp", "x"].map((key) => press(key)),
    ["pause", "end", "filter", "wrap", "start", "pageUp", "pageDown", "up", null]);
  assert.equal(press(" ", "INPUT"), null);
  assert.equal(press(" ", "BUTTON"), null);
  assert.equal(press("w", "BUTTON"), "wrap");
  assert.equal(press("w", "BODY", { ctrlKey: true }), null);
  assert.equal(press("/", "BODY", { isComposing: true }), null);
});
