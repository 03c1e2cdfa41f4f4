// The rule of following: the view stays at the end until the reader moves up, be it
// by a pixel; it follows again when they come back to the very end. Told of the
// view's numbers; touches no element.

const SLACK = 2;      // px: browsers round
const REST_MS = 300;  // a browser's smooth scrolling goes on so long after the key that began it

export class ScrollRule {
  #top = 0;
  #followedAt = -Infinity;

  // The reader or the page has scrolled: "up" (stop following), "end" (follow), or null.
  scrolled({ scrollTop, scrollHeight, clientHeight }, now) {
    const end = Math.max(0, scrollHeight - clientHeight);
    // Content that became shorter moves the view up as well, without anyone wanting it.
    const before = Math.min(this.#top, end);
    this.#top = scrollTop;
    if (scrollTop < before - SLACK) return now - this.#followedAt < REST_MS ? null : "up";
    if (scrollTop > before && end - scrollTop <= SLACK) return "end";
    return null;
  }

  // The reader wants the end: what still moves up is the rest of an earlier move.
  followed(now) {
    this.#followedAt = now;
  }

  // The page itself has put the view there.
  placed(scrollTop) {
    this.#top = scrollTop;
  }
}
