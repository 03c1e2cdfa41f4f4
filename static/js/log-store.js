// The rows of the page: lines of one file or several, and what happened to the files.
// LogSession and Past put them in, LogList draws those that are seen. No markup and no
// Vue: who changes something bumps the page's counter.
//
// At most `cap` lines and characters are kept: while the reader follows, the oldest block
// goes when there are more; while they read, only what stands above the place they look at
// (`keepFrom`), and when that is not enough the store is full and says so: the page then
// reads on from the file.
//
// The reader's three modes: "following", "reading" (scrolled up: new lines come below, out
// of sight), "paused" (new lines are kept and not shown).
//
// How rows stand in blocks is log-blocks.js's, what is found out of a line log-weigh.js's,
// which rows are seen log-seen.js's, and how one is found log-find.js's.

import { Blocks } from "./log-blocks.js";
import { UNFINISHED } from "./log-chunk.js";
import { LevelCounts } from "./log-counts.js";
import { edgeOf, firstOf, firstSince, idAt, nextOf } from "./log-find.js";
import { Partials } from "./log-partials.js";
import { Seen } from "./log-seen.js";
import { Weigher } from "./log-weigh.js";

export const CAP = { lines: 200_000, bytes: 64_000_000 };

export class LogStore {
  mode = "following";
  fresh = 0;         // lines that came since the reader stopped following and that the filter lets through
  letGo = 0;         // lines since the page was filled anew
  isFull = false;    // could not take more without losing what is being read
  cleared = false;   // empty because the reader wanted it so
  sources = [];      // { file, generation, colour }
  keepFrom = Infinity; // ids of the rows in view while the reader does not follow
  keepTo = Infinity;
  frontCuts = 0;     // how often lines at the front were let go
  onGone = () => {}; // (chunk): its lines are no longer here
  onCome = () => {}; // (chunk, from): its rows from there on are new
  #blocks = new Blocks();
  #partials = new Partials();
  #counts = new LevelCounts();
  #weigher = new Weigher();

  constructor(cap = CAP) {
    this.cap = cap;
    this.seen = new Seen(this.sources, this.#blocks, this.#partials);
  }

  get chunks() {
    return this.#blocks.list;
  }

  get kept() {
    return this.#blocks.lines;
  }

  get bytes() {
    return this.#blocks.bytes;
  }

  get counts() {
    return this.#counts.byLevel;
  }

  source(file, generation, colour = 0) {
    const at = this.sources.findIndex((one) => one.file === file && one.generation === generation);
    return at >= 0 ? at : this.sources.push({ file, generation, colour }) - 1;
  }

  // Lines come: at the end, at the front, in between.

  // lines: [[offset, text], ...]. arrival(offset): when the line came, for those without a time of their own.
  append(source, lines, arrival = () => NaN) {
    const { file } = this.sources[source];
    const above = this.#weigher.above(file);
    let chunk = null;
    let place = 0;
    for (const [offset, text] of lines) {
      const flags = this.#weigher.look(text, above);
      const taker = this.#blocks.push(text, source, offset, Number.isNaN(above.time) ? arrival(offset) : above.time, flags);
      if (taker !== chunk) {
        if (chunk) this.#came(chunk, place);
        chunk = taker;
        place = taker.length - 1;
      }
      if (this.mode !== "following" && this.seen.has(flags)) this.fresh += 1;
    }
    if (chunk) this.#came(chunk, place);
    if (lines.length > 0) this.cleared = false;
    if (this.#partials.isOver(file, source, lines)) this.clearPartial(file);
    this.#makeRoom();
  }

  // What is older than all there is. runs: [{ source, lines }, ...] in order. Lets the newest
  // go when there are too many; true if it did.
  prepend(runs) {
    for (const chunk of this.#blocks.unshift(this.#weigher.rowsOf(runs))) this.#came(chunk, 0);
    return this.#trimBack();
  }

  // Before the row with this id, which stays.
  insert(id, runs) {
    for (const chunk of this.#blocks.insert(id, this.#weigher.rowsOf(runs))) this.#came(chunk, 0);
    this.#makeRoom();
  }

  // A row of its own: { kind, at, ... }. Returns its id.
  addNotice(source, notice) {
    this.#weigher.forget(this.sources[source].file); // a stack trace does not go on in another file
    this.cleared = false;
    this.seen.changed();
    return this.#blocks.pushNotice(notice, source);
  }

  prependNotice(source, notice) {
    this.#blocks.unshiftNotice(notice, source);
    this.seen.changed();
  }

  // Another notice in its place; null takes the row away.
  changeNotice(id, notice) {
    this.#blocks.changeNotice(id, notice);
    this.seen.changed();
  }

  // The half line at the end of a file, until the whole one comes.
  setPartial(source, offset, text) {
    this.#partials.set(this.sources[source].file, { source, offset, text });
    this.#drawPartials();
  }

  clearPartial(file) {
    if (this.#partials.delete(file)) this.#drawPartials();
  }

  // The newest rows again, newest first, for as long as `wanted(time)`; at most `limit`. They are taken away.
  takeTail(limit, wanted) {
    const taken = [];
    while (taken.length < limit) {
      const row = this.#blocks.pop(wanted);
      if (row === null) break;
      if (this.mode !== "following" && this.seen.has(row.flags)) this.fresh = Math.max(0, this.fresh - 1);
      this.#counts.remove(row.flags);
      taken.push(row);
    }
    if (taken.length === 0) return taken;
    this.onGone({ length: taken.length, flags: taken.map(({ flags }) => flags), times: taken.map(({ time }) => time) });
    this.#blocks.recount();
    this.seen.changed();
    return taken;
  }

  // What is seen.

  // test(text) or null; hidden: levels; folded: stack traces. isLoose: lines come without
  // those that stand around them, so none goes on from the one above.
  setView({ test, hidden, folded, isLoose = false }) {
    this.#weigher.isLoose = isLoose;
    this.#weigher.setTest(test, this.chunks);
    this.#counts.recount(this.chunks);
    for (const chunk of this.chunks) chunk.changed();
    this.seen.set({ hidden, folded });
    this.#drawPartials();
  }

  get count() {
    return this.seen.count;
  }

  rowAt(n) {
    return this.seen.rowAt(n);
  }

  rankOf(id) {
    return this.seen.rankOf(id);
  }

  // A folded stack trace is shown, or hidden again.
  toggleTrace(id) {
    this.seen.toggleTrace(id);
    this.touch(id);
  }

  // A row is to be seen, be it in a folded stack trace.
  reveal(id) {
    const found = this.#blocks.find(id);
    const head = found && this.seen.foldedAbove(found.chunk, found.place);
    if (head !== null) this.toggleTrace(head);
  }

  // The line at this offset is what is left of a file that is over: it has no end.
  markUnfinished(source, offset) {
    const id = this.find(source, offset);
    const found = id === null ? null : this.#blocks.find(id);
    if (found === null) return;
    found.chunk.flags[found.place] |= UNFINISHED;
    this.touch(id);
  }

  // How a row is drawn has changed: its height has to be learnt again.
  touch(id) {
    const found = this.#blocks.find(id);
    if (found === null) return;
    found.chunk.odd?.delete(found.place);
    found.chunk.changed();
    this.seen.changed();
  }

  // One row, seen or not: by its id as an object to draw, or the id of one; null: it is not here.

  row(id) {
    const found = this.#blocks.find(id);
    return found && this.seen.row(found.chunk, found.place);
  }

  find(source, offset) {
    return idAt(this.chunks, source, offset);
  }

  firstOf(source) {
    return firstOf(this.chunks, source);
  }

  findTime(ms) {
    return firstSince(this.chunks, ms);
  }

  // The next that is seen and wanted(flags, text).
  next(id, direction, wanted) {
    return nextOf(this.chunks, id, direction, (flags, text) => this.seen.has(flags) && wanted(flags, text));
  }

  // The file's oldest line here, or its newest: { generation, offset }, or null.
  edge(file, side) {
    const edge = edgeOf(this.chunks, this.sources.map((one) => one.file === file), side);
    return edge && { generation: this.sources[edge.source].generation, offset: edge.offset };
  }

  // The reader's modes.

  follow() {
    this.mode = "following";
    this.fresh = 0;
    this.#blocks.release();
    this.keepFrom = this.keepTo = Infinity;
    this.seen.changed();
    this.#makeRoom();
  }

  read() {
    if (this.mode === "following") this.mode = "reading";
  }

  pause() {
    if (this.mode === "paused") return;
    this.mode = "paused";
    this.#blocks.hold();
    this.seen.changed();
  }

  // Takes what the reader had. New lines that were announced and nobody saw wait on.
  clear() {
    this.#empty((chunk) => this.#blocks.isHeld(chunk));
    this.cleared = true;
    if (this.mode !== "paused") this.fresh = 0;
    if (this.mode === "reading") this.mode = "following";
    this.frontCuts += 1;
  }

  // Filled anew.
  reset() {
    this.#empty(() => false);
    this.#blocks.release();
    this.#weigher.forget();
    this.sources.length = 0;
    this.seen.view.open.clear();
    Object.assign(this, { mode: "following", fresh: 0, isFull: false, cleared: false, keepFrom: Infinity, keepTo: Infinity });
  }

  // Inside.

  #empty(isKept) {
    const kept = this.chunks.filter(isKept);
    for (const chunk of this.chunks) if (!kept.includes(chunk)) this.onGone(chunk);
    this.#blocks.keep(kept);
    this.#counts.recount(kept);
    this.letGo = 0;
    this.#partials.clear();
    this.#drawPartials();
  }

  #came(chunk, place) {
    for (let at = place; at < chunk.length; at += 1) this.#counts.add(chunk.flags[at]);
    this.seen.changed();
    this.onCome(chunk, place);
  }

  // The cap.

  get #isOver() {
    return this.kept > this.cap.lines || this.bytes > this.cap.bytes;
  }

  #makeRoom() {
    while (this.#isOver && this.chunks.length > 1 && this.#mayGo(this.chunks[0])) this.#drop(this.chunks.shift(), true);
    this.isFull = this.#isOver && this.mode !== "following";
  }

  #mayGo(chunk) {
    return this.mode === "following" || (chunk.end <= this.keepFrom && !this.#blocks.isHeld(chunk));
  }

  #trimBack() {
    let isCut = false;
    while (this.#isOver && this.chunks.length > 1 && this.chunks.at(-1).first > this.keepTo) {
      this.#drop(this.chunks.pop(), false);
      isCut = true;
    }
    if (isCut) {
      this.#partials.clear();
      this.#drawPartials();
      this.#weigher.forget();
    }
    return isCut;
  }

  #drop(chunk, isFront) {
    for (const flags of chunk.flags) this.#counts.remove(flags);
    this.letGo += chunk.lines;
    if (isFront) this.frontCuts += 1;
    this.onGone(chunk);
    this.#blocks.recount();
    this.seen.changed();
  }

  #drawPartials() {
    this.#partials.draw((text) => this.#weigher.weigh(text, 0));
    this.seen.changed();
  }
}
