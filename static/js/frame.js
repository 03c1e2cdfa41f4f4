// The frame both pages live in: at the left the name, the connection's dot, the
// switch Chat | Logs, the page's own list (slot `side`) and oneself with the
// settings; in the middle the head, an optional bar, the stream; an optional right
// column. On a phone the left becomes a drawer behind the button in the head.
//
// Slots: side, settings (more buttons at the foot), head, bar (a row under the head,
// above the banner), default (the stream and what belongs to it), right. Slots are functions:
//   html`<${Frame} page="logs" connection=${connection}>${{ side: () => ..., default: () => ... }}<//>`
// `keeps`: the page keeps what is written while the connection is lost, and the
// banner says so. `unsent()` counts what leaving would lose (without it, what is
// kept in the browser counts). `at`: what is shown; when it is
// another thing the drawer closes.

import { Avatar } from "./avatar.js";
import { ConnectionBanner } from "./banner.js";
import { config } from "./config.js";
import { html, nextTick, onMounted, onUnmounted, ref, watch } from "./html.js";
import { language, languages, setLanguage, t } from "./i18n.js";
import { icon } from "./icons.js";
import { countUnsent, leave, me } from "./person.js";
import { shownTheme, theme, toggleTheme } from "./theme.js";

// The dot; in words too while there is something to say.
const ConnectionDot = {
  props: { connection: Object },
  setup(props) {
    return () => {
      const { phase } = props.connection.state;
      const words = t(`frame.phase.${phase}`);
      return html`
        <span class=${["connection-dot", `is-${phase}`]} title=${words}>
          <span class=${phase === "connected" ? "visually-hidden" : "connection-words"}>${words}</span>
        </span>`;
    };
  },
};

export const Brand = () => html`<span class="brand"><span class="brand-mark" aria-hidden="true"></span>chatapp</span>`;

export const Settings = {
  setup() {
    const switchLanguage = () => setLanguage(language.value === "en" ? "zh" : "en");
    const other = () => (language.value === "en" ? "zh" : "en");
    // The system's own change of mind has to redraw the sun or moon as well.
    const redraw = ref(0);
    const media = matchMedia("(prefers-color-scheme: dark)");
    const changed = () => { redraw.value += 1; };
    onMounted(() => media.addEventListener("change", changed));
    onUnmounted(() => media.removeEventListener("change", changed));
    return () => {
      const dark = (redraw.value, theme.value, shownTheme() === "dark");
      const themeWords = t(dark ? "frame.themeLight" : "frame.themeDark");
      // Named in the language it leads to: who needs it can read that one. The name begins with
      // what is seen, so that it can be said to the page.
      const short = other() === "zh" ? "文" : "En";
      const full = languages[other()];
      const name = other() === "zh" ? full : `${short} (${full})`;
      return html`
        <button type="button" class="icon-button" title=${themeWords} aria-label=${themeWords} onClick=${toggleTheme}>
          ${icon(dark ? "sun" : "moon")}</button>
        <button type="button" class="icon-button language-switch" lang=${other()} title=${languages[other()]}
          aria-label=${name} onClick=${switchLanguage}>${short}</button>`;
    };
  },
};

export const Frame = {
  props: { page: String, connection: Object, keeps: Boolean, unsent: Function, at: String },
  setup(props, { slots }) {
    const open = ref(false);
    const side = ref(null);
    const opener = ref(null);
    const narrow = matchMedia("(max-width: 699px)");
    const isNarrow = ref(narrow.matches);
    const resized = () => { isNarrow.value = narrow.matches; open.value = false; };

    const show = async () => {
      open.value = true;
      await nextTick();
      side.value?.querySelector(".drawer-close")?.focus();
    };
    const hide = async () => {
      open.value = false;
      await nextTick();
      opener.value?.focus();
    };
    const onKey = (event) => {
      if (event.key !== "Escape" || !open.value) return;
      event.preventDefault(); // it means nothing more
      hide();
    };
    // A choice in the drawer (a room, a file) is what it was opened for.
    const chosen = (event) => { if (open.value && event.target.closest(".side-item")) hide(); };
    watch(() => props.at, () => { if (open.value) hide(); });
    const quit = () => {
      const count = props.unsent?.() ?? countUnsent();
      if (count === 0 || confirm(t("outbox.leaveUnsent", { count }))) leave();
    };

    onMounted(() => {
      narrow.addEventListener("change", resized);
      addEventListener("keydown", onKey);
    });
    onUnmounted(() => {
      narrow.removeEventListener("change", resized);
      removeEventListener("keydown", onKey);
    });

    const link = (page, path, words) => html`
      <a href=${config.base + path} aria-current=${props.page === page ? "page" : null}>${words}</a>`;

    const oneself = () => me.value && html`
      <${Avatar} name=${me.value.username} avatar=${me.value.avatar} />
      <bdi class="side-me" dir="auto" title=${me.value.username}>${me.value.username}</bdi>
      <button type="button" class="icon-button" title=${t("frame.leaveHint")} aria-label=${t("frame.leave")} onClick=${quit}>
        ${icon("leave")}</button>`;

    return () => html`
      <div class=${["frame", slots.right && "has-right", props.connection.state.phase !== "connected" && "is-offline"]}>
        ${open.value && html`<div class="drawer-shade" onClick=${hide}></div>`}
        <div ref=${side} class=${["side", open.value && "is-open"]} aria-label=${t("frame.side")} onClick=${chosen}
          role=${open.value ? "dialog" : "complementary"} aria-modal=${open.value ? "true" : null}>
          <div class="side-top">
            <${Brand} />
            <${ConnectionDot} connection=${props.connection} />
            ${isNarrow.value && html`<button type="button" class="icon-button drawer-close" title=${t("frame.closeMenu")}
              aria-label=${t("frame.closeMenu")} onClick=${hide}>${icon("close")}</button>`}
          </div>
          <nav class="page-switch" aria-label=${t("frame.pages")}>
            ${link("chat", "/", t("frame.chat"))}
            ${link("logs", "/logs", t("frame.logs"))}
          </nav>
          <div class="side-list">${slots.side?.()}</div>
          <div class="side-foot">
            ${oneself()}
            <span class="side-settings"><${Settings} />${slots.settings?.()}</span>
          </div>
        </div>
        <main class="middle" inert=${open.value || null}>
          <header class="head">
            ${isNarrow.value && html`<button ref=${opener} type="button" class="icon-button" title=${t("frame.openMenu")}
              aria-label=${t("frame.openMenu")} aria-expanded=${String(open.value)} onClick=${show}>${icon("menu")}</button>`}
            <div class="head-content">${slots.head?.()}</div>
            ${isNarrow.value && html`<${ConnectionDot} connection=${props.connection} />`}
          </header>
          ${slots.bar?.()}
          <div class="stream">
            <${ConnectionBanner} connection=${props.connection} keeps=${props.keeps} />
            ${slots.default?.()}
          </div>
        </main>
        ${slots.right && html`<aside class="right">${slots.right()}</aside>`}
      </div>`;
  },
};
