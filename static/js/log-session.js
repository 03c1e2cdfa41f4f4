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
import { apply, rowKind } from "./log-notice.js";
import { FileOrder } from "./log-order.js";
import { Rate } from "./log-rate.js";
import { COLOURS, forget, freshTrack } from "./log-track.js";

const FIRST_LINES = 1000;
const ACTIVE_MS = 10_000;   // a file that is new to us and so young is growing

export function freshState() {
  return {
    machine: "",      // which one it is, where several share a chat
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
  onPattern = () => {};  // (sentence, field): the server can't use the pattern of "include" or "exclude"
  #queue = [];
  #scheduled = false;
  #conditions = { include: null, exclude: null };

  constructor({ connection, store, state, onChange = () => {}, now = Date.now, schedule = (run) => run(), timers = globalThis }) {
    Object.assign(this, { connection, store, state, onChange, now, schedule });
    this.order = new FileOrder({ store, state, now, timers, onChange });
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
    if (this.state.tracks.length > 1) this.order.gather();
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
    if (isEnough) this.tellConditions();
    return isEnough;
  }

  // What comes from now on, of the files as they are open.
  tellConditions() {
    for (const { file } of this.state.tracks) this.connection.send({ type: "filter", file, ...this.#conditions });
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
    this.order.end();
    this.store.reset();
    for (const track of this.state.tracks) Object.assign(track, { first: null, last: null, start: false, end: false, wasRead: false, older: undefined });
  }

  // Connection's events.

  opened() {
    for (const track of this.state.tracks) this.#open(track);
  }

  received(message) {
    if (message.type === "files") this.#files(message.files, message.machine ?? "");
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
      if (message.type === "lines") {
        this.#lines(track, message, came);
        if (message.unfinished) this.#unfinished(track, message, came);
      } else {
        this.#put(came);
        if (message.type === "partial") this.#partial(track, message);
        else this.#notice(track, message);
      }
    }
    this.#put(came);
    this.order.look();
    this.onChange();
  }

  #empty() {
    this.#queue = [];
    this.order.end();
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

  #files(files, machine) {
    const { state } = this;
    state.machine = machine;
    const known = new Map((state.files ?? []).map((file) => [file.name, file]));
    const now = this.now();
    state.files = files.map((file) => {
      const before = known.get(file.name);
      const modified = file.modified === null ? null : Date.parse(file.modified);
      const grew = before ? file.size !== null && file.size > (before.size ?? 0) : modified !== null && now - modified < ACTIVE_MS;
      return { ...file, modified, grewAt: grew ? now : before?.grewAt ?? null };
    });
    for (const track of state.tracks) track.size = files.find(({ name }) => name === track.file)?.size ?? null;
    if (state.tracks.length === 0 && files.length > 0) this.show([files[0].name]);
    else this.onChange();
  }

  #refused({ code, message, file, field }) {
    if (code === "bad_pattern") {
      this.onPattern(message, field);
      return;
    }
    for (const track of this.state.tracks) {
      if (file === undefined || file === track.file) Object.assign(track, { phase: "refused", problem: { code, message } });
    }
    this.order.look();
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

  // What is left of a file that is over.
  #unfinished(track, { generation, lines }, came) {
    this.#put(came);
    if (lines.length > 0) this.store.markUnfinished(this.store.source(track.file, generation, track.colour), lines.at(-1)[0]);
  }

  #put(came) {
    this.order.put(came.splice(0));
    if (this.store.isFull) this.detach();
  }

  #partial(track, { generation, offset, text }) {
    if (!track.told || this.state.window === "past" || offset < (track.position?.next ?? 0)) return;
    this.store.setPartial(this.store.source(track.file, generation, track.colour), offset, text);
  }

  #notice(track, message) {
    const kind = rowKind(track, message);
    if (kind !== null) this.#row(track, kind, message);
    if (["rotated", "truncated", "replaced"].includes(message.kind)) this.store.clearPartial(track.file);
    apply(track, message, this.now(), this.store.frontCuts);
  }

  // What happened to a file, below its lines. A file that has none yet needs no row: the middle of the page tells.
  #row(track, kind, { generation, message, ended, from, to, lines }) {
    if (this.state.window === "past") return;
    const isFirst = this.store.kept === 0 && !["dropped", "binary", "other"].includes(kind);
    if (isFirst && !this.order.hasGathered) return;
    if (this.order.hasGathered) this.order.putGathered();
    const source = this.store.source(track.file, generation ?? track.position?.generation ?? "", track.colour);
    this.store.addNotice(source, { kind, at: this.now(), message, file: track.file, generation, ended, from, to, lines });
  }
}
