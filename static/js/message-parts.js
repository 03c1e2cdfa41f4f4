// What stands around a message's text: the quote it answers, its reactions, and the bar
// of what can be done with it (its menu is in message-menu.js). They draw what they are
// given and tell what was pressed; the page does it.

import { html, onMounted, onUnmounted, ref } from "./html.js";
import { locale, t } from "./i18n.js";
import { icon } from "./icons.js";
import { actionsOf, MessageMenu } from "./message-menu.js";
import { plainText } from "./rich-text.js";
import { roveFocus } from "./roving.js";

const NAMED = 20; // so many who reacted are named

// The beginning of the message that is answered; pressed, it leads there.
export const Quote = {
  props: { reply: Object },
  emits: ["go"],
  setup(props, { emit }) {
    return () => {
      const { seq, name, message } = props.reply;
      return html`
        <button type="button" class="quote" title=${t("react.goToQuoted")} onClick=${() => emit("go", seq)}>
          <span class="visually-hidden">${t("react.inReplyTo")}</span>
          <bdi class="quote-name">${name}</bdi>${": "}${message
            ? html`<bdi>${plainText(message)}</bdi>`
            : html`<span class="quote-gone">${t("react.quotedGone")}</span>`}
        </button>`;
    };
  },
};

function namesOf(users, me) {
  const others = users.filter(({ id }) => id !== me).map(({ name }) => name);
  const names = others.length < users.length ? [...others.slice(0, NAMED - 1), t("react.you")] : others.slice(0, NAMED);
  const more = users.length - names.length;
  if (more > 0) names.push(t("react.more", { count: more }));
  return new Intl.ListFormat(locale(), { type: "conjunction" }).format(names);
}

// One chip for each emoji; one's own are in the accent and pressing them takes them back.
export const Reactions = {
  props: { reactions: Array, me: String, canReact: { type: Boolean, default: true } },
  emits: ["toggle", "add"],
  setup(props, { emit }) {
    const group = ref(null);
    const current = ref(0); // which one the Tab key stops at

    const buttons = () => Array.from(group.value.querySelectorAll("button"));
    const keyed = (event) => roveFocus(event, buttons());
    const focused = (event) => { current.value = Math.max(0, buttons().indexOf(event.target.closest("button"))); };

    return () => {
      const last = props.canReact ? props.reactions.length : props.reactions.length - 1;
      const stop = Math.min(current.value, last);
      const chip = ({ emoji, users }, index) => {
        const isMine = users.some(({ id }) => id === props.me);
        const names = namesOf(users, props.me);
        return html`
          <button key=${emoji} type="button" class="reaction" aria-pressed=${String(isMine)} tabindex=${index === stop ? 0 : -1}
            aria-disabled=${props.canReact ? null : "true"} title=${names} aria-label=${`${emoji} ${users.length}: ${names}`}
            onClick=${() => props.canReact && emit("toggle", emoji)}>
            <span class="emoji">${emoji}</span>${users.length}</button>`;
      };
      return html`
        <div ref=${group} class="reactions" role="group" aria-label=${t("react.reactions")} onKeydown=${keyed} onFocusin=${focused}>
          ${props.reactions.map(chip)}
          ${props.canReact && html`
            <button key="+" type="button" class="reaction is-add" tabindex=${last === stop ? 0 : -1} title=${t("action.react")}
              aria-label=${t("action.react")} aria-haspopup="dialog" onClick=${(event) => emit("add", event.currentTarget)}>${icon("addSmile")}</button>`}
        </div>`;
    };
  },
};

// Mounted as the last child of a message's row, at whose right it lies. One stop of the Tab
// key: "...", from where the arrows lead to the other buttons. These are only made when the
// row is first pointed at or focused: a room has many rows. Where nothing can hover there is
// "..." alone, and its menu has everything.
export const MessageActions = {
  props: { message: Object, mine: Boolean, canReact: Boolean },
  emits: ["react", "reply", "edit", "delete", "copyLink", "more"],
  setup(props, { emit }) {
    const bar = ref(null);
    const warm = ref(false);
    const current = ref(null); // the name of the button the Tab key stops at; null: the last
    const menu = ref(null);    // the element the menu opened at

    let row = null;
    const warmUp = () => { warm.value = true; };
    onMounted(() => {
      row = bar.value.parentElement;
      row.addEventListener("pointerenter", warmUp, { once: true });
      row.addEventListener("focusin", warmUp, { once: true });
      if (row.matches(":hover, :focus-within")) warmUp(); // mounted because of that
    });
    onUnmounted(() => {
      row.removeEventListener("pointerenter", warmUp);
      row.removeEventListener("focusin", warmUp);
    });

    const openMenu = (anchor) => {
      menu.value = anchor;
      emit("more", true);
    };
    const closeMenu = () => {
      menu.value = null;
      emit("more", false);
    };
    const act = (name, anchor) => (name === "more" ? openMenu(anchor) : emit(name, anchor));

    const keyed = (event) => {
      const buttons = Array.from(bar.value.querySelectorAll(":scope > .action"));
      if (buttons.includes(event.target)) roveFocus(event, buttons);
    };

    return () => {
      const { message, mine, canReact } = props;
      const names = warm.value ? [...actionsOf({ message, mine, canReact }).filter(({ inBar }) => inBar).map(({ name }) => name), "more"] : ["more"];
      const stop = names.includes(current.value) ? current.value : "more";
      const anchor = menu.value;
      const icons = { react: "smile", reply: "reply", edit: "pencil", more: "more" };
      return html`
        <div ref=${bar} class="actions" role="toolbar" aria-label=${t("action.label", { name: message.user.name })} onKeydown=${keyed}>
          ${names.map((name) => html`
            <button key=${name} type="button" class=${["action", `is-${name}`]} tabindex=${name === stop ? 0 : -1}
              title=${t(`action.${name}`)} aria-label=${t(`action.${name}`)}
              aria-haspopup=${name === "more" ? "menu" : name === "react" ? "dialog" : null} aria-expanded=${name === "more" ? String(menu.value !== null) : null}
              onFocus=${() => { current.value = name; }} onClick=${(event) => act(name, event.currentTarget)}>${icon(icons[name])}</button>`)}
          ${anchor && html`<${MessageMenu} message=${message} mine=${mine} canReact=${canReact} anchor=${anchor}
            onAct=${(name) => act(name, anchor)} onClose=${closeMenu} />`}
        </div>`;
    };
  },
};
