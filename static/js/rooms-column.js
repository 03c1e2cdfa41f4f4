// The left column's list: rooms, and people one writes to directly, with what is unread.

import { addressOf } from "./chat-address.js";
import { html } from "./html.js";
import { formatNumber, t } from "./i18n.js";
import { icon } from "./icons.js";
import { roomSetting } from "./preferences.js";
import { titleOf } from "./rooms.js";

const MOST = 99;

// Words for the count, as a screen reader says them.
function unreadWords({ unread, mentions }) {
  return mentions > 0 ? t("rooms.unreadMentions", { count: unread, mentions }) : t("rooms.unread", { count: unread });
}

export const RoomsColumn = {
  props: { engine: Object },
  emits: ["find", "write"],
  setup(props, { emit }) {
    const { engine } = props;

    const pressed = (event, store) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return; // another tab, as with any link
      event.preventDefault();
      engine.navigation.open(store.name);
    };

    const badge = (store, isMuted) => {
      const { unread, mentions, kind } = store;
      if (unread === 0) return null;
      const isUrgent = mentions > 0 || (kind === "direct" && !isMuted);
      const isMention = mentions > 0 && kind !== "direct";
      const count = isMention ? mentions : unread; // the other number is in the words
      const number = count > MOST ? `${MOST}+` : formatNumber(count);
      return html`
        <span class=${["badge", isUrgent && "is-urgent", isMuted && "is-muted"]} title=${unreadWords(store)}>
          <span aria-hidden="true">${isMention && "@"}${number}</span><span class="visually-hidden">${unreadWords(store)}</span></span>`;
    };

    const item = (store) => {
      const isDirect = store.kind === "direct";
      const isMuted = roomSetting(store.name, store.kind) === "muted";
      const isHere = isDirect && store.users.some(({ id }) => id === store.with?.id);
      const hasFailed = engine.outbox.entries.some(({ room, status }) => room === store.name && status === "failed");
      const classes = { "is-unread": store.unread > 0 && !isMuted, "is-muted": isMuted, "is-quiet": store.unread === 0 };
      return html`
        <li key=${store.name}>
          <a class=${["side-item", "room-item", classes]} href=${addressOf(engine.navigation.base, store.name)}
            aria-current=${engine.place.open === store.name ? "true" : null} onClick=${(event) => pressed(event, store)}>
            ${isDirect && html`<span class=${["room-dot", isHere && "is-here"]} title=${t(isHere ? "rooms.here" : "rooms.away")}></span>`}
            <bdi class="room-name">${titleOf(store)}</bdi>
            ${isDirect && isHere && html`<span class="visually-hidden">${t("rooms.here")}</span>`}
            ${hasFailed && html`<span class="room-failed" title=${t("rooms.failed")}>${icon("warning")}<span class="visually-hidden">${t("rooms.failed")}</span></span>`}
            ${badge(store, isMuted)}
          </a>
        </li>`;
    };

    const section = (title, stores, add, press) => html`
      <div class="side-title">
        <h2>${title}</h2>
        <button type="button" class="icon-button side-add" title=${add} aria-label=${add} aria-haspopup="dialog" onClick=${press}>${icon("plus")}</button>
      </div>
      <ul class="room-list" aria-label=${title}>${stores.map(item)}</ul>`;

    return () => {
      const { mine, direct, all } = engine.rooms;
      // One that is looked at and not joined yet, or that something unsent was meant for, stands there too.
      const isNeeded = (store) => store.kind === "room" && !store.member
        && (store === engine.room || engine.outbox.entries.some(({ room }) => room === store.name));
      const rooms = [...mine, ...[...all.values()].filter(isNeeded)];
      return html`
        ${section(t("rooms.rooms"), rooms, t("rooms.find"), () => emit("find"))}
        ${section(t("rooms.direct"), direct, t("rooms.writeTo"), () => emit("write"))}`;
    };
  },
};
