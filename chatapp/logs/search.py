"""Searching a whole file and its rotated files: hits come out piece by piece, with how far it is.

Sources come from `logs.history`, and `logs.scan` looks through each; what is found goes to `web.log_search`, which runs
`Search.step` in the thread pool of the searches, one step after the other, so that no search holds a thread for long and
one whose reader is gone ends by itself.
"""

import contextlib
import dataclasses
import time
from collections.abc import Callable, Generator, Iterator

from chatapp.logs import past
from chatapp.logs.conditions import Filter
from chatapp.logs.generation import Source
from chatapp.logs.history import Gone, Opened
from chatapp.logs.index import Index, Indexes
from chatapp.logs.known import Known
from chatapp.logs.lines import Line
from chatapp.logs.newest import Newest
from chatapp.logs.packed import Packed
from chatapp.logs.redact import Redactor
from chatapp.logs.scan import PIECE_BYTES, Found, Scan
from chatapp.logs.shown import to_texts

#: A step of a search takes no longer than this, and a piece (seconds). Between two the server gets its turn, if it has
#: only one processor: with 20 ms the 99th percentile of the chat was three times as long.
STEP_SECONDS = 0.005
#: The most hits of one search; who wants more goes on from the last.
MAX_HITS = 5000


@dataclasses.dataclass(frozen=True)
class Hit:
    """A line that was found."""

    file: str
    generation: str
    offset: int
    text: str
    line: int | None


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What is searched, how, and after which hit to go on."""

    filter: Filter
    newest_first: bool
    limit: int
    #: Generation and offset of the last hit that is known.
    cursor: tuple[str, int] | None = None


class Search:
    """One search. `sources` are newest first. Raises `Gone` if the last hit that is known was in none of them."""

    def __init__(
        self, sources: list[Opened], wanted: Wanted, redactor: Redactor, indexes: Indexes, known: Known | None = None
    ) -> None:
        self._wanted = wanted
        self._redactor = redactor
        self._indexes = indexes
        ordered = sources if wanted.newest_first else sources[::-1]
        if wanted.cursor is not None:
            ordered = _from(ordered, *wanted.cursor, known)
        self._sources = ordered
        self._run: Generator[list[Hit], None, None] = self._all()
        self._buffer = bytearray(PIECE_BYTES)
        self.size = sum(_size(opened.source) for opened in ordered)
        self.done = 0
        self.hits = 0
        self.file = ordered[0].file if ordered else ""
        self.last: tuple[str, int] | None = wanted.cursor
        #: Whether there may be more than was told.
        self.more = False
        self.finished = False

    def step(self) -> list[Hit]:
        """Search on for a short while; returns what was found. Call it in the thread pool, until `finished`."""
        found: list[Hit] = []
        stop = time.monotonic() + STEP_SECONDS
        while time.monotonic() < stop and not self.finished:
            piece = next(self._run, None)
            if piece is None:
                self.finished = True
                break
            for hit in piece:
                if self.hits >= self._wanted.limit:
                    self.more = self.finished = True
                    break
                found.append(hit)
                self.hits += 1
                self.last = (hit.generation, hit.offset)
        if self.finished:
            self._run.close()
        return found

    def close(self) -> None:
        """Search no further. It and its way through the files hold each other: these would stay open."""
        self.finished = True
        with contextlib.suppress(ValueError):  # a step is still on its way in a thread, and closes at its end
            self._run.close()

    def _all(self) -> Generator[list[Hit], None, None]:
        """Piece by piece, what is found in each; an empty list for a piece without."""
        before = 0
        for opened in self._sources:
            self.file = opened.file
            source = opened.source
            index = self._indexes.known(source)
            cursor = self._wanted.cursor
            at = cursor[1] if cursor is not None and cursor[0] == opened.generation else None
            pieces = self._of_packed(source, at) if isinstance(source, Packed) else self._of_plain(opened, at)
            for place, lines in pieces:
                self.done = before + place
                yield [_hit(opened, line, index) for line in lines]
            if self.more:
                return
            before += _size(source)
            self.done = before

    def _of_plain(self, opened: Opened, at: int | None) -> Iterator[Found]:
        source, end = opened.source, opened.end()
        if self._wanted.newest_first:
            for top, lines in self._scan(source).backwards(end if at is None else past.line_start(source, min(at, end))):
                yield end - top, lines
            return
        yield from self._scan(source).forwards(0 if at is None else self._after(source, at), end)

    def _of_packed(self, source: Packed, at: int | None) -> Iterator[Found]:
        """A packed file is read from its beginning, whatever is wanted first."""
        if not self._wanted.newest_first:
            while at is not None and not source.go_to(at):
                yield source.packed_place(at), []
            for place, lines in self._scan(source).forwards(0 if at is None else self._after(source, at), None):
                yield source.packed_place(place), lines
            return
        newest = Newest(self._wanted.limit)
        for place, piece in self._scan(source).pieces(0, at):
            newest.add(piece)
            yield source.packed_place(place), []
            if newest.is_full:
                for _ in newest.settle():
                    yield source.packed_place(place), []
        for _ in newest.settle():
            yield source.packed_size, []
        # A part of a line is not to be shown: what is hidden in it could not be told.
        top = past.line_start(source, at) if at is not None else None
        yield source.packed_size, [line for line in reversed(newest.hits) if top is None or line[0] < top]
        self.more = newest.is_cut

    def _scan(self, source: Source) -> Scan:
        return Scan(source, self._wanted.filter, self._redactor, self._buffer)

    def _after(self, source: Source, offset: int) -> int:
        """Where the line after the one at this offset begins."""
        return past.after(source, offset, source.end or 1 << 62, 1, Filter(), self._redactor).next


def _hit(opened: Opened, line: Line, index: Index | None) -> Hit:
    offset, _ = line
    number = index.line_at(opened.source, offset) if index is not None else None
    return Hit(opened.file, opened.generation, offset, to_texts([line])[0], number)


def _from(ordered: list[Opened], generation: str, offset: int, known: Known | None) -> list[Opened]:
    """The sources from the one on in which the last hit was. It may have been rotated, or packed, since."""
    is_it: tuple[Callable[[Opened], bool], ...] = (
        lambda opened: opened.generation == generation,
        lambda opened: opened.source.is_of(generation, offset, known),
        lambda opened: opened.source.is_of(generation, offset, known, moved=True),
    )
    for is_the_one in is_it:
        for at, opened in enumerate(ordered):
            if is_the_one(opened):
                return [dataclasses.replace(opened, asked=generation), *ordered[at + 1 :]]
    raise Gone


def _size(source: Source) -> int:
    if isinstance(source, Packed):
        return source.packed_size
    return source.size() if source.end is None else source.end
