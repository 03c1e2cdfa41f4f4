"""Tailer: follows one file by name and tells its whole lines, once, in order, through rotation and truncation.

One greenlet a file, shared by all who look at it. Bytes come from the file that `Catalog.open` lets it open; lines
and notices go to a `Listener` (`logs.feed`), called on the tail greenlet. A `Source` is one generation of the file: what
the name stood for between two rotations or truncations. What is written to
a renamed file after its successor was opened is not read.
"""

import dataclasses
import errno
import hashlib
import itertools
import logging
import math
import os
import re
import secrets
import time
import weakref
from collections.abc import Callable
from typing import Protocol

import gevent

from chatapp.logs import reader
from chatapp.logs.files import NotAllowed
from chatapp.logs.lines import Line, LineSplitter
from chatapp.logs.watch import Watch

#: Bytes read at a time; a turn this short blocks no other greenlet for long.
READ_BYTES = 65_536
#: A file that is missing for so long is told as gone (seconds).
GONE_SECONDS = 0.2
#: How much of a file's beginning its fingerprint covers.
FINGERPRINT_BYTES = 1024

# This run of the server, and the generations it has met.
_RUN = secrets.token_hex(4)
_numbers = itertools.count(1)
_NAME = re.compile(
    r"[0-9a-f]{1,16}-[0-9a-f]{1,16}-(?P<length>[0-9]{1,4})-(?P<fingerprint>[0-9a-f]{16})-(?P<run>[0-9a-f]{8})-[0-9]{1,18}"
)

_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Bookmark:
    """What a feed that ended remembers of its file: under which name, and up to where, it was told."""

    name: str
    identity: tuple[int, int]
    position: int
    #: Hashes of the first bytes, and of the last before the position.
    beginning: str
    end: str


class Source:
    """One generation of a file, held open: even renamed or deleted it can still be read.

    `name` identifies it, also after a restart of the server: device, inode, a hash of the first bytes and how many
    these were, this run of the server, and a number.
    """

    def __init__(self, fd: int) -> None:
        self.fd = fd
        # Readers of the past may hold a source longer than the tailer does: the last one closes the file.
        weakref.finalize(self, os.close, fd)
        status = os.fstat(fd)
        self.identity = (status.st_dev, status.st_ino)
        length = min(status.st_size, FINGERPRINT_BYTES)
        parts = (
            f"{status.st_dev:x}",
            f"{status.st_ino:x}",
            str(length),
            self._fingerprint(length),
            _RUN,
            str(next(_numbers)),
        )
        self.name = "-".join(parts)
        #: Where it ended, once it has; and what came after it.
        self.end: int | None = None
        self.next: Source | None = None
        #: How it ended: "rotated" or "truncated".
        self.ending = ""

    def size(self) -> int:
        return os.fstat(self.fd).st_size

    def read(self, offset: int, size: int) -> bytes:
        return os.pread(self.fd, size, offset)

    def was(self, name: str, offset: int) -> bool:
        """Whether a position (name, offset) that another run of the server told means this file.

        Within one run names are compared; across runs the file itself has to tell: the same inode, the same first
        bytes, and a line that begins at the offset.
        """
        match = _NAME.fullmatch(name)
        if match is None or match["run"] == _RUN:
            return False
        length = int(match["length"])
        if length == 0 and offset:
            return False  # it was empty then: nothing tells it from one that was truncated since
        return (
            name.startswith("{:x}-{:x}-".format(*self.identity))
            and length <= min(FINGERPRINT_BYTES, self.size())
            and match["fingerprint"] == self._fingerprint(length)
            and self._is_start_of_line(offset)
        )

    def bookmark(self, position: int) -> Bookmark:
        """What to remember of it when it is closed, told up to `position`."""
        return Bookmark(self.name, self.identity, position, *self._hashes(position))

    def continue_from(self, bookmark: Bookmark) -> None:
        """Take the name of before, if this is the same file and no shorter: positions in it stay good."""
        same = self.identity == bookmark.identity and self.size() >= bookmark.position
        if same and self._hashes(bookmark.position) == (bookmark.beginning, bookmark.end):
            self.name = bookmark.name

    def _hashes(self, position: int) -> tuple[str, str]:
        length = min(position, FINGERPRINT_BYTES)
        return self._fingerprint(length), self._fingerprint(length, position - length)

    def _is_start_of_line(self, offset: int) -> bool:
        return offset == 0 or (offset <= self.size() and self.read(offset - 1, 1) == b"\n")

    def _fingerprint(self, length: int, offset: int = 0) -> str:
        return hashlib.blake2b(self.read(offset, length), digest_size=8).hexdigest()


@dataclasses.dataclass(frozen=True)
class State:
    """What the tailer is doing: `kind` is waiting, opened, gone or denied; the text is for people."""

    kind: str
    message: str


OPENED = State("opened", "The file is followed.")
WAITING = State("waiting", "The file does not exist yet; it will be followed from its first line.")
GONE = State("gone", "The file was deleted or renamed; waiting for a new one.")


class Listener(Protocol):
    """Who is told what happens to the file. Called on the tail greenlet; must not wait."""

    def lines(self, source: Source, lines: list[Line]) -> None:
        """Whole lines, in order; every line of every generation comes exactly once."""

    def changed(self, state: State) -> None:
        """The file was opened for the first time, vanished, came back, can't be read."""

    def ended(self, source: Source) -> None:
        """`source` is complete; `source.next` is followed from its beginning."""


class Tailer:
    """Follows one file. `open_file` opens it, or raises as `Catalog.open` does."""

    def __init__(
        self, open_file: Callable[[], int], path: str, watch: Watch, listener: Listener, bookmark: Bookmark | None = None
    ) -> None:
        self._open_file = open_file
        self._path = path
        self._watch = watch
        self._listener = listener
        self._bookmark = bookmark  # of an earlier tailer of this file
        self._splitter = LineSplitter(0)
        self.state = State("starting", "The file is about to be opened.")
        self.source: Source | None = None
        self._missing_since = 0.0  # since when the name stands for nothing, while something is open
        #: The generation before, for someone who comes back with a position in it.
        self.previous: Source | None = None

    @property
    def position(self) -> int:
        """The offset in `source` up to which all lines were told: the beginning of the first line that is not whole yet."""
        return self._splitter.offset

    def bookmark(self) -> Bookmark | None:
        """What to remember when this tailer ends."""
        return self.source.bookmark(self.position) if self.source is not None else self._bookmark

    def run(self) -> None:
        """Owned by the tail greenlet: look, wait, look again, until it is killed."""
        woken = False
        while True:
            if not woken:
                self._watch.arm()
            try:
                self._look()
            except OSError as error:
                # A disk or a network that fails for a moment; what is open stays open, and the next look goes on there.
                _log.warning("%s can't be read for the moment: %s", self._path, error.strerror)
            except Exception:
                _log.exception("a look at %s failed", self._path)
            woken = self._watch.wait(GONE_SECONDS if self._missing_since else math.inf)

    def _look(self) -> None:
        """One look at the file: what was appended, and whether the name still stands for what is open."""
        if self.source is None:
            self._try_to_open()
            return
        self._read_on()
        try:
            status = os.stat(self._path)
        except OSError as error:
            # Between the rename and the creation of a rotation there is no file for a moment: not worth a word.
            self._missing_since = self._missing_since or time.monotonic()
            if time.monotonic() - self._missing_since >= GONE_SECONDS:
                self._tell(_trouble(error, gone=True))
            return
        self._missing_since = 0.0
        if (status.st_dev, status.st_ino) != self.source.identity:
            self._rotate()
        else:
            self._tell(OPENED)

    def _try_to_open(self) -> None:
        appeared = self.state == WAITING
        try:
            source = Source(self._open_file())
        except OSError as error:
            self._tell(_trouble(error, gone=False))
            return
        if self._bookmark is not None:
            source.continue_from(self._bookmark)
        # Someone who comes to a file that stands there is shown its end; of one that appears, nothing is left out.
        start = 0 if appeared else reader.start_of_last_line(source.fd, source.size())
        self._start(source, start)
        self._watch.arm()
        self._tell(OPENED)
        self._read_on()

    def _start(self, source: Source, offset: int) -> None:
        self.source = source
        self._splitter = LineSplitter(offset)

    def _read_on(self) -> None:
        """Tell all that was appended. A file shorter than what was read was truncated: a new generation begins at 0."""
        while self.source is not None:
            if self.source.size() < self._splitter.end:
                self._end("truncated", Source(os.dup(self.source.fd)))
                continue
            data = self.source.read(self._splitter.end, READ_BYTES)
            lines = self._splitter.feed(data)
            if lines:
                self._listener.lines(self.source, lines)
            if len(data) < READ_BYTES:
                return  # the end, for now: what comes after this look makes another event
            gevent.sleep(0)  # more is waiting: let the others run in between

    def _rotate(self) -> None:
        """The name stands for another file: read the old one to its end, then follow the new one from its beginning."""
        try:
            new = Source(self._open_file())
        except OSError as error:
            self._tell(_trouble(error, gone=True))
            return
        self._read_on()
        if self.source is not None and new.identity != self.source.identity:
            self.state = OPENED  # told by the end of the old one
            self._end("rotated", new)
            self._read_on()

    def _end(self, ending: str, new: Source) -> None:
        """Close one generation, with the half line that is left in it, and go on with the next."""
        old = self.source
        assert old is not None
        lines = self._splitter.flush()
        if lines:
            self._listener.lines(old, lines)
        old.end = self._splitter.offset
        old.ending = ending
        old.next = new
        self.previous = old
        self._start(new, 0)
        self._watch.arm()
        self._listener.ended(old)

    def _tell(self, state: State) -> None:
        if state != self.state:
            self.state = state
            self._listener.changed(state)


def _trouble(error: OSError, gone: bool) -> State:
    if isinstance(error, NotAllowed):
        return State("denied", str(error.strerror))
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return GONE if gone else WAITING
    return State("denied", f"The server can't read the file: {error.strerror}.")
