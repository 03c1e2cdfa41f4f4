// What was lately written in a field, newest first: kept by this browser, offered again.

import { recall, remember } from "./storage.js";

const MOST = 12;
const LONGEST = 200; // characters: longer ones are not typed twice

export function recentOf(name) {
  const kept = recall(`logs.recent.${name}`);
  return Array.isArray(kept) ? kept.filter((text) => typeof text === "string").slice(0, MOST) : [];
}

export function noteRecent(name, text) {
  if (text.trim() === "" || text.length > LONGEST) return recentOf(name);
  const kept = [text, ...recentOf(name).filter((one) => one !== text)].slice(0, MOST);
  remember(`logs.recent.${name}`, kept);
  return kept;
}
