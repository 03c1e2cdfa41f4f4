"""How many lines lie before which place of a file: for `line=N`, in files of any size.

A count every `step` bytes, made as far as somebody asked for, and gone on with later: 8 bytes for 64 KiB of file, and
never more than `MAX_COUNTS` of them (2 MB), because the step doubles. Bytes come from a `Source`; places go to
`logs.past` and `logs.search`. `Indexes` keeps those of the files looked at last. Counting can wait for the disk: call it
in the thread pool, and for a line far away first in short turns (`count_on`).
"""

import array
import bisect
import time
from collections import OrderedDict

from chatapp.logs.generation import Source
from chatapp.realtime.threads import ThreadLock

STEP_BYTES = 65_536
MAX_COUNTS = 262_144
#: How long `count_on` goes on (seconds).
TURN_SECONDS = 0.1
#: Of so many files the counts are kept.
MAX_FILES = 64


class Index:
    """The counts of one file."""

    def __init__(self, source: Source) -> None:
        self._identity = source.identity
        self._beginning = source.beginning
        self._tail = b""
        self._step = STEP_BYTES
        #: How many newlines lie before 0, step, 2 * step, ...
        self._counts = array.array("Q", [0])
        self._lock = ThreadLock()

    @property
    def covered(self) -> int:
        """Up to where it was counted."""
        return (len(self._counts) - 1) * self._step

    def fits(self, source: Source) -> bool:
        """Whether this is still the file it was made of, as far as that can be told."""
        return (
            self._identity == source.identity
            and source.read(0, len(self._beginning)) == self._beginning
            and source.tail(self.covered) == self._tail
        )

    def count_on(self, source: Source, line: int, end: int) -> bool:
        """Count as far as `place_of` needs it, for a turn; whether that is done. Goes on where it was when called again."""
        stop = time.monotonic() + TURN_SECONDS
        with self._lock:
            while self._counts[-1] < line - 1 and self.covered + self._step <= end:
                self._count(source)
                if time.monotonic() > stop:
                    return False
        return True

    def place_of(self, source: Source, line: int, end: int) -> int | None:
        """The offset where line number `line` (the first is 1) begins; None if there are fewer before `end`."""
        wanted = line - 1  # newlines before it
        if wanted <= 0:
            return 0
        while not self.count_on(source, line, end):
            pass
        with self._lock:
            at = max(0, bisect.bisect_left(self._counts, wanted) - 1)
            offset, missing = at * self._step, wanted - self._counts[at]
        while offset < end:
            data = source.read(offset, min(STEP_BYTES, end - offset))
            if not data:
                return None
            here = data.count(b"\n")
            if here >= missing:
                place = -1
                for _ in range(missing):
                    place = data.index(b"\n", place + 1)
                return offset + place + 1
            missing -= here
            offset += len(data)
        return None

    def line_at(self, source: Source, offset: int) -> int | None:
        """The number of the line that begins at `offset`; None if it was not counted so far."""
        with self._lock:
            if offset > self.covered:
                return None
            at = offset // self._step
            start = at * self._step
            count = self._counts[at]
        while start < offset:
            data = source.read(start, min(STEP_BYTES, offset - start))
            if not data:
                return None
            count += data.count(b"\n")
            start += len(data)
        return count + 1

    def _count(self, source: Source) -> None:
        start, count = self.covered, self._counts[-1]
        end = start + self._step
        while start < end:
            data = source.read(start, STEP_BYTES)
            count += data.count(b"\n")
            start += STEP_BYTES
        self._counts.append(count)
        if len(self._counts) > MAX_COUNTS:
            self._counts = self._counts[::2]
            self._step *= 2
        self._tail = source.tail(self.covered)


class Indexes:
    """The indexes of the files looked at last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, int], Index] = OrderedDict()

    def of(self, source: Source) -> Index:
        """The index of a file, a new one if it is not what it was."""
        index = self._kept.get(source.identity)
        if index is None or not index.fits(source):
            index = Index(source)
        self._kept[source.identity] = index
        self._kept.move_to_end(source.identity)
        if len(self._kept) > MAX_FILES:
            self._kept.popitem(last=False)
        return index

    def known(self, source: Source) -> Index | None:
        """The index of a file, if there is one and it is good."""
        index = self._kept.get(source.identity)
        return index if index is not None and index.fits(source) else None
