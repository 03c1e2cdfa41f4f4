// Who the reader is: name and e-mail as they joined, remembered in the browser
// and shared by its tabs and both pages, and the avatar the server made of them.
// The e-mail goes to the server in `hello` and nowhere else.

import { ref } from "./html.js";
import { forget, onChangeElsewhere, recall, remember } from "./storage.js";

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

export function leave() {
  me.value = null;
  forget("person");
}

onChangeElsewhere("person", (value) => { me.value = readPerson(value); });
