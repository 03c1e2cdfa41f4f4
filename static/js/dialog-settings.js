// The settings of this browser: looks, language, and what one is told of. What is chosen
// works at once; there is nothing to save.

import { Dialog } from "./dialog-base.js";
import { html, onMounted } from "./html.js";
import { language, languages, setLanguage, t } from "./i18n.js";
import { icon } from "./icons.js";
import { notifications, prefer, quiet, ROOM_SETTINGS, roomSetting, setRoomSetting, sound } from "./preferences.js";
import { titleOf } from "./rooms.js";
import { setTheme, theme } from "./theme.js";

const THEMES = ["system", "light", "dark"];

// A few choices side by side; a group of radio buttons to the keyboard and to readers.
const Choice = {
  props: { label: String, name: String, options: Array, value: String, hint: String },
  emits: ["choose"],
  setup(props, { emit }) {
    return () => html`
      <fieldset class="setting">
        <legend>${props.label}</legend>
        <div class="choice">${props.options.map(({ value, words, lang }) => html`
          <label key=${value} lang=${lang}><input type="radio" name=${props.name} value=${value} checked=${value === props.value}
            onChange=${() => emit("choose", value)} /><span>${words}</span></label>`)}</div>
        ${props.hint && html`<p class="setting-hint">${props.hint}</p>`}
      </fieldset>`;
  },
};

const Switch = {
  props: { label: String, hint: String, on: Boolean },
  emits: ["switch"],
  setup(props, { emit, slots }) {
    return () => html`
      <div class="setting">
        <label class="switch"><span>${props.label}</span><input type="checkbox" role="switch" checked=${props.on}
          onChange=${(event) => emit("switch", event.target.checked)} /></label>
        ${props.hint && html`<p class="setting-hint">${props.hint}</p>`}
        ${slots.default?.()}
      </div>`;
  },
};

export const SettingsDialog = {
  // room: the one that is open, if any: { name, kind, with }. notifier: see notify.js.
  props: { room: Object, notifier: Object },
  emits: ["close"],
  setup(props, { emit }) {
    onMounted(() => props.notifier.refresh()); // it may have been changed in the browser's own settings

    const ask = async () => {
      if (await props.notifier.ask()) prefer(notifications, true);
    };
    const switchSound = (on) => {
      prefer(sound, on);
      if (on) props.notifier.audio.sample(); // within the click: that is what the browser waits for
    };

    const browserSays = () => {
      const { permission } = props.notifier.state;
      if (permission === "default") {
        return html`<p class="setting-hint">${t("notify.default")}</p>
          <button type="button" class="button" onClick=${ask}>${icon("bell")}${t("notify.ask")}</button>`;
      }
      return html`<p class=${["setting-hint", permission !== "granted" && "is-warning"]}>${t(`notify.${permission}`)}</p>`;
    };

    const ofRoom = (room) => html`
      <${Choice} name="room" label=${t("settings.room", { room: titleOf(room) })} value=${roomSetting(room.name, room.kind)}
        options=${ROOM_SETTINGS.map((value) => ({ value, words: t(`settings.room.${value}`) }))} hint=${t(`settings.roomHint.${roomSetting(room.name, room.kind)}`)}
        onChoose=${(value) => setRoomSetting(room.name, value)} />`;

    const body = () => html`
      <div class="settings">
        <section>
          <h3>${t("settings.looks")}</h3>
          <${Choice} name="theme" label=${t("settings.theme")} value=${theme.value} options=${THEMES.map((value) => ({ value, words: t(`settings.theme.${value}`) }))}
            onChoose=${setTheme} />
          <${Choice} name="language" label=${t("settings.language")} value=${language.value}
            options=${Object.entries(languages).map(([value, words]) => ({ value, words, lang: value }))} onChoose=${setLanguage} />
        </section>
        <section>
          <h3>${t("settings.told")}</h3>
          <${Switch} label=${t("settings.notifications")} on=${notifications.value} onSwitch=${(on) => prefer(notifications, on)}>${{ default: () => notifications.value && browserSays() }}<//>
          <${Switch} label=${t("settings.sound")} hint=${t("settings.soundHint")} on=${sound.value} onSwitch=${switchSound} />
          ${props.room && ofRoom(props.room)}
          <${Switch} label=${t("settings.quiet")} hint=${t("settings.quietHint")} on=${quiet.value} onSwitch=${(on) => prefer(quiet, on)} />
        </section>
      </div>`;

    return () => html`
      <${Dialog} label=${t("settings.title")} heading=${true} class="is-settings" onClose=${() => emit("close")}>${{ default: body }}<//>`;
  },
};
