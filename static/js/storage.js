// What the browser remembers, as JSON under `chatapp.<name>`. A browser may
// forbid storage or have no room for more; then the page works and forgets.

const PREFIX = "chatapp.";

export function recall(name) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name));
  } catch {
    return null;
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch { /* not remembered, and nothing else lost */ }
}

export function forget(name) {
  try {
    localStorage.removeItem(PREFIX + name);
  } catch { /* nothing was remembered */ }
}

// Calls back with the new value when another tab of this browser changes it.
export function onChangeElsewhere(name, callback) {
  globalThis.addEventListener?.("storage", (event) => {
    // key null: the whole storage was emptied.
    if (event.key === PREFIX + name || event.key === null) callback(recall(name));
  });
}
