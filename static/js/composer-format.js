// What the buttons B and </> do to a text and its selection: put marks around it, or take
// them away again. Pure: { text, start, end } in, the part to replace and the new selection out.

// { from, to, insert, start, end }: put `insert` in the place of from..to, then select start..end.
export function bold(field) {
  return wrap(field, "**", "**");
}

// A selection of several lines becomes a block of its own.
export function code(field) {
  const selected = field.text.slice(field.start, field.end);
  if (!selected.includes("\n")) return wrap(field, "`", "`");
  const before = field.start === 0 || field.text[field.start - 1] === "\n" ? "" : "\n";
  const after = field.end === field.text.length || field.text[field.end] === "\n" ? "" : "\n";
  return wrap(field, `${before}\`\`\`\n`, `\n\`\`\`${after}`);
}

// A change in two steps that leave what is selected alone: the mark behind it, then the one before
// it. Browsers take seconds to put in thousands of lines.
export function atEnds({ start, end }, { from, to, insert, start: first, end: last }) {
  return [{ from: end, to, insert: insert.slice(last - from) }, { from, to: start, insert: insert.slice(0, first - from) }];
}

function wrap({ text, start, end }, before, after) {
  const selected = text.slice(start, end);
  const isAround = text.slice(start - before.length, start) === before && text.slice(end, end + after.length) === after;
  if (isAround) {
    const from = start - before.length;
    return { from, to: end + after.length, insert: selected, start: from, end: from + selected.length };
  }
  return { from: start, to: end, insert: before + selected + after, start: start + before.length, end: end + before.length };
}
