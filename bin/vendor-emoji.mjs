// Makes the three files of emoji in static/vendor/ from the npm packages gemoji (the codes
// GitHub understands, categories, English words) and emojibase-data (Chinese words). Run in
// a folder where `npm install gemoji emojibase-data` was done, with this repository's path:
//
//   node /path/to/chatapp/bin/vendor-emoji.mjs
//
// and put what it prints into static/vendor/VENDOR.json.

import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const read = (path) => readFile(resolve("node_modules", path), "utf8");
const { version } = JSON.parse(await read("gemoji/package.json"));
const { version: baseVersion } = JSON.parse(await read("emojibase-data/package.json"));
const { gemoji } = await import(pathToFileURL(resolve("node_modules/gemoji/index.js")));
const chinese = JSON.parse(await read("emojibase-data/zh/compact.json"));

async function write(name, comment, value) {
  // A line for each entry, so that a new version can be compared.
  const text = `// ${comment}; made by bin/vendor-emoji.mjs.\nexport default ${JSON.stringify(value).replaceAll(/,(?=["[]["\p{Emoji}])|,(?="\p{Emoji})/gu, ",\n")};\n`;
  await writeFile(fileURLToPath(new URL(`../static/vendor/${name}`, import.meta.url)), text);
  console.log(name, Buffer.byteLength(text), "bytes, sha256", createHash("sha256").update(text).digest("hex"));
}

// Code to emoji.
const characters = {};
for (const { emoji, names } of gemoji) {
  for (const name of names) characters[name] = emoji;
}
const codes = `// Shortcode to emoji, from gemoji ${version} (MIT); made by bin/vendor-emoji.mjs.\n`
  + `export default ${JSON.stringify(characters, null, 0).replaceAll(',"', ',\n"')};\n`;
await writeFile(fileURLToPath(new URL(`../static/vendor/gemoji-${version}.js`, import.meta.url)), codes);
console.log(`gemoji-${version}.js`, "sha256", createHash("sha256").update(codes).digest("hex"));

// [category, [[emoji, code, name, more words], ...]] in the order of Unicode.
const groups = [];
for (const { emoji, names, tags, description, category } of gemoji) {
  if (groups.at(-1)?.[0] !== category) groups.push([category, []]);
  const told = new Set([names[0], ...description.toLowerCase().split(" ")]);
  const words = new Set([...names.slice(1), ...tags].filter((word) => !told.has(word)));
  groups.at(-1)[1].push([emoji, names[0], description, [...words].join(" ")]);
}
await write(`gemoji-groups-${version}.js`, `Emoji by category with code and words, from gemoji ${version} (MIT)`, groups);

// Emoji to Chinese words, the name first. The packages differ in the selector U+FE0F.
const bare = (emoji) => emoji.replaceAll("\ufe0f", "");
const wordsOf = new Map(chinese.map(({ unicode, label, tags }) => [bare(unicode), [label, ...(tags ?? [])].join(" ")]));
const translated = Object.fromEntries(gemoji.map(({ emoji }) => [emoji, wordsOf.get(bare(emoji)) ?? ""]));
await write(`emojibase-zh-${baseVersion}.js`, `Emoji to Chinese words, from emojibase-data ${baseVersion} (MIT)`, translated);
