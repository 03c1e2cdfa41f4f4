// What the browser remembers, as JSON under `chatapp.<name>`. A browser may
// forbid storage or have no room for more; then the page works and forgets, and
// whoever must not lose a thing learns of it by the answer of remember().

const PREFIX = "chatapp.";

const parsed = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return null; // not written by us
  }
};

export function recall(name) {
  try {
    return parsed(localStorage.getItem(PREFIX + name));
  } catch {
    return null;
  }
}

// Whether it is kept.
export function remember(name, value) {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

export function forget(name) {
  try {
    localStorage.removeItem(PREFIX + name);
  } catch { /* nothing was remembered */ }
}

// The names that begin so, without that beginning, and what is kept under them.
export function recallAll(beginning) {
  const found = new Map();
  try {
    for (let index = 0; index < localStorage.length; index += 1) {
      const key = localStorage.key(index);
      if (!key.startsWith(PREFIX + beginning)) continue;
      found.set(key.slice(PREFIX.length + beginning.length), parsed(localStorage.getItem(key)));
    }
  } catch { /* forbidden */ }
  return found;
}

// Calls back with the new value when another tab of this browser changes it.
export function onChangeElsewhere(name, callback) {
  globalThis.addEventListener?.("storage", (event) => {
    // key null: the whole storage was emptied.
    if (event.key === PREFIX + name || event.key === null) callback(recall(name));
  });
}

// The same for all names that begin so: calls back with the rest of the name and the
// value, null for one that is gone; with a null name when all are. Returns what ends it.
export function onChangesElsewhere(beginning, callback) {
  const changed = (event) => {
    if (event.key === null) callback(null, null);
    else if (event.key.startsWith(PREFIX + beginning)) {
      callback(event.key.slice(PREFIX.length + beginning.length), event.newValue === null ? null : parsed(event.newValue));
    }
  };
  globalThis.addEventListener?.("storage", changed);
  return () => globalThis.removeEventListener?.("storage", changed);
}
