// The small pure parts of the chat page: what is marked and cut, where windows and choices
// go, what stands in the title and on the icon, when a search is asked for.

import assert from "node:assert/strict";
import { test } from "node:test";
import { loadGroups, moveInGrid, recentEmoji, searchEmoji } from "../../static/js/emoji-groups.js";
import { excerptOf, markPattern, splitMarks } from "../../static/js/marks.js";
import { placeBeside } from "../../static/js/placing.js";
import { plainText } from "../../static/js/rich-text.js";
import { rove } from "../../static/js/roving.js";
import { isEnough, SearchQuery } from "../../static/js/search-query.js";
import { Sound } from "../../static/js/sound.js";
import { badgeWords, countUnread, Title, titleWords } from "../../static/js/title.js";

test("a text in one line, without its markers", () => {
  assert.equal(plainText("**a** and `b`\n\n- c\n- [d](https://x.org)\n\n```js\ne\n  f\n```\n> g"), "a and b c d e f g");
  assert.equal(plainText("1. a\n2. b"), "1. a 2. b");
  assert.equal(plainText("snake_case 2*3*4 :)"), "snake_case 2*3*4 :)");
});

test("words are marked wherever they stand, as they are, in any script", () => {
  const marked = (text, ...words) => splitMarks(text, markPattern(words)).map((part) => (part.marked ? `[${part.text}]` : part.text)).join("");
  assert.equal(marked("The other gateway", "the"), "[The] o[the]r gateway");
  assert.equal(marked("日志里全是 504。", "全是", "504"), "日志里[全是] [504]。");
  assert.equal(marked("a.c abc (a)", "a.c", "(a)"), "[a.c] abc [(a)]");
  assert.equal(marked("gateways", "gate", "gateway"), "[gateway]s");
  assert.equal(marked("Ünïcode ПРИВЕТ", "ünï", "привет"), "[Ünï]code [ПРИВЕТ]");
  assert.equal(marked("nothing"), "nothing");
  assert.equal(marked("", "x"), "");
});

test("an excerpt shows the first hit, cut at words and not in a character", () => {
  const long = `${"before ".repeat(60)}here it is ${"after ".repeat(60)}`;
  const excerpt = excerptOf(long, markPattern(["here"]));
  assert.match(excerpt, /^….*here it is.*…$/);
  assert.ok(excerpt.length < 260);
  assert.equal(excerptOf("short", markPattern(["x"])), "short");
  assert.match(excerptOf(long, markPattern(["nowhere"])), /^before/);
  const emoji = excerptOf("🎉".repeat(400), null);
  assert.ok(!/[\ud800-\udbff](?![\udc00-\udfff])/.test(emoji));
});

test("a window stands beside its anchor and never outside of the page", () => {
  const view = { width: 1280, height: 800 };
  const size = { width: 300, height: 400 };
  const anchor = (left, top) => ({ left, right: left + 30, top, bottom: top + 30 });
  assert.deepEqual(placeBeside(anchor(1000, 100), size, view), { left: 730, top: 136 });
  assert.deepEqual(placeBeside(anchor(100, 700), size, view), { left: 100, top: 294 });
  for (const [left, top] of [[0, 0], [1270, 790], [640, 400], [5, 790]]) {
    const place = placeBeside(anchor(left, top), size, view);
    assert.ok(place.left >= 0 && place.left + 300 <= 1280 && place.top >= 0 && place.top + 400 <= 800);
  }
  assert.deepEqual(placeBeside(anchor(10, 10), { width: 900, height: 900 }, { width: 400, height: 300 }), { left: 8, top: 8 });
});

test("arrows move round a bar, Home and End to its ends", () => {
  assert.equal(rove("ArrowRight", 3, 4), 0);
  assert.equal(rove("ArrowLeft", 0, 4), 3);
  assert.equal(rove("ArrowDown", 0, 4), null);
  assert.equal(rove("ArrowDown", 0, 4, true), 1);
  assert.equal(rove("End", 0, 4), 3);
  assert.equal(rove("Home", 2, 0), null);
});

test("in a grid of sections up and down keep the column", () => {
  // Two sections of 5 and 4, three in a row:  0 1 2 / 3 4 / 5 6 7 / 8
  const move = (index, key) => moveInGrid([5, 4], 3, index, key);
  assert.equal(move(1, "ArrowDown"), 4);
  assert.equal(move(2, "ArrowDown"), 4);
  assert.equal(move(4, "ArrowDown"), 6);
  assert.equal(move(7, "ArrowDown"), 8);
  assert.equal(move(8, "ArrowDown"), 8);
  assert.equal(move(6, "ArrowUp"), 4);
  assert.equal(move(7, "ArrowUp"), 4);
  assert.equal(move(1, "ArrowUp"), 1);
  assert.equal(move(4, "ArrowRight"), 5);
  assert.equal(move(0, "ArrowLeft"), 0);
  assert.equal(move(8, "ArrowRight"), 8);
  assert.equal(move(0, "a"), null);
});

test("every emoji is in a category; they are found by code, name and word, in Chinese too", async () => {
  const groups = await loadGroups("zh");
  assert.ok(groups.every(({ name, sign }) => name && sign));
  assert.equal(groups.reduce((sum, { emoji }) => sum + emoji.length, 0), 1870);
  assert.ok(groups.every(({ emoji }) => emoji.every(({ title, words }) => title && words)));
  const first = (query) => searchEmoji(groups, query)[0]?.emoji;
  assert.equal(first("tada"), "🎉");
  assert.equal(first(":+1:"), "👍");
  assert.equal(first("火箭"), "🚀");
  assert.equal(first("Thumbs Up"), "👍");
  assert.ok(searchEmoji(groups, "cat").length > 5);
  assert.deepEqual(searchEmoji(groups, "nosuchthing"), []);
  assert.deepEqual(searchEmoji(groups, " "), []);
  assert.equal(groups[0].emoji[0].title, "嘿嘿");
  assert.equal((await loadGroups("en"))[0].emoji[0].title, "grinning face");
  assert.equal(recentEmoji(9).length, 9);
  assert.equal(recentEmoji(8).length, 8);
});

test("unread: muted rooms and those one is not in do not count", () => {
  const room = (name, unread, mentions = 0, more = {}) => ({ name, kind: "room", member: true, unread, mentions, ...more });
  const rooms = [room("main", 3, 1), room("loud", 90, 2), room("other", 5, 0, { member: false }), room("@a+b", 2, 0, { kind: "direct" })];
  const counted = countUnread(rooms, (name) => (name === "loud" ? "muted" : "mentions"));
  assert.deepEqual(counted, { count: 5, urgent: 3 });
  assert.equal(titleWords({ name: "# main", count: 1234 }), "(1,234) # main");
  assert.equal(titleWords({ name: "# main", count: 0 }), "# main");
  assert.deepEqual([{ count: 0, urgent: 0 }, { count: 4, urgent: 0 }, { count: 4, urgent: 2 }, { count: 300, urgent: 250 }].map(badgeWords), [null, "", "2", "99+"]);
});

test("the icon is drawn when its badge changes, and is the old one again with nothing unread", () => {
  const link = { href: "/static/icon.svg", type: "image/svg+xml" };
  let drawn = 0;
  const pen = new Proxy({}, { get: () => () => {}, set: () => true });
  const canvas = { getContext: () => pen, toDataURL: () => `data:image/png;${drawn += 1}` };
  const document = { title: "", querySelector: () => link, createElement: () => canvas };
  const title = new Title(document);
  title.show({ name: "# main", count: 2, urgent: 0 });
  assert.equal(document.title, "(2) # main");
  assert.deepEqual(link, { href: "data:image/png;1", type: "image/png" });
  title.show({ name: "# main", count: 3, urgent: 0 });
  assert.equal(drawn, 1);
  title.show({ name: "# main", count: 3, urgent: 1 });
  assert.equal(drawn, 2);
  title.show({ name: "# main", count: 0, urgent: 0 });
  assert.deepEqual(link, { href: "/static/icon.svg", type: "image/svg+xml" });
  assert.equal(document.title, "# main");
});

test("a search waits for a pause, for enough to look for, and asks once", () => {
  const asked = [];
  const timers = { waiting: new Map(), count: 0, setTimeout(action) { this.waiting.set(++this.count, action); return this.count; }, clearTimeout(id) { this.waiting.delete(id); } };
  const elapse = () => { for (const [id, action] of timers.waiting) { timers.waiting.delete(id); action(); } };
  const query = new SearchQuery((text) => asked.push(text), timers);
  for (const text of ["g", "ga", "gat"]) query.typed(text);
  elapse();
  assert.deepEqual(asked, ["gat"]);
  assert.equal(query.now(" gat "), false);
  query.typed("gate");
  assert.equal(query.now("gate"), true);
  elapse();
  query.typed("");
  assert.deepEqual(asked, ["gat", "gate", ""]);
  query.typed("字");
  elapse();
  assert.deepEqual(asked, ["gat", "gate", "", "字"]);
  assert.ok(isEnough("ab") && isEnough("网") && !isEnough(" a ") && !isEnough(""));
});

test("the sound needs the page's permission, is made of tones, and a burst makes one", () => {
  let now = 0;
  const tones = [];
  const param = () => ({ setValueAtTime() {}, linearRampToValueAtTime() {}, exponentialRampToValueAtTime() {} });
  class AudioContext {
    state = "suspended";
    currentTime = 0;
    resume() { this.state = "running"; return Promise.resolve(); }
    createGain() { return { gain: param(), connect: (to) => to }; }
    createOscillator() { return { frequency: {}, connect: (to) => to, start() { tones.push(this.frequency.value); }, stop() {} }; }
  }
  const sound = new Sound(AudioContext, () => now);
  assert.equal(sound.play(), false);
  sound.unlock();
  assert.equal(sound.play(), true);
  assert.equal(tones.length, 2);
  assert.equal(sound.play(), false);
  now += 3000;
  assert.equal(sound.play(), true);
  assert.equal(new Sound(undefined, () => 0).play(), false);
});
