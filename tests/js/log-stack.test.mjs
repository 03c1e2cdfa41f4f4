// Stack traces: which lines are of one, where it ends, and what it says in short.

import assert from "node:assert/strict";
import { test } from "node:test";
import { language } from "../../static/js/i18n.js";
import { beginsTrace, isContinuation, NO_TRACE, summaryOf, traceStep } from "../../static/js/log-stack.js";

// name -> [lines before, lines of the trace, lines after, the summary]
const TRACES = {
  python: [["ERROR upstream timed out"], [
    "Traceback (most recent call last):", '  File "/srv/app.py", line 10, in f', "    g()", "    ~^^", '  File "/srv/app.py", line 20, in g', '    raise KeyError("x")', "KeyError: 'x'", "",
    "During handling of the above exception, another exception occurred:", "", "Traceback (most recent call last):", '  File "/srv/app.py", line 12, in f', '    raise TimeoutError("no answer")',
    "shop.errors.TimeoutError: no answer",
  ], ["INFO next"], "Traceback, 3 frames: TimeoutError: no answer"],
  java: [["ERROR x failed"], [
    "java.lang.IllegalStateException: bad", "\tat com.acme.A.b(A.java:10)", "\tat com.acme.C.d(C.java:20)", "Caused by: java.sql.SQLException: no connection", "\tat org.pg.X.y(X.java:1)", "\t... 12 more",
  ], ["INFO next"], "Stack trace, 15 frames: SQLException: no connection"],
  node: [["Error: ENOENT: no such file".replace("Error: ", "ERROR ")], [
    "Error: ENOENT: no such file", "    at Object.open (node:fs:1:2)", "    at main (/srv/a.js:3:4) {", "  errno: -2,", "  code: 'ENOENT'", "}",
  ], ["next"], "Stack trace, 2 frames: Error: ENOENT: no such file"],
  go: [["started"], [
    "panic: runtime error: index out of range [3]", "", "goroutine 1 [running]:", "main.main()", "\t/srv/main.go:8 +0x1d", "main.(*Server).run(0xc000, {0x1, 0x2})", "\t/srv/run.go:9 +0x1d",
    "created by main.start in goroutine 5", "\t/srv/main.go:20 +0x1d", "exit status 2",
  ], ["2026/11/24 next"], "Stack trace, 3 frames: panic: runtime error: index out of range [3]"],
  ruby: [["started"], ["app.rb:3:in `foo': bad (RuntimeError)", "\tfrom app.rb:7:in `bar'", "\tfrom app.rb:10:in `<main>'"], ["next"], "Stack trace, 2 frames"],
  dotnet: [["started"], [
    "Unhandled exception. System.InvalidOperationException: Bad state", " ---> System.IO.IOException: disk", "   at A.B.C() in /srv/x.cs:line 3", "   --- End of inner exception stack trace ---",
    "   at A.Main() in /srv/x.cs:line 9",
  ], ["next"], "Stack trace, 2 frames: Unhandled exception. System.InvalidOperationException: Bad state"],
};

test("a trace is followed line by line, to its end", () => {
  for (const [name, [before, lines, after]] of Object.entries(TRACES)) {
    let state = NO_TRACE;
    const isOfOne = (line) => (state = traceStep(state, line)) !== NO_TRACE;
    for (const line of before) assert.equal(isOfOne(line), false, `${name}: ${line}`);
    for (const line of lines) assert.equal(isOfOne(line), true, `${name}: ${line}`);
    for (const line of after) assert.equal(isOfOne(line), false, `${name}: ${line}`);
  }
});

test("it says in short how long it is and how it ends", () => {
  language.value = "en";
  for (const [name, [, lines, , words]] of Object.entries(TRACES)) assert.equal(summaryOf(lines), words, name);
  assert.equal(summaryOf(["  one", "  two"]), "2 lines");
  assert.ok(summaryOf(["java.lang.Error: ".padEnd(500, "x"), "\tat a.b(C.java:1)"]).length < 140);
  language.value = "zh";
  assert.equal(summaryOf(TRACES.python[1]), "回溯，3 帧：TimeoutError: no answer");
  language.value = "en";
});

test("what begins a trace can stand alone, what goes on in it can't", () => {
  for (const [name, [, [first, second]]] of Object.entries(TRACES)) {
    assert.equal(beginsTrace(first), true, name);
    if (second !== "") assert.equal(isContinuation(second), true, name);
  }
  assert.equal(beginsTrace("INFO ready"), false);
});

test("lines of a log are of no trace", () => {
  for (const line of ["", "INFO x", "2026-11-24 09:00:00 ERROR x", '{"a":1}', "[error] x", "    indented text", "at noon", "Errors: 3", "error: no", "done (3 files)", "GET / HTTP/1.1"])
    assert.equal(traceStep(NO_TRACE, line), NO_TRACE, line);
});

test("colours do not hide a trace", () => {
  assert.notEqual(traceStep(NO_TRACE, "\x1b[31m    at main (/srv/a.js:3:4)\x1b[0m"), NO_TRACE);
});

test("hostile text takes no longer than other text of its length", { timeout: 5000 }, () => {
  for (const evil of ["a.", "(", " ", "a@", "a/", "x:1:in `", "at ", "A", "File \"", "from "]) {
    for (let state = 0; state < 6; state += 1) traceStep(state, evil.repeat(100_000));
    summaryOf([evil.repeat(100_000)]);
  }
});
