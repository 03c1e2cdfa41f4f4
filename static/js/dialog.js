// The windows of the chat: this file is where the page gets them all.

import { Dialog } from "./dialog-base.js";
import { html, ref } from "./html.js";
import { t } from "./i18n.js";

export { Dialog } from "./dialog-base.js";
export { KeysDialog } from "./dialog-keys.js";
export { SettingsDialog } from "./dialog-settings.js";

// Asks before something is done that can't be taken back. `text` says what, `action` names the
// button that does it.
export const ConfirmDialog = {
  props: { text: String, action: String, label: String },
  emits: ["confirm", "close"],
  setup(props, { emit }) {
    const dialog = ref(null);
    const confirm = () => {
      dialog.value.dismiss();
      emit("confirm");
    };
    return () => html`
      <${Dialog} ref=${dialog} label=${props.label ?? props.action} heading=${true} class="is-small" onClose=${() => emit("close")}>${{
        default: () => html`
          <p class="dialog-text">${props.text}</p>
          <div class="dialog-buttons">
            <button type="button" class="button" onClick=${() => dialog.value.dismiss()}>${t("dialog.cancel")}</button>
            <button type="button" class="button is-danger" autofocus onClick=${confirm}>${props.action}</button>
          </div>`,
      }}<//>`;
  },
};
