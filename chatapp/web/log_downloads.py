"""Downloads: a file as it is but blacked out, or its lines that pass a filter (`/api/logs/NAME/raw` and `/filtered`).

Files come open from `logs.history`, pieces from `logs.outgoing`, made as fast as the client takes them.
"""

from collections.abc import Callable, Iterator
from urllib.parse import quote

from flask import Response
from werkzeug.http import dump_options_header, quote_etag

from chatapp.logs import outgoing
from chatapp.logs.history import History, Opened
from chatapp.logs.packed import Packed
from chatapp.logs.redact import Redactor
from chatapp.web import log_query as query
from chatapp.web.log_answers import STREAM, error
from chatapp.web.log_work import Slots, Work

#: So many downloads go on at a time.
MAX_DOWNLOADS = 64


class Downloads:
    """Answers requests to save a file."""

    def __init__(self, history: History, redactor: Redactor, work: Work) -> None:
        self._history = history
        self._redactor = redactor
        self._work = work
        self._slots = Slots(MAX_DOWNLOADS)

    def raw(self, name: str) -> Response:
        """The file, or a range of it."""
        opened = self._history.open(name, query.generation())
        source = opened.source
        etag = quote_etag(opened.generation)
        wants = query.asked_range(etag)
        headers = _headers(_plain_name(name, opened), source.format.encoding) | {"ETag": etag, "Accept-Ranges": "bytes"}
        if isinstance(source, Packed):
            if wants is None:
                return self._answer(lambda: outgoing.raw(opened, 0, None, self._redactor), 200, headers)
            self._work.in_turns(lambda: source.go_to(None), lambda: source.progress)
        size = self._work.run(source.size)
        span = query.span(wants, size)
        if span is None:
            refusal = error(416, "bad_range", f"There is no such range: the file has {size} bytes.")
            refusal.headers["Content-Range"] = f"bytes */{size}"
            return refusal
        start, end = span
        headers |= {"Content-Length": str(end - start)}
        if wants is not None:
            headers |= {"Content-Range": f"bytes {start}-{end - 1}/{size}"}
        return self._answer(lambda: outgoing.raw(opened, start, end, self._redactor), 206 if wants else 200, headers)

    def filtered(self, name: str) -> Response:
        """Its lines that pass."""
        wanted = query.filter_of_lines()
        opened = self._history.open(name, query.generation())
        source = opened.source
        # How long a packed file is shows when it is unpacked, which is when it is sent.
        end = query.MAX_OFFSET if isinstance(source, Packed) else self._work.run(opened.end)
        stem, dot, ending = _plain_name(name, opened).rpartition(".")
        headers = _headers(f"{stem}.filtered.{ending}" if dot and "/" not in ending else f"{name}.filtered")
        return self._answer(lambda: outgoing.filtered(source, end, wanted, self._redactor), 200, headers)

    def _answer(self, pieces: Callable[[], Iterator[bytes]], status: int, headers: dict[str, str]) -> Response:
        leave = self._slots.take()
        response = Response(self._work.stream(self._work.made_in_threads(pieces())), status, headers=headers)
        response.call_on_close(leave)
        return response


def _plain_name(name: str, opened: Opened) -> str:
    return name.removesuffix(".gz") if isinstance(opened.source, Packed) else name


def _headers(name: str, encoding: str = "") -> dict[str, str]:
    file = name.rpartition("/")[2]
    # A header is ASCII: other names are written as RFC 6266 has it.
    named = dump_options_header("attachment", {"filename": file})
    named = named if file.isascii() else f"attachment; filename*=UTF-8''{quote(file, safe='')}"
    # Python's names are not those of the web: utf-16-le, shift_jis.
    charset = encoding.replace("utf-16-", "utf-16").replace("_", "-") or "utf-8"
    return {**STREAM, "Content-Type": f"text/plain; charset={charset}", "Content-Disposition": named}
