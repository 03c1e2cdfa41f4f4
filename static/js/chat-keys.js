// The keys of the chat page, where no field or window has them. What each does is the
// page's; the map for people is in dialog-keys.js. Pure but for the listener.

import { onMounted, onUnmounted } from "./html.js";

// In a field a key is a letter.
const isField = (element) => element?.closest?.("input, textarea, select, [contenteditable]") ?? null;

// The name of what a key means here, or null.
export function meaning({ key, altKey, ctrlKey, metaKey, shiftKey, isComposing }, inField) {
  if (isComposing || ctrlKey || metaKey) return null;
  if (altKey) return key === "ArrowUp" && !shiftKey ? "previous" : key === "ArrowDown" && !shiftKey ? "next" : null;
  if (key === "Escape") return "escape";
  if (inField) return null;
  if (key === "/") return "search";
  if (key === "?") return "keys";
  return key === "End" && !shiftKey ? "newest" : null;
}

// does: an object with a function for each meaning.
export function useKeys(does) {
  const pressed = (event) => {
    if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
    const what = meaning(event, isField(event.target) !== null);
    if (what === null || does[what]() === false) return;
    event.preventDefault();
  };
  onMounted(() => addEventListener("keydown", pressed));
  onUnmounted(() => removeEventListener("keydown", pressed));
}
