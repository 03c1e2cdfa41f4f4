// Where one writes. Enter sends, Shift+Enter breaks the line; while an input method
// composes, Enter belongs to it. Emoji codes are completed while they are typed
// and turned into characters when sent. What could not be sent stays in the field.

import { closed, insert, offer, offerCommon, onKey } from "./completion.js";
import { loadEmoji, replaceShortcodes } from "./emoji.js";
import { html, nextTick, onMounted, ref } from "./html.js";
import { t } from "./i18n.js";
import { icon } from "./icons.js";
import { isVisible } from "./visible.js";

// 229 is what browsers report for a key an input method has taken; Safari says so
// for the Enter that ends a composition, when isComposing is false already.
const isComposing = (event) => event.isComposing || event.keyCode === 229;

export const Composer = {
  props: { session: Object, room: String, trouble: String },
  emits: ["written"],
  setup(props, { emit }) {
    const field = ref(null);
    const draft = ref("");
    const error = ref("");
    const list = ref(closed());
    let characters = null;
    const emojiReady = () => loadEmoji().then((map) => { characters = map; }, () => {});

    onMounted(() => {
      emojiReady();
      // On a phone the keyboard would cover what one came to read.
      if (!matchMedia("(pointer: coarse)").matches) field.value.focus();
    });

    const grow = () => {
      field.value.style.height = "auto";
      field.value.style.height = `${field.value.scrollHeight}px`;
    };
    const setDraft = async (text, caret = text.length) => {
      draft.value = text;
      await nextTick();
      field.value.setSelectionRange(caret, caret);
      grow();
    };

    const typed = () => {
      draft.value = field.value.value;
      error.value = "";
      grow();
      list.value = characters ? offer(draft.value, field.value.selectionStart, characters) : closed();
    };

    const send = async () => {
      if (!characters && draft.value.includes(":")) await emojiReady();
      const text = (characters ? replaceShortcodes(draft.value, characters) : draft.value).trimEnd();
      if (!isVisible(text)) return;
      const excess = props.session.excess(text);
      if (excess) {
        error.value = t("chat.tooLong", { bytes: excess.bytes, limit: excess.limit });
        return;
      }
      props.session.write(text);
      emit("written");
      list.value = closed();
      await setDraft("");
    };

    const pick = (index) => {
      const result = insert(draft.value, list.value, index);
      list.value = closed();
      field.value.focus();
      setDraft(result.text, result.caret);
    };

    const pressed = (event) => {
      if (isComposing(event)) return;
      const withList = event.shiftKey || event.ctrlKey || event.metaKey || event.altKey ? null : onKey(list.value, event.key);
      if (withList) {
        event.preventDefault();
        if (withList.pick !== undefined) pick(withList.pick);
        else list.value = withList.list;
      } else if (event.key === "Enter" && !event.shiftKey) {
        event.preventDefault();
        send();
      }
    };

    const emojiButton = async () => {
      await emojiReady();
      if (!characters) return;
      field.value.focus();
      list.value = list.value.items.length ? closed() : offerCommon(field.value.selectionStart, characters);
    };

    const options = () => html`
      <ul id="emoji-list" class="emoji-list" role="listbox" aria-label=${t("chat.emojiList")}>
        ${list.value.items.map((item, index) => html`
          <li key=${item.name} id=${`emoji-${index}`} role="option" aria-selected=${String(index === list.value.active)}
            onMousedown=${(event) => event.preventDefault()} onClick=${() => pick(index)}>
            <span class="emoji" aria-hidden="true">${item.emoji}</span>:${item.name}:</li>`)}
      </ul>`;

    return () => {
      const { items, active } = list.value;
      const open = items.length > 0;
      const trouble = error.value || props.trouble;
      return html`
        <form class="composer" onSubmit=${(event) => { event.preventDefault(); send(); field.value.focus(); }}>
          ${open && options()}
          <p class="visually-hidden" role="status">${open ? t("chat.emojiFound", { count: items.length }) : ""}</p>
          ${trouble && html`<p id="composer-error" class="field-error" role="alert">${trouble}</p>`}
          <div class="composer-box">
            <textarea ref=${field} rows="1" dir="auto" value=${draft.value} enterkeyhint="send"
              placeholder=${t("chat.write", { room: props.room })} aria-label=${t("chat.write", { room: props.room })}
              aria-describedby=${trouble ? "composer-error" : null} aria-invalid=${error.value ? "true" : null}
              aria-autocomplete="list" aria-controls=${open ? "emoji-list" : null}
              aria-activedescendant=${active >= 0 ? `emoji-${active}` : null}
              onInput=${typed} onKeydown=${pressed} onBlur=${() => { list.value = closed(); }}></textarea>
            <div class="composer-row">
              <button type="button" class="icon-button" title=${t("chat.emoji")} aria-label=${t("chat.emoji")}
                onMousedown=${(event) => event.preventDefault()} onClick=${emojiButton}>${icon("smile")}</button>
              <span class="composer-keys">${t("chat.keys")}</span>
              <button type="submit" class="button is-primary">${t("chat.send")}</button>
            </div>
          </div>
        </form>`;
    };
  },
};
