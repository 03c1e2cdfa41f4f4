// Filters, marks, and the address they are kept in.

import assert from "node:assert/strict";
import { test } from "node:test";
import { readAddress, writeAddress } from "../../static/js/log-address.js";
import {
  conditionsOf, freshFilter, isActive, isKnownHere, isNarrower, marker, markProblem, textTest,
} from "../../static/js/log-filter.js";

const field = (text, more = {}) => ({ text, pattern: false, case: false, problem: "", held: null, ...more });
const filter = (fields) => ({ ...freshFilter(), ...fields });
const passes = (fields) => textTest(filter(fields));

test("only and not are plain text; capital letters count when the switch says so", () => {
  const both = passes({ only: field("Order"), not: field("(debug)") });
  assert.deepEqual(["order 1", "ORDER 2", "else", "order (DEBUG)", "order debug"].map(both), [true, true, false, false, true]);
  assert.deepEqual(["order", "Order"].map(passes({ only: field("Order", { case: true }) })), [false, true]);
  assert.equal(textTest(freshFilter()), null);
});

test("while a pattern can't be used, what was there before it holds", () => {
  const wrong = field("order (", { pattern: true, problem: "no", held: { text: "order", pattern: false, case: false } });
  assert.deepEqual(conditionsOf(filter({ only: wrong })).include, wrong.held);
  assert.deepEqual(["order 1", "else"].map(passes({ only: wrong })), [true, false]);
  assert.deepEqual(conditionsOf(filter({ only: { ...wrong, held: null } })).include, null);
  assert.equal(isKnownHere(filter({ only: wrong })), true);
});

test("what means something in a pattern means itself in a text", () => {
  for (const text of ["a.b", "[x]", "1+1", "a|b", "\\d", "^$", "a/b", "x-y", "{1}", "?*", "小林", "🎉"]) {
    assert.equal(passes({ only: field(text) })(`… ${text} …`), true, text);
  }
  assert.equal(passes({ only: field("a.b") })("axb"), false);
});

test("patterns, in both cases", () => {
  const order = passes({ only: field("order=\\d{4}$", { pattern: true }) });
  assert.deepEqual(["ORDER=1234", "order=12", "order=12345"].map(order), [true, false, false]);
});

test("a pattern that the page does not know, or that could take for ever, is left to the server", () => {
  for (const text of ["(?i)x", "\\pN", "[", "(a+)+$", "(a|aa)*b", "((a)*)*"]) {
    const only = field(text, { pattern: true });
    assert.equal(passes({ only }), null, text);
    assert.equal(isKnownHere(filter({ only })), false, text);
    assert.ok(markProblem(only), text);
  }
  assert.equal(isKnownHere(filter({ only: field("a+b*", { pattern: true }), not: field("(a+)+") })), true);
  assert.equal(markProblem(field("(ab)+c", { pattern: true })), null);
  assert.equal(markProblem(field("(?:GET|POST) /", { pattern: true })), null);
});

test("of a long line the page can't tell whether a pattern is in it", () => {
  const end = `${"x".repeat(5000)}end`;
  assert.equal(passes({ only: field("end", { pattern: true }) })(end), true);
  assert.equal(passes({ not: field("end", { pattern: true }) })(end), true);
  assert.equal(passes({ only: field("other") })(end), false);
});

test("marks are the places of the text, whatever its capitals do to its length", () => {
  assert.deepEqual(marker(field("ab"))("xAB abab"), [[1, 3], [4, 6], [6, 8]]);
  assert.deepEqual(marker(field("b"))("İİb"), [[2, 3]]);
  assert.deepEqual(marker(field("\\d*", { pattern: true }))("a12b3"), [[1, 3], [4, 5]]);
  assert.deepEqual(marker(field(""))("x"), []);
});

test("what passes a narrower filter passes the wider one", () => {
  const of = (only, not) => conditionsOf(filter({ only, not }));
  const none = of(field(""), field(""));
  const narrower = (next, before) => isNarrower(next, before);
  assert.equal(narrower(of(field("or"), field("")), none), true);
  assert.equal(narrower(of(field("order"), field("")), of(field("or"), field(""))), true);
  assert.equal(narrower(of(field("Order", { case: true }), field("")), of(field("ord"), field(""))), true);
  assert.equal(narrower(of(field("a"), field("debug")), of(field("a"), field(""))), true);
  assert.equal(narrower(of(field("a"), field("bug")), of(field("a"), field("debug"))), true); // leaves out more
  for (const [next, before] of [
    [none, of(field("a"), field(""))],
    [of(field("or"), field("")), of(field("order"), field(""))],
    [of(field("x"), field("")), of(field("order"), field(""))],
    [of(field("order"), field("")), of(field("or", { case: true }), field(""))],
    [of(field("order", { pattern: true }), field("")), of(field("or"), field(""))],
    [of(field("a"), field("")), of(field("a"), field("b"))],
    [of(field("a"), field("debug")), of(field("a"), field("bug"))],
  ]) assert.equal(narrower(next, before), false, JSON.stringify([next, before]));
});

test("the address keeps files, filter and place, and reads them back", () => {
  const all = filter({
    only: field("a&b", { case: true }), not: field("#+", { pattern: true }), mark: field("小 林", { case: true, pattern: true }), hidden: ["info", "debug"],
  });
  const at = { generation: "g:1.2-3", offset: 12_345_678_901, file: "b.log" };
  const view = { files: ["nginx/access.log", "b.log"], filter: all, at };
  assert.deepEqual(readAddress(writeAddress(view)), view);
  assert.equal(writeAddress({ files: ["nginx/a.log"], filter: freshFilter() }), "?file=nginx/a.log");
  assert.equal(writeAddress({ files: ["a.log"], filter: freshFilter(), at: { ...at, file: "a.log" } }), "?file=a.log&at=g:1.2-3:12345678901");
  assert.deepEqual(readAddress(""), { files: [], filter: freshFilter(), at: null });
  assert.deepEqual(readAddress("?exact=x,only&hide=nothing&at=5&file=a&file=a"), { files: ["a"], filter: filter({ only: field("", { case: true }) }), at: null });
});

test("a mark hides nothing, so it is no active filter", () => {
  assert.equal(isActive(filter({ mark: field("x") })), false);
  assert.equal(isActive(filter({ hidden: ["info"] })), true);
  assert.equal(isActive(filter({ not: field("x") })), true);
});
