// Which addresses in a text become links, and where they end.

import assert from "node:assert/strict";
import { test } from "node:test";
import { splitLinks } from "../../static/js/links.js";

const links = (text) => splitLinks(text).filter((part) => part.href).map((part) => part.text);

test("http and https addresses are links, nothing else is", () => {
  assert.deepEqual(links("see https://example.org/a?b=c#d and HTTP://Example.org"), ["https://example.org/a?b=c#d", "HTTP://Example.org"]);
  for (const text of ["javascript:alert(1)", "data:text/html,x", "ftp://example.org", "https://", "www.example.org"]) {
    assert.deepEqual(links(text), [], text);
  }
});

test("an address ends before the sentence does", () => {
  assert.deepEqual(links("(https://example.org/a)."), ["https://example.org/a"]);
  assert.deepEqual(links("https://example.org/a_(b), or"), ["https://example.org/a_(b)"]);
  assert.deepEqual(links("看https://example.org/页。好"), ["https://example.org/页"]);
  assert.deepEqual(links('<a href="https://example.org">'), ["https://example.org"]);
});

test("the parts put together are the text", () => {
  for (const text of ["", "a", "https://a.org", "x https://a.org y https://b.org.", "https:// https://[", "\n https://a.org\n"]) {
    assert.equal(splitLinks(text).map((part) => part.text).join(""), text);
  }
});

test("a long message of brackets is read once, not once for each bracket", () => {
  const start = performance.now();
  splitLinks(`https://a.org/${")".repeat(65_000)}`);
  splitLinks("https://".repeat(8_000));
  assert.ok(performance.now() - start < 5_000); // it takes some 30 ms
});
