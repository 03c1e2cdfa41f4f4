// The one quiet line that says the connection is gone, when it is tried again,
// and "Now". Frame lays it over the stream, so nothing below it moves.

import { config } from "./config.js";
import { UNAUTHORIZED } from "./connection.js";
import { html, nextTick, onMounted, onUnmounted, ref, watch } from "./html.js";
import { t } from "./i18n.js";

export const ConnectionBanner = {
  // keeps: a page that keeps what is written meanwhile says so.
  props: { connection: Object, keeps: Boolean },
  setup(props) {
    const now = ref(Date.now());
    let timer = null;
    onMounted(() => { timer = setInterval(() => { now.value = Date.now(); }, 250); });
    onUnmounted(() => clearInterval(timer));

    // The state may be newer than the last tick.
    const countdown = ({ phase, retryAt }) => {
      if (phase === "connecting") return t("frame.retryingNow");
      const seconds = Math.max(0, Math.ceil((retryAt - Math.max(now.value, Date.now())) / 1000));
      return t("frame.retryingIn", { seconds });
    };

    const isShown = ({ phase, again }) => phase === "lost" || phase === "refused" || (phase === "connecting" && again);

    // Whoever pressed "Now" goes on in the stream when the button is gone.
    const banner = ref(null);
    watch(() => isShown(props.connection.state), async (shown) => {
      if (shown || !banner.value?.contains(document.activeElement)) return;
      const stream = banner.value.parentElement;
      await nextTick();
      stream.querySelector("[role=log]")?.focus({ preventScroll: true });
    });

    // Only the logs have a token; loading them anew leads to its form, and back to the same view.
    const tokenWanted = () => html`
      <div ref=${banner} class="banner is-error">
        <p role="status">${t("frame.tokenWanted")}</p>
        <a class="banner-action" href=${`${config.base}/logs${location.search}`}>${t("frame.enterToken")}</a>
      </div>`;

    return () => {
      const { state } = props.connection;
      if (!isShown(state)) return null;
      const refused = state.phase === "refused";
      if (refused && state.code === UNAUTHORIZED) return tokenWanted();
      const text = refused
        ? t("frame.refused", { reason: state.reason || state.code })
        : t(props.keeps ? "frame.lostKept" : "frame.lost");
      // Only the sentence is a live region: a countdown read out each second is noise.
      return html`
        <div ref=${banner} class=${["banner", refused && "is-error"]}>
          <p><span role="status">${text}</span>${" "}${!refused && html`<span class="banner-countdown">${countdown(state)}</span>`}</p>
          <button type="button" class="banner-action" aria-disabled=${state.phase === "connecting" ? "true" : null}
            onClick=${() => props.connection.retryNow()}>${refused ? t("frame.tryAgain") : t("frame.now")}</button>
        </div>`;
    };
  },
};
