// What the modules want of a browser: a clock that is moved by hand, and a storage that
// tabs share and tell each other of.

export class Clock {
  time = 1_000_000;
  jobs = [];
  setTimeout = (action, ms) => this.#add(action, ms, null);
  setInterval = (action, ms) => this.#add(action, ms, ms);
  clearTimeout = (job) => { this.jobs = this.jobs.filter((other) => other !== job); };
  clearInterval = this.clearTimeout;
  #add(action, ms, every) {
    const job = { action, at: this.time + ms, every };
    this.jobs.push(job);
    return job;
  }
  advance(ms) {
    const end = this.time + ms;
    for (;;) {
      const next = this.jobs.filter((job) => job.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.time = Math.max(this.time, next.at);
      if (next.every) next.at += next.every;
      else this.clearTimeout(next);
      next.action();
    }
    this.time = end;
  }
}

export class FakeStorage {
  #values = new Map();
  tabs = new Set();
  isFull = false;

  get size() {
    return this.#values.size;
  }

  get(name) {
    return this.#values.get(name) ?? null;
  }

  keys() {
    return [...this.#values.keys()];
  }

  set(name, text, by) {
    if (text === null) this.#values.delete(name);
    else if (this.isFull) return false;
    else this.#values.set(name, text);
    for (const tab of this.tabs) if (tab !== by) tab.changed(name, text);
    return true;
  }
}

// The functions of storage.js, as one tab has them.
export class Tab {
  #listeners = [];

  constructor(storage) {
    this.shared = storage;
    storage.tabs.add(this);
  }

  recall(name) {
    return JSON.parse(this.shared.get(name));
  }

  remember(name, value) {
    return this.shared.set(name, JSON.stringify(value), this);
  }

  forget(name) {
    if (this.shared.get(name) !== null) this.shared.set(name, null, this);
  }

  recallAll(beginning) {
    const names = this.shared.keys().filter((name) => name.startsWith(beginning));
    return new Map(names.map((name) => [name.slice(beginning.length), this.recall(name)]));
  }

  onChangesElsewhere(beginning, callback) {
    this.#listeners.push((name, text) => { if (name.startsWith(beginning)) callback(name.slice(beginning.length), JSON.parse(text)); });
    return () => { this.#listeners = []; };
  }

  changed(name, text) {
    for (const listener of this.#listeners) listener(name, text);
  }

  close() {
    this.#listeners = [];
    this.shared.tabs.delete(this);
  }
}
