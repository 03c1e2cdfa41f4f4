"""Opening thousands of WebSockets at once, as many waiting for their handshake as the server's backlog takes."""

import contextlib
import select
import socket
import time
from collections.abc import Callable

from bench.load import wire
from bench.load.dialects import DIALECTS, Dialect
from bench.load.job import Job

#: How long all handshakes together may take (seconds).
PATIENCE = 120.0
_RECEIVE = 65_536
#: Of somebody who is far: a small buffer, and a network's segments. With those of the loopback (64 KB) the kernel would take
#: 2.5 MB for a client that does not read, before its server notices.
_FAR_BUFFER, _FAR_SEGMENT = 4096, 1460


class Refused(Exception):
    """The server did not open a WebSocket."""


class Link:
    """One connection: its socket, and what has come behind the handshake."""

    def __init__(self, port: int, request: bytes, dialect: Dialect, is_far: bool) -> None:
        self.sock = socket.socket()
        self.sock.setblocking(False)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if is_far:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _FAR_BUFFER)
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _FAR_SEGMENT)
        self.fd = self.sock.fileno()
        self.rest = b""
        self.deflates = False
        self._request, self._dialect = request, dialect
        self._is_open = False
        self.sock.connect_ex(("127.0.0.1", port))

    def ask(self) -> None:
        """It is connected: ask for the upgrade."""
        self.sock.sendall(self._request)

    def take(self) -> bool:
        """Read what is there; returns whether the client is ready to hear messages."""
        data = self.sock.recv(_RECEIVE)
        if not data:
            raise Refused(f"closed during the handshake, after {self.rest[:300]!r}")
        self.rest += data
        if not self._is_open:
            head, end, rest = self.rest.partition(b"\r\n\r\n")
            if not end:
                return False
            if b" 101 " not in head[:20]:
                raise Refused(self.rest[:300].decode(errors="replace"))
            self._is_open, self.rest = True, rest
            self.deflates = b"permessage-deflate" in head.lower()
            if self._dialect.hello:
                self.sock.sendall(wire.frame(self._dialect.hello))
        return self._dialect.welcome in self.rest


def connect(job: Job, count: int, are_far: bool = False) -> list[Link]:
    """Open `count` connections. `are_far`: the kernel keeps as little for them as for somebody across a network."""
    dialect = DIALECTS[job.dialect]
    request = wire.request(job.port, dialect, job.deflate)
    with select.epoll() as poll:
        return _Opening(poll, lambda: Link(job.port, request, dialect, are_far), job.backlog).run(count)


class _Opening:
    """The connections that are being opened."""

    def __init__(self, poll: select.epoll, make: Callable[[], Link], backlog: int) -> None:
        self._poll, self._make, self._backlog = poll, make, backlog
        self._waiting: dict[int, Link] = {}
        self._ready: list[Link] = []

    def run(self, count: int) -> list[Link]:
        deadline = time.monotonic() + PATIENCE
        while len(self._ready) < count:
            while len(self._waiting) < self._backlog and len(self._waiting) + len(self._ready) < count:
                link = self._make()
                self._waiting[link.fd] = link
                self._poll.register(link.fd, select.EPOLLOUT)
            for fd, event in self._poll.poll(1.0):
                self._serve(self._waiting[fd], event)
            if time.monotonic() > deadline:
                raise Refused(f"only {len(self._ready)} of {count} handshakes were done after {PATIENCE:g} s")
        return self._ready

    def _serve(self, link: Link, event: int) -> None:
        try:
            if event & select.EPOLLOUT:
                link.ask()
                self._poll.modify(link.fd, select.EPOLLIN)
            elif link.take():
                self._poll.unregister(link.fd)
                self._ready.append(self._waiting.pop(link.fd))
        except OSError as error:
            raise Refused(f"a connection broke during the handshake: {error}") from None


def close(links: list[Link]) -> None:
    """End connections, as when a network goes away: without a goodbye, and without sockets in TIME_WAIT."""
    for link in links:
        with contextlib.suppress(OSError):
            link.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        link.sock.close()
