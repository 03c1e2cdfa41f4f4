// What goes to the clipboard from a selection in the stream: the text of the lines as the
// page has it. A row that shows a part of its line, or shows it otherwise than it is
// written, would else be copied as it looks.

import { displayText } from "./log-text.js";

const NOT_OF_THE_LINE = ".visually-hidden, .log-more, .log-link, .log-still, [data-not-text]";

// range: what is selected; elements: the drawn rows; rowOf(element): the store's row.
// Null: the browser's own way is right.
export function copiedText(range, elements, rowOf) {
  const pieces = [];
  let isOtherwise = false;
  for (const element of elements) {
    const row = range.intersectsNode(element) ? rowOf(element) : null;
    if (row === null || row.kind === "notice") continue;
    const text = displayText(row.text);
    const shown = textIn(element);
    const startsHere = element.contains(range.startContainer) && lengthBefore(element, range.startContainer, range.startOffset) > 0;
    const from = startsHere ? lengthBefore(element, range.startContainer, range.startOffset) : 0;
    const to = element.contains(range.endContainer) ? lengthBefore(element, range.endContainer, range.endOffset) : shown.length;
    // A selection up to the end of what is shown means the line's end. What is not the beginning of the line as it
    // is written can only be copied as it is shown, or as a whole.
    const isToEnd = to >= shown.length;
    const isPlain = text.startsWith(shown);
    if (isToEnd && from === 0) pieces.push(text);
    else if (isPlain) pieces.push(text.slice(from, isToEnd ? undefined : to));
    else pieces.push(shown.slice(from, to));
    if (row.trace && !row.isOpen && isToEnd) pieces.push(...row.trace.map(displayText));
    isOtherwise ||= isToEnd && (shown !== text || (row.trace && !row.isOpen));
  }
  return pieces.length > 1 || isOtherwise ? pieces.join("\n") : null;
}

// Not all that a row holds is of the line.
function textIn(element) {
  const range = document.createRange();
  range.selectNodeContents(element);
  return textOf(range);
}

// Characters of the line before a place in its row.
function lengthBefore(element, container, offset) {
  const before = document.createRange();
  before.selectNodeContents(element);
  before.setEnd(container, offset);
  return textOf(before).length;
}

function textOf(range) {
  const part = range.cloneContents();
  for (const other of part.querySelectorAll(NOT_OF_THE_LINE)) other.remove();
  return part.textContent;
}
