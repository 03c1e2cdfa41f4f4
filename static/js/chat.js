// The chat page: makes connection, store and session, and wires them to the
// components; the only file that knows them all. The way of a message:
// Composer -> ChatSession -> Connection -> server -> Connection -> ChatSession
// -> ChatStore -> MessageList.

import { Composer } from "./chat-composer.js";
import { JoinForm } from "./chat-join.js";
import { MessageList } from "./chat-list.js";
import { ChatSession } from "./chat-session.js";
import { ChatStore } from "./chat-store.js";
import { config } from "./config.js";
import { Connection, freshState } from "./connection.js";
import { Frame } from "./frame.js";
import { computed, createApp, html, onMounted, reactive, ref, shallowRef, watch } from "./html.js";
import { formatNumber, t } from "./i18n.js";
import { PerFrame } from "./per-frame.js";
import { becomePerson, leave, me } from "./person.js";

const Chat = {
  setup() {
    const room = shallowRef(null); // { store, session } while joined
    const state = reactive(ChatSession.freshState(config.limits));
    const refused = ref({ username: "", email: "", refusal: {} });
    const hidden = ref(document.hidden);
    const list = ref(null);

    // A burst of messages costs one drawing a frame, not one each.
    const arriving = new PerFrame((messages) => {
      for (const message of messages) room.value?.session.received(message);
    });

    const connection = new Connection({
      path: `${config.base}/ws`,
      protocol: "chat.v1",
      state: reactive(freshState()),
      onOpen: () => room.value?.session.opened(),
      onMessage: (message) => {
        if (message.type === "message") return arriving.push(message);
        arriving.flush(); // what was said first counts first
        return room.value?.session.received(message);
      },
      onState: ({ phase }) => { if (phase !== "connected") room.value?.session.lost(); },
    });

    const enter = (person) => {
      const store = reactive(new ChatStore());
      const session = new ChatSession({
        connection, store, state,
        onWelcome: ({ avatar }) => becomePerson({ ...me.value, avatar }),
        onRefused: (field, sentence) => {
          refused.value = { ...me.value, refusal: { [field]: sentence } };
          leave();
        },
      });
      room.value = { store, session };
      session.start(person);
    };
    const exit = () => {
      arriving.drop();
      room.value?.session.stop();
      room.value = null;
    };

    // Joined, left, or another person in another tab. A new avatar is no new person.
    const who = () => me.value && JSON.stringify([me.value.username, me.value.email]);
    const follow = () => {
      exit();
      if (me.value) enter(me.value);
    };
    watch(who, follow);
    onMounted(follow);

    const join = (person) => {
      refused.value = { username: "", email: "", refusal: {} };
      becomePerson(person);
    };
    const mayLeave = () => {
      const count = room.value?.store.unconfirmed.length ?? 0;
      return count === 0 || confirm(t("chat.leaveUnsent", { count }));
    };

    // What waits is lost with the page: the browser asks. Only while something does,
    // for a page with such a listener is not kept for the way back.
    const ask = (event) => event.preventDefault();
    watch(() => (room.value?.store.unconfirmed.length ?? 0) > 0, (isUnsent) => {
      if (isUnsent) addEventListener("beforeunload", ask);
      else removeEventListener("beforeunload", ask);
    });

    document.addEventListener("visibilitychange", () => {
      arriving.flush(); // a frame that was asked for may not come any more
      hidden.value = document.hidden;
    });
    const title = computed(() => {
      const unseen = room.value?.store.unseen ?? 0;
      return hidden.value && unseen > 0 ? `(${formatNumber(unseen)}) chatapp` : "chatapp";
    });
    watch(title, (words) => { document.title = words; });

    const slots = ({ store, session }) => ({
      side: () => html`
        <h2 class="side-title">${t("chat.rooms")}</h2>
        <a class="side-item" href=${`${config.base}/`} aria-current="true"
          onClick=${(event) => event.preventDefault()}># ${state.room}</a>`,
      head: () => html`
        <h1 class="head-title"># ${state.room}</h1>
        <p class="head-context">${t("chat.roomContext")}</p>`,
      default: () => html`
        <${MessageList} ref=${list} store=${store} session=${session} joined=${state.joined} room=${state.room} />
        <${Composer} session=${session} room=${state.room} trouble=${state.trouble}
          onWritten=${() => list.value.toEnd()} />`,
    });

    return () => {
      if (!room.value) {
        // Remembered, and entering with the next tick: the form would only flash.
        if (me.value) return null;
        return html`<${JoinForm} refusal=${refused.value.refusal} username=${refused.value.username}
          email=${refused.value.email} onJoin=${join} />`;
      }
      return html`<${Frame} page="chat" connection=${connection} keeps=${true} beforeLeave=${mayLeave}>${slots(room.value)}<//>`;
    };
  },
};

createApp(Chat).mount("#app");
