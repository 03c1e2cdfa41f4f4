// How much is unread, where it is seen while one is elsewhere: in the page's title and on
// its icon. Muted rooms do not count.

import { formatNumber } from "./i18n.js";

// rooms: with name, kind, member, unread, mentions. setting(name, kind): as preferences.js has
// it. `urgent` are those that mention one, and direct ones.
export function countUnread(rooms, setting) {
  let count = 0;
  let urgent = 0;
  for (const { name, kind, member, unread, mentions } of rooms) {
    if (!member || setting(name, kind) === "muted") continue;
    count += unread;
    urgent += kind === "direct" ? unread : mentions;
  }
  return { count, urgent };
}

export const titleWords = ({ name, count }) => (count > 0 ? `(${formatNumber(count)}) ${name}` : name);

// What stands on the icon: "" for a dot, null for nothing.
export const badgeWords = ({ count, urgent }) => (urgent > 99 ? "99+" : urgent > 0 ? String(urgent) : count > 0 ? "" : null);

const SIZE = 64;
const ICON = "#2b6cd9";
const ALERT = "#c03a2f";

export class Title {
  #badge = null;
  #link = null;
  #original = null;

  constructor(document = globalThis.document) {
    this.document = document;
  }

  // name: what the title says when nothing is unread.
  show({ name, count, urgent }) {
    const words = titleWords({ name, count });
    if (this.document.title !== words) this.document.title = words;
    const badge = badgeWords({ count, urgent });
    if (badge === this.#badge) return;
    this.#badge = badge;
    this.#showIcon(badge);
  }

  #showIcon(badge) {
    this.#link ??= this.document.querySelector("link[rel=icon]");
    if (!this.#link) return;
    this.#original ??= { href: this.#link.href, type: this.#link.type };
    // The content policy lets images be data, and the icon is one.
    const drawn = badge === null ? null : this.#draw(badge);
    Object.assign(this.#link, drawn ? { href: drawn, type: "image/png" } : this.#original);
  }

  #draw(badge) {
    const canvas = this.document.createElement("canvas");
    canvas.width = SIZE;
    canvas.height = SIZE;
    const pen = canvas.getContext?.("2d");
    if (!pen) return null;
    // The two fields of icon.svg.
    pen.fillStyle = ICON;
    pen.fillRect(12, 4, 20, 28);
    pen.fillRect(32, 32, 20, 28);
    drawBadge(pen, badge);
    return canvas.toDataURL("image/png");
  }
}

function drawBadge(pen, words) {
  const radius = words === "" ? 12 : 19;
  const [x, y] = [SIZE - radius - 1, radius + 1];
  // A ring of nothing around it, so that it stands off from the icon on any ground.
  pen.globalCompositeOperation = "destination-out";
  circle(pen, x, y, radius + 4);
  pen.globalCompositeOperation = "source-over";
  pen.fillStyle = words === "" ? ICON : ALERT;
  circle(pen, x, y, radius);
  pen.fillStyle = "#ffffff";
  pen.font = `700 ${words.length > 2 ? 19 : 27}px system-ui, sans-serif`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(words, x, y + 2);
}

function circle(pen, x, y, radius) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fill();
}
