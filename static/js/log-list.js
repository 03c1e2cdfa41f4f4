// The rows on the screen. Draws those in view and a few around them out of the store,
// keeps the end in view while the reader follows, and otherwise the row that is being read
// where it is, whatever comes or goes above and below it. What to keep is the store's,
// where rows stand is Geometry's and Scale's, what scrolling means is ScrollRule's, how a
// row looks is LogRow's; older and newer lines are asked for when the view comes near an end.

import { copiedText } from "./log-copy.js";
import { Geometry, ROW } from "./log-geometry.js";
import { LogRow } from "./log-row.js";
import { Scale } from "./log-scale.js";
import { ScrollRule } from "./log-scroll.js";
import { Selection } from "./log-selection.js";
import { html, nextTick, onMounted, onUnmounted, onUpdated, ref, watch } from "./html.js";
import { t } from "./i18n.js";
import { icon } from "./icons.js";

const UP_KEYS = ["Home", "PageUp", "ArrowUp"];
const MORE = 40;    // columns that the buttons of a line may take
const GUTTER = 36;  // px beside the text: edge and spaces, as in logs.css
const HEAD = 32;    // px above the first row, for what is older
const FOOT = 6;     // px below the last
const NEAR = 800;   // px from an end at which more is asked for

export const LogList = {
  // version: changes whenever the store has. look: how rows look (see LogRow). past: { canOlder,
  // canNewer, loading, trouble }. name: what is shown.
  props: { store: Object, version: Number, wrap: Boolean, look: Object, past: Object, name: String },
  emits: ["changed", "older", "newer", "act", "end", "moved"],
  setup(props, { emit, expose, slots }) {
    const view = ref(null);
    const list = ref(null);
    const probe = ref(null);
    const redraw = ref(0);
    const hovered = ref(null);
    const geometry = new Geometry();
    const scale = new Scale();
    const rule = new ScrollRule();
    let size = { height: 600, columns: 80 };
    let range = [0, 0];
    let top = 0;          // where the view begins among all rows
    let anchor = null;    // { id, above }: the first row in view while not following, and how much of it is above
    let observer = null;

    const { store } = props;
    const following = () => store.mode === "following";
    const wrapAt = () => (props.wrap ? size.columns : 0);
    const hasHead = () => props.past.canOlder || props.past.loading === "older" || props.past.isStart;
    const layOut = () => geometry.layOut(store, wrapAt(), hasHead() ? HEAD : 0, FOOT);

    // The reader's moves.

    const stopFollowing = () => {
      if (!following()) return;
      if (view.value.scrollHeight <= view.value.clientHeight && !props.past.canOlder) return;
      store.read();
      anchorHere();
      emit("changed");
    };
    const scrolled = () => {
      const isOwn = Math.abs(view.value.scrollTop - scale.last) < 1; // the page itself has put it there, and has drawn it
      const move = rule.scrolled(view.value, performance.now());
      if (isOwn && move === null && following()) return;
      top = scale.scrolled(view.value.scrollTop);
      if (move === "up") stopFollowing();
      if (move === "end" && store.mode === "reading" && !selection.ids && !props.past.isPast) emit("end");
      if (!following()) {
        anchorHere();
        askForMore();
        emit("moved");
      }
      redraw.value += 1;
    };
    const askForMore = () => {
      if (props.past.loading || props.past.trouble) return;
      if (props.past.canOlder && top < NEAR) emit("older");
      else if (props.past.canNewer && top + size.height > geometry.total - NEAR) emit("newer");
    };
    // Before the first pixel has moved: a busy file would put the view back at the end. At the
    // very top nothing moves, and what is older is wanted all the same.
    const wheeled = (event) => {
      if (event.deltaY >= 0) return;
      stopFollowing();
      if (top <= 0) askForMore();
    };
    let touchedAt = 0;
    const touched = (event) => { touchedAt = event.touches[0].clientY; };
    const dragged = (event) => { if (event.touches[0].clientY > touchedAt) stopFollowing(); };
    const keyed = (event) => {
      if (UP_KEYS.includes(event.key)) stopFollowing();
      if (event.key === "a" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        selection.all();
      }
    };
    const hover = (event) => {
      const id = event.target.closest?.("[data-row]")?.dataset.row ?? null;
      if (!following() && id !== hovered.value) hovered.value = id;
    };

    const selection = new Selection({
      store, list,
      drawn: () => ({ from: store.rowAt(range[0])?.id ?? 0, to: store.rowAt(range[1] - 1)?.id ?? 0 }),
      began: () => {
        if (following()) store.read();
        anchorHere();
        emit("changed");
      },
      changed: () => { redraw.value += 1; },
    });
    const copied = (event) => {
      const text = selection.copied(copiedText);
      if (text === null) return;
      event.clipboardData.setData("text/plain", text);
      event.preventDefault();
    };

    // Where the view is.

    const anchorHere = () => {
      if (store.count === 0) return;
      layOut();
      const n = geometry.indexAt(top);
      anchor = { id: store.rowAt(n).id, above: top - geometry.top(n) };
      store.keepFrom = anchor.id;
      store.keepTo = store.rowAt(geometry.indexAt(top + size.height)).id;
    };
    const wantedTop = () => {
      const end = Math.max(0, geometry.total - size.height);
      if (following()) return end;
      if (anchor === null) return Math.min(top, end);
      // What is no longer there: the row that stands where it stood.
      return Math.max(0, Math.min(geometry.top(store.rankOf(anchor.id)) + anchor.above, end));
    };
    // What the reader has scrolled and the browser not told yet stays scrolled. That content
    // became shorter moves the view up as well: this is not theirs.
    const drift = () => {
      const { scrollTop, scrollHeight, clientHeight } = view.value;
      const known = Math.min(scale.last, Math.max(0, scrollHeight - clientHeight));
      if (Math.abs(scrollTop - known) < 1) return;
      const before = scale.scrolled(known);
      const moved = scale.scrolled(scrollTop) - before;
      if (anchor) anchor.above += moved;
    };
    const place = () => {
      if (!following()) drift();
      const wanted = wantedTop();
      const isFar = !scale.isAt(wanted, view.value.scrollTop) || scale.isNearEdge(view.value.scrollTop);
      if (isFar) {
        view.value.scrollTop = scale.place(wanted);
        if (scale.isScaled) redraw.value += 1;
      }
      top = wanted;
      rule.placed(view.value.scrollTop);
    };
    // After drawing: learn true heights, then put the view where it belongs.
    const settle = () => {
      const isEven = !props.wrap && props.look.unfolded.size === 0 && !store.seen.blocks.some(({ odd }) => odd !== null);
      if (!isEven && measure()) redraw.value += 1;
      // The reader may have moved and the browser not told it yet.
      if (following() && rule.scrolled(view.value, performance.now()) === "up") {
        top = scale.scrolled(view.value.scrollTop);
        stopFollowing();
      }
      if (following()) {
        anchor = null;
        hovered.value = null;
      }
      place();
      if (!following() && anchor === null) anchorHere();
    };
    const measure = () => {
      let isNews = false;
      const children = list.value.children;
      for (let at = 0; at < children.length; at += 1) {
        if (geometry.measured(range[0] + at, children[at].offsetHeight)) isNews = true;
      }
      if (isNews) {
        store.seen.changed();
        layOut();
        scale.fit(geometry.total, size.height);
      }
      return isNews;
    };
    const resized = () => {
      const width = probe.value.getBoundingClientRect().width / 20;
      size = { height: view.value.clientHeight, columns: Math.max(20, Math.floor((view.value.clientWidth - GUTTER) / width)) };
      redraw.value += 1;
    };

    onMounted(() => {
      observer = new ResizeObserver(resized);
      observer.observe(view.value);
      document.addEventListener("selectionchange", selection.moved);
      resized();
    });
    onUnmounted(() => {
      observer.disconnect();
      document.removeEventListener("selectionchange", selection.moved);
    });
    onUpdated(settle);
    watch(() => props.name, () => { anchor = null; selection.ids = null; });

    // The page's wishes.

    const focus = () => view.value.focus({ preventScroll: true });
    const scrollBy = (rows) => {
      if (rows < 0) stopFollowing();
      focus();
      view.value.scrollTop += rows * ROW;
      if (rows < 0 && top <= 0) askForMore();
    };
    const scrollByPage = (pages) => scrollBy(pages * (Math.floor(size.height / ROW) - 2));
    const toTop = () => {
      stopFollowing();
      focus();
      layOut();
      if (store.count === 0) return;
      anchor = { id: store.rowAt(0).id, above: -HEAD };
      redraw.value += 1;
      askForMore();
    };
    // The reader wants the end: what still scrolls up is the rest of an earlier move.
    const followed = () => {
      if (selection.ids) getSelection().removeAllRanges();
      rule.followed(performance.now());
      anchor = null;
      focus();
    };
    // A row into the upper third of the view.
    const showRow = async (id) => {
      if (following()) store.read();
      anchor = { id, above: -Math.floor(size.height / 3 / ROW) * ROW };
      emit("changed");
      await nextTick();
      anchorHere();
      redraw.value += 1;
    };
    // The line the reader is at: the first that is wholly in view.
    const firstInView = () => {
      if (store.count === 0) return null;
      layOut();
      return store.rowAt(geometry.indexAt(top + ROW - 1));
    };
    const lastInView = () => {
      if (store.count === 0) return null;
      layOut();
      return store.rowAt(geometry.indexAt(top + size.height - ROW));
    };
    const isInView = (id) => {
      layOut();
      const n = store.rankOf(id);
      return store.row(id) !== null && n >= geometry.indexAt(top) && n <= geometry.indexAt(top + size.height - ROW);
    };
    // From when to when: the times of the first row in view and of the last; null: not known.
    const timesInView = () => {
      if (store.count === 0) return null;
      layOut();
      const times = [];
      for (let n = geometry.indexAt(top), end = geometry.indexAt(top + size.height); n <= end; n += 1) {
        const time = store.rowAt(n)?.time;
        if (time !== undefined && !Number.isNaN(time)) times.push(time);
      }
      return times.length > 0 ? [Math.min(...times), Math.max(...times)] : null;
    };
    expose({ isInView, timesInView, followed, toTop, scrollBy, scrollByPage, showRow, firstInView, lastInView, stopFollowing, focus });

    const drawn = () => {
      layOut();
      scale.fit(geometry.total, size.height);
      range = geometry.range(wantedTop(), size.height);
      if (selection.ids) range = selection.widened(range);
      const rows = [];
      for (let n = range[0]; n < range[1]; n += 1) {
        const row = store.rowAt(n);
        if (row) rows.push(row);
      }
      return rows;
    };

    const head = () => {
      const { loading, canOlder, trouble } = props.past;
      if (!hasHead()) return null;
      return html`
        <div class="log-head">
          ${trouble ? html`<span class="is-trouble">${trouble}</span>` : null}
          ${loading === "older" ? html`<span>${t("logs.past.loading")}</span>`
            : canOlder ? html`<button type="button" class="text-button" onClick=${() => { stopFollowing(); emit("older"); }}>${t("logs.past.older")}</button>`
              : html`<span>${t("logs.past.start")}</span>`}
        </div>`;
    };

    const pill = () => {
      if (following() || (store.fresh === 0 && !props.past.isPast)) return null;
      const words = store.fresh > 0 ? t("logs.newLines", { count: store.fresh }) : t("logs.toNewest");
      return html`<button type="button" class="pill" title=${t("logs.toEndHint")} onClick=${() => emit("end")}>${icon("down")}${words}</button>`;
    };

    return () => {
      void props.version;
      void redraw.value;
      const rows = drawn();
      const canvas = {
        height: `${scale.canvas}px`,
        ...(!props.wrap && { minWidth: `calc(${geometry.widest + MORE}ch + ${GUTTER}px)` }),
      };
      const offset = scale.offset(geometry.top(range[0]), wantedTop());
      return html`
        <div class="log">
          <div ref=${view} class=${["log-view", props.wrap && "is-wrapped", props.look.isMerged && "is-merged"]} role="log" aria-live="off" tabindex="0"
            aria-label=${t("logs.lines", { file: props.name })} onScrollPassive=${scrolled} onWheelPassive=${wheeled}
            onTouchstartPassive=${touched} onTouchmovePassive=${dragged} onKeydown=${keyed} onCopy=${copied} onPointermovePassive=${hover} onPointerdownPassive=${hover}>
            <div class="log-canvas" style=${canvas}>
              ${head()}
              <div ref=${list} class="log-rows" style=${{ transform: `translateY(${offset}px)` }}>
                ${rows.map((row) => LogRow(row, props.look, { isHovered: String(row.id) === hovered.value, act: (what) => emit("act", what, row) }))}
              </div>
            </div>
            ${!store.seen.hasLines && slots.default?.()}
            <span ref=${probe} class="log-probe" aria-hidden="true">00000000000000000000</span>
          </div>
          ${pill()}
        </div>`;
    };
  },
};
