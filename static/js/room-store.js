// What the page has of one room: what the server says of it, where one stands in its
// log of events, and the messages that are shown. Events come in through event(), in
// their order; pages of the past through took...(). Knows no socket and no markup;
// whoever makes one makes it reactive (shallowly: `version` counts what is changed in place).
//
// There are up to two windows over the messages. `live` reaches the newest event and
// grows with it. `past` is there while one reads elsewhere, after a permalink, say; it
// grows by pages until it meets the live one, and is one with it then.

import { apply, asTheyAre, bySeq, count, drawLine, reach } from "./room-events.js";
import { messageFrom } from "./room-message.js";
import { RoomWindow } from "./room-window.js";

export const SHOWN = 1000;  // rows kept while the reader is at the end
export const MOST = 5000;   // and while reading further up
export const CLOSED = 200;  // and of a room that is not open

const APPLIED = Object.freeze({ gap: false, news: null });
const GAP = Object.freeze({ gap: true, news: null });
const IDLE = Object.freeze({ older: false, newer: false, around: false });

export class RoomStore {
  kind = "room";
  topic = "";
  with = null;          // the other one of a direct room
  member = false;
  seq = 0;              // the newest event, as far as is known
  read = 0;             // everything up to here was seen
  unread = 0;
  mentions = 0;         // how many of the unread ones mention one
  users = [];           // who is here now
  here = 0;             // how many are
  typing = [];          // users who write just now

  phase = "out";        // "out", "asked" (to join), "catching" (up), "live"
  epoch = null;
  position = null;      // every event up to here has come; null: none yet
  live = null;
  past = null;
  version = 0;
  isOpen = false;       // shown by the page
  seen = false;         // at its end, and looked at
  newAfter = null;      // the line "new since" stands before the first message after this number
  highlighted = null;   // the number of a message that was asked for
  shownTimes = 0;       // how often one was; the same may be asked for again
  otherStore = false;   // what was shown before is not known to the server any more
  loading = IDLE;
  refusal = null;       // { code, message }: why it could not be joined

  // For the store alone.
  joining = { page: null, asked: 0, epoch: null }; // page: what has come of a newest page
  countedTo = 0;        // `unread` counts up to here
  changes = [];
  changesFrom = 0;      // `changes` has all after this number

  constructor(name, me = null) {
    this.name = name;
    this.me = me; // one's own id
  }

  get window() {
    return this.past ?? this.live;
  }

  get isLive() {
    return this.phase === "live";
  }

  get resume() {
    return this.position === null ? null : { epoch: this.epoch, seq: this.position };
  }

  // The fields of a room object, all or some of them.
  described(room) {
    this.kind = room.kind ?? this.kind;
    this.topic = room.topic ?? this.topic;
    this.with = room.with ?? this.with;
    this.seq = Math.max(this.seq, room.seq ?? 0);
    if (room.member !== undefined) this.member = room.member;
    if (room.unread === undefined) return;
    this.countedTo = Math.max(this.countedTo, room.seq);
    this.readUpTo(room);
  }

  // What the server knows to be read. What was read here, and could not be told yet, stays read.
  readUpTo({ read, unread, mentions }) {
    if (read < this.read && this.read >= this.seq) return;
    const before = this.unread;
    Object.assign(this, { read: Math.max(read, this.read), unread, mentions });
    drawLine(this, before);
  }

  // Joining.

  asks(page) {
    this.phase = "asked";
    this.joining = { page: null, asked: page, epoch: null };
  }

  joined(message, epoch) {
    // The numbers of another store mean nothing here.
    if (this.epoch !== null && this.epoch !== epoch) Object.assign(this, { seq: 0, read: 0, unread: 0, mentions: 0, countedTo: 0 });
    this.described({ ...message, member: true });
    this.users = message.users;
    this.here = message.here;
    this.joining = { ...this.joining, page: message.recovered ? null : [], epoch };
    this.phase = "catching";
  }

  // Returns { gap, news }: whether the events have a hole, which only joining again can fill;
  // and a message of somebody else that has just been written.
  event(event) {
    if (this.phase === "asked" || this.phase === "out") return APPLIED;
    const { page } = this.joining;
    if (page) {
      page.push(event);
      return APPLIED;
    }
    if (event.seq <= this.position) return APPLIED; // the answer to a repeated request
    if (event.seq > this.position + 1) return GAP;
    this.position = event.seq;
    this.seq = Math.max(this.seq, event.seq);
    this.live.high = event.seq;
    this.version += 1;
    const news = apply(this, event);
    return news && this.isLive ? { gap: false, news } : APPLIED;
  }

  caughtUp(seq) {
    if (this.joining.page) begin(this, this.joining, seq);
    else if (seq > this.position) return GAP;
    this.joining = { page: null, asked: 0, epoch: null };
    this.phase = "live";
    return APPLIED;
  }

  lost() {
    this.phase = "out";
    this.typing = [];
    this.loading = IDLE;
  }

  // Pages of the past: put on at the ends of a window, or around a message. False: the answer is
  // so old that it has to be asked for again.

  tookOlder(window, answer) {
    const messages = asTheyAre(this, answer);
    if (!messages) return false;
    window.older(messages, answer.start);
    trimEnd(this, window);
    this.version += 1;
    return true;
  }

  tookNewer(window, answer) {
    const messages = asTheyAre(this, answer);
    if (!messages) return false;
    window.newer(messages, reach(this, messages, answer, window.high));
    window.trimOldest(MOST);
    meet(this);
    this.version += 1;
    return true;
  }

  tookAround(answer) {
    const messages = asTheyAre(this, answer);
    if (!messages) return false;
    this.past = RoomWindow.of(messages, { high: reach(this, messages, answer, 0), start: answer.start });
    meet(this);
    this.version += 1;
    return true;
  }

  // Reading.

  opened() {
    this.isOpen = true;
    this.newAfter = this.unread > 0 ? this.read : null;
  }

  closed() {
    Object.assign(this, { isOpen: false, seen: false, newAfter: null, past: null, highlighted: null, otherStore: false });
    this.trim();
  }

  // Whether the reader is at the end and looks.
  setSeen(seen) {
    this.seen = seen && this.isOpen && this.past === null && this.position !== null;
    if (this.seen) Object.assign(this, { read: Math.max(this.read, this.position), unread: 0, mentions: 0 });
  }

  highlight(seq) {
    this.highlighted = seq;
    this.shownTimes += 1;
  }

  toNewest() {
    this.past = null;
    this.highlighted = null;
    this.version += 1;
  }

  // Lets go of rows that are too many, where the reader is not. Whoever knows where that is says when.
  trim() {
    if (this.past || !this.live) return;
    const reading = this.isOpen && !this.seen;
    const any = reading ? trimEnd(this, this.live) : this.live.trimOldest(this.isOpen ? SHOWN : CLOSED);
    if (any) this.version += 1;
  }
}

// Who reads far up does not see the end; it is fetched again on the way back.
function trimEnd(store, window) {
  if (!window.trimNewest(MOST)) return false;
  if (window === store.live) {
    store.past = window;
    store.live = new RoomWindow(store.position);
  }
  return true;
}

// A newest page takes the place of the live window. Who reads further up goes on there.
function begin(store, { page, asked, epoch }, seq) {
  const hasShown = store.live !== null && !store.live.isEmpty;
  if (store.epoch !== epoch || seq < store.position) {
    Object.assign(store, { past: null, newAfter: null, highlighted: null, otherStore: hasShown });
  } else if (store.isOpen && !store.seen && !store.past && hasShown) {
    store.past = store.live;
  }
  store.live = windowOf(page, asked, seq);
  Object.assign(store, { epoch, position: seq, seq: Math.max(store.seq, seq), changes: [], changesFrom: seq });
  for (const message of store.live.messages) if (message.seq > store.countedTo && !message.system) count(store, message);
  meet(store);
  store.version += 1;
}

// The messages of a page, and after them what happened while it was read: messages, edits and so on.
function windowOf(page, asked, seq) {
  const messages = page.filter(({ type }) => type === "message").map(messageFrom).sort(bySeq);
  const start = seq === 0 || (asked > 0 && messages.length < asked);
  const window = RoomWindow.of(messages, { high: seq, start });
  for (const event of page) window.apply(event);
  return window;
}

function meet(store) {
  const { past, live } = store;
  if (!past || past.high < live.low - 1) return;
  if (past.low < live.low) {
    past.join(live);
    store.live = past;
  }
  store.past = null;
}
