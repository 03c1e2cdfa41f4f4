// New lines, told where they are seen while one is elsewhere: in the page's title and on its
// icon. What counts is what came while the tab was hidden, or since one stopped following.

import { t } from "./i18n.js";
import { Title } from "./title.js";

export class Unread {
  #title = new Title();
  #hiddenAt = null; // lines that had come when the tab was hidden

  visibilityChanged(arrived) {
    this.#hiddenAt = document.hidden ? arrived : null;
  }

  show({ files, machine, arrived, fresh }) {
    const count = this.#hiddenAt === null ? fresh : Math.max(fresh, arrived - this.#hiddenAt);
    const shown = files.length < 2 ? files[0] : t("logs.severalFiles", { count: files.length });
    this.#title.show({ name: [shown, machine, "chatapp"].filter(Boolean).join(" · "), count, urgent: 0 });
  }
}
