// The time of a line: read out of what programs write, and written again.

import assert from "node:assert/strict";
import { test } from "node:test";
import { language } from "../../static/js/i18n.js";
import { findTime, formatAs, timeOf } from "../../static/js/log-times.js";

const U = Date.UTC;
const L = (...date) => new Date(...date).getTime();
// Without a year: the newest in which the day does not lie ahead.
const Y = (month, day) => {
  const tomorrow = new Date(Date.now() + 86_400_000);
  const isAhead = month > tomorrow.getMonth() || (month === tomorrow.getMonth() && day > tomorrow.getDate());
  return tomorrow.getFullYear() - (isAhead ? 1 : 0);
};

const CORPUS = [
  ["2026-11-23T03:40:12.123Z GET /", "2026-11-23T03:40:12.123Z", U(2026,10,23,3,40,12,123)],
  ["2026-11-23T03:40:12+01:00 GET /", "2026-11-23T03:40:12+01:00", U(2026,10,23,2,40,12)],
  ["2026-11-23 03:40:12,123 INFO root: x", "2026-11-23 03:40:12,123", L(2026,10,23,3,40,12,123)],
  ["2026/11/23 03:40:12 [error] 31#31: x", "2026/11/23 03:40:12", L(2026,10,23,3,40,12)],
  ["[2026-11-23 03:40:12 +0000] [7] [INFO] x", "[2026-11-23 03:40:12 +0000]", U(2026,10,23,3,40,12)],
  ["2026-11-23 03:40:12.123 UTC [88] LOG:  x", "2026-11-23 03:40:12.123 UTC", U(2026,10,23,3,40,12,123)],
  ["Nov 23 03:40:12 web-1 sshd[1]: x", "Nov 23 03:40:12", L(2026,10,23,3,40,12)],
  ["<34>Nov  3 03:40:12 web-1 su: x", "Nov  3 03:40:12", L(2026,10,3,3,40,12)],
  ['::1 - - [23/Nov/2026:03:40:12 +0000] "GET / HTTP/1.1" 200 5',"[23/Nov/2026:03:40:12 +0000]", U(2026,10,23,3,40,12)],
  ["[Mon Nov 23 03:40:12.123456 2026] [core:error] x", "[Mon Nov 23 03:40:12.123456 2026]", L(2026,10,23,3,40,12,123)],
  ["I1123 03:40:12.123456 1 main.go:1] x", "1123 03:40:12.123456", L(2026,10,23,3,40,12,123)],
  ["03:40:12.5 x", "03:40:12.5"],
  ['{"level":"info", "time":"2026-11-23T03:40:12Z", "msg":"x"}',"2026-11-23T03:40:12Z", U(2026,10,23,3,40,12)],
  ["level=info ts=2026-11-23T03:40:12.1Z msg=x", "2026-11-23T03:40:12.1Z", U(2026,10,23,3,40,12,100)],
  ['time="2026-11-23T03:40:12+08:00" level=info msg="x"',"2026-11-23T03:40:12+08:00", U(2026,10,22,19,40,12)],
  ['{"level":30,"time":1732333212123,"pid":1,"msg":"x"}',"1732333212123", 1732333212123],
  ['{"level":"info", "ts":1732333212.1234,"msg":"x"}',"1732333212.1234", 1732333212123],
  ["1732333212.123    120 ::1 TCP_MISS/200", "1732333212.123", 1732333212123],
  ["ts=1732333212 level=info", "1732333212", 1732333212000],
  ["12:M 23 Nov 2026 03:40:12.123 # x", "23 Nov 2026 03:40:12.123", L(2026,10,23,3,40,12,123)],
  ["11-23 03:40:12.123  1234  1234 E x", "11-23 03:40:12.123", L(2026,10,23,3,40,12,123)],
  ["app-1  | 2026-11-23T03:40:12Z up", "2026-11-23T03:40:12Z", U(2026,10,23,3,40,12)],
  ["<134>1 2026-11-23T03:40:12Z host app", "2026-11-23T03:40:12Z", U(2026,10,23,3,40,12)],
  ["Nov 23, 2026 3:40:12 PM x", "Nov 23, 2026 3:40:12 PM", L(2026,10,23,15,40,12)],
  ["Nov 23, 2026 03:40:12 PM com.x.Y", "Nov 23, 2026 03:40:12 PM", L(2026,10,23,15,40,12)],
  ["23.11.2026 03:40:12 x", "23.11.2026 03:40:12", L(2026,10,23,3,40,12)],
  ["23-Nov-2026 03:40:12.123 INFO [main] x", "23-Nov-2026 03:40:12.123", L(2026,10,23,3,40,12,123)],
  ["11/23/2026 03:40:12 x", "11/23/2026 03:40:12", L(2026,10,23,3,40,12)],
  ["[GIN] 2026/11/23 - 03:40:12 | 500 |", "2026/11/23 - 03:40:12", L(2026,10,23,3,40,12)],
  ['{"t":{"$date":"2026-11-23T03:40:12.1+00:00"},"s":"W"}',"2026-11-23T03:40:12.1+00:00", U(2026,10,23,3,40,12,100)],
  ["Nov 24 23:59:59 web x", "Nov 24 23:59:59", L(Y(10, 24),10,24,23,59,59)],
  ["Dec 31 23:59:59 web x", "Dec 31 23:59:59", L(Y(11, 31),11,31,23,59,59)],
  ["update-alternatives 2026-11-23 03:40:12: run with", "2026-11-23 03:40:12", L(2026,10,23,3,40,12)],
  ["2026-11-23_03:40:12.12345 x", "2026-11-23_03:40:12.12345", L(2026,10,23,3,40,12,123)],
];
const NONE = [
  "", "at 03:40:12 it failed", "  File x, line 3", "03:40:12:77 x", "1.2.3.4 x", "    at 2026-11-23 03:40:12 x", "2026-13-40 03:40:12 x", "25:61:61 x",
  "the job that began yesterday ran until 2026-11-23 03:40:12", "9999999999999 x", '{"msg":"at 2026-11-23T03:40:12Z"}', "10:20:30:40:50:60 mac",
];

test("the time of a line is read, and where it stands", () => {
  for (const [text, written, ms] of CORPUS) {
    const found = findTime(text);
    assert.equal(found && text.slice(found.start, found.end), written, text);
    if (ms !== undefined) assert.equal(found.ms, ms, text);
    assert.equal(timeOf(text), found.ms, text);
  }
});

test("what is no time of a line is none", () => {
  for (const text of NONE) assert.equal(timeOf(text), null, text);
});

test("the clock in it is found: a phone has room for no more", () => {
  for (const [text] of CORPUS) {
    const { clock, clockEnd } = findTime(text);
    if (clock >= 0) assert.match(text.slice(clock, clockEnd), /^\d{1,2}:\d{2}:\d{2}$/, text);
  }
});

test("colours around it do not matter to the time", () => {
  assert.equal(timeOf("\x1b[2m2026-11-23T03:40:12.123Z\x1b[0m x"), U(2026, 10, 23, 3, 40, 12, 123));
});

test("a clock without a date is of today, or of yesterday when it lies ahead", () => {
  const at = new Date(timeOf("03:40:12 x"));
  assert.deepEqual([at.getHours(), at.getMinutes(), at.getSeconds()], [3, 40, 12]);
  assert.ok(at.getTime() < Date.now() + 3_600_000 + 1000);
});

test("a time is written as the reader wants it", () => {
  language.value = "en";
  const now = L(2026, 10, 24, 12, 0, 0);
  assert.equal(formatAs(now, "written", { written: "12:00" }), "12:00");
  assert.equal(formatAs(L(2026, 10, 24, 3, 4, 5, 6), "local", { now }), "03:04:05.006");
  assert.equal(formatAs(L(2026, 10, 23, 3, 4, 5, 6), "local", { now }), "2026-11-23 03:04:05.006");
  assert.equal(formatAs(U(2026, 10, 23, 3, 4, 5), "utc", { now }), "2026-11-23 03:04:05.000");
  assert.match(formatAs(now - 5 * 3_600_000, "relative", { now }), /^5.?h.* ago$/);
  assert.match(formatAs(now - 40_000, "relative", { now }), /^40.?s.* ago$/);
  language.value = "zh";
  assert.match(formatAs(now - 40_000, "relative", { now }), /前/);
  language.value = "en";
});

test("hostile text takes no longer than other text of its length", { timeout: 5000 }, () => {
  for (const evil of [":", "00:00:00", '{"time":', "time=", "2026-11-24 ", "1".repeat(30), " ", "Nov "]) timeOf(evil.repeat(100_000));
  timeOf(`{${'"time":"x",'.repeat(50_000)}}`);
});
