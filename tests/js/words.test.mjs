// The catalogues: the same keys in both, every key used, every key that is asked
// for there, the same parameters in every language; and t().

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { chooseLanguage, language, t } from "../../static/js/i18n.js";
import { formatDay } from "../../static/js/dates.js";
import en from "../../static/js/words/en.js";
import zh from "../../static/js/words/zh.js";

const folder = new URL("../../static/js/", import.meta.url);
const sources = readdirSync(folder).filter((name) => name.endsWith(".js"))
  .map((name) => readFileSync(new URL(name, folder), "utf8")).join("\n");

const PLURAL = /\.(one|two|few|many|other)$/;
const plain = (key) => key.replace(PLURAL, "");
const keys = (words) => new Set(Object.keys(words).map(plain));

// Keys stand in the sources as whole strings, or as a template whose beginning is
// fixed: `logs.level.${level}`.
const FAMILY = `(?:${[...new Set(Object.keys(en).map((key) => key.split(".")[0]))].join("|")})`;
const OTHERS = /\.v1$|^notify\.(?:on|sound|quiet|rooms|told)$|^emoji\.recent$/; // names of protocols, and of what storage.js keeps
const whole = new Set(Array.from(sources.matchAll(new RegExp(`["'\`](${FAMILY}\\.[\\w.]+)["'\`]`, "g")), (match) => match[1])
  .filter((key) => !OTHERS.test(key)));
const beginnings = Array.from(sources.matchAll(new RegExp(`\`(${FAMILY}\\.(?:[\\w.]+\\.)?)\\$\\{`, "g")), (match) => match[1]);

test("every catalogue has every key", () => {
  assert.deepEqual([...keys(zh)].sort(), [...keys(en)].sort());
  for (const words of [en, zh]) {
    for (const key of Object.keys(words)) {
      if (PLURAL.test(key)) assert.ok(`${plain(key)}.other` in words, `${key} needs an .other`);
    }
  }
});

test("the parameters are the same in both languages", () => {
  const params = (text) => [...new Set(text.match(/\{\w+\}/g))].sort();
  for (const key of Object.keys(zh)) assert.deepEqual(params(zh[key]), params(en[key]), key);
});

test("every key is used and every used key is there", () => {
  const known = keys(en);
  const used = (key) => whole.has(key) || beginnings.some((beginning) => key.startsWith(beginning));
  assert.deepEqual([...known].filter((key) => !used(key)), [], "not used");
  assert.deepEqual([...whole].filter((key) => !known.has(key)), [], "not in the catalogue");
});

test("no exclamation marks", () => {
  for (const [key, text] of [...Object.entries(en), ...Object.entries(zh)]) assert.doesNotMatch(text, /[!！]/, key);
});

test("t() fills in parameters and chooses plurals by the language", () => {
  language.value = "en";
  assert.equal(t("chat.newMessages", { count: 1 }), "1 new message");
  assert.equal(t("chat.newMessages", { count: 1234 }), "1,234 new messages");
  assert.equal(t("composer.write", { to: "{to}$&" }), "Message {to}$&");
  assert.equal(t("no.such.key"), "no.such.key");
  language.value = "zh";
  assert.equal(t("chat.newMessages", { count: 1 }), "1 条新消息");
  language.value = "en";
});

test("the language is the remembered one, else the browser's first that we speak", () => {
  assert.equal(chooseLanguage("zh", ["en-US"]), "zh");
  assert.equal(chooseLanguage("xx", ["fr", "zh-Hans-CN", "en"]), "zh");
  assert.equal(chooseLanguage(null, ["fr"]), "en");
});

test("days: today, yesterday, a date, and the year when it is another", () => {
  const now = new Date(2026, 2, 30, 12).getTime();
  const day = (...date) => formatDay(new Date(...date).getTime(), now);
  assert.equal(day(2026, 2, 30, 0, 1), "Today");
  assert.equal(day(2026, 2, 29, 23, 59), "Yesterday");
  assert.match(day(2026, 2, 2), /Monday.*March|March.*2/);
  assert.doesNotMatch(day(2026, 2, 2), /2026/);
  assert.match(day(2025, 2, 2), /2025/);
});
