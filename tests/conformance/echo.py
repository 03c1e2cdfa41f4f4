"""The app with one WebSocket more: what is sent to `/conformance` comes back, text and binary.

Served as the chat is, by `gunicorn -k gevent 'tests.conformance.echo:make_app()'` with the project's gunicorn.conf.py.
`/conformance` goes the short way in, and with a query behind it the long way, through gunicorn's parser, Flask, flask-sock.
"""

import functools
from collections.abc import Mapping
from typing import Any

from flask import Flask

from chatapp import create_app
from chatapp.realtime import counts, frames
from chatapp.realtime.connection import Connection, Limits
from chatapp.realtime.entrance import Entrance
from chatapp.realtime.handshake import Accepted
from chatapp.realtime.proxies import Proxies
from chatapp.realtime.serve import Endpoint, Handler
from chatapp.web import security, sockets

APP = "tests.conformance.echo:make_app()"
PATH = "/conformance"
#: The addresses of the echo by the way in that they take.
WAYS = {"the short way in": PATH, "the long way in": f"{PATH}?"}
#: The test suite sends up to 16 MiB at once. As in the chat, the outbox holds eight times as much.
LIMITS = Limits(message_bytes=16_777_216, outbox_bytes=8 * 16_777_216)
#: First byte of a whole binary frame.
BINARY = 0x82


def make_app() -> Flask:
    """The app as it is, and the echo, for which alone the short way in is open here."""
    made = create_app()
    engine = made.extensions["chatapp"]
    for family in (counts.ACCEPTED, counts.CLIENTS):
        family.by[PATH] = counts.Count()
    endpoint = Endpoint(PATH, (), (), engine.hub, LIMITS, True, _handler)
    security.protect(made, (endpoint,))
    made.register_blueprint(sockets.blueprint((endpoint,)), name="conformance")
    engine.entrance = Entrance(endpoint, Proxies(()))
    return made


def _handler(environ: Mapping[str, Any], accepted: Accepted) -> Handler:
    return _echo


def _echo(connection: Connection) -> None:
    """Owned by the greenlet of the connection. What goes out is treated as a reader's past: texts compressed, if agreed."""
    connection.on_binary = functools.partial(_send, connection, BINARY)
    for text in connection:
        _send(connection, frames.TEXT, text.encode())


def _send(connection: Connection, first: int, payload: bytes) -> None:
    connection.write_waiting(frames.header(first, len(payload)) + payload, LIMITS.message_bytes)
