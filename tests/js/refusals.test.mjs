// Why something was not done, in the reader's language: for every code that
// docs/PROTOCOL.md lists, and for the page's own.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { afterEach, test } from "node:test";
import { language } from "../../static/js/i18n.js";
import { reasonOf } from "../../static/js/refusals.js";
import en from "../../static/js/words/en.js";
import zh from "../../static/js/words/zh.js";

const protocol = readFileSync(new URL("../../docs/PROTOCOL.md", import.meta.url), "utf8");
const [, list] = protocol.match(/^### Errors\n\n([^]*?)\n\n/m);
const codes = Array.from(list.matchAll(/`(\w+)`/g), ([, code]) => code);
const OWN = ["lost", "no_answer"];

afterEach(() => { language.value = "en"; });

test("both catalogues have words for every code of the protocol, and for none besides", () => {
  assert.ok(codes.includes("bad_query") && codes.includes("not_stored"), "the list was found");
  for (const words of [en, zh]) {
    const known = Object.keys(words).filter((key) => key.startsWith("error.")).map((key) => key.slice("error.".length));
    assert.deepEqual(known.sort(), [...codes, ...OWN].sort());
  }
});

test("English readers get the server's own sentence, others the words of their language", () => {
  const refusal = { code: "too_many", message: "This message has as many reactions as it may have." };
  assert.equal(reasonOf(refusal), refusal.message);
  assert.equal(reasonOf({ code: "lost", message: "" }), en["error.lost"]);
  language.value = "zh";
  assert.equal(reasonOf(refusal), zh["error.too_many"]);
  assert.equal(reasonOf({ code: "of_a_newer_server", message: "Something new." }), "Something new.");
});
