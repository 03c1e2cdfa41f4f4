// The HTTP side of the logs, as the page's modules call it: files are lists of lines, each
// generation one; an offset is where a line begins. Answers like docs/PROTOCOL.md says.

import { ApiError } from "../../static/js/log-api.js";

export class FakeApi {
  files = new Map(); // file -> [{ generation, lines: [text] }], newest first
  asked = [];
  fail = null;

  add(file, generation, lines) {
    this.files.set(file, [{ generation, lines }, ...(this.files.get(file) ?? [])]);
  }

  pairs({ lines }) {
    let offset = 0;
    return lines.map((text) => {
      const pair = [offset, text];
      offset += text.length + 1;
      return pair;
    });
  }

  async lines(file, query, conditions = {}, signal = undefined) {
    this.asked.push({ file, ...query, ...(conditions.include && { include: conditions.include.text }) });
    await Promise.resolve();
    signal?.throwIfAborted();
    if (this.fail) throw this.fail;
    const all = this.files.get(file) ?? [];
    const one = query.generation === undefined ? all[0] : all.find(({ generation }) => generation === query.generation);
    if (!one) throw new ApiError(410, "It is gone.");
    const pairs = this.pairs(one);
    const size = pairs.length === 0 ? 0 : pairs.at(-1)[0] + pairs.at(-1)[1].length + 1;
    const [from, to] = this.#range(pairs, size, query);
    const end = (at) => pairs[at]?.[0] ?? size;
    const passing = pairs.slice(from, to).filter(([, text]) => !conditions.include || text.includes(conditions.include.text));
    const told = (other) => (other ? { name: other === all[0] ? file : `${file}.${all.indexOf(other)}`, generation: other.generation } : null);
    const [start, isEnd] = [from === 0, to === pairs.length];
    const beside = { older: start ? told(all[all.indexOf(one) + 1]) : null, newer: isEnd ? told(all[all.indexOf(one) - 1]) : null };
    return { file, generation: one.generation, lines: passing, from: end(from), next: end(to), start, end: isEnd, ...beside, size };
  }

  #range(pairs, size, { limit, before, after, at, line, tail, time }) {
    const placeOf = (offset) => {
      const found = pairs.findIndex(([one]) => one >= offset);
      return found < 0 ? pairs.length : found;
    };
    if (before !== undefined) return [Math.max(0, placeOf(before) - limit), placeOf(before)];
    if (tail !== undefined) return [Math.max(0, pairs.length - tail), pairs.length];
    const from = after !== undefined ? placeOf(after) : line !== undefined ? line - 1 : time !== undefined
      ? pairs.findIndex(([, text]) => Date.parse(text.slice(0, 19)) >= Date.parse(time)) : placeOf((at / 100) * size);
    return [from, Math.min(pairs.length, from + limit)];
  }
}
