// One stop of the Tab key for several buttons: the arrows go from one to the next, Home
// and End to the ends. Pure.

// The index a key leads to, or null if it is none of these keys.
export function rove(key, index, count, isVertical = false) {
  if (count === 0) return null;
  const [back, on] = isVertical ? ["ArrowUp", "ArrowDown"] : ["ArrowLeft", "ArrowRight"];
  switch (key) {
    case back: return (index + count - 1) % count;
    case on: return (index + 1) % count;
    case "Home": return 0;
    case "End": return count - 1;
    default: return null;
  }
}

// The same for a list of elements, one of which has the focus: moves it on, and says whether it did.
export function roveFocus(event, elements, isVertical = false) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return false;
  const next = rove(event.key, elements.indexOf(document.activeElement), elements.length, isVertical);
  if (next === null) return false;
  event.preventDefault();
  event.stopPropagation();
  elements[next].focus();
  return true;
}
