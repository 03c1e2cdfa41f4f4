"""The writing half of a connection: one ordered, bounded outbox, a writer that never waits.

Bytes come from any greenlet through `write`; the kernel takes what it can at once, the rest stays in the outbox, and a drain
greenlet lives only while it does. Nothing overtakes anything, and no frame is ever cut. What the bytes mean, and what
becomes of a client whose outbox is full, is left to those who write.

Why not `ws.send`: simple-websocket ignores how much the kernel took (its issue #45), so a slow reader gets cut
frames, and a broadcast loop that waits for one client stops for all.
"""

import _socket
import collections
import fcntl
import socket
import sys
import termios

import gevent
from gevent.socket import wait_write

from chatapp.realtime import frames

#: A backlog that has not moved for this long ends its connection (seconds).
WRITE_DEADLINE = 10.0
#: How many pieces of the outbox go to the kernel in one call.
PIECES_A_SEND = 64
#: How often someone who waits for room in an outbox looks again (seconds).
ROOM_SECONDS = 0.005


class Outbox:
    """What waits to be sent over one raw, non-blocking socket, at most `most` bytes beside a whole write."""

    __slots__ = ("_backlog", "_drainer", "_gone", "_most", "_send", "_sending", "_sock", "backlog_bytes", "ending")

    def __init__(self, sock: _socket.socket, most: int) -> None:
        self._sock = sock
        # gevent's own send would wait for room, and costs twice the time per call (docs/ARCHITECTURE.md, "The outbox").
        self._send = sock.send
        self._most = most
        # What the kernel has not taken yet, oldest first.
        self._backlog: collections.deque[bytes | memoryview] = collections.deque()
        self._drainer: gevent.Greenlet | None = None
        self._sending = True  # False once nothing may follow any more
        self._gone = False  # True once the TCP connection is given up
        self.backlog_bytes = 0
        self.ending: frames.Close | None = None  # why the connection ended, once known

    def write(self, data: bytes) -> bool:
        """Send whole frames, or keep them until the client reads. Returns False, and takes nothing, if the outbox is full.

        Never waits and never raises. On a connection that is closing it does nothing and returns True.
        """
        if not self._backlog:
            # The whole fan-out is this: one call into the kernel for each client.
            if self._sending:
                try:
                    sent = self._send(data)
                except BlockingIOError:
                    sent = 0
                except OSError:
                    self.abort()
                    return True
                if sent != len(data):
                    self._keep(memoryview(data)[sent:])
            return True
        if not self._sending or not data:
            return True
        if self.backlog_bytes + len(data) > self._most:
            return False
        self._keep(data)
        return True

    def _keep(self, data: bytes | memoryview) -> None:
        """Put what the kernel did not take into the outbox, whatever its size: a frame is never cut."""
        self._backlog.append(data)
        self.backlog_bytes += len(data)
        if self._drainer is None:
            self._drainer = gevent.spawn(self._drain)

    def _drain(self) -> None:
        """Owned by the drain greenlet: empty the outbox as the client reads, then end."""
        try:
            while self._backlog:
                self._wait_until_writable()
                pieces = [self._backlog[i] for i in range(min(len(self._backlog), PIECES_A_SEND))]
                try:
                    self._sent(self._sock.sendmsg(pieces))
                except BlockingIOError:
                    continue
        except TimeoutError:
            self.ending = self.ending or frames.TOO_SLOW
            self.abort()
        except OSError:
            self.abort()
        finally:
            self._drainer = None

    def _wait_until_writable(self) -> None:
        """Wait for room in the kernel's buffer. Raises TimeoutError if the peer took nothing for the write deadline.

        The kernel calls a socket writable only when a good part of its buffer is free, which with a slow peer can take
        longer than the deadline: what counts is whether the peer takes anything.
        """
        unsent = _unsent(self._sock)
        while True:
            try:
                wait_write(self._sock.fileno(), WRITE_DEADLINE, TimeoutError())
                return
            except TimeoutError:
                before, unsent = unsent, _unsent(self._sock)
                if unsent >= before:
                    raise

    def _sent(self, count: int) -> None:
        self.backlog_bytes -= count
        while count:
            piece = self._backlog[0]
            if count < len(piece):
                self._backlog[0] = memoryview(piece)[count:]
                return
            count -= len(piece)
            self._backlog.popleft()

    def wait_for_room(self, most: int) -> bool:
        """Wait until at most `most` bytes are left in the outbox. Returns False if the connection ended meanwhile."""
        while self.backlog_bytes > most and self._sending:
            gevent.sleep(ROOM_SECONDS)
        return self._sending

    def drained(self, seconds: float) -> bool:
        """Let the last bytes out, for so long at most. Returns whether all are, and the connection still stands."""
        if self._drainer is not None:
            self._drainer.join(seconds)
        return not self._gone and not self._backlog

    def abort(self) -> None:
        """Give the connection up at once, from any greenlet, with what the outbox still holds."""
        self._sending = False
        if self._gone:
            return
        self._gone = True
        self._backlog.clear()
        self.backlog_bytes = 0
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def close(self) -> None:
        """Close the socket, which was given up. Nobody uses it from now on."""
        if self._drainer is not None:
            self._drainer.kill()
        self._sock.close()


def _unsent(sock: _socket.socket) -> int:
    """How many bytes the kernel holds that the peer has not acknowledged (SIOCOUTQ, the same as TIOCOUTQ)."""
    answer = fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
    return int.from_bytes(answer, sys.byteorder)
