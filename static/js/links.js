// Finds the http and https addresses in a text: splitLinks(text) gives parts
// { text, href } in order, href null for what is no link. The parts' texts put
// together are the text. Pure; whoever draws it builds nodes from the parts.

// Up to white space and to marks that end an address in running text, the
// Chinese ones too; and to ** and ]( which in Markdown end what the address stands in.
const ADDRESS = /https?:\/\/(?:(?!\*\*|\]\()[^\s<>"'`\u3000-\u3003\u3008-\u3011\uff00-\uffef])+/gi;
const ADDRESS_HERE = new RegExp(ADDRESS, "iy");

const OPENER = { ")": "(", "]": "[", "}": "{" };

// "see https://example.org/a_(b)." ends before the full stop, and keeps the
// bracket it opened itself. Counted once: a message may be 64 KB of brackets.
function trimEnd(address) {
  const left = {};
  for (const character of address) left[character] = (left[character] ?? 0) + 1;
  let end = address.length;
  for (; end > 0; end -= 1) {
    const last = address[end - 1];
    const unopened = last in OPENER && left[last] > (left[OPENER[last]] ?? 0);
    if (!unopened && !".,;:!?*_~".includes(last)) break;
    left[last] -= 1;
  }
  return address.slice(0, end);
}

// Where an address leads, or null: only http and https lead anywhere.
export function href(address) {
  try {
    const url = new URL(address);
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : null;
  } catch {
    return null;
  }
}

function linkOf([match]) {
  const text = trimEnd(match);
  return { text, href: href(text) };
}

// What looks like an address at this place: { text, href, end }, with href null and the
// end of all of it where it is none; null if nothing here looks like one.
export function linkAt(text, at) {
  ADDRESS_HERE.lastIndex = at;
  const match = ADDRESS_HERE.exec(text);
  if (!match) return null;
  const { text: address, href: target } = linkOf(match);
  return target ? { text: address, href: target, end: at + address.length } : { text: match[0], href: null, end: at + match[0].length };
}

export function splitLinks(text) {
  const parts = [];
  let done = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const link = linkOf(match);
    if (link.href === null) continue;
    if (match.index > done) parts.push({ text: text.slice(done, match.index), href: null });
    parts.push(link);
    done = match.index + link.text.length;
  }
  if (done < text.length || parts.length === 0) parts.push({ text: text.slice(done), href: null });
  return parts;
}
