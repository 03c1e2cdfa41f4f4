// Looking for messages: the field in the head and the panel with what was found. Both draw
// what `search` says and tell what is wanted; the page asks the server.
//
//   search: reactive { query, state: "idle" | "searching" | "done" | "failed", hits, words, next, refusal }
//
// On a phone the field is a button, and the panel a sheet with a field of its own.

import { Avatar } from "./avatar.js";
import { formatFull, formatWhen } from "./dates.js";
import { html, onMounted, onUnmounted, ref, watch } from "./html.js";
import { t } from "./i18n.js";
import { icon } from "./icons.js";
import { excerptOf, markPattern, splitMarks } from "./marks.js";
import { reasonOf } from "./refusals.js";
import { plainText } from "./rich-text.js";
import { roveFocus } from "./roving.js";
import { SearchQuery } from "./search-query.js";

const PANEL = "search-panel";
const FIELD = "search-field";
const LONG = 4000; // of a longer text only the part around a hit is read for the excerpt

const firstHit = () => document.querySelector(`#${PANEL} .hit[tabindex="0"]`);

// The field itself, in the head and on the sheet.
const QueryField = {
  props: { id: String, query: String, open: Boolean },
  emits: ["search", "open", "close"],
  setup(props, { emit, expose }) {
    const input = ref(null);
    const text = ref(props.query ?? "");
    const asking = new SearchQuery((query) => emit("search", query));
    watch(() => props.query, (query) => {
      if (document.activeElement !== input.value) text.value = query ?? "";
    });
    watch(() => props.open, (isOpen) => {
      if (isOpen) return;
      text.value = "";
      asking.reset();
    });
    onUnmounted(() => asking.reset());

    const typed = (event) => {
      text.value = event.target.value;
      if (text.value !== "") emit("open");
      asking.typed(text.value);
    };
    const keyed = (event) => {
      if (event.isComposing || event.keyCode === 229) return;
      if (event.key === "Enter") {
        event.preventDefault();
        emit("open");
        if (!asking.now(text.value)) firstHit()?.focus();
      } else if (event.key === "ArrowDown" && firstHit()) {
        event.preventDefault();
        firstHit().focus();
      } else if (event.key === "Escape") {
        event.preventDefault();
        event.stopPropagation();
        text.value = "";
        input.value.blur();
        emit("close");
      }
    };
    const focus = () => {
      input.value.focus();
      input.value.select();
    };
    expose({ focus });

    return () => html`
      <input ref=${input} id=${props.id} class="search-input" type="search" role="searchbox" autocomplete="off" autocapitalize="off" spellcheck="false"
        enterkeyhint="search" placeholder=${t("search.search")} aria-label=${t("search.label")} aria-keyshortcuts="/" value=${text.value}
        onInput=${typed} onKeydown=${keyed} onFocus=${() => emit("open")} />`;
  },
};

export const SearchField = {
  // open: whether the panel is; when it closes the field is emptied.
  props: { query: String, open: Boolean },
  emits: ["search", "open", "close"],
  setup(props, { emit, expose }) {
    const field = ref(null);
    expose({ focus: () => field.value.focus() });
    return () => html`
      <div class="search-field" role="search">
        ${icon("search")}
        <${QueryField} ref=${field} id=${FIELD} query=${props.query} open=${props.open}
          onSearch=${(query) => emit("search", query)} onOpen=${() => emit("open")} onClose=${() => emit("close")} />
        <kbd aria-hidden="true">/</kbd>
      </div>
      <button type="button" class="search-button icon-button" title=${t("search.label")} aria-label=${t("search.label")} onClick=${() => emit("open")}>${icon("search")}</button>`;
  },
};

export const SearchPanel = {
  // nameOf(room): what a room is called, for direct ones; without it "# " and its name.
  props: { search: Object, nameOf: Function },
  emits: ["search", "more", "open", "close"],
  setup(props, { emit }) {
    const panel = ref(null);
    const sheetField = ref(null);
    const current = ref(0);
    const narrow = matchMedia("(max-width: 699px)");
    const isSheet = ref(narrow.matches);
    const resized = () => { isSheet.value = narrow.matches; };

    onMounted(() => {
      narrow.addEventListener("change", resized);
      if (isSheet.value) sheetField.value.focus();
    });
    onUnmounted(() => narrow.removeEventListener("change", resized));
    watch(() => props.search.query, () => { current.value = 0; });

    const hits = () => Array.from(panel.value.querySelectorAll(".hit"));
    const keyed = (event) => {
      if (event.isComposing) return;
      if (event.key === "Escape") {
        event.stopPropagation();
        emit("close");
      } else if (event.target.matches(".hit")) {
        if (event.key === "ArrowUp" && event.target === hits()[0]) {
          event.preventDefault();
          (sheetField.value ?? document.getElementById(FIELD)).focus();
        } else if (event.key !== "ArrowDown" || event.target !== hits().at(-1)) roveFocus(event, hits(), true);
      }
    };

    const excerpt = (message, pattern) => {
      const at = message.text.length > LONG && pattern ? Math.max(0, message.text.search(pattern) - 300) : 0;
      const text = excerptOf(plainText(message.text.slice(at, at + LONG)), pattern);
      return splitMarks(text, pattern).map((part) => (part.marked ? html`<mark>${part.text}</mark>` : part.text));
    };
    const roomOf = (room) => props.nameOf?.(room) ?? `# ${room}`;
    const hit = (message, index, pattern, now) => html`
      <li key=${`${message.room} ${message.seq}`}>
        <button type="button" class="hit" tabindex=${index === Math.min(current.value, props.search.hits.length - 1) ? 0 : -1}
          onFocus=${() => { current.value = index; }} onClick=${() => emit("open", message)}>
          <${Avatar} name=${message.user.name} avatar=${message.user.avatar} />
          <span class="hit-body">
            <span class="hit-head">
              <bdi class="hit-name">${message.user.name}</bdi>
              <bdi class="hit-room">${roomOf(message.room)}</bdi>
              <time class="hit-time" datetime=${new Date(message.time).toISOString()} title=${formatFull(message.time)}>${formatWhen(message.time, now)}</time>
            </span>
            <span class="hit-text" dir="auto">${message.deleted ? t("search.deleted") : excerpt(message, pattern)}</span>
          </span>
        </button>
      </li>`;

    const help = () => html`
      <div class="search-help">
        <p>${t("search.help")}</p>
        <dl>
          ${["from", "in", "before", "after", "quotes"].map((name) => html`
            <div key=${name}><dt><code>${t(`search.filter.${name}`)}</code></dt><dd>${t(`search.filterHelp.${name}`)}</dd></div>`)}
        </dl>
      </div>`;

    // What there is to say besides the hits.
    const stateWords = ({ state, hits: { length }, next, refusal }) => {
      if (state === "searching") return t("search.searching");
      if (state === "failed") return reasonOf(refusal);
      if (state === "idle") return "";
      if (length === 0) return t(next === null ? "search.nothing" : "search.nothingYet");
      return t(next === null ? "search.found" : "search.foundMore", { count: length });
    };

    const body = () => {
      const { search } = props;
      const pattern = markPattern(search.words);
      const now = Date.now();
      const words = stateWords(search);
      const hasFailed = search.state === "failed";
      return html`
        <p class=${["search-state", hasFailed && "is-error"]} role="status">${words}</p>
        ${hasFailed && html`<button type="button" class="text-button search-again" onClick=${() => emit("search", search.query)}>${t("search.tryAgain")}</button>`}
        ${search.state === "idle" && help()}
        <ul class="hits" aria-label=${t("search.results")} aria-busy=${String(search.state === "searching")}>${search.hits.map((message, index) => hit(message, index, pattern, now))}</ul>
        ${search.state === "done" && search.next !== null && html`
          <button type="button" class="button search-more" onClick=${() => emit("more")}>${t("search.more")}</button>`}
        ${search.state === "done" && search.hits.length === 0 && help()}`;
    };

    return () => html`
      <section ref=${panel} id=${PANEL} class="search-panel" aria-label=${t("search.results")} onKeydown=${keyed}>
        <header class="search-head">
          ${isSheet.value
            ? html`${icon("search")}<${QueryField} ref=${sheetField} id="search-sheet-field" query=${props.search.query} open=${true}
                onSearch=${(query) => emit("search", query)} onClose=${() => emit("close")} />`
            : html`<h2>${t("search.label")}</h2>`}
          <button type="button" class="icon-button" title=${t("search.close")} aria-label=${t("search.close")} onClick=${() => emit("close")}>${icon("close")}</button>
        </header>
        <div class="search-body">${body()}</div>
      </section>`;
  },
};
