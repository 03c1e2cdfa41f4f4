// How this browser wants its logs: kept under one name by storage.js.

import { TIME_MODES } from "./log-times.js";
import { recall, remember } from "./storage.js";

const NAME = "logs";
const ORDERS = ["arrival", "time"];
export const SIZES = [12, 13, 14, 16];

export function freshSettings(isNarrow = globalThis.matchMedia?.("(max-width: 699px)").matches ?? false) {
  const kept = recall(NAME) ?? {};
  return {
    wrap: typeof kept.wrap === "boolean" ? kept.wrap : isNarrow,
    times: TIME_MODES.includes(kept.times) ? kept.times : "written", // how time stamps are shown
    order: ORDERS.includes(kept.order) ? kept.order : "arrival", // of several files
    folded: kept.folded !== false,                               // stack traces
    bars: kept.bars !== false,                                   // lines over time
    ansi: kept.ansi !== false,                                   // the colours that programs write
    size: SIZES.includes(kept.size) ? kept.size : isNarrow ? 12 : 13, // of the text, px
  };
}

export const keepSettings = (settings) => remember(NAME, { ...settings });
