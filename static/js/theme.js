// Light, dark, or as the system has it: data-theme on <html>, which tokens.css
// reads. early.js has set it before the first paint; this is the switch.

import { ref } from "./html.js";
import { forget, recall, remember } from "./storage.js";

const remembered = recall("theme");

// A ref: "light", "dark" or "system".
export const theme = ref(remembered === "light" || remembered === "dark" ? remembered : "system");

export function setTheme(name) {
  theme.value = name;
  if (name === "system") {
    forget("theme");
    delete document.documentElement.dataset.theme;
  } else {
    remember("theme", name);
    document.documentElement.dataset.theme = name;
  }
}

// What is seen now, whoever decided it.
export function shownTheme() {
  if (theme.value !== "system") return theme.value;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

// One switch: to the other one than is seen; back to "as the system" when that
// is what the system shows anyway, so the page goes on following it.
export function toggleTheme() {
  const other = shownTheme() === "dark" ? "light" : "dark";
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  setTheme(other === system ? "system" : other);
}
