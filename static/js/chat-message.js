// One message as a row. Its text and its author's name go into text nodes, links
// into nodes of their own; nothing of it is ever read as markup.

import { Avatar } from "./avatar.js";
import { formatFull, formatShortTime, formatTime } from "./dates.js";
import { html } from "./html.js";
import { language, t } from "./i18n.js";
import { icon } from "./icons.js";
import { splitLinks } from "./links.js";

const textNodes = (text) => splitLinks(text).map((part) => (part.href
  ? html`<a href=${part.href} target="_blank" rel="noopener noreferrer">${part.text}</a>`
  : part.text));

function failure({ code, message }) {
  const words = t(`chat.failed.${code}`);
  return words === `chat.failed.${code}` ? t("chat.failedWith", { reason: message }) : words;
}

export const MessageRow = {
  props: { message: Object, first: Boolean, joined: Boolean },
  emits: ["retry", "discard"],
  setup(props, { emit }) {
    const time = (className, format) => html`
      <time class=${className} datetime=${new Date(props.message.time).toISOString()}
        title=${formatFull(props.message.time)}>${format(props.message.time)}</time>`;

    const pendingState = () => html`
      <span class="message-state">${icon("clock")}${t(props.joined ? "chat.sending" : "chat.waiting")}</span>`;

    const failed = () => html`
      <div class="message-failed">
        <span class="message-reason" role="alert">${icon("warning")}${failure(props.message.reason)}</span>
        <button type="button" class="text-button" onClick=${() => emit("retry", props.message.id)}>${t("chat.tryAgain")}</button>
        <button type="button" class="text-button" onClick=${() => emit("discard", props.message.id)}>${t("chat.delete")}</button>
      </div>`;

    return () => {
      const { first, message } = props;
      const pending = message.status === "pending";
      language.value; // times are written anew when it is switched
      return html`
        <div class=${["message", first && "is-first", `is-${message.status}`]} data-id=${message.id}>
          <div class="message-side">${first
            ? html`<${Avatar} name=${message.user.name} avatar=${message.user.avatar} />`
            : time("message-short-time", formatShortTime)}</div>
          <div class="message-body">
            <div class=${first ? "message-head" : "visually-hidden"}>
              <bdi class="message-name" dir="auto">${message.user.name}</bdi>
              ${first && (pending ? pendingState() : time("message-time", formatTime))}
            </div>
            <div class="message-text" dir="auto">${textNodes(message.text)}</div>
            ${!first && pending && pendingState()}
            ${message.status === "failed" && failed()}
          </div>
        </div>`;
    };
  },
};
