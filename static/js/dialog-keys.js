// The keyboard map: what the keys do that chat-keys.js, the composer and the list of messages
// understand.

import { Dialog } from "./dialog-base.js";
import { html } from "./html.js";
import { t } from "./i18n.js";

// Groups of [keys, words]; several ways to do a thing stand in a list.
const KEY_MAP = [
  ["everywhere", [
    [["?"], "help"], [["/"], "search"], [["Alt+↑", "Alt+↓"], "rooms"], [["End"], "newest"], [["Esc"], "close"],
  ]],
  ["writing", [
    [["Enter"], "send"], [["Shift+Enter"], "line"], [["↑"], "edit"], [["Esc"], "cancel"], [[":smile"], "emoji"], [["@"], "mention"],
  ]],
  ["messages", [
    [["↑", "↓"], "messages"], [["Enter"], "actions"], [["←", "→"], "bar"],
  ]],
];

const isMac = () => /Mac|iPhone|iPad/.test(globalThis.navigator?.platform ?? "");
const named = (key) => (isMac() ? key.replace("Alt+", "⌥") : key);

export const KeysDialog = {
  emits: ["close"],
  setup(_, { emit }) {
    const group = ([name, keys]) => html`
      <section key=${name} class="keys-group">
        <h3>${t(`keys.group.${name}`)}</h3>
        <dl>${keys.map(([ways, words]) => html`
          <div key=${words}><dt>${ways.map((way) => html`<kbd>${named(way)}</kbd>`)}</dt><dd>${t(`keys.${words}`)}</dd></div>`)}</dl>
      </section>`;
    return () => html`
      <${Dialog} label=${t("keys.title")} heading=${true} class="is-keys" onClose=${() => emit("close")}>${{
        default: () => html`<div class="keys">${KEY_MAP.map(group)}</div>`,
      }}<//>`;
  },
};
