// What is told in passing: announce(text) to screen readers alone, say(text) also in a small
// note over the page that goes by itself. Mount one <Announcer>.

import { html, ref } from "./html.js";

const SHOWN_MS = 2600;

const heard = ref({ text: "", turn: 0 });
const seen = ref("");
let timer = null;

// The same words twice are two announcements: each has another node.
export function announce(text) {
  heard.value = { text, turn: heard.value.turn + 1 };
}

export function say(text) {
  announce(text);
  seen.value = text;
  clearTimeout(timer);
  timer = setTimeout(() => { seen.value = ""; }, SHOWN_MS);
}

export const Announcer = {
  setup() {
    return () => html`
      <div class="visually-hidden" role="status"><span key=${heard.value.turn}>${heard.value.text}</span></div>
      ${seen.value && html`<p class="passing-note" aria-hidden="true">${seen.value}</p>`}`;
  },
};
