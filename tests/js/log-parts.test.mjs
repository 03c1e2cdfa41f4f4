// The pure parts of the panels: where to go, excerpts, files, bars, what was written lately.

import assert from "node:assert/strict";
import { test } from "node:test";
import { excerptAround } from "../../static/js/log-excerpt.js";
import { findFiles, groupFiles, withoutSiblings } from "../../static/js/log-file-list.js";
import { shapesOf } from "../../static/js/log-histogram.js";
import { parseJump } from "../../static/js/log-jump.js";
import { noteRecent, recentOf } from "../../static/js/log-recent.js";

test("where to go is understood", () => {
  const now = new Date(2026, 10, 24, 12, 0, 0).getTime();
  const at = (...date) => ({ time: new Date(...date).getTime() });
  for (const [text, place] of [
    ["50%", { percent: 50 }], ["12,5 %", { percent: 12.5 }], ["100%", { end: true }], ["101%", null], ["1204", { line: 1204 }], ["line 1,204", { line: 1204 }], [":7", { line: 7 }], ["第 7 行", { line: 7 }], ["0", null],
    ["start", { start: true }], ["开头", { start: true }], ["END", { end: true }], ["", null], ["nonsense", null],
    ["09:30", at(2026, 10, 24, 9, 30)], ["9:30:15", at(2026, 10, 24, 9, 30, 15)], ["14:02", at(2026, 10, 23, 14, 2)], ["25:00", null],
    ["2026-11-20 14:02", at(2026, 10, 20, 14, 2)], ["2026-11-20 14:02:03,5", at(2026, 10, 20, 14, 2, 3, 500)], ["2026-11-20T14:02:03Z", { time: Date.UTC(2026, 10, 20, 14, 2, 3) }],
    ["2026-11-20", at(2026, 10, 20)], ["2026-02-31", null], ["20/Nov/2026:14:02:03 +0000", { time: Date.UTC(2026, 10, 20, 14, 2, 3) }],
    ["15 min ago", { time: now - 900_000 }], ["-2h", { time: now - 7_200_000 }], ["3分钟前", { time: now - 180_000 }], ["2 天", { time: now - 2 * 86_400_000 }],
    ["1732333212", { time: 1732333212000 }],
  ]) assert.deepEqual(parseJump(text, now), place, text);
});

test("an excerpt shows what was found, with its places", () => {
  const line = `${"x".repeat(500)}needle${"y".repeat(500)}`;
  const { text, places } = excerptAround(line, [[500, 506]], 100);
  assert.equal(text.length, 102);
  assert.deepEqual(places.map(([start, end]) => text.slice(start, end)), ["needle"]);
  assert.deepEqual(excerptAround("short", [[0, 1]]), { text: "short", places: [[0, 1]] });
  assert.ok(excerptAround("😀".repeat(300), [], 101).text.isWellFormed());
});

test("files stand in their folders, rotated ones below their file", () => {
  const files = ["app.log", "nginx/access.log", "nginx/error.log", "db/pg.log"].map((name) => ({ name, siblings: [] }));
  assert.deepEqual(groupFiles(files).map(({ folder, files: members }) => [folder, members.map(({ name }) => name)]), [
    ["", ["app.log", "db/pg.log"]], ["nginx", ["nginx/access.log", "nginx/error.log"]],
  ]);
  assert.deepEqual(findFiles(files, "NGINX err").map(({ name }) => name), ["nginx/error.log"]);
  const rotated = [{ name: "app.log", siblings: [{ name: "app.log.1" }] }, { name: "app.log.1" }];
  assert.deepEqual(withoutSiblings(rotated, []).map(({ name }) => name), ["app.log"]);
  assert.deepEqual(withoutSiblings(rotated, ["app.log.1"]).length, 2);
});

test("bars: as high as they have lines, an error is always seen", () => {
  const [other, warn, error] = shapesOf([[1, 0, 9999, 0, 0], [0, 0, 0, 0, 0], [0, 5000, 0, 0, 0]]);
  const heights = ({ path }) => Array.from(path.matchAll(/M[\d.]+ ([\d.]+)V([\d.]+)/g), ([, bottom, top]) => Number(bottom) - Number(top));
  assert.deepEqual(heights(other).map(Math.round), [40]);
  assert.deepEqual(heights(warn), [20]);
  assert.equal(error.path.startsWith("M0.08"), true);
  assert.equal(shapesOf([[0, 0, 0, 0, 0]]).every(({ path }) => path === ""), true);
});

const kept = new Map();
globalThis.localStorage = { getItem: (name) => kept.get(name) ?? null, setItem: (name, value) => kept.set(name, value) };

test("what was written lately is kept once each, newest first", () => {
  for (const text of ["a", "b", "a", " ", "x".repeat(300)]) noteRecent("only", text);
  assert.deepEqual(recentOf("only"), ["a", "b"]);
  for (let n = 0; n < 30; n += 1) noteRecent("only", `text ${n}`);
  assert.equal(recentOf("only").length, 12);
});
