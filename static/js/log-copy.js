// What goes to the clipboard from a selection in the stream: the text of the lines as
// it is kept. A row that shows a part of its line would otherwise be copied in part.

// range: what is selected; elements: the drawn rows; rowOf(element): the store's row.
// Null: the browser's own way is right.
export function copiedText(range, elements, rowOf) {
  const pieces = [];
  let isCut = false;
  for (const element of elements) {
    const row = range.intersectsNode(element) ? rowOf(element) : null;
    if (row?.kind !== "line") continue;
    const from = element.contains(range.startContainer) ? lengthBefore(element, range.startContainer, range.startOffset) : 0;
    const to = element.contains(range.endContainer) ? lengthBefore(element, range.endContainer, range.endOffset) : row.shown.length;
    // A selection up to the end of what is shown means the line's end.
    pieces.push(row.text.slice(from, to < row.shown.length ? to : undefined));
    isCut ||= row.shown !== row.text;
  }
  return pieces.length > 1 || isCut ? pieces.join("\n") : null;
}

// Characters of the line before a place in its row; not all that a row holds is of the line.
function lengthBefore(element, container, offset) {
  const before = document.createRange();
  before.selectNodeContents(element);
  before.setEnd(container, offset);
  const part = before.cloneContents();
  for (const other of part.querySelectorAll(".visually-hidden, .log-more")) other.remove();
  return part.textContent.length;
}
