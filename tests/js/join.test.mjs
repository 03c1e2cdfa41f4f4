// What the join form says, and who is remembered.

import assert from "node:assert/strict";
import { test } from "node:test";
import { problems } from "../../static/js/join-check.js";
import { readPerson } from "../../static/js/person.js";

test("the form says what is missing and what is too long, in characters", () => {
  assert.deepEqual(problems({ username: "", email: "" }, 64), {
    email: { key: "join.noEmail" }, username: { key: "join.noUsername" },
  });
  assert.deepEqual(problems({ username: "😄".repeat(64), email: "a" }, 64), {});
  assert.equal(problems({ username: "😄".repeat(65), email: "a" }, 64).username.key, "join.longUsername");
});

test("a name has something to see and turns nothing round", () => {
  const said = (username) => problems({ username, email: "a" }, 64).username?.key;
  for (const name of ["\u200b", "\u200d\ufe0f", "\u3164", "\u2060 \u00ad", "\u0007", "ann\u202e", "\u2066ann\u2069"]) {
    assert.equal(said(name), "join.invisibleUsername", escape(name));
  }
  for (const name of ["ann", "小林", "😄", "❤️", "👩‍🚀", "مها", "~"]) assert.equal(said(name), undefined, name);
});

test("a remembered person is only taken as one", () => {
  assert.equal(readPerson(null), null);
  assert.equal(readPerson({ username: "" }), null);
  assert.equal(readPerson({ username: {}, email: "x" }), null);
  assert.deepEqual(readPerson({ username: "a", email: "b", avatar: 3 }), { username: "a", email: "b", avatar: "" });
});
