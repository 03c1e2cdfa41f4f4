"""Packed rotated files (`.gz`), read as if they were plain: any range of what is in them, in bounded memory.

A gzip stream can only be read from its beginning, so on the way copies of the unpacker are kept (`_Mark`), from which
later reads go on; they get sparser as the file gets longer. Where the last reads ended the unpacker itself is kept, so
who reads piece by piece never unpacks anything twice. A descriptor from `Catalog.open` comes in; the bytes go the way of
all sources (`logs.generation`). What it does can wait for the disk and takes time: call it in the thread pool, one call at
a time (`_lock` sees to that); before a place far away is read, go there in short turns (`go_to`): a small file can hold
terabytes.
"""

import bisect
import dataclasses
import os
import time
import zlib
from collections import deque
from typing import Any

from chatapp.logs.generation import Beginning, Source
from chatapp.logs.lines import Format
from chatapp.realtime.threads import ThreadLock

#: How packed files begin: what is read, and what is not (bzip2, xz, zstd, zip, lz4, 7z); within so many bytes.
GZIP = b"\x1f\x8b\x08"
OTHERWISE = (b"BZh91AY&SY", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"\x04\x22\x4d\x18", b"7z\xbc\xaf\x27\x1c")
HEAD_BYTES = 16
#: How much packed data is read at a time, and how much of it may be unpacked at a time.
READ_BYTES = 65_536
UNPACK_BYTES = 1_048_576
#: Copies of the unpacker that are kept (some 50 KB each), and how far apart they are at first.
MAX_MARKS = 64
MARK_BYTES = 1_048_576
#: So many readers can go through a file side by side.
MAX_READERS = 6
#: How long `go_to` goes on (seconds).
TURN_SECONDS = 0.1
#: gzip's header and checksum are expected.
_WBITS = 16 + zlib.MAX_WBITS


@dataclasses.dataclass(eq=False)
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

    def __init__(self, fd: int, name: str, told: Format) -> None:
        self._lock = ThreadLock()
        self._marks = [_Mark(0, 0, zlib.decompressobj(_WBITS))]
        self._spacing = MARK_BYTES
        self._readers: deque[_Mark] = deque(maxlen=MAX_READERS)
        self._size: int | None = None
        super().__init__(fd, name, told)

    def size(self) -> int:
        """The size of what is in it; unpacks all of it the first time."""
        while not self.go_to(None):
            pass
        assert self._size is not None
        return self._size

    @property
    def packed_size(self) -> int:
        return os.fstat(self.fd).st_size

    def go_to(self, offset: int | None) -> bool:
        """Unpack up to a place, or to the end, for a turn; whether one is there. Goes on where it was when called again."""
        if self._size is not None and (offset is None or offset >= self._size):
            return True
        stop = time.monotonic() + TURN_SECONDS
        with self._lock:
            place = self._nearest(offset)
            self._readers.append(place)
            while offset is None or place.offset < offset:
                if not self._step(place, UNPACK_BYTES if offset is None else offset - place.offset):
                    return True
                if time.monotonic() > stop:
                    return False
            return True

    def read(self, offset: int, size: int) -> bytes:
        if size <= 0 or (self._size is not None and offset >= self._size):
            return b""
        parts: list[bytes] = []
        with self._lock:
            place = self._nearest(offset)
            self._readers.append(place)
            while place.offset < offset + size:
                is_before = place.offset < offset
                data = self._step(place, offset - place.offset if is_before else offset + size - place.offset)
                if not data:
                    break
                if not is_before:
                    parts.append(data)
        return b"".join(parts)

    def packed_place(self, offset: int) -> int:
        """About where in the packed file this is: for telling how far one is."""
        return max((mark.packed for mark in (*self._marks, *self._readers) if mark.offset <= offset), default=0)

    @property
    def links(self) -> int:
        """How many names it has; none once it was deleted."""
        return os.fstat(self.fd).st_nlink

    @property
    def progress(self) -> float:
        """Which part of it was unpacked so far."""
        return self.packed_place(1 << 62) / max(1, self.packed_size)

    def is_start_of_line(self, offset: int) -> bool:
        """As far as was unpacked; what lies behind is not unpacked for this."""
        return offset > self._marks[-1].offset + MARK_BYTES or super().is_start_of_line(offset)

    def _begins_with(self, beginning: Beginning) -> bool:
        return len(self.read(0, beginning.length)) == beginning.length and self._hash(0, beginning.length) == beginning.hash

    def _nearest(self, offset: int | None) -> _Mark:
        """The last known place that is not behind `offset`, to go on from; a reader that stands there is taken along."""
        wanted = (1 << 62) if offset is None else offset
        at = bisect.bisect_right([mark.offset for mark in self._marks], wanted) - 1
        readers = [reader for reader in self._readers if self._marks[at].offset <= reader.offset <= wanted]
        if not readers:
            return self._marks[at].copy()
        nearest = max(readers, key=lambda reader: reader.offset)
        self._readers.remove(nearest)
        return nearest

    def _step(self, place: _Mark, most: int) -> bytes:
        """Unpack the next piece; nothing at the end, also where the file is cut off or damaged."""
        data = self._unpack(place, min(most, UNPACK_BYTES))
        place.offset += len(data)
        if not data:
            self._size = place.offset
        elif place.offset >= self._marks[-1].offset + self._spacing:
            self._keep(place)
        return data

    def _unpack(self, place: _Mark, most: int) -> bytes:
        while True:
            if not place.waiting:
                place.waiting = os.pread(self.fd, READ_BYTES, place.packed)
                place.packed += len(place.waiting)
            is_end = not place.waiting
            try:
                data: bytes = place.unpacker.decompress(place.waiting, most)
            except zlib.error:
                return b""
            place.waiting = place.unpacker.unconsumed_tail
            if place.unpacker.eof:  # several packed parts may follow each other
                place.waiting = place.unpacker.unused_data.lstrip(b"\0")
                place.unpacker = zlib.decompressobj(_WBITS)
            if data or is_end:
                return data

    def _keep(self, place: _Mark) -> None:
        self._marks.append(place.copy())
        if len(self._marks) > MAX_MARKS:
            self._marks = self._marks[::2]
            self._spacing *= 2


def is_packed(fd: int) -> bool:
    """Whether this is a packed file, of whatever kind."""
    return os.pread(fd, HEAD_BYTES, 0).startswith((GZIP, *OTHERWISE))
