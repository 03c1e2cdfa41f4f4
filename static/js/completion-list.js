// The list over the composer: emoji for a code, people for a name. The composer keeps the
// focus and passes the keys; see completion.js.

import { Avatar } from "./avatar.js";
import { html } from "./html.js";
import { t } from "./i18n.js";

const row = (item) => {
  if (item.kind === "mention") {
    return html`
      <${Avatar} name=${item.user.name} avatar=${item.user.avatar} /><bdi>${item.name}</bdi>
      ${item.user.here === false && html`<span class="completion-more">${t("composer.away")}</span>`}`;
  }
  if (item.kind === "all") return html`<b>@${item.name}</b><span class="completion-more">${t("composer.all")}</span>`;
  return html`<span class="emoji" aria-hidden="true">${item.emoji}</span>:${item.name}:`;
};

export const CompletionList = {
  props: { list: Object },
  emits: ["pick"],
  setup(props, { emit }) {
    return () => {
      const { items, active } = props.list;
      const isPeople = items.length > 0 && items[0].kind !== undefined;
      const label = t(isPeople ? "composer.people" : "composer.emojiList");
      return html`
        ${items.length > 0 && html`
          <ul id="completion-list" class="completion" role="listbox" aria-label=${label}>
            ${items.map((item, index) => html`
              <li key=${item.user?.id ?? item.name} id=${`completion-${index}`} role="option" aria-selected=${String(index === active)}
                onMousedown=${(event) => event.preventDefault()} onClick=${() => emit("pick", index)}>${row(item)}</li>`)}
          </ul>`}
        <p class="visually-hidden" role="status">${items.length > 0 ? t(isPeople ? "composer.peopleFound" : "composer.emojiFound", { count: items.length }) : ""}</p>`;
    };
  },
};
