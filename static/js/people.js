// Who is here: the right column, the same as a sheet behind a count on a phone, and the
// line that says who writes just now.

import { Dialog } from "./dialog-base.js";
import { html, ref, watch } from "./html.js";
import { formatNumber, t } from "./i18n.js";
import { icon } from "./icons.js";

// Oneself first, then by name.
function inOrder(users, me) {
  const { compare } = new Intl.Collator(undefined, { numeric: true });
  return [...users].sort((one, other) => (other.id === me) - (one.id === me) || compare(one.name, other.name));
}

// users: who is here, as far as the server names them; here: how many are; me: one's own id.
export const PeopleColumn = {
  props: { users: Array, here: Number, me: String, bare: Boolean },
  emits: ["direct"],
  setup(props, { emit }) {
    const person = (user) => {
      const words = html`<span class="person-dot" aria-hidden="true"></span><bdi class="person-name" dir="auto">${user.name}</bdi>`;
      if (user.id === props.me) return html`<li key=${user.id}><span class="person">${words}<span class="person-me">${t("people.you")}</span></span></li>`;
      // A plain client is nobody one could write to.
      if (user.plain) return html`<li key=${user.id}><span class="person" title=${t("people.plain")}>${words}</span></li>`;
      return html`
        <li key=${user.id}><button type="button" class="person" title=${t("people.direct", { name: user.name })} onClick=${() => emit("direct", user)}>
          ${words}<span class="visually-hidden">${t("people.directHidden")}</span></button></li>`;
    };
    return () => {
      const others = props.here - props.users.length;
      return html`
        <div class="people">
          ${!props.bare && html`<h2 class="people-title">${t("people.here", { number: props.here })}</h2>`}
          <ul class="people-list">${inOrder(props.users, props.me).map(person)}</ul>
          ${others > 0 && html`<p class="people-more">${t("people.more", { count: others })}</p>`}
        </div>`;
    };
  },
};

// For the head of a phone.
export const PeopleButton = {
  props: { users: Array, here: Number, me: String },
  emits: ["direct"],
  setup(props, { emit }) {
    const isOpen = ref(false);
    const sheet = ref(null);
    const chosen = (user) => {
      sheet.value.dismiss();
      emit("direct", user);
    };
    return () => html`
      <button type="button" class="people-button" aria-haspopup="dialog" title=${t("people.here", { number: props.here })}
        aria-label=${t("people.here", { number: props.here })} onClick=${() => { isOpen.value = true; }}>${icon("people")}${formatNumber(props.here)}</button>
      ${isOpen.value && html`
        <${Dialog} ref=${sheet} label=${t("people.here", { number: props.here })} heading=${true} class="is-sheet" onClose=${() => { isOpen.value = false; }}>${{
          default: () => html`<${PeopleColumn} users=${props.users} here=${props.here} me=${props.me} bare=${true} onDirect=${chosen} />`,
        }}<//>`}`;
  },
};

function typingWords(names) {
  const [name, other] = names;
  if (names.length === 1) return t("typing.alone", { name });
  if (names.length === 2) return t("typing.pair", { name, other });
  return t("typing.crowd", { name, other, more: names.length - 2 });
}

// Keeps its height, so that nothing moves. Not a live region: who writes is not worth an
// interruption, but it can be read there.
export const TypingLine = {
  props: { names: Array },
  setup(props) {
    const last = ref([]); // still there while it fades
    watch(() => props.names, (names) => { if (names.length > 0) last.value = names; }, { immediate: true });
    return () => {
      const isOn = props.names.length > 0;
      const names = isOn ? props.names : last.value;
      return html`<p class=${["typing", isOn && "is-on"]} aria-hidden=${isOn ? null : "true"}><bdi>${names.length > 0 && typingWords(names)}</bdi></p>`;
    };
  },
};
