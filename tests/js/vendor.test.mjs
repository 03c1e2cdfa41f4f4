// What is vendored is what VENDOR.json says it is, and nothing else is there.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const root = new URL("../../", import.meta.url);
const list = JSON.parse(readFileSync(new URL("static/vendor/VENDOR.json", root), "utf8"));

test("every vendored file has its sha256, version, licence and origin", () => {
  for (const { name, version, licence, file, source, sha256, licence_text: licenceText } of list) {
    assert.ok(name && licence && source, file);
    assert.ok(file.includes(version), `${file} carries its version`);
    assert.equal(createHash("sha256").update(readFileSync(new URL(file, root))).digest("hex"), sha256, file);
    assert.ok(existsSync(new URL(licenceText, root)), licenceText);
  }
});

test("no file is vendored without an entry", () => {
  const there = readdirSync(new URL("static/vendor/", root)).filter((name) => name.endsWith(".js"));
  assert.deepEqual(there.sort(), list.map(({ file }) => file).filter((file) => file.startsWith("static/")).map((file) => file.split("/").at(-1)).sort());
});
