"""Packed rotated files (`.gz`), read as if they were plain: any range of what is in them, in bounded memory.

A gzip stream can only be read from its beginning, so on the way copies of the unpacker are kept (`_Mark`), from which
later reads go on; they get sparser as the file gets longer. A descriptor from `Catalog.open` comes in; the bytes go the
way of all sources (`logs.generation`). What it does can wait for the disk and takes time: call it in the thread pool, one
call at a time (`_lock` sees to that).
"""

import bisect
import dataclasses
import os
import threading
import zlib
from typing import Any

from chatapp.logs.generation import Beginning, Source

#: How much packed data is read at a time, and how much of it may be unpacked at a time.
READ_BYTES = 65_536
UNPACK_BYTES = 1_048_576
#: Copies of the unpacker that are kept (some 50 KB each), and how far apart they are at first.
MAX_MARKS = 64
MARK_BYTES = 1_048_576
#: gzip's header and checksum are expected.
_GZIP = 16 + zlib.MAX_WBITS


@dataclasses.dataclass
class _Mark:
    """A place in the stream: how much was unpacked before, what is read next, and the unpacker as it was."""

    offset: int
    packed: int
    unpacker: Any
    waiting: bytes = b""

    def copy(self) -> "_Mark":
        return _Mark(self.offset, self.packed, self.unpacker.copy(), self.waiting)


class Packed(Source):
    """A gzip file; offsets are those of what is in it."""

    def __init__(self, fd: int, name: str = "") -> None:
        self._lock = threading.Lock()
        self._marks = [_Mark(0, 0, zlib.decompressobj(_GZIP))]
        self._spacing = MARK_BYTES
        self._size: int | None = None
        super().__init__(fd, name)

    def size(self) -> int:
        """The size of what is in it; unpacks all of it the first time."""
        if self._size is None:
            with self._lock:
                self._go(self._marks[-1].copy(), None, 0)
        assert self._size is not None
        return self._size

    @property
    def packed_size(self) -> int:
        return os.fstat(self.fd).st_size

    def read(self, offset: int, size: int) -> bytes:
        if size <= 0 or (self._size is not None and offset >= self._size):
            return b""
        with self._lock:
            at = bisect.bisect_right([mark.offset for mark in self._marks], offset) - 1
            return self._go(self._marks[at].copy(), offset, size)

    def packed_place(self, offset: int) -> int:
        """About where in the packed file this is: for telling how far one is."""
        return max((mark.packed for mark in self._marks if mark.offset <= offset), default=0)

    def _begins_with(self, beginning: Beginning) -> bool:
        return len(self.read(0, beginning.length)) == beginning.length and self._hash(0, beginning.length) == beginning.hash

    def _go(self, place: _Mark, offset: int | None, size: int) -> bytes:
        """Unpack from a place on; return what was asked for, or with None go to the end."""
        parts: list[bytes] = []
        while offset is None or place.offset < offset + size:
            data = self._step(place)
            if data is None:
                self._size = place.offset
                break
            if offset is not None:
                begin = place.offset - len(data)
                parts.append(data[max(0, offset - begin) : max(0, offset + size - begin)])
            if place.offset >= self._marks[-1].offset + self._spacing:
                self._keep(place)
        return b"".join(parts)

    def _step(self, place: _Mark) -> bytes | None:
        """Unpack the next piece; None at the end, also where the file is cut off or damaged."""
        while True:
            if not place.waiting:
                place.waiting = os.pread(self.fd, READ_BYTES, place.packed)
                place.packed += len(place.waiting)
                if not place.waiting:
                    return None
            try:
                data: bytes = place.unpacker.decompress(place.waiting, UNPACK_BYTES)
            except zlib.error:
                return None
            place.waiting = place.unpacker.unconsumed_tail
            if place.unpacker.eof:  # several packed parts may follow each other
                place.waiting = place.unpacker.unused_data.lstrip(b"\0")
                place.unpacker = zlib.decompressobj(_GZIP)
            if data:
                place.offset += len(data)
                return data

    def _keep(self, place: _Mark) -> None:
        self._marks.append(place.copy())
        if len(self._marks) > MAX_MARKS:
            self._marks = self._marks[::2]
            self._spacing *= 2
