// A block of code in a message: scrolls in itself, says its language, and copies.

import { copyText } from "./clipboard.js";
import { html, onMounted, onUnmounted, ref } from "./html.js";
import { t } from "./i18n.js";
import { icon } from "./icons.js";

const TOLD_MS = 2000;

export const CodeBlock = {
  props: { text: String, language: String },
  setup(props, { slots }) {
    const box = ref(null);
    const told = ref(""); // "copied" or "failed", for a moment after the button
    const scrolls = ref(false);
    let observer = null;
    let timer = null;

    // Only what scrolls is a stop for the Tab key.
    onMounted(() => {
      observer = new ResizeObserver(([{ target }]) => {
        scrolls.value = target.scrollWidth > target.clientWidth || target.scrollHeight > target.clientHeight;
      });
      observer.observe(box.value);
    });
    onUnmounted(() => {
      observer.disconnect();
      clearTimeout(timer);
    });

    const copy = async () => {
      told.value = (await copyText(props.text)) ? "copied" : "failed";
      clearTimeout(timer);
      timer = setTimeout(() => { told.value = ""; }, TOLD_MS);
    };

    const button = () => {
      const words = told.value ? t(`rich.${told.value}`) : t("rich.copy");
      return html`
        <button type="button" class=${["rich-copy", told.value && `is-${told.value}`]} title=${t("rich.copyHint")} onClick=${copy}>
          ${icon(told.value === "copied" ? "check" : "copy")}<span class=${told.value ? null : "rich-copy-words"}>${words}</span></button>`;
    };

    return () => html`
      <div class="rich-code">
        <div class="rich-code-tools">
          ${props.language && html`<span class="rich-language">${props.language}</span>`}
          ${button()}
        </div>
        <pre ref=${box} dir="ltr" tabindex=${scrolls.value ? 0 : null} role=${scrolls.value ? "region" : null}
          aria-label=${scrolls.value ? t("rich.code") : null}><code>${slots.default()}</code></pre>
        <span class="visually-hidden" role="status">${told.value && t(`rich.${told.value}`)}</span>
      </div>`;
  },
};
