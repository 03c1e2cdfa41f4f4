// Why an attempt at /echo failed. A script cannot see how a WebSocket's handshake was
// answered, so the page asks for itself: without the token, or with one that was
// changed since, the server leads to its form or says 401.

const REFUSED = [401, 403];

export async function isTokenWanted(base, fetch = globalThis.fetch) {
  try {
    const answer = await fetch(`${base}/logs`, { redirect: "manual", cache: "no-store" });
    return answer.type === "opaqueredirect" || REFUSED.includes(answer.status);
  } catch {
    return false; // nobody answers at all: the connection is tried again as ever
  }
}
