// The letters and the colour of an avatar that is no picture. Pure.

const CJK = /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}/u;
const WHITE_CONTRAST = 4.6; // a little over the 4.5 asked, for rounding

// What a reader takes for one character: an emoji with its skin tone is one.
function graphemes(text) {
  if (globalThis.Intl?.Segmenter) {
    return Array.from(new Intl.Segmenter().segment(text), (part) => part.segment);
  }
  return Array.from(text);
}

export function initials(name) {
  // Names come with any length; the first few characters decide.
  const characters = graphemes(name.trim().slice(0, 64));
  const start = characters.findIndex((character) => /\p{L}|\p{N}|\p{Extended_Pictographic}/u.test(character));
  if (start === -1) return characters[0] ?? "?";
  const first = characters[start];
  if (!/\p{L}|\p{N}/u.test(first) || CJK.test(first)) return first;
  const second = characters[start + 1] ?? "";
  return (first + (/\p{L}|\p{N}/u.test(second) && !CJK.test(second) ? second : "")).toUpperCase();
}

// FNV-1a: spreads similar strings apart.
function hash(text) {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return value;
}

function hslToRgb(hue, saturation, lightness) {
  const chroma = saturation * Math.min(lightness, 1 - lightness);
  return [0, 8, 4].map((n) => {
    const k = (n + hue / 30) % 12;
    return Math.round(255 * (lightness - chroma * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  });
}

export function contrastWithWhite(rgb) {
  const [red, green, blue] = rgb.map((channel) => {
    const value = channel / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05);
}

// A hue from the text, as light as white letters on it allow: yellow has to be
// darker than blue for that.
export function colour(text) {
  const value = hash(text);
  const hue = (value % 24) * 15;
  for (let lightness = 0.6; ; lightness -= 0.01) {
    const rgb = hslToRgb(hue, 0.46, lightness);
    if (contrastWithWhite(rgb) >= WHITE_CONTRAST) return `rgb(${rgb.join(", ")})`;
  }
}
