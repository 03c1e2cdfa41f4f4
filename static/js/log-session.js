// The conversation in logs.v1: which file is open, up to where it was received, and
// what the server says of it. Messages come from Connection; lines and notices go
// into the LogStore, once per animation frame (`schedule`), because a busy file
// brings more messages than a screen has frames. `state` is what the page shows of
// all this and may be reactive.
//
// The position is (generation, offset): the offset after the last line that was
// received. After a reconnect the file is opened from there, so no line is missing
// or comes twice.

import { Rate } from "./log-rate.js";

const FIRST_LINES = 1000;

// How the file is: "asked" until the server has answered.
export function freshState() {
  return {
    files: null,      // [{ name, size, modified, grewAt }], null: not told yet
    file: null,       // the name of the one that is open
    phase: "asked",   // "asked" | "opened" | "waiting" | "gone" | "denied" | "refused"
    since: null,      // following since, ms
    how: "",          // "inotify" | "polling"
    position: null,   // { generation, next }
    size: null,       // of this generation, bytes, as last heard
    problem: null,    // { code, message } of a refusal
  };
}

export class LogSession {
  rate = new Rate();
  #queue = [];
  #scheduled = false;
  #told = false;  // the server has answered to our open; what came before was for an earlier one
  #liveFrom = 0;  // lines that begin before this were in the file already: not counted as arriving now

  constructor({ connection, store, state, onChange = () => {}, now = Date.now, schedule = (run) => run() }) {
    Object.assign(this, { connection, store, state, onChange, now, schedule });
  }

  // The page's wish. Without one it is the first file of the list.
  choose(file) {
    const { state } = this;
    if (file === state.file) return;
    this.flush();
    if (state.file !== null) this.connection.send({ type: "close", file: state.file });
    Object.assign(state, { file, phase: "asked", since: null, how: "", position: null, size: null, problem: null });
    this.store.reset();
    this.rate.reset();
    this.#open();
    this.onChange();
  }

  // Connection's events.

  opened() {
    this.#open();
  }

  received(message) {
    if (message.type === "files") this.#files(message.files);
    if (message.type === "error" && (message.file ?? this.state.file) === this.state.file) this.#refused(message);
    const ours = message.file === this.state.file && (message.type === "lines" || message.type === "notice");
    if (!ours) return;
    this.#queue.push(message);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.schedule(() => this.flush());
  }

  #open() {
    const { file, position } = this.state;
    if (file === null) return;
    this.#told = false;
    this.#queue = [];
    const from = position ? { generation: position.generation, offset: position.next } : { tail: FIRST_LINES };
    this.connection.send({ type: "open", file, from });
  }

  #files(files) {
    const { state } = this;
    const known = new Map((state.files ?? []).map((file) => [file.name, file]));
    const now = this.now();
    state.files = files.map((file) => {
      const before = known.get(file.name);
      const modified = file.modified === null ? null : Date.parse(file.modified);
      const grew = before ? file.size !== null && file.size > (before.size ?? 0) : modified !== null && now - modified < 10_000;
      return { ...file, modified, grewAt: grew ? now : before?.grewAt ?? null };
    });
    state.size = files.find((file) => file.name === state.file)?.size ?? null;
    if (state.file === null && files.length > 0) this.choose(files[0].name);
  }

  #refused({ code, message }) {
    Object.assign(this.state, { phase: "refused", problem: { code, message } });
    this.onChange();
  }

  // What came is applied: with a frame, and before the connection or the frames stop.
  flush() {
    this.#scheduled = false;
    const queue = this.#queue;
    if (queue.length === 0) return;
    this.#queue = [];
    for (const message of queue) {
      if (message.type === "lines") this.#lines(message);
      else this.#notice(message);
    }
    this.onChange();
  }

  #lines({ generation, lines, next }) {
    const { position } = this.state;
    if (!this.#told || position === null) return;
    const isSame = generation === position.generation;
    const news = isSame ? lines.filter(([offset]) => offset >= position.next) : lines;
    this.state.position = { generation, next: isSame ? Math.max(next, position.next) : next };
    this.rate.add(news.reduce((count, [offset]) => count + (offset >= this.#liveFrom ? 1 : 0), 0), this.now());
    this.store.addLines(news.map(([, text]) => text));
  }

  #notice({ kind, generation, message, offset, size, how }) {
    const { state } = this;
    const at = this.now();
    this.#told = true;
    switch (kind) {
      case "opened": {
        // A row only where the reader was told that the file could not be read.
        if (this.store.kept > 0 && (state.phase === "gone" || state.phase === "denied")) this.#row("back", at);
        Object.assign(state, { phase: "opened", since: state.since ?? at, how: how ?? "", problem: null });
        // The answer to an earlier opening of this file may have come first; what it brought is not taken again.
        const had = state.position?.generation === generation ? state.position.next : 0;
        Object.assign(state, { position: { generation, next: Math.max(offset, had) }, size });
        this.#liveFrom = size;
        break;
      }
      case "rotated":
      case "truncated":
        this.#row(kind, at);
        Object.assign(state, { phase: "opened", since: state.since ?? at, position: { generation, next: 0 }, size: null });
        this.#liveFrom = 0;
        break;
      case "waiting":
      case "gone":
      case "denied":
        if (state.phase !== kind && this.store.kept > 0) this.#row(kind, at);
        Object.assign(state, { phase: kind, since: null });
        if (kind === "waiting") state.position = null;
        break;
      case "gap":
        this.#row("gap", at);
        state.position = null;
        break;
      default:
        this.store.addNotice({ kind: "other", at, message });
    }
  }

  #row(kind, at) {
    this.store.addNotice({ kind, at });
  }
}
