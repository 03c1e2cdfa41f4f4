"""The newest hits of what can only be read forwards: a packed file, whose end comes last.

Pieces in which something may be found come from `logs.scan`, oldest first; the hits that are kept go to `logs.search`. Most
pieces of a file with many hits are thrown away again by what comes after them, so none is looked at closely before so many
wait that memory has to be given back; and then only the newest, until there are hits enough.
"""

from collections import deque
from collections.abc import Iterator

from chatapp.logs.lines import Line
from chatapp.logs.scan import Piece

#: What the pieces may take that wait, and the hits that are kept, in bytes.
WAITING_BYTES = 8_388_608
KEPT_BYTES = 4_194_304


class Newest:
    """Keeps the last `limit` hits."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: deque[Piece] = deque()
        self._waiting_bytes = 0
        #: What was found, in the order of the file; all of it before what waits.
        self.hits: deque[Line] = deque()
        #: Whether there were more.
        self.is_cut = False

    @property
    def is_full(self) -> bool:
        """Whether it is time to `settle`."""
        return self._waiting_bytes >= WAITING_BYTES

    def add(self, piece: Piece) -> None:
        """The next piece of the file."""
        if piece.may_hold():
            self._waiting.append(piece)
            self._waiting_bytes += piece.size

    def settle(self) -> Iterator[None]:
        """Find what is to be kept of the pieces that wait, one at a time; the newest first, as many as it takes."""
        newer: deque[Line] = deque()
        size = 0
        while self._waiting and len(newer) <= self._limit and size <= KEPT_BYTES:
            lines = self._waiting.pop().lines()
            newer.extendleft(reversed(lines))
            size += _size(lines)
            yield
        if self._waiting:
            self.hits.clear()  # what was found is more than is kept already
        self._waiting.clear()
        self._waiting_bytes = 0
        self.hits += newer
        self._cut()

    def _cut(self) -> None:
        size = _size(self.hits)
        while len(self.hits) > self._limit or size > KEPT_BYTES:
            size -= len(self.hits.popleft()[1])
            self.is_cut = True


def _size(lines: "deque[Line] | list[Line]") -> int:
    return sum(len(text) for _, text in lines)
