"""Looking through one file for the lines that a search wants, a piece at a time, forwards or backwards.

A `Source` comes from `logs.search`, which calls each generator from one thread after another; what it gets is how far
that is, and the lines that were found, of long ones the part around what was found.

A piece of the file is given to RE2 as a whole, which finds nothing in most of them, at the speed of memory and without
the interpreter's lock. Only where something was found, or where blacking out could make a difference, lines are blacked
out and looked at again: what is hidden is not found. A line that is longer than a piece is looked at in pieces that
overlap, so a match is found if it is no longer than the overlap.
"""

import dataclasses
import functools
import os
from collections.abc import Callable, Iterator

from chatapp.logs import past
from chatapp.logs.conditions import Condition, Filter
from chatapp.logs.generation import Source
from chatapp.logs.lines import BOM, Block, Line
from chatapp.logs.packed import Packed
from chatapp.logs.redact import Redactor

#: How much is looked at at a time, in bytes. Between two pieces the interpreter's lock is given away.
PIECE_BYTES = 524_288
#: How much of a long line is looked at around each piece of it.
OVERLAP_BYTES = 65_536
#: Of a longer line the part around the hit is told, in bytes.
HIT_BYTES = 4096
LEAD_BYTES = 512
#: So many lines of a piece are blacked out one by one; if there are more, the rest of the piece at once.
FEW_LINES = 8

#: How far that is, and what was found on the way.
Found = tuple[int, list[Line]]


@dataclasses.dataclass(frozen=True, slots=True)
class Piece:
    """A part of a file that was read: how much of it is held for this, and what is found in it, looked for when asked."""

    size: int
    #: Whether anything may be found; takes a fraction of the time that finding takes.
    may_hold: Callable[[], bool]
    lines: Callable[[], list[Line]]


@dataclasses.dataclass
class Scan:
    """Looks through `source` for what passes a filter that has an `include`."""

    source: Source
    wanted: Filter
    redactor: Redactor
    #: Read into again and again: half a megabyte taken and given back each time costs more than searching it.
    buffer: bytearray

    @property
    def include(self) -> Condition:
        assert self.wanted.include is not None
        return self.wanted.include

    def forwards(self, start: int, end: int | None) -> Iterator[Found]:
        """From a place where a line begins to another, or to the end of the file."""
        for place, piece in self.pieces(start, end):
            yield place, piece.lines()

    def pieces(self, start: int, end: int | None) -> Iterator[tuple[int, Piece]]:
        """The same, not looked at yet. Of what is not packed a piece is good until the next is read."""
        if self.source.format.encoding:
            for place, lines in self._decoded(start, end):
                yield place, _found(lines)
            return
        while end is None or start < end:
            data = self._read(start, PIECE_BYTES if end is None else min(PIECE_BYTES, end - start))
            if not data:
                return
            cut = len(data) if len(data) < PIECE_BYTES else data.rfind(b"\n") + 1
            if cut:
                may_hold = functools.partial(self._may_hold, start, data, cut)
                yield start + cut, Piece(len(data), may_hold, functools.partial(self._in_piece, start, data, 0, cut))
                start += cut
            else:
                for place, lines in self._long_line(start, end):
                    yield place, _found(lines)
                start = place

    def backwards(self, end: int) -> Iterator[Found]:
        """From a place where a line begins, or the file ends, to its beginning; the last lines first."""
        top = end
        while top > 0:
            base = max(0, top - PIECE_BYTES)
            data = b"" if self.source.format.encoding else self._read(base, top - base)
            # Where the first line begins of which nothing is missing; not the end of the last one.
            start = 0 if base == 0 else data.find(b"\n", 0, max(0, len(data) - 1)) + 1
            if data and (start or base == 0):
                top = base + start
                yield top, self._in_piece(top, data, start, len(data))[::-1]
            else:
                for place, lines in self._back_over_long_line(base, top):
                    yield place, lines
                top = place

    def _back_over_long_line(self, base: int, top: int) -> Iterator[Found]:
        """The lines before `top`, from the one that begins before `base` on."""
        while (start := past.line_start(self.source, base, max(0, base - PIECE_BYTES))) > 0 and start == base - PIECE_BYTES:
            base = start
            yield top, []
        found: list[Line] = []
        for _, lines in self.forwards(start, top):
            found += lines
            yield top, []
        yield start, found[::-1]

    def _read(self, offset: int, size: int) -> bytes | bytearray:
        """A piece of the file, good until the next is read."""
        if isinstance(self.source, Packed):
            return self.source.read(offset, size)
        count = os.preadv(self.source.fd, [memoryview(self.buffer)[:size]], offset)
        return self.buffer if count == len(self.buffer) else bytes(self.buffer[:count])

    def _may_hold(self, offset: int, data: bytes | bytearray, end: int) -> bool:
        is_marked = offset == 0 and data.startswith(BOM)  # the first line begins behind that
        return is_marked or self.include.may_see_stars or self.include.next_in(data, 0, end) >= 0

    def _in_piece(self, offset: int, data: bytes | bytearray, begin: int, end: int) -> list[Line]:
        """The lines that are wanted in a part of a piece, from `begin`, which is at `offset` in the file, to `end`."""
        if offset == 0 and data.startswith(BOM, begin):  # is no part of the first line, but that begins there
            width = len(BOM)
            marked = self._in_piece(width, data[begin + width : end], 0, end - begin - width)
            return [(0 if place == width else place, text) for place, text in marked]
        if self.include.may_see_stars:
            return self._in_black(offset, bytes(data[begin:end]))
        found: list[Line] = []
        looked = 0
        at = self.include.next_in(data, begin, end)
        while at >= 0:
            start = max(begin, data.rfind(b"\n", begin, at) + 1)
            here = offset + start - begin
            if looked == FEW_LINES:
                return found + self._in_black(here, bytes(data[start:end]))
            if start >= end:
                break  # behind the last newline, where a pattern found nothing at all
            looked += 1
            newline = data.find(b"\n", at, end)
            stop = end if newline < 0 else newline
            found += self._in_black(here, bytes(data[start:stop]))
            at = self.include.next_in(data, stop + 1, end) if stop + 1 < end else -1
        return found

    def _in_black(self, offset: int, data: bytes) -> list[Line]:
        """The lines that are wanted in some whole ones, once they are blacked out."""
        black = past.stream(self.source, offset, self.redactor).block(data.removesuffix(b"\n"))
        block = Block(offset, black)
        if b"\r" in black:
            block = Block.of([(start, text.removesuffix(b"\r")) for start, text in block.lines()])
        picked = self.wanted.pick(block)
        return [(start, self._excerpt(text)) for start, text in picked.lines()] if picked is not None else []

    def _excerpt(self, line: bytes) -> bytes:
        return line if len(line) <= HIT_BYTES else excerpt(line, max(0, self.include.next_in(line, 0)))

    def _long_line(self, start: int, end: int | None) -> Iterator[Found]:
        """The line that begins at `start` and is longer than a piece, piece by piece."""
        kept, is_out, place, is_last = b"", False, start, False
        while not is_last:
            lead = min(OVERLAP_BYTES, place - start)
            size = lead + PIECE_BYTES + OVERLAP_BYTES
            data = self.source.read(place - lead, size if end is None else min(size, end - place + lead))
            newline = data.find(b"\n", lead)
            is_last = newline >= 0 or len(data) < size
            part = data[:newline].removesuffix(b"\r") if newline >= 0 else data
            part = part.removeprefix(BOM) if place == 0 else part
            if not is_out:
                hit, is_out = self._in_part(part, place - lead, lead, is_last)
                kept = kept or hit
            place = (
                place - lead + newline + 1 if newline >= 0 else place - lead + len(data) if is_last else place + PIECE_BYTES
            )
            yield place, [(start, kept)] if is_last and kept and not is_out else []

    def _in_part(self, part: bytes, offset: int, lead: int, is_last: bool) -> tuple[bytes, bool]:
        """What is shown of a part of a long line if it holds what is wanted, and whether it holds what is to be left out.

        The first `lead` bytes were looked at before; what begins in the overlap at the end will be.
        """
        # One byte less than there is: at the end of what is looked at the line does not end.
        stop = len(part) if is_last else len(part) - 1
        include, exclude = self.include, self.wanted.exclude
        if exclude is None and not include.may_see_stars and include.place_in_part(part, lead, stop) < 0:
            return b"", False
        black = past.stream(self.source, offset, self.redactor).block(part, goes_on=not is_last)
        at = include.place_in_part(black, lead, stop)
        return (
            excerpt(black, at) if at >= 0 else b"",
            exclude is not None and exclude.place_in_part(black, lead, stop) >= 0,
        )

    def _decoded(self, start: int, end: int | None) -> Iterator[Found]:
        """Of a file in another encoding; of each line what is told of it."""
        splitter, blackout = self.source.splitter(start), past.stream(self.source, start, self.redactor)
        while data := self.source.read(splitter.end, PIECE_BYTES if end is None else min(PIECE_BYTES, end - splitter.end)):
            yield splitter.end, self._wanted_of(blackout.lines(splitter.feed(data)))
        yield splitter.end, self._wanted_of(blackout.lines(splitter.flush()))

    def _wanted_of(self, lines: list[Line]) -> list[Line]:
        return [(offset, self._excerpt(text)) for offset, text in self.wanted.select(lines)]


def _found(lines: list[Line]) -> Piece:
    """A piece of which it is known what is found in it."""
    return Piece(sum(len(text) for _, text in lines), lambda: bool(lines), lambda: lines)


def excerpt(text: bytes, at: int) -> bytes:
    """A line, or of a long one the part around a place."""
    if len(text) <= HIT_BYTES:
        return text
    start = max(0, at - LEAD_BYTES)
    while start and text[start] & 0xC0 == 0x80:  # not within a character
        start -= 1
    return ("… ".encode() if start else b"") + text[start : start + HIT_BYTES] + " …".encode()
