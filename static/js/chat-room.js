// The page of somebody who has joined: the rooms at the left, the open one in the middle,
// who is here at the right, and the windows over them. What is done is done by the engine.

import { addressOf } from "./chat-address.js";
import { Announcements } from "./chat-announce.js";
import { Composer } from "./chat-composer.js";
import { useKeys } from "./chat-keys.js";
import { MessageList } from "./chat-list.js";
import { useTitle } from "./chat-title.js";
import { copyText } from "./clipboard.js";
import { ComposerState } from "./composer-state.js";
import { ConfirmDialog, KeysDialog, SettingsDialog } from "./dialog.js";
import { EmojiPicker } from "./emoji-picker.js";
import { Frame } from "./frame.js";
import { html, nextTick, onUnmounted, ref, shallowReactive, shallowRef, watch } from "./html.js";
import { t } from "./i18n.js";
import { icon } from "./icons.js";
import { announce, Announcer, say } from "./live.js";
import { Notifier } from "./notify.js";
import { PeopleColumn, TypingLine } from "./people.js";
import { quiet } from "./preferences.js";
import { reasonOf } from "./refusals.js";
import { RoomHead } from "./room-head.js";
import { RoomsColumn } from "./rooms-column.js";
import { FindRoomDialog, PersonDialog, RoomDialog } from "./rooms-dialogs.js";
import { labelOf, MAIN, titleOf } from "./rooms.js";
import { SearchPanel } from "./search-panel.js";

export const ChatRoom = {
  // news: an object whose `tell` is called with (store, message) for each new message.
  props: { engine: Object, news: Object, unsent: Function },
  setup(props) {
    const { engine, news } = props;
    const list = shallowRef(null);
    const composer = shallowRef(null);
    const head = shallowRef(null);
    const shownWindow = shallowRef(null); // { name, ... }: the window that is open
    const searching = ref(false);
    const model = shallowReactive(new ComposerState(engine.drafts));

    const notifier = new Notifier({
      me: () => engine.you.id, currentRoom: () => engine.place.open,
      openRoom: (room, seq) => engine.navigation.open(room, seq),
    });
    const announcements = new Announcements({ say: announce, me: () => engine.you.id, isQuiet: () => quiet.value });
    news.tell = (store, message) => {
      notifier.notify({ room: store, message });
      announcements.news(store, message);
    };
    onUnmounted(() => notifier.stop());
    useTitle(engine);

    watch(() => engine.place.open, async (room) => {
      model.open(room);
      notifier.clear(room);
      await nextTick();
      composer.value?.focusIfWide();
    }, { immediate: true });

    const show = (name, more = {}) => { shownWindow.value = { name, ...more }; };
    const hide = () => { shownWindow.value = null; };
    const { navigation } = engine;

    // What can be done with a message.
    const does = {
      react: (message, anchor) => show("emoji", { anchor, pick: (emoji) => engine.react(engine.room, message, emoji) }),
      toggle: (message, emoji) => engine.react(engine.room, message, emoji),
      reply: (message) => { model.replyTo(message, engine.room.epoch); composer.value?.focus(); },
      edit: (message) => { model.edit(message, engine.room.epoch); composer.value?.focus(); },
      remove: (message) => show("remove", { message }),
      copyLink: async (message) => {
        const address = location.origin + addressOf(navigation.base, message.room, message.seq);
        say(t(await copyText(address) ? "chat.linkCopied" : "chat.linkNotCopied"));
      },
      go: (seq) => navigation.open(engine.room.name, seq),
      retry: ({ entry }) => engine.sender.retry(entry.id),
      discard: ({ entry }) => engine.outbox.remove(entry.id),
    };

    // What was never given to a connection is taken back as if it had not been sent; of what is
    // under way nobody can say which text the server will have.
    const editLast = () => {
      const own = list.value?.lastOwn();
      if (!own) return;
      if (own.seq !== null) does.edit(own);
      else if (own.status === "pending" && own.entry.sends === 0) {
        engine.outbox.remove(own.entry.id);
        model.takeBack(own);
      }
    };
    const direct = async (user) => {
      try {
        await engine.direct(user);
      } catch (refused) {
        say(reasonOf(refused));
      }
    };
    const leaveRoom = async (store) => {
      try {
        await engine.leave(store);
        navigation.open(MAIN);
      } catch (refused) {
        say(reasonOf(refused));
      }
    };

    const openSearch = () => { searching.value = true; };
    const closeSearch = () => {
      searching.value = false;
      engine.finder.close();
      composer.value?.focusIfWide();
    };
    const openHit = ({ room, seq }) => {
      if (matchMedia("(max-width: 999px)").matches) closeSearch(); // it covers what one wants to see
      navigation.open(room, seq);
    };

    useKeys({
      previous: () => navigation.step(-1),
      next: () => navigation.step(1),
      search: () => { openSearch(); head.value.focusSearch(); },
      keys: () => show("keys"),
      newest: () => list.value?.toEnd(),
      escape: () => (searching.value ? closeSearch() : composer.value?.focus()),
    });

    const windows = () => {
      const open = shownWindow.value;
      const store = engine.room;
      switch (open?.name) {
        case "keys": return html`<${KeysDialog} onClose=${hide} />`;
        case "settings": return html`<${SettingsDialog} room=${store} notifier=${notifier} onClose=${hide} />`;
        case "find": return html`<${FindRoomDialog} engine=${engine} name=${open.wanted} onClose=${hide} />`;
        case "write": return html`<${PersonDialog} engine=${engine} onClose=${hide} />`;
        case "about": return html`<${RoomDialog} engine=${engine} store=${store} onClose=${hide} onLeave=${() => show("leave")} />`;
        case "emoji": return html`<${EmojiPicker} anchor=${open.anchor} onPick=${open.pick} onClose=${hide} />`;
        case "leave": return html`
          <${ConfirmDialog} text=${t("rooms.leaveText", { room: labelOf(store) })} action=${t("rooms.leave")} onConfirm=${() => leaveRoom(store)} onClose=${hide} />`;
        case "remove": return html`
          <${ConfirmDialog} text=${t("chat.removeText")} action=${t("chat.remove")} onClose=${hide} onConfirm=${() => {
            engine.remove(store, open.message);
            model.gone(open.message.seq);
          }} />`;
        default: return null;
      }
    };

    const slots = (store) => ({
      side: () => html`<${RoomsColumn} engine=${engine} onFind=${() => show("find")} onWrite=${() => show("write")} />`,
      settings: () => html`
        <button type="button" class="icon-button" title=${t("chat.settings")} aria-label=${t("chat.settings")} aria-haspopup="dialog"
          onClick=${() => show("settings")}>${icon("gear")}</button>`,
      head: () => html`
        <${RoomHead} ref=${head} engine=${engine} store=${store} searching=${searching.value} onAbout=${() => show("about")}
          onOpenSearch=${openSearch} onCloseSearch=${closeSearch} onDirect=${direct} />`,
      default: () => html`
        <${MessageList} ref=${list} key=${store.name} engine=${engine} store=${store} does=${does}
          onCreate=${() => show("find", { wanted: store.name })} onLeave=${() => navigation.open(MAIN)} />
        <${TypingLine} names=${store.typing.map(({ name }) => name)} />
        ${(!store.refusal || store.refusal.code === "no_answer") && html`
          <${Composer} ref=${composer} engine=${engine} store=${store} model=${model} people=${() => engine.people(store.name)} trouble=${engine.state.trouble}
            onWritten=${() => list.value.toEnd()} onEditLast=${editLast} onRemove=${(message) => show("remove", { message })} />`}
        ${searching.value && html`
          <${SearchPanel} search=${engine.search} nameOf=${(room) => (engine.rooms.get(room) ? titleOf(engine.rooms.get(room)) : `# ${room}`)}
            onSearch=${(query) => engine.finder.run(query)} onMore=${() => engine.finder.more()} onOpen=${openHit} onClose=${closeSearch} />`}`,
      right: () => html`<${PeopleColumn} users=${store.users} here=${store.here} me=${engine.you.id} onDirect=${direct} />`,
    });

    return () => html`
      <${Frame} page="chat" connection=${engine.connection} keeps=${true} unsent=${props.unsent} at=${engine.place.open}>${slots(engine.room)}<//>
      ${windows()}
      <${Announcer} />`;
  },
};
