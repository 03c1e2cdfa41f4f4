// Where rows stand: which are in view, how far down one is, how high all are. Plain
// numbers, no element. Without wrap every row is one ROW high; with wrap a row's
// height is guessed from its columns until the list has measured it.

export const ROW = 20; // px; logs.css has the same as the line height
const OVERSCAN = 240; // px drawn above and below the view

export class Geometry {
  #rows = [];
  #wrapAt = 0;   // columns; 0: no wrap
  #tops = null;  // with wrap: the top of each row, and the height of all at the end

  // Returns itself, laid out for these rows.
  layOut(rows, wrapAt) {
    this.#rows = rows;
    this.#wrapAt = wrapAt;
    this.#tops = null;
    if (wrapAt > 0) {
      this.#tops = new Float64Array(rows.length + 1);
      for (let at = 0; at < rows.length; at += 1) this.#tops[at + 1] = this.#tops[at] + this.#heightOf(rows[at]);
    }
    return this;
  }

  get total() {
    return this.top(this.#rows.length);
  }

  // The widest row, in columns.
  get columns() {
    return this.#rows.reduce((widest, row) => Math.max(widest, row.columns), 0);
  }

  top(index) {
    return this.#tops ? this.#tops[index] : index * ROW;
  }

  // The row at a height; the last one below all.
  indexAt(y) {
    const last = this.#rows.length - 1;
    if (!this.#tops) return Math.max(0, Math.min(last, Math.floor(y / ROW)));
    let low = 0;
    let high = Math.max(0, last);
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#tops[middle] <= y) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  // The row with this id, or where it would stand: ids ascend.
  indexOf(id) {
    let low = 0;
    let high = this.#rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#rows[middle].id < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // The rows to draw, [start, end), for a view of this height scrolled to `top`.
  range(top, height) {
    if (this.#rows.length === 0) return [0, 0];
    return [this.indexAt(top - OVERSCAN), this.indexAt(top + height + OVERSCAN) + 1];
  }

  // What the list has measured; true if the guess was wrong.
  measured(row, height) {
    const isNews = Math.abs(this.#heightOf(row) - height) > 0.5;
    row.height = { wrapAt: this.#wrapAt, px: height };
    return isNews;
  }

  #heightOf(row) {
    if (row.height?.wrapAt === this.#wrapAt) return row.height.px;
    return Math.max(1, Math.ceil(row.columns / this.#wrapAt)) * ROW;
  }
}
