// The windows for rooms and people: to find or create a room, to choose whom to write to,
// and what there is to know and to change of the room that is open.

import { Avatar } from "./avatar.js";
import { Dialog } from "./dialog.js";
import { html, onMounted, ref } from "./html.js";
import { t } from "./i18n.js";
import { reasonOf } from "./refusals.js";
import { MAIN, roomName } from "./rooms.js";

const textField = ({ id, label, value, most, error, hint, on, more = {} }) => html`
  <div class="field">
    <label for=${id}>${label}</label>
    <input id=${id} type="text" dir="auto" autocomplete="off" maxlength=${most} value=${value} aria-invalid=${error ? "true" : null}
      aria-describedby=${[error && `${id}-error`, hint && `${id}-hint`].filter(Boolean).join(" ") || null}
      onInput=${(event) => on(event.target.value)} ...${more} />
    ${error && html`<p id=${`${id}-error`} class="field-error" role="alert">${error}</p>`}
    ${hint && html`<p id=${`${id}-hint`} class="field-hint">${hint}</p>`}
  </div>`;

// A room that is there is joined, one that is not is created.
export const FindRoomDialog = {
  props: { engine: Object, name: { type: String, default: "" } },
  emits: ["close"],
  setup(props, { emit }) {
    const dialog = ref(null);
    const name = ref(props.name);
    const topic = ref("");
    const error = ref("");
    const { engine } = props;

    const enter = (room) => {
      dialog.value.dismiss();
      engine.navigation.open(room);
    };
    const nameWanted = () => engine.rooms.nameOf(roomName(name.value));
    const known = () => engine.rooms.get(nameWanted());
    const submit = async (event) => {
      event.preventDefault();
      const wanted = nameWanted();
      if (wanted === "") return;
      if (known()?.seq > 0) return enter(wanted);
      try {
        await engine.create(wanted, topic.value.trim());
        dialog.value?.dismiss();
      } catch (refused) {
        if (refused.code === "room_taken") enter(refused.room ?? wanted);
        else error.value = reasonOf(refused);
      }
    };
    const typed = (text) => {
      name.value = text;
      error.value = "";
    };

    const others = () => engine.rooms.others.filter((store) => store.name.includes(roomName(name.value)));
    const row = (store) => html`
      <li key=${store.name}><button type="button" class="choose-item" onClick=${() => enter(store.name)}>
        <bdi class="choose-name"># ${store.name}</bdi><bdi class="choose-more">${store.topic}</bdi></button></li>`;

    const body = () => {
      const found = others();
      const isThere = known()?.seq > 0;
      const { room_chars, topic_chars } = engine.state.limits;
      return html`
        <form class="choose" onSubmit=${submit}>
          ${textField({ id: "room-name", label: t("rooms.name"), value: name.value, most: room_chars, error: error.value, hint: t("rooms.nameHint", { limit: room_chars }), on: typed, more: { autofocus: true } })}
          ${!isThere && name.value.trim() !== "" && textField({ id: "room-topic", label: t("rooms.topic"), value: topic.value, most: topic_chars, on: (text) => { topic.value = text; } })}
          <div class="dialog-buttons">
            <button type="submit" class="button is-primary" disabled=${name.value.trim() === ""}>${t(isThere ? "rooms.open" : "rooms.create")}</button>
          </div>
        </form>
        ${found.length > 0 && html`
          <h3 class="choose-title">${t("rooms.others")}</h3>
          <ul class="choose-list">${found.map(row)}</ul>`}`;
    };
    return () => html`<${Dialog} ref=${dialog} label=${t("rooms.find")} heading=${true} class="is-small" onClose=${() => emit("close")}>${{ default: body }}<//>`;
  },
};

export const PersonDialog = {
  props: { engine: Object },
  emits: ["close"],
  setup(props, { emit }) {
    const dialog = ref(null);
    const people = ref(null); // null: not known yet
    const query = ref("");
    const error = ref("");
    const { engine } = props;

    onMounted(async () => {
      try {
        people.value = (await engine.people()).filter(({ id, plain }) => id !== engine.you.id && !plain);
      } catch (refused) {
        error.value = reasonOf(refused);
      }
    });
    const choose = async (user) => {
      try {
        await engine.direct(user);
        dialog.value?.dismiss();
      } catch (refused) {
        error.value = reasonOf(refused);
      }
    };
    const found = () => (people.value ?? []).filter(({ name }) => name.toLowerCase().includes(query.value.trim().toLowerCase()));
    const submit = (event) => {
      event.preventDefault();
      if (found().length > 0) choose(found()[0]);
    };
    const row = (user) => html`
      <li key=${user.id}><button type="button" class="choose-item" onClick=${() => choose(user)}>
        <${Avatar} name=${user.name} avatar=${user.avatar} /><bdi class="choose-name">${user.name}</bdi>
        <span class="choose-more">${t(user.here ? "rooms.here" : "rooms.away")}</span></button></li>`;

    const body = () => html`
      <form class="choose" onSubmit=${submit}>
        ${textField({ id: "person-name", label: t("rooms.person"), value: query.value, most: 64, error: error.value, on: (text) => { query.value = text; }, more: { autofocus: true } })}
      </form>
      <p class="choose-none" role="status">${people.value && found().length === 0 ? t(query.value ? "rooms.nobodyFound" : "rooms.nobody") : ""}</p>
      <ul class="choose-list" aria-busy=${String(people.value === null && !error.value)}>${found().map(row)}</ul>`;
    return () => html`<${Dialog} ref=${dialog} label=${t("rooms.writeTo")} heading=${true} class="is-small" onClose=${() => emit("close")}>${{ default: body }}<//>`;
  },
};

// What the room is about, and the way out of it.
export const RoomDialog = {
  props: { engine: Object, store: Object },
  emits: ["close", "leave"],
  setup(props, { emit }) {
    const dialog = ref(null);
    const topic = ref(props.store.topic);
    const error = ref("");
    const save = async (event) => {
      event.preventDefault();
      try {
        if (topic.value.trim() !== props.store.topic) await props.engine.topic(props.store, topic.value.trim());
        dialog.value?.dismiss();
      } catch (refused) {
        error.value = reasonOf(refused);
      }
    };
    const leave = () => {
      dialog.value.dismiss();
      emit("leave");
    };
    const body = () => html`
      <form class="choose" onSubmit=${save}>
        ${textField({ id: "topic", label: t("rooms.topic"), value: topic.value, most: props.engine.state.limits.topic_chars, error: error.value, on: (text) => { topic.value = text; }, more: { autofocus: true } })}
        <div class="dialog-buttons">
          ${props.store.name !== MAIN && html`<button type="button" class="button is-leave" onClick=${leave}>${t("rooms.leave")}</button>`}
          <button type="submit" class="button is-primary">${t("rooms.save")}</button>
        </div>
      </form>`;
    return () => html`
      <${Dialog} ref=${dialog} label=${`# ${props.store.name}`} heading=${true} class="is-small" onClose=${() => emit("close")}>${{ default: body }}<//>`;
  },
};
