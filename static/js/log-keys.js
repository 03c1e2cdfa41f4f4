// The page's keys, where no field has the focus: what each means, and the list of them that
// `?` shows. The keys that move up do so wherever the focus is.

const NO_TEXT = ["button", "checkbox", "radio", "submit"];

const ACTIONS = {
  " ": "pause", End: "end", Home: "start", PageUp: "pageUp", PageDown: "pageDown", ArrowUp: "up", ArrowDown: "down",
  "/": "search", f: "filter", g: "jump", l: "link", w: "wrap", n: "nextHit", N: "previousHit", e: "nextError", E: "previousError", "?": "keys",
};

// What a key means here; null: it is not ours.
export function actionOf(event) {
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return null;
  const { target, key } = event;
  const isField = target.tagName === "TEXTAREA" || target.tagName === "SELECT" || (target.tagName === "INPUT" && !NO_TEXT.includes(target.type));
  if (isField) return null;
  const isPressed = ["BUTTON", "A", "SUMMARY"].includes(target.tagName); // Space belongs to them
  if (key === " " && isPressed) return null;
  if (key.startsWith("Arrow") && target.tagName !== "BODY") return null; // elsewhere the browser scrolls
  return ACTIONS[key] ?? (key.length === 1 ? ACTIONS[lettered(key, event.shiftKey)] ?? null : null);
}

// With Caps Lock on, Shift alone tells which of the two is meant.
const lettered = (key, isShifted) => (isShifted ? key.toUpperCase() : key.toLowerCase());

// Groups of keys and the words for what they do: [name, [[[key, ...], words], ...]].
export const LOG_KEYS = [
  ["read", [[["Space"], "pause"], [["End"], "end"], [["Home"], "start"], [["↑", "↓", "PgUp", "PgDn"], "move"]]],
  ["find", [[["/"], "search"], [["f"], "filter"], [["n", "N"], "hits"], [["e", "E"], "errors"], [["g"], "jump"], [["l"], "link"]]],
  ["look", [[["w"], "wrap"], [["?"], "keys"]]],
  ["files", [[["↑", "↓"], "file"], [["→", "←"], "takeIn"]]],
];
