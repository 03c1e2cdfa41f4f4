// Makes static/vendor/gemoji-<version>.js, the map from shortcode to emoji, from
// the npm package gemoji (the codes GitHub understands). Run in a folder where
// `npm install gemoji` was done, with this repository's path:
//
//   node /path/to/chatapp/bin/vendor-emoji.mjs
//
// and put the printed sha256 into static/vendor/VENDOR.json.

import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const packageFolder = resolve("node_modules/gemoji");
const { version } = JSON.parse(await readFile(`${packageFolder}/package.json`, "utf8"));
const { gemoji } = await import(pathToFileURL(`${packageFolder}/index.js`));

const characters = {};
for (const { emoji, names } of gemoji) {
  for (const name of names) characters[name] = emoji;
}

const text = `// Shortcode to emoji, from gemoji ${version} (MIT); made by bin/vendor-emoji.mjs.\n`
  + `export default ${JSON.stringify(characters, null, 0).replaceAll(',"', ',\n"')};\n`;
const target = fileURLToPath(new URL(`../static/vendor/gemoji-${version}.js`, import.meta.url));
await writeFile(target, text);
console.log(Object.keys(characters).length, "shortcodes, sha256", createHash("sha256").update(text).digest("hex"));
