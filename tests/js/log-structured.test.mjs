// Lines of fields: JSON and logfmt, in short and in full.

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseJson } from "../../static/js/log-json.js";
import { fieldText, rowsOf, structureOf, summaryFields } from "../../static/js/log-structured.js";

const pairs = (text) => summaryFields(structureOf(text)).fields.map(({ key, value }) => `${key}=${value}`);
const named = (text) => {
  const structure = structureOf(text);
  return ["time", "level", "message"].map((name) => structure[name] && fieldText(text, structure[name].node));
};

const PINO = '{"level":30,"time":1732333212123,"pid":1,"hostname":"h","reqId":"a b","msg":"request \\"done\\"","user":{"id":12345678901234567890,"tags":["a","b"],"name":"a long name that fills it"},"a":1,"a":2}';
const LOGFMT = 'time="2026-11-23T03:40:12+08:00" level=info msg="hello \\"x\\" world" user=5 path=/a?b=c empty=';

test("JSON: time, level and message are known, the rest is in short", () => {
  assert.equal(structureOf(PINO).kind, "json");
  assert.deepEqual(named(PINO), ["1732333212123", "30", 'request "done"']);
  assert.deepEqual(pairs(PINO), ['reqId="a b"', "user={…}", "a=1", "a=2"]);
  assert.equal(summaryFields(structureOf(PINO)).more, 2); // pid, hostname
});

test("logfmt: the same", () => {
  assert.equal(structureOf(LOGFMT).kind, "logfmt");
  assert.deepEqual(named(LOGFMT), ["2026-11-23T03:40:12+08:00", "info", 'hello "x" world']);
  assert.deepEqual(pairs(LOGFMT), ["user=5", "path=/a?b=c", "empty="]);
});

test("fields behind other text", () => {
  const zap = '2026-11-23T03:40:12.123Z\tINFO\tsrv\tstarted\t{"port": 8080, "tls": false}';
  assert.equal(structureOf(zap).start, zap.indexOf("{"));
  assert.deepEqual(pairs(zap), ["port=8080", "tls=false"]);
  assert.deepEqual(pairs('2026-11-23T03:40:12Z app[1]: at=info method=GET path="/x y" host=a status=200'), ["at=info", "method=GET", 'path="/x y"', "host=a", "status=200"]);
});

test("what is not all fields stays text", () => {
  for (const text of ["order=8811 paid amount=42.00 EUR", '{"a":', "{bad}", "{}", '{"a":1} and more', 'a=1 b=2', 'GET /?q={"b":1} 200 x', "[1,2,3]", '{"a" 1}', "{'a':1}", 'a="x"y b=1 c=2'])
    assert.equal(structureOf(text), null, text);
});

test("unfolded, every field is there as it is written", () => {
  const rows = rowsOf(structureOf(PINO));
  assert.deepEqual(rows.map(({ depth, key, value }) => [depth, key, value]), [
    [0, "level", "30"], [0, "time", "1732333212123"], [0, "pid", "1"], [0, "hostname", "h"], [0, "reqId", "a b"], [0, "msg", 'request "done"'],
    [0, "user", null], [1, "id", "12345678901234567890"], [1, "tags", null], [2, "0", "a"], [2, "1", "b"], [1, "name", "a long name that fills it"],
    [0, "a", "1"], [0, "a", "2"],
  ]);
  assert.equal(rows[6].copy, '{"id":12345678901234567890,"tags":["a","b"],"name":"a long name that fills it"}');
});

test("a cut line keeps what it has", () => {
  const cut = `{"level":"error","msg":"big","blob":"${"y".repeat(3000)}`;
  const structure = structureOf(cut);
  assert.ok(structure.isCut);
  assert.deepEqual(named(cut), [null, "error", "big"]);
  assert.equal(rowsOf(structure).at(-1).value, cut.slice(cut.indexOf('"yyy')));
  assert.equal(structureOf(cut.slice(0, 60)), null); // a short one is no JSON then
});

test("nothing is lost: all characters of the values stand in the rows, also of very many", () => {
  const text = JSON.stringify(Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`key${n}`, `value ${n}`])));
  const shown = rowsOf(structureOf(text)).map(({ key, value }) => `${key} ${value}`).join(" ");
  for (let n = 0; n < 1000; n += 1) assert.ok(shown.includes(`value ${n}`) && shown.includes(`key${n}`), String(n));
});

test("escapes and odd values", () => {
  const text = '{"a\\u0062":"\\u4e2d\\n\\ud83d\\ude00","n":-1.5e3,"t":true,"e":"","bad":"\\x"}';
  assert.deepEqual(rowsOf(structureOf(text)).map(({ key, value }) => [key, value]), [["ab", "中\n😀"], ["n", "-1.5e3"], ["t", "true"], ["e", ""], ["bad", "\\x"]]);
});

test("depth is bounded, and nothing of it lost", () => {
  const deep = `{"a":${"[".repeat(200)}${"]".repeat(200)}}`;
  const root = parseJson(deep);
  assert.equal(root.end, deep.length);
  const last = rowsOf(structureOf(deep)).at(-1);
  assert.equal(last.kind, "raw");
  assert.equal(last.value.length, 400 - 2 * 59);
});

test("hostile text takes no longer than other text of its length", { timeout: 5000 }, () => {
  const evils = ['{"a":'.repeat(50_000), `{"a":${"[".repeat(250_000)}`, `{"a":"${"\\".repeat(200_000)}`, `{"a":"${'\\"'.repeat(100_000)}`, '{"'.repeat(100_000), "a=".repeat(100_000),
    "a=1 ".repeat(50_000), `{${" ".repeat(200_000)}`, "{ ".repeat(100_000), 'a="\\\\'.repeat(50_000), " a.b-".repeat(50_000), `{"a":${"1".repeat(200_000)}`];
  for (const evil of evils) {
    const structure = structureOf(evil);
    if (structure) rowsOf(structure), summaryFields(structure);
  }
});
