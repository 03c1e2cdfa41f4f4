// The line under the stream: how fast, how much is kept, where in the file, how it is
// watched. Numbers come from LogSession and LogStore; drawn again each second.

import { html, onMounted, onUnmounted, ref } from "./html.js";
import { formatNumber, t } from "./i18n.js";
import { formatSize } from "./log-words.js";

export const LogFoot = {
  props: { session: Object, store: Object, state: Object, connected: Boolean, version: Number, lastSeen: Object },
  setup(props) {
    const now = ref(Date.now());
    let clock = null;
    onMounted(() => { clock = setInterval(() => { now.value = Date.now(); }, 1000); });
    onUnmounted(() => clearInterval(clock));

    const figure = (number, words, name, hint) => html`
      <span key=${name} class=${`log-figure is-${name}`} title=${hint}><b>${number}</b> ${words}</span>`;

    // Of one file: at its end, or how far down in it the last line in view is; where one follows, how far of it came.
    const place = () => {
      const { tracks } = props.state;
      const [{ phase, position, size } = {}] = tracks;
      if (tracks.length !== 1 || !props.connected || phase !== "opened" || position === null) return null;
      const isFollowing = props.store.mode === "following";
      // No size: the file is newer than the last list of files, and so is what was read of it.
      if (isFollowing && (size === null || position.next >= size)) return html`<span key="place" class="log-figure is-place">${t("logs.atEnd")}</span>`;
      const isSeen = props.lastSeen?.generation === position.generation; // how long a rotated file is, is not known here
      if (size === null || (!isFollowing && !isSeen)) return null;
      const share = formatNumber(Math.min(0.999, (isFollowing ? position.next : props.lastSeen.offset) / size), { style: "percent", maximumFractionDigits: 1 });
      return html`<span key="place" class="log-figure is-place">${t("logs.at", { share })}</span>`;
    };

    // Of all files that are open: in which encodings they are, and how they are watched.
    const each = (name) => [...new Set(props.state.tracks.map((track) => track[name]).filter(Boolean))];
    const watched = () => [
      each("encoding").map((encoding) => encoding.toUpperCase()).join(", "),
      each("how").map((way) => (way === "polling" ? t("logs.polling") : way)).join(", "),
    ].filter(Boolean).join(" · ");

    return () => {
      void props.version;
      const { session, store } = props;
      const rate = session.rate.perSecond(now.value);
      const { lines, bytes } = store.cap;
      const isFull = store.kept > 0.95 * lines || store.bytes > 0.95 * bytes;
      const kept = t("logs.keptHint", { lines, size: formatSize(bytes), now: formatSize(store.bytes) });
      return html`
        <footer class="log-foot">
          ${figure(formatNumber(rate, { maximumFractionDigits: rate > 0 && rate < 9.95 ? 1 : 0 }), t("logs.perSecond"), "rate", null)}
          ${figure(formatNumber(store.kept), isFull ? t("logs.keptOf", { cap: lines }) : t("logs.kept"), "kept", kept)}
          ${store.letGo > 0 && figure(formatNumber(store.letGo), t("logs.letGo"), "let-go", t("logs.letGoHint"))}
          ${place()}
          <span class="log-watched">${watched()}</span>
        </footer>`;
    };
  },
};
