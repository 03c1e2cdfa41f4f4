// The strip of bars over the stream: lines over time by level. A press on a bar goes there;
// with the keyboard it is one stop, the arrows go from bar to bar and Enter goes there.
// The counting is log-buckets.js's.

import { formatter } from "./dates.js";
import { html, ref } from "./html.js";
import { formatNumber, t } from "./i18n.js";

const HEIGHT = 40; // of the drawing; the strip may be of another
const ERROR = 0;
const WARN = 1;
// Drawn from below: what is common is grey.
const LAYERS = [["other", [2, 3, 4]], ["warn", [WARN]], ["error", [ERROR]]];
const WIDEST = 28; // px of a bar: a few of them do not fill the strip
const LEAST = 2; // a bar with one error among thousands of lines shows it

const sum = (counts) => counts.reduce((total, count) => total + count, 0);

// The shapes of the layers: [{ name, path }], in a drawing of counts.length times HEIGHT.
export function shapesOf(counts) {
  const most = Math.max(1, ...counts.map(sum));
  const paths = LAYERS.map(([name]) => ({ name, path: "" }));
  for (const [at, bar] of counts.entries()) {
    let bottom = HEIGHT;
    for (const [layer, [, places]] of LAYERS.entries()) {
      const count = places.reduce((total, place) => total + bar[place], 0);
      if (count <= 0) continue;
      const height = Math.max(LEAST, (count / most) * HEIGHT);
      const top = Math.max(0, bottom - height);
      paths[layer].path += `M${at + 0.08} ${bottom.toFixed(1)}V${top.toFixed(1)}h.84V${bottom.toFixed(1)}z`;
      bottom = top;
    }
  }
  return paths;
}

export const Histogram = {
  // buckets: { from, step, counts: [[error, warn, info, debug, other], ...], kind: "parsed" | "arrival" } or null.
  // view: [from, to] in ms: what the stream shows; null: not known.
  props: { buckets: Object, view: Array },
  emits: ["jump"],
  setup(props, { emit }) {
    const at = ref(-1);          // the bar that is pointed at
    const hasFocus = ref(false);
    const strip = ref(null);

    const count = () => props.buckets.counts.length;
    const clamp = (index) => Math.max(0, Math.min(count() - 1, index));
    const barAt = ({ clientX }) => {
      const { left, width } = strip.value.getBoundingClientRect();
      return clamp(Math.floor(((clientX - left) / width) * count()));
    };
    const go = (index) => emit("jump", props.buckets.from + index * props.buckets.step);
    const pressed = (event) => {
      at.value = barAt(event);
      go(at.value);
    };
    const moves = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -1e9, End: 1e9 };
    const keyed = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key in moves) at.value = clamp((at.value < 0 ? count() : at.value) + moves[event.key]);
      else if (event.key === "Enter" || event.key === " ") go(clamp(at.value));
      else return;
      event.preventDefault();
      event.stopPropagation();
    };
    const focused = () => {
      hasFocus.value = true;
      if (at.value < 0) at.value = count() - 1;
    };
    const left = () => { if (!hasFocus.value) at.value = -1; };
    const blurred = () => {
      hasFocus.value = false;
      at.value = -1;
    };

    const clock = (ms) => {
      const { step } = props.buckets;
      const options = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...(step < 60_000 && { second: "2-digit" }) };
      const isDay = step * count() > 20 * 3_600_000;
      return formatter(isDay ? { month: "short", day: "numeric", ...options } : options).format(ms);
    };
    const figures = (bar) => [
      t("loghist.lines", { count: sum(bar) }),
      bar[ERROR] > 0 && t("loghist.errors", { count: bar[ERROR] }),
      bar[WARN] > 0 && t("loghist.warnings", { count: bar[WARN] }),
    ].filter(Boolean).join(", ");
    const told = (index) => {
      const { from, step, counts } = props.buckets;
      return t("loghist.bar", { from: clock(from + index * step), to: clock(from + (index + 1) * step), figures: figures(counts[index]) });
    };
    const summary = () => {
      const { from, step, counts, kind } = props.buckets;
      const all = [0, 1, 2, 3, 4].map((place) => counts.reduce((total, bar) => total + bar[place], 0));
      return t(kind === "parsed" ? "loghist.summary" : "loghist.summaryArrival", { from: clock(from), to: clock(from + counts.length * step), figures: figures(all) });
    };

    const viewed = () => {
      if (!props.view) return null;
      const { from, step } = props.buckets;
      const [start, end] = props.view.map((ms) => Math.max(0, Math.min(count(), (ms - from) / step)));
      if (!(end >= start)) return null;
      return html`<span class="log-hist-view" style=${{ left: `${(start / count()) * 100}%`, width: `${Math.max(0.4, ((end - start) / count()) * 100)}%` }}></span>`;
    };
    const tip = (index) => {
      const { from, step, counts } = props.buckets;
      const share = ((index + 0.5) / counts.length) * 100;
      const [errors, warnings] = counts[index];
      return html`
        <div class="log-hist-tip" aria-hidden="true" style=${{ left: `${share}%`, transform: `translateX(-${share}%)` }}>
          <b>${clock(from + index * step)}</b><span>${t("loghist.lines", { count: sum(counts[index]) })}</span>
          ${errors > 0 && html`<span class="is-error">${formatNumber(errors)}</span>`}${warnings > 0 && html`<span class="is-warn">${formatNumber(warnings)}</span>`}
        </div>`;
    };

    return () => {
      if (!props.buckets || props.buckets.counts.length === 0) return html`<div class="log-hist is-empty"></div>`;
      const { counts } = props.buckets;
      const index = at.value < 0 ? -1 : clamp(at.value);
      return html`
        <div class="log-hist">
          <div ref=${strip} class="log-hist-strip" style=${{ maxWidth: `${counts.length * WIDEST}px` }} role="slider" tabindex="0" aria-label=${summary()} aria-valuemin="1" aria-valuemax=${counts.length}
            aria-valuenow=${(index < 0 ? counts.length - 1 : index) + 1} aria-valuetext=${told(index < 0 ? counts.length - 1 : index)}
            onPointermove=${(event) => { at.value = barAt(event); }} onPointerleave=${left} onClick=${pressed} onKeydown=${keyed} onFocus=${focused} onBlur=${blurred}>
            ${viewed()}
            ${index >= 0 && html`<span class="log-hist-at" style=${{ left: `${(index / counts.length) * 100}%`, width: `${100 / counts.length}%` }}></span>`}
            <svg viewBox=${`0 0 ${counts.length} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
              ${shapesOf(counts).map(({ name, path }) => path && html`<path key=${name} class=${`is-${name}`} d=${path} />`)}
            </svg>
            ${index >= 0 && tip(index)}
          </div>
        </div>`;
    };
  },
};
