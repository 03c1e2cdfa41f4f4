"""Pages of the past: lines before or after a place, and where a percentage, a line number or a time is.

A `Source` comes in (`logs.history`), lines go out to `web.log_pages`, blacked out and filtered. Works in pieces, so memory
stays small whatever the file and its lines are like; what it does can wait for the disk: call it in the thread pool.
"""

import dataclasses
import os

from chatapp.logs import times
from chatapp.logs.conditions import Filter
from chatapp.logs.generation import Source
from chatapp.logs.index import Indexes
from chatapp.logs.lines import Line
from chatapp.logs.redact import CONTEXT_BYTES, Blackout, Redactor

#: How much is read at a time.
PIECE_BYTES = 262_144
#: A page holds no more lines, and ends when its lines are larger than this together (bytes).
MAX_LINES = 5000
MAX_PAGE_BYTES = 1_048_576
#: With a filter a page ends after so many bytes were looked at; who wants more asks on.
MAX_SCAN_BYTES = 33_554_432
#: A line that is longer than this is taken for several (bytes).
MAX_LONG_BYTES = 268_435_456
#: How far is looked for a line with a time stamp (bytes); and for one that is late enough, where the stamps are in no order.
STAMP_BYTES = 1_048_576
MAX_STAMPS_BYTES = 33_554_432


class NoPlace(LookupError):
    """There is no such place; the text is a sentence."""


@dataclasses.dataclass(frozen=True)
class Page:
    """Lines, the offset where the page begins, and the one after the last line that was looked at."""

    lines: list[Line]
    begin: int
    next: int


def line_start(source: Source, position: int, least: int = 0) -> int:
    """Where the line that holds this place begins; `least` if it begins before that, as one of many gigabytes may."""
    newline = source.format.newline
    width = len(newline)
    position -= position % width
    least = max(least, position - MAX_LONG_BYTES)
    while position > least:
        size = min(PIECE_BYTES, position - least)
        block = source.read(position - size, size)
        at = block.rfind(newline)
        while at >= 0 and at % width:
            at = block.rfind(newline, 0, at + width - 1)
        if at >= 0:
            return position - size + at + width
        position -= size
    return least


def stream(source: Source, offset: int, redactor: Redactor) -> Blackout:
    """What blacks out the lines of a source from `offset` on."""
    return redactor.stream(source.context(offset, CONTEXT_BYTES))


def after(source: Source, start: int, end: int, limit: int, wanted: Filter, redactor: Redactor) -> Page:
    """Lines from `start`, where one begins, on."""
    splitter, blackout = source.splitter(start), stream(source, start, redactor)
    kept: list[Line] = []
    room = MAX_PAGE_BYTES
    done = False
    while not done:
        data = source.read(splitter.end, min(PIECE_BYTES, end - splitter.end))
        done = not data or splitter.end - splitter.offset > MAX_LONG_BYTES
        lines = splitter.feed(data) + (splitter.flush() if done else [])
        for line in wanted.select(blackout.lines(lines)):
            if len(kept) >= limit or room <= 0:
                return Page(kept, start, line[0])
            kept.append(line)
            room -= len(line[1])
        if len(kept) >= limit or room <= 0 or splitter.offset - start >= MAX_SCAN_BYTES:
            break
    return Page(kept, start, splitter.offset)


def before(source: Source, end: int, limit: int, wanted: Filter, redactor: Redactor) -> Page:
    """The last lines before `end`, where one begins or the file ends."""
    pieces: list[list[Line]] = []
    count, room, top = 0, MAX_PAGE_BYTES, end
    while top > 0 and count < limit and room > 0 and end - top < MAX_SCAN_BYTES:
        start = line_start(source, max(0, top - PIECE_BYTES))
        lines = _all(source, start, top, wanted, redactor)
        first = len(lines)
        while first > 0 and count < limit and room > 0:
            first -= 1
            count += 1
            room -= len(lines[first][1])
        pieces.append(lines[first:])
        if first > 0:
            return Page([line for piece in reversed(pieces) for line in piece], lines[first][0], end)
        top = start
    return Page([line for piece in reversed(pieces) for line in piece], top, end)


def _all(source: Source, start: int, end: int, wanted: Filter, redactor: Redactor) -> list[Line]:
    """All lines between two places. They are few, or one is very long and is cut by the splitter."""
    splitter, blackout = source.splitter(start), stream(source, start, redactor)
    kept: list[Line] = []
    while data := source.read(splitter.end, min(PIECE_BYTES, end - splitter.end)):
        kept += wanted.select(blackout.lines(splitter.feed(data)))
    return kept + wanted.select(blackout.lines(splitter.flush()))


def place_of_percent(source: Source, percent: float, end: int) -> int:
    """Where the line begins that lies at so many percent of the file."""
    return line_start(source, int(end * min(100.0, max(0.0, percent)) / 100))


def place_of_line(source: Source, number: int, end: int, indexes: Indexes) -> int:
    """Where line `number` begins. Raises `NoPlace`."""
    if len(source.format.newline) > 1:
        raise NoPlace("The lines of a UTF-16 file are not counted.")
    place = indexes.of(source).place_of(source, number, end)
    if place is None or place >= end > 0:
        raise NoPlace(f"There is no line {number} in the file.")
    return place


def place_of_time(source: Source, moment: float, end: int) -> int:
    """Where the first line begins that was written at this time or later; `end` if none was. Raises `NoPlace`."""
    latest = os.fstat(source.fd).st_mtime
    first = _stamped(source, 0, end, latest)
    if first is None:
        raise NoPlace("The lines of this file have no time stamps that are understood here.")
    low, high = first[0], end  # what is looked for is not before low, and not after high
    if first[1] >= moment:
        return first[0]
    while high - low > PIECE_BYTES:
        middle = line_start(source, (low + high) // 2)
        found = _stamped(source, middle, high, latest) if middle > low else None
        if found is None:
            if middle <= low:
                break
            high = middle
        elif found[1] < moment:
            low = found[0]
        else:
            high = middle
    # Every line from here on, until one is late enough.
    position = low
    while position < end:
        found = _stamped(source, position, end, latest, moment)
        if found is not None:
            return found[0]
        if position - low > MAX_STAMPS_BYTES:
            return high
        position = _next_start(source, min(end, position + STAMP_BYTES), end)
    return end


def _stamped(source: Source, start: int, end: int, latest: float, least: float = float("-inf")) -> tuple[int, float] | None:
    """The first line from `start` on with a time stamp, and this of at least `least`; and its time."""
    splitter = source.splitter(start)
    stop = min(end, start + STAMP_BYTES)
    while data := source.read(splitter.end, min(16_384, stop - splitter.end)):
        for offset, text in splitter.feed(data):
            seconds = times.of_line(text, latest)
            if seconds is not None and seconds >= least:
                return offset, seconds
    return None


def _next_start(source: Source, position: int, end: int) -> int:
    """The first place from `position` on where a line begins."""
    if position >= end or line_start(source, position) == position:
        return position
    splitter = source.splitter(position)
    while data := source.read(splitter.end, min(PIECE_BYTES, end - splitter.end)):
        splitter.feed(data)
        if splitter.offset > position:
            break
    return line_start(source, splitter.offset) if splitter.offset > position else end
