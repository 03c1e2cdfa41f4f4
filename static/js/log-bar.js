// What decides which lines are seen: the fields, the levels with their counts, and Pause.
// On a phone all but Pause fold behind one button. Tells what is wanted; applies nothing itself.

import { isActive } from "./log-filter.js";
import { FilterFields } from "./log-fields.js";
import { LEVELS } from "./log-levels.js";
import { html, nextTick, ref } from "./html.js";
import { formatNumber, t } from "./i18n.js";
import { icon } from "./icons.js";

export const LogBar = {
  props: { filter: Object, counts: Object, mode: String },
  emits: ["follow", "pause", "field", "hidden", "done"],
  setup(props, { emit, expose, slots }) {
    const open = ref(false); // the folded part, on a phone
    const fields = ref(null);

    const focus = async () => {
      open.value = true;
      await nextTick();
      const field = fields.value.querySelector("input");
      field.focus();
      field.select();
    };
    expose({ focus });

    const toggleLevel = (level) => {
      const { hidden } = props.filter;
      emit("hidden", LEVELS.filter((one) => hidden.includes(one) !== (one === level)));
    };
    // Enter: what was typed is meant. Escape: back to the stream.
    const keyed = (event) => {
      if (event.isComposing) return;
      if (event.key === "Enter" && event.target.tagName === "INPUT") emit("done");
      if (event.key === "Escape") event.target.blur();
    };

    const chip = (level) => {
      const isOn = !props.filter.hidden.includes(level);
      return html`
        <button key=${level} type="button" class=${["chip", `is-${level}`]} aria-pressed=${String(isOn)}
          title=${t(isOn ? "logs.hideLevel" : "logs.showLevel", { level: t(`logs.level.${level}`) })} onClick=${() => toggleLevel(level)}>
          <span class=${["chip-words", props.counts[level] === 0 && "is-none"]}>${t(`logs.level.${level}`)}${" "}<span class="chip-count">${formatNumber(props.counts[level])}</span></span>
        </button>`;
    };
    const pauseButton = () => {
      const isFollowing = props.mode === "following";
      return html`
        <button type="button" class="button is-primary log-pause" title=${t(isFollowing ? "logs.pauseHint" : "logs.followHint")}
          onClick=${() => emit(isFollowing ? "pause" : "follow")}>
          ${icon(isFollowing ? "pause" : "play")}${t(isFollowing ? "logs.pause" : "logs.follow")}</button>`;
    };

    return () => html`
      <div class=${["log-bar", open.value && "is-open"]}>
        <button type="button" class=${["button", "log-fold", isActive(props.filter) && "is-active"]} aria-expanded=${String(open.value)}
          aria-controls="log-filters" onClick=${() => { open.value = !open.value; }}>${icon("filter")}${t("logs.filter")}</button>
        <div ref=${fields} id="log-filters" class="log-filters" role="search" aria-label=${t("logs.filter")} onKeydown=${keyed}>
          <${FilterFields} filters=${props.filter} onChange=${(name, field) => emit("field", name, field)} />
          <div class="chips" role="group" aria-label=${t("logs.levels")}>${LEVELS.map(chip)}</div>
          ${slots.default?.()}
        </div>
        ${pauseButton()}
      </div>`;
  },
};
