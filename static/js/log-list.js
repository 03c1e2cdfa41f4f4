// The rows on the screen. Draws those in view and a few around them out of the
// store's `visible`, keeps the end in view while the reader follows, and otherwise
// the row that is being read where it is. What to keep is the store's, where rows
// stand is Geometry's, what scrolling means is ScrollRule's.

import { copiedText } from "./log-copy.js";
import { Geometry, ROW } from "./log-geometry.js";
import { showWhole } from "./log-line.js";
import { LogRow } from "./log-row.js";
import { ScrollRule } from "./log-scroll.js";
import { html, nextTick, onMounted, onUnmounted, onUpdated, ref, watch } from "./html.js";
import { t } from "./i18n.js";
import { icon } from "./icons.js";

const UP_KEYS = ["Home", "PageUp", "ArrowUp"];
const MORE = 40;   // columns that the button of a line shown in part may take
const GUTTER = 36; // px beside the text: edge and spaces, as in logs.css

export const LogList = {
  // version: changes whenever the store has; changed(): tells that it was changed here.
  props: { store: Object, version: Number, wrap: Boolean, marks: Function, hits: Function, file: String, changed: Function },
  setup(props, { expose, slots }) {
    const view = ref(null);
    const list = ref(null);
    const probe = ref(null);
    const redraw = ref(0);
    const geometry = new Geometry();
    const rule = new ScrollRule();
    let size = { height: 600, columns: 80 };
    let range = [0, 0];
    let anchor = null;    // { id, top }: the first row in view while not following, and where it stood
    let selected = null;  // { from, to }: ids of the rows a selection may reach; they stay drawn
    let observer = null;

    const following = () => props.store.mode === "following";

    // The reader's moves.

    const stopFollowing = () => {
      if (!following() || view.value.scrollHeight <= view.value.clientHeight) return;
      props.store.read();
      props.changed();
    };
    const follow = () => {
      if (selected) getSelection().removeAllRanges();
      props.store.follow();
      rule.followed(performance.now());
      props.changed();
    };
    const scrolled = () => {
      const move = rule.scrolled(view.value, performance.now());
      if (move === "up") stopFollowing();
      if (move === "end" && props.store.mode === "reading" && !selected) follow();
      if (!following()) anchorHere();
      redraw.value += 1;
    };
    // Before the first pixel has moved: a busy file would put the view back at the end.
    const wheeled = (event) => { if (event.deltaY < 0) stopFollowing(); };
    let touchedAt = 0;
    const touched = (event) => { touchedAt = event.touches[0].clientY; };
    const dragged = (event) => { if (event.touches[0].clientY > touchedAt) stopFollowing(); };
    const keyed = (event) => {
      if (UP_KEYS.includes(event.key)) stopFollowing();
      if (event.key === "a" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        selectAll();
      }
    };
    const selectionChanged = () => {
      const selection = getSelection();
      const isOurs = !selection.isCollapsed && list.value?.contains(selection.anchorNode);
      if (isOurs && !selected) {
        if (following()) props.store.read();
        selected = drawnIds();
        anchorHere();
        props.changed();
      } else if (!isOurs && selected) {
        selected = null;
        redraw.value += 1;
      }
    };
    const selectAll = async () => {
      const { visible } = props.store;
      if (visible.length === 0) return;
      props.store.read();
      selected = { from: visible[0].id, to: visible.at(-1).id };
      anchorHere();
      props.changed();
      await nextTick();
      getSelection().selectAllChildren(list.value);
    };

    // Of a selection that goes beyond the stream the browser copies what is seen.
    const copied = (event) => {
      const range = getSelection().rangeCount > 0 && getSelection().getRangeAt(0);
      if (!range || !list.value.contains(range.commonAncestorContainer)) return;
      const { visible } = props.store;
      const rowOf = (element) => visible[geometry.indexOf(Number(element.dataset.row))];
      const text = copiedText(range, list.value.children, rowOf);
      if (text === null) return;
      event.clipboardData.setData("text/plain", text);
      event.preventDefault();
    };

    // Where the view is.

    const anchorHere = () => {
      const { visible } = props.store;
      if (visible.length === 0) return;
      geometry.layOut(visible, wrapAt());
      const index = geometry.indexAt(view.value.scrollTop);
      anchor = { id: visible[index].id, top: geometry.top(index) };
    };
    const drawnIds = () => {
      const { visible } = props.store;
      const [start, end] = range;
      return { from: visible[start]?.id ?? 0, to: visible[end - 1]?.id ?? 0 };
    };
    const wrapAt = () => (props.wrap ? size.columns : 0);

    const place = (top) => {
      if (Math.abs(view.value.scrollTop - top) > 0.5) view.value.scrollTop = top;
      rule.placed(view.value.scrollTop);
    };
    // After drawing: learn true heights, then put the view where it belongs.
    const settle = () => {
      if (props.wrap && measure()) redraw.value += 1;
      // The reader may have moved and the browser not told it yet.
      if (following() && rule.scrolled(view.value, performance.now()) === "up") stopFollowing();
      if (following()) {
        anchor = null;
        place(Math.max(0, view.value.scrollHeight - view.value.clientHeight));
        return;
      }
      if (anchor === null) anchorHere();
      if (anchor === null) return;
      const top = geometry.top(geometry.indexOf(anchor.id));
      const moved = top - anchor.top;
      anchor.top = top;
      if (Math.abs(moved) > 0.5) place(view.value.scrollTop + moved);
    };
    const measure = () => {
      let isNews = false;
      const { visible } = props.store;
      for (const element of list.value.children) {
        const row = visible[geometry.indexOf(Number(element.dataset.row))];
        if (row && geometry.measured(row, element.offsetHeight)) isNews = true;
      }
      if (isNews) geometry.layOut(visible, wrapAt());
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
      document.addEventListener("selectionchange", selectionChanged);
      resized();
    });
    onUnmounted(() => {
      observer.disconnect();
      document.removeEventListener("selectionchange", selectionChanged);
    });
    onUpdated(settle);
    watch(() => props.file, () => { anchor = null; selected = null; });

    const whole = (row) => {
      stopFollowing();
      showWhole(row);
      view.value.focus({ preventScroll: true }); // the button goes
      props.changed();
    };
    const scrollBy = (rows) => {
      if (rows < 0) stopFollowing();
      view.value.focus({ preventScroll: true });
      view.value.scrollTop += rows * ROW;
    };
    const scrollByPage = (pages) => scrollBy(pages * (Math.floor(size.height / ROW) - 2));
    const toStart = () => scrollBy(-geometry.total / ROW);
    // The pill vanishes when pressed; the keyboard goes on from the stream.
    const toEnd = () => {
      follow();
      view.value.focus({ preventScroll: true });
    };
    expose({ toEnd, toStart, scrollBy, scrollByPage });

    const drawn = () => {
      const { visible } = props.store;
      geometry.layOut(visible, wrapAt());
      const end = Math.max(0, geometry.total - size.height);
      const moved = !following() && anchor ? geometry.top(geometry.indexOf(anchor.id)) - anchor.top : 0;
      const top = following() ? end : (view.value?.scrollTop ?? 0) + moved;
      range = geometry.range(Math.min(top, end), size.height);
      if (selected) {
        range = [Math.min(range[0], geometry.indexOf(selected.from)), Math.max(range[1], geometry.indexOf(selected.to + 1))];
        selected = drawnIds();
      }
      return visible.slice(...range);
    };

    return () => {
      void props.version;
      void redraw.value;
      const { store } = props;
      const rows = drawn();
      const canvas = { height: `${geometry.total}px`, ...(!props.wrap && { minWidth: `calc(${geometry.columns + MORE}ch + ${GUTTER}px)` }) };
      return html`
        <div class="log">
          <div ref=${view} class=${["log-view", props.wrap && "is-wrapped"]} role="log" aria-live="off" tabindex="0"
            aria-label=${t("logs.lines", { file: props.file ?? "" })} onScroll=${scrolled} onWheelPassive=${wheeled}
            onTouchstartPassive=${touched} onTouchmovePassive=${dragged} onKeydown=${keyed} onCopy=${copied}>
            <div class="log-canvas" style=${canvas}>
              <div ref=${list} class="log-rows" style=${{ transform: `translateY(${geometry.top(range[0])}px)` }}>
                ${rows.map((row) => LogRow(row, { marks: props.marks, hits: props.hits, file: props.file, whole }))}
              </div>
            </div>
            ${!store.visible.some((row) => row.kind === "line") && slots.default?.()}
            <span ref=${probe} class="log-probe" aria-hidden="true">00000000000000000000</span>
          </div>
          ${!following() && store.fresh > 0 && html`
            <button type="button" class="pill" title=${t("logs.toEndHint")} onClick=${toEnd}>${icon("down")}${t("logs.newLines", { count: store.fresh })}</button>`}
        </div>`;
    };
  },
};
