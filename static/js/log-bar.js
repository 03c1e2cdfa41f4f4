// What decides which lines are seen: the fields only, not, mark with their switch for
// capital letters, the levels with their counts, and Pause. On a phone all but Pause
// fold behind one button. Changes the page's reactive `filter`; applies nothing itself.

import { FIELDS, isActive } from "./log-filter.js";
import { LEVELS } from "./log-level.js";
import { html, nextTick, ref } from "./html.js";
import { formatNumber, t } from "./i18n.js";
import { icon } from "./icons.js";

export const LogBar = {
  props: { filter: Object, counts: Object, mode: String },
  emits: ["follow", "pause"],
  setup(props, { emit, expose }) {
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
      const { filter } = props;
      filter.hidden = LEVELS.filter((one) => filter.hidden.includes(one) !== (one === level));
    };
    const keyed = (event) => {
      if (event.key === "Escape" && !event.isComposing) event.target.blur();
    };

    const field = (name) => {
      const { filter } = props;
      const isExact = filter.exact[name];
      const hint = t(`logs.hint.${name}`);
      return html`
        <div key=${name} class=${["log-field", filter[name] !== "" && "is-set"]} title=${hint}>
          <label for=${`filter-${name}`}>${t(`logs.field.${name}`)}</label>
          <input id=${`filter-${name}`} type="text" value=${filter[name]} autocomplete="off" autocapitalize="off" spellcheck="false"
            enterkeyhint="done" aria-description=${hint} onKeydown=${keyed}
            onInput=${(event) => { filter[name] = event.target.value; }} />
          <button type="button" class="log-case" aria-pressed=${String(isExact)} title=${t("logs.exact")}
            aria-label=${t("logs.exactOf", { field: t(`logs.field.${name}`) })}
            onClick=${() => { filter.exact[name] = !isExact; }}>Aa</button>
        </div>`;
    };
    const chip = (level) => {
      const isOn = !props.filter.hidden.includes(level);
      return html`
        <button key=${level} type="button" class=${["chip", `is-${level}`]} aria-pressed=${String(isOn)}
          title=${t(isOn ? "logs.hideLevel" : "logs.showLevel", { level: t(`logs.level.${level}`) })} onClick=${() => toggleLevel(level)}>
          <span class="chip-words">${t(`logs.level.${level}`)}${" "}<span class="chip-count">${formatNumber(props.counts[level])}</span></span>
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
        <div ref=${fields} id="log-filters" class="log-filters" role="search" aria-label=${t("logs.filter")}>
          ${FIELDS.map(field)}
          <div class="chips" role="group" aria-label=${t("logs.levels")}>${LEVELS.map(chip)}</div>
        </div>
        ${pauseButton()}
      </div>`;
  },
};
