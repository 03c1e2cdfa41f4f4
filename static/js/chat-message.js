// One message as a row: who, when, the text, and what is the matter with it. Text is drawn
// by RichText into nodes; nothing of it is ever read as markup. What can be done with it is
// there while the row is pointed at or focused, for a room has many rows; where nothing can
// hover, always.

import { Avatar } from "./avatar.js";
import { formatFull, formatShortTime, formatTime } from "./dates.js";
import { html, ref } from "./html.js";
import { language, t } from "./i18n.js";
import { icon } from "./icons.js";
import { MessageActions, Quote, Reactions } from "./message-parts.js";
import { reasonOf } from "./refusals.js";
import { plainText, RichText } from "./rich-text.js";
import { mentionsPerson } from "./room-message.js";

const LONG = 3000; // characters
const MANY = 30;   // lines

function failure(reason) {
  const key = `outbox.failed.${reason.code}`;
  const words = t(key);
  return words === key ? t("outbox.failedWith", { reason: reasonOf(reason) }) : words;
}

// Such a long one would stand over dozens of screens: its beginning is enough until it is wanted.
const isLong = (words) => words.length > LONG || (words.length > MANY && words.split("\n").length > MANY);

const cannotHover = globalThis.matchMedia?.("(hover: none)");

export const MessageRow = {
  // `does`: what the page does, by name: react, toggle, reply, edit, remove, copyLink, go, retry, discard.
  props: { message: Object, first: Boolean, live: Boolean, me: String, highlighted: Boolean, words: Array, does: Object },
  setup(props) {
    const isActive = ref(false);
    const isUnfolded = ref(false);
    let isOpen = false; // its menu

    const point = () => { isActive.value = true; };
    // A finger leaves with every tap.
    const leave = (event) => {
      const holds = isOpen || event.pointerType === "touch" || event.currentTarget.contains(document.activeElement);
      if (!holds) isActive.value = false;
    };
    const blur = (event) => {
      if (!isOpen && !event.currentTarget.contains(event.relatedTarget) && !event.currentTarget.matches(":hover")) isActive.value = false;
    };

    const time = (className, format) => html`
      <time class=${className} datetime=${new Date(props.message.time).toISOString()}
        title=${formatFull(props.message.time)}>${format(props.message.time)}</time>`;

    const pending = () => html`
      <span class="message-state">${icon("clock")}${t(props.live ? "outbox.sending" : "outbox.waiting")}</span>`;

    const edited = () => html`
      <span class="message-edited" title=${t("chat.editedAt", { time: formatFull(props.message.edited) })}>${t("chat.edited")}</span>`;

    const failed = () => html`
      <div class="message-failed">
        <span class="message-reason" role="alert">${icon("warning")}${failure(props.message.entry.reason)}</span>
        <button type="button" class="text-button" onClick=${() => props.does.retry(props.message)}>${t("outbox.tryAgain")}</button>
        <button type="button" class="text-button" onClick=${() => props.does.discard(props.message)}>${t("outbox.discard")}</button>
      </div>`;

    const unfold = () => { isUnfolded.value = true; };
    // What is looked for may stand further down, and so may what the Tab key leads to.
    const isFolded = ({ deleted, text: words }) => !deleted && !isUnfolded.value && !props.highlighted && isLong(words);

    const text = (message) => (message.deleted
      ? html`<p class="message-text is-deleted">${t("chat.deleted")}</p>`
      : written(message, isFolded(message)));
    const written = ({ text: words, mentions }, folded) => html`
      <div class=${["message-text", words.includes("```") && "has-code", folded && "is-folded"]} dir="auto"
        onFocusin=${folded ? unfold : null}><${RichText} text=${words} mentions=${mentions} me=${props.me}
          words=${props.highlighted ? props.words : null} /></div>`;

    const actions = (message) => {
      const { does } = props;
      return html`
        <${MessageActions} message=${message} mine=${message.user.id === props.me && !message.user.plain} canReact=${message.status === "sent"}
          onReact=${(anchor) => does.react(message, anchor)} onReply=${() => does.reply(message)} onEdit=${() => does.edit(message)}
          onDelete=${() => does.remove(message)} onCopyLink=${() => does.copyLink(message)} onMore=${(open) => { isOpen = open; }} />`;
    };

    return () => {
      const { first, message, me, does } = props;
      const isPending = message.status === "pending";
      const classes = {
        "is-first": first, "is-highlighted": props.highlighted,
        "is-mention": message.user.id !== me && !message.deleted && mentionsPerson(message.mentions, me),
      };
      language.value; // times are written anew when it is switched
      return html`
        <div class=${["message", `is-${message.status}`, classes]} data-id=${message.id} data-seq=${message.seq} tabindex="-1" role="article"
          aria-label=${isActive.value ? `${message.user.name}: ${message.deleted ? t("chat.deleted") : plainText(message.text)}` : null}
          onPointerenter=${point} onPointerleave=${leave} onFocusin=${point} onFocusout=${blur}>
          <div class="message-side">${first
            ? html`<${Avatar} name=${message.user.name} avatar=${message.user.avatar} />`
            : time("message-short-time", formatShortTime)}</div>
          <div class="message-body">
            <div class=${first ? "message-head" : "visually-hidden"}>
              <bdi class="message-name" dir="auto">${message.user.name}</bdi>
              ${first && (isPending ? pending() : time("message-time", formatTime))}
            </div>
            ${message.reply && html`<${Quote} reply=${message.reply} onGo=${does.go} />`}
            <div class="message-line">
              ${text(message)}
              ${message.edited !== null && !message.deleted && edited()}
              ${!first && isPending && pending()}
            </div>
            ${isFolded(message) && html`<button type="button" class="text-button" onClick=${unfold}>${t("chat.showAll")}</button>`}
            ${message.reactions.length > 0 && html`
              <${Reactions} reactions=${message.reactions} me=${me} canReact=${message.status === "sent"}
                onToggle=${(emoji) => does.toggle(message, emoji)} onAdd=${(anchor) => does.react(message, anchor)} />`}
            ${message.status === "failed" && failed()}
          </div>
          ${(isActive.value || cannotHover.matches) && message.seq !== null && actions(message)}
        </div>`;
    };
  },
};
