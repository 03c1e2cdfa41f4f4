"""/echo: what a log viewer says, in the plain dialect or in `logs.v1`.

Requests come from a Connection; the lines go their own way, from the feed to the hub. Who may come here at all is
decided before the upgrade, by `web.log_access`.
"""

import dataclasses
import functools
import logging
from typing import Any

from flask import Blueprint, request
from flask_sock import Sock

from chatapp.config import Settings
from chatapp.logs import wire
from chatapp.logs.feed import Feeds
from chatapp.logs.files import Catalog, NotAllowed
from chatapp.logs.lines import Line
from chatapp.logs.listing import Listing
from chatapp.logs.tailer import Source
from chatapp.realtime import frames
from chatapp.realtime.connection import Connection, Limits
from chatapp.realtime.hub import Hub
from chatapp.realtime.serve import serve
from chatapp.realtime.threads import in_thread

#: A viewer that keeps sending what can't be understood is sent away after so many errors in a row.
MAX_ERRORS = 100
#: Files that one connection may look at.
MAX_OPEN_FILES = 20

_audit_log = logging.getLogger("chatapp.audit")


@dataclasses.dataclass(frozen=True)
class PlainForm:
    """Lines as they are, those that hold `only`; notices are not told, since every message is a line."""

    only: bytes = b""

    def lines(self, source: Source, lines: list[Line], following: int) -> bytes:
        return wire.encode_plain(lines, self.only)

    def notice(self, kind: str, generation: str | None, message: str, **more: Any) -> bytes:
        return b""


@dataclasses.dataclass(frozen=True)
class V1Form:
    """Lines and notices of one file in `logs.v1`."""

    file: str

    def lines(self, source: Source, lines: list[Line], following: int) -> bytes:
        return wire.encode_v1(self.file, source.name, lines, following)

    def notice(self, kind: str, generation: str | None, message: str, **more: Any) -> bytes:
        return wire.notice(self.file, kind, generation, message, **more)


def blueprint(hub: Hub, catalog: Catalog, feeds: Feeds, listing: Listing, settings: Settings) -> Blueprint:
    """The route `/echo`."""
    bp = Blueprint("logs", __name__)
    sock = Sock()
    limits = Limits(settings.max_message_bytes, settings.outbox_bytes, settings.message_rate)

    @sock.route("/echo", bp=bp)  # type: ignore[untyped-decorator]
    def echo(websocket: Any) -> None:
        looker = request.remote_addr or "-"
        if websocket.subprotocol == wire.LOGS_V1:
            handle = functools.partial(_look_v1, feeds=feeds, listing=listing, looker=looker)
        else:
            begin = wire.START if request.args.get("from") == "start" else wire.Tail(settings.log_backfill)
            file = request.args.get("file")
            handle = functools.partial(_look_plain, feeds=feeds, catalog=catalog, file=file, begin=begin, looker=looker)
        serve(websocket, hub, limits, handle)

    return bp


def _look_plain(
    connection: Connection, feeds: Feeds, catalog: Catalog, file: str | None, begin: wire.Begin, looker: str
) -> None:
    """Owned by the request's greenlet: one file, line by line. Each text of the client is its new filter."""
    try:
        name = file if file is not None else in_thread(catalog.first)
        feed = feeds.get(name)
    except NotAllowed as error:
        connection.end(frames.NOT_ALLOWED.because(str(error.strerror)))
        for _ in connection:
            pass
        return
    try:
        feed.add(connection, PlainForm(), begin)
        _audit_log.info("%s opened the log file %s", looker, name)
        for text in connection:
            feed.reform(connection, PlainForm(text.rstrip("\r\n").encode()))
    finally:
        feeds.leave(name, connection)


def _look_v1(connection: Connection, feeds: Feeds, listing: Listing, looker: str) -> None:
    """Owned by the request's greenlet: open and close files as the client says."""
    opened: set[str] = set()
    errors = 0
    try:
        listing.show(connection)
        for text in connection:
            try:
                said = wire.parse_v1(text)
                if isinstance(said, wire.Close):
                    opened.discard(said.file)
                    feeds.leave(said.file, connection)
                elif len(opened) >= MAX_OPEN_FILES and said.file not in opened:
                    raise wire.BadRequest("too_many", f"No more than {MAX_OPEN_FILES} files at a time.", said.file)
                else:
                    _open(said, connection, feeds)
                    opened.add(said.file)
                    _audit_log.info("%s opened the log file %s", looker, said.file)
                errors = 0
            except wire.BadRequest as bad:
                connection.write(wire.error(bad))
                errors += 1
                if errors >= MAX_ERRORS:
                    connection.end(frames.NOT_ALLOWED.because(f"{errors} messages in a row could not be taken"))
    finally:
        listing.hide(connection)
        for name in opened:
            feeds.leave(name, connection)


def _open(said: wire.Open, connection: Connection, feeds: Feeds) -> None:
    try:
        feed = feeds.get(said.file)
    except NotAllowed as error:
        raise wire.BadRequest("not_allowed", str(error.strerror), said.file) from None
    feed.add(connection, V1Form(said.file), said.begin)
