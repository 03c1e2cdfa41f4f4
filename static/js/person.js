// Who the reader is: name and e-mail as they joined, remembered in the browser
// and shared by its tabs and both pages, and the avatar the server made of them.
// The e-mail goes to the server in `hello` and nowhere else.

import { ref } from "./html.js";
import { forget, onChangeElsewhere, recall, recallAll, remember } from "./storage.js";

// Under what the outbox and the drafts of a person are kept.
const OUTBOX = "outbox:";
const DRAFTS = "draft:";

export function readPerson(value) {
  const valid = typeof value?.username === "string" && value.username && typeof value.email === "string";
  if (!valid) return null;
  return { username: value.username, email: value.email, avatar: typeof value.avatar === "string" ? value.avatar : "" };
}

// A ref: null until joined.
export const me = ref(readPerson(recall("person")));

export function becomePerson(person) {
  me.value = readPerson(person);
  remember("person", me.value);
}

// Leaving, on either page: nothing stays behind in this browser that the next one could
// find, or send under another name.
export function leave() {
  me.value = null;
  forget("person");
  for (const beginning of [OUTBOX, DRAFTS]) {
    for (const rest of recallAll(beginning).keys()) forget(beginning + rest);
  }
}

// Not let in under this name: another one is asked for, here. Nothing is forgotten.
export function stepBack() {
  me.value = null;
}

// How much of what was written is kept in this browser and not confirmed.
export const countUnsent = () => recallAll(OUTBOX).size;

onChangeElsewhere("person", (value) => { me.value = readPerson(value); });
