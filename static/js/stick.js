// The rule of a stream's end: new things move the view only while the reader is
// at the end. Told of scrolling and of changed sizes with plain numbers; touches
// no element itself.

const SLACK = 24; // px that still count as the end

export class StickToEnd {
  atEnd = true;
  #top = 0;

  // The reader leaves the end only by moving up: rows that grow, and a keyboard
  // that makes the view smaller, put the end further away without anyone moving.
  scrolled({ scrollTop, scrollHeight, clientHeight }) {
    const distance = scrollHeight - clientHeight - scrollTop;
    if (distance <= SLACK) this.atEnd = true;
    else if (scrollTop < this.#top) this.atEnd = false;
    this.#top = scrollTop;
    return this.atEnd;
  }

  // Content or view have another size: where to scroll, or null to stay.
  resized({ scrollHeight, clientHeight }) {
    if (!this.atEnd) return null;
    this.#top = Math.max(0, scrollHeight - clientHeight);
    return this.#top;
  }

  toEnd(metrics) {
    this.atEnd = true;
    return this.resized(metrics);
  }
}
