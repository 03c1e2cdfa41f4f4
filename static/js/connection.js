// One WebSocket that is always wanted: opened, watched, and opened again when it
// is lost. Objects go out through send() and come in through onMessage; what they
// mean is the caller's. No markup and no Vue, so Node can test it with a fake
// WebSocket and a fake clock. A page that draws the state gives a reactive one:
//
//   const connection = new Connection({ path: "/ws", protocol: "chat.v1",
//                                       state: reactive(freshState()), onOpen, onMessage });
//   connection.connect();
//
// It does not queue: send() answers false while there is no connection, and the
// caller knows best what to do with what it could not send.
//
// A socket may look open and be dead: after a sleep, a change of networks. A script
// can't see the server's pings, so a page that knows a harmless request gives it as
// `probe`; when the socket is doubted it is sent, and without a word within some
// seconds there is a new socket.

const FIRST_WAIT_MS = 500;      // doubles with every failure ...
const LONGEST_WAIT_MS = 30_000; // ... up to here
const SHORTEST_WAIT_MS = 250;   // no zero-delay loop, whatever chance says
const STABLE_MS = 10_000;       // a connection that stood so long starts the waits anew
const ATTEMPT_MS = 10_000;      // an attempt without an answer is given up
const TICK_MS = 5_000;
const SLEPT_MS = 90_000;        // ticks so far apart: the machine slept (a hidden tab ticks each minute)
const JUST_BEGUN_MS = 1500;     // a wake-up is told in several ways at once: one attempt answers them all
const AWAY_MS = 30_000;         // a tab hidden so long doubts its socket when it is back
const SILENT_MS = 60_000;       // and one that is looked at, when nothing came for so long,
const UNANSWERED_MS = 10_000;   // or nothing since something was sent
const ANSWER_MS = 5_000;        // a doubted socket has so long to show that it lives

const GOING_AWAY = 1001;
const NOT_ALLOWED = 1008;
export const UNAUTHORIZED = 401; // no close code: of a handshake, as a caller found out

export function freshState() {
  return {
    phase: "connecting", // "connecting" | "connected" | "lost" | "refused"
    again: false,        // connecting after a loss, not for the first time
    retryAt: null,       // when the next attempt starts, in ms; null: not waiting
    code: null,          // of the last close
    reason: "",
  };
}

// 1008 and 4500-4999 say "do not come back"; everything else may be tried again.
export function isRefusal(code) {
  return code === NOT_ALLOWED || (code >= 4500 && code <= 4999);
}

// Full jitter: anywhere up to a ceiling that doubles, so clients of a server that
// went down together do not come back together. A server that says it goes away
// (1001) is restarting: the first try comes within a second.
export function waitBeforeRetry(failures, code, random) {
  const ceiling = code === GOING_AWAY && failures === 0
    ? 1000
    : Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failures);
  return Math.max(SHORTEST_WAIT_MS, Math.round(random() * ceiling));
}

export function socketUrl(path, location = globalThis.location) {
  return `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}${path}`;
}

export class Connection {
  #socket = null;
  #failures = 0;
  #openedAt = 0;
  #begunAt = 0;
  #heardAt = 0;
  #sentAt = 0;       // the first thing sent since something was heard; 0: nothing
  #hiddenAt = null;
  #lastTick = 0;
  #attemptTimer = null;
  #retryTimer = null;
  #probeTimer = null;
  #ticker = null;

  constructor({
    path, protocol, onOpen, onMessage, onState = () => {}, onFailedAttempt = () => {}, probe = null, state = freshState(),
    WebSocket = globalThis.WebSocket, random = Math.random, now = Date.now,
    timers = globalThis, events = globalThis, location = globalThis.location,
  }) {
    Object.assign(this, { path, protocol, onOpen, onMessage, onState, onFailedAttempt, probe, state });
    Object.assign(this, { WebSocket, random, now, timers, events, location });
  }

  connect() {
    if (this.#ticker !== null) return;
    this.#lastTick = this.now();
    this.#ticker = this.timers.setInterval(() => this.#tick(), TICK_MS);
    for (const [name, listener] of this.#listeners()) this.events.addEventListener?.(name, listener);
    Object.assign(this.state, freshState());
    this.#failures = 0;
    this.#attempt();
  }

  send(object) {
    if (this.state.phase !== "connected" || this.#socket?.readyState !== 1) return false;
    this.#socket.send(JSON.stringify(object));
    this.#sentAt ||= this.now();
    return true;
  }

  // Whoever was told of a failed attempt knows that others would fail alike.
  refuse(code, reason = "") {
    if (this.#ticker === null || this.state.phase === "connected") return;
    this.#dropSocket();
    this.#setState({ phase: "refused", again: true, retryAt: null, code, reason });
  }

  // A person, the network or the clock says: now.
  retryNow() {
    const waiting = this.state.phase === "lost" || this.state.phase === "refused";
    if (this.#ticker !== null && waiting) this.#attempt();
  }

  // What comes over this connection is not right: another one, after a wait like any.
  giveUp() {
    if (this.#ticker !== null && this.state.phase === "connected") this.#lost(0, "");
  }

  close() {
    if (this.#ticker === null) return;
    this.timers.clearInterval(this.#ticker);
    this.#ticker = null;
    for (const [name, listener] of this.#listeners()) this.events.removeEventListener?.(name, listener);
    this.#dropSocket();
    this.#setState({ phase: "lost", again: false, retryAt: null, code: null, reason: "" });
  }

  #attempt() {
    this.#dropSocket();
    this.#setState({ phase: "connecting", again: this.state.again || this.state.phase !== "connecting", retryAt: null });
    const socket = new this.WebSocket(socketUrl(this.path, this.location), this.protocol);
    this.#socket = socket;
    this.#begunAt = this.now();
    this.#attemptTimer = this.timers.setTimeout(() => this.#lost(0, ""), ATTEMPT_MS);
    // A socket that has been replaced has no say any more.
    const current = (handle) => (event) => { if (socket === this.#socket) handle(event); };
    socket.onopen = current(() => this.#opened());
    socket.onmessage = current((event) => this.#received(event.data));
    socket.onclose = current((event) => this.#lost(event.code, event.reason));
  }

  #opened() {
    this.timers.clearTimeout(this.#attemptTimer);
    this.#openedAt = this.now();
    this.#heard();
    this.#setState({ phase: "connected", again: false, retryAt: null, code: null, reason: "" });
    this.onOpen?.(this);
  }

  #heard() {
    this.#heardAt = this.now();
    this.#sentAt = 0;
    this.timers.clearTimeout(this.#probeTimer);
    this.#probeTimer = null;
  }

  #received(data) {
    this.#heard();
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      return; // not of our dialect; nothing a page could do about it
    }
    this.onMessage(message);
  }

  #lost(code, reason) {
    const wasOpen = this.state.phase === "connected";
    if (wasOpen && this.now() - this.#openedAt >= STABLE_MS) this.#failures = 0;
    this.#dropSocket();
    if (isRefusal(code)) {
      this.#setState({ phase: "refused", again: true, retryAt: null, code, reason });
      return;
    }
    const wait = waitBeforeRetry(this.#failures, code, this.random);
    this.#failures += 1;
    this.#retryIn(wait, { code, reason });
    if (!wasOpen) this.onFailedAttempt(); // how a handshake was answered, a script is not told
  }

  #retryIn(wait, why) {
    this.#retryTimer = this.timers.setTimeout(() => this.#attempt(), wait);
    this.#setState({ phase: "lost", again: true, retryAt: this.now() + wait, ...why });
  }

  #dropSocket() {
    this.timers.clearTimeout(this.#attemptTimer);
    this.timers.clearTimeout(this.#retryTimer);
    this.timers.clearTimeout(this.#probeTimer);
    this.#probeTimer = null;
    const socket = this.#socket;
    this.#socket = null;
    if (socket && socket.readyState <= 1) socket.close();
  }

  #setState(change) {
    Object.assign(this.state, change);
    this.onState(this.state);
  }

  // Several signs of one wake-up make one attempt.
  #attemptAtOnce() {
    const justBegun = this.state.phase === "connecting" && this.now() - this.#begunAt < JUST_BEGUN_MS;
    if (!justBegun) this.#attempt();
  }

  // Does it still live?
  #doubt() {
    if (this.state.phase !== "connected" || this.#probeTimer !== null || !this.probe?.()) return;
    this.#probeTimer = this.timers.setTimeout(() => this.#attempt(), ANSWER_MS);
  }

  // Timers stand still while a machine sleeps. After that the socket may look
  // open and be dead for minutes; a new one resumes, so nothing is lost by it.
  #tick() {
    const now = this.now();
    const gap = now - this.#lastTick;
    this.#lastTick = now;
    if (gap > SLEPT_MS) {
      if (this.state.phase !== "refused") this.#attemptAtOnce();
    } else if (this.#sentAt && now - this.#sentAt >= UNANSWERED_MS) this.#doubt();
    else if (this.#isVisible && now - this.#heardAt >= SILENT_MS) this.#doubt();
  }

  get #isVisible() {
    return this.events.document?.visibilityState === "visible";
  }

  #wentOffline = () => {
    // onLine may be wrong (a server on this machine needs no network), so it
    // is tried again all the same, slowly.
    if (this.state.phase === "refused") return;
    this.#dropSocket();
    this.#retryIn(LONGEST_WAIT_MS, { code: null, reason: "" });
  };

  // An attempt begun on the network that is gone may hang; a new one does not.
  #cameOnline = () => {
    if (this.state.phase === "connected") this.#doubt();
    else if (this.state.phase !== "refused") this.#attemptAtOnce();
  };

  #visibilityChanged = () => {
    if (!this.#isVisible) {
      this.#hiddenAt = this.now();
      return;
    }
    const away = this.#hiddenAt === null ? 0 : this.now() - this.#hiddenAt;
    this.#hiddenAt = null;
    if (this.state.phase === "lost") this.#attemptAtOnce();
    else if (away >= AWAY_MS) this.#doubt();
  };

  // Back from the back/forward cache: the browser has closed the socket there.
  #shownAgain = (event) => {
    if (event.persisted && this.state.phase !== "refused") this.#attemptAtOnce();
  };

  #listeners() {
    return [
      ["online", this.#cameOnline],
      ["offline", this.#wentOffline],
      ["visibilitychange", this.#visibilityChanged],
      ["pageshow", this.#shownAgain],
    ];
  }
}
