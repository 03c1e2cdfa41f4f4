// Which lines are of a stack trace, and what one says in short. A trace is followed line by
// line as lines come: traceStep(state, text) gives the state after a line, 0 when it is of
// none; the caller keeps the state of each file and starts at 0 with a line that has a time.
// Knows Java, Kotlin, C#, Node and browsers ("at ..."), Python, Go and Ruby. Pure but for
// the words of summaryOf().

import { t } from "./i18n.js";
import { plainOf } from "./log-ansi.js";
import { edgeAt } from "./log-text.js";

export const NO_TRACE = 0;
const FRAMES = 1;         // "at ..." and what stands between
const PYTHON = 2;
const PYTHON_ENDED = 3;   // after "ValueError: ...": another may follow
const GO = 4;
const RUBY = 5;

const AT = /^\s+at\s\S|^\s*\.{3} \d+ (?:more|common frames)|^\s*(?:Caused by|Suppressed): |^\s*--- End of |^\s+---> |^[^\s@]{0,80}@(?:https?|file|webpack[\w-]*):\/\/\S+$/;
const EXCEPTION = /^(?:Exception in thread |Unhandled exception|Uncaught )|^(?:[a-z_][\w$]*\.)+[A-Z][\w$]*(?:Exception|Error|Throwable|Failure)\b|^(?:[A-Z]\w*)?(?:Error|Exception)(?: \[\w+\])?(?:: |$)/;
const TRACEBACK = /^(?:\s*[+|]\s+)?(?:Exception Group )?Traceback \(most recent call last\)/;
const PYTHON_LAST = /^[A-Za-z_][\w.]*(?::\s|:?$)/;
const PYTHON_NEXT = /^(?:During handling of the above exception|The above exception was the direct cause)/;
const GO_FIRST = /^(?:panic: |fatal error: |goroutine \d+ \[|\[signal |runtime error: )/;
const GO_FRAME = /^(?:[\w.\-/%]+(?:\.\(\*?[\w[\].]+\)[\w.\-/]*)?\(.*\)$|created by |exit status \d|\s)/;
const RUBY_FIRST = /^[^\s:]+\.rb:\d+:in [`']/;
const RUBY_FRAME = /^\s+(?:\d+: )?from \S+:\d+/;
// Each of these takes one way through a text: no line can make them slow.
const LOOK_AT = 1000; // characters
const INSIDE = /^(?:\s+\S|[}\])],?$)/; // in between: properties of an error, source lines

const plain = (raw) => plainOf(raw.length > LOOK_AT ? raw.slice(0, LOOK_AT) : raw);

export function traceStep(state, raw) {
  const text = plain(raw);
  const first = text.charCodeAt(0);
  // Most lines of a log begin with a digit or a bracket: none of a trace does, but what closes one.
  if (state === NO_TRACE && (first < 65 ? first !== 32 && first !== 9 && first !== 43 : first === 91)) return text.startsWith("[signal ") ? GO : NO_TRACE;
  if (text === "" || text.trim() === "") return state === FRAMES || state === RUBY ? NO_TRACE : state;
  if (TRACEBACK.test(text)) return PYTHON;
  if (AT.test(text)) return state === PYTHON ? PYTHON : FRAMES;
  if (RUBY_FRAME.test(text)) return RUBY;
  if (state === PYTHON || state === PYTHON_ENDED) return python(state, text);
  if (GO_FIRST.test(text)) return GO;
  if (state === GO && GO_FRAME.test(text)) return GO;
  if (EXCEPTION.test(text)) return FRAMES;
  if (RUBY_FIRST.test(text)) return RUBY;
  return state !== NO_TRACE && INSIDE.test(text) ? state : NO_TRACE;
}

function python(state, text) {
  if (/^[\s|+]/.test(text)) return state;
  if (PYTHON_NEXT.test(text)) return PYTHON_ENDED;
  return state === PYTHON && PYTHON_LAST.test(text) ? PYTHON_ENDED : NO_TRACE;
}

// Whether a trace can begin with this line by itself, and need not belong to the line above.
export const beginsTrace = (raw) => {
  const text = plain(raw);
  return TRACEBACK.test(text) || EXCEPTION.test(text) || GO_FIRST.test(text) || RUBY_FIRST.test(text);
};

// The same without the lines before: good enough where they are not known.
export const isContinuation = (raw) => /^\s+\S/.test(raw) || traceStep(NO_TRACE, raw) !== NO_TRACE || PYTHON_NEXT.test(raw);

// In short.

const FRAME = /^\s+at\s|^\s*(?:[|+]\s+)?File "|^\t\S+:\d+|^\s+(?:\d+: )?from \S+:\d+|^[^\s@]{0,80}@(?:https?|file|webpack[\w-]*):\/\/\S+$/;
const MORE = /^\s*\.{3} (\d+) (?:more|common frames)/;
const CAUSE = /^\s*(?:Caused by|\[cause\]): /;
const LONGEST = 90;

// lines: those below the head. "Traceback, 14 frames: TimeoutError: no answer".
export function summaryOf(lines) {
  let frames = 0;
  let isPython = false;
  let telling = "";
  let cause = "";
  let state = NO_TRACE;
  for (const raw of lines) {
    const text = plain(raw);
    state = traceStep(state, text);
    if (FRAME.test(text)) frames += 1;
    else if (MORE.test(text)) frames += Number(MORE.exec(text)[1]);
    else if (TRACEBACK.test(text)) isPython = true;
    else if (CAUSE.test(text)) cause = text.replace(CAUSE, "");
    else if (state === PYTHON_ENDED && !/^[\s|+]/.test(text) && !PYTHON_NEXT.test(text) && text !== "") telling = text;
    else if (telling === "" && (EXCEPTION.test(text) || GO_FIRST.test(text)) && !text.startsWith("goroutine ")) telling = text;
  }
  const words = short(cause || telling);
  const name = t(isPython ? "logline.traceback" : "logline.trace");
  if (frames === 0) return words || t("logline.traceLines", { count: lines.length });
  return words ? t("logline.traceOf", { name, frames: t("logline.frames", { count: frames }), words }) : t("logline.traceBare", { name, frames: t("logline.frames", { count: frames }) });
}

// Without the packages, and not longer than a row can take.
function short(text) {
  const brief = text.replace(/^Exception in thread "[^"]*" /, "").replace(/^(?:[\w$]+\.)+(?=[A-Z_]\w*)/, "").trim();
  if (brief.length <= LONGEST) return brief;
  return `${brief.slice(0, edgeAt(brief, LONGEST - 1))}…`;
}
