// A view in the page's address, so that it can be shared and gone back to: the files, what
// is filtered and marked, the levels that are hidden, and the line one is at. Text in,
// values out, and back. A line is named by generation and offset,
// `at=GENERATION:OFFSET`, and where there are several files by its own, `in=FILE`.

import { FIELDS, freshFilter } from "./log-filter.js";
import { LEVELS } from "./log-levels.js";

const listed = (text, known) => known.filter((name) => (text ?? "").split(",").includes(name));

export function readAddress(search) {
  const params = new URLSearchParams(search);
  const filter = freshFilter();
  for (const field of FIELDS) filter[field].text = params.get(field) ?? "";
  for (const field of listed(params.get("exact"), FIELDS)) filter[field].case = true;
  for (const field of listed(params.get("pattern"), FIELDS)) filter[field].pattern = true;
  filter.hidden = listed(params.get("hide"), LEVELS);
  return { files: [...new Set(params.getAll("file"))], filter, at: readPlace(params.get("at"), params.get("in")) };
}

function readPlace(text, file) {
  const match = /^(.+):(\d+)$/.exec(text ?? "");
  return match ? { generation: match[1], offset: Number(match[2]), file } : null;
}

export function writeAddress({ files, filter, at = null }) {
  const params = new URLSearchParams();
  for (const file of files) params.append("file", file);
  for (const field of FIELDS) if (filter[field].text !== "") params.set(field, filter[field].text);
  const switched = (name) => FIELDS.filter((field) => filter[field].text !== "" && filter[field][name]).join(",");
  if (switched("case") !== "") params.set("exact", switched("case"));
  if (switched("pattern") !== "") params.set("pattern", switched("pattern"));
  if (filter.hidden.length > 0) params.set("hide", filter.hidden.join(","));
  if (at !== null) params.set("at", `${at.generation}:${at.offset}`);
  if (at?.file && files.length > 1) params.set("in", at.file);
  const text = params.toString().replaceAll("%2F", "/").replaceAll("%2C", ",").replaceAll("%3A", ":");
  return text === "" ? "" : `?${text}`;
}
