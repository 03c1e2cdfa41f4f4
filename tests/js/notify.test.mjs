// Who is told of what, by how many tabs, and what it says; with fakes of the browser.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

const kept = new Map();
globalThis.localStorage = {
  getItem: (key) => kept.get(key) ?? null,
  setItem: (key, value) => { kept.set(key, String(value)); },
  removeItem: (key) => { kept.delete(key); },
};
const { isWanted, Notifier } = await import("../../static/js/notify.js");
const { notifications, prefer, roomSetting, setRoomSetting, sound } = await import("../../static/js/preferences.js");

const ME = "me";
const MAIN = { name: "main", kind: "room" };
const DIRECT = { name: "@me+tom", kind: "direct" };
const toMe = [{ id: ME, name: "maya" }];
const message = (more = {}) => ({
  id: "a1", seq: 7, room: "main", user: { id: "tom", name: "tom" }, text: "hello", status: "sent", deleted: false, mentions: toMe, ...more,
});

// One browser: a channel between its tabs, one clock, one list of notifications.
function browser() {
  const tabs = [];
  const shown = [];
  const timers = [];
  class Notification {
    static permission = "granted";
    static requestPermission = async () => { Notification.permission = Notification.answer; };

    constructor(title, options) {
      Object.assign(this, { title, options, closed: false });
      shown.push(this);
    }

    close() { this.closed = true; }
  }
  const clock = {
    setTimeout: (action) => timers.push(action) - 1,
    clearTimeout: (index) => { if (index !== undefined) timers[index] = null; },
  };
  const elapse = () => { for (const action of timers.splice(0)) action?.(); };

  function tab(name, { hidden = true, room = "main", given = Notification } = {}) {
    const channel = {
      listeners: [],
      addEventListener: (_, listener) => channel.listeners.push(listener),
      postMessage: (data) => { for (const other of tabs) if (other.channel !== channel) other.late.push(data); },
      close() {},
    };
    const events = new EventTarget();
    const document = Object.assign(new EventTarget(), { hidden });
    const window = Object.assign(events, { isSecureContext: true, focused: 0, focus() { window.focused += 1; } });
    const audio = { played: 0, unlocked: 0, play() { audio.played += 1; }, unlock() { audio.unlocked += 1; } };
    const opened = [];
    const notifier = new Notifier({
      me: () => ME, currentRoom: () => room, openRoom: (...place) => opened.push(place),
      window, document, Notification: given, channel, audio, timers: clock, name,
    });
    const one = { channel, late: [], document, window, audio, opened, notifier };
    tabs.push(one);
    return one;
  }
  // What tabs tell each other comes later than what they do.
  const deliver = () => {
    for (let some = true; some;) {
      some = false;
      for (const { late, channel } of tabs) {
        for (const data of late.splice(0)) {
          some = true;
          for (const listener of channel.listeners) listener({ data });
        }
      }
    }
  };
  return { tab, shown, elapse, deliver, Notification };
}

beforeEach(() => {
  kept.clear();
  prefer(notifications, true);
  prefer(sound, false);
  setRoomSetting("main", "mentions");
  setRoomSetting(DIRECT.name, "all");
});

test("mentions and direct messages are told, all in a room set so, nothing in a muted one", () => {
  const wanted = (more, room = MAIN) => isWanted({ room, message: message(more), me: ME });
  assert.ok(wanted({}));
  assert.ok(wanted({ mentions: [{ id: "*", name: "all" }] }));
  assert.ok(!wanted({ mentions: [] }));
  assert.ok(!wanted({ mentions: [{ id: "ines", name: "ines" }] }));
  assert.ok(wanted({ mentions: [], room: DIRECT.name }, DIRECT));
  for (const more of [{ user: { id: ME, name: "maya" } }, { deleted: true }, { status: "pending" }, { system: { topic: "x" } }]) assert.ok(!wanted(more));
  setRoomSetting("main", "all");
  assert.ok(wanted({ mentions: [] }));
  setRoomSetting("main", "muted");
  assert.ok(!wanted({}));
  setRoomSetting(DIRECT.name, "muted");
  assert.ok(!wanted({ room: DIRECT.name }, DIRECT));
});

test("the setting of a room is kept, and of strange names and values nothing is believed", () => {
  assert.equal(roomSetting("deploys"), "mentions");
  assert.equal(roomSetting("@a+b", "direct"), "all");
  assert.equal(roomSetting("constructor"), "mentions");
  setRoomSetting("deploys", "muted");
  assert.equal(roomSetting("deploys"), "muted");
  assert.equal(JSON.parse(kept.get("chatapp.notify.rooms")).deploys, "muted");
  setRoomSetting("deploys", "loud");
  assert.equal(roomSetting("deploys"), "mentions");
});

test("a hidden page notifies: who, where, the text without its markers, one a room", () => {
  const { tab, shown, elapse } = browser();
  const { notifier, window, opened } = tab("a");
  notifier.notify({ room: MAIN, message: message({ text: "**look**: `ls`\n\nplease" }) });
  assert.equal(shown.length, 0);
  elapse();
  const [{ title, options }] = shown;
  assert.equal(title, "tom in #main");
  assert.equal(options.body, "look: ls please");
  assert.equal(options.silent, true);
  notifier.notify({ room: DIRECT, message: message({ id: "a2", room: DIRECT.name, seq: 1, mentions: [], text: "x".repeat(500) }) });
  elapse();
  assert.equal(shown[1].title, "tom");
  assert.equal(shown[1].options.body.length, 181);
  assert.notEqual(shown[1].options.tag, options.tag);
  shown[0].onclick();
  assert.deepEqual(opened, [["main", 7]]);
  assert.equal(window.focused, 1);
  assert.ok(shown[0].closed);
});

test("nothing while the room is looked at; another room or a hidden page is told of", () => {
  const { tab, shown, elapse } = browser();
  const looking = tab("a", { hidden: false });
  looking.notifier.notify({ room: MAIN, message: message() });
  elapse();
  assert.equal(shown.length, 0);
  looking.notifier.notify({ room: { name: "deploys", kind: "room" }, message: message({ id: "b", room: "deploys" }) });
  elapse();
  assert.equal(shown.length, 1);
});

test("of several hidden tabs one tells, whichever hears first", () => {
  for (const order of [["a", "b", "c"], ["c", "b", "a"], ["b", "c", "a"]]) {
    kept.delete("chatapp.notify.told");
    const { tab, shown, elapse, deliver } = browser();
    const tabs = order.map((name) => tab(name));
    for (const { notifier } of tabs) {
      notifier.notify({ room: MAIN, message: message() });
      notifier.notify({ room: MAIN, message: message() }); // the copy of an answer
    }
    deliver();
    elapse();
    deliver();
    elapse();
    assert.equal(shown.length, 1, order.join());
    for (const { notifier } of tabs) notifier.notify({ room: MAIN, message: message() });
    deliver();
    elapse();
    assert.equal(shown.length, 1, order.join());
  }
});

test("a tab that hears of a message long after does not tell of it again", () => {
  const { tab, shown, elapse, deliver } = browser();
  tab("b").notifier.notify({ room: MAIN, message: message() });
  elapse();
  deliver();
  const late = tab("a"); // opened only now: has heard nothing of the others
  late.notifier.notify({ room: MAIN, message: message() });
  deliver();
  elapse();
  assert.equal(shown.length, 1);
});

test("a tab in which the room is read keeps the others still, and takes back what was too quick", () => {
  const { tab, shown, elapse, deliver } = browser();
  const hidden = tab("a");
  const reading = tab("b", { hidden: false });
  hidden.notifier.notify({ room: MAIN, message: message() });
  reading.notifier.notify({ room: MAIN, message: message() });
  deliver();
  elapse();
  assert.equal(shown.length, 0);
  hidden.notifier.notify({ room: MAIN, message: message({ id: "b" }) });
  elapse();
  assert.equal(shown.length, 1);
  reading.notifier.notify({ room: MAIN, message: message({ id: "b" }) });
  deliver();
  assert.ok(shown[0].closed);
});

test("coming back to the room closes its notification", () => {
  const { tab, shown, elapse } = browser();
  const { notifier, document } = tab("a");
  notifier.notify({ room: MAIN, message: message() });
  elapse();
  document.hidden = false;
  document.dispatchEvent(new Event("visibilitychange"));
  assert.ok(shown[0].closed);
});

test("the browser is asked only by ask(), and what it says is told", async () => {
  const { tab, Notification, shown, elapse } = browser();
  Object.assign(Notification, { permission: "default", answer: "denied" });
  const { notifier } = tab("a");
  assert.equal(notifier.state.permission, "default");
  notifier.notify({ room: MAIN, message: message() });
  elapse();
  assert.equal(shown.length, 0);
  assert.equal(await notifier.ask(), false);
  assert.equal(notifier.state.permission, "denied");
  Notification.answer = "granted";
  assert.equal(await notifier.ask(), true);
  notifier.notify({ room: MAIN, message: message({ id: "b" }) });
  elapse();
  assert.equal(shown.length, 1);
  prefer(notifications, false);
  notifier.notify({ room: MAIN, message: message({ id: "c" }) });
  elapse();
  assert.equal(shown.length, 1);
});

test("what was allowed in one tab holds for the others", async () => {
  const { tab, Notification, shown, elapse } = browser();
  Object.assign(Notification, { permission: "default", answer: "granted" });
  const asking = tab("b");
  const other = tab("a");
  await asking.notifier.ask();
  other.notifier.notify({ room: MAIN, message: message() });
  elapse();
  assert.equal(shown.length, 1);
});

test("a browser without notifications, or with ones that can't be made, is said to be", () => {
  const { tab, elapse } = browser();
  assert.equal(tab("a", { given: null }).notifier.state.permission, "unsupported");
  class Refusing { static permission = "granted"; constructor() { throw new TypeError("Illegal constructor"); } }
  const { notifier } = tab("b", { given: Refusing });
  notifier.notify({ room: MAIN, message: message() });
  elapse();
  assert.equal(notifier.state.permission, "unsupported");
});

test("the sound is off until it is wanted, and one tab makes it", () => {
  const { tab, elapse, deliver } = browser();
  const tabs = [tab("a"), tab("b")];
  const send = (id) => {
    for (const { notifier } of tabs) notifier.notify({ room: MAIN, message: message({ id }) });
    deliver();
    elapse();
    deliver();
  };
  const played = () => tabs.reduce((sum, { audio }) => sum + audio.played, 0);
  send("a");
  assert.equal(played(), 0);
  prefer(sound, true);
  prefer(notifications, false);
  send("b");
  assert.equal(played(), 1);
  tabs[0].window.dispatchEvent(new Event("pointerdown"));
  assert.equal(tabs[0].audio.unlocked, 1);
});
