// The chat page: who one is, and with that an engine, for as long as one has joined.
// chat-engine.js tells the way of a message, chat-room.js what is drawn.

import { ChatEngine } from "./chat-engine.js";
import { JoinForm } from "./chat-join.js";
import { ChatRoom } from "./chat-room.js";
import { config } from "./config.js";
import { Connection, freshState } from "./connection.js";
import { createApp, html, onMounted, reactive, ref, shallowRef, watch } from "./html.js";
import { t } from "./i18n.js";
import { becomePerson, me, stepBack } from "./person.js";
import { followKeyboard } from "./viewport.js";

const Chat = {
  setup() {
    const engine = shallowRef(null);
    const refused = ref({ username: "", email: "", refusal: {} });
    const news = { tell: () => {} };
    let isRefused = false;

    const enter = (person) => {
      engine.value = new ChatEngine({
        person, base: config.base, limits: config.limits,
        connect: (handlers) => new Connection({ path: `${config.base}/ws`, protocol: "chat.v1", state: reactive(freshState()), ...handlers }),
        onWelcome: ({ avatar }) => becomePerson({ ...me.value, avatar }),
        onRefused: (field, refusal) => {
          refused.value = { ...me.value, refusal: { [field]: refusal } };
          isRefused = true;
          stepBack();
        },
        onNews: (store, message) => news.tell(store, message),
      });
      engine.value.start();
    };
    // Who is refused has not left: what waits goes out under the next name.
    const exit = () => {
      if (!me.value && !isRefused) engine.value?.forget();
      isRefused = false;
      engine.value?.stop();
      engine.value = null;
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
    const unsent = () => engine.value.outbox.entries.length;

    // What the browser can't keep is lost with the page: it asks. Only while there is something,
    // for a page with such a listener is not kept for the way back.
    const ask = (event) => event.preventDefault();
    const isAtRisk = () => (engine.value?.outbox.unkept.length ?? 0) > 0;
    watch(isAtRisk, (atRisk) => {
      if (atRisk) addEventListener("beforeunload", ask);
      else removeEventListener("beforeunload", ask);
    });
    addEventListener("pagehide", () => {
      engine.value?.drafts.flush();
      engine.value?.sender.pageHidden();
    });
    addEventListener("pageshow", ({ persisted }) => { if (persisted) engine.value?.sender.wokenUp(); });
    // A frame that was asked for may not come any more.
    document.addEventListener("visibilitychange", () => {
      engine.value?.arriving.flush();
      engine.value?.drafts.flush();
    });
    followKeyboard();

    return () => {
      if (engine.value?.room) return html`<${ChatRoom} key=${who()} engine=${engine.value} news=${news} unsent=${unsent} />`;
      // Remembered, and entering with the next tick: the form would only flash.
      if (me.value) return null;
      return html`<${JoinForm} refusal=${refused.value.refusal} username=${refused.value.username} email=${refused.value.email} onJoin=${join} />`;
    };
  },
};

createApp(Chat).mount("#app");
