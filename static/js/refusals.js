// Why something was not done, in the reader's language. A refusal is { code, message }: the
// server's code with its sentence, or one of the page's own: "lost" (the connection ended
// before the answer) and "no_answer".

import { language, t } from "./i18n.js";

// The server's sentences are English, and say more than a code can. Elsewhere they are what
// is left for codes of a newer server.
export function reasonOf({ code, message }) {
  const key = `error.${code}`;
  const words = t(key);
  if (words === key || (language.value === "en" && message)) return message || code;
  return words;
}
