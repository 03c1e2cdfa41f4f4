// What is wrong with a name and an e-mail, as keys of the catalogue. Pure.

import { isVisible } from "./visible.js";

// They turn the direction of the text around them (UAX #9).
const OVERRIDES = /[\u202a-\u202e\u2066-\u2069]/;

export function problems({ username, email }, longest) {
  const found = {};
  if (!email) found.email = { key: "join.noEmail" };
  if (!username) found.username = { key: "join.noUsername" };
  else if (!isVisible(username) || OVERRIDES.test(username)) found.username = { key: "join.invisibleUsername" };
  else if (Array.from(username).length > longest) {
    found.username = { key: "join.longUsername", params: { limit: longest } };
  }
  return found;
}
