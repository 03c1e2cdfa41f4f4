"""Work for `/api/logs` that takes time: in threads, in turns, as long as somebody waits for it, and not too much at once.

A page, a search or a download comes from a request's greenlet; what it does on the disk runs in a thread, for a short while
at a time. A stream ends when its client has left, or takes nothing for `STALL_SECONDS`.
"""

import contextlib
import socket
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import gevent
from flask import request
from gevent.threadpool import ThreadPool

from chatapp.realtime.hub import Hub
from chatapp.realtime.threads import in_thread

#: Threads for pages and downloads, and for searches; a page never waits behind a search.
PAST_THREADS = 4
SEARCH_THREADS = 2
#: How long a request waits for what takes many turns, before its client is asked to come again (seconds).
PATIENCE_SECONDS = 15.0
#: A client that takes nothing of a stream for so long is cut off (seconds).
STALL_SECONDS = 60.0

Result = TypeVar("Result")


class NotYet(Exception):
    """The work takes longer than a request should; it goes on where it was when asked again. The text is a sentence."""

    def __init__(self, progress: float) -> None:
        super().__init__(f"This is a large file, and {progress:.0%} of it was looked at so far. Ask again to go on.")


class TooMany(Exception):
    """As much of this kind is going on as may be."""


class Slots:
    """How many of a kind go on at a time."""

    def __init__(self, most: int) -> None:
        self._free = most

    def take(self) -> Callable[[], None]:
        """Returns what gives the place back, once however often it is called. Raises `TooMany`."""
        if not self._free:
            raise TooMany
        self._free -= 1
        taken = [1]

        def give_back() -> None:
            if taken:
                self._free += taken.pop()

        return give_back


class Link:
    """The connection of the request at hand, for as long as its answer is a stream."""

    def __init__(self) -> None:
        self._socket: Any = request.environ.get("gunicorn.socket")

    @property
    def is_gone(self) -> bool:
        """Whether the client has closed it. Else this is found out only by sending, and there may be nothing to send."""
        if self._socket is None:
            return False
        try:
            return not self._socket._sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    @contextlib.contextmanager
    def sending(self) -> Iterator[None]:
        """While the server sends a piece: cut the connection off if that takes too long."""
        timer = gevent.get_hub().loop.timer(STALL_SECONDS)
        timer.start(self._cut)
        try:
            yield
        finally:
            timer.close()

    def _cut(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)


class Work:
    """Runs things for requests."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._pools: weakref.WeakKeyDictionary[Any, dict[int, ThreadPool]] = weakref.WeakKeyDictionary()

    def run(self, function: Callable[..., Result], *arguments: object, threads: int = PAST_THREADS) -> Result:
        """Run `function` in a thread."""
        return in_thread(function, *arguments, pool=self._pool(threads))

    def in_turns(self, turn: Callable[[], bool], progress: Callable[[], float]) -> None:
        """Run `turn` in a thread until it says that it is done. Raises `NotYet` if that takes too long."""
        link, stop = Link(), time.monotonic() + PATIENCE_SECONDS
        while not self.run(turn):
            if time.monotonic() > stop or self._hub.stopping or link.is_gone:
                raise NotYet(progress())

    def stream(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Send pieces as they are made, until there are no more, the client has left, or the server stops.

        An empty piece is not sent: it only lets this look. Owned by the greenlet of the request.
        """
        link = Link()

        def run() -> Iterator[bytes]:
            for piece in pieces:
                if self._hub.stopping or link.is_gone:
                    return
                if piece:
                    with link.sending():
                        yield piece

        return run()

    def made_in_threads(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """The same pieces, each made in a thread when the one before was taken."""
        while (piece := self.run(next, pieces, None)) is not None:
            yield piece

    def _pool(self, threads: int) -> ThreadPool:
        pools = self._pools.setdefault(gevent.get_hub(), {})
        if threads not in pools:
            pools[threads] = ThreadPool(threads)
        return pools[threads]
