// Finds the time that a line begins with, in the ways programs commonly write it.
// Only where it stands; it is not computed with. { start, end } is the whole time,
// { clock, clockEnd } the HH:MM:SS in it, which is all that a phone has room for.

const CLOCK = "\\d{2}:\\d{2}:\\d{2}";
const FRACTION = "(?:[.,]\\d{1,9})?";
const ZONE = "(?: ?(?:Z|UTC|GMT|[+-]\\d{2}:?\\d{2})(?![\\w:]))?";
const ISO = `\\d{4}([-/.])\\d{2}\\1\\d{2}[T _]${CLOCK}${FRACTION}${ZONE}`;

// What may stand before: a bracket, a syslog priority, a container's "name | ".
const AT_START = [
  `[[(]?(${ISO.replace("\\1", "\\2")})`,                                         // ISO 8601, Python, nginx errors
  `(?:<\\d{1,3}>)?([A-Z][a-z]{2} [ \\d]\\d ${CLOCK}${FRACTION})`,                // syslog
  `\\[([A-Z][a-z]{2} [A-Z][a-z]{2} [ \\d]\\d ${CLOCK}${FRACTION} \\d{4})\\]`,    // Apache errors
  `[IWEF](\\d{4} ${CLOCK}${FRACTION})`,                                          // klog: I1123 14:02:03.456789
  `[[(]?(${CLOCK}${FRACTION})(?![:\\w])`,
].map((pattern) => new RegExp(`^${pattern}`));

const CLF = new RegExp(`\\[(\\d{2}/[A-Z][a-z]{2}/\\d{4}:${CLOCK}(?: [+-]\\d{4})?)\\]`);
const NAMED = new RegExp(`(?:^|[\\s{,])"?(?:@?timestamp|time|ts)"?\\s*[=:]\\s*"?(${ISO.replace("\\1", "\\2")})`);
const CLOCK_IN = new RegExp(`(?<!\\d)${CLOCK}`); // not the 26:14:10 of 2026:14:10:42
const LOOK_AT = 160; // characters

export function findTime(text) {
  const head = text.length > LOOK_AT ? text.slice(0, LOOK_AT) : text;
  for (const pattern of AT_START) {
    const match = pattern.exec(head);
    if (match) return place(match);
  }
  // An access log has its time after the client's address; JSON and logfmt name it.
  const inside = CLF.exec(head) ?? NAMED.exec(head);
  return inside && place(inside);
}

function place(match) {
  // The bracket around a time belongs to it: on a phone it goes with the date.
  const found = match.index + match[0].indexOf(match[1]);
  const isBracketed = "[(".includes(match.input[found - 1] || " ") && "])".includes(match.input[found + match[1].length] || " ");
  const start = isBracketed ? found - 1 : found;
  const end = found + match[1].length + (isBracketed ? 1 : 0);
  const clock = found + match[1].search(CLOCK_IN);
  return { start, end, clock, clockEnd: clock + 8 };
}
