"""The short way in: a request that is plainly the opening of a WebSocket, past gunicorn's parser, Flask and flask-sock.

A thousand people who come back at once after a restart are let in four times as fast this way. `Entrance` stands before
gunicorn's own handling of a new connection and looks at what has come, without taking it. Nothing is judged here: the checks
are those of `realtime.handshake`, as on the long way, and every request that is not plainly in order, or would be refused,
goes the long way as if nobody had looked.
"""

import socket
from collections.abc import Callable, Iterable
from typing import Any

from gevent.socket import wait_read

from chatapp.realtime.proxies import Proxies
from chatapp.realtime.serve import Endpoint

#: The longest request that is taken here, in bytes. Browsers send some 600.
HEAD_BYTES = 8192
#: How long a new connection may take to say something (seconds); then it is gunicorn's.
FIRST_BYTE_SECONDS = 2.0
#: What ends a head.
_BLANK = b"\r\n\r\n"
#: So many header lines gunicorn takes at most.
_MOST_LINES = 100
#: What a request with a body, or one that wants to be answered before it goes on, has. It goes the long way.
_NOT_PLAIN = ("HTTP_CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING", "HTTP_EXPECT")

#: gunicorn's way to handle a connection: the listener, the socket, the address of the peer.
Handle = Callable[[Any, Any, Any], None]


class _Listener:
    """A listener as gunicorn asks for it when it handles a connection: by its address, which one that is closed has lost."""

    def __init__(self, listener: Any) -> None:
        self._address = listener.getsockname()

    def getsockname(self) -> Any:
        return self._address


class Entrance:
    """Lets clients of one endpoint in."""

    def __init__(self, endpoint: Endpoint, proxies: Proxies) -> None:
        self._endpoint = endpoint
        self._proxies = proxies
        self._first_line = f"GET {endpoint.path} HTTP/1.1\r\n".encode()

    def before(self, long_way: Handle, listeners: Iterable[Any]) -> Handle:
        """gunicorn's handling of a connection that came to one of these listeners, with this before it."""
        named = {listener: _Listener(listener) for listener in listeners}

        def handle(listener: Any, client: Any, address: Any) -> None:
            """Owned by the greenlet that gunicorn starts for each connection."""
            data = _look(client)
            if not self._let_in(client, address, data) and (listener.fileno() >= 0 or self._is_awaited(data)):
                long_way(named[listener], client, address)

        return handle

    def _is_awaited(self, data: bytes) -> bool:
        """Whether a worker that is ending, and has closed its listeners, answers somebody it has accepted before.

        Who wants a WebSocket is not told no: they find the next worker, or a proxy another server. Who says nothing is not
        waited for.
        """
        return bool(data) and not data.startswith(self._first_line)

    def _let_in(self, client: Any, address: Any, data: bytes) -> bool:
        hub = self._endpoint.hub
        if hub.starting or hub.stopping or hub.full or not data.startswith(self._first_line):
            return False
        head, blank, _ = data.partition(_BLANK)
        environ = _headers(head[len(self._first_line) :]) if blank else None
        if environ is None:
            return False
        environ["REMOTE_ADDR"] = address[0] if isinstance(address, tuple) else ""
        self._proxies.apply(environ)
        if self._endpoint.refusal(environ) is not None:
            return False
        client._sock.recv(len(head) + len(_BLANK))  # at once: it was there when we looked
        self._endpoint.start(client, environ, self._endpoint.agree(environ))
        return True


def _look(client: Any) -> bytes:
    """What has come on a new connection, without taking it."""
    try:
        try:
            data: bytes = client._sock.recv(HEAD_BYTES, socket.MSG_PEEK)
        except BlockingIOError:
            wait_read(client.fileno(), FIRST_BYTE_SECONDS)
            data = client._sock.recv(HEAD_BYTES, socket.MSG_PEEK)
        return data
    except OSError:  # nothing came, or the peer is gone: gunicorn knows what to do
        return b""


def _headers(head: bytes) -> dict[str, Any] | None:
    """The lines of a head as a WSGI environ (PEP 3333), or None if any of them is out of the ordinary."""
    environ: dict[str, Any] = {"REQUEST_METHOD": "GET", "SERVER_PROTOCOL": "HTTP/1.1"}
    text = head.decode("latin-1")
    if not text.isascii():
        return None
    lines = text.split("\r\n")
    if len(lines) > _MOST_LINES:
        return None
    for line in lines:
        name, colon, value = line.partition(":")
        key = f"HTTP_{name.upper().replace('-', '_')}"
        value = value.strip(" \t")
        if not colon or not name.replace("-", "").isalnum() or not value.isprintable() or key in environ:
            return None
        environ[key] = value
    # Flask wants the header Upgrade to name nothing else.
    if environ.get("HTTP_UPGRADE", "").lower() != "websocket":
        return None
    return None if any(key in environ for key in _NOT_PLAIN) else environ
