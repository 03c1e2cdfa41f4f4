"""/echo: what a log viewer says, in the plain dialect or in `logs.v1`.

Requests come from a Connection; the lines go their own way, from the feed to the hub. Who may come here at all is
decided before the upgrade, by `web.log_access`.
"""

import functools
import os
from collections.abc import Mapping
from typing import Any

from werkzeug.wrappers import Request

from chatapp.config import Settings
from chatapp.logs import wire
from chatapp.logs.audit import Audit
from chatapp.logs.feeds import Feeds
from chatapp.logs.files import Catalog, NotAllowed
from chatapp.logs.forms import PlainForm, V1Form
from chatapp.logs.listing import Listing
from chatapp.logs.packed import is_packed
from chatapp.realtime import frames
from chatapp.realtime.connection import Connection, Limits
from chatapp.realtime.handshake import Accepted
from chatapp.realtime.hub import Hub
from chatapp.realtime.serve import Endpoint, Handler
from chatapp.realtime.threads import in_thread

#: A viewer that keeps sending what can't be understood is sent away after so many errors in a row.
MAX_ERRORS = 100
#: Files that one connection may look at.
MAX_OPEN_FILES = 20

PACKED = "This file is packed, and nothing is written to it any more. What is in it can be read over HTTP."


def endpoint(hub: Hub, catalog: Catalog, feeds: Feeds, listing: Listing, settings: Settings, audit: Audit) -> Endpoint:
    """What becomes of a WebSocket that is opened at `/echo`."""

    def handler(environ: Mapping[str, Any], accepted: Accepted) -> Handler:
        request = Request(dict(environ))
        gate = Gate(catalog, audit, request.remote_addr or "-")
        if accepted.subprotocol == wire.LOGS_V1:
            return functools.partial(_look_v1, feeds=feeds, listing=listing, gate=gate)
        begin = wire.START if request.args.get("from") == "start" else wire.Tail(settings.log_backfill)
        return functools.partial(_look_plain, feeds=feeds, file=request.args.get("file"), begin=begin, gate=gate)

    limits = Limits(settings.max_message_bytes, settings.outbox_bytes, settings.message_rate)
    # Without a token the logs are for this computer alone, and so not for pages of elsewhere that run on it.
    origins = settings.allowed_origins if settings.log_token else ()
    return Endpoint("/echo", (wire.LOGS_V1,), origins, hub, limits, settings.deflate == "on", handler)


class IsPacked(Exception):
    """It can't be followed: what would be told are packed bytes, in which nothing can be blacked out."""

    def __init__(self) -> None:
        super().__init__(PACKED)


class Gate:
    """Lets one viewer through to files that may be shown, and writes down what it asked for."""

    def __init__(self, catalog: Catalog, audit: Audit, who: str) -> None:
        self._catalog = catalog
        self._audit = audit
        self._who = who

    def first(self) -> str:
        """The name of the default file. Raises `NotAllowed`."""
        return in_thread(self._catalog.first)

    def check(self, name: str, how: str) -> None:
        """Raises `NotAllowed` for what may not be shown, and `IsPacked`.

        What is missing or can't be read is the feed's to tell.
        """
        try:
            packed = in_thread(self._is_packed, name)
        except NotAllowed:
            self._audit.refused(self._who, name, how)
            raise
        except OSError:
            packed = False
        if packed:
            raise IsPacked
        self._audit.opened(self._who, name, how)

    def _is_packed(self, name: str) -> bool:
        fd = self._catalog.open(name)
        try:
            return is_packed(fd)
        finally:
            os.close(fd)


def _look_plain(connection: Connection, feeds: Feeds, file: str | None, begin: wire.Begin, gate: Gate) -> None:
    """Owned by the greenlet of the connection: one file, line by line. Each text of the client is its new filter."""
    try:
        name = file if file is not None else gate.first()
        gate.check(name, "plain socket")
        feed = feeds.get(name)
    except (NotAllowed, IsPacked) as error:
        connection.end(frames.NOT_ALLOWED.because(PACKED if isinstance(error, IsPacked) else str(error.strerror)))
        for _ in connection:
            pass
        return
    try:
        feed.add(connection, PlainForm(), begin)
        for text in connection:
            feed.reform(connection, PlainForm(text.rstrip("\r\n").encode()))
    finally:
        feeds.leave(name, connection)


def _look_v1(connection: Connection, feeds: Feeds, listing: Listing, gate: Gate) -> None:
    """Owned by the greenlet of the connection: open and close files as the client says."""
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
                elif isinstance(said, wire.Refilter):
                    if said.file not in opened:
                        raise wire.BadRequest("bad_request", "This file is not open.", said.file)
                    feeds.get(said.file).reform(connection, V1Form(said.file, said.filter))
                elif len(opened) >= MAX_OPEN_FILES and said.file not in opened:
                    raise wire.BadRequest("too_many", f"No more than {MAX_OPEN_FILES} files at a time.", said.file)
                else:
                    _open(said, connection, feeds, gate)
                    opened.add(said.file)
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


def _open(said: wire.Open, connection: Connection, feeds: Feeds, gate: Gate) -> None:
    try:
        gate.check(said.file, "socket")
        feed = feeds.get(said.file)
    except NotAllowed as error:
        raise wire.BadRequest("not_allowed", str(error.strerror), said.file) from None
    except IsPacked as error:
        raise wire.BadRequest("packed", str(error), said.file) from None
    feed.add(connection, V1Form(said.file, said.filter), said.begin)
