// Filters, marks, and the address they are kept in.

import assert from "node:assert/strict";
import { test } from "node:test";
import { freshFilter, isActive, marker, readAddress, textTest, writeAddress } from "../../static/js/log-filter.js";

const filter = (fields) => ({ ...freshFilter(), ...fields });

test("only and not are plain text; capital letters count when the switch says so", () => {
  const passes = textTest(filter({ only: "Order", not: "(debug)" }));
  assert.deepEqual(["order 1", "ORDER 2", "else", "order (DEBUG)", "order debug"].map(passes), [true, true, false, false, true]);
  const exact = textTest(filter({ only: "Order", exact: { only: true, not: false, mark: false } }));
  assert.deepEqual(["order", "Order"].map(exact), [false, true]);
  assert.equal(textTest(freshFilter())("anything"), true);
});

test("what means something in a pattern means itself here", () => {
  for (const text of ["a.b", "[x]", "1+1", "a|b", "\\d", "^$", "a/b", "x-y", "{1}", "?*", "小林", "🎉"]) {
    assert.equal(textTest(filter({ only: text }))(`… ${text} …`), true, text);
  }
  assert.equal(textTest(filter({ only: "a.b" }))("axb"), false);
});

test("marks are the places of the text, whatever its capitals do to its length", () => {
  assert.deepEqual(marker(filter({ mark: "ab" }))("xAB abab"), [[1, 3], [4, 6], [6, 8]]);
  assert.deepEqual(marker(filter({ mark: "b" }))("İİb"), [[2, 3]]);
  assert.deepEqual(marker(freshFilter())("x"), []);
  assert.deepEqual(marker(filter({ only: "b" }), "only")("abB"), [[1, 2], [2, 3]]);
});

test("the address keeps file and filter, and reads them back", () => {
  const all = filter({ only: "a&b", not: "#", mark: "小 林", exact: { only: true, not: false, mark: true }, hidden: ["info", "debug"] });
  assert.deepEqual(readAddress(writeAddress("nginx/access.log", all)), { file: "nginx/access.log", filter: all });
  assert.equal(writeAddress("nginx/a.log", freshFilter()), "?file=nginx/a.log");
  assert.deepEqual(readAddress(""), { file: null, filter: freshFilter() });
  assert.deepEqual(readAddress("?exact=x,only&hide=nothing").filter, filter({ exact: { only: true, not: false, mark: false } }));
});

test("a mark hides nothing, so it is no active filter", () => {
  assert.equal(isActive(filter({ mark: "x" })), false);
  assert.equal(isActive(filter({ hidden: ["info"] })), true);
});
