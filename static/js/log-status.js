// The state of the files in a few words: beside the name, in the middle of an empty stream,
// and for a screen reader. "Following" is said only where it is so.

import { t } from "./i18n.js";
import { formatClock, formatSize } from "./log-words.js";

const MODES = { paused: "logs.paused", reading: "logs.reading", following: "logs.since" };
const TROUBLES = ["gone", "denied", "refused"];

export const isTrouble = ({ tracks }) => tracks.some(({ phase }) => TROUBLES.includes(phase));

// place: the line the reader is at, or null.
export function headWords({ tracks, files, window }, mode, isConnected, place = null) {
  if (tracks.length === 0) return "";
  const [first] = tracks;
  // Of several files it is told what is not as it should be.
  const { phase, since, file } = tracks.find((track) => TROUBLES.includes(track.phase)) ?? first;
  const how = mode !== "paused" && window === "past" ? t("logs.past") : t(MODES[mode], { time: formatClock(since) });
  const state = phase === "opened" ? (isConnected ? how : t("logs.notConnected")) : t(`logs.phase.${phase}`);
  if (tracks.length > 1) return phase === "opened" ? state : `${file}: ${state}`;
  const listed = files?.find((one) => one.name === file);
  const old = phase === "opened" && isConnected && place && listed?.siblings?.find(({ generation }) => generation === place.generation);
  if (old) return t("logs.readingOld", { name: old.name });
  const size = listed?.size ?? null;
  return size === null ? state : `${formatSize(size)} · ${state}`;
}

export function emptyWords({ tracks, files }, store, isFiltered) {
  if (tracks.length === 0) return files === null ? t("logs.connecting") : t("logs.noFilesLong");
  const { phase, file, problem } = tracks.find((track) => track.phase !== "opened") ?? tracks[0];
  if (phase === "refused") return problem.code === "not_allowed" ? t("logs.notAllowed", { file }) : problem.message;
  if (store.kept > 0) return t("logs.spoken.paused", { count: store.fresh }); // all of it waits
  if (phase === "opened" && store.mode === "paused") return t("logs.spoken.paused", { count: 0 });
  if (phase === "opened" && store.cleared) return t("logs.cleared");
  if (phase === "opened") return isFiltered ? t("logs.nothingPasses") : t("logs.nothingYet", { file });
  return t(`logs.empty.${phase}`, { file });
}

// One sentence for the reader who does not see the lines run.
export function logStatus(state, store, isConnected) {
  const { tracks } = state;
  if (tracks.length === 0 || tracks.some(({ phase }) => phase === "asked") || !isConnected) return ""; // the banner tells of the connection
  if (store.mode !== "following") return t("logs.spoken.paused", { count: store.fresh });
  const file = tracks.map((track) => track.file).join(", ");
  return tracks.every(({ phase }) => phase === "opened") ? t("logs.spoken.following", { file }) : emptyWords(state, store, false);
}
