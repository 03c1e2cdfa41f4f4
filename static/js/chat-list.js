// The room's messages: as far as they are here, more of them at both ends as one comes
// near, and the rule of the end: the view follows only a reader who is there. What is in
// view stays in its place (scroll-place.js). A ResizeObserver sees a new row, a taller one,
// a smaller window and a phone's keyboard all alike; only a row that comes while an equal
// one goes has to be told by Vue (onUpdated).
//
// Not a live region: a page of history would be read out. What is new is announced by
// chat-announce.js.

import { emptyRoom } from "./chat-empty.js";
import { stepRow } from "./chat-list-keys.js";
import { MessageRow } from "./chat-message.js";
import { blocksOf, rowsOf } from "./chat-rows.js";
import { formatDay, formatTime } from "./dates.js";
import { computed, html, nextTick, onMounted, onUnmounted, onUpdated, ref, watch } from "./html.js";
import { t } from "./i18n.js";
import { icon } from "./icons.js";
import { Overlay } from "./outbox-overlay.js";
import { labelOf } from "./rooms.js";
import { ScrollPlace } from "./scroll-place.js";
import { StickToEnd } from "./stick.js";

const AHEAD = 800; // px before an end at which its next page is fetched

// A block draws itself anew when its rows are others.
const Block = {
  props: { rows: Array, now: Number, live: Boolean, me: String, highlighted: Number, words: Array, does: Object },
  setup(props) {
    const row = ({ type, key, message, time, first }) => {
      switch (type) {
        case "day":
          return html`<p key=${key} class="list-line"><span>${formatDay(time, props.now)}</span></p>`;
        case "new":
          return html`<p key=${key} class="list-line is-new"><span>${t("chat.newSince", { time: formatTime(time) })}</span></p>`;
        case "topic":
          return html`<p key=${key} class="list-note"><bdi>${message.user.name}</bdi> ${message.system.topic
            ? t("chat.topicSet", { topic: message.system.topic }) : t("chat.topicRemoved")}</p>`;
        default:
          return html`<${MessageRow} key=${key} message=${message} first=${first} live=${props.live} me=${props.me}
            highlighted=${message.seq !== null && message.seq === props.highlighted} words=${props.words} does=${props.does} />`;
      }
    };
    return () => html`<div class="list-block">${props.rows.map(row)}</div>`;
  },
};

export const MessageList = {
  // does: what can be done with a message, see MessageRow.
  props: { engine: Object, store: Object, does: Object },
  emits: ["create", "leave"],
  setup(props, { emit, expose }) {
    const { engine, store } = props;
    const view = ref(null);
    const content = ref(null);
    const atEnd = ref(true);
    const isFar = ref(false);
    const now = ref(Date.now()); // for "Today" and "Yesterday"
    const overlay = new Overlay();
    let place = null;
    let observer = null;
    let clock = null;

    const shown = computed(() => {
      const { window } = store;
      store.version; // what is changed in place
      // Changes have their place in the messages; until these are there they wait out of sight.
      const entries = engine.outbox.entries.filter(({ room, kind }) => room === store.name && (kind === "send" || window !== null));
      const { messages, waiting } = overlay.apply(window?.messages ?? [], entries, engine.you, store.epoch);
      // What is being sent belongs to the end.
      return rowsOf({ messages, waiting: store.past ? [] : waiting, newAfter: store.newAfter, low: window?.low });
    });
    const blocks = computed((before) => blocksOf(shown.value, before));

    const follows = () => store.past === null;
    const fetch = () => {
      if (!store.isLive || !store.window) return;
      const { scrollTop, scrollHeight, clientHeight } = view.value;
      if (scrollTop < AHEAD) engine.past.older(store);
      if (store.past && scrollHeight - clientHeight - scrollTop < AHEAD) engine.past.newer(store);
    };
    const look = () => {
      atEnd.value = place.stick.atEnd && follows();
      isFar.value = place.isFar;
      store.setSeen(atEnd.value && !document.hidden);
      engine.marks.note(store);
      fetch();
    };
    const scrolled = () => {
      place.scrolled(follows());
      look();
    };
    const settle = () => {
      place.settle(follows());
      look();
    };
    const toEnd = async () => {
      engine.navigation.newest();
      await nextTick();
      place.toEnd();
      look();
    };
    // The pill vanishes when pressed; the keyboard goes on from the messages.
    const pillPressed = () => {
      toEnd();
      view.value.focus({ preventScroll: true });
    };
    const toHighlighted = async () => {
      await nextTick();
      const row = view.value?.querySelector(`[data-seq="${store.highlighted}"]`);
      if (!row) return;
      place.toRow(row);
      row.focus({ preventScroll: true });
      look();
    };

    onMounted(() => {
      place = new ScrollPlace({ view: view.value, content: content.value, stick: new StickToEnd(), selector: ".message" });
      observer = new ResizeObserver(settle);
      observer.observe(view.value);
      observer.observe(content.value);
      clock = setInterval(() => { now.value = Date.now(); }, 30_000);
      document.addEventListener("visibilitychange", look);
      if (store.highlighted !== null) toHighlighted();
    });
    onUnmounted(() => {
      observer.disconnect();
      clearInterval(clock);
      document.removeEventListener("visibilitychange", look);
    });
    // Before the browser says that the view was scrolled: rows dropped at the top
    // move it, which must not look like a reader going up.
    onUpdated(settle);
    watch(() => store.version, () => store.trim());
    watch(() => store.shownTimes, toHighlighted);
    watch(() => store.isLive, (isLive) => { if (isLive) nextTick(fetch); });
    // The last thing one has said here, as it is shown.
    const lastOwn = () => shown.value.findLast(({ type, message: { user, deleted } }) => (
      type === "message" && user.id === engine.you.id && !user.plain && !deleted))?.message;
    expose({ toEnd, lastOwn });

    const keyed = (event) => {
      if (event.key === "End" && event.target.closest(".message, [role=log]") && !event.shiftKey) {
        event.preventDefault();
        toEnd();
      } else stepRow(event, view.value);
    };

    // Keeps its height, so that nothing moves when it says something.
    const edge = (side, words) => html`<p class=${["list-edge", `is-${side}`]}>${words}</p>`;
    const olderWords = () => (store.window.start ? t("chat.start", { room: labelOf(store) }) : store.loading.older ? t("chat.loading") : "");

    const pill = () => {
      if (atEnd.value) return null;
      const { unread, past } = store;
      if (unread === 0 && !past && !isFar.value) return null;
      return html`
        <button type="button" class=${["pill", unread === 0 && "is-quiet"]} onClick=${pillPressed}>${icon("down")}${unread > 0
          ? t("chat.newMessages", { count: unread }) : t("chat.toNewest")}</button>`;
    };

    // What was looked for is marked in the message that it led to; other blocks do not know of it.
    const highlightIn = (rows) => {
      const isHere = rows.some(({ message }) => message.seq !== null && message.seq === store.highlighted);
      return isHere ? { highlighted: store.highlighted, words: engine.search.words } : null;
    };

    const notes = () => html`
      ${engine.place.missing !== null && html`<p class="list-passing" role="status">${t("chat.noSuchMessage")}</p>`}
      ${store.otherStore && html`<p class="list-passing" role="status">${t("chat.otherStore")}</p>`}`;

    return () => {
      const isEmpty = shown.value.length === 0;
      return html`
        <div class="list">
          ${notes()}
          <div ref=${view} class="messages" role="log" tabindex="0" aria-live="off" aria-busy=${String(store.loading.around)}
            aria-label=${t("chat.messages", { room: labelOf(store) })} onScroll=${scrolled} onKeydown=${keyed}>
            <div ref=${content} class=${["messages-content", isEmpty && "is-empty"]}>
              ${isEmpty || (store.refusal && !store.window) ? emptyRoom({ engine, store, onCreate: () => emit("create"), onLeave: () => emit("leave") })
                : edge("older", store.window ? olderWords() : "")}
              ${blocks.value.map(({ key, rows }) => html`
                <${Block} key=${key} rows=${rows} now=${now.value} live=${store.isLive} me=${engine.you.id} does=${props.does}
                  ...${highlightIn(rows)} />`)}
              ${store.past && edge("newer", store.loading.newer ? t("chat.loading") : "")}
            </div>
          </div>
          ${pill()}
        </div>`;
    };
  },
};
