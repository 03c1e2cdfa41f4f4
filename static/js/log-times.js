// The time of a line, read out of the ways programs commonly write it; writing it again is
// log-time-format.js's. Called for every line that comes: it looks for a clock (dd:dd:dd), or
// for a number of seconds, and reads what stands around it, without patterns or objects.
// A time without a zone is one of this browser's; one without a year lies in the last year.

import { withoutColours } from "./log-ansi.js";
import { guessYear, isWeekday, localMidnight, monthAt, utcMidnight } from "./log-days.js";

export { formatAs, formatFully, TIME_MODES } from "./log-time-format.js";

const LOOK_AT = 200;    // characters
const PREFIX = 44;      // what may stand before a date: a container's name, a level, a process
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

// The place of what was found last: read() sets it. The clock is the HH:MM:SS in it.
const place = { start: -1, end: -1, clock: -1, clockEnd: -1 };

// ms since 1970, or null.
export function timeOf(text) {
  const ms = read(withoutColours(text));
  return Number.isNaN(ms) ? null : ms;
}

// { ms, start, end, clock, clockEnd }, or null. The bracket around a time belongs to it.
// Without a clock in it (epoch seconds) clock is -1.
export function findTime(text) {
  const ms = read(text);
  if (Number.isNaN(ms)) return null;
  let { start, end } = place;
  if ("[(".includes(text[start - 1] || " ") && "])".includes(text[end] || " ")) {
    start -= 1;
    end += 1;
  }
  return { ms, start, end, clock: place.clock, clockEnd: place.clockEnd };
}

// Reading.

const digit = (text, at) => {
  const value = text.charCodeAt(at) - 48;
  return value >= 0 && value <= 9 ? value : NaN;
};
const isDigit = (text, at) => {
  const code = text.charCodeAt(at);
  return code >= 48 && code <= 57;
};
// NaN where one is no digit.
const two = (text, at) => digit(text, at) * 10 + digit(text, at + 1);
const four = (text, at) => two(text, at) * 100 + two(text, at + 2);

function read(text) {
  if (text.length < 8) return NaN;
  const first = text.charCodeAt(0);
  if (first === 123) return readJson(text); // {
  if (first >= 49 && first <= 57) {
    const ms = readNumber(text, 0, true);
    if (!Number.isNaN(ms)) return ms;
  }
  const limit = Math.min(text.length, LOOK_AT);
  let colon = text.indexOf(":", 1);
  while (colon >= 0 && colon < limit) {
    const ms = readAt(text, colon - 2);
    if (!Number.isNaN(ms)) return ms;
    colon = text.indexOf(":", colon + 1);
  }
  return readNamed(text, limit);
}

// `at`: where hh:mm:ss may stand. NaN: no clock here, or no date that makes it the line's time.
function readAt(text, at) {
  if (at < 0 || text.charCodeAt(at + 5) !== 58) return NaN;
  const isShort = text.charCodeAt(at) === 32; // 3:40:12 PM
  const from = isShort ? at + 1 : at;
  const hour = isShort ? digit(text, from) : two(text, at);
  const minute = two(text, at + 3);
  const second = two(text, at + 6);
  if (!(hour < 24 && minute < 60 && second < 61)) return NaN;
  const before = from > 0 ? text.charCodeAt(from - 1) : 0;
  if (before >= 48 && before <= 57) return NaN;
  const next = text.charCodeAt(at + 8);
  if ((next === 58 && text.charCodeAt(at + 9) !== 32) || (next >= 48 && next <= 57)) return NaN; // a colon may end a time: "08:01:59: run"
  const clock = (hour * 60 + minute) * 60_000 + second * 1000;
  place.clock = from;
  place.clockEnd = at + 8;
  place.end = at + 8;
  if (before === 84 || before === 32 || before === 95 || before === 58 || before === 44) { // T, space, _, :, comma
    if (!Number.isNaN(readDate(text, from - 1, before))) return finish(text, at, clock);
  }
  return !isShort && isStart(text, at) ? bareClock(text, at, clock) : NaN;
}

// Only a bracket or nothing may stand before a clock without a date.
const isStart = (text, at) => at === 0 || (at === 1 && (text[0] === "[" || text[0] === "("));

function bareClock(text, at, clock) {
  place.start = at;
  const fraction = readFraction(text, at + 8);
  const end = text.charCodeAt(place.end);
  if (end === 58 || (end >= 65 && end <= 90) || (end >= 97 && end <= 122)) return NaN;
  const now = new Date();
  const ms = localMidnight(now.getFullYear(), now.getMonth() + 1, now.getDate()) + clock + fraction;
  return ms > now.getTime() + HOUR ? ms - DAY : ms;
}

// The date before a clock: what is found is kept in these, month from 1.
const date = { year: 0, month: 0, day: 0, isYearAfter: false };

// `end`: the character between date and clock. 0, or NaN: none.
function readDate(text, end, between) {
  date.isYearAfter = false;
  let last = end;
  while (last > 0 && text.charCodeAt(last - 1) === 32) last -= 1; // "Nov 24,  14:02:03"
  if (between === 32 && text.charCodeAt(last - 1) === 45 && text.charCodeAt(last - 2) === 32) last -= 2; // gin: "2026/11/24 - 14:02:03"
  if (text.charCodeAt(last - 1) === 44) last -= 1;                // "24.11.2026, 14:02:03"
  const sign = text.charCodeAt(last - 3);
  if (sign === 45 || sign === 47 || sign === 46) { // - / .
    if (text.charCodeAt(last - 6) === sign && isDigit(text, last - 7)) return byNumbers(text, last - 10, last); // 2026-11-24
    const month = two(text, last - 5);
    const day = two(text, last - 2);
    if (sign === 45 && month <= 12 && day <= 31 && isEdge(text, last - 6)) return dated(guessYear(month, day), month, day, last - 5); // logcat: 11-24
    return NaN;
  }
  if (isDigit(text, last - 4)) {
    const year = four(text, last - 4);
    const mark = text.charCodeAt(last - 5);
    if (year >= 1970 && year < 2200) return beforeYear(text, last - 5, mark, year);
    if (isGlog(text, last)) return dated(guessYear(two(text, last - 4), two(text, last - 2)), two(text, last - 4), two(text, last - 2), last - 4);
    return NaN;
  }
  return byName(text, last);
}

const isGlog = (text, last) => last === 5 && "IWEFD".includes(text[0]);
const isEdge = (text, at) => at < 0 || !isDigit(text, at);

function byNumbers(text, start, end) {
  const year = four(text, start);
  if (year >= 1970 && year < 2200 && isEdge(text, start - 1)) return dated(year, two(text, end - 5), two(text, end - 2), start);
  return NaN;
}

// 24/Nov/2026, 24 Nov 2026, Nov 24 2026, Nov 24, 2026, 24.11.2026, 11/24/2026.
function beforeYear(text, last, mark, year) {
  if (mark === 47 || mark === 46 || mark === 45) {
    const month = monthAt(text, last - 3);
    if (month > 0 && text.charCodeAt(last - 4) === mark) return dated(year, month, two(text, last - 6), last - 6);
    const [a, b] = [two(text, last - 5), two(text, last - 2)];
    if (text.charCodeAt(last - 3) !== mark || !isEdge(text, last - 6)) return NaN;
    const isDayFirst = mark !== 47 || a > 12;
    return isDayFirst ? dated(year, b, a, last - 5) : dated(year, a, b, last - 5);
  }
  if (mark !== 32) return NaN;
  const month = monthAt(text, last - 3);
  if (month > 0) return dated(year, month, dayBefore(text, last - 4), place.start);
  const at = text.charCodeAt(last - 1) === 44 ? last - 1 : last;
  return byName(text, at, year);
}

// Nov 24, Nov  3.
function byName(text, last, year = 0) {
  const day = dayBefore(text, last);
  if (!(day >= 1)) return NaN;
  const at = place.start - (text.charCodeAt(place.start - 2) === 32 ? 5 : 4);
  const month = monthAt(text, at);
  if (month === 0) return NaN;
  const start = isWeekday(text, at - 4) ? at - 4 : at;
  date.isYearAfter = year === 0;
  return dated(year || guessYear(month, day), month, day, start);
}

// The day that ends at `end`, one or two digits; where it begins is place.start then.
function dayBefore(text, end) {
  const ones = digit(text, end - 1);
  const tens = digit(text, end - 2);
  place.start = Number.isNaN(tens) ? end - 1 : end - 2;
  return Number.isNaN(tens) ? ones : tens * 10 + ones;
}

function dated(year, month, day, start) {
  if (!(month >= 1 && month <= 12 && day >= 1 && day <= 31)) return NaN;
  date.year = year;
  date.month = month;
  date.day = day;
  place.start = start;
  return 0;
}

// What stands after the clock: a fraction, a year, a zone. And whether this is the line's time at all.
function finish(text, at, clock) {
  const { start } = place;
  const before = text.charCodeAt(start - 1);
  if (start > 0 && !isPrefix(text, start, before)) return NaN;
  const fraction = readFraction(text, at + 8);
  if (date.isYearAfter && text.charCodeAt(place.end) === 32) {
    const year = four(text, place.end + 1);
    if (year >= 1970 && year < 2200 && isEdge(text, place.end + 5)) {
      date.year = year;
      place.end += 5;
    }
  }
  const half = readHalf(text, clock);
  const zone = readZone(text, place.end);
  const time = clock + half + fraction;
  if (Number.isNaN(zone)) return localMidnight(date.year, date.month, date.day) + time;
  return utcMidnight(date.year, date.month, date.day) + time - zone * 60_000;
}

// " PM": hours to add.
function readHalf(text, clock) {
  if (text.charCodeAt(place.end) !== 32 || (text.charCodeAt(place.end + 2) | 32) !== 109) return 0;
  const letter = text.charCodeAt(place.end + 1) | 32;
  if ((letter !== 97 && letter !== 112) || clock >= 13 * HOUR) return 0;
  place.end += 3;
  const isTwelve = clock >= 12 * HOUR;
  if (letter === 112) return isTwelve ? 0 : 12 * HOUR;
  return isTwelve ? -12 * HOUR : 0;
}

// A date inside a line is its time where little stands before it, where a name says so
// (time="..."), or where an access log has it.
function isPrefix(text, start, before) {
  if (before === 91 && text.charCodeAt(start + 2) === 47) return true; // [24/Nov/...
  if (before === 34 || before === 61) return isNamed(text, start - 1);
  if (before === 39 || (before >= 48 && before <= 57)) return false;
  if (start > PREFIX) return false;
  const code = text.charCodeAt(0);
  if (code === 32 || code === 9) return false; // goes on from the line above
  let gaps = 0;
  for (let index = 1; index < start; index += 1) if (text.charCodeAt(index) === 32 && text.charCodeAt(index - 1) !== 32) gaps += 1;
  return gaps <= 2;
}

const NAMES = ["time", "ts", "timestamp", "t", "at", "date", "datetime", "eventtime"];
function isNamed(text, at) {
  let end = at;
  while (end > 0 && (text.charCodeAt(end) === 34 || text.charCodeAt(end) === 61 || text.charCodeAt(end) === 58 || text.charCodeAt(end) === 32)) end -= 1;
  let start = end;
  while (start > 0 && end - start < 12 && /[\w@]/.test(text[start - 1])) start -= 1;
  return NAMES.includes(text.slice(start, end + 1).replace("@", "").toLowerCase());
}

// Milliseconds after the seconds; place.end is behind them then.
function readFraction(text, at) {
  place.end = at;
  const sign = text.charCodeAt(at);
  if ((sign !== 46 && sign !== 44 && sign !== 58) || !isDigit(text, at + 1)) return 0;
  if (sign === 58 && !(isDigit(text, at + 3) && !isDigit(text, at + 4))) return 0; // hh:mm:ss:mmm
  let ms = 0;
  let unit = 100;
  let index = at + 1;
  for (; index < at + 10 && isDigit(text, index); index += 1) {
    if (unit >= 1) ms += digit(text, index) * unit;
    unit = Math.trunc(unit / 10);
  }
  place.end = index;
  return ms;
}

// Minutes east of Greenwich, NaN: not written.
function readZone(text, end) {
  let at = text.charCodeAt(end) === 32 ? end + 1 : end;
  const code = text.charCodeAt(at);
  if (code === 90 && !isLetter(text, at + 1)) { // Z
    place.end = at + 1;
    return 0;
  }
  if ((text.startsWith("UTC", at) || text.startsWith("GMT", at)) && !isLetter(text, at + 3)) {
    place.end = at + 3;
    at += 3;
    return isSign(text, at) && isDigit(text, at + 1) ? readOffset(text, at) : 0;
  }
  if (isSign(text, at) && isDigit(text, at + 2)) {
    const offset = readOffset(text, at);
    if (!Number.isNaN(offset)) return offset;
  }
  return NaN;
}

const isSign = (text, at) => text.charCodeAt(at) === 43 || text.charCodeAt(at) === 45;
const isLetter = (text, at) => {
  const code = text.charCodeAt(at) | 32;
  return code >= 97 && code <= 122;
};

function readOffset(text, at) {
  const hours = two(text, at + 1);
  const isColon = text.charCodeAt(at + 3) === 58;
  const minutes = isColon ? two(text, at + 4) : isDigit(text, at + 3) ? two(text, at + 3) : 0;
  const end = isColon ? at + 6 : isDigit(text, at + 3) ? at + 5 : at + 3;
  if (!(hours <= 14 && minutes < 60) || isDigit(text, end)) return NaN;
  place.end = end;
  return (text.charCodeAt(at) === 45 ? -1 : 1) * (hours * 60 + minutes);
}

// Numbers: seconds since 1970, or ms, us, ns of them; in this century.

function readNumber(text, at, isAtStart = false) {
  let end = at;
  while (isDigit(text, end) && end - at < 20) end += 1;
  const length = end - at;
  const isSeconds = length === 10;
  if (!isSeconds && length !== 13 && length !== 16 && length !== 19) return NaN;
  const value = Number(text.slice(at, end));
  const ms = isSeconds ? value * 1000 : value / 10 ** (length - 13);
  if (ms < 946_684_800_000 || ms > 4_102_444_800_000) return NaN;
  let fraction = 0;
  place.start = at;
  place.end = end;
  place.clock = place.clockEnd = -1;
  if (isSeconds && text.charCodeAt(end) === 46) fraction = readFraction(text, end);
  const after = text.charCodeAt(place.end);
  if (isAtStart && !(after === 32 || after === 9)) return NaN;
  return Math.trunc(ms) + fraction;
}

// ts=1732435200.123 in logfmt.
const NUMBER = /(?:^|\s)(?:time|ts|timestamp)="?(?=\d{10})/;
function readNamed(text, limit) {
  if (text.indexOf("=") < 0) return NaN;
  const match = NUMBER.exec(text.length > limit ? text.slice(0, limit) : text);
  return match ? readNumber(text, match.index + match[0].length) : NaN;
}

// JSON: the field that is named so, wherever it stands.
const FIELD = /"(?:@?time(?:stamp)?|ts|@?t|date(?:time)?|event_?time|asctime|\$date|time_?(?:local|iso8601))"\s*:\s*"?(?=[\d\[A-Z])/gi;
const LOOK_IN = 4096;
function readJson(text) {
  const head = text.length > LOOK_IN ? text.slice(0, LOOK_IN) : text;
  FIELD.lastIndex = 0;
  for (let tries = 0; tries < 8; tries += 1) {
    const match = FIELD.exec(head);
    if (match === null) return NaN;
    const from = match.index + match[0].length;
    const number = readNumber(text, from);
    if (!Number.isNaN(number)) return number;
    const value = head.slice(from, from + 48);
    const ms = read(value);
    if (Number.isNaN(ms)) continue;
    place.start += from;
    place.end += from;
    if (place.clock >= 0) {
      place.clock += from;
      place.clockEnd += from;
    }
    return ms;
  }
  return NaN;
}
