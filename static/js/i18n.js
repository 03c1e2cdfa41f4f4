// The words of the pages: t("key", { param }) in the reader's language. The two
// catalogues in words/ have the same keys; a test holds them to it. Reading t()
// in a render function follows the language when it is switched.
//
// Plurals: with a number `count`, "key" is looked up as "key.one", "key.other"
// and so on, by the language's own rules. Numbers are written by Intl.

import { ref } from "./html.js";
import { recall, remember } from "./storage.js";
import en from "./words/en.js";
import zh from "./words/zh.js";

const catalogues = { en, zh };
export const languages = { en: "English", zh: "中文" };

export function chooseLanguage(remembered, wanted) {
  if (catalogues[remembered]) return remembered;
  for (const tag of wanted) {
    const code = tag.toLowerCase().split("-")[0];
    if (catalogues[code]) return code;
  }
  return "en";
}

const wanted = globalThis.navigator?.languages ?? [];

// A ref: `language.value` is "en" or "zh".
export const language = ref(chooseLanguage(recall("language"), wanted));

// The tag for Intl: the browser's own regional one where it fits (en-GB writes
// 14:02, en-US 2:02 PM), otherwise the catalogue's.
export function locale() {
  const own = wanted.find((tag) => tag.toLowerCase().split("-")[0] === language.value);
  return own ?? (language.value === "zh" ? "zh-CN" : "en");
}

export function setLanguage(code) {
  if (!catalogues[code]) return;
  language.value = code;
  remember("language", code);
  applyLanguage();
}

function applyLanguage() {
  if (globalThis.document) document.documentElement.lang = language.value === "zh" ? "zh-CN" : "en";
}

export function t(key, params = {}) {
  const words = catalogues[language.value];
  let text = words[key];
  if (typeof params.count === "number") {
    const form = new Intl.PluralRules(locale()).select(params.count);
    text = words[`${key}.${form}`] ?? words[`${key}.other`] ?? text;
  }
  if (text === undefined) return key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = params[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? formatNumber(value) : String(value);
  });
}

// To make one costs a hundred times as much as to use it, and a busy page writes many numbers.
const formats = new Map();

export function formatNumber(value, options) {
  const key = `${locale()} ${options ? JSON.stringify(options) : ""}`;
  if (!formats.has(key)) formats.set(key, new Intl.NumberFormat(locale(), options));
  return formats.get(key).format(value);
}

applyLanguage();
