"""Pages of the past, and long lines whole: what `/api/logs/NAME/lines` and `/line` answer.

Files come open from `logs.history`; the lines from `logs.past`, blacked out and filtered.
"""

from typing import Any

from flask import Response, request

from chatapp.logs import outgoing, past
from chatapp.logs.conditions import Filter
from chatapp.logs.generation import Source
from chatapp.logs.history import History, Opened
from chatapp.logs.index import Indexes
from chatapp.logs.packed import Packed
from chatapp.logs.past import Page
from chatapp.logs.redact import Redactor
from chatapp.logs.shown import to_texts
from chatapp.web import log_query as query
from chatapp.web.log_answers import NEVER_KEPT, to_json
from chatapp.web.log_query import BadQuery
from chatapp.web.log_work import Work

DEFAULT_LINES = 1000
PLACES = ("before", "after", "at", "line", "time", "tail")


class Pages:
    """Answers requests for lines."""

    def __init__(self, history: History, redactor: Redactor, indexes: Indexes, work: Work) -> None:
        self._history = history
        self._redactor = redactor
        self._indexes = indexes
        self._work = work

    def lines(self, name: str) -> Response:
        """A page of lines."""
        places = [place for place in PLACES if place in request.args]
        if len(places) > 1:
            raise BadQuery(f"Only one of these at a time: {', '.join(places)}.")
        place = places[0] if places else "tail"
        limit = query.whole("limit", DEFAULT_LINES, 1, past.MAX_LINES)
        if place == "tail":
            limit = query.whole("tail", limit, 0, past.MAX_LINES)
        wanted = query.filter_of_lines()
        value = query.value(place)
        opened = self._history.open(name, query.generation(), value if place in ("before", "after") else 0)
        self._get_ready(opened, place, value)
        page = self._work.run(self._page, name, opened, self._history.current(name), place, value, limit, wanted)
        return Response(page, mimetype="application/json")

    def line(self, name: str) -> Response:
        """One line, whole."""
        if "offset" not in request.args:
            raise BadQuery('"offset" is missing: the place where the line begins.')
        offset = query.offset("offset")
        opened = self._history.open(name, query.generation(), offset)
        self._get_ready(opened, "offset", offset)
        line = self._work.run(outgoing.whole_line, opened, offset, self._redactor)
        return Response(line, mimetype="text/plain", headers=NEVER_KEPT)

    def _get_ready(self, opened: Opened, place: str, value: Any) -> None:
        """What takes long, in turns: unpacking a file for the first time, counting the lines of one."""
        source = opened.source
        if isinstance(source, Packed):
            self._work.in_turns(lambda: source.go_to(None), lambda: source.progress)
        if place == "line" and len(source.format.newline) == 1:
            end, index = self._work.run(opened.end), self._work.run(self._indexes.of, source)
            self._work.in_turns(lambda: index.count_on(source, value, end), lambda: index.covered / max(1, end))

    def _page(
        self, name: str, opened: Opened, current: Source | None, place: str, value: Any, limit: int, wanted: Filter
    ) -> bytes:
        page, end = self._find(opened, place, value, limit, wanted)
        shown = to_texts(page.lines)
        is_start, is_end = page.begin <= opened.source.start, page.next >= end
        older, newer = self._history.beside(name, opened, current) if is_start or is_end else (None, None)
        return to_json(
            {
                "file": opened.file,
                "generation": opened.generation,
                "lines": [[offset, text] for (offset, _), text in zip(page.lines, shown, strict=True)],
                "from": page.begin,
                "next": page.next,
                "start": is_start,
                "end": is_end,
                "older": _told(older) if is_start else None,
                "newer": _told(newer) if is_end else None,
                "size": opened.source.size(),
            }
        )

    def _find(self, opened: Opened, place: str, value: Any, limit: int, wanted: Filter) -> tuple[Page, int]:
        """The page, and where what can be shown of the file ends."""
        source, end = opened.source, opened.end()
        if place == "tail" or (place == "at" and value >= 100):
            return past.before(source, end, limit, wanted, self._redactor), end
        if place == "before":
            start = end if value >= end else past.line_start(source, value)
            return past.before(source, start, limit, wanted, self._redactor), end
        if place == "after":
            start = end if value >= end else past.line_start(source, value)
        elif place == "at":
            start = past.place_of_percent(source, value, end)
        elif place == "line":
            start = past.place_of_line(source, value, end, self._indexes)
        else:
            start = past.place_of_time(source, value, end)
        return past.after(source, start, end, limit, wanted, self._redactor), end


def _told(opened: Opened | None) -> dict[str, str] | None:
    return None if opened is None else {"name": opened.file, "generation": opened.generation}
