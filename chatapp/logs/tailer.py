"""Tailer: follows one file by name, through all that happens to the name.

One greenlet a file, shared by all who look at it. What the name stands for is opened by `Catalog.open` and read by a
`Chain`, one generation after the other. Here it is looked whether the name still stands for what is open: whether it may
be read, is gone, or another file has taken the name. That waits behind the old one (`logs.waiting`), because who writes may
not have heard of it yet; and rotated files that nobody saw while they had the name are found beside it
(`logs.successors`). What is told of all this goes to a `Listener` (`logs.feed`), called on the tail greenlet.
"""

import errno
import logging
import math
import os
from collections.abc import Callable

from chatapp.logs.chain import Chain
from chatapp.logs.ended import Ended
from chatapp.logs.generation import Bookmark, Source
from chatapp.logs.known import Known
from chatapp.logs.lines import Line
from chatapp.logs.reading import PARTIAL_SECONDS, Reading
from chatapp.logs.rotated import Surroundings
from chatapp.logs.states import WAITING, Listener, State, Teller, trouble
from chatapp.logs.successors import GONE_SECONDS, Successors
from chatapp.logs.watch import Watch
from chatapp.realtime.threads import in_thread

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
        self._bookmark = bookmark  # of an earlier tailer of this file
        self.surroundings = surroundings
        self.ended = Ended()
        self._successors = Successors(open_source, surroundings, self.ended)
        self._teller = Teller(listener, watch)
        self._chain = Chain(self._path, self._successors, self.ended, watch, listener, self._teller, known or Known())

    @property
    def state(self) -> State:
        """What was told last of the file."""
        return self._teller.state

    @property
    def source(self) -> Source | None:
        """What is read at the moment; None before the first."""
        return self._chain.source

    @property
    def position(self) -> int:
        """The offset in `source` up to which all lines were told: the beginning of the first line that is not whole yet."""
        return self._chain.reading.position if self._chain.reading is not None else 0

    @property
    def half(self) -> Line | None:
        """The half line that was told, until it is whole."""
        return self._chain.reading.half if self._chain.reading is not None else None

    def bookmark(self) -> Bookmark | None:
        """What to remember when this tailer ends."""
        return self.source.bookmark(self.position) if self.source is not None else self._bookmark

    def let_go(self) -> None:
        """Hold nothing open any more, at once: by itself the collector would come for it, on an idle server much later."""
        self.ended.forget()
        self._successors.glimpsed = None
        self._chain.let_go()

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
        if self._successors.missing_since:
            waits.append(GONE_SECONDS)
        if self._chain.waiting:
            waits.append(GRACE_LOOK_SECONDS)
        reading = self._chain.reading
        if reading is not None:
            if not reading.end and reading.first_at:
                waits.append(PARTIAL_SECONDS)
            if reading.half_in is not None:
                waits.append(max(0.01, reading.half_in))
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
        reading = self._chain.reading
        if reading is None:
            self._try_to_open()
            return
        if self._may_read(reading):
            self._chain.read_on()
            self._look_at_name()
            self._chain.advance()
            self._chain.look_at_half()
        self._successors.glimpsed = None
        self._chain.look_at_ended()

    def _may_read(self, reading: Reading) -> bool:
        """Whether what is open may still be opened: asked again when its mode or owner changes, and until it may."""
        source = reading.source
        status = os.fstat(source.fd)
        access = (status.st_mode, status.st_uid, status.st_gid)
        if access == reading.access and self.state.kind != "denied":
            return True
        try:
            opened = self._open_source()
            self._successors.glimpsed = opened if opened.identity != source.identity else None
        except PermissionError as error:
            self._teller.tell(trouble(error, gone=True))
            # Another file, which can't be opened, has the name: what is open was ours to read, and still is.
            return self._successors.named() not in (None, source.identity)
        except (FileNotFoundError, NotADirectoryError):
            pass
        reading.access = access
        return True

    def _look_at_name(self) -> None:
        """Whether the name still stands for what took it last; if not, what has it now gets in line."""
        newest = self._chain.waiting.newest or self.source
        assert newest is not None
        glimpsed = self._successors.glimpsed
        try:
            status = os.stat(self._path)
        except OSError as error:
            if glimpsed is not None and glimpsed.identity != newest.identity:
                self._take_in_line(newest)  # gone again, but open
            # Between the rename and the creation of a rotation there is no file for a moment: not worth a word.
            if self._successors.is_gone():
                self._teller.tell(trouble(error, gone=True))
            return
        if (status.st_dev, status.st_ino) != newest.identity:
            self._take_in_line(newest)
        else:
            self._teller.tell_opened()
            self._successors.missing_since = 0.0

    # Opening, and the line of those that wait.

    def _try_to_open(self) -> None:
        appeared = self.state == WAITING
        in_thread(self.surroundings.note)
        try:
            source = self._open_source()
        except OSError as error:
            self._teller.tell(trouble(error, gone=False))
            return
        if self._bookmark is not None and source.is_at(self._bookmark):
            source.name = self._bookmark.name  # the name of before: positions in it stay good
        # Someone who comes to a file that stands there is shown its end; of one that appears, nothing is left out.
        start = 0 if appeared else source.start_of_last_line(source.size())
        self.surroundings.see([source])
        self._chain.begin(source, start)
        self._teller.tell_opened()
        self._chain.read_on()

    def _take_in_line(self, newest: Source) -> None:
        """Another file has the name: it waits behind what had it before, and behind what had it in between."""
        assert self.source is not None
        try:
            following = self._successors.after([self.source, *self._chain.waiting.all()])
        except OSError as error:
            self._teller.tell(trouble(error, gone=True))
            return
        if not following:
            return  # renamed back between two looks
        if len(following) == 1 and not self._successors.missing_since:
            newest.gap_follows = self._successors.may_have_been_between(newest, following[0])
        self._chain.waiting.add(newest, following)
        self._successors.missing_since = 0.0
        self._watch.stale = True
        self._watch.found()

    def _lose(self) -> None:
        """The server of a network file system no longer knows what is open (ESTALE).

        If the name stands for a file with the same contents this goes on in it; else the old one was rotated away (R16).
        """
        reading, waiting = self._chain.reading, self._chain.waiting
        if reading is None or waiting.forget_stale():
            return
        if not waiting:
            try:
                new = self._open_source()
            except OSError as error:
                self._teller.tell(trouble(error, gone=True))
                return
            if new.is_copy(reading.source.beginning, reading.tail, reading.end):
                reading.source.go_on_in(new)
                return
            waiting.add(reading.source, [new])
        self._chain.lose()
