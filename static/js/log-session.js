// The conversation in logs.v1: which files are open, up to where each was received, under
// which filter, and what the server says of them. Messages come from Connection; lines and
// notices go into the LogStore, once per animation frame (`schedule`), because a busy file
// brings more messages than a screen has frames. `state` is what the page shows of all this
// and may be reactive.
//
// A position is (generation, offset): the offset after the last line that was received.
// After a reconnect every file is opened from there, so no line is missing or comes twice.
//
// While the page looks at a part of the past that does not reach the live end (`window` is
// "past"), lines that come are counted and not kept: the file has them.

import { isNarrower, isSame } from "./log-filter.js";
import { mergeByTime, timesOf } from "./log-merge.js";
import { Rate } from "./log-rate.js";
import { COLOURS, forget, freshTrack, isSettled } from "./log-track.js";

const FIRST_LINES = 1000;
const GATHER_MS = 300;      // of several files: so long nothing came, so the past is complete
const ORDER_ROWS = 2000;    // so far back a late line is put in its order

export function freshState() {
  return {
    files: null,      // [{ name, size, modified, grewAt, siblings }], null: not told yet
    tracks: [],       // those that are open (log-track.js)
    window: "live",   // "live" | "past"
    order: "arrival", // of several files: "arrival" | "time"
    loading: null,    // "older" | "newer" | "jump": the past is being read
    trouble: "",      // what went wrong with that
  };
}

export class LogSession {
  rate = new Rate();
  arrived = 0;           // lines that came while the page was open
  onPattern = () => {};  // (sentence): the server can't use a pattern
  #queue = [];
  #scheduled = false;
  #conditions = { include: null, exclude: null };
  #gathered = null;      // several files: lines of their past until they can be put in order
  #timer = null;

  constructor({ connection, store, state, onChange = () => {}, now = Date.now, schedule = (run) => run(), timers = globalThis }) {
    Object.assign(this, { connection, store, state, onChange, now, schedule, timers });
  }

  get conditions() {
    return this.#conditions;
  }

  track(file) {
    return this.state.tracks.find((track) => track.file === file) ?? null;
  }

  // The page's wishes.

  // These files and no others, each from its newest lines on.
  show(files) {
    this.flush();
    const { state } = this;
    for (const { file } of state.tracks) if (!files.includes(file)) this.connection.send({ type: "close", file });
    const free = Array.from({ length: COLOURS }, (_, colour) => colour);
    const kept = files.map((file) => this.track(file)?.colour);
    state.tracks = files.map((file, at) => {
      const colour = kept[at] ?? free.find((one) => !kept.includes(one)) ?? at % COLOURS;
      kept[at] = colour;
      return freshTrack(file, colour);
    });
    this.reload();
  }

  // Everything anew, from the newest lines on.
  reload() {
    this.#empty();
    this.state.window = "live";
    if (this.state.tracks.length > 1) this.#gather();
    for (const track of this.state.tracks) this.#open(track);
    this.onChange();
  }

  // What comes from now on is held against these. True: what the page has is complete under
  // them too; otherwise it has to be read anew.
  setConditions(conditions, canNarrow) {
    const before = this.#conditions;
    if (isSame(before, conditions)) return true;
    this.flush();
    this.#conditions = conditions;
    const isEnough = canNarrow && isNarrower(conditions, before);
    if (isEnough) for (const { file } of this.state.tracks) this.connection.send({ type: "filter", file, ...conditions });
    return isEnough;
  }

  // The page's part of the files no longer reaches the live end.
  detach() {
    const { state } = this;
    if (state.window === "past") return;
    this.flush();
    state.window = "past";
    for (const track of state.tracks) {
      track.last = track.position && { ...track.position };
      track.end = false;
      this.store.clearPartial(track.file);
    }
  }

  // It does again: on from where it ends.
  attach() {
    const { state } = this;
    if (state.window === "live") return;
    this.flush();
    state.window = "live";
    this.store.fresh = 0;
    for (const track of state.tracks) {
      if (track.last) track.position = { ...track.last };
      this.#open(track);
    }
    this.onChange();
  }

  // An empty page for a part of the past.
  begin() {
    this.detach();
    this.#queue = [];
    this.#endGathering();
    this.store.reset();
    for (const track of this.state.tracks) Object.assign(track, { first: null, last: null, start: false, end: false, wasRead: false, sibling: null });
  }

  // Connection's events.

  opened() {
    for (const track of this.state.tracks) this.#open(track);
  }

  received(message) {
    if (message.type === "files") this.#files(message.files);
    if (message.type === "error") this.#refused(message);
    const isOurs = ["lines", "partial", "notice"].includes(message.type) && this.track(message.file) !== null;
    if (!isOurs) return;
    this.#queue.push(message);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.schedule(() => this.flush());
  }

  // What came is applied: with a frame, and before the connection or the frames stop.
  flush() {
    this.#scheduled = false;
    const queue = this.#queue;
    if (queue.length === 0) return;
    this.#queue = [];
    const came = []; // [{ source, track, lines }]: of this frame, not yet in the store
    for (const message of queue) {
      const track = this.track(message.file);
      if (track === null) continue;
      if (message.type === "lines") this.#lines(track, message, came);
      else {
        this.#put(came);
        if (message.type === "partial") this.#partial(track, message);
        else this.#notice(track, message);
      }
    }
    this.#put(came);
    this.#gatherOn();
    this.onChange();
  }

  #empty() {
    this.#queue = [];
    this.#endGathering();
    this.store.reset();
    this.rate.reset();
    for (const track of this.state.tracks) forget(track);
  }

  #open(track) {
    const { position, file } = track;
    track.told = false;
    this.#queue = this.#queue.filter((message) => message.file !== file);
    const from = position ? { generation: position.generation, offset: position.next } : { tail: FIRST_LINES };
    const { include, exclude } = this.#conditions;
    this.connection.send({ type: "open", file, from, ...(include && { include }), ...(exclude && { exclude }) });
  }

  #files(files) {
    const { state } = this;
    const known = new Map((state.files ?? []).map((file) => [file.name, file]));
    const now = this.now();
    state.files = files.map((file) => {
      const before = known.get(file.name);
      const modified = file.modified === null ? null : Date.parse(file.modified);
      const grew = before ? file.size !== null && file.size > (before.size ?? 0) : modified !== null && now - modified < 10_000;
      return { ...file, modified, grewAt: grew ? now : before?.grewAt ?? null };
    });
    for (const track of state.tracks) track.size = files.find(({ name }) => name === track.file)?.size ?? null;
    if (state.tracks.length === 0 && files.length > 0) this.show([files[0].name]);
    else this.onChange();
  }

  #refused({ code, message, file }) {
    if (code === "bad_pattern") {
      this.onPattern(message);
      return;
    }
    for (const track of this.state.tracks) {
      if (file === undefined || file === track.file) Object.assign(track, { phase: "refused", problem: { code, message } });
    }
    this.onChange();
  }

  #lines(track, { generation, lines, next }, came) {
    const { position } = track;
    if (!track.told || position === null) return;
    const isSame = generation === position.generation;
    const news = isSame ? lines.filter(([offset]) => offset >= position.next) : lines;
    track.position = { generation, next: isSame ? Math.max(next, position.next) : next };
    const arrived = news.reduce((count, [offset]) => count + (offset >= track.liveFrom ? 1 : 0), 0);
    this.rate.add(arrived, this.now());
    this.arrived += arrived;
    if (news.length === 0) return;
    if (this.state.window === "past") this.store.fresh += news.reduce((count, [offset]) => count + (offset >= track.freshFrom ? 1 : 0), 0);
    else came.push({ track, source: this.store.source(track.file, generation, track.colour), lines: news });
  }

  // Lines go into the store: at once, in the order of their times, or when all files have come so far.
  #put(came) {
    const lists = came.splice(0);
    if (lists.length === 0) return;
    if (this.#gathered) {
      this.#gathered.push(...lists);
      return;
    }
    const isOrdered = this.state.order === "time" && this.state.tracks.length > 1;
    const arrivals = new Map(lists.map(({ source, track }) => [source, track.liveFrom]));
    for (const { source, lines } of isOrdered ? this.#ordered(lists) : lists) this.#append(source, lines, arrivals.get(source) ?? 0);
    if (this.store.isFull) this.detach();
  }

  #append(source, lines, liveFrom) {
    const now = this.now();
    this.store.append(source, lines, (offset) => (offset >= liveFrom ? now : NaN));
  }

  // With them, the newest rows that are later than the earliest of them are put in order again.
  #ordered(lists) {
    const timed = joined(lists).map((list) => ({ ...list, times: timesOf(list.lines) }));
    const earliest = Math.min(...timed.map(({ times }) => times[0]).filter((time) => !Number.isNaN(time)));
    const taken = this.store.takeTail(ORDER_ROWS, (time) => time > earliest).reverse();
    const old = joined(taken.map(({ source, offset, text }) => ({ source, lines: [[offset, text]] })));
    const all = joined([...old, ...timed]).map((list) => ({ ...list, times: timesOf(list.lines) }));
    return mergeByTime(all);
  }

  #gather() {
    this.#gathered = [];
    this.#wait();
  }

  #wait() {
    this.timers.clearTimeout(this.#timer);
    this.#timer = this.timers.setTimeout(() => this.#putGathered(), GATHER_MS);
  }

  #gatherOn() {
    if (!this.#gathered) return;
    if (this.state.tracks.every(isSettled)) this.#putGathered();
    else this.#wait();
  }

  #putGathered() {
    const lists = this.#gathered;
    this.#endGathering();
    if (!lists) return;
    const merged = mergeByTime(joined(lists).map((list) => ({ ...list, times: timesOf(list.lines) })));
    for (const { source, lines } of merged) this.#append(source, lines, Infinity);
    this.onChange();
  }

  #endGathering() {
    this.timers.clearTimeout(this.#timer);
    this.#gathered = null;
  }

  #partial(track, { generation, offset, text }) {
    if (!track.told || this.state.window === "past" || offset < (track.position?.next ?? 0)) return;
    this.store.setPartial(this.store.source(track.file, generation, track.colour), offset, text);
  }

  #notice(track, message) {
    const { kind, generation, offset, size, how } = message;
    const at = this.now();
    track.told = true;
    switch (kind) {
      case "opened": {
        // A row only where the reader was told that the file could not be read.
        if (track.phase === "gone" || track.phase === "denied") this.#row(track, "back", message);
        Object.assign(track, { phase: "opened", since: track.since ?? at, how: how ?? "", problem: null });
        // The answer to an earlier opening of this file may have come first; what it brought is not taken again.
        const isResumed = track.position?.generation === generation && !track.lost;
        const had = isResumed ? track.position.next : 0;
        Object.assign(track, { position: { generation, next: Math.max(offset, had) }, size, liveFrom: size, freshFrom: isResumed ? had : size, lost: false });
        if (track.first === null) Object.assign(track, { first: { generation, offset }, cuts: this.store.frontCuts, start: offset === 0 });
        break;
      }
      case "rotated":
      case "truncated":
      case "replaced":
        this.#row(track, kind, message);
        this.store.clearPartial(track.file);
        Object.assign(track, { phase: "opened", since: track.since ?? at, position: { generation, next: offset ?? 0 }, size: null, liveFrom: 0, freshFrom: 0 });
        track.first ??= { generation, offset: offset ?? 0 };
        break;
      case "waiting":
      case "gone":
      case "denied":
        if (track.phase !== kind) this.#row(track, kind, message);
        Object.assign(track, { phase: kind, since: null });
        if (kind === "waiting") track.position = null;
        break;
      case "gap":
        this.#row(track, "gap", message);
        track.lost = true; // if this answers an opening, it says next where the lines begin
        break;
      case "dropped":
        this.#row(track, "dropped", message);
        if (track.position?.generation === generation) track.position.next = Math.max(track.position.next, message.to);
        break;
      case "binary":
        if (!track.binary) this.#row(track, "binary", message);
        track.binary = true;
        break;
      default:
        this.#row(track, "other", message);
    }
  }

  // What happened to a file, below its lines. A file that has none yet needs no row: the middle of the page tells.
  #row(track, kind, { generation, message, ended, from, to, lines }) {
    if (this.state.window === "past") return;
    const isFirst = this.store.kept === 0 && !["dropped", "binary", "other"].includes(kind);
    if (isFirst && !this.#gathered?.length) return;
    if (this.#gathered?.length) this.#putGathered();
    const source = this.store.source(track.file, generation ?? track.position?.generation ?? "", track.colour);
    this.store.addNotice(source, { kind, at: this.now(), message, file: track.file, generation, ended, from, to, lines });
  }
}

// Lists of the same source as one, in the order in which they came.
function joined(lists) {
  const bySource = new Map();
  for (const { source, lines, track } of lists) {
    if (!bySource.has(source)) bySource.set(source, { source, track, lines: [] });
    const all = bySource.get(source).lines;
    for (const line of lines) all.push(line);
  }
  return [...bySource.values()];
}
