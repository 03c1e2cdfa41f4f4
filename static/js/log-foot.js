// The line under the stream: how fast, how much is kept, where in the file, how it
// is watched. Numbers come from LogSession and LogStore; drawn again each second.

import { html, onMounted, onUnmounted, ref } from "./html.js";
import { formatNumber, t } from "./i18n.js";
import { CAP } from "./log-store.js";

export const LogFoot = {
  props: { session: Object, store: Object, state: Object, connected: Boolean, version: Number },
  setup(props) {
    const now = ref(Date.now());
    let clock = null;
    onMounted(() => { clock = setInterval(() => { now.value = Date.now(); }, 1000); });
    onUnmounted(() => clearInterval(clock));

    const figure = (number, words, name, hint) => html`
      <span key=${name} class=${`log-figure is-${name}`} title=${hint}><b>${number}</b> ${words}</span>`;

    const place = () => {
      const { phase, position, size } = props.state;
      if (!props.connected || phase !== "opened" || position === null) return null;
      // No size: the file is newer than the last list of files, and so is what was read of it.
      const isAtEnd = size === null || position.next >= size;
      if (isAtEnd && props.store.mode !== "following") return null; // received, but not what is seen
      if (isAtEnd) return html`<span key="place" class="log-figure is-place">${t("logs.atEnd")}</span>`;
      const share = formatNumber(Math.min(0.999, position.next / size), { style: "percent", maximumFractionDigits: 1 });
      return html`<span key="place" class="log-figure is-place">${t("logs.at", { share })}</span>`;
    };

    return () => {
      void props.version;
      const { session, store, state } = props;
      const rate = session.rate.perSecond(now.value);
      return html`
        <footer class="log-foot">
          ${figure(formatNumber(rate, { maximumFractionDigits: rate > 0 && rate < 9.95 ? 1 : 0 }), t("logs.perSecond"), "rate", null)}
          ${figure(formatNumber(store.kept), t("logs.kept"), "kept", t("logs.keptHint", { cap: CAP }))}
          ${figure(formatNumber(store.letGo), t("logs.letGo"), "let-go", t("logs.letGoHint"))}
          ${place()}
          <span class="log-watched">UTF-8${state.how && ` · ${state.how === "polling" ? t("logs.polling") : state.how}`}</span>
        </footer>`;
    };
  },
};
