// The windows of the log page: where to go, the keys, and the settings of this browser.

import { Dialog } from "./dialog.js";
import { html, ref } from "./html.js";
import { formatNumber, t } from "./i18n.js";
import { parseJump } from "./log-jump.js";
import { LOG_KEYS } from "./log-keys.js";
import { SIZES } from "./log-settings.js";
import { formatFully, TIME_MODES } from "./log-times.js";

export const JumpDialog = {
  emits: ["jump", "close"],
  setup(_, { emit }) {
    const dialog = ref(null);
    const text = ref("");

    const go = (place) => {
      dialog.value.dismiss();
      emit("jump", place);
    };
    const submitted = (event) => {
      event.preventDefault();
      const place = parseJump(text.value);
      if (place) go(place);
    };
    // What was understood, before it is done.
    const hint = () => {
      if (text.value.trim() === "") return t("logdialog.jumpHint");
      const place = parseJump(text.value);
      if (place === null) return t("logdialog.jumpUnknown");
      if (place.line) return t("logdialog.toLine", { line: place.line });
      if (place.percent !== undefined) return t("logdialog.toPercent", { percent: formatNumber(place.percent / 100, { style: "percent", maximumFractionDigits: 2 }) });
      if (place.time !== undefined) return t("logdialog.toTime", { time: formatFully(place.time) });
      return t(place.start ? "logdialog.toStart" : "logdialog.toEnd");
    };
    const quick = [["start", { start: true }], ["quarter", { percent: 25 }], ["half", { percent: 50 }], ["threeQuarters", { percent: 75 }], ["end", { end: true }]];

    return () => html`
      <${Dialog} ref=${dialog} label=${t("logdialog.jump")} heading=${true} class="is-small" onClose=${() => emit("close")}>${{
        default: () => html`
          <form class="log-jump" onSubmit=${submitted}>
            <label for="log-jump">${t("logdialog.jumpTo")}</label>
            <div class="log-jump-row">
              <input id="log-jump" type="text" autofocus autocomplete="off" autocapitalize="off" spellcheck="false" value=${text.value} placeholder="14:02" enterkeyhint="go"
                aria-describedby="log-jump-hint" aria-invalid=${text.value.trim() !== "" && parseJump(text.value) === null ? "true" : null}
                onInput=${(event) => { text.value = event.target.value; }} />
              <button type="submit" class="button is-primary">${t("logdialog.go")}</button>
            </div>
            <p id="log-jump-hint" class="log-jump-hint" aria-live="polite">${hint()}</p>
            <div class="log-jump-quick" role="group" aria-label=${t("logdialog.places")}>${quick.map(([name, place]) => html`
              <button key=${name} type="button" class="button" onClick=${() => go(place)}>${t(`logdialog.place.${name}`)}</button>`)}</div>
          </form>`,
      }}<//>`;
  },
};

export const LogKeysDialog = {
  emits: ["close"],
  setup(_, { emit }) {
    const group = ([name, keys]) => html`
      <section key=${name} class="keys-group">
        <h3>${t(`logdialog.keys.${name}`)}</h3>
        <dl>${keys.map(([ways, words]) => html`
          <div key=${words}><dt>${ways.map((way) => html`<kbd key=${way}>${way === "Space" ? t("logdialog.space") : way}</kbd>`)}</dt><dd>${t(`logdialog.key.${words}`)}</dd></div>`)}</dl>
      </section>`;
    return () => html`
      <${Dialog} label=${t("logdialog.keys")} heading=${true} class="is-keys" onClose=${() => emit("close")}>${{
        default: () => html`<div class="keys">${LOG_KEYS.map(group)}</div>`,
      }}<//>`;
  },
};

export const LogSettings = {
  // settings: reactive { times, wrap, order, folded, bars, ansi, size }; set in place, works at once.
  props: { settings: Object },
  emits: ["close"],
  setup(props, { emit }) {
    const choice = (name, label, options, hint = null) => html`
      <fieldset class="setting">
        <legend>${label}</legend>
        <div class="choice">${options.map(({ value, words }) => html`
          <label key=${value}><input type="radio" name=${`log-${name}`} value=${value} checked=${value === props.settings[name]}
            onChange=${() => { props.settings[name] = value; }} /><span>${words}</span></label>`)}</div>
        ${hint && html`<p class="setting-hint">${hint}</p>`}
      </fieldset>`;
    const toggle = (name) => html`
      <div class="setting">
        <label class="switch"><span>${t(`logdialog.set.${name}`)}</span><input type="checkbox" role="switch" checked=${props.settings[name]}
          onChange=${(event) => { props.settings[name] = event.target.checked; }} /></label>
      </div>`;

    const body = () => html`
      <div class="settings">
        ${choice("times", t("logdialog.times"), TIME_MODES.map((value) => ({ value, words: t(`logtime.${value}`) })), t(`logtime.${props.settings.times}Hint`))}
        ${choice("order", t("logdialog.order"), ["arrival", "time"].map((value) => ({ value, words: t(`logdialog.order.${value}`) })))}
        ${choice("size", t("logdialog.size"), SIZES.map((value) => ({ value, words: formatNumber(value) })))}
        ${["wrap", "folded", "ansi", "bars"].map(toggle)}
      </div>`;
    return () => html`
      <${Dialog} label=${t("logdialog.settings")} heading=${true} class="is-settings" onClose=${() => emit("close")}>${{ default: body }}<//>`;
  },
};
