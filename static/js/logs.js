// The log page: draws what the engine (log-engine.js) has and hands it what people do;
// the only file that knows all the components.

import { html, computed, createApp, onMounted, onUnmounted, ref, watch } from "./html.js";
import { Frame } from "./frame.js";
import { t } from "./i18n.js";
import { icon } from "./icons.js";
import { Announcer } from "./live.js";
import { LogBar } from "./log-bar.js";
import { JumpDialog, LogKeysDialog, LogSettings } from "./log-dialogs.js";
import { createEngine } from "./log-engine.js";
import { FileList } from "./log-file-list.js";
import { LogFoot } from "./log-foot.js";
import { LogHead } from "./log-head.js";
import { Histogram } from "./log-histogram.js";
import { actionOf } from "./log-keys.js";
import { LogList } from "./log-list.js";
import { LogSearchPanel } from "./log-search-panel.js";
import { emptyWords, logStatus } from "./log-status.js";
import { LogTools } from "./log-tools.js";
import { Unread } from "./log-unread.js";

const STATUS_MS = 10_000;

const Logs = {
  setup() {
    const engine = createEngine();
    const { state, store, filter, settings, version, files, connection, session } = engine;
    const list = ref(null);
    const bar = ref(null);
    const dialog = ref(null);        // "jump" | "keys" | "settings"
    const isSearching = ref(false);  // the panel is open
    const spoken = ref("");
    const unread = new Unread();

    const isConnected = () => connection.state.phase === "connected";
    const mode = () => (void version.value, store.mode);

    // Read out when the state changes, and from time to time while lines gather.
    const speak = () => { spoken.value = logStatus(state, store, isConnected()); };
    const phases = () => state.tracks.map(({ phase }) => phase).join();
    watch([files, phases, isConnected, mode], speak, { immediate: true });

    const tell = () => unread.show({ files: files.value, machine: state.machine, arrived: session.arrived, fresh: store.mode === "following" ? 0 : store.fresh });
    watch([files, version, () => state.machine], tell);

    const toggleSearch = () => { isSearching.value = !isSearching.value; };
    const leaveSearch = () => {
      isSearching.value = false;
      list.value.focus();
    };
    // On a phone the panel lies over the stream: what was found is to be seen. The hits stay, for n and N.
    const showStream = () => { if (matchMedia("(max-width: 699px)").matches) leaveSearch(); };
    const openHit = (hit, index) => {
      engine.openHit(hit, index);
      showStream();
    };
    const nextHit = () => {
      engine.nextHit(1);
      showStream();
    };
    // What `only` asks for, in all of the file: of what is kept no line has it.
    const searchWhole = () => {
      engine.runSearch({ ...engine.search.query, ...engine.conditions().include });
      isSearching.value = true;
    };
    const actions = {
      pause: () => (store.mode === "following" ? engine.pause() : engine.follow()),
      end: engine.follow,
      start: () => list.value.toTop(),
      pageUp: () => list.value.scrollByPage(-1),
      pageDown: () => list.value.scrollByPage(1),
      up: () => list.value.scrollBy(-2),
      down: () => list.value.scrollBy(2),
      search: () => { isSearching.value = true; },
      filter: () => bar.value.focus(),
      jump: () => { dialog.value = "jump"; },
      link: () => engine.linkHere(),
      wrap: () => { settings.wrap = !settings.wrap; },
      keys: () => { dialog.value = "keys"; },
      nextHit: () => engine.nextHit(1),
      previousHit: () => engine.nextHit(-1),
      nextError: () => engine.nextError(1),
      previousError: () => engine.nextError(-1),
    };
    const keyed = (event) => {
      const action = actionOf(event);
      if (action === null || (files.value.length === 0 && action !== "keys")) return;
      event.preventDefault();
      actions[action]();
    };
    const hidden = () => {
      if (document.hidden) session.flush();
      unread.visibilityChanged(session.arrived);
      tell();
    };

    let clock = null;
    onMounted(() => {
      addEventListener("keydown", keyed);
      addEventListener("popstate", engine.wentBack);
      document.addEventListener("visibilitychange", hidden);
      clock = setInterval(speak, STATUS_MS);
      engine.useList(list.value);
      engine.begin();
    });
    onUnmounted(() => {
      removeEventListener("keydown", keyed);
      removeEventListener("popstate", engine.wentBack);
      document.removeEventListener("visibilitychange", hidden);
      clearInterval(clock);
      connection.close();
    });

    const look = computed(() => ({
      marks: engine.marks.value, hits: engine.hits.value, times: settings.times, ansi: settings.ansi, unfolded: engine.unfolded, whole: engine.whole,
      lit: engine.lit.value, isMerged: files.value.length > 1, oldName: engine.oldName,
    }));
    const pastState = () => ({
      canOlder: engine.past.canOlder, canNewer: engine.past.canNewer, loading: state.loading, isPast: state.window === "past",
      trouble: state.trouble === "unreachable" ? t("logs.search.unreachable") : state.trouble,
      isStart: store.count > 0 && state.tracks.some(({ start, wasRead }) => start && wasRead),
    });
    const colours = computed(() => (files.value.length > 1 ? Object.fromEntries(state.tracks.map(({ file, colour }) => [file, colour])) : {}));

    const empty = () => {
      const filtered = store.kept > 0 && store.fresh === 0 && engine.isFiltered();
      const words = filtered ? t("logs.allFiltered", { count: store.kept }) : emptyWords(state, store, engine.isFiltered());
      const isHelped = filtered || (engine.isFiltered() && state.tracks.some(({ phase }) => phase === "opened"));
      return html`
        <div class="empty log-empty"><p>${words}</p>
          ${isHelped && html`
            <div class="log-empty-ways">
              <button type="button" class="button" onClick=${engine.showAll}>${t("logs.showAll")}</button>
              ${engine.conditions().include && html`<button type="button" class="button" onClick=${searchWhole}>${t("logs.searchWhole")}</button>`}
            </div>`}
        </div>`;
    };
    const dialogs = () => {
      const close = () => { dialog.value = null; };
      if (dialog.value === "jump") return html`<${JumpDialog} onJump=${engine.jump} onClose=${close} />`;
      if (dialog.value === "keys") return html`<${LogKeysDialog} onClose=${close} />`;
      return dialog.value === "settings" && html`<${LogSettings} settings=${settings} onClose=${close} />`;
    };
    const panel = () => isSearching.value && html`
      <${LogSearchPanel} search=${engine.search} onSearch=${engine.runSearch} onStop=${() => engine.searching.stop()}
        onMore=${() => engine.searching.more()} onOpen=${openHit} onNext=${nextHit} onClose=${leaveSearch} />`;

    const slots = {
      side: () => html`<${FileList} files=${state.files} machine=${state.machine} open=${files.value} colours=${colours.value} href=${(file) => engine.address([file])}
        onChoose=${engine.choose} onToggle=${engine.toggle} onSibling=${engine.openSibling} />`,
      settings: () => html`<button type="button" class="icon-button" title=${t("logs.settings")} aria-label=${t("logs.settings")}
        onClick=${() => { dialog.value = "settings"; }}>${icon("gear")}</button>`,
      head: () => html`<${LogHead} state=${state} mode=${mode()} connected=${isConnected()} wrap=${settings.wrap} searching=${isSearching.value}
        download=${download()} place=${engine.place.value} onSearch=${toggleSearch} onWrap=${actions.wrap} onJump=${actions.jump} onClear=${engine.clear} />`,
      bar: () => html`
        <${LogBar} ref=${bar} filter=${filter} counts=${(void version.value, { ...store.counts })} mode=${mode()}
          onPause=${engine.pause} onFollow=${engine.follow} onField=${engine.setField} onHidden=${engine.setHidden} onDone=${engine.applyNow}>${{ default: () => html`
            <${LogTools} wrap=${settings.wrap} download=${download()} hasWords=${true} onWrap=${actions.wrap} onClear=${engine.clear} />` }}<//>
        ${settings.bars && html`<${Histogram} buckets=${engine.bars.value} view=${engine.viewed.value} onJump=${(time) => engine.jump({ time })} />`}`,
      default: () => html`
        <div class=${["log-stage", `has-size-${settings.size}`]}>
          <${LogList} ref=${list} store=${store} version=${version.value} wrap=${settings.wrap} look=${look.value} past=${(void version.value, pastState())}
            name=${files.value.join(", ")} onChanged=${engine.changed} onOlder=${() => engine.past.older()} onNewer=${() => engine.past.newer()}
            onAct=${engine.act} onEnd=${engine.follow} onMoved=${engine.notePlace}>${{ default: empty }}<//>
          ${panel()}
        </div>
        <p class="visually-hidden" role="status">${spoken.value}</p>
        <${LogFoot} session=${session} store=${store} state=${state} connected=${isConnected()} version=${version.value} lastSeen=${engine.lastSeen.value} />
        <${Announcer} />
        ${dialogs()}`,
    };
    const download = () => {
      if (files.value.length !== 1) return null;
      const { include, exclude } = engine.conditions();
      const [file] = files.value;
      return include || exclude ? { href: engine.api.filteredUrl(file, { include, exclude }), isFiltered: true } : { href: engine.api.rawUrl(file), isFiltered: false };
    };
    return () => html`<${Frame} page="logs" connection=${connection} at=${files.value.join("\n")}>${slots}<//>`;
  },
};

createApp(Logs).mount("#app");
