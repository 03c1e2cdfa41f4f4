// A small Markdown for messages: parse(text) gives blocks, rich-text.js draws them. Pure.
//
//   { type: "paragraph", inlines }         lines of text, their breaks kept
//   { type: "code", language, text }       between ``` and ```
//   { type: "list", ordered, items }       each item { number, blocks }
//   { type: "quote", blocks }              lines that begin with >
//
// Inlines are described in markdown-inline.js. What is none of these is text, as it
// was typed; nothing is ever left out.
//
// Why not a library: markdown-it (119 KB and five packages), marked (52 KB) and micromark
// (some twenty packages) were weighed. They do CommonMark, and a chat wants less and other
// rules: its lines break where they were broken, a number before a full stop stays that
// number, a definition "[a]: b" must not vanish, `2*3*4`, globs and smileys stay what they
// are, and ** must work in scripts without spaces, where CommonMark's rule of flanks leaves
// "**重要：**请看" with its stars. All but markdown-it's tokens would also have to be kept
// from making HTML. What is left after switching off and patching is not less than this.

import { inlinesOf } from "./markdown-inline.js";

const MAX_DEPTH = 5; // quotes and lists in each other; deeper ones are text

const FENCE = /^( {0,3})(`{3,})[ \t]*([^\s`]{0,32})[ \t]*$/;
// ">_<" and "> 3" alike begin with the sign; only before a space or a letter it quotes.
const QUOTE = /^ {0,3}>(?=$|[ \t]|\p{L})[ \t]?/u;
// The number is kept as it is, so it has no leading zero to lose; "2024." begins a sentence.
const ITEM = /^([ \t]*)(?:[-*]|(0|[1-9]\d{0,2})[.)])[ \t]+(?=\S)/;
const ONLY_MARKS = /^[\s*_-]+$/; // "---", "* * *"
const BLANK = /^\s*$/;
const ANY_BLOCK = /^[ \t]*(?:[-*>`]|\d{1,3}[.)])/m;

// names: who is mentioned, as the server says; "@" and such a name is a mention.
export function parse(text, names = []) {
  if (!ANY_BLOCK.test(text)) return [paragraph([text], names)];
  return blocksOf(text.split(/\r\n?|\n/), names, 0);
}

const paragraph = (lines, names) => ({ type: "paragraph", inlines: inlinesOf(lines.join("\n"), names) });

function blocksOf(lines, names, depth) {
  const blocks = [];
  let plain = [];
  const endParagraph = () => {
    const from = plain.findIndex((line) => !BLANK.test(line));
    if (from >= 0) blocks.push(paragraph(plain.slice(from, plain.findLastIndex((line) => !BLANK.test(line)) + 1), names));
    plain = [];
  };
  for (let at = 0; at < lines.length;) {
    const found = fence(lines, at) ?? (depth < MAX_DEPTH ? quote(lines, at, names, depth) ?? list(lines, at, names, depth) : null);
    if (found) {
      endParagraph();
      blocks.push(found.block);
      at = found.next;
    } else {
      plain.push(lines[at]);
      at += 1;
    }
  }
  endParagraph();
  return blocks;
}

// Each of these: { block, next } if such a block begins at the line `at`, or null.

// One that is not closed goes on to the end: whoever pasted a log and forgot the second
// fence meant it so. The closing one may stand behind the last line's text.
function fence(lines, at) {
  const opening = FENCE.exec(lines[at]);
  if (!opening) return null;
  const [, indent, ticks, language] = opening;
  const code = [];
  let next = at + 1;
  for (let isOpen = true; isOpen && next < lines.length; next += 1) {
    const line = lines[next];
    const end = startOfTicks(line);
    isOpen = line.trimEnd().length - end < ticks.length;
    if (isOpen) code.push(line);
    else if (!BLANK.test(line.slice(0, end))) code.push(line.slice(0, end));
  }
  if (code.every((line) => BLANK.test(line))) return null;
  const text = code.map((line) => dedent(line, indent.length)).join("\n");
  return { block: { type: "code", language, text }, next };
}

// Where the backticks at the end of a line begin.
function startOfTicks(line) {
  let start = line.trimEnd().length;
  while (line[start - 1] === "`") start -= 1;
  return start;
}

function quote(lines, at, names, depth) {
  const inner = [];
  let next = at;
  for (; next < lines.length && QUOTE.test(lines[next]); next += 1) {
    inner.push(lines[next].replace(QUOTE, ""));
    if (next === at && BLANK.test(inner[0])) return null; // a sign with nothing behind it begins no quote
  }
  if (next === at) return null;
  return { block: { type: "quote", blocks: blocksOf(inner, names, depth + 1) }, next };
}

function list(lines, at, names, depth) {
  const first = itemStart(lines[at]);
  if (!first) return null;
  const items = [];
  let next = at;
  while (next < lines.length) {
    const start = itemStart(lines[next]);
    if (!start || start.ordered !== first.ordered) break;
    const end = endOfItem(lines, next, start);
    const inner = [start.text, ...lines.slice(next + 1, end).map((line) => dedent(line, start.column))];
    items.push({ number: start.number, blocks: blocksOf(inner, names, depth + 1) });
    next = end;
    // Items may have empty lines between them.
    const after = skipBlank(lines, next);
    if (after > next && itemStart(lines[after] ?? "")?.ordered === first.ordered) next = after;
  }
  return { block: { type: "list", ordered: first.ordered, items }, next };
}

function itemStart(line) {
  const match = ITEM.exec(line);
  if (!match || ONLY_MARKS.test(line)) return null;
  const [marker, indent, number] = match;
  return {
    indent: columns(indent),
    column: columns(marker),
    ordered: number !== undefined,
    number: number === undefined ? null : Number(number),
    text: line.slice(marker.length),
  };
}

// An item has the lines below it that stand further in.
function endOfItem(lines, at, { indent }) {
  let end = at + 1;
  for (;;) {
    const next = skipBlank(lines, end);
    if (next === lines.length || columns(/^[ \t]*/.exec(lines[next])[0]) < indent + 2) return end;
    end = next + 1;
  }
}

function skipBlank(lines, at) {
  while (at < lines.length && BLANK.test(lines[at])) at += 1;
  return at;
}

const columns = (space) => space.length + 3 * (space.split("\t").length - 1); // a tab is 4

function dedent(line, count) {
  let left = count;
  let at = 0;
  while (left > 0 && (line[at] === " " || line[at] === "\t")) {
    left -= line[at] === "\t" ? 4 : 1;
    at += 1;
  }
  return line.slice(at);
}
