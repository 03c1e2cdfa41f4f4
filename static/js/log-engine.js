// The page's parts wired together, without markup: connection, session, store, past, search,
// filter, the bars over time, and the address. logs.js draws it and hands it what people do.
// The way of a line: server -> Connection -> LogSession (or LogApi -> Past) -> LogStore -> LogList.

import { config } from "./config.js";
import { Connection, freshState as freshConnection, UNAUTHORIZED } from "./connection.js";
import { computed, reactive, ref, shallowRef, watch } from "./html.js";
import { t } from "./i18n.js";
import { say } from "./live.js";
import { isTokenWanted } from "./log-access.js";
import { readAddress, writeAddress } from "./log-address.js";
import { LogApi } from "./log-api.js";
import { Buckets } from "./log-buckets.js";
import { conditionsOf, FIELDS, freshFilter, isActive, isKnownHere, isSame, isUsed, markProblem, textTest } from "./log-filter.js";
import { OldNames } from "./log-old-names.js";
import { Past } from "./log-past.js";
import { createRowActs } from "./log-row-acts.js";
import { freshSearch, LogSearch } from "./log-search.js";
import { freshState, LogSession } from "./log-session.js";
import { LogStore } from "./log-store.js";
import { freshSettings, keepSettings } from "./log-settings.js";
import { createSteps } from "./log-steps.js";
import { later, throttled } from "./log-timing.js";

const TYPING_MS = 400;   // without a key: what was typed is a filter now
const BARS_MS = 250;
const PLACE_MS = 400;

export function createEngine() {
  const asked = readAddress(location.search);
  const filter = reactive(asked.filter);
  const settings = reactive(freshSettings());
  const state = reactive(freshState());
  const store = new LogStore();
  const buckets = new Buckets();
  const search = reactive(freshSearch());
  const api = new LogApi(config.base);
  // The store is plain, for speed: this number says that it has changed.
  const version = ref(0);
  const bars = shallowRef(null);
  const viewed = shallowRef(null);       // [from, to] in ms: what is in view
  const lastSeen = shallowRef(null);     // the last line in view: { file, generation, offset }
  const place = shallowRef(null);        // the line the reader is at: { file, generation, offset }; null: the newest
  const lit = ref(null);                 // id of the row that was gone to
  const unfolded = reactive(new Set());  // ids of rows whose fields are shown
  const whole = reactive(new Map());     // ids of long lines that are shown whole, and their text
  let list = null;                       // the LogList, once it is there

  const showBars = throttled(BARS_MS, () => {
    bars.value = buckets.value;
    viewed.value = list?.timesInView() ?? null;
    const last = list?.lastInView() ?? null;
    lastSeen.value = last?.kind === "line" ? placeOf(last) : null;
  });
  const changed = () => {
    version.value += 1;
    showBars();
  };
  store.onCome = (chunk, from) => buckets.add(chunk, from);
  store.onGone = (chunk) => buckets.remove(chunk);

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
  const past = new Past({ api, store, session, state, onChange: changed, onFocus: (id) => focusOn(id) });
  const oldNames = new OldNames({ api, onChange: changed });
  watch(() => JSON.stringify(state.files?.map(({ siblings }) => siblings?.map(({ name }) => name))), () => oldNames.forget());
  const searching = new LogSearch({ api, state: search, schedule: soon });

  const files = computed(() => state.tracks.map(({ file }) => file));
  const address = (names, at = null) => `${config.base}/logs${writeAddress({ files: names, filter, at })}`;

  // The filter: at once on what the page has, and after a moment on the server.

  // Marks are drawn with the rows: nothing else has to be done about them.
  const checkMark = () => {
    const problem = markProblem(filter.mark);
    filter.mark.problem = problem ? t(`logs.pattern.${problem}`) : "";
  };
  const applyHere = () => {
    const isLoose = isUsed(filter.only);
    store.setView({ test: textTest(filter), hidden: filter.hidden, folded: settings.folded && !isLoose, isLoose });
    buckets.recount(store.chunks);
    checkMark();
    changed();
  };
  let accepted = session.conditions; // the last that the server has opened the files with
  const applyThere = () => {
    if (state.tracks.every(({ told }) => told)) accepted = session.conditions;
    if (session.setConditions(conditionsOf(filter), isKnownHere(filter))) return;
    const at = store.mode === "following" ? null : place.value;
    if (at) {
      session.tellConditions();
      past.openAt(at);
    } else session.reload();
  };
  const [applySoon, applyNow] = later(TYPING_MS, applyThere);
  session.onPattern = (sentence, field) => {
    const side = field === "exclude" ? "exclude" : "include";
    const wrong = filter[side === "exclude" ? "not" : "only"];
    if (wrong.problem) return; // told once for each file
    const isOther = !isSame(accepted[side], session.conditions[side]);
    Object.assign(wrong, { problem: sentence, held: isOther ? accepted[side] : null });
    applyHere();
    applyThere();
  };
  const setField = (name, { text, pattern, case: exact }) => {
    Object.assign(filter[name], { text, pattern, case: exact, problem: "" });
    if (name === "mark") return checkMark();
    applyHere();
    applySoon();
  };
  const setHidden = (levels) => {
    filter.hidden = levels;
    applyHere();
  };
  const showAll = () => {
    const fresh = freshFilter();
    Object.assign(filter, { only: fresh.only, not: fresh.not, hidden: [] });
    applyHere();
    applyNow();
  };

  // Where the page is. What a person chooses has a way back; what follows from reading changes the entry it stands in.

  const remember = () => {
    history.replaceState(null, "", here());
    history.pushState(null, "", here());
  };
  const here = () => address(files.value, place.value);
  watch([files, filter, place], () => { if (files.value.length > 0) history.replaceState(null, "", here()); });

  const forgetRows = () => {
    lit.value = null;
    unfolded.clear();
    whole.clear();
  };
  const show = (names) => {
    past.cancel();
    forgetRows();
    place.value = null;
    session.show(names);
  };
  const choose = (name) => {
    if (files.value.length === 1 && files.value[0] === name) return;
    remember();
    show([name]);
  };
  const toggle = (name) => {
    const names = files.value.includes(name) ? files.value.filter((one) => one !== name) : [...files.value, name];
    if (names.length === 0) return;
    remember();
    show(names);
  };
  const goTo = (asked) => {
    for (const field of FIELDS) Object.assign(filter[field], asked.filter[field]);
    filter.hidden = asked.filter.hidden;
    applyHere();
    const names = asked.files.length > 0 ? asked.files : files.value;
    const isSame = JSON.stringify(names) === JSON.stringify(files.value);
    if (isSame) applyNow();
    else {
      session.setConditions(conditionsOf(filter), false);
      show(names);
    }
    if (asked.at) openLine(placed(asked.at, names));
    else if (isSame && (place.value || store.mode !== "following")) follow();
  };
  const wentBack = () => goTo(readAddress(location.search));

  // Reading.

  const follow = () => {
    past.cancel();
    state.trouble = "";
    place.value = null;
    lit.value = null;
    if (state.window === "past" || store.isFull) {
      forgetRows();
      session.reload();
    } else store.follow();
    list?.followed();
    changed();
  };
  const pause = () => {
    store.pause();
    changed();
  };
  const clear = () => {
    store.clear();
    forgetRows();
    changed();
  };
  const [placeSoon] = later(PLACE_MS, () => {
    if (store.mode === "following") return;
    // The line that was gone to, as long as it is in view: else coming back to it would move it each time.
    const row = lit.value !== null && list?.isInView(lit.value) ? store.row(lit.value) : list?.firstInView();
    if (row?.kind === "line") place.value = placeOf(row);
  });

  const notePlace = () => {
    placeSoon();
    showBars();
  };
  const focusOn = (id) => {
    forgetRows();
    if (id !== null) focusIn(id);
  };
  const focusIn = (id) => {
    store.reveal(id);
    const row = store.row(id);
    lit.value = id;
    if (row?.kind === "line") place.value = placeOf(row);
    list?.showRow(id);
  };
  // A line by its place: where the page has it, it is gone to, else read.
  const openLine = (at) => {
    const known = store.sources.findIndex(({ file, generation }) => file === at.file && generation === at.generation);
    const id = known < 0 ? null : store.find(known, at.offset);
    if (id === null) return past.openAt(at);
    focusIn(id);
    return true;
  };
  // A rotated file, from the list: in its log's place where it is known, else as a file of its own.
  const openSibling = (file, sibling) => {
    if (!sibling.generation) return choose(sibling.name);
    remember();
    if (!files.value.includes(file)) show([file]);
    return past.openEnd(file, sibling.generation);
  };
  const jump = (where) => {
    remember();
    if (where.end) return follow();
    if (where.time !== undefined) {
      const ms = typeof where.time === "number" ? where.time : Date.parse(where.time);
      const id = store.findTime(ms);
      if (id !== null && id !== store.chunks[0]?.id(0)) return focusIn(id);
    }
    return past.jump(where);
  };
  // From hit to hit, from error to error.
  const steps = createSteps({
    store, filter, search, searching,
    from: () => lit.value ?? (store.mode === "following" ? Infinity : list?.firstInView()?.id ?? Infinity),
    goTo: (id) => focusIn(id),
    open: (hit) => {
      remember();
      openLine({ file: hit.open, generation: hit.generation, offset: hit.offset });
    },
  });

  // What a row can be asked for.
  const rowAct = createRowActs({
    store, api, past, unfolded, whole,
    pointAt: (row) => {
      remember();
      place.value = placeOf(row);
      lit.value = row.id;
    },
    openOld: (file, generation) => {
      remember();
      past.openEnd(file, generation);
    },
  });
  // To the line that was gone to, or to the first in view.
  const linkHere = () => {
    const row = (lit.value !== null && store.row(lit.value)) || list?.firstInView();
    if (row?.kind === "line") act("link", row);
  };
  const act = async (what, row) => {
    await rowAct(what, row);
    list?.stopFollowing();
    changed();
  };

  watch(settings, () => {
    keepSettings(settings);
    const isOrdered = state.order !== settings.order;
    state.order = settings.order;
    if (isOrdered && files.value.length > 1) session.reload();
    applyHere();
  });

  watch(() => state.trouble, (trouble) => {
    if (trouble !== "") say(trouble === "unreachable" ? t("logs.search.unreachable") : trouble);
  });

  const begin = () => {
    state.order = settings.order;
    applyHere();
    session.setConditions(conditionsOf(filter), false);
    if (asked.files.length > 0) show(asked.files);
    if (asked.at && asked.files.length > 0) openLine(placed(asked.at, asked.files));
    connection.connect();
  };

  return {
    filter, settings, state, store, search, searching, api, version, bars, viewed, lastSeen, place, lit, unfolded, whole, connection, session, past, files,
    ...steps, isFiltered: () => isActive(filter), conditions: () => conditionsOf(filter),
    setField, setHidden, showAll, applyNow, choose, toggle, wentBack, follow, pause, clear, jump, notePlace, openSibling, act, linkHere, begin, address, changed,
    runSearch: (query) => searching.run(query, files.value),
    oldName: (notice) => oldNames.of(notice),
    useList: (component) => { list = component; },
  };
}

const placeOf = ({ source, offset }) => ({ file: source.file, generation: source.generation, offset });

const placed = (at, files) => ({ ...at, file: files.includes(at.file) ? at.file : files[0] });

const FLUSH_MS = 250; // the longest a line waits for a frame that does not come

// With the next frame; where none comes (a hidden tab) at once.
function soon(run) {
  if (document.hidden) {
    run();
    return;
  }
  requestAnimationFrame(run);
  setTimeout(run, FLUSH_MS);
}
