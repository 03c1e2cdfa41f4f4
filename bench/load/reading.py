"""Reading for thousands of clients: large reads into one buffer, in which the messages are counted.

Everybody's messages are counted. Of the witnesses all that came is kept, with its time, and looked at afterwards
(`judging.py`), so that looking costs nothing while it is measured.
"""

import time
from collections.abc import Iterable
from select import EPOLLET, EPOLLIN, EPOLLRDHUP, epoll

from bench.load.connecting import Link
from bench.load.texts import MARK

_BUFFER = 1 << 18
_EDGE = len(MARK) - 1
_LETTER = MARK[0]

#: What came for a witness: when, and the bytes.
Heard = list[tuple[int, bytes]]


class Reading:
    """The clients, and how much each has got: messages, or bytes if messages can't be counted (`by_bytes`)."""

    def __init__(self, links: Iterable[Link], by_bytes: bool) -> None:
        self.poll = epoll()
        self.total = 0
        self.bytes = 0
        self.counts: dict[int, int] = {}
        self.heard: dict[int, Heard] = {}
        self.closed: set[int] = set()
        self._by_bytes = by_bytes
        self._buffer = bytearray(_BUFFER)
        self._view = memoryview(self._buffer)
        self._receivers = {}
        self._tails: dict[int, bytes] = {}
        #: Of whom more can be read without being told: socket and event.
        self._again: list[tuple[int, int]] = []
        for link in links:
            self._receivers[link.fd] = link.sock.recv_into
            self.counts[link.fd] = len(link.rest) if by_bytes else 0
            self.poll.register(link.fd, EPOLLIN | EPOLLRDHUP | EPOLLET)

    def witness(self, link: Link) -> Heard:
        """From now on keep what this client gets."""
        heard = self.heard[link.fd] = [(0, link.rest)]
        return heard

    def read(self, timeout: float) -> int:
        """Wait for something to read, and read it; returns how much was ready. The hot loop.

        Events are told once (EPOLLET), which saves the kernel to look again at every socket that was read. So who has more
        than the buffer takes, or is at its end, is read again the next time without being told.
        """
        again, self._again = self._again, []
        ready = again + self.poll.poll(0 if again else timeout, 512)
        receivers, buffer, view, counts, heard = self._receivers, self._buffer, self._view, self.counts, self.heard
        count, tails, by_bytes, now = buffer.count, self._tails, self._by_bytes, time.monotonic_ns
        total = size = 0
        for fd, event in ready:
            if fd not in receivers:
                continue  # the clock
            try:
                got = receivers[fd](buffer)
            except BlockingIOError:
                continue
            except OSError:
                got = 0
            if not got:
                self._end(fd)
                continue
            if event != EPOLLIN or got == _BUFFER:
                self._again.append((fd, event))
            size += got
            if by_bytes:
                here = got
            else:
                here = count(MARK, 0, got)
                if buffer[got - 1] == _LETTER or fd in tails:
                    here += self._across(fd, got)
            counts[fd] += here
            total += here
            if fd in heard:
                heard[fd].append((now(), bytes(view[:got])))
        self.total += total
        self.bytes += size
        return len(ready)

    def _across(self, fd: int, got: int) -> int:
        """How many marks (none, or one) begin in the read before and end in this one."""
        before = self._tails.pop(fd, b"")
        if self._buffer[got - 1] == _LETTER:
            self._tails[fd] = (before + bytes(self._view[max(0, got - _EDGE) : got]))[-_EDGE:]
        return (before + bytes(self._view[: min(got, _EDGE)])).count(MARK)

    def _end(self, fd: int) -> None:
        self.poll.unregister(fd)
        del self._receivers[fd]
        self.closed.add(fd)
