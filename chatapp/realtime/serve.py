"""From flask-sock's handshake to a Connection and back: the life of one WebSocket, the same in both halves.

Data comes from flask-sock (an object with the socket, the WSGI environ and the chosen subprotocol). The handler that
is passed in does the talking. Nothing it raises may leave from here: flask-sock would write an HTTP 500 page into
the WebSocket. When a connection has ended, one line in the log tells of it.
"""

import logging
import time
from collections.abc import Callable
from typing import Any

from chatapp.realtime import frames
from chatapp.realtime.connection import Connection, Limits
from chatapp.realtime.hub import Hub

_access_log = logging.getLogger("chatapp.access")
_log = logging.getLogger(__name__)


class IdleThread:
    """Stands in for simple-websocket's receiving thread: the Connection reads, in the request's own greenlet."""

    name = "idle"

    def __init__(self, target: Callable[[], None]) -> None:
        """Takes what a `threading.Thread` takes here, and leaves it alone."""

    def start(self) -> None:
        """Start nothing."""


def serve(websocket: Any, hub: Hub, limits: Limits, handle: Callable[[Connection], None]) -> None:
    """Run `handle` with a Connection made of flask-sock's `websocket`, in the request's greenlet, until it ends."""
    # From here on nobody but the Connection may write: this keeps flask-sock from sending a close frame of its own.
    websocket.connected = False
    started = time.monotonic()
    connection = Connection(websocket.sock, limits)
    hub.add(connection)
    try:
        if hub.stopping:
            connection.end(frames.GOING_AWAY)
        handle(connection)
    except Exception:
        _log.exception("the handler of a WebSocket failed")
        connection.end(frames.SERVER_ERROR)
    finally:
        hub.remove(connection)
        connection.finish()
        _log_end(websocket, connection, time.monotonic() - started)


def _log_end(websocket: Any, connection: Connection, seconds: float) -> None:
    environ = websocket.environ
    _access_log.info(
        '%s "WEBSOCKET %s %s" %s %.1fs %d received',
        environ.get("REMOTE_ADDR") or "-",
        environ.get("PATH_INFO"),
        websocket.subprotocol or "plain",
        _how_it_ended(connection),
        seconds,
        connection.received,
    )


def _how_it_ended(connection: Connection) -> str:
    ending = connection.ending
    if ending is None:
        return "vanished"
    if connection.left:
        return f"left with {ending.code}"
    return f"closed with {ending.code} ({ending.reason})"
