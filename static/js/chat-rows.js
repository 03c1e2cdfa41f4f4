// From messages to the rows of the list: days, groups of one person, the line
// "new since". Pure.

import { dayOf } from "./dates.js";

const GROUP_MS = 5 * 60_000;

// Rows: { type: "missed" | "day" | "new" | "message", key, ... }; a message row
// has `first`: it begins a group and shows avatar and name.
export function rowsOf({ messages, unconfirmed, missed, newFrom }) {
  const rows = [];
  let before = null;
  if (missed) rows.push({ type: "missed", key: "missed" });
  for (const message of [...messages, ...unconfirmed]) {
    const day = dayOf(message.time);
    const newDay = !before || day !== dayOf(before.time);
    const newLine = message.key === newFrom;
    if (newDay) rows.push({ type: "day", key: `day-${message.key}`, time: day });
    if (newLine) rows.push({ type: "new", key: "new", time: message.time });
    rows.push({ type: "message", key: message.key, message, first: newDay || newLine || !continues(before, message) });
    before = message;
  }
  return rows;
}

function continues(before, message) {
  return before.user.id === message.user.id
    && before.user.name === message.user.name
    && message.time - before.time < GROUP_MS
    && message.time >= before.time - GROUP_MS;
}
