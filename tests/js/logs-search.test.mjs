// A search on the server: its stream, its hits, its end; and the addresses that are asked.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError, LogApi } from "../../static/js/log-api.js";
import { Buckets } from "../../static/js/log-buckets.js";
import { freshSearch, LogSearch } from "../../static/js/log-search.js";
import { LogStore } from "../../static/js/log-store.js";
import { later, throttled } from "../../static/js/log-timing.js";
import { Clock } from "./fake-browser.mjs";

// A fetch that answers with these pieces of a stream; `hold` keeps it open until it is aborted.
function fetchOf(pieces, { status = 200, hold = false } = {}) {
  const asked = [];
  const fetch = async (address, { signal }) => {
    asked.push(address);
    const body = new ReadableStream({
      start(controller) {
        for (const piece of pieces) controller.enqueue(typeof piece === "string" ? new TextEncoder().encode(piece) : piece);
        if (!hold) controller.close();
        else signal.addEventListener("abort", () => controller.error(signal.reason));
      },
    });
    return new Response(body, { status });
  };
  return { asked, fetch };
}

const query = (text, more = {}) => ({ text, pattern: false, case: false, siblings: false, from: "newest", ...more });
const hit = (offset, text) => `${JSON.stringify({ hit: { file: "a.log", generation: "g1", offset, text } })}\n`;
const settled = () => new Promise((resolve) => { setTimeout(resolve, 5); });

function setup(...args) {
  const { asked, fetch } = fetchOf(...args);
  const state = freshSearch();
  return { asked, state, search: new LogSearch({ api: new LogApi("/base", fetch), state }) };
}

test("hits come out of the stream, wherever it is cut, in any script", async () => {
  const bytes = new TextEncoder().encode(hit(10, "支付失败") + hit(20, "two"));
  const { asked, state, search } = setup([bytes.slice(0, 70), bytes.slice(70, 73), bytes.slice(73), '{"progress":{"file":"a.log","done":5,"size":9,"hits":2}}\n{"done":{"hits":2}}']);
  await search.run(query("支付", { pattern: true, siblings: true }), ["dir/a b.log"]);
  assert.deepEqual(state.hits.map(({ offset, text, open }) => [offset, text, open]), [[10, "支付失败", "dir/a b.log"], [20, "two", "dir/a b.log"]]);
  assert.deepEqual([state.state, state.progress.done, state.done], ["done", 5, { hits: 2, more: false }]);
  assert.match(asked[0], /^\/base\/api\/logs\/dir\/a%20b\.log\/search\?/);
  const params = new URL(asked[0], "http://x").searchParams;
  assert.deepEqual(["text", "pattern", "case", "siblings", "from"].map((name) => params.get(name)), ["支付", "1", "0", "1", "newest"]);
});

test("a search that is stopped keeps what it found; a new one takes its place", async () => {
  const { state, search } = setup([hit(1, "one")], { hold: true });
  const running = search.run(query("o"), ["a.log"]);
  await settled();
  assert.deepEqual([state.state, state.hits.length], ["running", 1]);
  search.stop();
  await running;
  assert.deepEqual([state.state, state.hits.length], ["stopped", 1]);
  const second = search.run(query("x"), ["a.log"]);
  const third = search.run(query("y"), ["a.log"]);
  await settled();
  assert.deepEqual([state.query.text, state.state, state.hits.length], ["y", "running", 1]);
  search.stop();
  await Promise.all([second, third]);
  await search.run(query(""), ["a.log"]);
  assert.deepEqual([state.state, state.hits], ["idle", []]);
});

test("where the server had found enough, it goes on from there", async () => {
  const { asked, state, search } = setup([`${hit(9, "one")}{"done":{"hits":1,"more":true,"cursor":"g1:9"}}`]);
  await search.run(query("o"), ["a.log"]);
  assert.equal(state.done.more, true);
  await search.more();
  assert.equal(new URL(asked[1], "http://x").searchParams.get("cursor"), "g1:9");
  assert.equal(state.hits.length, 2);
});

test("what the server refuses is told in its words", async () => {
  const { state, search } = setup(['{"message":"A bracket is missing."}'], { status: 400 });
  await search.run(query("[", { pattern: true }), ["a.log"]);
  assert.deepEqual([state.state, state.error], ["failed", "A bracket is missing."]);
});

test("nobody answers: that is told too", async () => {
  const state = freshSearch();
  const api = new LogApi("", async () => { throw new TypeError("fetch failed"); });
  await new LogSearch({ api, state }).run(query("x"), ["a.log"]);
  assert.equal(state.state, "failed");
  assert.notEqual(state.error, "");
  await assert.rejects(api.lines("a.log", {}, null), (error) => error instanceof ApiError && error.status === 0);
});

test("a server that is not done yet is asked again", async () => {
  const answers = [[503, { error: "not_yet", message: "12%" }], [503, { error: "not_yet", message: "50%" }], [200, { lines: [] }], [503, { error: "cant_read", message: "No." }]];
  const api = new LogApi("", async () => {
    const [status, body] = answers.shift();
    return new Response(JSON.stringify(body), { status });
  });
  assert.deepEqual(await api.lines("a.log.1.gz", { at: 50 }, null), { lines: [] });
  await assert.rejects(api.lines("a.log", {}, null), (error) => error.status === 503 && error.message === "No.");
  assert.equal(answers.length, 0);
});

test("nobody waits for a server that is not done yet when nobody wants to know any more", async () => {
  const leaving = new AbortController();
  const api = new LogApi("", async () => {
    leaving.abort();
    return new Response(JSON.stringify({ error: "not_yet", message: "12%" }), { status: 503 });
  });
  await assert.rejects(api.lines("a.log", {}, null, leaving.signal), { name: "AbortError" });
});

test("from hit to hit", async () => {
  const { state, search } = setup([hit(1, "one"), hit(2, "two")]);
  await search.run(query("o"), ["a.log"]);
  assert.deepEqual([search.step(1).offset, search.step(1).offset, search.step(1), state.at, search.step(-1).offset], [1, 2, null, 1, 1]);
});

test("conditions stand in the address of what is asked", async () => {
  const { asked, fetch } = fetchOf(['{"lines":[]}']);
  const api = new LogApi("", fetch);
  await api.lines("a.log", { before: 5, limit: 10, generation: undefined }, { include: { text: "a&b", pattern: true, case: false }, exclude: null });
  assert.equal(asked[0], "/api/logs/a.log/lines?before=5&limit=10&include=a%26b&include_pattern=1");
  assert.equal(api.rawUrl("x/a.log"), "/api/logs/x/a.log/raw");
  assert.equal(api.filteredUrl("a.log", { include: null, exclude: { text: "x", pattern: false, case: true } }), "/api/logs/a.log/filtered?exclude=x&exclude_case=1");
});

// Lines over time.

const start = Date.parse("2026-11-23T14:00:00");
const line = (seconds, level) => `2026-11-23 ${new Date(start + seconds * 1000).toTimeString().slice(0, 8)} ${level} x`;
function counted(...lines) {
  const store = new LogStore({ lines: 2000, bytes: 1e9 });
  const buckets = new Buckets();
  store.onCome = (chunk, from) => buckets.add(chunk, from);
  store.onGone = (chunk) => buckets.remove(chunk);
  const source = store.source("a.log", "g");
  store.append(source, lines.map((text, at) => [at, text]));
  return { store, buckets, source };
}

test("lines are counted by second and level, a stack trace with the line above it, text without level by its own lines", () => {
  const { buckets } = counted(line(0, "INFO"), line(0, "ERROR"), "  trace", "  trace", line(2, "WARN"), line(2, ""), "a line without a time");
  const { from, step, counts, kind } = buckets.value;
  assert.deepEqual([from, step, kind], [start, 1000, "parsed"]);
  assert.deepEqual(counts, [[1, 0, 1, 0, 0], [0, 0, 0, 0, 0], [0, 1, 0, 0, 2]]);
});

test("bars get wider, and what goes is taken off again", () => {
  const { store, buckets, source } = counted();
  for (let block = 0; block < 6; block += 1) {
    store.append(source, Array.from({ length: 1000 }, (_, at) => [at, line(block * 1000 + at, at % 2 ? "INFO" : "ERROR")]));
  }
  const { step, counts } = buckets.value;
  assert.ok(counts.length <= 120 && step > 1000);
  const sum = (place) => counts.reduce((total, bar) => total + bar[place], 0);
  assert.deepEqual([sum(0), sum(2)], [store.kept / 2, store.kept / 2]);
  store.reset();
  assert.equal(buckets.value, null);
});

test("without any times they count when they come", () => {
  const { store, buckets, source } = counted("no time");
  store.append(source, [[10, "a"]], () => start);
  store.append(source, [[11, "b"], [12, "c"]], () => start + 1000);
  assert.deepEqual([buckets.value.kind, buckets.value.counts.map((bar) => bar[4])], ["arrival", [1, 2]]);
});

test("not too often, and not while somebody types", () => {
  const clock = new Clock();
  let count = 0;
  const often = throttled(100, () => { count += 1; }, clock);
  for (let at = 0; at < 10; at += 1) often();
  assert.equal(count, 0);
  clock.advance(100);
  assert.equal(count, 1);
  const [soon, now] = later(100, () => { count += 10; }, clock);
  soon();
  clock.advance(60);
  soon();
  clock.advance(60);
  assert.equal(count, 1);
  now();
  clock.advance(500);
  assert.equal(count, 11);
});
