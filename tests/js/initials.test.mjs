// Letters and colours of avatars.

import assert from "node:assert/strict";
import { test } from "node:test";
import { colour, contrastWithWhite, initials } from "../../static/js/initials.js";

test("initials: two letters of a Latin name, one character of a Chinese one", () => {
  const expected = { maya: "MA", "Tom Sawyer": "TO", x: "X", 小林: "小", "林Li": "林", "A小": "A", "@dot": "DO", "👩‍🚀 ana": "👩‍🚀", "": "?", "-": "-", éa: "ÉA", "4you": "4Y", "山田": "山" };
  for (const [name, letters] of Object.entries(expected)) assert.equal(initials(name), letters, name);
});

test("white letters can be read on every avatar's colour, and a text has one colour", () => {
  const seen = new Set();
  for (let index = 0; index < 400; index += 1) {
    const value = colour(`person ${index}`);
    seen.add(value);
    assert.ok(contrastWithWhite(value.match(/\d+/g).map(Number)) >= 4.5, value);
  }
  assert.ok(seen.size > 20);
  assert.equal(colour("maya"), colour("maya"));
});
