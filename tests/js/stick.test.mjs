// The rule of a stream's end.

import assert from "node:assert/strict";
import { test } from "node:test";
import { StickToEnd } from "../../static/js/stick.js";

test("the end is left only by moving up", () => {
  const stick = new StickToEnd();
  assert.equal(stick.resized({ scrollHeight: 1000, clientHeight: 400 }), 600);
  stick.scrolled({ scrollTop: 600, scrollHeight: 1000, clientHeight: 400 });
  stick.scrolled({ scrollTop: 600, scrollHeight: 1000, clientHeight: 200 }); // a keyboard
  assert.equal(stick.resized({ scrollHeight: 1000, clientHeight: 200 }), 800);
  stick.scrolled({ scrollTop: 500, scrollHeight: 1000, clientHeight: 200 });
  assert.equal(stick.atEnd, false);
  assert.equal(stick.resized({ scrollHeight: 1200, clientHeight: 200 }), null);
  stick.scrolled({ scrollTop: 700, scrollHeight: 1200, clientHeight: 200 }); // down, not to the end
  assert.equal(stick.atEnd, false);
  stick.scrolled({ scrollTop: 990, scrollHeight: 1200, clientHeight: 200 });
  assert.equal(stick.atEnd, true);
  stick.scrolled({ scrollTop: 100, scrollHeight: 1200, clientHeight: 200 });
  assert.equal(stick.toEnd({ scrollHeight: 1200, clientHeight: 200 }), 1000);
});
