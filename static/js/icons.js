// The few icons, drawn with the text's colour. Always beside words or on a button
// that has a name, so they say nothing to a screen reader themselves.

import { html } from "./html.js";

const paths = {
  menu: "M4 6h16M4 12h16M4 18h16",
  close: "M6 6l12 12M18 6L6 18",
  sun: "M12 4V2M12 22v-2M4 12H2M22 12h-2M6.3 6.3L4.9 4.9M19.1 19.1l-1.4-1.4M6.3 17.7l-1.4 1.4M19.1 4.9l-1.4 1.4M16 12a4 4 0 1 1-8 0a4 4 0 0 1 8 0z",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4A8.5 8.5 0 1 0 20 14.5z",
  leave: "M15 4h3a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2h-3M10 8l-4 4l4 4M6 12h10",
  smile: "M21 12a9 9 0 1 1-18 0a9 9 0 0 1 18 0zM8.5 14.2c.8 1.2 2 1.9 3.5 1.9s2.7-.7 3.5-1.9M9 9.5v.5M15 9.5v.5",
  clock: "M21 12a9 9 0 1 1-18 0a9 9 0 0 1 18 0zM12 7v5l3 2",
  down: "M12 5v14M6 13l6 6l6-6",
  pause: "M9 6v12M15 6v12",
  play: "M8 5.5v13l10-6.5z",
  wrap: "M4 6h16M4 12h13a3 3 0 0 1 0 6h-4M15 15.5L12.5 18l2.5 2.5M4 18h5",
  filter: "M4 7h16M7 12h10M10 17h4",
  turn: "M20 11A8 8 0 0 0 5.6 7M4 13a8 8 0 0 0 14.4 4M5 3v4h4M19 21v-4h-4",
  warning: "M12 4L2.5 20h19zM12 10v4.5M12 17.2v.3",
};

export const icon = (name) => html`
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d=${paths[name]} /></svg>`;
