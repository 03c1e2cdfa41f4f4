// What the server tells the page: read once from the mount node's data-config
// (templates/base.html). Outside a page, as in Node's tests, the defaults stand.

const defaults = {
  base: "",
  avatars: "local",
  limits: { message_bytes: 65536, username_chars: 64 },
};

function read() {
  const node = globalThis.document?.getElementById("app");
  return { ...defaults, ...JSON.parse(node?.dataset.config || "{}") };
}

export const config = read();
