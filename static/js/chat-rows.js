// From messages to the rows of the list: days, groups of one person, the line
// "new since", the divider of a gap. Pure.

import { dayOf } from "./dates.js";

const GROUP_MS = 5 * 60_000;

// Rows: { type: "missed" | "day" | "new" | "message", key, ... }; a message row
// has `first`: it begins a group and shows avatar and name.
export function rowsOf({ earlier, messages, unconfirmed, newFrom }) {
  const rows = [];
  let before = null;
  for (const message of [...earlier, ...messages, ...unconfirmed]) {
    const day = dayOf(message.time);
    const newDay = !before || day !== dayOf(before.time);
    const newLine = message.key === newFrom;
    if (newDay) rows.push({ type: "day", key: `day-${message.key}`, time: day });
    if (newLine) rows.push({ type: "new", key: "new", time: message.time });
    const first = newDay || newLine || before.gapAfter || !continues(before, message);
    rows.push({ type: "message", key: message.key, message, first });
    if (message.gapAfter) rows.push({ type: "missed", key: `missed-${message.key}` });
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
