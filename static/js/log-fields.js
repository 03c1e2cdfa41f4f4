// The three small fields over the stream: only, not, mark, each with a switch for patterns
// and one for capital letters, and what was written in it lately. They tell what is wanted;
// the page applies it and says in `problem` what is wrong with a pattern.

import { html, ref } from "./html.js";
import { t } from "./i18n.js";
import { icon } from "./icons.js";
import { noteRecent, recentOf } from "./log-recent.js";

const FIELDS = ["only", "not", "mark"];

// One field. Also the search panel's, with another set of words.
export const PatternField = {
  // name: of what is kept and of the elements. value: { text, pattern, case }.
  props: { name: String, value: Object, problem: String, label: String, hint: String },
  emits: ["change", "done"],
  setup(props, { emit, expose }) {
    const input = ref(null);
    const recent = ref(recentOf(props.name));
    const id = `log-field-${props.name}`;

    const change = (more) => {
      const { text, pattern, case: exact } = props.value;
      emit("change", { text, pattern, case: exact, ...more });
    };
    // Of the event: a field that is taken away while it has the focus says "change" when it is gone.
    const note = ({ target }) => { recent.value = noteRecent(props.name, target.value); };
    const keyed = (event) => {
      if (event.key !== "Enter" || event.isComposing || event.keyCode === 229) return;
      note(event);
      emit("done");
    };
    const clear = () => {
      change({ text: "" });
      input.value.focus();
    };
    // The field that has the focus is wider: were it to go with the button's press, the button would move from under the pointer.
    const stay = (event) => event.preventDefault();
    expose({ focus: () => { input.value.focus(); input.value.select(); } });

    const toggle = (key, sign) => html`
      <button type="button" class="log-case" aria-pressed=${String(Boolean(props.value[key]))} title=${t(`logfilter.${key}`)}
        aria-label=${t(`logfilter.${key}Of`, { field: props.label })} onMousedown=${stay} onClick=${() => change({ [key]: !props.value[key] })}>${sign}</button>`;

    return () => html`
      <div class=${["log-field", props.problem && "is-wrong", props.value.text !== "" && "is-filled"]}>
        <label for=${id}>${props.label}</label>
        <input ref=${input} id=${id} type="text" autocomplete="off" autocapitalize="off" autocorrect="off" spellcheck="false" enterkeyhint="search"
          list=${recent.value.length > 0 ? `${id}-recent` : null} title=${props.hint} value=${props.value.text}
          aria-invalid=${props.problem ? "true" : null} aria-describedby=${props.problem ? `${id}-problem` : null}
          onInput=${(event) => change({ text: event.target.value })} onChange=${note} onKeydown=${keyed} />
        ${recent.value.length > 0 && html`<datalist id=${`${id}-recent`}>${recent.value.map((text) => html`<option key=${text} value=${text} />`)}</datalist>`}
        ${props.value.text !== "" && html`<button type="button" class="log-case log-field-clear" title=${t("logfilter.clear")}
          aria-label=${t("logfilter.clearOf", { field: props.label })} onMousedown=${stay} onClick=${clear}>${icon("close")}</button>`}
        ${toggle("pattern", ".*")}${toggle("case", "Aa")}
        ${props.problem && html`<p id=${`${id}-problem`} class="log-field-problem" role="alert">${props.problem}</p>`}
      </div>`;
  },
};

export const FilterFields = {
  // filters: { only, not, mark }, each { text, pattern, case, problem }.
  props: { filters: Object },
  emits: ["change"],
  setup(props, { emit }) {
    return () => html`
      <div class="log-fields">${FIELDS.map((name) => html`
        <${PatternField} key=${name} name=${name} value=${props.filters[name]} problem=${props.filters[name].problem}
          label=${t(`logfilter.${name}`)} hint=${t(`logfilter.${name}Hint`)} onChange=${(value) => emit("change", name, value)} />`)}
      </div>`;
  },
};
