// The past of the open files, read over HTTP: older lines above what the page has, newer
// ones below it, another place altogether, and what was skipped. Puts lines into the
// LogStore and moves the edges of the tracks; the live end is LogSession's.
//
// One thing is read at a time; a jump ends what is being read. With several files, pages
// are put in the order of their times, as far as they reach (log-merge.js).

import { ApiError } from "./log-api.js";
import { mergePages, timesOf } from "./log-merge.js";

const PAGE = 1000;          // lines
const SKIPPED_PAGES = 50;   // of skipped lines at a click

export class Past {
  #abort = null;

  // onFocus(id): the row that was asked for is here.
  constructor({ api, store, session, state, onChange = () => {}, onFocus = () => {} }) {
    Object.assign(this, { api, store, session, state, onChange, onFocus });
  }

  get canOlder() {
    return this.state.tracks.some((track) => this.#hasOlder(track));
  }

  get canNewer() {
    return this.state.window === "past" && this.state.tracks.some((track) => track.last && !track.end);
  }

  // Above all that the page has. Returns whether lines came.
  older() {
    if (!this.canOlder || this.state.loading) return false;
    return this.#run("older", (signal) => this.#older(signal));
  }

  // Below it, in the past; at the live end the page follows the file again.
  newer() {
    if (!this.canNewer || this.state.loading) return false;
    return this.#run("newer", (signal) => this.#newer(signal));
  }

  // { start } { percent } { line } { time: ms or ISO } in one file, the others beside it by time.
  jump({ start, percent, line, time }, file = this.state.tracks[0]?.file) {
    const query = start ? { at: 0 } : percent !== undefined ? { at: percent } : line !== undefined ? { line } : { time: iso(time) };
    return this.#jump(file, query);
  }

  // To a line that is known by its place.
  openAt({ file, generation, offset }) {
    return this.#jump(file, { generation, after: offset }, { generation, offset });
  }

  // The end of an older generation, as of a file that was rotated away.
  openEnd(file, generation) {
    return this.#jump(file, { generation, tail: PAGE });
  }

  // What a viewer that fell behind was not sent, in place of the row that says so.
  loadSkipped(id) {
    const row = this.store.row(id);
    if (row?.notice?.kind !== "dropped" || this.state.loading) return false;
    return this.#run("newer", (signal) => this.#loadSkipped(id, row, signal));
  }

  cancel() {
    this.#abort?.abort();
    this.#abort = null;
    this.state.loading = null;
  }

  // Inside.

  async #run(what, work) {
    const abort = new AbortController();
    this.#abort?.abort();
    this.#abort = abort;
    Object.assign(this.state, { loading: what, trouble: "" });
    try {
      return await work(abort.signal);
    } catch (error) {
      if (error.name === "AbortError") return false;
      if (!(error instanceof ApiError)) throw error;
      if (!abort.signal.aborted) this.state.trouble = error.message || "unreachable";
      return false;
    } finally {
      if (this.#abort === abort) {
        this.#abort = null;
        this.state.loading = null;
      }
      this.onChange();
    }
  }

  #get(track, query, signal) {
    return this.api.lines(track.file, { limit: PAGE, ...query }, this.session.conditions, signal);
  }

  #source(track, generation) {
    return this.store.source(track.file, generation, track.colour);
  }

  async #older(signal) {
    const tracks = this.state.tracks.filter((track) => this.#hasOlder(track));
    for (const track of tracks) {
      this.#findFirst(track);
      track.wasRead = true;
    }
    await Promise.all(tracks.filter(({ start }) => start).map((track) => this.#goOnInOlder(track, signal)));
    const answers = await Promise.all(tracks.map((track) => this.#olderPage(track, signal)));
    signal.throwIfAborted();
    const pages = answers.map((answer, at) => ({
      source: this.#source(tracks[at], answer.generation), lines: answer.lines, isLast: answer.start,
    }));
    const { runs, used } = mergePages(pages, true);
    tracks.forEach((track, at) => {
      const { generation, lines, from, start, older } = answers[at];
      const isWhole = used[at] === lines.length;
      const offset = isWhole ? from : lines[lines.length - used[at]]?.[0] ?? track.first.offset;
      Object.assign(track, { first: { generation, offset }, start: start && isWhole, older: start ? older : undefined });
      track.cuts = this.store.frontCuts;
    });
    if (this.store.prepend(runs)) this.#cutBehind();
    return runs.length > 0;
  }

  // A file that can't be read any further back is at its start, for the page.
  async #olderPage(track, signal) {
    const { generation, offset } = track.first;
    if (track.start) return { generation, lines: [], from: offset, start: true, older: null };
    try {
      return await this.#get(track, offset === null ? { generation, tail: PAGE } : { generation, before: offset }, signal);
    } catch (error) {
      if (!(error instanceof ApiError) || !GONE.includes(error.status)) throw error;
      return { generation, lines: [], from: offset ?? 0, start: true, older: null };
    }
  }

  // Where the part begins, after the oldest lines were let go.
  #findFirst(track) {
    if (track.cuts === this.store.frontCuts) return;
    const edge = this.store.edge(track.file, "first");
    const { position } = track;
    track.first = edge ?? (position && { generation: position.generation, offset: position.next }) ?? track.first;
    track.start = track.first.offset === 0;
    track.older = undefined;
    track.cuts = this.store.frontCuts;
  }

  // Let go of the oldest lines, a file has older ones again, whatever was known of its start.
  #hasOlder(track) {
    if (track.first === null) return false;
    if (!track.start || track.cuts !== this.store.frontCuts) return true;
    // Not asked yet: only a file that has rotated ones can have any.
    return track.older === undefined ? this.#siblings(track).length > 0 : track.older !== null;
  }

  // Before the first line of a file stands the one that was rotated away last. Which that is the server knows: a
  // generation has several names.
  async #goOnInOlder(track, signal) {
    track.older ??= await this.#askOlder(track, signal);
    signal.throwIfAborted();
    const { older } = track;
    if (older === null) return;
    this.store.prependNotice(this.#source(track, track.first.generation), { kind: "older", file: track.file, name: older.name });
    Object.assign(track, { first: { generation: older.generation, offset: null }, older: undefined, start: false });
  }

  async #askOlder(track, signal) {
    const answer = await this.#get(track, { generation: track.first.generation, before: 0, limit: 1 }, signal).catch(goneToNull);
    return answer?.older ?? null;
  }

  #siblings(track) {
    return this.state.files?.find(({ name }) => name === track.file)?.siblings ?? [];
  }

  // The newest lines were let go: the page's part ends earlier now.
  #cutBehind() {
    this.session.detach();
    for (const track of this.state.tracks) {
      const edge = this.store.edge(track.file, "last");
      // The line itself is read again with the next page: where it ends is not known here.
      if (edge) Object.assign(track, { last: { generation: edge.generation, next: edge.offset, isRead: true }, end: false });
    }
  }

  async #newer(signal) {
    const tracks = this.state.tracks.filter((track) => track.last && !track.end);
    const answers = await Promise.all(tracks.map((track) => (
      this.#get(track, { generation: track.last.generation, after: track.last.next }, signal).catch(goneToNull))));
    signal.throwIfAborted();
    const pages = [];
    answers.forEach((answer, at) => {
      const { last } = tracks[at];
      if (answer && last.isRead) answer.lines = answer.lines.filter(([offset]) => offset > last.next);
      pages.push({ source: answer ? this.#source(tracks[at], answer.generation) : 0, lines: answer?.lines ?? [], isLast: answer?.end ?? true });
    });
    const { runs, used } = mergePages(pages, false);
    for (const { source, lines } of runs) this.store.append(source, lines);
    // They were not new: somebody went to look for them.
    this.store.fresh = Math.max(0, this.store.fresh - runs.reduce((sum, { lines }) => sum + lines.length, 0));
    tracks.forEach((track, at) => this.#movedOn(track, answers[at], used[at]));
    if (this.state.tracks.every((track) => track.end || !track.last)) this.session.attach();
    return runs.length > 0;
  }

  #movedOn(track, answer, used) {
    if (answer === null) {
      track.end = true; // that generation is gone: the live end is the next there is
      track.last = null;
      return;
    }
    const { generation, lines, next, end, newer } = answer;
    const isWhole = used === lines.length;
    track.last = { generation, next: isWhole ? next : lines[used][0] };
    if (!end || !isWhole) return;
    const live = track.position?.generation ?? null;
    const following = newer?.generation ?? (generation === live ? null : live);
    if (following === null) track.end = true; // it is the one that grows
    else {
      this.store.addNotice(this.#source(track, following), { kind: "rotated", file: track.file });
      track.last = { generation: following, next: 0 };
    }
  }

  #jump(file, query, target = null) {
    const track = this.session.track(file);
    if (track === null) return false;
    this.cancel();
    return this.#run("jump", async (signal) => {
      const answer = await this.#get(track, query, signal);
      const others = this.state.tracks.filter((other) => other !== track);
      const time = others.length > 0 ? this.#timeOf(answer) : null;
      const besides = await Promise.all(others.map((other) => this.#beside(other, time, signal)));
      signal.throwIfAborted();
      this.#fill([track, ...others], [answer, ...besides], target);
      return true;
    });
  }

  #timeOf({ lines }) {
    const [time] = timesOf(lines.slice(0, 200));
    return time === undefined || Number.isNaN(time) ? null : time;
  }

  async #beside(track, time, signal) {
    try {
      return await this.#get(track, time === null ? { tail: 1 } : { time: iso(time) }, signal);
    } catch (error) {
      if (error instanceof ApiError) return null; // it has nothing to show there
      throw error;
    }
  }

  #fill(tracks, answers, target) {
    this.session.begin();
    const pages = answers.map((answer, at) => ({
      source: answer ? this.#source(tracks[at], answer.generation) : 0, lines: answer?.lines ?? [], isLast: answer?.end ?? true,
    }));
    const { runs, used } = mergePages(pages, false);
    for (const { source, lines } of runs) this.store.append(source, lines);
    this.store.read();
    this.store.fresh = 0;
    tracks.forEach((track, at) => {
      const answer = answers[at];
      if (!answer) return;
      Object.assign(track, { first: { generation: answer.generation, offset: answer.from }, start: answer.start, older: answer.start ? answer.older : undefined, wasRead: true, cuts: this.store.frontCuts });
      this.#movedOn(track, answer, used[at]);
    });
    const source = pages[0].source;
    const wanted = target ? this.store.find(source, target.offset) : null;
    this.onFocus(wanted ?? this.store.firstOf(source));
    if (this.state.tracks.every((track) => track.end || !track.last)) this.session.attach();
  }

  async #loadSkipped(id, { notice, source }, signal) {
    const track = this.session.track(source.file);
    if (track === null) return false;
    let { from } = notice;
    for (let page = 0; page < SKIPPED_PAGES && from < notice.to; page += 1) {
      const answer = await this.#get(track, { generation: notice.generation, after: from }, signal);
      const lines = answer.lines.filter(([offset]) => offset < notice.to);
      if (lines.length > 0) this.store.insert(id, [{ source: this.#source(track, answer.generation), lines }]);
      from = answer.next > from && !answer.end ? answer.next : notice.to;
      this.store.changeNotice(id, from < notice.to ? { ...notice, from, lines: undefined } : null);
      this.onChange();
    }
    return true;
  }
}

// It is not there any more, or not to be read (a rotated file that is packed otherwise than the server can read).
const GONE = [403, 404, 410];

const iso = (time) => (typeof time === "number" ? new Date(time).toISOString() : time);

function goneToNull(error) {
  if (error instanceof ApiError && GONE.includes(error.status)) return null;
  throw error;
}
