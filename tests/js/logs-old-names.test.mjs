// What a file that was rotated away is called now, with a server that answers from lists,
// and what the row of a rotation says.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../../static/js/log-api.js";
import { OldNames } from "../../static/js/log-old-names.js";
import { noticeWords } from "../../static/js/log-words.js";
import { FakeApi } from "./fake-log-server.mjs";

const NOTICE = { file: "a.log", generation: "g3", ended: "g2" };

// The name once the server has answered.
async function nameFrom(api, names = new OldNames({ api, onChange: () => {} })) {
  names.of(NOTICE);
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  return names.of(NOTICE);
}

function rotated() {
  const api = new FakeApi();
  for (const generation of ["g1", "g2", "g3"]) api.add("a.log", generation, [generation]);
  return api;
}

test("a file that was rotated away is told by the name that it has now", async () => {
  assert.equal(await nameFrom(rotated()), "a.log.1");
});

test("of a file that was deleted there is no name, whatever else was rotated away", async () => {
  const api = rotated();
  api.files.set("a.log", api.files.get("a.log").filter(({ generation }) => generation !== "g2"));
  assert.equal(await nameFrom(api), null);
});

test("the server still has the deleted file open, but it stands beside no other", async () => {
  const api = rotated();
  const { lines } = api;
  api.lines = async (file, query) => {
    const answer = await lines.call(api, file, query);
    return query.generation === "g2" ? { ...answer, older: null, newer: null } : answer;
  };
  assert.equal(await nameFrom(api), null);
});

test("without an answer nothing is known, and what was known holds", async () => {
  const api = rotated();
  const names = new OldNames({ api, onChange: () => {} });
  api.fail = new ApiError(503, "busy");
  assert.equal(await nameFrom(api, names), undefined);
  api.fail = null;
  names.forget();
  assert.equal(await nameFrom(api, names), "a.log.1");
  api.fail = new ApiError(503, "busy");
  names.forget();
  assert.equal(await nameFrom(api, names), "a.log.1");
});

test("that the new file was deleted too changes nothing for the one that was rotated away", async () => {
  const api = rotated();
  const names = new OldNames({ api, onChange: () => {} });
  assert.equal(await nameFrom(api, names), "a.log.1");
  api.files.set("a.log", api.files.get("a.log").filter(({ generation }) => generation !== "g3"));
  api.add("a.log", "g4", ["g4"]);
  names.forget();
  assert.equal(await nameFrom(api, names), "a.log.1");
});

test("nor does it while the server still has the new file open", async () => {
  const api = rotated();
  const names = new OldNames({ api, onChange: () => {} });
  assert.equal(await nameFrom(api, names), "a.log.1");
  const { lines } = api;
  api.lines = async (file, query) => {
    const answer = await lines.call(api, file, query);
    return query.generation === "g3" ? { ...answer, older: null, newer: null } : answer;
  };
  names.forget();
  assert.equal(await nameFrom(api, names), "a.log.1");
});

test("a rotation that was found in the past is told without a time, and a new file is not called rotated", () => {
  assert.equal(noticeWords({ kind: "rotated" }, "a.log"), "Here a.log was rotated");
  const at = new Date(2026, 10, 24, 14, 2, 3).getTime();
  assert.equal(noticeWords({ kind: "rotated", at }, "a.log"), "a.log was rotated at 14:02:03, reading the new file");
  assert.equal(noticeWords({ kind: "rotated", at }, "a.log", null), "a.log is a new file since 14:02:03, the old one is not beside it");
});
