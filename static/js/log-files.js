// The list of files at the left: name, size, how long ago it changed, and a dot for
// one that has just grown. The list comes from LogSession.

import { html, onMounted, onUnmounted, ref } from "./html.js";
import { t } from "./i18n.js";
import { formatAge, formatSize } from "./log-words.js";

const ACTIVE_MS = 10_000;

export const LogFiles = {
  props: { files: Array, file: String, search: Function },
  emits: ["choose"],
  setup(props, { emit }) {
    const now = ref(Date.now());
    let clock = null;
    onMounted(() => { clock = setInterval(() => { now.value = Date.now(); }, 1000); });
    onUnmounted(() => clearInterval(clock));

    const item = ({ name, size, modified, grewAt }) => {
      const isActive = grewAt !== null && now.value - grewAt < ACTIVE_MS;
      // A click with a key held goes where the browser takes it: another tab.
      const choose = (event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        emit("choose", name);
      };
      return html`
        <li key=${name}>
          <a class="side-item log-file" href=${props.search(name)} aria-current=${name === props.file ? "true" : null} title=${name} onClick=${choose}>
            <span class=${["log-dot", isActive && "is-active"]} title=${isActive ? t("logs.growing") : null}>
              ${isActive && html`<span class="visually-hidden">${t("logs.growing")}</span>`}</span>
            <bdi class="log-file-name">${name}</bdi>
            <span class="log-file-size">${size === null ? t("logs.missing") : formatSize(size)}</span>
            <span class="log-file-age">${modified !== null && formatAge(now.value - modified)}</span>
          </a>
        </li>`;
    };

    return () => html`
      <h2 class="side-title" id="log-files">${t("logs.files")}</h2>
      ${props.files?.length === 0 && html`<p class="log-no-files">${t("logs.noFiles")}</p>`}
      <ul class="log-files" aria-labelledby="log-files">${(props.files ?? []).map(item)}</ul>`;
  },
};
