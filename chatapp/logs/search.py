"""Searching a whole file and its rotated files: hits come out piece by piece, with how far it is.

Sources come from `logs.history`; what is found goes to `web.log_api`, which runs `Search.step` in the thread pool of the
searches, one step after the other, so that no search holds a thread for long and one whose reader is gone ends by itself.

A piece of the file is given to RE2 as a whole, which finds nothing in most of them, at the speed of memory and without
the interpreter's lock. Only where something was found, or where blacking out could make a difference, the piece is
blacked out and looked at line by line: what is hidden is not found. A line is searched in its first `PIECE_BYTES`.
"""

import dataclasses
import os
import time
from collections import deque
from collections.abc import Iterator

from chatapp.logs import lines as texts
from chatapp.logs import past
from chatapp.logs.conditions import Condition, Filter
from chatapp.logs.generation import Source
from chatapp.logs.history import Opened
from chatapp.logs.index import Indexes
from chatapp.logs.lines import Line
from chatapp.logs.packed import Packed
from chatapp.logs.redact import Redactor

#: How much is searched at a time, in bytes. Between two pieces the interpreter's lock is given away.
PIECE_BYTES = 524_288
#: A step of a search takes no longer than this, and a piece (seconds).
STEP_SECONDS = 0.02
#: The most hits of one search; who wants more goes on from the last.
MAX_HITS = 5000
#: Of a longer line the part around the hit is told, in bytes.
HIT_BYTES = 4096
LEAD_BYTES = 512


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
    """One search. `sources` are newest first."""

    def __init__(self, sources: list[Opened], wanted: Wanted, redactor: Redactor, indexes: Indexes) -> None:
        self._wanted = wanted
        self._redactor = redactor
        self._indexes = indexes
        ordered = sources if wanted.newest_first else sources[::-1]
        if wanted.cursor is not None:
            names = [opened.source.name for opened in ordered]
            ordered = ordered[names.index(wanted.cursor[0]) :] if wanted.cursor[0] in names else ordered
        self._sources = ordered
        self._run = self._all()
        # Read into again and again: half a megabyte taken and given back each time costs more than searching it.
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
        return found

    def _all(self) -> Iterator[list[Hit]]:
        """Piece by piece, what is found in each; an empty list for a piece without."""
        before = 0
        for opened in self._sources:
            self.file = opened.file
            source = opened.source
            cursor = self._wanted.cursor
            at = cursor[1] if cursor is not None and cursor[0] == source.name else None
            pieces = self._of_packed(source, at) if isinstance(source, Packed) else self._of_plain(opened, at)
            for place, lines in pieces:
                self.done = before + place
                yield [self._hit(opened, line) for line in lines]
            before += _size(source)
            self.done = before

    def _of_plain(self, opened: Opened, at: int | None) -> Iterator[tuple[int, list[Line]]]:
        source, end = opened.source, opened.end()
        if not self._wanted.newest_first:
            start = 0 if at is None else past.after(source, at, end, 1, Filter(), self._redactor).next
            for offset, lines in self._forwards(source, start, end):
                yield offset, lines
            return
        top = end if at is None else at
        while top > 0:
            base = max(0, top - PIECE_BYTES)
            data = b"" if texts.encoding_of(source.beginning) else self._read(source, base, top - base)
            # Where the first line begins of which nothing is missing; not the end of the last one.
            start = 0 if base == 0 else data.find(b"\n", 0, max(0, len(data) - 1)) + 1
            if data and (start or base == 0):
                yield end - base - start, self._in_piece(source, base, data, start, len(data))[::-1]
                top = base + start
            else:
                for place, lines in self._long_line(source, base, top):
                    yield end - place, lines
                top = place

    def _long_line(self, source: Source, base: int, top: int) -> Iterator[tuple[int, list[Line]]]:
        """The lines before `top`, from the one that begins before `base` on; and how far it is on the way back."""
        while (start := past.line_start(source, base, max(0, base - PIECE_BYTES))) > 0 and start == base - PIECE_BYTES:
            base = start
            yield top, []
        found: list[Line] = []
        for _, lines in self._forwards(source, start, top):
            found += lines
            yield top, []
        yield start, found[::-1]

    def _of_packed(self, source: Packed, at: int | None) -> Iterator[tuple[int, list[Line]]]:
        """A packed file is read from its beginning, whatever is wanted first."""
        newest = self._wanted.newest_first
        start = (
            past.after(source, at, at + PIECE_BYTES, 1, Filter(), self._redactor).next
            if at is not None and not newest
            else 0
        )
        kept: deque[Line] = deque(maxlen=self._wanted.limit + 1)
        for offset, lines in self._forwards(source, start, at if newest else None):
            if newest:
                kept.extend(lines)
            yield source.packed_place(offset), [] if newest else lines
        yield source.packed_size, list(kept)[::-1]

    def _forwards(self, source: Source, start: int, end: int | None) -> Iterator[tuple[int, list[Line]]]:
        """The lines that match between two places, a piece at a time, each with the place it ends at."""
        if texts.encoding_of(source.beginning):
            yield from self._in_wide(source, start, end)
            return
        while end is None or start < end:
            data = self._read(source, start, PIECE_BYTES if end is None else min(PIECE_BYTES, end - start))
            if not data:
                return
            is_last = len(data) < PIECE_BYTES
            cut = len(data) if is_last else data.rfind(b"\n") + 1
            if cut:
                yield start + cut, self._in_piece(source, start, data, 0, cut)
                start += cut
            else:  # one line, longer than a piece
                yield start + len(data), self._in_piece(source, start, data, 0, len(data))
                start += len(data)
                newline = -1
                while newline < 0 and (
                    data := source.read(start, PIECE_BYTES if end is None else min(PIECE_BYTES, end - start))
                ):
                    newline = data.find(b"\n")
                    start += len(data) if newline < 0 else newline + 1
                    yield start, []

    def _read(self, source: Source, offset: int, size: int) -> bytes | bytearray:
        """A piece of the file, good until the next is read."""
        if isinstance(source, Packed):
            return source.read(offset, size)
        count = os.preadv(source.fd, [memoryview(self._buffer)[:size]], offset)
        return self._buffer if count == len(self._buffer) else bytes(self._buffer[:count])

    def _in_piece(self, source: Source, offset: int, data: bytes | bytearray, begin: int, end: int) -> list[Line]:
        """The lines that match in a part of a piece of the file, which begins at `offset`."""
        include, exclude = self._wanted.filter.include, self._wanted.filter.exclude
        assert include is not None
        if not include.may_see_stars and include.next_in(data, begin, end) < 0:
            return []
        start = offset + begin
        data = past.stream(source, start, self._redactor).block(bytes(data[begin:end]))
        lines: list[Line] = []
        at = include.next_in(data, 0)
        while at >= 0:
            line_start = data.rfind(b"\n", 0, at) + 1
            line_end = data.find(b"\n", at)
            line_end = len(data) if line_end < 0 else line_end
            if line_start == len(data):
                break  # behind the last newline, where a pattern found nothing at all
            line = data[line_start:line_end].removesuffix(b"\r")
            if include.matches(line) and not (exclude is not None and exclude.matches(line)):
                lines.append((start + line_start, line))
            at = include.next_in(data, line_end + 1) if line_end + 1 < len(data) else -1
        return lines

    def _in_wide(self, source: Source, start: int, end: int | None) -> Iterator[tuple[int, list[Line]]]:
        splitter, blackout = source.splitter(start), past.stream(source, start, self._redactor)
        while data := source.read(splitter.end, PIECE_BYTES if end is None else min(PIECE_BYTES, end - splitter.end)):
            yield splitter.end, self._wanted.filter.select(blackout.lines(splitter.feed(data)))
        yield splitter.end, self._wanted.filter.select(blackout.lines(splitter.flush()))

    def _hit(self, opened: Opened, line: Line) -> Hit:
        offset, text = line
        include = self._wanted.filter.include
        assert include is not None
        index = self._indexes.known(opened.source)
        number = index.line_at(opened.source, offset) if index is not None else None
        shown = texts.to_texts([(offset, _around(text, include))])[0]
        return Hit(opened.file, opened.source.name, offset, shown, number)


def _around(text: bytes, include: Condition) -> bytes:
    """The part of a long line in which the hit is."""
    if len(text) <= HIT_BYTES:
        return text
    start = max(0, include.next_in(text, 0) - LEAD_BYTES)
    while start and text[start] & 0xC0 == 0x80:  # not within a character
        start -= 1
    return ("… ".encode() if start else b"") + text[start : start + HIT_BYTES] + " …".encode()


def _size(source: Source) -> int:
    if isinstance(source, Packed):
        return source.packed_size
    return source.size() if source.end is None else source.end
