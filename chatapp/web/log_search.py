"""Searching, over HTTP: a search of `logs.search` as a stream of JSON, one object a line (`/api/logs/NAME/search`)."""

import time
from collections.abc import Iterator
from typing import Any

from flask import Response

from chatapp.logs.conditions import Filter
from chatapp.logs.history import History
from chatapp.logs.index import Indexes
from chatapp.logs.redact import Redactor
from chatapp.logs.search import MAX_HITS, Hit, Search, Wanted
from chatapp.realtime import counts
from chatapp.web import log_query as query
from chatapp.web.log_answers import STREAM, to_json
from chatapp.web.log_query import BadQuery
from chatapp.web.log_work import SEARCH_THREADS, Slots, Work

DEFAULT_HITS = 1000
#: So many searches go on at a time; they take turns.
MAX_SEARCHES = 16
#: How often a search tells how far it is (seconds).
PROGRESS_SECONDS = 0.2


class Searches:
    """Answers requests to search."""

    def __init__(self, history: History, redactor: Redactor, indexes: Indexes, work: Work) -> None:
        self._history = history
        self._redactor = redactor
        self._indexes = indexes
        self._work = work
        self._slots = Slots(MAX_SEARCHES)

    def search(self, name: str) -> Response:
        """The stream of what is found."""
        include = query.condition("text", "pattern", "case")
        if include is None:
            raise BadQuery('"text" is missing: what to look for.')
        wanted = Wanted(
            Filter(include, query.condition("not", "not_pattern", "not_case")),
            query.one_of("from", "newest", "oldest") == "newest",
            query.whole("limit", DEFAULT_HITS, 1, MAX_HITS),
            query.cursor(),
        )
        siblings, generation = query.is_on("siblings"), query.generation()
        if siblings and generation:
            raise BadQuery('Either "generation" or "siblings": one file, or all.')
        leave = self._slots.take()
        try:
            sources = self._history.with_siblings(name) if siblings else [self._history.open(name, generation)]
            counts.SEARCHES["logs"].value += 1
            search = self._work.run(Search, sources, wanted, self._redactor, self._indexes, self._history.known)
        except BaseException:
            leave()
            raise
        response = Response(self._work.stream(self._found(search)), mimetype="application/x-ndjson", headers=STREAM)
        response.call_on_close(leave)
        response.call_on_close(search.close)
        return response

    def _found(self, search: Search) -> Iterator[bytes]:
        """What a search finds, as lines of JSON; an empty one after each step without."""
        yield to_json(_progress(search))
        told = time.monotonic()
        while not search.finished:
            hits = self._work.run(search.step, threads=SEARCH_THREADS)
            said = [to_json({"hit": _hit(hit)}) for hit in hits]
            if time.monotonic() - told >= PROGRESS_SECONDS:
                told = time.monotonic()
                said.append(to_json(_progress(search)))
            yield b"".join(said)
        yield to_json(_done(search))


def _progress(search: Search) -> dict[str, Any]:
    return {"progress": {"file": search.file, "done": search.done, "size": search.size, "hits": search.hits}}


def _hit(hit: Hit) -> dict[str, Any]:
    fields = {"file": hit.file, "generation": hit.generation, "offset": hit.offset, "text": hit.text}
    return fields if hit.line is None else {**fields, "line": hit.line}


def _done(search: Search) -> dict[str, Any]:
    return {
        "done": {
            "hits": search.hits,
            "size": search.size,
            "done": search.done,
            "more": search.more,
            "cursor": f"{search.last[0]}:{search.last[1]}" if search.last and search.more else None,
            "complete": not search.more,
        }
    }
