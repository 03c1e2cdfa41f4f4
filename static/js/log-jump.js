// What somebody writes to go to a place in a file: "50%", "1204", "14:02", a date and time,
// "15 min ago", "start", "end". Pure.

import { timeOf } from "./log-times.js";

const UNITS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const AGO = /^-?\s*(\d+(?:\.\d+)?)\s*(s|sec|seconds?|m|min|minutes?|h|hours?|d|days?|秒钟?|分钟?|小时|天)\s*(ago|前)?$/i;
const CHINESE = { 秒: "s", 分: "m", 小: "h", 天: "d" };
const CLOCK = /^(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,3}))?)?$/;
const DAY = /^(\d{4})-(\d{1,2})-(\d{1,2})$/;

// { percent } | { line } | { time } | { start: true } | { end: true }, or null: not understood.
export function parseJump(written, now = Date.now()) {
  const text = written.trim();
  if (text === "") return null;
  if (/^(?:start|begin|beginning|开头|开始)$/i.test(text)) return { start: true };
  if (/^(?:end|newest|last|末尾|结尾|最新)$/i.test(text)) return { end: true };
  const percent = /^(\d{1,3}(?:[.,]\d+)?)\s*[%％]$/.exec(text);
  if (percent) return percentOf(Number(percent[1].replace(",", ".")));
  const line = /^(?:line|:|#|第)?\s*(\d[\d,_']*)\s*行?$/i.exec(text);
  if (line && !/^\d{10}$|^\d{13}$/.test(text)) return lineOf(line[1]);
  return timeIn(text, now);
}

function percentOf(number) {
  if (number === 100) return { end: true };
  return number < 100 ? { percent: number } : null;
}

function lineOf(digits) {
  const number = Number(digits.replace(/\D/g, ""));
  return number >= 1 && number <= Number.MAX_SAFE_INTEGER ? { line: number } : null;
}

function timeIn(text, now) {
  const ago = AGO.exec(text);
  if (ago) return { time: now - Number(ago[1]) * UNITS[CHINESE[ago[2][0]] ?? ago[2][0].toLowerCase()] };
  const clock = CLOCK.exec(text);
  if (clock) return clockOf(clock, now);
  const day = DAY.exec(text);
  if (day) return dateOf(day);
  const hasMinutes = /\d{1,2}:\d{2}$/.test(text) && !/\d:\d{2}:\d{2}$/.test(text);
  const time = timeOf(`${hasMinutes ? `${text}:00` : text} `.replace(/ (\d):/, " 0$1:"));
  return time === null ? null : { time };
}

function dateOf([, year, month, day]) {
  const at = new Date(Number(year), Number(month) - 1, Number(day));
  return at.getMonth() === Number(month) - 1 ? { time: at.getTime() } : null;
}

// Today's, or yesterday's where today's is still to come.
function clockOf([, hour, minute, second = "0", ms = "0"], now) {
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null;
  const at = new Date(now);
  at.setHours(Number(hour), Number(minute), Number(second), Number(ms.padEnd(3, "0")));
  if (at.getTime() > now) at.setDate(at.getDate() - 1);
  return { time: at.getTime() };
}
