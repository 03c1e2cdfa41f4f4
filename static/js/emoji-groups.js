// The emoji of the picker: categories, search, the ones used lately, and where the arrow
// keys lead in a grid of sections. Loaded when first wanted; pure but for loading and storage.

import { recall, remember } from "./storage.js";

const RECENT = 18;
const FOUND = 90;
// Shown until there are some of one's own.
const COMMON = ["👍", "❤️", "😄", "😂", "🎉", "👀", "🚀", "🙏", "🤔"];

const GROUPS = {
  "Smileys & Emotion": { name: "smileys", sign: "😀" },
  "People & Body": { name: "people", sign: "👋" },
  "Animals & Nature": { name: "nature", sign: "🐻" },
  "Food & Drink": { name: "food", sign: "🍎" },
  "Travel & Places": { name: "travel", sign: "🚗" },
  Activities: { name: "activities", sign: "⚽" },
  Objects: { name: "objects", sign: "💡" },
  Symbols: { name: "symbols", sign: "❤️" },
  Flags: { name: "flags", sign: "🏁" },
};

// Groups { name, sign, emoji: [{ emoji, code, words, title }] }; `words` is all that is
// searched, `title` what one is called in the reader's language.
export async function loadGroups(language) {
  const [groups, chinese] = await Promise.all([
    import("../vendor/gemoji-groups-8.1.0.js"),
    language === "zh" ? import("../vendor/emojibase-zh-17.0.0.js") : null,
  ]);
  return groups.default.map(([category, list]) => ({
    ...GROUPS[category],
    emoji: list.map(([emoji, code, name, words]) => {
      const translated = chinese?.default[emoji] ?? "";
      return { emoji, code, words: `${code} ${name} ${words} ${translated}`.toLowerCase(), title: translated.split(" ")[0] || name };
    }),
  }));
}

// Those whose code or name begins with what is asked, then those with a word that does, then those
// that have it anywhere. Of several words all must be there.
export function searchEmoji(groups, query) {
  const wanted = query.toLowerCase().replaceAll(":", " ").trim().split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return [];
  const ranked = [[], [], []];
  for (const { emoji } of groups) {
    for (const one of emoji) {
      if (!wanted.every((word) => one.words.includes(word))) continue;
      const isWord = wanted.every((word) => one.words.startsWith(word) || one.words.includes(` ${word}`) || one.words.includes(`_${word}`));
      const isName = one.code.startsWith(wanted.join("_")) || one.title.startsWith(wanted.join(" "));
      ranked[isName ? 0 : isWord ? 1 : 2].push(one);
    }
  }
  return ranked.flat().slice(0, FOUND);
}

// The newest first; common ones while there are none. No row begun for one or two of them.
export function recentEmoji(columns) {
  const kept = recall("emoji.recent");
  const valid = Array.isArray(kept) ? kept.filter((emoji) => typeof emoji === "string") : [];
  const shown = valid.length > 0 ? valid.slice(0, RECENT) : COMMON;
  return shown.length > columns ? shown.slice(0, shown.length - (shown.length % columns)) : shown;
}

export function rememberEmoji(emoji) {
  const kept = recall("emoji.recent");
  const others = (Array.isArray(kept) ? kept : COMMON).filter((one) => one !== emoji);
  remember("emoji.recent", [emoji, ...others].slice(0, RECENT));
}

// Sections of `sizes` stand below each other, each beginning a row of its own, all counted
// on. Gives the index an arrow key leads to, the same one at an edge, null for other keys.
export function moveInGrid(sizes, columns, index, key) {
  const count = sizes.reduce((sum, size) => sum + size, 0);
  if (key === "ArrowLeft") return Math.max(0, index - 1);
  if (key === "ArrowRight") return Math.min(count - 1, index + 1);
  if (key !== "ArrowUp" && key !== "ArrowDown") return null;
  const rows = rowsOf(sizes, columns);
  const row = rows.findIndex(([start, end]) => index >= start && index < end);
  const to = rows[row + (key === "ArrowUp" ? -1 : 1)];
  if (!to) return index;
  return Math.min(to[0] + index - rows[row][0], to[1] - 1); // a short row: its last
}

function rowsOf(sizes, columns) {
  const rows = [];
  let start = 0;
  for (const size of sizes) {
    for (let at = 0; at < size; at += columns) rows.push([start + at, start + Math.min(at + columns, size)]);
    start += size;
  }
  return rows;
}
