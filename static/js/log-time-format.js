// A time written as the reader wants it: as it stands in the line, in the zone of this
// browser, in UTC, or by how long ago it was.

import { language, locale } from "./i18n.js";

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
const writers = { language: null, relative: null, full: null };

function writer() {
  if (writers.language !== language.value) {
    writers.language = language.value;
    writers.relative = new Intl.RelativeTimeFormat(locale(), { style: "narrow" });
    writers.full = new Intl.DateTimeFormat(locale(), { dateStyle: "full", timeStyle: "long" });
  }
  return writers;
}

function relative(ms, now) {
  const ago = ms - now;
  const [unit, length] = UNITS.find(([, one]) => Math.abs(ago) >= one) ?? UNITS.at(-1);
  return writer().relative.format(Math.round(ago / length), unit);
}

// All of it, for a tooltip.
export const formatFully = (ms) => writer().full.format(ms);
