// What the log page says of files: sizes, ages, and what happened to one. Numbers
// by Intl, sentences from the catalogues.

import { formatter } from "./dates.js";
import { formatNumber, t } from "./i18n.js";

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];

export function formatSize(bytes) {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 9.95 ? 1 : 0;
  const unitDisplay = unit === 0 ? "long" : "short"; // the short one writes "0 byte"
  return formatNumber(value, { style: "unit", unit: UNITS[unit], unitDisplay, maximumFractionDigits: digits });
}

const AGES = [["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]];
const NOW = 5; // seconds that count as "now"; the list is looked at every two

export function formatAge(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds <= NOW) return t("logs.now");
  const [unit, length] = AGES.find(([, one]) => seconds >= one);
  return formatNumber(Math.floor(seconds / length), { style: "unit", unit, unitDisplay: "short" });
}

const CLOCK = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const CLOCK_WITH_SECONDS = { ...CLOCK, second: "2-digit" };

export const formatClock = (ms, withSeconds = false) => (Number.isFinite(ms) ? formatter(withSeconds ? CLOCK_WITH_SECONDS : CLOCK).format(ms) : "");

// The sentence of a notice row. Kinds this page does not know come with the server's.
// A rotation that was found while reading the past has no time. oldName: see OldNames.
export function noticeWords({ kind, at, message, name }, file, oldName = undefined) {
  if (kind === "other") return message;
  if (kind === "rotated" && at === undefined) return t("logs.notice.rotatedHere", { file });
  if (kind === "rotated" && oldName === null) return t("logs.notice.renewed", { file, time: formatClock(at, true) });
  return t(`logs.notice.${kind}`, { file, name, time: formatClock(at ?? NaN, true) });
}
