// The form before the chat: a name and an e-mail. Says what is missing beside the
// field, and before anything is sent; what the server says of them comes as
// `refusal`, { code, message } by field.

import { config } from "./config.js";
import { Brand, Settings } from "./frame.js";
import { html, nextTick, onMounted, ref } from "./html.js";
import { t } from "./i18n.js";
import { problems } from "./join-check.js";
import { reasonOf } from "./refusals.js";

export const JoinForm = {
  props: { refusal: Object, username: String, email: String },
  emits: ["join"],
  setup(props, { emit }) {
    const nameField = ref(null);
    const emailField = ref(null);
    const username = ref(props.username);
    const email = ref(props.email);
    const found = ref({});
    const refusal = ref(props.refusal);

    onMounted(() => nameField.value.focus());

    const submit = async (event) => {
      event.preventDefault();
      const person = { username: username.value.trim(), email: email.value.trim() };
      refusal.value = {};
      found.value = problems(person, config.limits.username_chars);
      await nextTick();
      if (found.value.username) nameField.value.focus();
      else if (found.value.email) emailField.value.focus();
      else emit("join", person);
    };

    const field = (name, type, value, element, autocomplete, hint) => {
      const problem = found.value[name];
      const said = (refusal.value[name] && reasonOf(refusal.value[name])) || (problem && t(problem.key, problem.params));
      const describedBy = [said && `${name}-error`, hint && `${name}-hint`].filter(Boolean).join(" ");
      return html`
        <div class="field">
          <label for=${name}>${t(`join.${name}`)}</label>
          <input ref=${element} id=${name} name=${name} type=${type} dir="auto" autocomplete=${autocomplete}
            value=${value.value} aria-invalid=${said ? "true" : null} aria-describedby=${describedBy || null}
            onInput=${(event) => { value.value = event.target.value; }} />
          ${said && html`<p id=${`${name}-error`} class="field-error" role="alert">${said}</p>`}
          ${hint && html`<p id=${`${name}-hint`} class="field-hint">${hint}</p>`}
        </div>`;
    };

    return () => html`
      <main class="card-page">
        <form class="card" novalidate onSubmit=${submit}>
          <${Brand} />
          <h1>${t("join.title")}</h1>
          ${field("username", "text", username, nameField, "nickname", null)}
          ${field("email", "email", email, emailField, "email",
            t(config.avatars === "gravatar" ? "join.emailHintGravatar" : "join.emailHint"))}
          <button type="submit" class="button is-primary">${t("join.join")}</button>
        </form>
        <div class="card-settings"><${Settings} /></div>
      </main>`;
  },
};
