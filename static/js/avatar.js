// A person's avatar: letters on a colour, and over them a picture if the server
// is set to fetch Gravatar's. `avatar` is the opaque string the server made from
// the e-mail; without one the name makes the colour.

import { config } from "./config.js";
import { html, ref, watch } from "./html.js";
import { colour, initials } from "./initials.js";

export const Avatar = {
  props: { name: String, avatar: String },
  setup(props) {
    const failed = ref(false);
    watch(() => props.avatar, () => { failed.value = false; });
    const wantsPicture = () => config.avatars === "gravatar" && props.avatar && !failed.value;
    // Decoration: the name stands beside it wherever it is drawn.
    return () => html`
      <span class="avatar" aria-hidden="true" style=${{ backgroundColor: colour(props.avatar || props.name) }}>
        ${initials(props.name)}
        ${wantsPicture() && html`<img src=${`${config.base}/avatar/${encodeURIComponent(props.avatar)}`} alt=""
          loading="lazy" onError=${() => { failed.value = true; }} />`}
      </span>`;
  },
};
