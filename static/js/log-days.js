// Days of the calendar for log-times.js: names of months, when a day began, and the year of
// one that is written without it. The lines of a log are mostly of one day: the last answer
// is kept.

const DAY = 86_400_000;

const MONTHS = new Map("jan feb mar apr may jun jul aug sep oct nov dec".split(" ").map((name, index) => [packed(name, 0), index + 1]));
const WEEKDAYS = new Set("mon tue wed thu fri sat sun".split(" ").map((name) => packed(name, 0)));
function packed(text, at) {
  return ((text.charCodeAt(at) | 32) << 16) | ((text.charCodeAt(at + 1) | 32) << 8) | (text.charCodeAt(at + 2) | 32);
}
export const monthAt = (text, at) => (at < 0 ? 0 : MONTHS.get(packed(text, at)) ?? 0);
export const isWeekday = (text, at) => at >= 0 && text.charCodeAt(at + 3) === 32 && WEEKDAYS.has(packed(text, at));

const utc = { key: -1, ms: 0 };
const local = { key: -1, ms: 0 };

export function utcMidnight(year, month, day) {
  const key = (year * 16 + month) * 32 + day;
  if (utc.key !== key) {
    utc.key = key;
    utc.ms = Date.UTC(year, month - 1, day);
  }
  return utc.ms;
}

// On the two days a year when the clocks change, an hour of the day may be off by one; a
// log that does not write its zone does not say better.
export function localMidnight(year, month, day) {
  const key = (year * 16 + month) * 32 + day;
  if (local.key !== key) {
    local.key = key;
    local.ms = new Date(year, month - 1, day).getTime();
  }
  return local.ms;
}

// The newest year in which this date does not lie more than a day ahead.
const today = { until: 0, year: 0, month: 0, day: 0 };
export function guessYear(month, day) {
  const now = Date.now();
  if (now > today.until) {
    const tomorrow = new Date(now + DAY);
    Object.assign(today, { until: now + 60_000, year: tomorrow.getFullYear(), month: tomorrow.getMonth() + 1, day: tomorrow.getDate() });
  }
  return month > today.month || (month === today.month && day > today.day) ? today.year - 1 : today.year;
}
