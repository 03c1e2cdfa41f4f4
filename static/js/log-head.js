// The head of the page: which file, how it is, and what can be done with it as a whole.

import { html } from "./html.js";
import { t } from "./i18n.js";
import { icon } from "./icons.js";
import { headWords, isTrouble } from "./log-status.js";
import { LogTools } from "./log-tools.js";

export const LogHead = {
  // download: { href, isFiltered } or null.
  props: { state: Object, mode: String, connected: Boolean, wrap: Boolean, searching: Boolean, download: Object, place: Object },
  emits: ["search", "wrap", "jump", "clear"],
  setup(props, { emit }) {
    // Of a long path the end tells most: where there is no room, the folders give way.
    const named = (file) => {
      const at = file.lastIndexOf("/") + 1;
      return html`<span class="log-folders">${file.slice(0, at)}</span><span class="log-base">${file.slice(at)}</span>`;
    };
    const title = () => {
      const { tracks } = props.state;
      if (tracks.length === 0) return html`<h1 class="head-title">${t("logs.title")}</h1>`;
      if (tracks.length === 1) return html`<h1 class="head-title" title=${tracks[0].file}>${named(tracks[0].file)}</h1>`;
      const bases = tracks.map(({ file }) => file.slice(file.lastIndexOf("/") + 1));
      const isClear = new Set(bases).size === bases.length; // else it takes the folders to tell them apart
      const names = tracks.map(({ file, colour }, at) => html`<span key=${file} class=${["log-merged", `is-file-${colour}`]}>${isClear ? bases[at] : file}</span>`);
      return html`<h1 class="head-title is-merged" title=${tracks.map(({ file }) => file).join("\n")}>${names}</h1>`;
    };
    return () => html`
      <div class="log-heading">
        ${title()}
        <p class=${["head-context", isTrouble(props.state) && "is-trouble"]}>${props.state.machine && html`<bdi class="log-machine" title=${props.state.machine}>${props.state.machine}</bdi> · `}${headWords(props.state, props.mode, props.connected, props.place)}</p>
      </div>
      <div class="log-tools">
        <button type="button" class="icon-button" title=${t("logs.jumpHint")} aria-label=${t("logs.jump")} onClick=${() => emit("jump")}>${icon("clock")}</button>
        <${LogTools} wrap=${props.wrap} download=${props.download} hasWords=${false} onWrap=${() => emit("wrap")} onClear=${() => emit("clear")} />
        <button type="button" class="log-search-button" title=${t("logs.searchHint")} aria-expanded=${String(props.searching)}
          onClick=${() => emit("search")}>${icon("search")}<span>${t("logs.searchFile")}</span><kbd aria-hidden="true">/</kbd></button>
      </div>`;
  },
};
