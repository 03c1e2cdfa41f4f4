// The room's messages, and the rule of its end: the view follows only a reader who
// is there; otherwise a pill says how many are new. A ResizeObserver on the view
// and on its content sees a new row, a taller one, a smaller window and a phone's
// keyboard all alike; only a row that comes while an equal one goes has to be told
// by Vue (onUpdated).

import { rowsOf } from "./chat-rows.js";
import { MessageRow } from "./chat-message.js";
import { config } from "./config.js";
import { formatDay, formatTime } from "./dates.js";
import { html, onMounted, onUnmounted, onUpdated, ref, watch } from "./html.js";
import { t } from "./i18n.js";
import { icon } from "./icons.js";
import { StickToEnd } from "./stick.js";

export const MessageList = {
  props: { store: Object, session: Object, joined: Boolean, room: String },
  setup(props, { expose }) {
    const view = ref(null);
    const content = ref(null);
    const atEnd = ref(true);
    const now = ref(Date.now()); // for "Today" and "Yesterday"
    const stick = new StickToEnd();
    let observer = null;
    let clock = null;

    const settle = () => {
      atEnd.value = stick.atEnd;
      props.store.setSeen(stick.atEnd && !document.hidden);
    };
    const scrolled = () => {
      stick.scrolled(view.value);
      settle();
    };
    const resized = () => {
      const top = stick.resized(view.value);
      if (top !== null) view.value.scrollTop = top;
      settle();
    };
    const toEnd = () => {
      view.value.scrollTop = stick.toEnd(view.value);
      settle();
    };
    // The pill vanishes when pressed; the keyboard goes on from the messages.
    const pillPressed = () => {
      toEnd();
      view.value.focus({ preventScroll: true });
    };

    onMounted(() => {
      observer = new ResizeObserver(resized);
      observer.observe(view.value);
      observer.observe(content.value);
      clock = setInterval(() => { now.value = Date.now(); }, 30_000);
      document.addEventListener("visibilitychange", settle);
    });
    onUnmounted(() => {
      observer.disconnect();
      clearInterval(clock);
      document.removeEventListener("visibilitychange", settle);
    });
    // Before the browser says that the view was scrolled: rows dropped at the top
    // move it, which must not look like a reader going up.
    onUpdated(resized);
    watch(() => props.store.earlier.length + props.store.messages.length, () => props.store.trim(stick.atEnd));
    expose({ toEnd });

    const row = (item) => {
      switch (item.type) {
        case "missed":
          return html`<p key=${item.key} class="list-line is-missed"><span>${t("chat.missed")}</span></p>`;
        case "day":
          return html`<p key=${item.key} class="list-line"><span>${formatDay(item.time, now.value)}</span></p>`;
        case "new":
          return html`<p key=${item.key} class="list-line is-new"><span>${t("chat.newSince", { time: formatTime(item.time) })}</span></p>`;
        default:
          return html`<${MessageRow} key=${item.key} message=${item.message} first=${item.first} joined=${props.joined}
            onRetry=${(id) => props.session.retry(id)} onDiscard=${(id) => props.store.discard(id)} />`;
      }
    };

    // A lost connection is the banner's to tell.
    const isConnecting = () => ["connecting", "connected"].includes(props.session.connection.state.phase);
    const empty = () => (props.joined
      ? html`<p class="empty">${t("chat.empty", { room: props.room })}${" "}<span class="empty-address">${location.origin}${config.base}/</span></p>`
      : isConnecting() && html`<p class="empty">${t("chat.connecting")}</p>`);

    return () => {
      const { store } = props;
      const rows = rowsOf(store);
      // A page of history is not news: it is not read out.
      return html`
        <div class="list">
          <div ref=${view} class="messages" role="log" tabindex="0" aria-live=${store.loading ? "off" : "polite"}
            aria-label=${t("chat.messages", { room: props.room })} onScroll=${scrolled}>
            <div ref=${content} class=${["messages-content", rows.length === 0 && "is-empty"]}>
              ${rows.length === 0 && !(props.joined && store.loading) && empty()}
              ${rows.map(row)}
            </div>
          </div>
          ${!atEnd.value && store.unseen > 0 && html`
            <button type="button" class="pill" onClick=${pillPressed}>${icon("down")}${t("chat.newMessages", { count: store.unseen })}</button>`}
        </div>`;
    };
  },
};
