// What stands in the field of the open room: a text, what it answers, or what it changes.
// Every change goes into the room's draft. While a message is edited, what was being
// written waits and comes back. No markup; whoever makes one makes it reactive.

import { emptyDraft } from "./drafts.js";
import { plainText } from "./rich-text.js";

const BEGINNING = 200; // of what is answered, in characters

export class ComposerState {
  room = null;
  text = "";
  reply = null;   // { seq, epoch, name, message }; epoch: of the store that gave the number
  editing = null; // { seq, epoch, original, text, reply }: the message, and what was being written before
  turn = 0;       // counts what was changed not by typing: the field takes it over

  constructor(drafts) {
    this.drafts = drafts;
  }

  open(room) {
    this.room = room;
    Object.assign(this, emptyDraft(), this.drafts.of(room));
    this.turn += 1;
  }

  typed(text) {
    this.text = text;
    this.keep();
  }

  replyTo(message, epoch) {
    if (this.editing) this.cancel();
    this.reply = { seq: message.seq, epoch, name: message.user.name, message: plainText(message.text).slice(0, BEGINNING) };
    this.changed();
  }

  edit(message, epoch) {
    if (this.editing) this.cancel();
    this.editing = { seq: message.seq, epoch, original: message.text, text: this.text, reply: this.reply };
    this.text = message.text;
    this.reply = null;
    this.changed();
  }

  // A message that was not sent yet stands in the field again.
  takeBack({ text, reply }) {
    Object.assign(this, { text, reply, editing: null });
    this.changed();
  }

  // Leaves the edit, or what was to be answered. Returns whether there was either.
  cancel() {
    if (!this.editing && !this.reply) return false;
    if (this.editing) Object.assign(this, { text: this.editing.text, reply: this.editing.reply, editing: null });
    else this.reply = null;
    this.changed();
    return true;
  }

  // It was sent: the field is free for what was being written before, if that was an edit.
  sent() {
    const { editing } = this;
    Object.assign(this, editing ? { text: editing.text, reply: editing.reply } : { text: "", reply: null }, { editing: null });
    this.changed();
  }

  // The message that is answered or changed is gone.
  gone(seq) {
    if (this.editing?.seq === seq) this.cancel();
    if (this.reply?.seq === seq) {
      this.reply = null;
      this.changed();
    }
  }

  changed() {
    this.turn += 1;
    this.keep();
  }

  keep() {
    const { text, reply, editing } = this;
    this.drafts.set(this.room, { text, reply, editing });
  }
}
