"""Reading: one generation from a position on, piece by piece, and whether it is still what was read before.

Bytes come from a `Source`, lines go to `logs.chain`, which has a reading for each generation, until it ends.
Nothing in here waits but for the disk.
"""

import time

from chatapp.logs.generation import FINGERPRINT_BYTES, TAIL_BYTES, Source
from chatapp.logs.known import Known
from chatapp.logs.lines import Block, Line, as_block

#: Bytes read at a time; a turn this short blocks no other greenlet for long.
READ_BYTES = 65_536
#: A half line is shown after so much quiet (seconds).
PARTIAL_SECONDS = 1.0

_HALF_MARKS = (b"\xff", b"\xfe", b"\xef", b"\xef\xbb")


class Cut(Exception):
    """The file that is read begins anew at 0; `how`: "truncated" or "replaced"."""

    def __init__(self, how: str) -> None:
        super().__init__(how)
        self.how = how


class Reading:
    """Reads `source` from `offset` on, where a line begins."""

    def __init__(self, source: Source, offset: int, known: Known) -> None:
        self.source = source
        self._known = known
        self._splitter = source.splitter(offset)
        #: The last bytes that were read.
        self.tail = source.tail(offset)
        #: When bytes came last, and when the first of a new file were seen (monotonic; 0.0: not yet).
        self.fed_at = 0.0
        self.first_at = 0.0
        self._waited: bytes = b""  # these first bytes, and since when there were no more of them
        self._waited_since = 0.0
        #: The half line that was told, until it is whole.
        self.half: Line | None = None
        #: Mode and owners with which it could be opened, once that was asked.
        self.access: tuple[int, int, int] | None = None
        #: Of an empty file: when it had been changed last when nothing was found that was in it before.
        self.settled_at = 0

    @property
    def position(self) -> int:
        """Up to where all lines were told: the beginning of the first line that is not whole yet."""
        return self._splitter.offset

    @property
    def end(self) -> int:
        """Up to where was read."""
        return self._splitter.end

    def more(self) -> bytes:
        """What was appended, or a piece of it. Raises `Cut` if what was read is not in the file any more."""
        source, end = self.source, self.end
        size = source.size()
        if size < end:
            raise Cut("truncated")
        if not source.begins_as_before():
            raise Cut("replaced")
        # One read for what was read last and what follows it: nobody can change the file in between.
        data = source.read(end - len(self.tail), len(self.tail) + min(READ_BYTES, size - end))
        if not data.startswith(self.tail):
            raise Cut("truncated" if len(data) < len(self.tail) else "replaced")
        data = data[len(self.tail) :]
        return b"" if end == 0 and data in _HALF_MARKS else data

    def take(self, data: bytes) -> Block | None:
        """The lines that these bytes, which follow what was read, complete; None if they complete none."""
        source, end = self.source, self.end
        if end <= len(source.beginning) < FINGERPRINT_BYTES:
            source.beginning = (source.beginning[:end] + data)[:FINGERPRINT_BYTES]
            self._known.learn(source)
            if end == 0:  # now it shows how it is encoded
                self._splitter = source.splitter(0)
        self.tail = (self.tail + data[-TAIL_BYTES:])[-TAIL_BYTES:]
        # Bytes that had to wait were quiet meanwhile.
        self.fed_at = self._waited_since if end == 0 and data == self._waited else time.monotonic()
        self.half = None
        return self._splitter.block(data)

    def rest(self) -> Block | None:
        """The half line that is left, if there is one, when its newline will never come."""
        return as_block(self._splitter.flush())

    # Half lines.

    @property
    def half_in(self) -> float | None:
        """In how many seconds a half line is to be shown, if there is one that was not."""
        if self.half is not None or self._splitter.half is None:
            return None
        return max(0.0, self.fed_at + PARTIAL_SECONDS - time.monotonic())

    def show_half(self) -> Line:
        """The half line; it is told once."""
        self.half = self._splitter.half
        assert self.half is not None
        return self.half

    # The first bytes of a file: what was in it before may have been copied and cut, unseen.

    def is_too_short(self, data: bytes) -> bool:
        """Whether these first bytes are too few to know the file again by: more may be on the way."""
        if data != self._waited:
            self._waited, self._waited_since = data, time.monotonic()
        if data and not self.first_at:
            self.first_at = time.monotonic()
        is_short = 0 < len(data) < TAIL_BYTES and b"\n" not in data
        return is_short and time.monotonic() - self.first_at < PARTIAL_SECONDS
