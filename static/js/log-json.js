// JSON read for showing: a tree of places in the text, so that every value can be shown as
// it is written (JSON.parse would round long numbers, drop doubled keys and sort others).
// Linear in the text, whatever stands in it. Pure.
//
// A node is { type: "object" | "array" | "string" | "number" | "literal" | "raw", start, end,
// entries: [{ key, node }] }; "raw" is what lies too deep, or was cut off.

const DEEPEST = 60;

// The object or array that begins at `start`, or null. canEnd: the text may stop anywhere,
// then what there is counts and the node is marked `isCut`.
export function parseJson(text, start = 0, canEnd = false) {
  const reader = new Reader(text, start, canEnd);
  const root = reader.value(0);
  if (root === null || (root.type !== "object" && root.type !== "array")) return null;
  root.isCut = reader.isCut;
  return root;
}

// What a value is to a reader: a string without its quotes, all else as it is written.
export function valueText(text, node) {
  const written = text.slice(node.start, node.end);
  return node.type === "string" ? unescaped(written) : written;
}

function unescaped(written) {
  if (!written.includes("\\")) return written.slice(1, -1);
  try {
    return JSON.parse(written);
  } catch {
    return written.slice(1, -1);
  }
}

const isBlank = (code) => code === 32 || code === 9 || code === 10 || code === 13;
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const LITERAL = /true|false|null|NaN|-?Infinity/y;

class Reader {
  isCut = false;

  constructor(text, at, canEnd) {
    Object.assign(this, { text, at, canEnd });
  }

  // null: this is no JSON.
  value(depth) {
    this.#skip();
    const first = this.text[this.at];
    if (first === "{" || first === "[") return depth >= DEEPEST ? this.#deep() : this.#nest(first === "{" ? "object" : "array", depth);
    if (first === '"') return this.#string();
    return this.#pattern(NUMBER, "number") ?? this.#pattern(LITERAL, "literal") ?? this.#ended(this.at);
  }

  #nest(type, depth) {
    const node = { type, start: this.at, end: 0, entries: [] };
    const close = type === "object" ? "}" : "]";
    this.at += 1;
    for (let isFirst = true; ; isFirst = false) {
      this.#skip();
      if (this.text[this.at] === close) {
        this.at += 1;
        break;
      }
      if (!isFirst) {
        if (this.text[this.at] !== ",") return this.#stopped(node);
        this.at += 1;
        this.#skip();
      }
      const entry = this.#entry(type, depth, node.entries.length);
      if (entry === null) return this.#stopped(node);
      node.entries.push(entry);
      if (this.isCut) break;
    }
    node.end = this.at;
    return node;
  }

  #entry(type, depth, index) {
    if (type === "array") {
      const node = this.value(depth + 1);
      return node && { key: String(index), node };
    }
    if (this.text[this.at] !== '"') return null;
    const name = this.#string();
    if (name === null || name.type === "raw") return null;
    this.#skip();
    if (this.text[this.at] !== ":") return null;
    this.at += 1;
    const node = this.value(depth + 1);
    return node && { key: valueText(this.text, name), node };
  }

  #string() {
    const start = this.at;
    let end = this.text.indexOf('"', start + 1);
    while (end >= 0 && this.#isEscaped(end, start)) end = this.text.indexOf('"', end + 1);
    if (end < 0) return this.#ended(start, true);
    this.at = end + 1;
    return { type: "string", start, end: this.at };
  }

  // An odd number of backslashes before it. They are counted back to the quote before at most: linear.
  #isEscaped(at, start) {
    let count = 0;
    for (let index = at - 1; index > start && this.text.charCodeAt(index) === 92; index -= 1) count += 1;
    return count % 2 === 1;
  }

  #pattern(pattern, type) {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (match === null) return null;
    const start = this.at;
    this.at += match[0].length;
    return { type, start, end: this.at };
  }

  // Too deep to draw: over it, by its brackets.
  #deep() {
    const start = this.at;
    let open = 0;
    while (this.at < this.text.length) {
      const sign = this.text[this.at];
      if (sign === '"') {
        if (this.#string() === null || this.isCut) break;
        continue;
      }
      this.at += 1;
      if (sign === "{" || sign === "[") open += 1;
      if (sign === "}" || sign === "]") open -= 1;
      if (open === 0) return { type: "raw", start, end: this.at };
    }
    return this.#ended(start, true);
  }

  // The text is at its end within a value.
  #ended(start, isWithin = false) {
    if (!this.canEnd || (!isWithin && this.text.length - start > 40)) return null;
    this.isCut = true;
    this.at = this.text.length;
    return { type: "raw", start, end: this.at };
  }

  // Between two values: the rest, if there can be one, is shown as it is.
  #stopped(node) {
    if (!this.canEnd || node.entries.length === 0) return null;
    this.isCut = true;
    node.entries.push({ key: "…", node: { type: "raw", start: this.at, end: this.text.length } });
    node.end = this.at = this.text.length;
    return node;
  }

  #skip() {
    while (isBlank(this.text.charCodeAt(this.at))) this.at += 1;
  }
}
