// When to search while something is typed: a moment after the last letter, if it is enough
// to look for; at once when asked. Pure but for the clock it is given.

const PAUSE_MS = 250;
const SPACELESS = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]/u;

// One letter finds half of everything; one character of Chinese is a word.
export const isEnough = (query) => {
  const text = query.trim();
  return Array.from(text).length >= 2 || SPACELESS.test(text);
};

export class SearchQuery {
  #asked = "";
  #timer = null;

  constructor(ask, timers = globalThis) {
    Object.assign(this, { ask, timers });
  }

  typed(query) {
    this.timers.clearTimeout(this.#timer);
    if (query.trim() === "") this.now("");
    else if (isEnough(query)) this.#timer = this.timers.setTimeout(() => this.now(query), PAUSE_MS);
  }

  // Whether something new was asked for.
  now(query) {
    this.timers.clearTimeout(this.#timer);
    const text = query.trim();
    if (text === this.#asked) return false;
    this.#asked = text;
    this.ask(text);
    return true;
  }

  // What was asked is asked no more: the same words may be again.
  reset() {
    this.timers.clearTimeout(this.#timer);
    this.#asked = "";
  }
}
