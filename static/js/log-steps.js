// From hit to hit and from error to error: what is marked in the lines, the next that is,
// the next hit of the search in whole files, and the next error. Part of the engine
// (log-engine.js), which says how the page goes to a row or to a place.

import { computed } from "./html.js";
import { t } from "./i18n.js";
import { say } from "./live.js";
import { isCounted, LEVEL } from "./log-chunk.js";
import { marker } from "./log-filter.js";

const ERROR = 1; // the level's bits

// from(): the id of the row one is at. goTo(id): to a row. open(hit): to the line of a hit.
export function createSteps({ store, filter, search, searching, from, goTo, open }) {
  const marks = computed(() => marker(filter.mark));
  const hits = computed(() => {
    const [mark, only, found] = [marker(filter.mark), marker(filter.only), marker(search.query)];
    return (text) => [...mark(text), ...only(text), ...found(text)];
  });

  const step = (direction, wanted, none) => {
    const id = store.next(from(), direction, wanted);
    if (id === null) say(t(none));
    else goTo(id);
  };
  const nextMark = (direction) => {
    if (filter.mark.text === "" && filter.only.text === "") say(t("logs.noMark"));
    else step(direction, (_, text) => hits.value(text).length > 0, direction > 0 ? "logs.noNextHit" : "logs.noPreviousHit");
  };

  const openHit = (hit, index) => {
    search.at = index;
    open(hit);
  };
  // Behind the last hit the search goes on, if it had found enough for the moment.
  const nextFound = async (direction) => {
    let hit = searching.step(direction);
    if (hit === null && direction > 0 && search.done?.more) {
      await searching.more();
      hit = searching.step(direction);
    }
    if (hit) openHit(hit, search.at);
    else say(t("logs.search.noFurther"));
  };

  return {
    marks, hits, openHit,
    nextHit: (direction) => (search.hits.length > 0 ? nextFound(direction) : nextMark(direction)),
    nextError: (direction) => step(direction, (flags) => (flags & LEVEL) === ERROR && isCounted(flags), direction > 0 ? "logs.noNextError" : "logs.noPreviousError"),
  };
}
