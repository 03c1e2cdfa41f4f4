// Times and days as the reader's language writes them, from milliseconds, in the
// reader's time zone.

import { locale, t } from "./i18n.js";

// Intl's formatters are costly to make and asked for by every row.
const made = new Map();
export function formatter(options) {
  const key = locale() + JSON.stringify(options);
  if (!made.has(key)) made.set(key, new Intl.DateTimeFormat(locale(), options));
  return made.get(key);
}

const CLOCK = { hour: "numeric", minute: "2-digit" };

export const formatTime = (ms) => formatter(CLOCK).format(ms);

// Without AM and PM, for the narrow place beside a message in a group.
export const formatShortTime = (ms) => formatter(CLOCK).formatToParts(ms)
  .filter((part) => part.type !== "dayPeriod").map((part) => part.value).join("").trim();

export const formatFull = (ms) => formatter({ dateStyle: "full", timeStyle: "medium" }).format(ms);

// Midnight at the start of the day, so that two times of one day give one number.
export function dayOf(ms) {
  const date = new Date(ms);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

export function formatDay(ms, now) {
  const day = dayOf(ms);
  const today = dayOf(now);
  if (day === today) return t("chat.today");
  if (day === dayOf(today - 1)) return t("chat.yesterday");
  const thisYear = new Date(day).getFullYear() === new Date(today).getFullYear();
  return formatter({ weekday: "long", day: "numeric", month: "long", ...(!thisYear && { year: "numeric" }) }).format(day);
}

// As short as can be told apart: the time of today, otherwise the date with it.
export function formatWhen(ms, now) {
  if (dayOf(ms) === dayOf(now)) return formatTime(ms);
  const thisYear = new Date(ms).getFullYear() === new Date(now).getFullYear();
  return formatter({ day: "numeric", month: "short", ...CLOCK, ...(!thisYear && { year: "numeric" }) }).format(ms);
}
