// Browsers draw no element higher than some 16 to 33 million px. Where all rows are
// higher, the scrollbar stands for them by its share, and what is scrolled by wheel, key
// or finger still moves as many px as anywhere. Plain numbers, no element.
//
// `top` is where the view begins among all rows; scrollTop what the browser knows of it.

export const LIMIT = 8_000_000; // px; under what any browser draws
const EDGE = 20_000;            // px of scrollTop that are kept free in each direction

export class Scale {
  #shift = 0;
  #total = 0;
  #height = 0;
  #last = 0;

  constructor(limit = LIMIT) {
    this.limit = limit;
  }

  // total: px of all rows; height: of the view. Returns how high the canvas is to be.
  fit(total, height) {
    this.#total = total;
    this.#height = height;
    if (!this.isScaled) this.#shift = 0;
    return this.canvas;
  }

  // The scrollTop that was heard of last.
  get last() {
    return this.#last;
  }

  get canvas() {
    return Math.min(this.#total, this.limit);
  }

  get isScaled() {
    return this.#total > this.limit;
  }

  // Where what stands at `y` among all rows is on the canvas, when the view will begin at `top`.
  offset(y, top) {
    if (!this.isScaled) return y;
    const { shift } = this.isAt(top, this.#last) ? { shift: this.#shift } : this.#placing(top);
    return y - shift;
  }

  // The browser says where it has scrolled to; returns where that is among all rows.
  scrolled(scrollTop) {
    const moved = Math.abs(scrollTop - this.#last);
    this.#last = scrollTop;
    if (!this.isScaled) return scrollTop;
    const end = this.limit - this.#height;
    // More than wheel and keys move: the scrollbar was dragged. Its ends are the ends of all rows.
    if (moved > 4 * this.#height || scrollTop <= 0 || scrollTop >= end) {
      this.#shift = this.#share(scrollTop) - scrollTop;
    }
    return scrollTop + this.#shift;
  }

  // Whether the view has to be placed anew, so that there is room to scroll on.
  isNearEdge(scrollTop) {
    if (!this.isScaled) return false;
    const top = scrollTop + this.#shift;
    const room = Math.min(EDGE, this.limit / 8);
    const isAbove = scrollTop < room / 2 && top > scrollTop + 1;
    const isBelow = scrollTop > this.limit - this.#height - room / 2 && this.#total - top > this.limit - scrollTop + 1;
    return isAbove || isBelow;
  }

  // The page wants the view to begin at `top`; returns the scrollTop for it.
  place(top) {
    const { scrollTop, shift } = this.isScaled ? this.#placing(top) : { scrollTop: Math.max(0, top), shift: 0 };
    this.#last = scrollTop;
    this.#shift = shift;
    return scrollTop;
  }

  #placing(top) {
    const room = Math.min(EDGE, this.limit / 8);
    const end = this.limit - this.#height;
    const all = this.#total - this.#height;
    const low = Math.min(top, room);
    const high = end - Math.min(Math.max(0, all - top), room);
    const scrollTop = Math.round(Math.max(low, Math.min(high, (top / all) * end)));
    return { scrollTop, shift: top - scrollTop };
  }

  // The same place, if that is nearer than a row: nothing has to be moved.
  isAt(top, scrollTop) {
    return Math.abs(scrollTop + this.#shift - top) <= 0.5;
  }

  #share(scrollTop) {
    const end = this.limit - this.#height;
    return (Math.max(0, Math.min(end, scrollTop)) / end) * (this.#total - this.#height);
  }
}
