// Lines a second, over the last few seconds. Times come from the caller, in ms.

const SECONDS = 5;

export class Rate {
  #counts = new Map(); // second -> lines in it
  #since = null;

  add(count, now) {
    const second = Math.floor(now / 1000);
    this.#since ??= second;
    this.#counts.set(second, (this.#counts.get(second) ?? 0) + count);
    // Who asks may have a clock that is a second behind.
    for (const old of this.#counts.keys()) if (old < second - SECONDS - 2) this.#counts.delete(old);
  }

  // Of whole seconds only: the one that runs would make the number flicker.
  perSecond(now) {
    const second = Math.floor(now / 1000);
    let sum = 0;
    for (const [at, count] of this.#counts) if (at < second && at >= second - SECONDS) sum += count;
    const seconds = Math.min(SECONDS, second - (this.#since ?? second));
    if (seconds <= 0) return 0; // not one whole second yet
    return sum / seconds;
  }

  reset() {
    this.#counts.clear();
    this.#since = null;
  }
}
