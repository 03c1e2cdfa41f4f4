// The rows of the page: lines of one file or several, and what happened to the files.
// LogSession and Past put them in, LogList draws those that are seen. No markup and no
// Vue: who changes something bumps the page's counter.
//
// The rows stand in blocks (log-chunk.js) and have ascending ids: 1 apart at both ends,
// a tiny step where something was put in between. At most `cap` lines and characters are
// kept: while the reader follows, the oldest block goes when there are more; while they
// read, only what stands above the place they look at (`keepFrom`), and when that is not
// enough the store is full and says so: the page then reads on from the file.
//
// The reader's three modes: "following", "reading" (scrolled up: new lines come below, out
// of sight), "paused" (new lines are kept and not shown).

import { BELONGS, Chunk, LEVEL, levelBits, levelName, NOTICE, PASSES, ROW_BYTES, ROWS, TIMED, TRACE } from "./log-chunk.js";
import { LEVELS } from "./log-levels.js";
import { Above, lookAt } from "./log-look.js";

export const CAP = { lines: 200_000, bytes: 64_000_000 };
const STEP = 2 ** -20;       // between rows that were put in: a million have room between two
const PARTIAL_ID = 2 ** 40;  // half lines stand below all others

export class LogStore {
  chunks = [];
  mode = "following";
  fresh = 0;         // lines that came since the reader stopped following and that the filter lets through
  letGo = 0;         // lines since the page was filled anew
  isFull = false;    // could not take more without losing what is being read
  cleared = false;   // empty because the reader wanted it so
  sources = [];      // { file, generation, colour }
  keepFrom = Infinity; // ids of the rows in view while the reader does not follow
  keepTo = Infinity;
  frontCuts = 0;     // how often lines at the front were let go
  counts = freshCounts();
  onGone = () => {}; // (chunk): its lines are no longer here
  onCome = () => {}; // (chunk, from): its rows from there on are new
  #view = { hidden: 0, folded: true, open: new Set() };
  #passes = null;    // text -> boolean; null: all
  #heldFrom = null;  // paused: rows from this id on wait
  #next = 0;
  #above = new Map();
  #partials = new Map();
  #partialChunk = null;
  #starts = null;
  #totals = { lines: 0, bytes: 0 };

  constructor(cap = CAP) {
    this.cap = cap;
  }

  get kept() {
    return this.#totals.lines;
  }

  get bytes() {
    return this.#totals.bytes;
  }

  source(file, generation, colour = 0) {
    const at = this.sources.findIndex((one) => one.file === file && one.generation === generation);
    return at >= 0 ? at : this.sources.push({ file, generation, colour }) - 1;
  }

  // Lines come: at the end, at the front, in between.

  // lines: [[offset, text], ...]. at(offset): when the line came, for those without a time of their own.
  append(source, lines, arrival = () => NaN) {
    const { file } = this.sources[source];
    if (!this.#above.has(file)) this.#above.set(file, new Above());
    const above = this.#above.get(file);
    let chunk = null;
    let place = 0;
    for (const [offset, text] of lines) {
      const flags = this.#weigh(text, lookAt(text, above));
      const tail = this.#tail((flags & TRACE) !== 0);
      if (tail !== chunk) {
        if (chunk) this.#came(chunk, place);
        chunk = tail;
        place = tail.length;
      }
      chunk.push(text, source, offset, Number.isNaN(above.time) ? arrival(offset) : above.time, flags);
      this.#next += 1;
      if (this.mode !== "following" && this.#isSeen(flags)) this.fresh += 1;
    }
    if (chunk) this.#came(chunk, place);
    if (lines.length > 0) this.cleared = false;
    this.#dropPartial(source, lines);
    this.#makeRoom();
  }

  // What is older than all there is. runs: [{ source, lines }, ...] in order. Lets the newest
  // go when there are too many; true if it did.
  prepend(runs) {
    const chunks = this.#filled(runs, 0, 1);
    const count = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const first = Math.floor(this.chunks[0]?.first ?? this.#next) - count;
    for (const chunk of chunks) chunk.first += first;
    this.chunks.unshift(...chunks);
    for (const chunk of chunks) this.#came(chunk, 0);
    return this.#trimBack();
  }

  // Before the row with this id, which stays.
  insert(id, runs) {
    const at = this.#chunkAt(id);
    const old = this.chunks[at];
    const place = old.placeOf(id);
    const above = this.chunks[at - 1];
    const before = place > 0 ? old.id(place - 1) : above ? above.id(above.length - 1) : id - 1;
    const pieces = this.#filled(runs, before + STEP, STEP);
    if (place > 0) this.chunks.splice(at + 1, 0, old.split(place));
    this.chunks.splice(place > 0 ? at + 1 : at, 0, ...pieces);
    for (const chunk of pieces) this.#came(chunk, 0);
    this.#makeRoom();
  }

  // A row of its own: { kind, at, ... }. Returns its id.
  addNotice(source, notice) {
    const { file } = this.sources[source];
    this.#above.delete(file); // a stack trace does not go on in another file
    const chunk = this.#tail();
    const id = this.#next;
    chunk.pushNotice(notice, source);
    this.#next += 1;
    this.cleared = false;
    this.#recount();
    return id;
  }

  prependNotice(source, notice) {
    const chunk = new Chunk((this.chunks[0]?.first ?? this.#next) - 1);
    chunk.pushNotice(notice, source);
    this.chunks.unshift(chunk);
    this.#recount();
  }

  // Another notice in its place; null takes the row away.
  changeNotice(id, notice) {
    const at = this.#chunkAt(id);
    let chunk = this.chunks[at];
    const place = chunk?.placeOf(id);
    if (!chunk?.notices?.has(place)) return;
    if (notice) {
      chunk.notices.set(place, notice);
    } else {
      const rest = place + 1 < chunk.length ? [chunk.split(place + 1)] : [];
      chunk.pop();
      this.chunks.splice(at, 1, ...(chunk.length > 0 ? [chunk] : []), ...rest);
      chunk = null;
    }
    chunk?.changed();
    this.#recount();
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
      const chunk = this.chunks.at(-1);
      const at = (chunk?.length ?? 0) - 1;
      if (at < 0 || chunk.step !== 1 || this.#isHeld(chunk) || (chunk.flags[at] & NOTICE) !== 0 || !wanted(chunk.times[at])) break;
      const row = chunk.pop();
      if (this.mode !== "following" && this.#isSeen(row.flags)) this.fresh = Math.max(0, this.fresh - 1);
      this.#next = chunk.end;
      this.#uncount(row.flags);
      taken.push(row);
      if (chunk.length === 0) this.chunks.pop();
    }
    if (taken.length === 0) return taken;
    this.onGone({ length: taken.length, flags: taken.map(({ flags }) => flags), times: taken.map(({ time }) => time) });
    this.#recount();
    return taken;
  }

  // What is seen.

  // test(text) or null; hidden: levels; folded: stack traces.
  setView({ test, hidden, folded }) {
    const bits = hidden.reduce((sum, level) => sum | (1 << levelBits(level)), 0);
    const isSameTest = this.#passes === test;
    this.#passes = test;
    this.#view = { ...this.#view, hidden: bits, folded };
    if (!isSameTest) this.#weighAll();
    for (const chunk of this.chunks) chunk.changed();
    this.#drawPartials();
    this.#starts = null;
  }

  get isFiltered() {
    return this.#passes !== null || this.#view.hidden !== 0;
  }

  // A folded stack trace is shown, or hidden again.
  toggleTrace(id) {
    const { open } = this.#view;
    if (!open.delete(id)) open.add(id);
    this.#touch(id);
  }

  // How a row is drawn has changed: its height has to be learnt again.
  #touch(id) {
    const chunk = this.chunks[this.#chunkAt(id)];
    chunk?.odd?.delete(chunk.placeOf(id));
    chunk?.changed();
    this.#starts = null;
  }

  touch(id) {
    this.#touch(id);
  }

  // Heights are known better: where rows stand is worked out again.
  remeasured() {
    this.#starts = null;
  }

  // The blocks whose rows may be seen, and how many rows stand before each; the last number is how many there are.
  get blocks() {
    const held = this.#heldFrom === null ? this.chunks : this.chunks.filter((chunk) => !this.#isHeld(chunk));
    return this.#partialChunk && this.#heldFrom === null ? [...held, this.#partialChunk] : held;
  }

  get starts() {
    if (this.#starts === null) {
      this.#starts = [0];
      for (const chunk of this.blocks) this.#starts.push(this.#starts.at(-1) + chunk.count(this.#view));
    }
    return this.#starts;
  }

  get count() {
    return this.starts.at(-1);
  }

  // Whether a line is among them.
  get hasLines() {
    return this.count > this.blocks.reduce((sum, chunk) => sum + (chunk.notices?.size ?? 0), 0);
  }

  get view() {
    return this.#view;
  }

  // The n-th row that is seen, as an object to draw; null: there is none.
  rowAt(n) {
    const { blocks, starts } = this;
    if (n < 0 || n >= this.count) return null;
    let at = lastAtMost(starts, n);
    while (starts[at + 1] <= n) at += 1; // blocks of which nothing is seen
    return this.#row(blocks[at], blocks[at].placeAt(n - starts[at], this.#view));
  }

  // How many rows that are seen stand before this id.
  rankOf(id) {
    const { blocks, starts } = this;
    let at = blocks.length - 1;
    while (at > 0 && blocks[at].first > id) at -= 1;
    return at < 0 ? 0 : starts[at] + blocks[at].rankOf(blocks[at].placeOf(id), this.#view);
  }

  // Any row, seen or not; null: gone.
  row(id) {
    const chunk = this.chunks[this.#chunkAt(id)];
    const place = chunk?.placeOf(id) ?? 0;
    return chunk && place < chunk.length && Math.abs(chunk.id(place) - id) < STEP / 2 ? this.#row(chunk, place) : null;
  }

  // The id of the line at an offset; null: it is not here.
  find(source, offset) {
    for (const chunk of this.chunks) {
      for (let at = 0; at < chunk.length; at += 1) {
        if (chunk.offsets[at] === offset && chunk.sources[at] === source) return chunk.id(at);
      }
    }
    return null;
  }

  // The id of the first line of a source; null: there is none.
  firstOf(source) {
    for (const chunk of this.chunks) {
      const at = chunk.sources.findIndex((one, place) => one === source && (chunk.flags[place] & NOTICE) === 0);
      if (at >= 0) return chunk.id(at);
    }
    return null;
  }

  // The next id after `id` (or before: direction -1) whose line is wanted; null: there is none.
  next(id, direction, wanted) {
    let at = Math.max(0, Math.min(this.chunks.length - 1, this.#chunkAt(id)));
    let place = this.chunks[at]?.placeOf(id) ?? 0;
    if (direction > 0 && this.chunks[at]?.id(place) === id) place += 1;
    if (direction < 0) place -= 1;
    for (; this.chunks[at]; at += direction, place = direction > 0 ? 0 : (this.chunks[at]?.length ?? 0) - 1) {
      const chunk = this.chunks[at];
      for (; place >= 0 && place < chunk.length; place += direction) {
        const flags = chunk.flags[place];
        if ((flags & NOTICE) === 0 && this.#isSeen(flags) && wanted(flags, chunk.texts[place])) return chunk.id(place);
      }
    }
    return null;
  }

  // The first row at or after a time; null: all are earlier.
  findTime(ms) {
    for (const chunk of this.chunks) {
      const at = chunk.times.findIndex((time) => time >= ms);
      if (at >= 0) return chunk.id(at);
    }
    return null;
  }

  // The file's oldest line here, or its newest: { generation, offset }, or null.
  edge(file, side) {
    const isFile = this.sources.map((one) => one.file === file);
    const chunks = side === "first" ? this.chunks : [...this.chunks].reverse();
    for (const chunk of chunks) {
      for (let n = 0; n < chunk.length; n += 1) {
        const at = side === "first" ? n : chunk.length - 1 - n;
        if (!isFile[chunk.sources[at]] || (chunk.flags[at] & NOTICE) !== 0) continue;
        return { generation: this.sources[chunk.sources[at]].generation, offset: chunk.offsets[at] };
      }
    }
    return null;
  }

  // The reader's modes.

  follow() {
    this.mode = "following";
    this.fresh = 0;
    this.#heldFrom = null;
    this.keepFrom = this.keepTo = Infinity;
    this.#starts = null;
    this.#makeRoom();
  }

  read() {
    if (this.mode === "following") this.mode = "reading";
  }

  pause() {
    if (this.mode === "paused") return;
    this.mode = "paused";
    this.#heldFrom = this.#next;
    this.#starts = null;
  }

  // Takes what the reader had. New lines that were announced and nobody saw wait on.
  clear() {
    const held = this.chunks.filter((chunk) => this.#isHeld(chunk));
    for (const chunk of this.chunks) if (!held.includes(chunk)) this.onGone(chunk);
    const { fresh } = this;
    this.chunks = held;
    this.#partials.clear();
    this.#drawPartials();
    this.cleared = true;
    this.letGo = 0;
    this.fresh = this.mode === "paused" ? fresh : 0;
    if (this.mode === "reading") this.mode = "following";
    this.frontCuts += 1;
    this.#recountAll();
  }

  // Filled anew.
  reset() {
    for (const chunk of this.chunks) this.onGone(chunk);
    Object.assign(this, { chunks: [], mode: "following", fresh: 0, letGo: 0, isFull: false, cleared: false, sources: [], keepFrom: Infinity, keepTo: Infinity });
    this.#heldFrom = null;
    this.#above.clear();
    this.#view.open.clear();
    this.#partials.clear();
    this.#drawPartials();
    this.#recountAll();
  }

  // Inside.

  #isSeen(flags) {
    return (flags & PASSES) !== 0 && (this.#view.hidden & (1 << (flags & LEVEL))) === 0;
  }

  #isHeld(chunk) {
    return this.#heldFrom !== null && chunk.step === 1 && chunk.first >= this.#heldFrom;
  }

  #weigh(text, flags) {
    return this.#passes === null || this.#passes(text) ? flags | PASSES : flags;
  }

  // The block that takes the next row. A stack trace stays in one, so that it can be folded.
  #tail(isTrace = false) {
    const last = this.chunks.at(-1);
    const isBegun = last?.step === 1 && last.end === this.#next && this.#isHeld(last) === (this.#heldFrom !== null);
    const isFull = last?.length >= 2 * ROWS || (last?.length >= ROWS && !isTrace);
    if (isBegun && !isFull) return last;
    // The next one's ids begin with a whole number.
    this.#next = Math.ceil(this.#next);
    const chunk = new Chunk(this.#next);
    this.chunks.push(chunk);
    return chunk;
  }

  // Blocks of these lines, with ids from `first` on.
  #filled(runs, first, step) {
    const chunks = [];
    const aboves = new Map();
    let chunk = null;
    for (const { source, lines } of runs) {
      if (!aboves.has(source)) aboves.set(source, new Above());
      const above = aboves.get(source);
      for (const [offset, text] of lines) {
        const flags = this.#weigh(text, lookAt(text, above));
        if (chunk === null || (chunk.length >= ROWS && (flags & TRACE) === 0) || chunk.length >= 2 * ROWS) {
          chunk = new Chunk(chunk ? chunk.end : first, step);
          chunks.push(chunk);
        }
        chunk.push(text, source, offset, above.time, flags);
      }
    }
    return chunks;
  }

  #came(chunk, place) {
    for (let at = place; at < chunk.length; at += 1) {
      this.#count(chunk.flags[at]);
      this.#totals.bytes += chunk.texts[at].length + ROW_BYTES;
    }
    this.#totals.lines += chunk.length - place;
    this.#starts = null;
    this.onCome(chunk, place);
  }

  #count(flags) {
    const level = (flags & PASSES) !== 0 ? levelName(flags) : null;
    if (level) this.counts[level] += 1;
  }

  #uncount(flags) {
    const level = (flags & PASSES) !== 0 ? levelName(flags) : null;
    if (level) this.counts[level] -= 1;
  }

  #weighAll() {
    this.counts = freshCounts();
    for (const chunk of this.chunks) {
      for (let at = 0; at < chunk.length; at += 1) {
        if ((chunk.flags[at] & NOTICE) !== 0) continue;
        chunk.flags[at] = this.#weigh(chunk.texts[at], chunk.flags[at] & ~PASSES);
        this.#count(chunk.flags[at]);
      }
    }
  }

  #recount() {
    this.#totals = { lines: 0, bytes: 0 };
    for (const chunk of this.chunks) {
      this.#totals.lines += chunk.lines;
      this.#totals.bytes += chunk.bytes;
    }
    this.#starts = null;
  }

  #recountAll() {
    this.#recount();
    this.counts = freshCounts();
    for (const chunk of this.chunks) for (const flags of chunk.flags) if ((flags & NOTICE) === 0) this.#count(flags);
  }

  get #isOver() {
    return this.#totals.lines > this.cap.lines || this.#totals.bytes > this.cap.bytes;
  }

  #makeRoom() {
    while (this.#isOver && this.chunks.length > 1 && this.#mayGo(this.chunks[0])) this.#drop(this.chunks.shift(), true);
    this.isFull = this.#isOver && this.mode !== "following";
  }

  #mayGo(chunk) {
    return this.mode === "following" || (chunk.end <= this.keepFrom && !this.#isHeld(chunk));
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
      this.#above.clear();
    }
    return isCut;
  }

  #drop(chunk, isFront) {
    for (const flags of chunk.flags) if ((flags & NOTICE) === 0) this.#uncount(flags);
    this.letGo += chunk.lines;
    if (isFront) this.frontCuts += 1;
    this.onGone(chunk);
    this.#recount();
  }

  #dropPartial(source, lines) {
    const partial = this.#partials.get(this.sources[source].file);
    if (partial && lines.length > 0 && (partial.source !== source || lines.at(-1)[0] >= partial.offset)) {
      this.clearPartial(this.sources[source].file);
    }
  }

  #drawPartials() {
    this.#partialChunk = null;
    for (const { source, offset, text } of this.#partials.values()) {
      this.#partialChunk ??= new Chunk(PARTIAL_ID);
      this.#partialChunk.push(text, source, offset, NaN, this.#weigh(text, 0));
    }
    this.#starts = null;
  }

  // The last block that begins at or before an id.
  #chunkAt(id) {
    let low = 0;
    let high = this.chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.chunks[middle].first <= id) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #row(chunk, place) {
    const flags = chunk.flags[place];
    const source = this.sources[chunk.sources[place]];
    const notice = chunk.notices?.get(place);
    const id = chunk.id(place);
    if (notice) return { id, kind: "notice", notice, source, text: "", level: null };
    const isTrace = this.#view.folded && chunk.isFoldable(place);
    const trace = isTrace ? chunk.texts.slice(place + 1, place + 1 + chunk.traceAt(place)) : null;
    return {
      id, kind: chunk === this.#partialChunk ? "partial" : "line", text: chunk.texts[place], level: levelName(flags), source,
      offset: chunk.offsets[place], time: chunk.times[place], isTimed: (flags & TIMED) !== 0,
      belongs: (flags & BELONGS) !== 0,
      trace, isOpen: isTrace && this.#view.open.has(id),
    };
  }
}

const freshCounts = () => Object.fromEntries(LEVELS.map((level) => [level, 0]));

// The last place whose number is at most n.
export function lastAtMost(numbers, n) {
  let low = 0;
  let high = numbers.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (numbers[middle] <= n) low = middle;
    else high = middle - 1;
  }
  return low;
}
