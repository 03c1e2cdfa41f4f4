// The HTTP side of the logs: pages of the past, a whole long line, a search. Answers are
// values; what went wrong is an ApiError with a sentence for a person.

export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status; // 0: nobody answered
  }
}

export class LogApi {
  constructor(base, fetch = globalThis.fetch.bind(globalThis)) {
    Object.assign(this, { base, fetch });
  }

  // query: generation, and one of before, after, at, line, time, tail; limit. conditions: { include, exclude }.
  async lines(file, query, conditions, signal) {
    const answer = await this.#get(file, "lines", { ...query, ...spread("include", conditions?.include), ...spread("exclude", conditions?.exclude) }, signal);
    return answer.json();
  }

  async line(file, generation, offset, signal) {
    const answer = await this.#get(file, "line", { generation, offset }, signal);
    return answer.text();
  }

  // Hands each message of the stream to `take`; returns when it has ended.
  async search(file, query, take, signal) {
    const answer = await this.#get(file, "search", query, signal);
    await readLines(answer.body, (line) => take(JSON.parse(line)));
  }

  // The address of a whole file, or of the lines that pass.
  rawUrl = (file) => this.#url(file, "raw", {});
  filteredUrl = (file, { include, exclude }) => this.#url(file, "filtered", { ...spread("include", include), ...spread("exclude", exclude) });

  #url(file, what, query) {
    const params = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value !== null && value !== undefined) params.set(name, value);
    const path = file.split("/").map(encodeURIComponent).join("/");
    const text = params.toString();
    return `${this.base}/api/logs/${path}/${what}${text && `?${text}`}`;
  }

  // Unpacking or counting a large file takes the server more than one request: it asks to be asked again.
  async #get(file, what, query, signal) {
    for (;;) {
      const answer = await this.#ask(file, what, query, signal);
      if (answer.ok) return answer;
      const said = await problem(answer);
      if (said.error !== "not_yet") throw new ApiError(answer.status, sentence(said));
      signal?.throwIfAborted();
    }
  }

  async #ask(file, what, query, signal) {
    try {
      return await this.fetch(this.#url(file, what, query), { signal, headers: { Accept: "application/json, text/plain" } });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new ApiError(0, "");
    }
  }
}

// A condition as it stands in an address.
function spread(name, wanted) {
  if (!wanted) return {};
  return { [name]: wanted.text, [`${name}_pattern`]: wanted.pattern ? 1 : null, [`${name}_case`]: wanted.case ? 1 : null };
}

export const searchQuery = ({ text, pattern, case: exact, siblings, from }) => ({
  text, pattern: pattern ? 1 : 0, case: exact ? 1 : 0, siblings: siblings ? 1 : 0, from,
});

async function problem(answer) {
  try {
    return (await answer.json()) ?? {};
  } catch {
    return {};
  }
}

const sentence = ({ message, error }) => message ?? (typeof error === "string" ? error : error?.message) ?? "";

// A stream of bytes as lines of text, wherever the pieces are cut.
async function readLines(body, take) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const parts = (rest + value).split("\n");
    rest = parts.pop();
    for (const part of parts) if (part !== "") take(part);
  }
  if (rest !== "") take(rest);
}
