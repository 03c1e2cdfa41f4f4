// What is found in a line: text, time, level, and the runs it is drawn in.

import assert from "node:assert/strict";
import { test } from "node:test";
import { makeLine, runsOf, showWhole } from "../../static/js/log-line.js";
import { findLevel } from "../../static/js/log-level.js";
import { columnsOf, displayText } from "../../static/js/log-text.js";
import { findTime } from "../../static/js/log-time.js";

const timeIn = (text) => {
  const time = findTime(text);
  return time && [text.slice(time.start, time.end), text.slice(time.clock, time.clockEnd)];
};
const levelIn = (text) => {
  const found = findLevel(text, findTime(text));
  return found && [found.level, text.slice(found.start, found.end)];
};

test("the time a line begins with is found, and the clock in it", () => {
  const clock = "03:40:12";
  for (const [text, whole] of [
    ["2026-11-23T03:40:12.123Z GET /", "2026-11-23T03:40:12.123Z"],
    ["2026-11-23T03:40:12+01:00 GET /", "2026-11-23T03:40:12+01:00"],
    ["2026-11-23 03:40:12,123 INFO root: x", "2026-11-23 03:40:12,123"],
    ["2026/11/23 03:40:12 [error] 31#31: x", "2026/11/23 03:40:12"],
    ["[2026-11-23 03:40:12 +0000] [7] [INFO] x", "[2026-11-23 03:40:12 +0000]"],
    ["2026-11-23 03:40:12.123 UTC [88] LOG:  x", "2026-11-23 03:40:12.123 UTC"],
    ["Nov 23 03:40:12 web-1 sshd[1]: x", "Nov 23 03:40:12"],
    ["<34>Nov  3 03:40:12 web-1 su: x", "Nov  3 03:40:12"],
    ['::1 - - [23/Nov/2026:03:40:12 +0000] "GET / HTTP/1.1" 200 5', "[23/Nov/2026:03:40:12 +0000]"],
    ["[Mon Nov 23 03:40:12.123456 2026] [core:error] x", "[Mon Nov 23 03:40:12.123456 2026]"],
    ["I1123 03:40:12.123456 1 main.go:1] x", "1123 03:40:12.123456"],
    ["03:40:12.5 x", "03:40:12.5"],
    ['{"level":"info","time":"2026-11-23T03:40:12Z","msg":"x"}', "2026-11-23T03:40:12Z"],
    ["level=info ts=2026-11-23T03:40:12.1Z msg=x", "2026-11-23T03:40:12.1Z"],
  ]) assert.deepEqual(timeIn(text), [whole, clock], text);
});

test("what is no time at the beginning is not taken for one", () => {
  for (const text of ["", "at 03:40:12 it failed", "  File x, line 3", "03:40:12:77 x", "1.2.3.4 x"]) assert.equal(findTime(text), null, text);
});

test("the level is found by the word programs write", () => {
  for (const [text, level, word] of [
    ["2026-11-23 03:40:12,123 ERROR db: lost", "error", "ERROR"],
    ["03:40:12 FATAL x", "error", "FATAL"],
    ["CRITICAL:root:x", "error", "CRITICAL"],
    ["WARNING:root:x", "warn", "WARNING"],
    ["2026/11/23 03:40:12 [error] 31#31: x", "error", "error"],
    ["2026/11/23 03:40:12 [crit] 31#31: x", "error", "crit"],
    ["2026/11/23 03:40:12 [notice] 31#31: x", "info", "notice"],
    ["[Mon Nov 23 03:40:12.1 2026] [core:error] [pid 1] x", "error", "error"],
    ["[2026-11-23 03:40:12 +0000] [7] [INFO] Booting", "info", "INFO"],
    ["level=warning msg=x", "warn", "warning"],
    ['{"time":"2026-11-23T03:40:12Z","level":"debug","msg":"x"}', "debug", "debug"],
    ['{"level":"error","time":"2026-11-23T03:40:12Z","msg":"x"}', "error", "error"],
    ['{"level":50,"time":1732333212123,"msg":"x"}', "error", "50"],
    ["2026-11-23 03:40:12.123 UTC [88] LOG:  checkpoint", "info", "LOG"],
    ["Nov 23 03:40:12 web app[1]: error: no space", "error", "error"],
    ["03:40:12 TRACE x", "debug", "TRACE"],
    ["E1123 03:40:12.123456 1 main.go:1] x", "error", "E"],
    ["03:40:12.001 W/Wifi: x", "warn", "W"],
    ["INFO ready [error] pages: 3", "info", "INFO"],
    ['::1 - - [23/Nov/2026:03:40:12 +0000] "GET / HTTP/1.1" 502 5 "-" "x"', "error", "502"],
    ['::1 - - [23/Nov/2026:03:40:12 +0000] "GET / HTTP/1.1" 404 5', "warn", "404"],
    ['::1 - - [23/Nov/2026:03:40:12 +0000] "GET / HTTP/1.1" 200 -', "info", "200"],
  ]) assert.deepEqual(levelIn(text), [level, word], text);
});

test("words that only look like a level are none", () => {
  for (const text of [
    "", "found 0 errors", "informed the user", "E is a letter", "no-ERROR-here", "03:40:12 wrote error.log", "GET /warn 200",
    `${"x".repeat(200)} ERROR`, "level=high",
  ]) assert.equal(levelIn(text), null, text);
});

test("a line without time and level has the level of the line above; one with a time has none", () => {
  const error = makeLine("03:40:12 ERROR job failed", null);
  const trace = makeLine("Traceback (most recent call last):", error);
  const deeper = makeLine('  File "x.py", line 3', trace);
  assert.deepEqual([trace.level, deeper.level], ["error", "error"]);
  assert.equal(makeLine("job 5512", deeper).level, "error");
  assert.equal(makeLine("03:40:13 started", deeper).level, null);
  assert.equal(makeLine("plain", null).level, null);
});

test("without times a line must look like a stack trace to belong to the one above", () => {
  const error = makeLine("ERROR job failed", null);
  const trace = makeLine("Traceback (most recent call last):", error);
  const last = makeLine("shop.TimeoutError: no answer", makeLine('  File "x.py", line 3', trace));
  assert.equal(last.level, "error");
  assert.equal(makeLine("job 5512 begins", last).level, null);
});

test("control characters are seen, colours and the carriage return are not", () => {
  assert.equal(displayText("a\0b\x07\x7f"), "a␀b␇␡");
  assert.equal(displayText("10 %\r20 %\r"), "10 %␍20 %");
  assert.equal(displayText("\x1b[1;31mred\x1b[0m \x1b[2Kline"), "red ␛[2Kline");
  assert.equal(displayText("a\tb"), "a\tb");
});

test("columns: East Asian characters and emoji take two", () => {
  assert.equal(columnsOf("abc"), 3);
  assert.equal(columnsOf("心跳 ok"), 7);
  assert.equal(columnsOf("🎉"), 2);
  assert.equal(columnsOf("é…"), 2);
});

test("the runs of a line are its text, cut at time, level and marks", () => {
  const line = makeLine("2026-11-23 03:40:12,123 ERROR payment failed", null);
  const at = line.text.indexOf("ERROR pay");
  const runs = runsOf(line, [[at, at + 9]]);
  assert.equal(runs.map((run) => run.text).join(""), line.text);
  assert.deepEqual(runs, [
    { kind: "date", marked: false, text: "2026-11-23 " },
    { kind: "clock", marked: false, text: "03:40:12" },
    { kind: "fraction", marked: false, text: ",123" },
    { kind: "text", marked: false, text: " " },
    { kind: "level", marked: true, text: "ERROR" },
    { kind: "text", marked: true, text: " pay" },
    { kind: "text", marked: false, text: "ment failed" },
  ]);
  assert.deepEqual(runsOf(makeLine("", null), []), []);
});

test("of a huge line the beginning is drawn until the reader wants all", () => {
  const line = makeLine(`${"x".repeat(3999)}\u{1f389}${"y".repeat(9000)}`, null);
  assert.equal(line.shown, "x".repeat(3999)); // no half emoji
  assert.equal(line.columns, 3999);
  assert.equal(line.text.length, 3999 + 2 + 9000);
  showWhole(line);
  assert.equal(runsOf(line, []).map((run) => run.text).join(""), line.text);
  assert.equal(line.columns, 3999 + 2 + 9000);
});
