// What is found out about a line when it comes, once: its level, its time, and whether
// it goes on from the line above. Called for every line, so it makes no objects.

import { withoutColours } from "./log-ansi.js";
import { BELONGS, levelBits, LEVEL, TIMED, TRACE } from "./log-chunk.js";
import { gradeOf } from "./log-levels.js";
import { beginsTrace, isContinuation, NO_TRACE, traceStep } from "./log-stack.js";
import { timeOf } from "./log-times.js";

// Of one file, what the last line was: handed from line to line.
export class Above {
  flags = 0;
  time = NaN;
  isTimed = false; // it, or the line it belongs to, has a time
  trace = NO_TRACE; // of which kind of stack trace it is
  exists = false;

  // Nothing is known of what stands above the next line.
  forget() {
    Object.assign(this, { flags: 0, time: NaN, isTimed: false, trace: NO_TRACE, exists: false });
  }
}

// The flags of a line; its time, or that of the line it belongs to, is in `above` afterwards.
// Where lines have no times at all, what belongs to the line above must look like it, or one
// error would colour all that follows.
export function lookAt(text, above) {
  const plain = withoutColours(text);
  const time = timeOf(plain);
  const level = gradeOf(plain);
  const isTimed = time !== null;
  const before = above.trace;
  above.trace = isTimed ? NO_TRACE : traceStep(before, plain);
  // Where lines have no times, the first line of a trace is nobody's: the others stand below it.
  const isOwn = before === NO_TRACE && !above.isTimed && above.trace !== NO_TRACE && beginsTrace(plain);
  // The empty line that a logger sets below a trace is of it.
  const isEnd = before !== NO_TRACE && plain.trim() === "";
  const isTrace = (above.trace !== NO_TRACE || isEnd) && above.exists && !isOwn;
  const belongs = isTrace || (!isTimed && !isOwn && level === null && above.exists && (above.isTimed || isContinuation(plain)));
  let flags = belongs && (level === null || isTrace) ? above.flags & LEVEL : levelBits(level);
  if (isTimed) flags |= TIMED;
  if (belongs) flags |= BELONGS;
  if (isTrace) flags |= TRACE;
  above.isTimed = isTimed || (belongs && above.isTimed);
  if (isTimed) above.time = time;
  above.flags = flags;
  above.exists = true;
  return flags;
}
