// The menu behind "..." of a message, and the list of what can be done with one.

import { copyText } from "./clipboard.js";
import { Dialog } from "./dialog-base.js";
import { html, onMounted, ref } from "./html.js";
import { t } from "./i18n.js";
import { icon } from "./icons.js";
import { roveFocus } from "./roving.js";

// { name, icon, inBar }: what the bar has too. Deleted ones can only be linked to.
export function actionsOf({ message, mine, canReact }) {
  const isThere = !message.deleted;
  return [
    canReact && isThere && { name: "react", icon: "smile", inBar: true },
    canReact && isThere && { name: "reply", icon: "reply", inBar: true },
    mine && canReact && isThere && { name: "edit", icon: "pencil", inBar: true },
    isThere && { name: "copyText", icon: "copy" },
    { name: "copyLink", icon: "link" },
    mine && canReact && isThere && { name: "delete", icon: "bin" },
  ].filter(Boolean);
}

export const MessageMenu = {
  props: { message: Object, mine: Boolean, canReact: Boolean, anchor: Object },
  emits: ["act", "close"],
  setup(props, { emit }) {
    const dialog = ref(null);
    const list = ref(null);
    const items = () => Array.from(list.value.querySelectorAll("[role=menuitem]"));

    onMounted(() => items()[0]?.focus());
    const keyed = (event) => {
      if (event.key === "Tab") dialog.value.dismiss();
      else roveFocus(event, items(), true);
    };
    const choose = (name) => {
      dialog.value.dismiss();
      if (name === "copyText") copyText(props.message.text);
      else emit("act", name);
    };

    return () => html`
      <${Dialog} ref=${dialog} label=${t("action.label", { name: props.message.user.name })} anchor=${props.anchor} onClose=${() => emit("close")}>${{
        default: () => html`
          <div ref=${list} class="menu" role="menu" aria-label=${t("action.label", { name: props.message.user.name })} onKeydown=${keyed}>
            ${actionsOf(props).map((action) => html`
              <button key=${action.name} type="button" role="menuitem" tabindex="-1" class=${["menu-item", action.name === "delete" && "is-danger"]}
                onClick=${() => choose(action.name)}>${icon(action.icon)}${t(`action.${action.name}`)}</button>`)}
          </div>`,
      }}<//>`;
  },
};
