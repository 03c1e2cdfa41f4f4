// A line as it is drawn: nothing of it is lost, marks cut its pieces, fields fold and unfold.

import assert from "node:assert/strict";
import { test } from "node:test";
import { language } from "../../static/js/i18n.js";
import { renderLine } from "../../static/js/log-render.js";
import { displayText } from "../../static/js/log-text.js";

language.value = "en";
const list = (children) => (Array.isArray(children) ? children : [children]);
const isNode = (node) => node !== null && typeof node === "object";
const className = (node) => String(node.props?.class ?? "");
const isExtra = (node) => isNode(node) && /log-more|log-pairs/.test(className(node));
const text = (node) => (Array.isArray(node) ? node.map(text).join("") : isNode(node) ? text(list(node.children ?? "")) : node === null || node === false || node === undefined ? "" : String(node));
const textOf = (nodes) => text(nodes.filter((node) => !isExtra(node)));
const find = (nodes, wanted) => nodes.flatMap((node) => (Array.isArray(node) ? find(node, wanted) : !isNode(node) ? [] : [...(wanted(node) ? [node] : []), ...find(list(node.children ?? []), wanted)]));
const ofClass = (nodes, name) => find(nodes, (node) => className(node).split(" ").includes(name)).map(text);
const marked = (nodes) => find(nodes, ({ type }) => type === "mark").map(text);
const marks = (...words) => (line) => words.flatMap((word) => Array.from(line.matchAll(new RegExp(word, "g")), ({ index, 0: found }) => [index, index + found.length]));

const PLAIN = [
  "2026-11-23 03:40:12,123 ERROR payment failed, see https://example.org/a_(b).", "\x1b[32mINFO\x1b[0m \x1b[38;5;208mready\x1b[0m at http://localhost:80/\r", "a\0b\x1b[", "", "  indented\ttab",
  '::1 - - [23/Nov/2026:03:40:12 +0000] "GET / HTTP/1.1" 502 5', "token=******** x", "心跳正常 · heartbeat ok", "<script>alert(1)</script> <b>x</b>", "ERROR 2026-11-23 03:40:12 x",
];

test("the pieces together are the text", () => {
  for (const line of PLAIN) {
    assert.equal(textOf(renderLine(line)), displayText(line));
    assert.equal(textOf(renderLine(line, { marks: marks("a", "[^x]{3}", "0") })), displayText(line));
    assert.equal(textOf(renderLine(line, { ansi: false })), displayText(line));
  }
});

test("time, level, addresses and what is blacked out are pieces of their own", () => {
  const nodes = renderLine(PLAIN[0]);
  assert.deepEqual(["log-date", "log-clock", "log-fraction", "log-level", "log-address"].map((name) => ofClass(nodes, name)[0]), ["2026-11-23 ", "03:40:12", ",123", "ERROR", "https://example.org/a_(b)"]);
  assert.deepEqual(ofClass(renderLine("token=******** x"), "log-hidden"), ["********"]);
  assert.deepEqual(ofClass(renderLine("***** x ******y"), "log-hidden"), []);
  const [address] = find(nodes, ({ type }) => type === "a");
  assert.equal(address.props.rel, "noopener noreferrer nofollow");
});

test("marks are cut to the pieces, overlap, and follow the text as it is shown", () => {
  assert.deepEqual(marked(renderLine("2026-11-23 03:40:12 ERROR payment failed", { marks: marks("ERROR pay", "yment") })), ["ERROR", " pay", "ment"]);
  assert.deepEqual(marked(renderLine("\x1b[31mpay\x1b[32mment\x1b[0m", { marks: marks("payment") })), ["pay", "ment"]);
  assert.deepEqual(marked(renderLine("abc", { marks: [[1, 2]] })), ["b"]);
});

test("colours, unless they are not wanted", () => {
  assert.deepEqual(ofClass(renderLine("\x1b[31mred\x1b[0m"), "ansi-1"), ["red"]);
  assert.deepEqual(ofClass(renderLine("\x1b[31mred\x1b[0m", { ansi: false }), "ansi-1"), []);
});

test("times as the reader wants them", () => {
  const now = Date.UTC(2026, 10, 23, 12);
  const line = "2026-11-23T03:40:12Z x 2026";
  assert.equal(textOf(renderLine(line, { now })), line);
  assert.equal(textOf(renderLine(line, { times: "utc", now })), "03:40:12.000 x 2026");
  assert.match(textOf(renderLine(line, { times: "relative", now })), /^8.?h.* ago x 2026$/);
  assert.deepEqual(marked(renderLine(line, { times: "utc", now, marks: marks("2026") })), ["2026"]);
});

const JSON_LINE = '{"level":30,"time":1732333212123,"pid":1,"msg":"done","user":{"id":1,"name":"a name of some length","tags":["vip","eu"]},"hostname":"web"}';

test("a line of fields in short, and unfolded", () => {
  const short = renderLine(JSON_LINE, { times: "utc", now: 1732333212123 });
  assert.equal(textOf(short), "03:40:12.123 INFO  done  user={…} +2");
  assert.match(text(find(short, (node) => className(node).includes("log-unfold"))), /▸ JSON/);
  const open = renderLine(JSON_LINE, { unfolded: true });
  assert.deepEqual(ofClass(open, "log-pair-key"), ["level", "time", "pid", "msg", "user", "id", "name", "tags", "0", "1", "hostname"]);
  assert.equal(ofClass(open, "log-pair-value").at(-1), "web");
});

test("a hit that the short form hides is told, and marked when it is unfolded", () => {
  const chip = (options) => find(renderLine(JSON_LINE, options), (node) => className(node).includes("log-unfold"))[0];
  assert.match(className(chip({ marks: marks("vip") })), /has-hit/);
  assert.doesNotMatch(className(chip({ marks: marks("done") })), /has-hit/);
  assert.deepEqual(marked(renderLine(JSON_LINE, { marks: marks("vip"), unfolded: true })), ["vip"]);
});

test("the wish to unfold is told", async () => {
  let asked = 0;
  const [chip] = find(renderLine(JSON_LINE, { onUnfold: () => { asked += 1; } }), (node) => className(node).includes("log-unfold"));
  await chip.props.onClick({ currentTarget: {} });
  assert.equal(asked, 1);
});
