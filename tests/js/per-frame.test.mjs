// Gathering until the next frame.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PerFrame } from "../../static/js/per-frame.js";

function setup() {
  const taken = [];
  const asked = [];
  const perFrame = new PerFrame((items) => taken.push(items), (action) => {
    const frame = { action, cancelled: false };
    asked.push(frame);
    return () => { frame.cancelled = true; };
  });
  return { perFrame, taken, asked };
}

test("what came before the frame is handed on together, in order", () => {
  const { perFrame, taken, asked } = setup();
  perFrame.push(1);
  perFrame.push(2);
  assert.deepEqual([asked.length, taken], [1, []]);
  asked[0].action();
  perFrame.push(3);
  asked[1].action();
  assert.deepEqual(taken, [[1, 2], [3]]);
});

test("flush does not wait, and the frame that was asked for has nothing left to do", () => {
  const { perFrame, taken, asked } = setup();
  perFrame.push(1);
  perFrame.flush();
  perFrame.flush();
  assert.deepEqual(taken, [[1]]);
  assert.equal(asked[0].cancelled, true);
});

test("drop forgets", () => {
  const { perFrame, taken, asked } = setup();
  perFrame.push(1);
  perFrame.drop();
  perFrame.flush();
  assert.deepEqual(taken, []);
  assert.equal(asked[0].cancelled, true);
});
