// A time written as the reader wants it: as it stands in the line, in the zone of this
// browser, in UTC, or by how long ago it was.

import { formatter } from "./dates.js";
import { locale } from "./i18n.js";

export const TIME_MODES = ["written", "local", "utc", "relative"];

const pad = (number, digits = 2) => String(number).padStart(digits, "0");

// written: as it stands in the line. relative: to `now`. The others always with the day when it is not today's.
export function formatAs(ms, mode, { written = "", now = Date.now() } = {}) {
  if (mode === "local") return clockOf(new Date(ms), new Date(now));
  if (mode === "utc") return clockOf(shifted(ms), shifted(now));
  if (mode === "relative") return relative(ms, now);
  return written || new Date(ms).toISOString();
}

// A date whose local fields are those of UTC.
function shifted(ms) {
  const at = new Date(ms);
  return new Date(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate(), at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds(), at.getUTCMilliseconds());
}

function clockOf(at, now) {
  const clock = `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}.${pad(at.getMilliseconds(), 3)}`;
  const isToday = at.getDate() === now.getDate() && at.getMonth() === now.getMonth() && at.getFullYear() === now.getFullYear();
  return isToday ? clock : `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())} ${clock}`;
}

const UNITS = [["day", 86_400_000], ["hour", 3_600_000], ["minute", 60_000], ["second", 1000]];
const relatives = new Map(); // language -> its formatter

function ago() {
  if (!relatives.has(locale())) relatives.set(locale(), new Intl.RelativeTimeFormat(locale(), { style: "narrow" }));
  return relatives.get(locale());
}

function relative(ms, now) {
  const since = ms - now;
  const [unit, length] = UNITS.find(([, one]) => Math.abs(since) >= one) ?? UNITS.at(-1);
  return ago().format(Math.round(since / length), unit);
}

// All of it, for a tooltip.
export const formatFully = (ms) => formatter({ dateStyle: "full", timeStyle: "long" }).format(ms);
