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
  check: "M5 12.5l4.5 4.5L19 7",
  copy: "M9 9h10a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H9a1 1 0 0 1-1-1V10a1 1 0 0 1 1-1zM5 15H4a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1h10a1 1 0 0 1 1 1v1",
  reply: "M10 7L5 12l5 5M5 12h9a5 5 0 0 1 5 5v1",
  pencil: "M4 20l1-4L16.5 4.5a2.1 2.1 0 0 1 3 3L8 19zM14.5 6.5l3 3",
  more: "M5.5 12v.01M12 12v.01M18.5 12v.01",
  link: "M10 14a4.5 4.5 0 0 0 6.4 0l3-3A4.5 4.5 0 0 0 13 4.6l-1 1M14 10a4.5 4.5 0 0 0-6.4 0l-3 3A4.5 4.5 0 0 0 11 19.4l1-1",
  bin: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5",
  addSmile: "M20.5 10.5A9 9 0 1 1 13.5 3.2M8.5 14.2c.8 1.2 2 1.9 3.5 1.9s2.7-.7 3.5-1.9M9 9.5v.5M15 9.5v.5M19 2v6M16 5h6",
  search: "M18 11a7 7 0 1 1-14 0a7 7 0 0 1 14 0zM16 16l4.5 4.5",
  people: "M12.5 8a3.5 3.5 0 1 1-7 0a3.5 3.5 0 0 1 7 0zM2.5 20c0-3.6 2.9-6 6.5-6s6.5 2.4 6.5 6M16 4.8a3.5 3.5 0 0 1 0 6.4M18.5 14.8c1.9 1 3 2.8 3 5.2",
  bell: "M6 16V11a6 6 0 0 1 12 0v5l1.5 2.5h-15zM10 21h4",
  gear: "M15 12a3 3 0 1 1-6 0a3 3 0 0 1 6 0zM19.4 13.5l1.6 1.2l-1.9 3.3l-1.9-.8a7 7 0 0 1-2.2 1.3L14.7 21H9.3l-.3-2.5a7 7 0 0 1-2.2-1.3l-1.9.8L3 14.7l1.6-1.2a7 7 0 0 1 0-3L3 9.3L4.9 6l1.9.8a7 7 0 0 1 2.2-1.3L9.3 3h5.4l.3 2.5a7 7 0 0 1 2.2 1.3L19.1 6L21 9.3l-1.6 1.2a7 7 0 0 1 0 3z",
  plus: "M12 5v14M5 12h14",
  bold: "M7.5 5h5.5a3.5 3.5 0 0 1 0 7H7.5zM7.5 12h6.5a3.5 3.5 0 0 1 0 7H7.5z",
  code: "M8.5 7L3.5 12l5 5M15.5 7l5 5l-5 5",
  download: "M12 4v11M7 10.5l5 5l5-5M5 20h14",
  warning: "M12 4L2.5 20h19zM12 10v4.5M12 17.2v.3",
};

export const icon = (name) => html`
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d=${paths[name]} /></svg>`;
