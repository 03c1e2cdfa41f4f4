// Tells of messages by the browser's notifications and a sound, when the page is hidden or
// another room is open: of what mentions one and of direct messages, of all or of nothing,
// as is set for the room. The page calls notify() for each message that has just come; asks
// for permission only when somebody presses a button. No markup; what it needs of the
// browser can be given by a test.
//
// Several tabs hear of the same message, and one notification is enough. Who would show one
// claims it first, and shows it if no tab with a smaller name has claimed it within a moment;
// a tab in which the room is being read says so, and then none does.

import { reactive } from "./html.js";
import { t } from "./i18n.js";
import { makeId } from "./make-id.js";
import { notifications, roomSetting, sound } from "./preferences.js";
import { plainText } from "./rich-text.js";
import { mentionsPerson } from "./room-message.js";
import { Sound } from "./sound.js";
import { recall, remember } from "./storage.js";

const CLAIM_MS = 200;
const KEPT = 200;  // so many of the last messages are known to be told
const BODY = 180;  // characters

// Whether a message is one to tell of, whatever is on the screen.
export function isWanted({ room, message, me, setting = roomSetting(message.room, room.kind) }) {
  if (setting === "muted" || message.user.id === me || message.deleted || message.system || message.status !== "sent") return false;
  return setting === "all" || mentionsPerson(message.mentions, me);
}

export class Notifier {
  // What the browser says: "granted", "denied", "default" (not asked yet), "insecure" (only over
  // https) or "unsupported".
  state = reactive({ permission: "default" });
  #claims = new Map();   // message to the timer of our claim
  #settled = new Set();  // messages that need nothing more of this tab
  #rivals = new Map();   // message to the smallest name that has claimed it
  #shown = new Map();    // room to its notification
  #cannotMake = false;

  // me(): one's own id. currentRoom(): the name of the open one. openRoom(room, seq): goes there.
  constructor({
    me, currentRoom, openRoom, window = globalThis, document = window.document, Notification = window.Notification,
    channel = window.BroadcastChannel && new window.BroadcastChannel("chatapp.notify"), audio = new Sound(), timers = globalThis, name = makeId(),
  }) {
    Object.assign(this, { me, currentRoom, openRoom, window, document, Notification, channel, audio, timers, name });
    this.channel?.addEventListener("message", this.#heard);
    this.document.addEventListener("visibilitychange", this.#looked);
    for (const type of ["pointerdown", "keydown"]) this.window.addEventListener(type, this.#unlock);
    this.refresh();
  }

  stop() {
    for (const timer of this.#claims.values()) this.timers.clearTimeout(timer);
    this.#claims.clear();
    this.channel?.close();
    this.document.removeEventListener("visibilitychange", this.#looked);
    for (const type of ["pointerdown", "keydown"]) this.window.removeEventListener(type, this.#unlock);
  }

  refresh() {
    const { Notification } = this;
    if (this.#cannotMake) this.state.permission = "unsupported";
    else if (!Notification) this.state.permission = this.window.isSecureContext === false ? "insecure" : "unsupported";
    else this.state.permission = Notification.permission === "denied" && this.window.isSecureContext === false ? "insecure" : Notification.permission;
  }

  // Only from a click. Gives whether the browser allows it now.
  async ask() {
    try {
      await this.Notification.requestPermission();
    } catch { /* an old browser, or a page that may not ask */ }
    this.refresh();
    return this.state.permission === "granted";
  }

  notify({ room, message }) {
    const key = message.id; // numbers begin anew with another store
    if (this.#settled.has(key) || this.#claims.has(key) || !isWanted({ room, message, me: this.me() })) return;
    if (!this.document.hidden && this.currentRoom() === message.room) {
      this.#settle(key);
      this.#say("read", key, message.room);
    } else if (!this.#rivals.has(key) || this.#rivals.get(key) > this.name) {
      this.#claims.set(key, this.timers.setTimeout(() => this.#claimed(key, room, message), CLAIM_MS));
      this.#say("claim", key);
    }
  }

  // The room is being read: what was told of it is no news any more.
  clear(room) {
    this.#shown.get(room)?.close();
    this.#shown.delete(room);
  }

  #claimed(key, room, message) {
    this.#claims.delete(key);
    // A tab that had the message late: another one has told of it long ago.
    const told = recall("notify.told");
    const kept = Array.isArray(told) ? told : [];
    if (this.#settled.has(key) || kept.includes(key)) return;
    this.#settle(key);
    remember("notify.told", [...kept, key].slice(-KEPT));
    this.#say("told", key);
    if (sound.value) this.audio.play();
    this.refresh(); // it may have been allowed in another tab
    if (notifications.value && this.state.permission === "granted") this.#show(room, message);
  }

  #show(room, message) {
    const title = room.kind === "direct" ? message.user.name : t("notify.title", { name: message.user.name, room: message.room });
    const text = plainText(message.text);
    let notification;
    try {
      notification = new this.Notification(title, {
        body: text.length > BODY ? `${text.slice(0, BODY)}…` : text,
        tag: `chatapp ${message.room}`, // the newest of a room takes the place of the one before
        renotify: true,
        silent: true, // the sound is ours, and only if it is wanted
      });
    } catch {
      this.#cannotMake = true; // Chrome on Android has them for service workers only
      this.refresh();
      return;
    }
    this.#shown.set(message.room, notification);
    notification.onclick = () => {
      this.window.focus();
      notification.close();
      this.openRoom(message.room, message.seq);
    };
  }

  #settle(key) {
    this.timers.clearTimeout(this.#claims.get(key));
    this.#claims.delete(key);
    this.#rivals.delete(key);
    this.#settled.add(key);
    if (this.#settled.size > KEPT) this.#settled.delete(this.#settled.values().next().value);
  }

  #say(what, key, room = null) {
    this.channel?.postMessage({ what, key, room, name: this.name });
  }

  #heard = ({ data: { what, key, room, name } }) => {
    if (what === "claim") {
      if (this.#claims.has(key)) {
        if (name < this.name) this.#settle(key);
      } else if (!this.#settled.has(key)) {
        const rival = this.#rivals.get(key);
        this.#rivals.set(key, rival !== undefined && rival < name ? rival : name);
        if (this.#rivals.size > KEPT) this.#rivals.delete(this.#rivals.keys().next().value);
      }
      return;
    }
    this.#settle(key);
    if (what === "read") this.clear(room);
  };

  #looked = () => {
    if (!this.document.hidden) this.clear(this.currentRoom());
  };

  #unlock = () => {
    if (sound.value) this.audio.unlock();
  };
}
