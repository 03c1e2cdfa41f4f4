// The page's keys, where no field has the focus: Space pauses, End follows, / goes to
// the filter, w wraps, and the keys that move up do so wherever the focus is.

const NO_TEXT = ["button", "checkbox", "radio", "submit"];

// What a key means here; null: it is not ours.
export function actionOf(event) {
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return null;
  const { target, key } = event;
  const isField = target.tagName === "TEXTAREA" || (target.tagName === "INPUT" && !NO_TEXT.includes(target.type));
  if (isField) return null;
  const isPressed = target.tagName === "BUTTON" || target.tagName === "A"; // Space belongs to them
  switch (key) {
    case " ": return isPressed ? null : "pause";
    case "End": return "end";
    case "/": return "filter";
    case "w": case "W": return "wrap";
    case "Home": return "start";
    case "PageUp": return "pageUp";
    case "PageDown": return "pageDown";
    case "ArrowUp": return target.tagName === "BODY" ? "up" : null; // elsewhere the browser scrolls
    case "ArrowDown": return target.tagName === "BODY" ? "down" : null;
    default: return null;
  }
}
