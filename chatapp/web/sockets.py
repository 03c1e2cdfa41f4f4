"""The routes at which WebSockets are opened, and the handshake of flask-sock.

flask-sock makes an object called `Server` for each request to one of its routes. Its own, simple-websocket's, writes the
request anew for h11 to parse and starts a reader: a third of what a new connection costs, and what it does not understand it
answers with 500. Here `web.security` has decided before; so `Upgrade`, which takes its place, only gives the
socket to the endpoint, which says yes.
"""

import functools
from collections.abc import Iterable, Mapping
from typing import Any

import flask_sock
from flask import Blueprint

from chatapp.realtime import handshake
from chatapp.realtime.serve import Endpoint

#: Where in the WSGI environ stands what was agreed on; who checks the request puts it there.
ACCEPTED = "chatapp.accepted"


class Upgrade:
    """What a route of flask-sock is given. `mode` and `close` are what flask-sock uses of it."""

    def __init__(self, environ: Mapping[str, Any]) -> None:
        self.mode = "werkzeug" if "werkzeug.socket" in environ else "gunicorn"
        self._environ = environ

    def serve(self, endpoint: Endpoint) -> None:
        """Give the socket away. Under gunicorn the request ends with this."""
        sock = self._environ[f"{self.mode}.socket"]
        accepted: handshake.Accepted = self._environ[ACCEPTED]
        if self.mode == "gunicorn":
            endpoint.start(sock, self._environ, accepted)
        else:
            # The development server writes an HTTP answer when the route returns: by then the WebSocket has to be over.
            endpoint.start(sock.dup(), self._environ, accepted).join()

    def close(self) -> None:
        """The Connection says goodbye itself."""


#: flask-sock looks the name up with each request. If it did so no longer, no log could be opened, and the tests would tell.
flask_sock.Server = Upgrade


def blueprint(endpoints: Iterable[Endpoint]) -> Blueprint:
    """The routes of these endpoints."""
    bp = Blueprint("sockets", __name__)
    for endpoint in endpoints:
        route = functools.partial(Upgrade.serve, endpoint=endpoint)
        flask_sock.Sock().route(endpoint.path, bp=bp, endpoint=endpoint.path[1:])(route)
    return bp
