// Looking for messages: asks, goes on where an answer ended, and lets an answer be that
// comes after another question. `search` is what SearchPanel draws:
//   { query, state: "idle" | "searching" | "done" | "failed", hits, words, next, refusal }

import { changed, messageFrom } from "./room-message.js";

export const freshSearch = () => ({ query: "", state: "idle", hits: [], words: [], next: null, refusal: null });

export class Search {
  #id = null;

  constructor({ requests, search, newId }) {
    Object.assign(this, { requests, search, newId });
  }

  run(query) {
    const trimmed = query.trim();
    Object.assign(this.search, freshSearch(), { query: trimmed });
    if (trimmed === "") return this.close();
    return this.#ask({ query: trimmed });
  }

  more() {
    if (this.search.state !== "done" || this.search.next === null) return null;
    return this.#ask({ query: this.search.query, before: this.search.next });
  }

  close() {
    if (this.#id) this.requests.forget(this.#id);
    this.#id = null;
    Object.assign(this.search, freshSearch());
  }

  // What was found is deleted or changed meanwhile.
  event(event) {
    if (event.type !== "edit" && event.type !== "delete") return;
    const isHit = ({ room, seq }) => room === event.room && seq === event.target;
    if (this.search.hits.some(isHit)) {
      this.search.hits = this.search.hits.map((hit) => (isHit(hit) ? changed(hit, event) : hit));
    }
  }

  async #ask(question) {
    if (this.#id) this.requests.forget(this.#id); // the server gives no answer to it any more
    const id = this.newId();
    this.#id = id;
    Object.assign(this.search, { state: "searching", refusal: null });
    try {
      const { hits, words, next } = await this.requests.ask({ type: "search", ...question }, id);
      if (this.#id !== id) return;
      const found = hits.map(messageFrom);
      Object.assign(this.search, { state: "done", hits: question.before ? [...this.search.hits, ...found] : found, words, next });
    } catch (refused) {
      if (this.#id !== id) return;
      Object.assign(this.search, { state: "failed", refusal: { code: refused.code, message: refused.message } });
    }
  }
}
