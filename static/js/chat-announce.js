// What is read out to who does not see the page: new messages of the open room as they
// come, a few at a time; in quiet mode, and of other rooms, only what is meant for one: a
// mention, or a direct message. A page of history, or what is caught up after a loss, is no news and not told.

import { t } from "./i18n.js";
import { plainText } from "./rich-text.js";
import { mentionsPerson } from "./room-message.js";
import { labelOf } from "./rooms.js";

const GATHER_MS = 300;
const MOST = 3;   // of a burst so many are read out, then only how many
const LONGEST = 300;

export class Announcements {
  #gathered = [];
  #timer = null;

  // say(text); me(): one's own id; isQuiet().
  constructor({ say, me, isQuiet, timers = globalThis }) {
    Object.assign(this, { say, me, isQuiet, timers });
  }

  news(store, message) {
    const isDirect = store.kind === "direct";
    const isMeant = isDirect || mentionsPerson(message.mentions, this.me());
    if (!isMeant && (!store.isOpen || this.isQuiet())) return;
    const text = plainText(message.text.slice(0, LONGEST));
    const { name } = message.user;
    const words = store.isOpen ? "chat.spoken" : isDirect ? "chat.spokenDirect" : "chat.spokenIn";
    this.#gathered.push(t(words, { name, text, room: labelOf(store) }));
    this.#timer ??= this.timers.setTimeout(() => this.#tell(), GATHER_MS);
  }

  #tell() {
    const gathered = this.#gathered;
    this.#gathered = [];
    this.#timer = null;
    this.say(gathered.length > MOST ? t("chat.newMessages", { count: gathered.length }) : gathered.join(" "));
  }
}
