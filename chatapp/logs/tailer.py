"""Tailer: follows one file by name and tells its whole lines, once, in order, through all that happens to a file.

One greenlet a file, shared by all who look at it. Bytes come from the file that `Catalog.open` lets it open; lines
and notices go to a `Listener` (`logs.feed`), called on the tail greenlet. What the name stands for between two rotations
is a `Source` (`logs.generation`), read by a `Reading`. When another file takes the name, the old one is read on for a grace
period, because who writes may not have heard of it yet; the new one waits (`logs.waiting`). Rotated files that nobody saw
while they had the name are found beside it (`logs.successors`).
"""

import errno
import logging
import math
import os
import time
from collections.abc import Callable

import gevent

from chatapp.logs.ended import Ended
from chatapp.logs.generation import Bookmark, Source
from chatapp.logs.known import Known
from chatapp.logs.lines import Line
from chatapp.logs.reading import PARTIAL_SECONDS, READ_BYTES, Cut, Reading
from chatapp.logs.rotated import Surroundings
from chatapp.logs.states import BINARY, LATE, OPENED, STARTING, WAITING, Listener, State, trouble
from chatapp.logs.successors import Successors
from chatapp.logs.waiting import Waiting
from chatapp.logs.watch import Watch
from chatapp.realtime.threads import in_thread

#: A file that is missing for so long is told as gone (seconds).
GONE_SECONDS = 0.2
#: How often it is looked at while another file waits for its turn (seconds).
GRACE_LOOK_SECONDS = 0.25

_log = logging.getLogger(__name__)


class Tailer:
    """Follows one file. `open_source` opens it, or raises as `Catalog.open` does."""

    def __init__(
        self,
        open_source: Callable[[], Source],
        surroundings: Surroundings,
        watch: Watch,
        listener: Listener,
        bookmark: Bookmark | None = None,
        known: Known | None = None,
    ) -> None:
        self._open_source = open_source
        self._path = surroundings.path
        self._watch = watch
        self._listener = listener
        self._bookmark = bookmark  # of an earlier tailer of this file
        self._known = known or Known()
        self.surroundings = surroundings
        self.state = STARTING
        self.ended = Ended()
        self._reading: Reading | None = None  # what is open
        self._waiting = Waiting()  # what took the name since
        self._successors = Successors(open_source, surroundings, self.ended)
        self._missing_since = 0.0  # since when the name stands for nothing, while something is open
        self._access: tuple[int, int, int] | None = None  # mode and owners with which it could be opened
        self._how = ""  # how the file was watched when that was told

    @property
    def source(self) -> Source | None:
        """What is read at the moment; None before the first."""
        return self._reading.source if self._reading is not None else None

    @property
    def position(self) -> int:
        """The offset in `source` up to which all lines were told: the beginning of the first line that is not whole yet."""
        return self._reading.position if self._reading is not None else 0

    @property
    def half(self) -> Line | None:
        """The half line that was told, until it is whole."""
        return self._reading.half if self._reading is not None else None

    def bookmark(self) -> Bookmark | None:
        """What to remember when this tailer ends."""
        return self._reading.source.bookmark(self.position) if self._reading is not None else self._bookmark

    def run(self) -> None:
        """Owned by the tail greenlet: look, wait, look again, until it is killed."""
        while True:
            if self._watch.stale:
                self._watch.arm()
            try:
                self._look_or_lose()
            except OSError as error:
                # A disk or a network that fails for a moment; what is open stays open, and the next look goes on.
                _log.warning("%s can't be read for the moment: %s", self._path, error.strerror)
            except Exception:
                _log.exception("a look at %s failed", self._path)
            self._watch.wait(self._patience())

    def _patience(self) -> float:
        """How long nothing needs to be done unless something happens."""
        waits = [math.inf]
        if self._missing_since:
            waits.append(GONE_SECONDS)
        if self._waiting:
            waits.append(GRACE_LOOK_SECONDS)
        if self._reading is not None:
            if not self._reading.end and self._reading.first_at:
                waits.append(PARTIAL_SECONDS)
            half_in = self._reading.half_in
            if half_in is not None:
                waits.append(max(0.01, half_in))
        return min(waits)

    def _look_or_lose(self) -> None:
        try:
            self._look()
        except OSError as error:
            if error.errno != errno.ESTALE:
                raise
            self._lose()

    def _look(self) -> None:
        """One look at the file: what was appended, and whether the name still stands for what is open."""
        reading = self._reading
        if reading is None:
            self._try_to_open()
            return
        if self._may_read(reading.source):
            self._read_on()
            self._look_at_name()
            self._advance()
            self._look_at_half()
        self._successors.glimpsed = None
        if self.ended:
            self._look_at_ended()

    def _may_read(self, source: Source) -> bool:
        """Whether what is open may still be opened: asked again when its mode or owner changes, and until it may."""
        status = os.fstat(source.fd)
        access = (status.st_mode, status.st_uid, status.st_gid)
        if access == self._access and self.state.kind != "denied":
            return True
        try:
            opened = self._open_source()
            self._successors.glimpsed = opened if opened.identity != source.identity else None
        except PermissionError as error:
            self._tell(trouble(error, gone=True))
            # Another file, which can't be opened, has the name: what is open was ours to read, and still is.
            return self._successors.named() not in (None, source.identity)
        except (FileNotFoundError, NotADirectoryError):
            pass
        self._access = access
        return True

    def _look_at_name(self) -> None:
        """Whether the name still stands for what took it last; if not, what has it now gets in line."""
        newest = self._waiting.newest or self.source
        assert newest is not None
        glimpsed = self._successors.glimpsed
        try:
            status = os.stat(self._path)
        except OSError as error:
            if glimpsed is not None and glimpsed.identity != newest.identity:
                self._take_in_line(newest)  # gone again, but open
            # Between the rename and the creation of a rotation there is no file for a moment: not worth a word.
            if self._is_gone():
                self._tell(trouble(error, gone=True))
            return
        if (status.st_dev, status.st_ino) != newest.identity:
            self._take_in_line(newest)
        else:
            self._tell_opened()
            self._missing_since = 0.0

    # Opening, and the line of those that wait.

    def _try_to_open(self) -> None:
        appeared = self.state == WAITING
        in_thread(self.surroundings.note)
        try:
            source = self._open_source()
        except OSError as error:
            self._tell(trouble(error, gone=False))
            return
        if self._bookmark is not None and source.is_at(self._bookmark):
            source.name = self._bookmark.name  # the name of before: positions in it stay good
        # Someone who comes to a file that stands there is shown its end; of one that appears, nothing is left out.
        start = 0 if appeared else source.start_of_last_line(source.size())
        self.surroundings.see([source])
        self._begin(source, start)
        self._tell_opened()
        self._read_on()

    def _begin(self, source: Source, offset: int) -> None:
        """From now on `source` is read, from `offset`."""
        self._reading = Reading(source, offset, self._known)
        self._access = None
        self._watch.fd = source.fd
        self._watch.arm()
        self._listener.began(source, offset)
        if source.is_binary:
            self._tell_binary(source)

    def _take_in_line(self, newest: Source) -> None:
        """Another file has the name: it waits behind what had it before, and behind what had it in between."""
        assert self.source is not None
        try:
            following = self._successors.after([self.source, *self._waiting.all()])
        except OSError as error:
            self._tell(trouble(error, gone=True))
            return
        if not following:
            return  # renamed back between two looks
        if len(following) == 1 and not self._missing_since:
            newest.gap_follows = self._successors.may_have_been_between(newest, following[0])
        self._waiting.add(newest, following)
        self._missing_since = 0.0
        self._watch.stale = True
        self._watch.found()

    def _advance(self) -> None:
        """End what lost the name and is over, and go on with what waits."""
        while (reading := self._reading) is not None and self._waiting.is_turn(reading.source, reading.fed_at):
            self._read_on()  # what came between the last look and the end of its last writer
            if self._waiting:
                self._end("rotated")
                self._read_on()

    # Reading.

    def _read_on(self) -> None:
        """Tell all that was appended. A file that was cut or rewritten begins a new generation at 0."""
        while (reading := self._reading) is not None:
            try:
                data = reading.more()
            except Cut as cut:
                if not self._cut(reading, cut.how):
                    return
                continue
            if reading.end == 0 and not self._is_beginning(reading, data):
                if self._reading is reading:
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

    def _look_at_half(self) -> None:
        """Show a half line after some quiet (R8)."""
        reading = self._reading
        if reading is not None and reading.half_in == 0:
            self._listener.half(reading.source, reading.show_half())

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
        self._waiting.add_first([*between, new])
        if not old.lost:
            self._read_rest(reading)
        self._end(ending)
        return True

    def _copies(self, source: Source, is_ours: Callable[[Source], bool] = lambda _copy: False) -> list[Source] | None:
        """What was in the file before what is in it now, as far as it was copied; None if this can't be told just now."""
        return [] if source.superseded else self._successors.copies(source, self._is_gone, is_ours)

    def _is_gone(self) -> bool:
        """Whether the name has stood for nothing for long enough to be sure."""
        self._missing_since = self._missing_since or time.monotonic()
        return time.monotonic() - self._missing_since >= GONE_SECONDS

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
            self._waiting.add_first([*copies, source.again()])
            self._end("truncated")
        elif copies is not None:
            reading.settled_at = changed_at
        return copies == []

    def _read_rest(self, reading: Reading) -> None:
        """Tell what a copy holds beyond what was told."""
        while data := in_thread(reading.source.read, reading.end, READ_BYTES):
            self._take(reading, data)

    def _lose(self) -> None:
        """The server of a network file system no longer knows what is open (ESTALE).

        If the name stands for a file with the same contents this goes on in it; else the old one was rotated away (R16).
        """
        reading = self._reading
        if reading is None or self._waiting.forget_stale():
            return
        if not self._waiting:
            try:
                new = self._open_source()
            except OSError as error:
                self._tell(trouble(error, gone=True))
                return
            if new.is_copy(reading.source.beginning, reading.tail, reading.end):
                reading.source.go_on_in(new)
                return
            self._waiting.add(reading.source, [new])
        reading.source.lost = True
        self._end("rotated")

    # Ending.

    def _end(self, ending: str) -> None:
        """Close one generation, with the half line that is left in it, and go on with the next."""
        reading, new = self._reading, self._waiting.next()
        assert reading is not None
        old = reading.source
        rest = None if self._may_come_back(old) else reading.rest()
        if rest is not None:
            self._listener.lines(old, rest, unfinished=True)
        old.end, old.ending, old.next = reading.position, ending, new
        self.ended.add(old)
        mark = self.ended.bookmark(new)
        if mark is not None:  # it had the name before: nothing of it comes twice (R6)
            new.name, new.start = mark.name, mark.position
        self._begin(new, new.start)
        self.state = OPENED  # told by the end of the old one
        self._how = self._watch.how
        self._listener.ended(old)

    def _may_come_back(self, source: Source) -> bool:
        """Whether a half line may still become whole: what a link led to goes on, and the link may lead there again."""
        return not source.lost and os.path.islink(self._path) and os.fstat(source.fd).st_nlink > 0

    def _look_at_ended(self) -> None:
        """Say so if something was written to a file after it was over."""
        named = self._successors.named()
        if named is not None and not os.path.islink(self._path):  # what a link led to may well go on
            for source in self.ended.late(named):
                self._listener.noticed("gap", source.name, LATE, offset=source.end, to=source.size())
        self.ended.let_go()

    # Telling.

    def _tell_opened(self) -> None:
        """It is followed; told again if how it is watched changes."""
        if self.state == OPENED and self._watch.how != self._how:
            self._how = self._watch.how
            self._listener.changed(self.state)
        elif self.state != OPENED:
            self._how = self._watch.how
            self._tell(OPENED)

    def _tell_binary(self, source: Source) -> None:
        self._listener.noticed("binary", source.name, BINARY)

    def _tell(self, state: State) -> None:
        if state != self.state:
            self.state = state
            self._listener.changed(state)
