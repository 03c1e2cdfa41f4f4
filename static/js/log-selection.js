// What the reader has selected in the stream. The rows it may reach stay drawn while it
// lasts; "select all" of more rows than a page can draw means them all when it is copied.

import { displayText } from "./log-text.js";
import { nextTick } from "./html.js";

const DRAWN_AT_MOST = 5000;

export class Selection {
  ids = null;     // { from, to } of the rows it may reach; null: nothing is selected
  #isAll = false; // all rows, though not all are drawn

  // list: a ref of the rows' element; drawn(): { from, to } of what is drawn; began(), changed().
  constructor({ store, list, drawn, began, changed }) {
    Object.assign(this, { store, list, drawn, began, changed });
  }

  // The browser says that the selection has changed.
  moved = () => {
    const selection = getSelection();
    const isOurs = !selection.isCollapsed && this.list.value?.contains(selection.anchorNode);
    if (isOurs && !this.ids) {
      this.ids = this.drawn();
      this.began();
    } else if (!isOurs && this.ids) {
      this.ids = null;
      this.#isAll = false;
      this.changed();
    }
  };

  async all() {
    const { store } = this;
    const { count } = store;
    if (count === 0) return;
    const isDrawable = count <= DRAWN_AT_MOST;
    this.ids = isDrawable ? { from: store.rowAt(0).id, to: store.rowAt(count - 1).id } : this.drawn();
    this.#isAll = !isDrawable;
    this.began();
    await nextTick();
    getSelection().selectAllChildren(this.list.value);
  }

  // The rows to draw with it.
  widened([start, end]) {
    const from = this.store.rankOf(this.ids.from);
    const to = this.store.rankOf(this.ids.to) + 1;
    if (Math.max(end, to) - Math.min(start, from) > DRAWN_AT_MOST) return [start, end];
    const widened = [Math.max(0, Math.min(start, from)), Math.min(this.store.count, Math.max(end, to))];
    this.ids = { from: this.store.rowAt(widened[0])?.id ?? 0, to: this.store.rowAt(widened[1] - 1)?.id ?? 0 };
    return widened;
  }

  // For the clipboard; null: the browser's own way is right.
  copied(copiedText) {
    if (this.#isAll) return this.#everything();
    const range = getSelection().rangeCount > 0 && getSelection().getRangeAt(0);
    if (!range || !this.list.value.contains(range.commonAncestorContainer)) return null;
    return copiedText(range, this.list.value.children, (element) => this.store.row(Number(element.dataset.row)));
  }

  #everything() {
    const pieces = [];
    for (let n = 0; n < this.store.count; n += 1) {
      const row = this.store.rowAt(n);
      if (row.kind !== "notice") pieces.push(displayText(row.text));
      if (row.trace && !row.isOpen) pieces.push(...row.trace.map(displayText));
    }
    return pieces.join("\n");
  }
}
