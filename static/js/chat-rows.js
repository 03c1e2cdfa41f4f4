// From messages to the rows of the list: days, groups of one person, the line "new
// since", a new topic; and the rows in blocks, of which only those are drawn anew in
// which something is different. Pure.

import { dayOf } from "./dates.js";

const GROUP_MS = 5 * 60_000;
const BLOCK = 64; // numbers of events

// Rows: { type: "day" | "new" | "topic" | "message", key, message?, time?, first? }; a message row
// that is `first` begins a group and shows avatar and name. `waiting` are messages without a number.
// The line stands before the first one after `newAfter`, if all from there on are here.
export function rowsOf({ messages, waiting = [], newAfter = null, low = 1 }) {
  const rows = [];
  let before = null;
  let hasLine = newAfter === null || low > newAfter + 1;
  for (const message of [...messages, ...waiting]) {
    const newDay = !before || dayOf(message.time) !== dayOf(before.time);
    const newLine = !hasLine && message.seq > newAfter;
    if (newDay) rows.push({ type: "day", key: `day-${message.key}`, message, time: dayOf(message.time) });
    if (newLine) rows.push({ type: "new", key: "new", message, time: message.time });
    hasLine ||= newLine;
    if (message.system) rows.push({ type: "topic", key: message.key, message });
    else rows.push({ type: "message", key: message.key, message, first: newDay || newLine || !continues(before, message) });
    before = message;
  }
  return rows;
}

function continues(before, message) {
  return !before.system
    && !message.reply
    && before.user.id === message.user.id
    && before.user.name === message.user.name
    && message.time - before.time < GROUP_MS
    && message.time >= before.time - GROUP_MS;
}

// Blocks of rows by the numbers of their messages, so that a page put on in front shifts none;
// what waits stays with the last. A block in which nothing is different is the one of `before`.
export function blocksOf(rows, before = []) {
  const blocks = [];
  let number = null;
  for (const row of rows) {
    const its = row.message.seq === null ? number : Math.floor(row.message.seq / BLOCK);
    if (blocks.length === 0 || its !== number) blocks.push({ key: its ?? "waiting", rows: [] });
    number = its;
    blocks.at(-1).rows.push(row);
  }
  const known = new Map(before.map((block) => [block.key, block]));
  return blocks.map((block) => (isSame(block, known.get(block.key)) ? known.get(block.key) : block));
}

function isSame({ rows }, before) {
  return before?.rows.length === rows.length && rows.every((row, index) => {
    const other = before.rows[index];
    return row.key === other.key && row.message === other.message && row.first === other.first && row.type === other.type;
  });
}
