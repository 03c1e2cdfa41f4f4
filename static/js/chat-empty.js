// What stands in a room in which nothing is written: what room this is, and how to invite;
// or why there is nothing.

import { addressOf } from "./chat-address.js";
import { LEFT } from "./chat-session.js";
import { html } from "./html.js";
import { t } from "./i18n.js";
import { reasonOf } from "./refusals.js";
import { MAIN } from "./rooms.js";

export function emptyRoom({ engine, store, onCreate, onLeave }) {
  if (store.refusal) return whyRefused(store, { onCreate, onLeave, onJoin: () => engine.session.join(store), onRetry: () => engine.session.joinAnew(store) });
  // A lost connection is the banner's to tell.
  const isConnecting = ["connecting", "connected"].includes(engine.connection.state.phase);
  if (!store.window) return isConnecting && html`<p class="empty">${t("chat.connecting")}</p>`;
  if (!store.window.start) return store.loading.older && html`<p class="empty">${t("chat.loading")}</p>`;
  const address = location.origin + addressOf(engine.navigation.base, store.name);
  if (store.kind === "direct") return html`<p class="empty">${t("chat.emptyDirect", { name: store.with?.name ?? "" })}</p>`;
  return html`
    <p class="empty">${t(store.name === MAIN ? "chat.empty" : "chat.emptyRoom", { room: store.name })}${" "}
      <span class="empty-address">${address}</span></p>`;
}

function whyRefused(store, { onCreate, onLeave, onJoin, onRetry }) {
  const { code } = store.refusal;
  if (code === LEFT) {
    return html`
      <div class="empty">
        <p>${t("chat.youLeft", { room: store.name })}</p>
        <p class="empty-buttons">
          <button type="button" class="button is-primary" onClick=${onJoin}>${t("chat.joinAgain")}</button>
          <button type="button" class="button" onClick=${onLeave}>${t("chat.toMain")}</button>
        </p>
      </div>`;
  }
  const mayCreate = code === "unknown_room" && !store.name.startsWith("@");
  return html`
    <div class="empty">
      <p>${mayCreate ? t("chat.noSuchRoom", { room: store.name }) : reasonOf(store.refusal)}</p>
      <p class="empty-buttons">
        ${mayCreate && html`<button type="button" class="button is-primary" onClick=${onCreate}>${t("rooms.create")}</button>`}
        ${code === "no_answer" && html`<button type="button" class="button is-primary" onClick=${onRetry}>${t("frame.tryAgain")}</button>`}
        <button type="button" class="button" onClick=${onLeave}>${t("chat.toMain")}</button>
      </p>
    </div>`;
}
