"""The HTTP side of the logs: `/api/logs`, for the past, searches and downloads. Reads only; JSON errors with a sentence.

Who may come here is decided by `web.log_access`, what may be shown by `logs.files`. Work that can wait for the disk runs
in threads; answers that may be long are streams, each piece made when the client has taken the one before, so nothing
waits for a slow client and nothing goes on for one that has left.
"""

import json
import re
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import gevent
from flask import Blueprint, Response, jsonify, request
from gevent.threadpool import ThreadPool
from werkzeug.http import dump_options_header, quote_etag
from werkzeug.routing import BaseConverter

from chatapp.logs import lines as texts
from chatapp.logs import outgoing, past, times, wire
from chatapp.logs.audit import Audit
from chatapp.logs.conditions import BadCondition, Condition, Filter
from chatapp.logs.files import REFUSAL, NotAllowed
from chatapp.logs.history import Gone, History, Opened
from chatapp.logs.index import Indexes
from chatapp.logs.packed import Packed
from chatapp.logs.past import NoPlace, Page
from chatapp.logs.redact import Redactor
from chatapp.logs.search import MAX_HITS, Hit, Search, Wanted
from chatapp.realtime.hub import Hub
from chatapp.realtime.threads import in_thread

DEFAULT_LINES = 1000
DEFAULT_HITS = 1000
#: Threads for pages and downloads, and for searches; a page never waits behind a search.
PAST_THREADS = 4
SEARCH_THREADS = 2
#: So many searches go on at a time; they take turns.
MAX_SEARCHES = 16
#: How often a search tells how far it is (seconds).
PROGRESS_SECONDS = 0.2

NO_FILE = "There is no such file at the moment."
CANT_READ = "The server can't read the file."

#: One range; others are not understood, and the whole file is sent.
_RANGE = re.compile(r"bytes=(?!-$)([0-9]{0,18})-([0-9]{0,18})")

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class BadQuery(ValueError):
    """Something in the address that can't be understood; the text is a sentence."""


class _AnyPath(BaseConverter):
    """Also what is no decent name: it is to be refused like everything else."""

    regex = ".*?"
    part_isolating = False


class LogApi:
    """Answers requests. `history` opens files, `redactor` blacks out."""

    def __init__(self, history: History, redactor: Redactor, hub: Hub, audit: Audit) -> None:
        self._history = history
        self._redactor = redactor
        self._hub = hub
        self._audit = audit
        self._indexes = Indexes()
        self._pools: weakref.WeakKeyDictionary[Any, dict[int, ThreadPool]] = weakref.WeakKeyDictionary()
        self._searches = 0

    def answer(self, name: str, what: str) -> Response:
        """The route of everything about one file."""
        handle = self._WAYS.get(what)
        if handle is None:
            return error(404, "no_address", "There is nothing at this address.")
        try:
            response = handle(self, name)
        except NotAllowed:
            self._audit.refused(_who(), name, what)
            return error(403, "not_allowed", REFUSAL)
        except FileNotFoundError:
            return error(404, "no_file", NO_FILE)
        except Gone as gone:
            return error(410, "gone", str(gone))
        except NoPlace as place:
            return error(404, "no_place", str(place))
        except BadCondition as bad:
            return error(400, "bad_pattern", str(bad))
        except BadQuery as bad:
            return error(400, "bad_request", str(bad))
        except OSError as trouble:
            return error(503, "cant_read", f"{CANT_READ} {trouble.strerror or ''}".strip())
        # A page that scrolls asks for many pages; a search or a download is always worth a line.
        self._audit.opened(_who(), name, what, always=what not in ("lines", "line"))
        return response

    def files(self) -> Response:
        """What there is."""
        return jsonify(files=wire.file_list(in_thread(self._history.files)))

    def _lines(self, name: str) -> Response:
        query = request.args
        places = [place for place in ("before", "after", "at", "line", "time", "tail") if place in query]
        if len(places) > 1:
            raise BadQuery(f"Only one of these at a time: {', '.join(places)}.")
        place = places[0] if places else "tail"
        limit = _whole("limit", DEFAULT_LINES, 1, past.MAX_LINES)
        if place == "tail":
            limit = _whole("tail", limit, 0, past.MAX_LINES)
        wanted = _filter()
        offset = _whole(place, 0, 0, 2**62) if place in ("before", "after") else 0
        opened = self._history.open(name, query.get("generation") or None, offset)
        value = _value(place)
        page, end = in_thread(self._page, opened, place, value, limit, wanted, pool=self._pool(PAST_THREADS))
        shown = texts.to_texts(page.lines)
        return jsonify(
            file=opened.file,
            generation=opened.source.name,
            lines=[[offset, text] for (offset, _), text in zip(page.lines, shown, strict=True)],
            start=page.begin <= opened.source.start,
            end=page.next >= end,
            size=opened.source.size(),
            next=page.next,
            **{"from": page.begin},
        )

    def _page(self, opened: Opened, place: str, value: Any, limit: int, wanted: Filter) -> tuple[Page, int]:
        source, end = opened.source, opened.end()
        if place == "tail":
            return past.before(source, end, limit, wanted, self._redactor), end
        if place == "before":
            start = end if value >= end else past.line_start(source, value)
            return past.before(source, start, limit, wanted, self._redactor), end
        if place == "at" and value >= 100:
            return past.before(source, end, limit, wanted, self._redactor), end
        if place == "after":
            start = min(end, value) if value >= end else past.line_start(source, value)
        elif place == "at":
            start = past.place_of_percent(source, value, end)
        elif place == "line":
            start = past.place_of_line(source, value, end, self._indexes)
        else:
            start = past.place_of_time(source, value, end)
        return past.after(source, start, end, limit, wanted, self._redactor), end

    def _line(self, name: str) -> Response:
        offset = _whole("offset", -1, 0, 2**62)
        if offset < 0:
            raise BadQuery('"offset" is missing: the place where the line begins.')
        opened = self._history.open(name, request.args.get("generation") or None, offset)
        line = in_thread(outgoing.whole_line, opened.source, offset, self._redactor, pool=self._pool(PAST_THREADS))
        return Response(line, mimetype="text/plain", headers=_NEVER_KEPT)

    def _search(self, name: str) -> Response:
        include = _condition("text", "pattern", "case")
        if include is None:
            raise BadQuery('"text" is missing: what to look for.')
        newest = request.args.get("from", "newest") != "oldest"
        wanted = Wanted(
            Filter(include, _condition("not", "not_pattern", "not_case")),
            newest,
            _whole("limit", DEFAULT_HITS, 1, MAX_HITS),
            _cursor(request.args.get("cursor", "")),
        )
        if _is_on("siblings"):
            sources = self._history.with_siblings(name)
        else:
            sources = [self._history.open(name, request.args.get("generation") or None)]
        if self._searches >= MAX_SEARCHES:
            return error(503, "too_many", "As many searches as the server takes are going on. Try again in a moment.")
        search = Search(sources, wanted, self._redactor, self._indexes)
        return Response(self._found(search), mimetype="application/x-ndjson", headers=_STREAM)

    def _found(self, search: Search) -> Iterator[bytes]:
        """What a search finds, as lines of JSON. Owned by the greenlet of the request; closed when its client leaves."""
        self._searches += 1
        try:
            yield _progress(search)
            told = time.monotonic()
            while not search.finished and not self._hub.stopping:
                hits = in_thread(search.step, pool=self._pool(SEARCH_THREADS))
                now = time.monotonic()
                if hits:
                    yield b"".join([_json({"hit": _hit(hit)}) for hit in hits])
                if now - told >= PROGRESS_SECONDS:
                    told = now
                    yield _progress(search)
            cursor = f"{search.last[0]}:{search.last[1]}" if search.last and search.more else None
            yield _json(
                {
                    "done": {
                        "hits": search.hits,
                        "size": search.size,
                        "done": search.done,
                        "more": search.more,
                        "cursor": cursor,
                        "complete": search.finished and not search.more,
                    }
                }
            )
        finally:
            self._searches -= 1

    def _raw(self, name: str) -> Response:
        opened = self._history.open(name, request.args.get("generation") or None)
        source = opened.source
        etag = quote_etag(source.name)
        headers = _download(name.removesuffix(".gz") if isinstance(source, Packed) else name)
        headers |= {"ETag": etag, "Accept-Ranges": "bytes"}
        wants = _RANGE.fullmatch(request.headers.get("Range", "").strip())
        if request.headers.get("If-Range", etag) != etag:
            wants = None  # it was another generation then
        if wants is None and isinstance(source, Packed):
            return Response(self._pieces(outgoing.raw(source, 0, None, self._redactor)), headers=headers)
        size = in_thread(source.size, pool=self._pool(PAST_THREADS))
        span = _range(wants, size)
        if span is None:
            refusal = error(416, "bad_range", f"There is no such range: the file has {size} bytes.")
            refusal.headers["Content-Range"] = f"bytes */{size}"
            return refusal
        start, end = span
        headers |= {"Content-Length": str(end - start)}
        if wants is not None:
            headers |= {"Content-Range": f"bytes {start}-{end - 1}/{size}"}
        pieces = self._pieces(outgoing.raw(source, start, end, self._redactor))
        return Response(pieces, 206 if wants is not None else 200, headers=headers)

    def _filtered(self, name: str) -> Response:
        wanted = _filter()
        opened = self._history.open(name, request.args.get("generation") or None)
        end = in_thread(opened.end, pool=self._pool(PAST_THREADS))
        stem, dot, ending = name.removesuffix(".gz").rpartition(".")
        headers = _download(f"{stem}.filtered.{ending}" if dot and "/" not in ending else f"{name}.filtered")
        return Response(self._pieces(outgoing.filtered(opened.source, end, wanted, self._redactor)), headers=headers)

    def _pieces(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Each piece is made in a thread, when the one before was taken."""
        while not self._hub.stopping:
            piece = in_thread(next, pieces, None, pool=self._pool(PAST_THREADS))
            if piece is None:
                return
            if piece:
                yield piece

    def _pool(self, threads: int) -> ThreadPool:
        pools = self._pools.setdefault(gevent.get_hub(), {})
        if threads not in pools:
            pools[threads] = ThreadPool(threads)
        return pools[threads]

    _WAYS: dict[str, Callable[["LogApi", str], Response]] = {  # noqa: RUF012 - a table
        "lines": _lines,
        "line": _line,
        "search": _search,
        "raw": _raw,
        "filtered": _filtered,
    }


def blueprint(api: LogApi) -> Blueprint:
    """The routes below `/api/logs`."""
    bp = Blueprint("log_api", __name__)
    bp.record_once(lambda state: state.app.url_map.converters.update(any_path=_AnyPath))

    @bp.get("/api/logs")
    def files() -> Response:
        response = api.files()
        response.headers.update(_NEVER_KEPT)
        return response

    @bp.route("/api/logs/<any_path:name>/<what>", methods=["GET"], merge_slashes=False)
    def one(name: str, what: str) -> Response:
        response = api.answer(name, what)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return bp


def error(status: int, code: str, sentence: str) -> Response:
    """What is wrong, for programs and for people."""
    response = jsonify(error=code, message=sentence)
    response.status_code = status
    return response


_NEVER_KEPT = {"Cache-Control": "no-store"}
#: A proxy must not hold back a stream.
_STREAM = {**_NEVER_KEPT, "X-Accel-Buffering": "no"}


def _who() -> str:
    return request.remote_addr or "-"


def _download(name: str) -> dict[str, str]:
    file = name.rpartition("/")[2]
    # A header is ASCII: other names are written as RFC 6266 has it.
    named = dump_options_header("attachment", {"filename": file})
    named = named if file.isascii() else f"attachment; filename*=UTF-8''{quote(file, safe='')}"
    return {
        **_STREAM,
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Disposition": named,
    }


def _whole(field: str, default: int, least: int, most: int) -> int:
    text = request.args.get(field)
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,18}", text) or not least <= int(text) <= most:
        raise BadQuery(f'"{field}" must be a whole number from {least} to {most}.')
    return int(text)


def _value(place: str) -> Any:
    """The place that was asked for."""
    text = request.args.get(place, "")
    if place == "time":
        # A plus sign of a zone that was not escaped has become a space.
        moment = times.parse(re.sub(r" (\d\d:?\d\d)$", r"+\1", text))
        if moment is None:
            raise BadQuery('"time" must be a time of ISO 8601, as 2026-11-24T08:30:00Z.')
        return moment
    if place == "at":
        if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,9})?", text) or float(text) > 100:
            raise BadQuery('"at" must be a number from 0 to 100.')
        return float(text)
    return _whole(place, 0, 0, 2**62)


def _is_on(field: str) -> bool:
    return request.args.get(field, "").lower() in ("1", "true", "yes", "on")


def _condition(text: str, pattern: str, case: str) -> Condition | None:
    wanted = request.args.get(text, "")
    return Condition(wanted, _is_on(pattern), _is_on(case)) if wanted else None


def _filter() -> Filter:
    return Filter(*(_condition(name, f"{name}_pattern", f"{name}_case") for name in ("include", "exclude")))


def _cursor(text: str) -> tuple[str, int] | None:
    if not text:
        return None
    match = re.fullmatch(r"([0-9a-z-]{1,100}):([0-9]{1,18})", text)
    if match is None:
        raise BadQuery('"cursor" must be what the end of a search told.')
    return match[1], int(match[2])


def _range(wants: "re.Match[str] | None", size: int) -> tuple[int, int] | None:
    """The bytes asked for, all if none in particular; None for what is not there."""
    if wants is None:
        return 0, size
    first, last = wants.groups()
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    return (start, end) if start < end else None


def _progress(search: Search) -> bytes:
    return _json({"progress": {"file": search.file, "done": search.done, "size": search.size, "hits": search.hits}})


def _hit(hit: Hit) -> dict[str, Any]:
    fields = {"file": hit.file, "generation": hit.generation, "offset": hit.offset, "text": hit.text}
    return fields if hit.line is None else {**fields, "line": hit.line}


def _json(fields: dict[str, Any]) -> bytes:
    return _encode(fields).encode("utf-8", "replace") + b"\n"
