// Fetches pages of a room's past into its store: what is older and what is newer than
// what is shown, and what is around a message. One of each at a time; a page that comes
// when the room shows something else by then is not used.

const PAGE = 100;
const AGAIN_MS = 3000; // after an answer that says no

export class Past {
  // ask(request): a promise of the answer, rejected when there is none.
  constructor({ ask, timers = globalThis }) {
    Object.assign(this, { ask, timers });
  }

  older(store) {
    const { window } = store;
    if (!window || window.start) return null;
    return this.#load(store, "older", () => ({ before: window.low }), (answer) => store.tookOlder(window, answer), window);
  }

  newer(store) {
    const window = store.past;
    if (!window) return null;
    return this.#load(store, "newer", () => ({ after: window.high }), (answer) => store.tookNewer(window, answer), window);
  }

  // Shows the room where this message is. Resolves to whether it is there.
  async around(store, seq) {
    if (!store.window?.find(seq)) {
      const before = store.window;
      await this.#load(store, "around", () => ({ around: seq }), (answer) => store.tookAround(answer), before);
    }
    const isThere = Boolean(store.window?.find(seq));
    if (isThere && store.isOpen) store.highlight(seq);
    return isThere;
  }

  // Back to the end; what is missing of it is fetched.
  newest(store) {
    store.toNewest();
    return store.live?.isEmpty && !store.live.start ? this.older(store) : null;
  }

  async #load(store, kind, side, take, window) {
    if (!store.isLive || store.loading[kind]) return;
    const epoch = store.epoch;
    const mark = (value) => { store.loading = Object.freeze({ ...store.loading, [kind]: value }); };
    mark(true);
    try {
      for (let isTaken = false; !isTaken;) {
        const answer = await this.ask({ type: "history", room: store.name, limit: PAGE, ...side() });
        const isMeant = store.epoch === epoch && (store.window === window || (kind === "around" && store.isOpen));
        isTaken = !isMeant || take(answer);
      }
      mark(false);
    } catch (refused) {
      // It is asked again as soon as it may be, if the reader is still there.
      if (refused.code === "lost") mark(false);
      else this.timers.setTimeout(() => mark(false), AGAIN_MS);
    }
  }
}
