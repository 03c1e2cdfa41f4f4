// Finds the http and https addresses in a text: splitLinks(text) gives parts
// { text, href } in order, href null for what is no link. The parts' texts put
// together are the text. Pure; whoever draws it builds nodes from the parts.

// Up to white space and to marks that end an address in running text, the
// Chinese ones too.
const ADDRESS = /https?:\/\/[^\s<>"'`\u3000-\u3003\u3008-\u3011\uff00-\uffef]+/gi;

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

function href(address) {
  try {
    const url = new URL(address);
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : null;
  } catch {
    return null;
  }
}

export function splitLinks(text) {
  const parts = [];
  let done = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = trimEnd(match[0]);
    const target = href(address);
    if (target === null) continue;
    if (match.index > done) parts.push({ text: text.slice(done, match.index), href: null });
    parts.push({ text: address, href: target });
    done = match.index + address.length;
  }
  if (done < text.length || parts.length === 0) parts.push({ text: text.slice(done), href: null });
  return parts;
}
