// The head over the messages: which room, what it is about, the search and, where there is
// no column for them, how many are here.

import { html } from "./html.js";
import { t } from "./i18n.js";
import { PeopleButton } from "./people.js";
import { labelOf, MAIN, titleOf } from "./rooms.js";
import { SearchField } from "./search-panel.js";

export const RoomHead = {
  props: { engine: Object, store: Object, searching: Boolean },
  emits: ["about", "openSearch", "closeSearch", "direct"],
  setup(props, { emit, expose }) {
    let field = null;
    expose({ focusSearch: () => field?.focus() });

    const topicOf = ({ topic, name, kind }) => {
      if (kind === "direct") return t("rooms.directContext");
      return topic || (name === MAIN ? t("rooms.mainContext") : t("rooms.noTopic"));
    };

    return () => {
      const { engine, store } = props;
      const about = t("rooms.about", { room: labelOf(store) });
      const canChange = store.kind !== "direct" && store.member;
      return html`
        <h1 class=${["head-title", canChange && "has-button"]}>${canChange
          ? html`<button type="button" class="head-button" title=${about} aria-haspopup="dialog" onClick=${() => emit("about")}><bdi>${titleOf(store)}</bdi></button>`
          : html`<bdi>${titleOf(store)}</bdi>`}</h1>
        <p class="head-context" title=${store.topic || null}><bdi>${topicOf(store)}</bdi></p>
        <div class="head-tools">
          <${SearchField} ref=${(component) => { field = component; }} query=${engine.search.query} open=${props.searching}
            onOpen=${() => emit("openSearch")} onSearch=${(query) => engine.finder.run(query)} onClose=${() => emit("closeSearch")} />
          <${PeopleButton} users=${store.users} here=${store.here} me=${engine.you.id} onDirect=${(user) => emit("direct", user)} />
        </div>`;
    };
  },
};
