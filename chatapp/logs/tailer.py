"""Tailer: follows one file by name and tells its whole lines, once, in order, through all that happens to a file.

One greenlet a file, shared by all who look at it. Bytes come from the file that `Catalog.open` lets it open; lines
and notices go to a `Listener` (`logs.feed`), called on the tail greenlet. What the name stands for between two rotations
is a `Source` (`logs.generation`). When another file takes the name, the old one is read on for a grace period, because
who writes may not have heard of it yet; the new one's lines wait. Rotated files that nobody saw while they had the name
are found beside it (`logs.rotated`).
"""

import errno
import logging
import math
import os
import time
from collections import deque
from collections.abc import Callable

import gevent

from chatapp.logs import kernel
from chatapp.logs.ended import Ended
from chatapp.logs.generation import FINGERPRINT_BYTES, TAIL_BYTES, Bookmark, Known, Source
from chatapp.logs.lines import Line
from chatapp.logs.rotated import Surroundings
from chatapp.logs.states import BINARY, LATE, OPENED, STARTING, WAITING, Listener, State, trouble
from chatapp.logs.successors import Successors
from chatapp.logs.watch import Watch
from chatapp.realtime.threads import in_thread

#: Bytes read at a time; a turn this short blocks no other greenlet for long.
READ_BYTES = 65_536
#: A file that is missing for so long is told as gone (seconds).
GONE_SECONDS = 0.2
#: A half line is shown after so much quiet (seconds).
PARTIAL_SECONDS = 1.0
#: A file that lost its name is read on until nobody has it open for writing. Where that can't be known, or while somebody
#: has: until it was quiet for so long and lines wait in the next file; until they have waited for so long; or, while the
#: next file is empty, for so long (seconds).
QUIET_SECONDS = 2.0
GRACE_SECONDS = 5.0
LONG_GRACE_SECONDS = 60.0
#: How often it is looked at meanwhile.
GRACE_LOOK_SECONDS = 0.25
#: So many files may wait for their turn; more cut the grace short.
MAX_WAITING = 64

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
        self.source: Source | None = None
        #: The half line that was told, until it is whole.
        self.half: Line | None = None
        self.ended = Ended()
        self._successors = Successors(open_source, surroundings, self.ended)
        self._waiting: deque[Source] = deque()  # what took the name since, oldest first
        self._missing_since = 0.0  # since when the name stands for nothing, while something is open
        self._access: tuple[int, int, int] | None = None  # mode and owners with which it could be opened
        self._fed_at = 0.0  # when bytes came last
        self._how = ""  # how the file was watched when that was told

    @property
    def position(self) -> int:
        """The offset in `source` up to which all lines were told: the beginning of the first line that is not whole yet."""
        return self._splitter.offset

    def bookmark(self) -> Bookmark | None:
        """What to remember when this tailer ends."""
        return self.source.bookmark(self.position) if self.source is not None else self._bookmark

    def run(self) -> None:
        """Owned by the tail greenlet: look, wait, look again, until it is killed."""
        while True:
            if self._watch.stale:
                self._watch.arm()
            try:
                self._look()
            except OSError as error:
                if error.errno == errno.ESTALE:
                    self._lose()
                else:
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
        if self.source is not None and not self._splitter.end and self._first_at:
            waits.append(PARTIAL_SECONDS)
        if self.source is not None and self._splitter.half is not None and self.half is None:
            waits.append(max(0.01, self._fed_at + PARTIAL_SECONDS - time.monotonic()))
        return min(waits)

    def _look(self) -> None:
        """One look at the file: what was appended, and whether the name still stands for what is open."""
        if self.source is None:
            self._try_to_open()
            return
        if self._may_read():
            self._read_on()
            self._look_at_name()
            self._advance()
            self._look_at_half()
        self._successors.glimpsed = None
        self._look_at_ended()

    def _may_read(self) -> bool:
        """Whether what is open may still be opened: asked again when its mode or owner changes, and until it may."""
        assert self.source is not None
        status = os.fstat(self.source.fd)
        access = (status.st_mode, status.st_uid, status.st_gid)
        if access == self._access and self.state.kind != "denied":
            return True
        try:
            self._successors.glimpsed = self._open_source()
        except PermissionError as error:
            self._tell(trouble(error, gone=True))
            # Another file, which can't be opened, has the name: what is open was ours to read, and still is.
            return not self._has_name()
        except (FileNotFoundError, NotADirectoryError):
            pass
        self._access = access
        return True

    def _has_name(self) -> bool:
        return self.source is not None and self._successors.named() in (None, self.source.identity)

    def _look_at_name(self) -> None:
        """Whether the name still stands for what took it last; if not, what has it now gets in line."""
        assert self.source is not None
        newest = self._waiting[-1] if self._waiting else self.source
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
        self.source = source
        self._splitter = source.splitter(offset)
        self._tail = source.tail(offset)
        self._first_at = 0.0  # when the first bytes of a new file were seen
        self._looked_at = 0  # of an empty file: when it had been changed last when copies were looked for
        self._access = None
        self.half = None
        self._watch.arm()
        self._listener.began(source, offset)
        if source.is_binary:
            self._tell_binary()

    def _take_in_line(self, newest: Source) -> None:
        """Another file has the name: it waits behind what had it before, and behind what had it in between."""
        assert self.source is not None
        try:
            following = self._successors.after([self.source, *self._waiting])
        except OSError as error:
            self._tell(trouble(error, gone=True))
            return
        if not following:
            return  # renamed back between two looks
        if len(following) == 1 and not self._missing_since:
            newest.gap_follows = self._successors.may_have_been_between(newest, following[0])
        for source in following:
            newest.superseded = newest.superseded or time.monotonic()
            self._waiting.append(source)
            newest = source
        self._missing_since = 0.0
        self._watch.stale = True
        self._watch.found()

    def _advance(self) -> None:
        """End what lost the name and is over, and go on with what waits."""
        while self._waiting and self._is_over():
            self._read_on()  # what came between the last look and the end of its last writer
            if self._waiting:
                self._end("rotated")
                self._read_on()

    def _is_over(self) -> bool:
        """Whether nothing more is to be expected in the file that lost the name."""
        source, now = self.source, time.monotonic()
        assert source is not None
        if len(self._waiting) > MAX_WAITING or kernel.is_written(source.fd) is False:
            return True
        if all(other.size() <= other.start for other in self._waiting):
            return now - source.superseded >= LONG_GRACE_SECONDS
        quiet = now - max(self._fed_at, source.superseded)
        return quiet >= QUIET_SECONDS or now - source.superseded >= GRACE_SECONDS

    # Reading.

    def _read_on(self) -> None:
        """Tell all that was appended. A file that was cut or rewritten begins a new generation at 0."""
        while self.source is not None:
            source, position = self.source, self._splitter.end
            size = source.size()
            if size < position or not source.begins_as_before():
                if not self._cut("truncated" if size < position else "replaced"):
                    return
                continue
            # One read for what was read last and what follows it: nobody can change the file in between.
            data = source.read(position - len(self._tail), len(self._tail) + min(READ_BYTES, size - position))
            if not data.startswith(self._tail):
                if not self._cut("truncated" if len(data) < len(self._tail) else "replaced"):
                    return
                continue
            data = data[len(self._tail) :]
            if position == 0 and data in (b"\xff", b"\xfe"):
                return  # half a byte order mark
            if position == 0 and not self._is_beginning(data):
                if self.source is source:
                    return  # not yet
                continue
            if data:
                self._feed(source, position, data)
            if len(data) < READ_BYTES:
                return  # the end, for now: what comes after this look makes another event
            gevent.sleep(0)  # more is waiting: let the others run in between

    def _feed(self, source: Source, position: int, data: bytes) -> None:
        if position <= len(source.beginning) < FINGERPRINT_BYTES:
            source.beginning = (source.beginning[:position] + data)[:FINGERPRINT_BYTES]
            self._known.learn(source)
            if position == 0:  # now it shows how it is encoded
                self._splitter = source.splitter(0)
                if source.is_binary:
                    self._tell_binary()
        self._tail = (self._tail + data)[-TAIL_BYTES:]
        self._fed_at = time.monotonic()
        self._watch.found()
        self.half = None
        lines = self._splitter.feed(data)
        if lines:
            self._listener.lines(source, lines)

    def _look_at_half(self) -> None:
        """Show a half line after some quiet (R8)."""
        if self.source is None or self.half is not None or time.monotonic() - self._fed_at < PARTIAL_SECONDS:
            return
        self.half = self._splitter.half
        if self.half is not None:
            self._listener.half(self.source, self.half)

    def _cut(self, ending: str) -> bool:
        """The file that is open begins anew at 0 (R4). What was not read before may stand in a copy beside it.

        Returns False if this can't be told just now.
        """
        old = self.source
        assert old is not None
        new = old.again()
        new.superseded = old.superseded
        copies = self._copies()
        if copies is None:
            return False
        old.lost = True
        between = []
        for copy in copies:
            if old.lost and copy.is_copy(old.beginning, self._tail, self._splitter.end):
                old.go_on_in(copy)
                old.lost = False
            elif not old.lost or not copy.begins_like(old.beginning, 1):
                between.append(copy)  # of a later truncation
        self._put_first([*between, new])
        if not old.lost:
            self._read_rest(old)
        self._end(ending)
        return True

    def _put_first(self, sources: list[Source]) -> None:
        """Before all that wait: what had the name itself comes last, and what stands in copies is over."""
        self._waiting.extendleft(reversed(sources))
        for source in sources[:-1]:
            source.superseded = time.monotonic()

    def _copies(self) -> list[Source] | None:
        """What was in the file before what is in it now, as far as it was copied; None if this can't be told just now."""
        assert self.source is not None
        return [] if self.source.superseded else self._successors.copies(self.source, self._is_gone)

    def _is_gone(self) -> bool:
        """Whether the name has stood for nothing for long enough to be sure."""
        self._missing_since = self._missing_since or time.monotonic()
        return time.monotonic() - self._missing_since >= GONE_SECONDS

    def _is_beginning(self, data: bytes) -> bool:
        """Whether the first bytes of a file may be taken: what was in it before may have been copied and cut, unseen."""
        source = self.source
        assert source is not None
        changed_at = os.fstat(source.fd).st_mtime_ns
        if not data and changed_at == self._looked_at:
            return True  # it is still empty, and was so all the while
        if data:
            self._first_at = self._first_at or time.monotonic()
        is_short = 0 < len(data) < TAIL_BYTES and b"\n" not in data
        if is_short and not source.superseded and time.monotonic() - self._first_at < PARTIAL_SECONDS:
            return False  # too little to know the file again by
        copies = self._copies()
        if copies:
            self._put_first([*copies, source.again()])
            self._end("truncated")
        elif copies is not None:
            self._looked_at = changed_at
        return copies == []

    def _read_rest(self, source: Source) -> None:
        """Tell what a copy holds beyond what was told."""
        while data := in_thread(source.read, self._splitter.end, READ_BYTES):
            lines = self._splitter.feed(data)
            if lines:
                self._listener.lines(source, lines)

    def _lose(self) -> None:
        """The server of a network file system no longer knows what is open (ESTALE).

        If the name stands for a file with the same contents this goes on in it; else the old one was rotated away (R16).
        """
        old = self.source
        known = deque(source for source in self._waiting if not source.is_stale)
        if old is None or len(known) < len(self._waiting):
            self._waiting = known
            return
        if not self._waiting:
            try:
                new = self._open_source()
            except OSError as error:
                self._tell(trouble(error, gone=True))
                return
            if new.is_copy(old.beginning, self._tail, self._splitter.end):
                old.go_on_in(new)
                return
            self._waiting.append(new)
        old.lost = True
        self._end("rotated")

    # Ending.

    def _end(self, ending: str) -> None:
        """Close one generation, with the half line that is left in it, and go on with the next."""
        old, new = self.source, self._waiting.popleft()
        assert old is not None
        lines = [] if self._may_come_back(old) else self._splitter.flush()
        if lines:
            self._listener.lines(old, lines, unfinished=True)
        old.end, old.ending, old.next = self._splitter.offset, ending, new
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

    def _tell_binary(self) -> None:
        assert self.source is not None
        self._listener.noticed("binary", self.source.name, BINARY)

    def _tell(self, state: State) -> None:
        if state != self.state:
            self.state = state
            self._listener.changed(state)
