// Puts a text on the clipboard. Over plain http, where a chat at home or in an office
// often is, browsers have no navigator.clipboard: there it goes the old way, by
// selecting a hidden field.

// Gives whether it worked.
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch { /* not there, or not allowed */ }
  return copyBySelecting(text);
}

function copyBySelecting(text) {
  const focused = document.activeElement;
  const field = document.createElement("textarea");
  field.value = text;
  field.readOnly = true; // no keyboard opens on a phone
  field.className = "visually-hidden";
  field.style.whiteSpace = "pre"; // that class would have lines and spaces run together, also in what is copied
  // In an open dialog nothing outside of it can be selected.
  (focused?.closest("dialog") ?? document.body).append(field);
  field.select();
  let done = false;
  try {
    done = document.execCommand("copy");
  } catch { /* done is false */ }
  field.remove();
  focused?.focus?.({ preventScroll: true });
  return done;
}
