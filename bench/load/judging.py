"""What witnesses have heard, looked at afterwards: is it whole, in order, the same for all, and how late did it come.

Works on arrays, because a witness may have heard a million messages.
"""

import dataclasses
from collections.abc import Sequence

import numpy
from numpy.typing import NDArray

from bench.load import wire
from bench.load.reading import Heard
from bench.load.texts import CLOCK, HEAD, MARK

Numbers = NDArray[numpy.int64]
#: Frames of a stream that are looked at one by one.
_FRAMES = 100_000


@dataclasses.dataclass
class Messages:
    """The messages of one stream, in their order, as columns."""

    #: Where each ends in the stream that came.
    ends: Numbers
    sender: Numbers
    number: Numbers
    stamp: Numbers

    def same_as(self, other: "Messages") -> bool:
        """Whether both tell the same in the same order."""
        return numpy.array_equal(self.sender, other.sender) and numpy.array_equal(self.number, other.number)


def messages(stream: bytes, text_bytes: int) -> Messages:
    """Those in a stream of frames that are not packed."""
    starts = _marks(stream)
    return _columns(stream, starts, starts + max(text_bytes, HEAD))


def packed_messages(stream: bytes) -> Messages:
    """Those in a stream of frames that may be packed."""
    texts, ends = [], []
    for opcode, payload, end in wire.frames(stream):
        if opcode == wire.TEXT and MARK in payload:
            at = payload.index(MARK)
            texts.append(payload[at : at + HEAD])
            ends.append(end)
    plain = b"".join(texts)
    return _columns(plain, numpy.arange(0, len(plain), HEAD), numpy.array(ends, dtype=numpy.int64))


def _marks(stream: bytes) -> Numbers:
    letters = numpy.flatnonzero(numpy.frombuffer(stream, numpy.uint8) == MARK[0])
    last = len(MARK) - 1
    return letters[:-last][letters[last:] - letters[:-last] == last] if len(letters) > last else letters[:0]


def _columns(stream: bytes, starts: Numbers, ends: Numbers) -> Messages:
    whole = starts + HEAD <= len(stream)
    starts, ends = starts[whole], ends[whole]
    data = numpy.frombuffer(stream, numpy.uint8)

    def digits(begin: int, end: int) -> Numbers:
        value = numpy.zeros(len(starts), numpy.int64)
        for at in range(begin, end):
            value = value * 10 + (data[starts + at].astype(numpy.int64) - 48)
        return value

    return Messages(ends, digits(8, 10), digits(10, 20), digits(20, 32))


def check_frames(stream: bytes) -> None:
    """Raises `wire.Corrupt` if it is no stream of frames (of a long one the beginning is looked at)."""
    for number, _ in enumerate(wire.frames(stream)):
        if number == _FRAMES:
            return


def latencies(told: Messages, heard: Heard, began: int, ended: int) -> Numbers:
    """Microseconds from sending to reading, of what was sent between two moments of the clock of the stamps."""
    reads = numpy.array([when for when, _ in heard], dtype=numpy.int64) // 1000
    lengths = numpy.cumsum([len(data) for _, data in heard])
    chosen = (told.stamp - began) % CLOCK < (ended - began) % CLOCK
    piece = numpy.searchsorted(lengths, told.ends[chosen], side="left")
    return numpy.asarray((reads[numpy.minimum(piece, len(reads) - 1)] - told.stamp[chosen]) % CLOCK)


@dataclasses.dataclass
class Verdict:
    """What the witnesses say together."""

    missing: int
    doubled: int
    #: How many different orders were seen; 1 is right.
    orders: int
    #: Messages of one sender that came before an earlier one of it.
    swapped: int


def judge(all_told: Sequence[Messages], sent: Sequence[int]) -> Verdict:
    """Hold what the witnesses were told against how many messages each sender has sent."""
    kinds: list[Messages] = []
    missing = doubled = swapped = 0
    for told in all_told:
        if not any(told is kind or told.same_as(kind) for kind in kinds):
            kinds.append(told)
        for sender, count in enumerate(sent):
            numbers = told.number[told.sender == sender]
            different = len(numpy.unique(numbers))
            missing += count - different
            doubled += len(numbers) - different
            swapped += int((numpy.diff(numbers) < 0).sum())
    return Verdict(missing, doubled, len(kinds), swapped)
