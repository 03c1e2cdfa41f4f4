// The connection with a fake WebSocket and a fake clock: when it tries, how long
// it waits, what it refuses to try again.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Connection, isRefusal, socketUrl, waitBeforeRetry } from "../../static/js/connection.js";
import { Clock } from "./fake-browser.mjs";

function setup({ random = () => 1, probe = null } = {}) {
  const clock = new Clock();
  const sockets = [];
  const events = Object.assign(new EventTarget(), { document: { visibilityState: "visible" } });
  class FakeWebSocket {
    readyState = 0;
    sent = [];
    constructor(url, protocol) {
      Object.assign(this, { url, protocol });
      sockets.push(this);
    }
    send(text) { this.sent.push(text); }
    close() { this.readyState = 3; }
    opens() { this.readyState = 1; this.onopen({}); }
    says(object) { this.onmessage({ data: JSON.stringify(object) }); }
    ends(code, reason = "") { this.readyState = 3; this.onclose({ code, reason }); }
  }
  const seen = { opened: 0, failed: 0, messages: [], phases: [] };
  const connection = new Connection({
    path: "/chat/ws", protocol: "chat.v1", WebSocket: FakeWebSocket, random, events,
    now: () => clock.time, timers: clock, location: { protocol: "https:", host: "example.org" },
    onOpen: () => { seen.opened += 1; },
    onMessage: (message) => seen.messages.push(message),
    onState: ({ phase }) => seen.phases.push(phase),
    onFailedAttempt: () => { seen.failed += 1; },
    probe,
  });
  connection.connect();
  const fire = (name, more = {}) => events.dispatchEvent(Object.assign(new Event(name), more));
  const show = (isVisible) => {
    events.document.visibilityState = isVisible ? "visible" : "hidden";
    fire("visibilitychange");
  };
  return { clock, sockets, connection, seen, events, fire, show, last: () => sockets.at(-1) };
}

test("it opens a socket on the same host with the subprotocol and passes objects both ways", () => {
  const { connection, last, seen } = setup();
  assert.equal(last().url, "wss://example.org/chat/ws");
  assert.equal(last().protocol, "chat.v1");
  assert.equal(connection.send({ early: true }), false);
  last().opens();
  assert.equal(seen.opened, 1);
  assert.equal(connection.send({ a: 1 }), true);
  assert.deepEqual(last().sent, ['{"a":1}']);
  last().says({ b: 2 });
  last().onmessage({ data: "not JSON" });
  assert.deepEqual(seen.messages, [{ b: 2 }]);
});

test("a page on http uses ws", () => {
  assert.equal(socketUrl("/ws", { protocol: "http:", host: "localhost:8000" }), "ws://localhost:8000/ws");
});

test("the waits double up to thirty seconds, with full jitter and a floor", () => {
  const longest = [0, 1, 2, 3, 4, 5, 6, 7, 20].map((failures) => waitBeforeRetry(failures, 1006, () => 1));
  assert.deepEqual(longest, [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
  assert.equal(waitBeforeRetry(6, 1006, () => 0), 250);
  assert.equal(waitBeforeRetry(6, 1006, () => 0.5), 15000);
});

test("a server that goes away is tried within a second, and then like any other", () => {
  assert.equal(waitBeforeRetry(0, 1001, () => 0.999), 999);
  assert.equal(waitBeforeRetry(3, 1001, () => 1), 4000);
});

test("a lost connection is tried again after the wait, and tells when", () => {
  const { clock, sockets, connection, last } = setup();
  last().opens();
  last().ends(1006);
  assert.equal(connection.state.phase, "lost");
  assert.equal(connection.state.retryAt, clock.time + 500);
  clock.advance(499);
  assert.equal(sockets.length, 1);
  clock.advance(1);
  assert.equal(sockets.length, 2);
  assert.equal(connection.state.phase, "connecting");
  assert.equal(connection.state.again, true);
  last().opens();
  assert.deepEqual(connection.state, { phase: "connected", again: false, retryAt: null, code: null, reason: "" });
});

test("a connection that breaks at once does not start the waits anew; one that stood does", () => {
  const { clock, connection, last } = setup();
  for (const wait of [500, 1000, 2000]) {
    last().opens();
    last().ends(1006);
    assert.equal(connection.state.retryAt - clock.time, wait);
    clock.advance(wait);
  }
  last().opens();
  clock.advance(10_000);
  last().ends(1006);
  assert.equal(connection.state.retryAt - clock.time, 500);
});

test("1008 and 4500-4999 are final until a person asks; everything else is not", () => {
  for (const code of [1008, 4500, 4503, 4999]) assert.ok(isRefusal(code), String(code));
  for (const code of [1000, 1001, 1006, 1009, 1011, 1013, 4008, 4012, 4499, 0]) assert.ok(!isRefusal(code), String(code));
  const { clock, sockets, connection, last, fire } = setup();
  last().opens();
  last().ends(4503, "sent away");
  assert.equal(connection.state.phase, "refused");
  assert.equal(connection.state.reason, "sent away");
  clock.advance(3_600_000);
  fire("online");
  fire("visibilitychange");
  assert.equal(sockets.length, 1);
  connection.retryNow();
  assert.equal(sockets.length, 2);
});

test("an attempt that hangs is given up after ten seconds", () => {
  const { clock, sockets, connection, last } = setup();
  clock.advance(10_000);
  assert.equal(connection.state.phase, "lost");
  assert.equal(sockets[0].readyState, 3);
  clock.advance(500);
  assert.equal(sockets.length, 2);
  sockets[0].onopen({}); // too late
  assert.equal(connection.state.phase, "connecting");
  last().opens();
  assert.equal(connection.state.phase, "connected");
});

test("offline is lost at once, tried slowly all the same, and at once when online", () => {
  const { clock, sockets, connection, last, fire } = setup();
  last().opens();
  fire("offline");
  assert.equal(connection.state.phase, "lost");
  assert.equal(connection.state.retryAt - clock.time, 30_000);
  assert.equal(connection.send({}), false);
  clock.advance(30_000);
  assert.equal(sockets.length, 2);
  last().ends(1006);
  fire("online");
  assert.equal(sockets.length, 3);
  clock.advance(2000);
  fire("online");
  assert.equal(sockets.length, 4, "an attempt on the old network is not waited for");
  clock.advance(400);
  assert.equal(sockets.length, 4, "the timer of the wait is gone");
});

test("a tab that becomes visible and a page back from the cache try at once", () => {
  const { sockets, last, fire, show } = setup();
  last().opens();
  last().ends(1006);
  show(false);
  assert.equal(sockets.length, 1);
  show(true);
  assert.equal(sockets.length, 2);
  last().opens();
  fire("visibilitychange");
  fire("pageshow", { persisted: false });
  assert.equal(sockets.length, 2);
  fire("pageshow", { persisted: true });
  assert.equal(sockets.length, 3);
});

test("after the machine slept the socket is not trusted", () => {
  const { clock, sockets, last } = setup();
  last().opens();
  clock.advance(60_000);
  assert.equal(sockets.length, 1);
  clock.time += 300_000; // no timer ran
  clock.advance(5_000);
  assert.equal(sockets.length, 2);
});

test("a wake-up that is told in four ways makes one attempt", () => {
  const { clock, sockets, last, fire, show } = setup();
  last().opens();
  show(false);
  clock.time += 3_600_000;
  fire("offline");
  fire("online");
  fire("pageshow", { persisted: true });
  show(true);
  clock.advance(1000);
  fire("online");
  assert.equal(sockets.length, 2);
  last().opens();
  clock.advance(20_000);
  assert.equal(sockets.length, 2, "nor does the clock that jumped make another one");
});

// A socket that is open and dead.

// probe() is asked through the connection, as a page does.
function doubting() {
  let asked = 0;
  const all = setup({ probe: () => { asked += 1; return all.connection.send({ type: "anything" }); } });
  all.last().opens();
  return { ...all, asked: () => asked };
}

test("back after half a minute: the server is asked, and without a word in five seconds there is a new socket", () => {
  const { clock, sockets, show, asked, last } = doubting();
  show(false);
  clock.advance(29_000);
  show(true);
  assert.equal(asked(), 0);
  show(false);
  clock.advance(30_000);
  show(true);
  assert.deepEqual([asked(), last().sent.length], [1, 1]);
  clock.advance(4_999);
  assert.equal(sockets.length, 1);
  clock.advance(1);
  assert.equal(sockets.length, 2);
});

test("any word is an answer", () => {
  const { clock, sockets, show, last, asked } = doubting();
  show(false);
  clock.advance(30_000);
  show(true);
  clock.advance(4_000);
  last().says({ type: "message" });
  clock.advance(30_000);
  assert.deepEqual([asked(), sockets.length], [1, 1]);
});

test("a silent minute in view is doubted; hidden, it is not; a talking server never is", () => {
  const { clock, sockets, show, last, asked } = doubting();
  for (let count = 0; count < 10; count += 1) {
    clock.advance(30_000);
    last().says({});
  }
  assert.equal(asked(), 0);
  clock.advance(60_000);
  assert.equal(asked(), 1);
  last().says({});
  show(false);
  clock.advance(600_000);
  assert.equal(asked(), 1);
  assert.equal(sockets.length, 1);
});

test("what was sent and not answered in ten seconds raises doubt, and another network does at once", () => {
  const { connection, clock, sockets, fire, last, asked } = doubting();
  connection.send({ type: "send" });
  clock.advance(5_000);
  assert.equal(asked(), 0);
  clock.advance(6_000);
  assert.equal(asked(), 1);
  last().says({});
  fire("online");
  assert.equal(asked(), 2);
  clock.advance(5_000);
  assert.equal(sockets.length, 2);
});

test("a page that knows no harmless question doubts nothing", () => {
  const { clock, sockets, last, show } = setup();
  last().opens();
  show(false);
  clock.advance(60_000);
  show(true);
  clock.advance(600_000);
  assert.equal(sockets.length, 1);
});

test("a connection that is given up is made anew after a wait that grows", () => {
  const { clock, connection, sockets, last } = setup();
  last().opens();
  connection.giveUp();
  assert.deepEqual([connection.state.phase, connection.state.retryAt - clock.time], ["lost", 500]);
  clock.advance(500);
  last().opens();
  connection.giveUp();
  assert.equal(connection.state.retryAt - clock.time, 1000);
  assert.equal(sockets[0].readyState, 3);
});

test("Now tries at once, once; closed is closed", () => {
  const { clock, sockets, connection, last, fire } = setup();
  last().opens();
  last().ends(1006);
  connection.retryNow();
  connection.retryNow();
  assert.equal(sockets.length, 2);
  connection.close();
  fire("online");
  clock.advance(120_000);
  assert.equal(sockets.length, 2);
  assert.equal(sockets[1].readyState, 3);
  connection.connect();
  assert.equal(sockets.length, 3);
  assert.equal(connection.state.again, false);
});

test("an attempt that fails before it was open is told; whoever knows why can end the trying", () => {
  const { connection, clock, sockets, seen, last, fire } = setup();
  last().opens();
  last().ends(1006);
  assert.equal(seen.failed, 0);
  clock.advance(1000);
  last().ends(1006);
  assert.equal(seen.failed, 1);
  connection.refuse(401);
  assert.deepEqual([connection.state.phase, connection.state.code], ["refused", 401]);
  const tried = sockets.length;
  clock.advance(60_000);
  fire("online");
  assert.equal(sockets.length, tried);
  connection.retryNow();
  last().opens();
  connection.refuse(401); // an answer that came too late
  assert.equal(connection.state.phase, "connected");
});
