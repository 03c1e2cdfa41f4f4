// The window in which an emoji is chosen: a field to search, the ones used lately, all of
// them by category. The focus stays in the field; the arrow keys move through the grid, Enter
// takes. Opens beside `anchor`; on a phone along the bottom.

import { Dialog } from "./dialog-base.js";
import { loadGroups, moveInGrid, recentEmoji, rememberEmoji, searchEmoji } from "./emoji-groups.js";
import { computed, html, nextTick, onMounted, ref, shallowRef, watch } from "./html.js";
import { language, t } from "./i18n.js";
import { icon } from "./icons.js";
import { roveFocus } from "./roving.js";

// A part of its own, so that moving the choice draws the two sections that change and not
// 1,900 emoji; those out of sight are not laid out (content-visibility in the style sheet).
const Section = {
  props: { name: String, title: String, items: Array, start: Number, active: Number, columns: Number },
  setup(props) {
    return () => html`
      <div class="emoji-section" role="group" aria-label=${props.title} data-name=${props.name}
        style=${{ "--rows": Math.ceil(props.items.length / props.columns) }}>
        <div class="emoji-section-title" aria-hidden="true">${props.title}</div>
        <div class="emoji-cells">${props.items.map((item, index) => html`
          <span key=${item.emoji} id=${`emoji-option-${props.start + index}`} class="emoji-cell" role="option" title=${item.title}
            aria-label=${item.title} aria-selected=${String(index === props.active)} data-index=${props.start + index}>${item.emoji}</span>`)}</div>
      </div>`;
  },
};

export const EmojiPicker = {
  props: { anchor: Object },
  emits: ["pick", "close"],
  setup(props, { emit }) {
    const dialog = ref(null);
    const field = ref(null);
    const list = ref(null);
    const groups = shallowRef([]);
    const state = ref("loading"); // "loading", "ready" or "failed"
    const query = ref("");
    const active = ref(0);
    const columns = ref(9);
    const shown = ref("recent"); // the category in sight

    const load = async () => {
      try {
        groups.value = await loadGroups(language.value);
        state.value = "ready";
      } catch {
        state.value = "failed";
      }
      await nextTick();
      measure();
    };
    onMounted(() => {
      load();
      // On a phone the keyboard would cover the half of what one came to see.
      (matchMedia("(pointer: coarse)").matches ? list : field).value.focus();
    });
    const measure = () => {
      const cells = list.value?.querySelector(".emoji-cells");
      if (cells) columns.value = getComputedStyle(cells).gridTemplateColumns.split(" ").length;
    };

    const known = computed(() => new Map(groups.value.flatMap(({ emoji }) => emoji.map((item) => [item.emoji, item]))));
    const sections = computed(() => {
      if (state.value !== "ready") return [];
      if (query.value.trim() !== "") return [{ name: "found", title: t("emoji.found"), items: searchEmoji(groups.value, query.value) }];
      const lately = recentEmoji(columns.value).map((emoji) => known.value.get(emoji)).filter(Boolean);
      return [
        { name: "recent", title: t("emoji.lately"), items: lately },
        ...groups.value.map(({ name, emoji }) => ({ name, title: t(`emoji.group.${name}`), items: emoji })),
      ];
    });
    const sizes = computed(() => sections.value.map(({ items }) => items.length));
    const itemAt = (index) => sections.value.flatMap(({ items }) => items)[index];

    const option = (index) => list.value?.querySelector(`#emoji-option-${index}`);
    const moveTo = async (index) => {
      active.value = index;
      await nextTick();
      option(index)?.scrollIntoView({ block: "nearest" });
    };
    watch(query, () => {
      active.value = 0;
      if (list.value) list.value.scrollTop = 0;
    });

    const take = (item) => {
      if (!item) return;
      rememberEmoji(item.emoji);
      dialog.value.dismiss(); // first: whoever is told may want the focus
      emit("pick", item.emoji);
    };
    const keyed = (event) => {
      if (event.isComposing || event.keyCode === 229) return;
      if (event.key === "Enter") {
        event.preventDefault();
        take(itemAt(active.value));
      }
      if (event.shiftKey || event.ctrlKey || event.metaKey || event.altKey) return;
      const to = moveInGrid(sizes.value, columns.value, active.value, event.key);
      if (to === null) return;
      event.preventDefault();
      if (to >= 0) moveTo(to);
    };
    const pressed = (event) => {
      const cell = event.target.closest(".emoji-cell");
      if (cell) take(itemAt(Number(cell.dataset.index)));
    };
    const pointed = (event) => {
      const cell = event.target.closest(".emoji-cell");
      if (cell) active.value = Number(cell.dataset.index);
    };

    const jump = (name) => {
      const index = sections.value.findIndex((section) => section.name === name);
      const element = list.value.querySelector(`[data-name="${name}"]`);
      list.value.scrollTop = element.offsetTop;
      active.value = sizes.value.slice(0, index).reduce((sum, size) => sum + size, 0);
      shown.value = name;
    };
    const scrolled = () => {
      const seen = Array.from(list.value.children).findLast((element) => element.offsetTop <= list.value.scrollTop + 24);
      if (seen && query.value === "") shown.value = seen.dataset.name;
    };

    const tabs = () => html`
      <div class="emoji-tabs" role="group" aria-label=${t("emoji.groups")}
        onKeydown=${(event) => roveFocus(event, Array.from(event.currentTarget.querySelectorAll("button")))}>
        ${[{ name: "recent" }, ...groups.value].map(({ name, sign }) => {
          const title = name === "recent" ? t("emoji.lately") : t(`emoji.group.${name}`);
          return html`
            <button key=${name} type="button" class="emoji-tab" title=${title} aria-label=${title} aria-current=${shown.value === name ? "true" : null}
              tabindex=${shown.value === name ? 0 : -1} onClick=${() => jump(name)}>${sign ?? icon("clock")}</button>`;
        })}
      </div>`;

    const status = () => {
      if (state.value === "loading") return t("emoji.loading");
      if (state.value === "failed") return t("emoji.failed");
      if (sections.value.length === 1 && sizes.value[0] === 0) return t("emoji.nothing");
      return "";
    };

    const body = () => {
      const chosen = itemAt(active.value);
      let start = 0;
      return html`
        <div class="emoji-picker">
          <div class="emoji-search">
            ${icon("search")}
            <input ref=${field} type="text" role="combobox" autocomplete="off" autocapitalize="off" spellcheck="false" enterkeyhint="done" value=${query.value}
              placeholder=${t("emoji.search")} aria-label=${t("emoji.search")} aria-expanded="true" aria-controls="emoji-options" aria-autocomplete="list"
              aria-activedescendant=${chosen ? `emoji-option-${active.value}` : null}
              onInput=${(event) => { query.value = event.target.value; }} onKeydown=${keyed} />
          </div>
          ${query.value.trim() === "" && tabs()}
          <div ref=${list} id="emoji-options" class="emoji-options" role="listbox" aria-label=${t("emoji.list")} tabindex="-1"
            onClick=${pressed} onPointermove=${pointed} onScroll=${scrolled}>
            ${sections.value.map(({ name, title, items }) => {
              const from = start;
              start += items.length;
              const isHere = active.value >= from && active.value < start;
              return html`<${Section} key=${name} name=${name} title=${title} items=${items} start=${from} columns=${columns.value}
                active=${isHere ? active.value - from : -1} />`;
            })}
          </div>
          <p class="emoji-status" role="status">${status()}</p>
          <p class="emoji-chosen" aria-hidden="true">${chosen && html`<span class="emoji">${chosen.emoji}</span><span>${chosen.title}</span><code>:${chosen.code}:</code>`}</p>
        </div>`;
    };

    return () => html`
      <${Dialog} ref=${dialog} label=${t("emoji.title")} anchor=${props.anchor} onClose=${() => emit("close")}>${{ default: body }}<//>`;
  },
};
