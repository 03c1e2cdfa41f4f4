"""The life of one WebSocket after its handshake, the same in both halves.

The socket is taken over from whoever shook hands: the request with all that hangs on it ends at once, and the WebSocket
lives on in a greenlet of its own, which costs it less than half the memory. The handler that is passed in does the talking.
When a connection has ended, one line in the log tells of it.
"""

import dataclasses
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

import gevent

from chatapp.realtime import counts, frames
from chatapp.realtime.connection import Connection, Limits, take_over
from chatapp.realtime.handshake import Accepted, Refusal, agree, check_upgrade, response
from chatapp.realtime.hub import Hub

#: Does the talking, until the connection ends.
Handler = Callable[[Connection], None]

_access_log = logging.getLogger("chatapp.access")
_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True)
class Endpoint:
    """A path at which WebSockets are opened, and what becomes of them.

    `allowed_origins`: of which other origins pages may open it; "*" for any. `deflates`: whether what goes to clients that
    take it is compressed.
    `handler` makes of a request, as a WSGI environ, and what was agreed on the one who talks.
    """

    path: str
    subprotocols: tuple[str, ...]
    allowed_origins: tuple[str, ...]
    hub: Hub
    limits: Limits
    deflates: bool
    handler: Callable[[Mapping[str, Any], Accepted], Handler]

    def refusal(self, environ: Mapping[str, Any]) -> Refusal | None:
        """What is wrong with a request for this path as the opening of a WebSocket, or None."""
        return check_upgrade(environ, self.allowed_origins)

    def agree(self, environ: Mapping[str, Any]) -> Accepted:
        """What to agree on with who asks for this path, and may."""
        return agree(environ, self.subprotocols, self.deflates)

    def start(self, sock: Any, environ: Mapping[str, Any], accepted: Accepted) -> "gevent.Greenlet[..., None]":
        """Take over the gevent socket `sock`, say yes, and serve it in a greenlet of its own, which is returned."""
        handle = self.handler(environ, accepted)
        connection = Connection(take_over(sock), self.limits, accepted.deflated)
        # As any other write: a peer that is gone by now is no failure of the request.
        connection.write(response(environ, accepted))
        self.hub.add(connection)
        counts.ACCEPTED[self.path].value += 1
        counts.CLIENTS[self.path].value += 1
        who = f'{environ.get("REMOTE_ADDR") or "-"} "WEBSOCKET {self.path} {accepted.subprotocol or "plain"}"'
        return gevent.spawn(_serve, connection, self.hub, handle, who, self.path)


def _serve(connection: Connection, hub: Hub, handle: Handler, who: str, path: str) -> None:
    """Owned by the greenlet of the connection."""
    started = time.monotonic()
    try:
        if hub.stopping:
            connection.end(frames.GOING_AWAY)
        handle(connection)
    except Exception:
        _log.exception("the handler of a WebSocket failed")
        connection.end(frames.SERVER_ERROR)
    finally:
        hub.remove(connection)
        connection.note_close()
        _count_end(connection, path)  # before the last bytes are out: nobody waits for these when the server stops
        connection.finish()
        seconds = time.monotonic() - started
        _access_log.info("%s %s %.1fs %d received", who, _how_it_ended(connection), seconds, connection.received)


def _count_end(connection: Connection, path: str) -> None:
    counts.CLIENTS[path].value -= 1
    code = connection.ending.code if connection.ending is not None else counts.VANISHED
    ends = counts.LEFT if connection.left else counts.CLOSED
    ends[code if code in ends.by else counts.OTHER].value += 1


def _how_it_ended(connection: Connection) -> str:
    ending = connection.ending
    if ending is None:
        return "vanished"
    if connection.left:
        return f"left with {ending.code}"
    return f"closed with {ending.code} ({ending.reason})"
