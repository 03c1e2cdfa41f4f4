// What the reader has of one room: what was said before a gap, the confirmed messages
// in the server's order, then one's own that are not confirmed yet. Events come in through joined() and
// received(); what is written goes through add(). Knows no socket and no markup;
// chat.js makes it reactive.
//
// Messages are frozen and replaced, never changed: a row is redrawn exactly when
// its object is another one. A server that was started anew counts from 1 again, in
// another epoch; a message keeps its id. What the page had stays above a divider, for
// the server may not have it any more.

const SHOWN = 1000; // rows kept while the reader is at the end
const MOST = 5000;  // and while reading further up, where dropping rows could disturb

export class ChatStore {
  earlier = [];         // confirmed, from before a gap; the last before each has `gapAfter`
  messages = [];        // confirmed, ascending seq
  unconfirmed = [];     // pending and failed, in the order they were written
  epoch = null;
  position = null;      // seq to resume after; null: nothing received yet
  loading = true;       // the page of history is still coming
  newFrom = null;       // key of the first message that came unseen
  unseen = 0;           // messages of others that came while `seen` was false
  seen = true;          // set by the page: visible, and at the end
  userId = null;        // oneself, as the server calls it
  historyUntil = 0;     // events up to this number were there before we joined

  get resume() {
    return this.position === null ? null : { epoch: this.epoch, seq: this.position };
  }

  joined({ seq, recovered }, epoch) {
    this.epoch = epoch;
    if (!recovered) {
      setAside(this);
      this.position = seq === 0 ? 0 : null;
      this.historyUntil = seq;
    }
    this.loading = !recovered && seq > 0;
  }

  received(event) {
    const mine = this.unconfirmed.find((message) => message.id === event.id);
    // A repeated send may be answered out of the room's order, before events with
    // smaller numbers have come: such an answer is no position to resume from.
    if (!mine || mine.sends <= 1) this.position = Math.max(this.position ?? 0, event.seq);
    if (event.seq >= this.historyUntil) this.loading = false;
    const message = Object.freeze({
      key: mine?.key ?? `${this.epoch}-${event.seq}`,
      id: event.id,
      seq: event.seq,
      time: Date.parse(event.time),
      user: event.user,
      text: event.message,
      status: "sent",
    });
    if (mine) this.unconfirmed = this.unconfirmed.filter((other) => other !== mine);
    const isHistory = event.seq <= this.historyUntil;
    if (isHistory && this.earlier.some((other) => other.id === event.id)) return;
    // Ours, stored long ago, and the page that is shown begins later.
    if (mine && event.seq < this.messages[0]?.seq) return;
    const added = insert(this.messages, message);
    if (added && !isHistory && !mine && event.user.id !== this.userId) countUnseen(this, message);
  }

  // The page of history may hold less than it announced.
  settled() {
    this.loading = false;
  }

  add({ id, text, user, time }) {
    this.unconfirmed.push(Object.freeze({
      key: `own-${id}`, id, seq: null, time, user, text, status: "pending", sends: 0,
    }));
  }

  // Given to the connection once more.
  handedOver(id) {
    change(this, id, (message) => ({ ...message, status: "pending", reason: null, sends: message.sends + 1 }));
  }

  failed(id, reason) {
    change(this, id, (message) => ({ ...message, status: "failed", reason }));
  }

  // A failed one is tried again with its id: if the server had it after all, it
  // is not doubled.
  retry(id) {
    change(this, id, (message) => ({ ...message, status: "pending", reason: null }));
  }

  discard(id) {
    this.unconfirmed = this.unconfirmed.filter((message) => message.id !== id);
  }

  get pending() {
    return this.unconfirmed.filter((message) => message.status === "pending");
  }

  setSeen(seen) {
    if (seen) this.unseen = 0;
    this.seen = seen;
  }

  // Drops the oldest rows over the cap; only the page knows when that is harmless.
  trim(atEnd) {
    const excess = Math.max(0, this.earlier.length + this.messages.length - (atEnd ? SHOWN : MOST));
    const ofEarlier = Math.min(excess, this.earlier.length);
    this.earlier.splice(0, ofEarlier);
    this.messages.splice(0, excess - ofEarlier);
  }
}

function setAside(store) {
  const last = store.messages.at(-1);
  if (!last) return; // nothing shown, or nothing since the last gap
  store.earlier.push(...store.messages.slice(0, -1), Object.freeze({ ...last, gapAfter: true }));
  store.messages = [];
}

// Nearly always an append. A number that is there already is the same event.
function insert(messages, message) {
  let index = messages.length;
  while (index > 0 && messages[index - 1].seq > message.seq) index -= 1;
  if (index > 0 && messages[index - 1].seq === message.seq) return false;
  messages.splice(index, 0, message);
  return true;
}

function countUnseen(store, message) {
  if (store.seen) return;
  if (store.unseen === 0) store.newFrom = message.key;
  store.unseen += 1;
}

function change(store, id, changed) {
  store.unconfirmed = store.unconfirmed.map((message) => (
    message.id === id ? Object.freeze(changed(message)) : message));
}
