// The log page: makes connection, store and session, and wires them to the
// components; the only file that knows them all. The way of a line: server ->
// Connection -> LogSession -> LogStore -> LogList.

import { LogBar } from "./log-bar.js";
import { config } from "./config.js";
import { Connection, freshState as freshConnection, UNAUTHORIZED } from "./connection.js";
import { Frame } from "./frame.js";
import { isTokenWanted } from "./log-access.js";
import { isActive, freshFilter, marker, readAddress, writeAddress } from "./log-filter.js";
import { LogFiles } from "./log-files.js";
import { LogFoot } from "./log-foot.js";
import { actionOf } from "./log-keys.js";
import { LogList } from "./log-list.js";
import { freshState, LogSession } from "./log-session.js";
import { LogStore } from "./log-store.js";
import { emptyWords, headWords, logStatus } from "./log-status.js";
import { computed, createApp, html, onMounted, onUnmounted, reactive, ref, watch } from "./html.js";
import { t } from "./i18n.js";
import { icon } from "./icons.js";
import { recall, remember } from "./storage.js";

const FLUSH_MS = 250;   // the longest a line waits for a frame that does not come
const STATUS_MS = 10_000;

const Logs = {
  setup() {
    const asked = readAddress(location.search);
    const filter = reactive(asked.filter);
    const state = reactive(freshState());
    const store = new LogStore();
    store.setFilter(filter);
    // The store is plain, for speed: this number says that it has changed.
    const version = ref(0);
    const changed = () => { version.value += 1; };

    const narrow = matchMedia("(max-width: 699px)");
    const wrap = ref(recall("wrap") ?? narrow.matches);
    const list = ref(null);
    const bar = ref(null);
    const spoken = ref("");

    const connection = new Connection({
      path: `${config.base}/echo`,
      protocol: "logs.v1",
      state: reactive(freshConnection()),
      onOpen: () => session.opened(),
      onMessage: (message) => session.received(message),
      onState: ({ phase }) => { if (phase !== "connected") session.flush(); },
      onFailedAttempt: async () => { if (await isTokenWanted(config.base)) connection.refuse(UNAUTHORIZED); },
    });
    const session = new LogSession({ connection, store, state, onChange: changed, schedule: soon });

    // The choices.

    const search = (file) => `${config.base}/logs${writeAddress(file, filter)}`;
    const choose = (file) => {
      session.choose(file);
      changed();
    };
    // From a person's choice there is a way back; filters change the entry they stand in.
    const chosen = (file) => {
      if (file === state.file) return;
      choose(file);
      history.pushState(null, "", search(file));
    };
    const wentBack = () => {
      const asked = readAddress(location.search);
      Object.assign(filter, asked.filter);
      choose(asked.file ?? state.file);
    };
    const toggleWrap = () => {
      wrap.value = !wrap.value;
      remember("wrap", wrap.value);
    };
    const pause = () => {
      store.pause();
      changed();
    };
    const follow = () => list.value.toEnd();
    const clear = () => {
      store.clear();
      changed();
    };
    const showAll = () => Object.assign(filter, freshFilter(), { mark: filter.mark });

    watch(filter, () => {
      store.setFilter(filter);
      changed();
    });
    watch([() => state.file, filter], () => history.replaceState(null, "", search(state.file)));
    watch(() => state.file, (file) => { document.title = file === null ? "chatapp" : `${file} · chatapp`; });
    const marks = computed(() => marker(filter));
    const hits = computed(() => {
      const [mark, only] = [marker(filter), marker(filter, "only")];
      return (text) => [...mark(text), ...only(text)];
    });

    // Read out when the state changes, and from time to time while lines gather.
    const isConnected = () => connection.state.phase === "connected";
    const speak = () => { spoken.value = logStatus(state, store, isConnected()); };
    watch([() => state.file, () => state.phase, isConnected, () => (void version.value, store.mode)], speak, { immediate: true });

    const actions = {
      pause: () => (store.mode === "following" ? pause() : follow()),
      end: follow,
      filter: () => bar.value.focus(),
      wrap: toggleWrap,
      start: () => list.value.toStart(),
      pageUp: () => list.value.scrollByPage(-1),
      pageDown: () => list.value.scrollByPage(1),
      up: () => list.value.scrollBy(-2),
      down: () => list.value.scrollBy(2),
    };
    const keyed = (event) => {
      const action = actionOf(event);
      if (action === null || state.file === null) return;
      event.preventDefault();
      actions[action]();
    };
    const hidden = () => { if (document.hidden) session.flush(); };

    let clock = null;
    onMounted(() => {
      addEventListener("keydown", keyed);
      addEventListener("popstate", wentBack);
      document.addEventListener("visibilitychange", hidden);
      clock = setInterval(speak, STATUS_MS);
      if (asked.file) choose(asked.file);
      connection.connect();
    });
    onUnmounted(() => {
      removeEventListener("keydown", keyed);
      removeEventListener("popstate", wentBack);
      document.removeEventListener("visibilitychange", hidden);
      clearInterval(clock);
      connection.close();
    });

    const empty = () => {
      const filtered = store.kept > 0 && store.fresh === 0 && isActive(filter);
      const words = filtered ? t("logs.allFiltered", { count: store.kept }) : emptyWords(state, store);
      return html`
        <div class="empty log-empty"><p>${words}</p>
          ${filtered && html`<button type="button" class="button" onClick=${showAll}>${t("logs.showAll")}</button>`}
        </div>`;
    };
    const slots = {
      side: () => html`<${LogFiles} files=${state.files} file=${state.file} search=${search} onChoose=${chosen} />`,
      head: () => html`
        <div class="log-heading">
          <h1 class="head-title" title=${state.file}>${state.file ?? t("logs.title")}</h1>
          <p class=${["head-context", ["gone", "denied", "refused"].includes(state.phase) && "is-trouble"]}>${(void version.value, headWords(state, store.mode, isConnected()))}</p>
        </div>
        <div class="log-tools">
          <button type="button" class="icon-button" aria-pressed=${String(wrap.value)} title=${t("logs.wrapHint")}
            aria-label=${t("logs.wrap")} onClick=${toggleWrap}>${icon("wrap")}</button>
          <button type="button" class="text-button" title=${t("logs.clearHint")} onClick=${clear}>${t("logs.clear")}</button>
        </div>`,
      bar: () => html`
        <${LogBar} ref=${bar} filter=${filter} counts=${(void version.value, { ...store.counts })} mode=${store.mode}
          onPause=${pause} onFollow=${follow} />`,
      default: () => html`
        <${LogList} ref=${list} store=${store} version=${version.value} wrap=${wrap.value} marks=${marks.value} hits=${hits.value}
          file=${state.file} changed=${changed}>${{ default: empty }}<//>
        <p class="visually-hidden" role="status">${spoken.value}</p>
        <${LogFoot} session=${session} store=${store} state=${state} connected=${isConnected()} version=${version.value} />`,
    };
    return () => html`<${Frame} page="logs" connection=${connection}>${slots}<//>`;
  },
};

// With the next frame; where none comes (a hidden tab) at once.
function soon(run) {
  if (document.hidden) {
    run();
    return;
  }
  requestAnimationFrame(run);
  setTimeout(run, FLUSH_MS);
}

createApp(Logs).mount("#app");
