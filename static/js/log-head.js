// The head of the page: which file, how it is, and what can be done with it as a whole.

import { html } from "./html.js";
import { t } from "./i18n.js";
import { icon } from "./icons.js";
import { headWords, isTrouble } from "./log-status.js";

export const LogHead = {
  // download: { href, isFiltered } or null.
  props: { state: Object, mode: String, connected: Boolean, wrap: Boolean, searching: Boolean, download: Object },
  emits: ["search", "wrap", "jump", "clear"],
  setup(props, { emit }) {
    const tool = (name, words, hint, action, more = {}) => html`
      <button type="button" class="icon-button" title=${hint} aria-label=${words} onClick=${() => emit(action)} ...${more}>${icon(name)}</button>`;
    const title = () => {
      const { tracks } = props.state;
      if (tracks.length === 0) return html`<h1 class="head-title">${t("logs.title")}</h1>`;
      if (tracks.length === 1) return html`<h1 class="head-title" title=${tracks[0].file}>${tracks[0].file}</h1>`;
      const names = tracks.map(({ file, colour }) => html`<span key=${file} class=${["log-merged", `is-file-${colour}`]}>${file}</span>`);
      return html`<h1 class="head-title is-merged" title=${tracks.map(({ file }) => file).join("\n")}>${names}</h1>`;
    };
    const download = () => {
      if (!props.download) return null;
      const words = t(props.download.isFiltered ? "logs.downloadFiltered" : "logs.download");
      return html`<a class="icon-button" href=${props.download.href} download title=${words} aria-label=${words}>${icon("download")}</a>`;
    };
    return () => html`
      <div class="log-heading">
        ${title()}
        <p class=${["head-context", isTrouble(props.state) && "is-trouble"]}>${headWords(props.state, props.mode, props.connected)}</p>
      </div>
      <div class="log-tools">
        ${tool("clock", t("logs.jump"), t("logs.jumpHint"), "jump")}
        ${tool("wrap", t("logs.wrap"), t("logs.wrapHint"), "wrap", { "aria-pressed": String(props.wrap) })}
        ${download()}
        ${tool("bin", t("logs.clear"), t("logs.clearHint"), "clear")}
        <button type="button" class="log-search-button" title=${t("logs.searchHint")} aria-expanded=${String(props.searching)}
          onClick=${() => emit("search")}>${icon("search")}<span>${t("logs.searchFile")}</span><kbd aria-hidden="true">/</kbd></button>
      </div>`;
  },
};
