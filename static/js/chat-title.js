// Keeps the page's title and icon telling what is unread, for as long as the page is
// mounted.

import { onUnmounted, watch } from "./html.js";
import { roomSetting } from "./preferences.js";
import { labelOf } from "./rooms.js";
import { countUnread, Title } from "./title.js";

export function useTitle(engine) {
  const title = new Title();
  const shown = () => {
    const name = engine.room ? `${labelOf(engine.room)} · chatapp` : "chatapp";
    return { name, ...countUnread(engine.rooms.all.values(), roomSetting) };
  };
  watch(shown, (now) => title.show(now), { immediate: true });
  onUnmounted(() => title.show({ name: "chatapp", count: 0, urgent: 0 }));
}
