// A search in whole files, on the server: what was asked, what was found, how far it is.
// The hits come as a stream and are shown once a frame; opening one is the page's. `state`
// is what the panel draws and may be reactive.

import { ApiError, searchQuery } from "./log-api.js";
import { t } from "./i18n.js";

const MOST_HITS = 5000; // that the page keeps

export function freshSearch() {
  return {
    query: { text: "", pattern: false, case: false, siblings: false, from: "newest" },
    state: "idle",   // "idle" | "running" | "done" | "stopped" | "full" (the page keeps no more) | "failed"
    hits: [],        // [{ file, generation, offset, line, text }]
    at: -1,          // the hit that was opened
    progress: null,  // { file, done, size, hits }
    error: "",
    done: null,      // what the server said at the end
  };
}

export class LogSearch {
  #abort = null;
  #found = [];
  #cursors = [];  // [{ file, cursor }]: where there is more to find
  #scheduled = false;

  constructor({ api, state, schedule = (run) => run() }) {
    Object.assign(this, { api, state, schedule });
  }

  // In these files, one after the other.
  async run(query, files) {
    this.stop();
    if (query.text === "") {
      Object.assign(this.state, freshSearch(), { query: { ...query } });
      return;
    }
    this.#found = [];
    Object.assign(this.state, freshSearch(), { query: { ...query } });
    await this.#search(files.map((file) => ({ file, cursor: null })));
  }

  // On from where the server had found enough.
  async more() {
    if (this.#abort === null && this.#cursors.length > 0) await this.#search(this.#cursors);
  }

  async #search(from) {
    const abort = new AbortController();
    this.#abort = abort;
    this.#cursors = [];
    this.state.state = "running";
    try {
      for (const { file, cursor } of from) {
        const query = { ...searchQuery(this.state.query), cursor };
        await this.api.search(file, query, (message) => this.#take(file, message), abort.signal);
      }
      this.#end(abort, "done");
    } catch (error) {
      if (error.name === "AbortError" || abort.signal.aborted) return;
      if (!(error instanceof ApiError) && !(error instanceof TypeError)) throw error;
      this.state.error = error.message && error instanceof ApiError ? error.message : t("logs.search.unreachable");
      this.#end(abort, "failed");
    }
  }

  stop() {
    this.#stop("stopped");
  }

  // The hit after the one that was opened, or before it; null: there is none.
  step(direction) {
    const { state } = this;
    const at = state.at < 0 ? (direction > 0 ? 0 : state.hits.length - 1) : state.at + direction;
    const hit = state.hits[at] ?? null;
    if (hit) state.at = at;
    return hit;
  }

  #stop(how) {
    if (this.#abort === null) return;
    this.#abort.abort();
    this.#end(this.#abort, how);
  }

  #end(abort, how) {
    if (this.#abort !== abort) return;
    this.#abort = null;
    this.#show();
    this.state.state = how;
  }

  // `open`: the file of the page under which the hit's line can be read; a hit may lie in a rotated one.
  #take(open, { hit, progress, done, error }) {
    if (hit) this.#found.push({ ...hit, open });
    if (progress) this.state.progress = progress;
    if (done) {
      this.state.done = { ...done, more: done.more || this.#cursors.length > 0 };
      if (done.more && done.cursor) this.#cursors.push({ file: open, cursor: done.cursor });
    }
    if (error) this.state.error = error.message ?? String(error);
    if (this.#scheduled || this.#found.length === 0) return;
    this.#scheduled = true;
    this.schedule(() => this.#show());
  }

  #show() {
    this.#scheduled = false;
    if (this.#found.length === 0) return;
    const found = this.#found.splice(0);
    this.state.hits = [...this.state.hits, ...found].slice(0, MOST_HITS);
    if (this.state.hits.length >= MOST_HITS) this.#stop("full");
  }
}
