// What stands in a line of a message: inlinesOf(text, names) gives, in order,
//
//   { type: "text", text }                     { type: "code", text }
//   { type: "strong" | "em", children }        { type: "mention", text, name }
//   { type: "link", href, address, children }  address as it was typed
//
// Read once from left to right, in linear time whatever the text: a marker that may open
// is remembered until one closes it, at most one of a kind, the newest. Pure; see markdown.js.

import { href, linkAt } from "./links.js";
import { isVisible } from "./visible.js";

const MARKERS = /`+|\*+|_+|\[|\]|@|\n|https?:\/\//gi;
const ANY_MARKER = /[*_`[@]|https?:\/\//i;
const EMPTY_LINES = /(\n[^\S\n]*\n\s*)/;

// Scripts that are written without spaces (and Korean, whose particles follow without one):
// a marker between two of their letters may open and close.
const SPACELESS = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}ー々〆]/u;
const LETTER = /[\p{L}\p{N}\p{M}]/u;
const PICTURE = /[\p{So}\ufe0f\u200d]|\p{Emoji_Modifier}/u;
const OUTSIDE = /[\s\p{P}]/u;         // may stand outside of * and _ …
const NOT_OUTSIDE = /[/\\&%#@]/;      // … but these: dist/*, ¯\_(ツ)_/¯
const OPENING = /[\p{Ps}\p{Pi}]/u;
const INSIDE = /[\p{L}\p{N}\p{Sc}\p{So}"'“‘«「『#@`*_]/u; // may follow an opening * or _: no *.txt, no *)
const SOMETHING = /[^\s*_`]/u;

export function inlinesOf(text, names = []) {
  if (!ANY_MARKER.test(text)) return [{ type: "text", text }];
  const mentionAt = mentionFinder(names);
  // An empty line ends whatever was open.
  return text.split(EMPTY_LINES).flatMap((part) => new Line(part, mentionAt).parse()).reduce(joined, []);
}

class Line {
  #nodes = [];
  #stack = [];      // what is open: { kind, node, end, before }
  #open = {};       // the newest of each kind
  #done = 0;        // up to here the text is in the nodes
  #ticks = null;

  constructor(text, mentionAt) {
    Object.assign(this, { text, mentionAt });
  }

  parse() {
    MARKERS.lastIndex = 0;
    for (let match; (match = MARKERS.exec(this.text));) {
      MARKERS.lastIndex = this.#take(match[0], match.index) ?? match.index + match[0].length;
    }
    this.#textUpTo(this.text.length);
    return this.#nodes;
  }

  // Gives where to read on, if not behind the marker.
  #take(marker, at) {
    switch (marker[0]) {
      case "`": return this.#code(marker, at);
      case "*": return marker.length > 3 ? null : this.#emphasis(marker, at);
      case "_": return marker.length > 1 ? null : this.#emphasis(marker, at); // __init__
      case "[": return this.#push("[", at, at + 1);
      case "]": return this.#link(at);
      case "@": return this.#mention(at);
      case "\n": return this.#endOfLine();
      default: return this.#address(at);
    }
  }

  #textUpTo(end) {
    if (end > this.#done) this.#nodes.push({ type: "text", text: this.text.slice(this.#done, end) });
    this.#done = end;
  }

  #put(node, from, end) {
    this.#textUpTo(from);
    this.#nodes.push(node);
    this.#done = end;
    return end;
  }

  // Open and close

  #push(kind, from, end) {
    this.#textUpTo(from);
    const entry = { kind, node: this.#nodes.length, end, before: kind === "[" ? this.#open[kind] : null };
    this.#textUpTo(end); // its marker is text until it is closed
    this.#stack.push(entry);
    this.#open[kind] = entry;
    return null;
  }

  // Whatever was opened behind `entry` stays text. Gives the nodes since then.
  #close(entry, at) {
    this.#textUpTo(at);
    for (let last; last !== entry;) {
      last = this.#stack.pop();
      if (this.#open[last.kind] === last) this.#open[last.kind] = last.before;
    }
    return this.#nodes.splice(entry.node).slice(1);
  }

  // A single * or _ that is open at the end of its line is a star, not emphasis.
  #endOfLine() {
    this.#open["*"] = null;
    this.#open._ = null;
    return null;
  }

  #emphasis(marker, at) {
    const end = at + marker.length;
    const before = characterBefore(this.text, at);
    const after = characterAfter(this.text, end);
    const kinds = { "*": ["*"], "**": ["**"], "***": ["**", "*"], _: ["_"] }[marker];
    let from = at;
    for (const kind of kinds.filter((one) => mayClose(one, before, after)).sort((a, b) => this.#depth(b) - this.#depth(a))) {
      const entry = this.#open[kind];
      if (!entry) continue;
      if (!SOMETHING.test(this.text.slice(entry.end, from))) {
        this.#open[kind] = null; // nothing in between: two smileys, not emphasis
        continue;
      }
      const children = this.#close(entry, from);
      this.#put({ type: kind === "**" ? "strong" : "em", children }, from, from + kind.length);
      from += kind.length;
    }
    if (from > at) return from;
    for (const kind of kinds) {
      if (mayOpen(kind, before, after)) this.#push(kind, from, from + kind.length);
      from += kind.length;
    }
    return end;
  }

  #depth(kind) {
    return this.#open[kind]?.node ?? -1;
  }

  // [words](https://address)
  #link(at) {
    const entry = this.#open["["];
    if (!entry) return null;
    const target = this.text[at + 1] === "(" ? addressIn(this.text, at + 2) : null;
    const label = this.text.slice(entry.end, at);
    if (!target || !isVisible(label)) {
      this.#open["["] = entry.before;
      return null;
    }
    this.#textUpTo(at);
    const inner = this.#nodes.slice(entry.node + 1);
    if (leadsElsewhere(inner, target.href)) {
      this.#open["["] = null;
      return null;
    }
    const children = withoutLinks(this.#close(entry, at));
    this.#open["["] = null; // no link in a link
    return this.#put({ type: "link", href: target.href, address: target.address, children }, at, target.end);
  }

  // Whole in themselves

  // As many backticks close as have opened. One or two do so in the same line.
  #code(marker, at) {
    const { length } = marker;
    const from = at + length;
    if (length === 1 && isWord(characterBefore(this.text, at)) && isWord(characterAfter(this.text, from))) return null; // don`t
    const to = this.#nextTicks(length, from);
    if (to === undefined) return null;
    const text = this.text.slice(from, to);
    if (length < 3 && text.includes("\n")) return null;
    const padded = text.startsWith(" ") && text.endsWith(" ") && isVisible(text); // `` `a` ``
    return this.#put({ type: "code", text: padded ? text.slice(1, -1) : text }, at, to + length);
  }

  #nextTicks(length, from) {
    this.#ticks ??= ticksIn(this.text);
    const places = this.#ticks.get(length);
    while (places.length > 0 && places.at(-1) < from) places.pop(); // they are kept from the last to the first
    return places.at(-1);
  }

  #mention(at) {
    const name = this.mentionAt(this.text, at);
    return name ? this.#put({ type: "mention", text: `@${name}`, name }, at, at + 1 + name.length) : null;
  }

  #address(at) {
    const link = linkAt(this.text, at);
    if (!link?.href) return link && link.end;
    const { text } = link;
    return this.#put({ type: "link", href: link.href, address: text, children: [{ type: "text", text }] }, at, link.end);
  }
}

// Where markers may open and close. ** does so beside spaceless scripts and marks of any
// kind; * and _ only where a word begins or ends, since they mean other things more often.

function mayOpen(kind, before, after) {
  if (after === "" || /\s/.test(after)) return false;
  if (kind === "**") return !isWord(before) && !/[/\\]/.test(after);
  return isOutside(before) && (INSIDE.test(after) || PICTURE.test(after));
}

function mayClose(kind, before, after) {
  if (before === "" || /\s/.test(before)) return false;
  if (kind === "**") return !isWord(after) && !/[/\\]/.test(before);
  return isOutside(after) && !OPENING.test(after) && !OPENING.test(before);
}

const isWord = (character) => LETTER.test(character) && !SPACELESS.test(character) && character !== "\ufe0f";
const isOutside = (character) => character === "" || PICTURE.test(character) || (OUTSIDE.test(character) && !NOT_OUTSIDE.test(character));

// Whole ones, not the halves of a pair.
function characterBefore(text, at) {
  const isPair = at > 1 && /[\udc00-\udfff]/.test(text[at - 1]) && /[\ud800-\udbff]/.test(text[at - 2]);
  return text.slice(isPair ? at - 2 : Math.max(0, at - 1), at);
}
const characterAfter = (text, at) => (at < text.length ? String.fromCodePoint(text.codePointAt(at)) : "");

// The address up to the bracket that closes it; it may have pairs of its own.
function addressIn(text, at) {
  if (!/^https?:\/\//i.test(text.slice(at, at + 8))) return null;
  let depth = 0;
  for (let end = at; end < text.length; end += 1) {
    const character = text[end];
    if (/[\s<>[\]]/.test(character)) return null;
    if (character === "(") depth += 1;
    if (character !== ")") continue;
    if (depth === 0) {
      const address = text.slice(at, end);
      const target = href(address);
      return target && { address, href: target, end: end + 1 };
    }
    depth -= 1;
  }
  return null;
}

// Words that are an address must be the one they lead to.
const leadsElsewhere = (nodes, target) => nodes.some((node) => (node.type === "link"
  ? node.href !== target : leadsElsewhere(node.children ?? [], target)));

const withoutLinks = (nodes) => nodes.map((node) => {
  if (node.type === "link" || node.type === "mention") return { type: "text", text: node.address ?? node.text };
  return node.children ? { ...node, children: withoutLinks(node.children) } : node;
});

function ticksIn(text) {
  const places = new Map();
  for (const { 0: { length }, index } of Array.from(text.matchAll(/`+/g)).reverse()) {
    if (!places.has(length)) places.set(length, []);
    places.get(length).push(index);
  }
  return places;
}

// As the server finds them (chatapp/chat/mentions.py): the longest name, and where a word
// ends, but for scripts without spaces.
function mentionFinder(names) {
  const wanted = [...new Set(names)].filter(Boolean).sort((a, b) => b.length - a.length).map((name) => name.toLowerCase());
  const goesOn = (text, end) => isOfWord(text[end - 1] ?? "") && isOfWord(text[end] ?? "");
  return (text, at) => {
    if (/\w/.test(text[at - 1] ?? "")) return null; // an e-mail address
    for (const name of wanted) {
      const end = at + 1 + name.length;
      const found = text.slice(at + 1, end);
      if (found.toLowerCase() === name && !goesOn(text, end)) return found;
    }
    return null;
  };
}

const isOfWord = (character) => character !== "" && character < "\u0e00" && /[\p{L}\p{N}_]/u.test(character);

function joined(nodes, node) {
  const own = node.children ? { ...node, children: node.children.reduce(joined, []) } : node;
  const last = nodes.at(-1);
  if (own.type === "text" && last?.type === "text") nodes[nodes.length - 1] = { type: "text", text: last.text + own.text };
  else nodes.push(own);
  return nodes;
}
