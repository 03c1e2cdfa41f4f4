// Colours of ANSI sequences: a line as programs write it for a terminal, to the text that is
// seen and the runs of it that look alike. Everything else that begins with an escape is
// removed; what is left of the control characters is shown by log-text.js. A line begins
// without colours, whatever the one before did. Pure; the page draws runs as text nodes.
//
// The 16 colours have classes, so that each theme has readable ones of its own. Others, and
// all that stands on a coloured ground, come as a `style` for the CSSOM (which a strict
// content policy allows), moved until the contrast is 4.5:1 in the light and in the dark.

const ESC = "\x1b";
// CSI ... final | OSC ... BEL or ST | DCS, SOS, PM, APC ... ST | one character, perhaps with intermediates.
// The strings among them hold no other escape and have a bound: one that does not end costs and hides nothing.
const SEQUENCE = /\x1b(?:\[(?! )([0-?]*)[ -/]*([@-~])|\][^\x07\x1b]{0,2000}(?:\x07|\x1b\\)|[PX^_][^\x1b]{0,2000}\x1b\\|[ -/]+[0-~]|[0-OQ-WYZ\\`-~])/g;

// The text without its sequences. Most lines have none.
// Without its colours, quickly: for what is looked for in every line that comes.
const COLOURS = /\x1b\[[\d;:]*m/g;
export const withoutColours = (text) => (text.indexOf("\x1b[") < 0 ? text : text.replace(COLOURS, ""));

export function plainOf(raw) {
  return raw.includes(ESC) ? raw.replace(SEQUENCE, "") : raw;
}

// Runs [{ text, classes: [...], style: {...} | null }] in order; their texts together are plainOf(raw).
export function parseAnsi(raw) {
  if (!raw.includes(ESC)) return [{ text: raw, classes: NO_CLASSES, style: null }];
  const runs = [];
  const state = freshLook();
  let done = 0;
  const add = (to) => {
    if (to > done) runs.push({ text: raw.slice(done, to), ...lookOf(state) });
  };
  SEQUENCE.lastIndex = 0;
  for (let match = SEQUENCE.exec(raw); match !== null; match = SEQUENCE.exec(raw)) {
    add(match.index);
    done = match.index + match[0].length;
    if (match[2] === "m") apply(state, match[1]);
  }
  add(raw.length);
  return runs.length > 0 ? runs : [{ text: "", classes: NO_CLASSES, style: null }];
}

const NO_CLASSES = Object.freeze([]);

// colour, ground: null, 0..255 of the palette, or [red, green, blue].
const freshLook = () => ({ colour: null, ground: null, bold: false, dim: false, italic: false, underline: false, struck: false, inverse: false });

// One sequence's numbers, as "1;38;5;208" or "38:2::10:20:30".
function apply(state, numbers) {
  const parts = numbers.split(";");
  for (let at = 0; at < parts.length; at += 1) {
    const [head, ...more] = parts[at].split(":");
    const code = head === "" ? 0 : Number(head);
    if (code === 38 || code === 48 || code === 58) {
      const [colour, used] = more.length > 0 ? [colourOf(more.map(Number), true), 0] : longColour(parts, at + 1);
      if (code === 38) state.colour = colour ?? state.colour;
      if (code === 48) state.ground = colour ?? state.ground;
      at += used;
    } else applyCode(state, code, more);
  }
}

function longColour(parts, at) {
  const kind = Number(parts[at]);
  const used = kind === 5 ? 2 : kind === 2 ? 4 : parts.length; // of an unknown kind nobody knows how much belongs to it
  return [colourOf(parts.slice(at, at + used).map(Number), false), used];
}

// [5, n] or [2, r, g, b]; with colons there may be a colour space before red.
function colourOf([kind, ...rest], hasColons) {
  const isByte = (value) => Number.isInteger(value) && value >= 0 && value <= 255;
  if (kind === 5 && isByte(rest[0])) return rest[0];
  const rgb = hasColons && rest.length > 3 ? rest.slice(1, 4) : rest.slice(0, 3);
  return kind === 2 && rgb.length === 3 && rgb.every(isByte) ? rgb : null;
}

function applyCode(state, code, more) {
  if (code === 0) Object.assign(state, freshLook());
  else if (code === 1) state.bold = true;
  else if (code === 2) state.dim = true;
  else if (code === 3) state.italic = true;
  else if (code === 4) state.underline = more[0] !== "0";
  else if (code === 7) state.inverse = true;
  else if (code === 9) state.struck = true;
  else if (code === 21) state.underline = true;
  else if (code === 22) state.bold = state.dim = false;
  else if (code === 23) state.italic = false;
  else if (code === 24) state.underline = false;
  else if (code === 27) state.inverse = false;
  else if (code === 29) state.struck = false;
  else if (code === 39) state.colour = null;
  else if (code === 49) state.ground = null;
  else if (code >= 30 && code <= 37) state.colour = code - 30;
  else if (code >= 40 && code <= 47) state.ground = code - 40;
  else if (code >= 90 && code <= 97) state.colour = code - 82;
  else if (code >= 100 && code <= 107) state.ground = code - 92;
}

const MARKS = ["bold", "italic", "underline", "struck"];

function lookOf(state) {
  const classes = MARKS.filter((name) => state[name]).map((name) => `ansi-${name}`);
  const { colour, ground, inverse } = state;
  if (ground === null && !inverse) {
    if (colour === null) return { classes: state.dim ? [...classes, "ansi-dim"] : classes.length > 0 ? classes : NO_CLASSES, style: null };
    if (typeof colour === "number" && colour < 16) return { classes: [...classes, `ansi-${colour}`], style: null };
    return { classes, style: { color: readable(rgbOf(colour)) } };
  }
  if (ground === null && colour === null) return { classes: [...classes, "ansi-inverse"], style: null };
  const [front, back] = inverse ? [ground, colour] : [colour, ground];
  return { classes: [...classes, "ansi-ground"], style: onGround(front, back) };
}

// Colours.

const BASE = ["1e1e1e", "c0392b", "2d8a57", "a86a12", "2b6cd9", "9a3fb0", "0f8291", "d0d0cc", "6b7078", "e05545", "3fa76d", "d9a032", "5b8ff0", "c06bd6", "30a8b8", "ffffff"]
  .map((hex) => [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16)));
const STEPS = [0, 95, 135, 175, 215, 255];

function rgbOf(colour) {
  if (typeof colour !== "number") return colour;
  if (colour < 16) return BASE[colour];
  if (colour >= 232) return Array(3).fill(8 + (colour - 232) * 10);
  const place = colour - 16;
  return [STEPS[Math.floor(place / 36)], STEPS[Math.floor(place / 6) % 6], STEPS[place % 6]];
}

const luminance = (rgb) => {
  const [r, g, b] = rgb.map((value) => (value <= 10.31 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
export const contrast = (one, other) => {
  const [a, b] = [luminance(one), luminance(other)].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
};

// The grounds text stands on: of the page and of an error's row, which is the harder one.
export const GROUNDS = { light: [253, 236, 235], dark: [58, 31, 31] };
const ENOUGH = 4.6; // rounding takes a little
const WHITE = [255, 255, 255];
const BLACK = [0, 0, 0];

// The colour mixed with white or black until it can be read on the ground.
export function readableOn(rgb, ground) {
  const target = luminance(ground) > 0.18 ? BLACK : WHITE;
  for (let part = 0; part < 1; part += 0.05) {
    const mixed = rgb.map((value, at) => Math.round(value + (target[at] - value) * part));
    if (contrast(mixed, ground) >= ENOUGH) return mixed;
  }
  return target;
}

const hex = (rgb) => `#${rgb.map((value) => value.toString(16).padStart(2, "0")).join("")}`;

const made = new Map(); // true colours are many: a bound
function readable(rgb) {
  const key = hex(rgb);
  if (!made.has(key)) {
    if (made.size > 500) made.clear();
    made.set(key, `light-dark(${hex(readableOn(rgb, GROUNDS.light))}, ${hex(readableOn(rgb, GROUNDS.dark))})`);
  }
  return made.get(key);
}

// On a ground of its own: the same in both themes. Without a colour of the ground (inverse) it is the text's.
function onGround(front, back) {
  if (back === null) return { color: "var(--page)", backgroundColor: "var(--text)" };
  const ground = rgbOf(back);
  const text = front === null ? (luminance(ground) > 0.18 ? BLACK : WHITE) : readableOn(rgbOf(front), ground);
  return { color: hex(text), backgroundColor: hex(ground) };
}
