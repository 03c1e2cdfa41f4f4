"""Chain: the generations of one file, each read to its end and then the next, told as whole lines, once, in order.

`logs.tailer` owns a chain, on its greenlet: it opens the first generation and puts in line what takes the name after that
(`waiting`); when its turn is is asked here. What is open is read by a `Reading`. If it is cut or rewritten in place, a new
generation begins, and what was not read before may stand in a copy beside it (`logs.successors`). Lines and ends go to a
`Listener` (`logs.feed`).
"""

import os
from collections.abc import Callable

import gevent

from chatapp.logs.ended import Ended
from chatapp.logs.generation import Source
from chatapp.logs.known import Known
from chatapp.logs.reading import READ_BYTES, Cut, Reading
from chatapp.logs.states import BINARY, LATE, Listener, Teller
from chatapp.logs.successors import Successors
from chatapp.logs.waiting import Waiting
from chatapp.logs.watch import Watch
from chatapp.realtime.threads import in_thread


class Chain:
    """What is open, what waits behind it, and what came before (`ended`)."""

    def __init__(
        self, path: str, successors: Successors, ended: Ended, watch: Watch, listener: Listener, teller: Teller, known: Known
    ) -> None:
        self._path = path
        self._successors = successors
        self._ended = ended
        self._watch = watch
        self._listener = listener
        self._teller = teller
        self._known = known
        self.reading: Reading | None = None  # what is open
        self.waiting = Waiting()  # what took the name since

    @property
    def source(self) -> Source | None:
        """What is read at the moment; None before the first."""
        return self.reading.source if self.reading is not None else None

    def begin(self, source: Source, offset: int) -> None:
        """From now on `source` is read, from `offset`."""
        self.reading = Reading(source, offset, self._known)
        self._watch.fd = source.fd
        self._watch.arm()
        self._listener.began(source, offset)
        if source.is_binary:
            self._tell_binary(source)

    def advance(self) -> None:
        """End what lost the name and is over, and go on with what waits."""
        while (reading := self.reading) is not None and self.waiting.is_turn(reading.source, reading.fed_at):
            self.read_on()  # what came between the last look and the end of its last writer
            if self.waiting:
                self._end("rotated")
                self.read_on()

    def let_go(self) -> None:
        """Hold nothing open any more. Nothing follows."""
        self.reading = None
        self.waiting = Waiting()

    def lose(self) -> None:
        """What is open can't be read any more: go on with what waits."""
        assert self.reading is not None
        self.reading.source.lost = True
        self._end("rotated")

    # Reading.

    def read_on(self) -> None:
        """Tell all that was appended. A file that was cut or rewritten begins a new generation at 0."""
        while (reading := self.reading) is not None:
            try:
                data = reading.more()
            except Cut as cut:
                if not self._cut(reading, cut.how):
                    return
                continue
            if reading.end == 0 and not self._is_beginning(reading, data):
                if self.reading is reading:
                    return  # not yet
                continue
            if data:
                self._take(reading, data)
            if len(data) < READ_BYTES:
                return  # the end, for now: what comes after this look makes another event
            gevent.sleep(0)  # more is waiting: let the others run in between

    def _take(self, reading: Reading, data: bytes) -> None:
        is_first = reading.end == 0
        block = reading.take(data)
        if is_first and reading.source.is_binary:
            self._tell_binary(reading.source)
        self._watch.found()
        if block is not None:
            self._listener.lines(reading.source, block)

    def _read_rest(self, reading: Reading) -> None:
        """Tell what a copy holds beyond what was told."""
        while data := in_thread(reading.source.read, reading.end, READ_BYTES):
            self._take(reading, data)

    def look_at_half(self) -> None:
        """Show a half line after some quiet (R8)."""
        reading = self.reading
        if reading is not None and reading.half_in == 0:
            self._listener.half(reading.source, reading.show_half())

    def _tell_binary(self, source: Source) -> None:
        self._listener.noticed("binary", source.name, BINARY)

    # Cut in place.

    def _cut(self, reading: Reading, ending: str) -> bool:
        """The file that is open begins anew at 0 (R4). What was not read before may stand in a copy beside it.

        Returns False if this can't be told just now.
        """
        old = reading.source
        new = old.again()
        new.superseded = old.superseded

        def is_ours(copy: Source) -> bool:
            return copy.is_copy(old.beginning, reading.tail, reading.end)

        copies = self._copies(old, is_ours)
        if copies is None:
            return False
        old.lost = True
        between = []
        for copy in copies:
            if old.lost and is_ours(copy):
                old.go_on_in(copy)
                old.lost = False
            elif not old.lost or not copy.begins_like(old.beginning, 1):
                between.append(copy)  # of a later truncation
        self.waiting.add_first([*between, new])
        if not old.lost:
            self._read_rest(reading)
        self._end(ending)
        return True

    def _is_beginning(self, reading: Reading, data: bytes) -> bool:
        """Whether the first bytes of a file may be taken: what was in it before may have been copied and cut, unseen."""
        source = reading.source
        changed_at = os.fstat(source.fd).st_mtime_ns
        if not data and changed_at == reading.settled_at:
            return True  # it is still empty, and was so all the while
        if reading.is_too_short(data) and not source.superseded:
            return False
        copies = self._copies(source)
        if copies:
            self.waiting.add_first([*copies, source.again()])
            self._end("truncated")
        elif copies is not None:
            reading.settled_at = changed_at
        return copies == []

    def _copies(self, source: Source, is_ours: Callable[[Source], bool] = lambda _copy: False) -> list[Source] | None:
        """What was in the file before what is in it now, as far as it was copied; None if this can't be told just now."""
        return [] if source.superseded else self._successors.copies(source, is_ours)

    # Ending.

    def _end(self, ending: str) -> None:
        """Close one generation, with the half line that is left in it, and go on with the next."""
        reading, new = self.reading, self.waiting.next()
        assert reading is not None
        old = reading.source
        rest = None if self._may_grow(old) else reading.rest()
        if rest is not None:
            self._listener.lines(old, rest, unfinished=True)
        old.end, old.ending, old.next = reading.position, ending, new
        self._ended.add(old)
        mark = self._ended.bookmark(new)
        if mark is not None:  # it had the name before: nothing of it comes twice (R6)
            new.name, new.start = mark.name, mark.position
        self.begin(new, new.start)
        self._teller.know_opened()  # told by the end of the old one
        self._listener.ended(old)

    def _may_grow(self, source: Source) -> bool:
        """Whether a half line may still become whole: what a link led to goes on, and the link may lead there again."""
        return not source.lost and os.path.islink(self._path) and os.fstat(source.fd).st_nlink > 0

    def look_at_ended(self) -> None:
        """Say so if something was written to a file after it was over."""
        if not self._ended:
            return
        named = self._successors.named()
        if named is not None and not os.path.islink(self._path):  # what a link led to may well go on
            for source in self._ended.late(named):
                self._listener.noticed("gap", source.name, LATE, offset=source.end, to=source.size())
        self._ended.let_go()
