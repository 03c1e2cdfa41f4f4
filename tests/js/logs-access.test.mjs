// What the page concludes from the answer to its own address.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isTokenWanted } from "../../static/js/log-access.js";

test("a way to the form or a refusal means that the token is wanted", async () => {
  const asked = [];
  const wanted = (answer) => isTokenWanted("/chat", async (...request) => {
    asked.push(request);
    return answer;
  });
  assert.equal(await wanted({ type: "opaqueredirect", status: 0 }), true);
  assert.equal(await wanted({ type: "basic", status: 401 }), true);
  assert.equal(await wanted({ type: "basic", status: 403 }), true);
  assert.equal(await wanted({ type: "basic", status: 200 }), false);
  assert.equal(await wanted({ type: "basic", status: 503 }), false);
  assert.deepEqual(asked[0], ["/chat/logs", { redirect: "manual", cache: "no-store" }]);
});

test("a server that is down wants nothing", async () => {
  assert.equal(await isTokenWanted("", async () => { throw new TypeError("fetch failed"); }), false);
});
