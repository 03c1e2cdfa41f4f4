// What can be done with the lines as a whole: wrap, download, clear. In the head as icons;
// on a phone, where the head has no room, with their words in the folded part of the bar.

import { html } from "./html.js";
import { t } from "./i18n.js";
import { icon } from "./icons.js";

export const LogTools = {
  // download: { href, isFiltered } or null. hasWords: as buttons with words.
  props: { wrap: Boolean, download: Object, hasWords: Boolean },
  emits: ["wrap", "clear"],
  setup(props, { emit }) {
    const looks = (words, hint) => ({ class: props.hasWords ? "button log-tool" : "icon-button", title: hint, "aria-label": words });
    const inner = (name, short) => [icon(name), props.hasWords && html`<span>${short}</span>`];
    const tool = (name, words, short, hint, action, more = {}) => html`
      <button type="button" ...${looks(words, hint)} ...${more} onClick=${() => emit(action)}>${inner(name, short)}</button>`;
    const download = () => {
      if (!props.download) return null;
      const words = t(props.download.isFiltered ? "logs.downloadFiltered" : "logs.download");
      return html`<a ...${looks(words, words)} href=${props.download.href} download>${inner("download", t("logs.downloadShort"))}</a>`;
    };
    return () => html`
      <div class=${props.hasWords ? "log-tools-folded" : "log-tools-of-head"}>
        ${tool("wrap", t("logs.wrap"), t("logs.wrapShort"), t("logs.wrapHint"), "wrap", { "aria-pressed": String(props.wrap) })}
        ${download()}
        ${tool("bin", t("logs.clear"), t("logs.clear"), t("logs.clearHint"), "clear")}
      </div>`;
  },
};
