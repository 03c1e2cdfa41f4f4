// Colours of ANSI sequences: the text that is seen, the runs of it, and contrast.

import assert from "node:assert/strict";
import { test } from "node:test";
import { contrast, GROUNDS, parseAnsi, plainOf, readableOn } from "../../static/js/log-ansi.js";
import { displayText } from "../../static/js/log-text.js";

const runs = (raw) => parseAnsi(raw).map(({ text, classes, style }) => [text, classes.join(" "), style]);
const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

test("the 16 colours and the marks have classes", () => {
  assert.deepEqual(runs("\x1b[1;31mred\x1b[0m plain \x1b[92mgreen\x1b[39m."), [
    ["red", "ansi-bold ansi-1", null], [" plain ", "", null], ["green", "ansi-10", null], [".", "", null],
  ]);
  assert.deepEqual(runs("\x1b[3;4;9mx\x1b[23;24;29my"), [["x", "ansi-italic ansi-underline ansi-struck", null], ["y", "", null]]);
  assert.deepEqual(runs("\x1b[2mdim\x1b[22m\x1b[7minverse\x1b[27m"), [["dim", "ansi-dim", null], ["inverse", "ansi-inverse", null]]);
  assert.deepEqual(runs("\x1b[4:3mcurly\x1b[4:0mnot"), [["curly", "ansi-underline", null], ["not", "", null]]);
});

test("other colours can be read in the light and in the dark", () => {
  for (const code of ["38;5;226", "38;5;17", "38;2;255;255;120", "38;2;10;10;40", "38:2::128:128:128", "38:5:231"]) {
    const [, light, dark] = /^light-dark\((#\w{6}), (#\w{6})\)$/.exec(parseAnsi(`\x1b[${code}mx`)[0].style.color);
    assert.ok(contrast(rgb(light), GROUNDS.light) >= 4.5, code);
    assert.ok(contrast(rgb(dark), GROUNDS.dark) >= 4.5, code);
  }
});

test("text on a coloured ground can be read", () => {
  for (let ground = 0; ground < 256; ground += 1) {
    for (const front of [0, 3, 7, 12, 15, 100, 240]) {
      const { color, backgroundColor } = parseAnsi(`\x1b[48;5;${ground};38;5;${front}mx`)[0].style;
      assert.ok(contrast(rgb(color), rgb(backgroundColor)) >= 4.5, `${front} on ${ground}`);
    }
    const { color, backgroundColor } = parseAnsi(`\x1b[48;5;${ground}mx`)[0].style;
    assert.ok(contrast(rgb(color), rgb(backgroundColor)) >= 4.5, `on ${ground}`);
  }
  assert.ok(contrast(readableOn([128, 128, 128], [128, 128, 128]), [128, 128, 128]) >= 4.5);
});

test("what is no number of a colour changes nothing", () => {
  for (const codes of ["38;5", "38;5;300", "38;2;1;2", "38", "48;9;1", "999", ";;;"]) assert.equal(runs(`\x1b[${codes}mx`)[0][1], "", codes);
});

test("a line begins without colours", () => {
  parseAnsi("\x1b[31mred and no end");
  assert.deepEqual(runs("next"), [["next", "", null]]);
});

test("other sequences are removed, halves are seen", () => {
  assert.equal(plainOf("\x1b[2K\x1b(B\x1b]0;title\x07a\x1b]8;;https://x.org\x1b\\link\x1b]8;;\x1b\\\x1b7b"), "alinkb");
  for (const half of ["a\x1b", "a\x1b[", "a\x1b[31", "a\x1b]0;title", "a\x1b[ b", "\x1bPabc"]) assert.equal(plainOf(half), half);
  assert.equal(displayText("\x1b[2Ka\x1b[31"), "a␛[31");
});

test("the runs together are the text", () => {
  for (const raw of ["", "\x1b[0m", "a\x1b[1mb\x1b[0m", "\x1b[31m\x1b[32m", "\x1b[", "x\x1b[38;5;1"]) {
    assert.equal(parseAnsi(raw).map(({ text }) => text).join(""), plainOf(raw));
  }
});

test("control characters are seen, the carriage return at the end is not", () => {
  assert.equal(displayText("a\0b\x07\x7f"), "a␀b␇␡");
  assert.equal(displayText("10 %\r20 %\r"), "10 %␍20 %");
  assert.equal(displayText("a\tb"), "a\tb");
  assert.equal(displayText("user\u202egpj.exe \u009b"), "user<202e>gpj.exe <9b>");
});

test("hostile text takes no longer than other text of its length", { timeout: 5000 }, () => {
  for (const evil of ["\x1b]", "\x1bP", "\x1b[", "\x1b[1;", "\x1b#", "\x1b[0m", "\x1b]\x1b"]) parseAnsi(evil.repeat(100_000));
});
