// Where the view of a list stands when something in it changes. A reader at the end stays
// at the end; for any other, what is in view stays where it is, whatever is put in, taken
// out or grows above it. Browsers do that by themselves at best in part (Safari does not,
// none does at the very top), so it is off in the style sheet and done here: the rows in
// view are remembered with their places, and afterwards the view moves as far as they did.

const REMEMBERED = 24; // rows; the first that is still there counts

export class ScrollPlace {
  #rows = [];
  #size = "";

  // content holds blocks, which hold rows (`selector`). stick: see stick.js.
  constructor({ view, content, stick, selector }) {
    Object.assign(this, { view, content, stick, selector });
  }

  // The reader has scrolled, or we have, or the browser, because a view that became larger reaches
  // beyond the end: that is no moving up, and settle() comes next. `follows`: what is shown reaches
  // the live end.
  scrolled(follows) {
    if (!follows) this.stick.atEnd = false;
    else if (this.#size === this.#measure()) this.stick.scrolled(this.view);
    else return;
    this.remember();
  }

  // Something has another size or place.
  settle(follows) {
    if (!follows) this.stick.atEnd = false;
    const end = this.stick.resized(this.view);
    if (end !== null) this.view.scrollTop = end;
    else this.#restore();
    this.#size = this.#measure();
    this.remember();
  }

  #measure() {
    return `${this.view.scrollHeight} ${this.view.clientHeight}`;
  }

  toEnd() {
    this.view.scrollTop = this.stick.toEnd(this.view);
    this.remember();
  }

  // Brings a row into the middle of the view.
  toRow(row) {
    this.stick.atEnd = false;
    const { height } = row.getBoundingClientRect();
    this.view.scrollTop = this.#placeOf(row) - Math.max(0, (this.view.clientHeight - height) / 2);
    this.remember();
  }

  // Far from the end: more than a view.
  get isFar() {
    const { scrollHeight, clientHeight, scrollTop } = this.view;
    return scrollHeight - clientHeight - scrollTop > clientHeight;
  }

  // First those that begin in view: what is above them may grow or shrink, as the first row of
  // all does when older ones come before it. Then the one that is cut off at the top.
  remember() {
    const rows = [];
    const cut = [];
    const { scrollTop, clientHeight } = this.view;
    let isFirst = true;
    for (const block of this.content.children) {
      const start = this.#placeOf(block);
      if (start + block.offsetHeight > scrollTop && start < scrollTop + clientHeight) {
        for (const row of block.querySelectorAll(this.selector)) {
          const place = this.#placeOf(row);
          if (rows.length >= REMEMBERED || place >= scrollTop + clientHeight) break;
          if (place + row.offsetHeight > scrollTop) (isFirst || place < scrollTop ? cut : rows).push({ row, place });
          isFirst = false;
        }
      }
      isFirst &&= block.querySelector(this.selector) === null;
    }
    this.#rows = [...rows, ...cut];
  }

  #restore() {
    const still = this.#rows.find(({ row }) => row.isConnected);
    if (!still) return;
    const moved = this.#placeOf(still.row) - still.place;
    if (moved !== 0) this.view.scrollTop += moved;
  }

  // In the view's own coordinates, which scrolling does not change.
  #placeOf(element) {
    return element.getBoundingClientRect().top - this.view.getBoundingClientRect().top + this.view.scrollTop;
  }
}
