// Where one writes. Enter sends, Shift+Enter breaks the line; while an input method
// composes, Enter belongs to it. Emoji codes and names behind @ are completed while they
// are typed; codes turn into characters when sent. What can't be sent stays in the field.
// The text itself is ComposerState's.

import { closed, offer, offerPeople, onKey, taken } from "./completion.js";
import { CompletionList } from "./completion-list.js";
import { atEnds, bold, code } from "./composer-format.js";
import { loadEmoji, replaceShortcodes } from "./emoji.js";
import { EmojiPicker } from "./emoji-picker.js";
import { html, nextTick, onMounted, onUnmounted, ref, watch } from "./html.js";
import { t } from "./i18n.js";
import { icon } from "./icons.js";
import { reasonOf } from "./refusals.js";
import { labelOf } from "./rooms.js";
import { isVisible } from "./visible.js";

// 229 is what browsers report for a key an input method has taken; Safari says so
// for the Enter that ends a composition, when isComposing is false already.
const isComposing = (event) => event.isComposing || event.keyCode === 229;

const LONG = 2000; // characters

const hasModifier = (event) => event.shiftKey || event.ctrlKey || event.metaKey || event.altKey;

export const Composer = {
  // model: a ComposerState. people(): a promise of those who may be mentioned here.
  props: { engine: Object, store: Object, model: Object, people: Function, trouble: Object },
  emits: ["written", "editLast", "remove"],
  setup(props, { emit, expose }) {
    const field = ref(null);
    const smile = ref(null);
    const error = ref("");
    const list = ref(closed());
    const isPicking = ref(false);
    const isFocused = ref(false);
    let characters = null;
    let people = [];
    const emojiReady = () => loadEmoji().then((map) => { characters = map; }, () => {});

    // On a phone the keyboard would cover what one came to read.
    const focus = () => field.value?.focus({ preventScroll: true });
    const focusIfWide = () => { if (!matchMedia("(pointer: coarse)").matches) focus(); };

    const grow = () => {
      field.value.style.height = "auto";
      field.value.style.height = `${field.value.scrollHeight}px`;
    };
    onMounted(() => {
      emojiReady();
      grow();
      focusIfWide();
      addEventListener("resize", grow);
    });
    onUnmounted(() => removeEventListener("resize", grow));

    watch(() => props.model.turn, async () => {
      error.value = "";
      list.value = closed();
      await nextTick();
      const { length } = props.model.text;
      field.value.setSelectionRange(length, length);
      grow();
    });
    watch(() => props.store.name, () => { people = []; });

    const offerThese = () => {
      const { value, selectionStart: caret } = field.value;
      const names = offerPeople(value, caret, people, props.engine.you.id);
      list.value = names.items.length > 0 || !characters ? names : offer(value, caret, characters);
    };
    const typed = () => {
      const { value } = field.value;
      props.model.typed(value);
      error.value = "";
      grow();
      if (value.includes("@") && people.length === 0) {
        people = props.store.users; // until all are known
        props.people().then((known) => { people = known; offerThese(); }, () => {});
      }
      offerThese();
      if (value !== "" && !props.model.editing) props.engine.typing.wrote(props.store.name);
    };

    // Like typing: the browser can undo it, and tells of it by `input`.
    const put = (from, to, text) => {
      field.value.focus();
      field.value.setSelectionRange(from, to);
      if (document.execCommand(text === "" ? "delete" : "insertText", false, text)) return;
      field.value.setRangeText(text, from, to, "end");
      typed();
    };
    const format = (change) => {
      const { value: text, selectionStart: start, selectionEnd: end } = field.value;
      const made = change({ text, start, end });
      const steps = made.insert.length > LONG ? atEnds({ start, end }, made) : [made]; // one can be undone at once
      for (const { from, to, insert } of steps) put(from, to, insert);
      field.value.setSelectionRange(made.start, made.end);
    };
    const pick = (index) => {
      const { start, end } = list.value;
      const text = taken(list.value, index);
      list.value = closed();
      put(start, end, text);
      list.value = closed();
    };

    const send = async () => {
      const { engine, store, model } = props;
      if (!characters && model.text.includes(":")) await emojiReady();
      const text = (characters ? replaceShortcodes(model.text, characters) : model.text).trimEnd();
      const { editing } = model;
      if (!isVisible(text)) {
        if (editing) emit("remove", editing);
        return;
      }
      const excess = engine.excess(store, text, model);
      if (excess) {
        error.value = t("composer.tooLong", { bytes: excess.bytes, limit: excess.limit });
        return;
      }
      if (!editing) engine.write(store, text, model.reply);
      else if (text !== editing.original) engine.edit(store, editing, text);
      model.sent();
      if (!editing) emit("written");
    };

    const pressed = (event) => {
      if (isComposing(event)) return;
      const withList = hasModifier(event) ? null : onKey(list.value, event.key);
      if (withList) {
        event.preventDefault();
        event.stopPropagation();
        if (withList.pick !== undefined) pick(withList.pick);
        else list.value = withList.list;
      } else if (event.key === "Enter" && !event.shiftKey) {
        event.preventDefault();
        send();
      } else if (event.key === "ArrowUp" && field.value.value === "" && !hasModifier(event) && !props.model.editing) {
        event.preventDefault();
        emit("editLast");
      } else if (event.key === "Escape" && props.model.cancel()) {
        event.preventDefault();
        event.stopPropagation();
      }
    };

    const blurred = () => {
      isFocused.value = false;
      list.value = closed();
    };
    expose({ focus, focusIfWide });

    // What is answered or changed, over the field.
    const bar = ({ reply, editing }) => {
      if (!reply && !editing) return null;
      const words = editing ? t("composer.editing") : t("composer.replyTo", { name: reply.name });
      const leave = t(editing ? "composer.leaveEdit" : "composer.leaveReply");
      return html`
        <div class="composer-bar">
          ${icon(editing ? "pencil" : "reply")}
          <span class="composer-bar-words">${words}</span>
          <bdi class="composer-bar-text">${editing ? editing.original : reply.message}</bdi>
          <button type="button" class="icon-button" title=${leave} aria-label=${leave}
            onClick=${() => { props.model.cancel(); focus(); }}>${icon("close")}</button>
        </div>`;
    };

    const tool = (name, words, press, more = {}) => html`
      <button type="button" class="icon-button" title=${words} aria-label=${words} ...${more}
        onMousedown=${(event) => event.preventDefault()} onClick=${press}>${icon(name)}</button>`;

    return () => {
      const { model, store } = props;
      const { items, active } = list.value;
      const open = items.length > 0;
      const trouble = error.value || (props.trouble && reasonOf(props.trouble));
      const words = t("composer.write", { to: labelOf(store) });
      return html`
        <form class="composer" onSubmit=${(event) => { event.preventDefault(); send(); focus(); }}>
          <${CompletionList} list=${list.value} onPick=${pick} />
          ${trouble && html`<p id="composer-error" class="field-error" role="alert">${trouble}</p>`}
          <div class=${["composer-box", isFocused.value && "is-focused"]}>
            ${bar(model)}
            <textarea ref=${field} rows="1" dir="auto" value=${model.text} enterkeyhint="send" placeholder=${words} aria-label=${words}
              aria-describedby=${trouble ? "composer-error" : null} aria-invalid=${error.value ? "true" : null}
              aria-autocomplete="list" aria-controls=${open ? "completion-list" : null}
              aria-activedescendant=${active >= 0 ? `completion-${active}` : null}
              onInput=${typed} onKeydown=${pressed} onFocus=${() => { isFocused.value = true; }} onBlur=${blurred}></textarea>
            <div class="composer-row">
              <button ref=${smile} type="button" class="icon-button" title=${t("composer.emoji")} aria-label=${t("composer.emoji")}
                aria-haspopup="dialog" onClick=${() => { isPicking.value = true; }}>${icon("smile")}</button>
              ${tool("bold", t("composer.bold"), () => format(bold))}
              ${tool("code", t("composer.code"), () => format(code))}
              <span class="composer-keys">${t("composer.keys")}</span>
              <button type="submit" class="button is-primary">${t(model.editing ? "composer.save" : "composer.send")}</button>
            </div>
          </div>
          ${isPicking.value && html`
            <${EmojiPicker} anchor=${smile.value} onPick=${(emoji) => put(field.value.selectionStart, field.value.selectionEnd, emoji)}
              onClose=${() => { isPicking.value = false; }} />`}
        </form>`;
    };
  },
};
