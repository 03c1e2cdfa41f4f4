// Gathers what arrives and hands it on once per animation frame, so that a burst
// costs one drawing a frame and not one each. A hidden tab has no frames, and
// nobody who would see one: there a timer does it, a few times a second.

const HIDDEN_MS = 100;

function browserSoon(action) {
  if (document.hidden) {
    const timer = setTimeout(action, HIDDEN_MS);
    return () => clearTimeout(timer);
  }
  const frame = requestAnimationFrame(action);
  return () => cancelAnimationFrame(frame);
}

export class PerFrame {
  #gathered = [];
  #cancel = null;

  // take: gets an array, in the order of arrival. soon: calls back with the next
  // frame and returns what cancels it.
  constructor(take, soon = browserSoon) {
    Object.assign(this, { take, soon });
  }

  push(item) {
    this.#gathered.push(item);
    this.#cancel ??= this.soon(() => this.flush());
  }

  // Now; also when a tab is hidden, for a frame that was asked for does not come then.
  flush() {
    const gathered = this.#gathered;
    this.drop();
    if (gathered.length > 0) this.take(gathered);
  }

  drop() {
    this.#cancel?.();
    this.#cancel = null;
    this.#gathered = [];
  }
}
