// What the server tells the page: read once from the mount node's data-config
// (templates/base.html). Outside a page, as in Node's tests, the defaults stand.

const defaults = {
  base: "",
  avatars: "local",
  limits: { message_bytes: 65536, username_chars: 64, room_chars: 40, topic_chars: 250 },
};

function read() {
  const node = globalThis.document?.getElementById("app");
  const told = JSON.parse(node?.dataset.config || "{}");
  return { ...defaults, ...told, limits: { ...defaults.limits, ...told.limits } };
}

export const config = read();
