// How grave a line is: a corpus of what programs write, what only looks like it, and the speed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { findLevel, gradeOf } from "../../static/js/log-levels.js";

const CORPUS = [
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
  ["03:40:12 TRACE x", "trace", "TRACE"],
  ["E1123 03:40:12.123456 1 main.go:1] x", "error", "E"],
  ["03:40:12.001 W/Wifi: x", "warn", "W"],
  ["INFO ready [error] pages: 3", "info", "INFO"],
  ['::1 - - [23/Nov/2026:03:40:12 +0000] "GET / HTTP/1.1" 502 5 "-" "x"', "error", "502"],
  ['::1 - - [23/Nov/2026:03:40:12 +0000] "GET / HTTP/1.1" 404 5', "warn", "404"],
  ['::1 - - [23/Nov/2026:03:40:12 +0000] "GET /?q=ERROR HTTP/1.1" 200 -', "info", "200"],
  ["npm ERR! code E404", "error", "ERR"], ["npm warn deprecated x", "warn", "warn"],
  ["\x1b[32mINFO\x1b[0m ready", "info", "INFO"],
  ["06-10 10:10:10.123  1234  1234 E AndroidRuntime: x", "error", "E"],
  ["2024-01-01T00:00:00.000+0000 I NETWORK  [conn1] x", "info", "I"],
  ["2026-11-23 03:40:12.123 | WARNING  | mod:f:12 - x", "warn", "WARNING"],
  ["2026-11-23T03:40:12.123Z\terror\tsrv/x.go:1\tmsg", "error", "error"],
  ['ts=2026-11-23T03:40:12Z caller=x level=debug msg="a"', "debug", "debug"],
  ['{"severity":"WARNING","message":"x"}', "warn", "WARNING"], ['{"version":"1.1","level":3,"short_message":"x"}', "error", "3"],
  ['{"t":{"$date":"2026-11-23T03:40:12.1+00:00"},"s":"W","c":"X"}', "warn", "W"],
  ["12:M 23 Nov 2026 03:40:12.123 # Warning: no config", "warn", undefined],
  ["<11>Nov 23 03:40:12 host app: x", "error", "11"],
  ["[GIN] 2026/11/23 - 03:40:12 | 500 |  1.2ms | ::1 | GET /", "error", "500"],
  ["SEVERE: no", "error", "SEVERE"], ["[WRN] slow", "warn","WRN"], ["[12:00:01 INF] up", "info", "INF"],
  ["panic: runtime error: index", "error"], ["Traceback (most recent call last):", "error"], ["java.lang.IllegalStateException: x", "error"],
  ["2026-11-23 03:40:12 error something", "error", "error"],
  ["postfix/smtpd[1]: warning: x", "warn", "warning"],
];
const NONE = [
  "", "2026-11-24 09:21:28 status installed libc6", "found 0 errors", "informed the user", "E is a letter", "no-ERROR-here", "03:40:12 wrote error.log",
  "GET /warn 200", `${"x".repeat(200)} ERROR`, "level=high", "at 03:40:12 I was there", "took 3 E", '{"msg":"ERROR in the text"}', "levels=3", "error/warn", "a.error: x",
];

test("the level is found by what programs write, and where it stands", () => {
  for (const [text, level, word] of CORPUS) {
    const found = findLevel(text);
    assert.equal(found?.level, level, text);
    const plain = text.replace(/\x1b\[[\d;]*m/g, "");
    if (word !== undefined) assert.equal(plain.slice(found.start, found.end), word, text);
  }
});

test("what only looks like a level is none", () => {
  for (const text of NONE) assert.equal(findLevel(text), null, text);
});

test("four levels have a chip: trace counts as debug", () => {
  assert.equal(gradeOf("03:40:12 TRACE x"), "debug");
  assert.equal(gradeOf("03:40:12 ERROR x"), "error");
  assert.equal(gradeOf("plain"), null);
});

test("the fields of JSON decide, not the words in its message", () => {
  assert.equal(findLevel('{"msg":"ERROR: \\"level\\":\\"fatal\\"","level":"info"}').level, "info");
  assert.equal(findLevel(`{"msg":"${"x".repeat(3000)}","level":"warn"}`).level, "warn");
  assert.equal(findLevel('{"method":"GET","status":503}').level, "error");
});

test("hostile text takes no longer than other text of its length", { timeout: 5000 }, () => {
  for (const evil of ['" ', '"level":', "{", '{"level":{', "[GIN] | ", "ERROR-", "level=", "1:M 23 Nov ", "a.", "<"]) findLevel(evil.repeat(100_000));
});
