// The rows of the file that is looked at: lines, and what happened to the file.
// LogSession puts them in, LogList draws `visible`. No markup and no Vue: who
// changes something bumps the page's counter.
//
// The cap: while the reader follows, the oldest lines over CAP are let go. While
// they read (scrolled up) or have paused, nothing that is shown is taken away: new
// lines are added below, up to CAP of them, or wait out of sight (paused, or more
// than that); of those that wait again the newest CAP are kept. Following shows all
// and lets the oldest go. What is being read never moves.
//
// A filter keeps what it lets through: of the lines that pass the oldest over CAP are
// let go, and of those that do not pass likewise. So a page holds five times CAP at
// the worst.

import { freshFilter, isActive, textTest } from "./log-filter.js";
import { LEVELS } from "./log-level.js";
import { makeLine } from "./log-line.js";

export const CAP = 5000;
const EXTRA_ROWS = 200; // for notices: a file that comes and goes all day fills no memory either

export class LogStore {
  rows = [];
  visible = [];       // of `rows`, those that pass the filter
  mode = "following"; // "following" | "reading" | "paused"
  letGo = 0;          // lines, since the file was chosen or the page cleared
  fresh = 0;          // lines that passed the filter since the reader stopped following
  cleared = false;    // empty because the reader wanted it so
  #waiting = [];
  #filter = freshFilter();
  #passes = () => true;
  #hidden = new Set();
  #shownSince = 0;    // new rows shown below while reading
  #nextId = 1;
  #above = null;
  #cap;

  constructor(cap = CAP) {
    this.#cap = cap;
    this.counts = freshCounts();
  }

  // Lines that are kept, seen or not.
  get kept() {
    return countLines(this.rows) + this.waiting;
  }

  get waiting() {
    return countLines(this.#waiting);
  }

  addLines(raws) {
    // Of a batch that is larger than all that will be kept, the rest needs no look;
    // with a filter it does.
    const isEnough = this.mode === "following" && !isActive(this.#filter);
    const skipped = isEnough ? Math.max(0, raws.length - this.#cap) : 0;
    this.letGo += skipped;
    for (let at = skipped; at < raws.length; at += 1) {
      const line = makeLine(raws[at], this.#above);
      this.#above = line;
      this.#add(line);
    }
    this.#trim();
  }

  addNotice(notice) {
    this.#above = null; // a stack trace does not go on in another file
    this.#add({ kind: "notice", notice, columns: 0, level: null });
    this.#trim();
  }

  setFilter(filter) {
    const sameText = ["only", "not"].every((field) => filter[field] === this.#filter[field]
      && filter.exact[field] === this.#filter.exact[field]);
    this.#filter = { ...filter, exact: { ...filter.exact } };
    this.#hidden = new Set(filter.hidden);
    if (!sameText) {
      this.#passes = textTest(filter);
      this.counts = freshCounts();
      for (const row of [...this.rows, ...this.#waiting]) this.#weigh(row);
    }
    this.visible = this.rows.filter((row) => this.#isShown(row));
    const held = this.rows.length - this.#shownSince;
    this.fresh = [...this.rows.slice(held), ...this.#waiting].filter((row) => row.kind === "line" && this.#isShown(row)).length;
  }

  // The reader's three states.

  follow() {
    this.mode = "following";
    for (const row of this.#waiting) this.#show(row);
    this.#waiting = [];
    this.#shownSince = 0;
    this.fresh = 0;
    this.#trim();
  }

  read() {
    if (this.mode === "following") this.mode = "reading";
  }

  pause() {
    this.mode = "paused";
  }

  // Takes what the reader had. New lines that were announced and nobody saw wait on,
  // or are shown where the reader has not asked for a pause.
  clear() {
    const unseen = [...this.rows.slice(this.rows.length - this.#shownSince), ...this.#waiting];
    const { mode } = this;
    this.#empty();
    this.cleared = true;
    this.#waiting = unseen;
    for (const row of unseen) this.#weigh(row);
    if (mode === "paused") {
      this.mode = mode;
      this.fresh = unseen.filter((row) => row.kind === "line" && this.#isShown(row)).length;
    } else {
      this.follow();
    }
  }

  // Another file: nothing of the one before remains.
  reset() {
    this.#empty();
    this.cleared = false;
    this.#above = null;
  }

  #empty() {
    Object.assign(this, { rows: [], visible: [], letGo: 0, fresh: 0, mode: "following", counts: freshCounts() });
    this.#waiting = [];
    this.#shownSince = 0;
  }

  #add(row) {
    row.id = this.#nextId;
    this.#nextId += 1;
    this.cleared = false;
    this.#weigh(row);
    if (this.mode === "following") {
      this.#show(row);
      return;
    }
    if (row.kind === "line" && this.#isShown(row)) this.fresh += 1;
    if (this.mode === "reading" && this.#waiting.length === 0 && this.#shownSince < this.#cap) {
      this.#show(row);
      this.#shownSince += 1;
    } else {
      this.#waiting.push(row);
    }
  }

  #show(row) {
    this.rows.push(row);
    if (this.#isShown(row)) this.visible.push(row);
  }

  #weigh(row) {
    row.passes = row.kind !== "line" || this.#passes(row.text);
    if (row.passes && row.level) this.counts[row.level] += 1;
  }

  #isShown(row) {
    return row.passes && !this.#hidden.has(row.level);
  }

  #trim() {
    if (this.mode !== "following") {
      this.#waiting = this.#newest(this.#waiting);
      return;
    }
    const rows = this.#newest(this.rows);
    if (rows === this.rows) return;
    this.rows = rows;
    this.visible = rows.filter((row) => this.#isShown(row));
  }

  // The rows without the oldest lines over CAP, counted by whether they pass, and
  // without the notices that have lost all that stood above them.
  #newest(rows) {
    const over = { passing: -this.#cap, other: -this.#cap, notice: -EXTRA_ROWS };
    const kindOf = (row) => (row.kind !== "line" ? "notice" : this.#isShown(row) ? "passing" : "other");
    for (const row of rows) over[kindOf(row)] += 1;
    if (over.passing <= 0 && over.other <= 0 && over.notice <= 0) return rows;
    const kept = [];
    for (const row of rows) {
      const kind = kindOf(row);
      const isAboveAll = kind === "notice" && kept.length === 0 && (over.passing > 0 || over.other > 0);
      if (over[kind] > 0 || isAboveAll) {
        over[kind] -= 1;
        if (kind !== "notice") this.#forget(row);
      } else {
        kept.push(row);
      }
    }
    return kept;
  }

  #forget(row) {
    this.letGo += 1;
    if (row.passes && row.level) this.counts[row.level] -= 1;
  }
}

const freshCounts = () => Object.fromEntries(LEVELS.map((level) => [level, 0]));

const countLines = (rows) => rows.reduce((count, row) => count + (row.kind === "line" ? 1 : 0), 0);
