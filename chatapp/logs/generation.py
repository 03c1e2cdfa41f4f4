"""Generations: what a file's name stood for between two rotations or truncations, and how one is known again.

A `Source` is one generation, held open; `logs.tailer` makes and `logs.chain` ends them, `logs.history` opens those of the
past. While a descriptor is open its inode can't be used again, so device and inode tell files apart. Once it is closed
they do not: then the first bytes decide, and the last ones before a position. What the name of a generation can't tell,
because the file was empty when it got its name, is in `logs.known`.
"""

import dataclasses
import errno
import hashlib
import itertools
import os
import re
import secrets
import weakref
from typing import TYPE_CHECKING

from chatapp.logs import kernel, reader
from chatapp.logs.lines import Format, LineSplitter

if TYPE_CHECKING:
    from chatapp.logs.known import Known

#: How much of a file's beginning, and of what was read last, is held against the file (R1, R4).
FINGERPRINT_BYTES = 1024
TAIL_BYTES = 64
#: A copy is known again by no less.
MOVED_BYTES = 32
#: How much of a file is looked at to tell text from something else, and which part of it may be control characters.
BINARY_BYTES = 8192
BINARY_SHARE = 0.3

# This run of this process, and the generations it has met.
_run = secrets.token_hex(4)
_numbers = itertools.count(1)
_NAME = re.compile(
    r"(?P<device>[0-9a-f]{1,16})-(?P<inode>[0-9a-f]{1,16})-(?P<length>[0-9]{1,4})-(?P<hash>[0-9a-f]{16})-(?P<run>[0-9a-f]{8})"
    r"-[0-9]{1,18}"
)
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\r\x1b") + b"\x7f"

_UTF8 = Format()
_key = b""


@dataclasses.dataclass(frozen=True)
class Beginning:
    """How a file begins: a hash of its first `length` bytes."""

    length: int
    hash: str


@dataclasses.dataclass(frozen=True)
class Bookmark:
    """What is remembered of a file that is closed: under which name, and up to where, it was told."""

    name: str
    identity: tuple[int, int]
    #: When the file was made: an inode is used again, and what little was told of a file may stand in another too.
    birth: int
    position: int
    beginning: Beginning
    #: A hash of the last bytes before the position.
    end: str


class Source:
    """One generation of a file, held open: even renamed or deleted it can still be read.

    `name` identifies it, also after a restart of the server: device, inode, how many first bytes there were and a hash of
    them, the run of the process that told it, and a number.
    """

    def __init__(self, fd: int, name: str = "", told: Format = _UTF8) -> None:
        self.fd = fd
        self._told_format = told
        # Readers of the past may hold a source longer than the tailer does: the last one closes the file.
        weakref.finalize(self, os.close, fd)
        status = os.fstat(fd)
        self.identity = (status.st_dev, status.st_ino)
        self.birth = kernel.birth(fd)
        #: What sorts rotated files, oldest first: the clock of file systems is coarse, but numbers and dates go on.
        self.age = (self.birth, 0)
        #: Its first bytes as they were read, at most FINGERPRINT_BYTES; whoever reads it from 0 on adds to them.
        self.beginning = self.read(0, min(status.st_size, FINGERPRINT_BYTES))
        self.name = name or self._new_name()
        #: Where its lines begin: not at 0 if what comes before was told when it had the name the last time.
        self.start = 0
        #: Where it ended, once it has, and how: "rotated", "truncated" or "replaced"; and what came after it.
        self.end: int | None = None
        self.ending = ""
        self.next: Source | None = None
        #: Whether there may have been others between it and the next.
        self.gap_follows = False
        #: Whether what was not read of it can't be read any more.
        self.lost = False
        #: Since when another file has its name (monotonic); 0.0 while it has it.
        self.superseded = 0.0

    def size(self) -> int:
        return os.fstat(self.fd).st_size

    def read(self, offset: int, size: int) -> bytes:
        return os.pread(self.fd, size, offset)

    def again(self) -> "Source":
        """The same file as another generation."""
        return Source(os.dup(self.fd), told=self._told_format)

    def go_on_in(self, other: "Source") -> None:
        """Be that file from now on, which holds all that was read of this one; whoever reads this goes on there."""
        os.dup2(other.fd, self.fd, inheritable=False)
        self.identity, self.birth = other.identity, other.birth

    @property
    def is_stale(self) -> bool:
        """Whether the server of a network file system no longer knows it."""
        try:
            os.fstat(self.fd)
        except OSError as error:
            return error.errno == errno.ESTALE
        return False

    @property
    def format(self) -> Format:
        """How its bytes become lines: as somebody said, unless its byte order mark says otherwise."""
        return self._told_format.of(self.beginning)

    def splitter(self, offset: int) -> LineSplitter:
        """What makes lines of its bytes from `offset` on."""
        return self.format.splitter(offset)

    def context(self, offset: int, size: int) -> bytes:
        """What stands before an offset, at most so many bytes of it, as UTF-8."""
        size = min(size, offset)
        data = self.read(offset - size, size)
        encoding = self.format.encoding
        return data.decode(encoding, "replace").encode() if encoding else data

    @property
    def is_binary(self) -> bool:
        """Whether it does not look like text."""
        head = self.read(0, BINARY_BYTES)
        if not head or len(self.format.newline) > 1:
            return False
        return len(head) - len(head.translate(None, _CONTROLS)) > BINARY_SHARE * len(head)

    # Where lines begin.

    def is_start_of_line(self, offset: int) -> bool:
        newline = self.format.newline
        width = len(newline)
        return offset == 0 or (offset % width == 0 and self.read(max(0, offset - width), width) == newline)

    def start_of_last_line(self, end: int) -> int:
        """The offset where the last line before `end` begins, whole or half."""
        if len(self.format.newline) == 1:
            return reader.start_of_last_line(self.fd, end)
        return self._wide_starts(end, 1)[-1]

    def start_of_last_lines(self, end: int, count: int) -> int:
        """The offset where the last `count` whole lines before `end`, the start of a line, begin."""
        if len(self.format.newline) == 1 or not count:
            return reader.start_of_last_lines(self.fd, end, count)
        return self._wide_starts(end, count + 1)[-count - 1 :][0]

    def _wide_starts(self, end: int, count: int) -> list[int]:
        """Where the last lines of a UTF-16 file begin: at least `count`, if there are as many; the last may be `end`."""
        size = reader.BLOCK_BYTES
        while True:
            base = max(0, end - size) // 2 * 2
            starts = [] if base else [0]
            splitter = self.splitter(base)
            starts += [start for start, _ in splitter.feed(self.read(base, end - base)) if start != base]
            starts += [splitter.offset] if splitter.offset != base else []
            if len(starts) > count or not base or size >= reader.MAX_BACK_BYTES:
                return starts or [base]  # nothing but the middle of one line, too long to look for its beginning
            size *= 4

    # Is it still, or again, the same?

    def begins_as_before(self) -> bool:
        """Whether its first bytes are still what was read of them."""
        return self.read(0, len(self.beginning)) == self.beginning

    def tail(self, position: int) -> bytes:
        """The last bytes before a position."""
        size = min(TAIL_BYTES, position)
        return self.read(position - size, size)

    def was(self, name: str, offset: int, known: "Known | None" = None) -> bool:
        """Whether a position that another run told, of a worker before this one or beside it, means this file.

        Within one run names are compared.
        """
        match = _NAME.fullmatch(name)
        return match is not None and match["run"] != _run and self.is_of(name, offset, known)

    def is_of(self, name: str, offset: int, known: "Known | None" = None, moved: bool = False) -> bool:
        """Whether a position (name, offset) means this file, as far as the file itself can tell.

        That is the same inode (any, if it may have `moved`: a copy), the same first bytes, and a line that begins there.
        """
        match = _NAME.fullmatch(name)
        if match is None:
            return False
        told = Beginning(int(match["length"]), match["hash"])
        beginning = (known.beginning(name) if known is not None else None) or told
        if beginning.length < (MOVED_BYTES if moved else 1 if offset else 0):
            return False  # it was empty then: nothing tells it from one that was truncated since
        if not moved and self.identity != (int(match["device"], 16), int(match["inode"], 16)):
            return False
        return self._begins_with(beginning) and self.is_start_of_line(offset)

    def bookmark(self, position: int) -> Bookmark:
        """What to remember of it when it is closed, told up to `position`."""
        length = min(position, FINGERPRINT_BYTES)
        beginning = Beginning(length, self._hash(0, length))
        return Bookmark(self.name, self.identity, self.birth, position, beginning, self._hash(position - length, length))

    @property
    def length_in_name(self) -> int:
        """How many first bytes its name tells of."""
        match = _NAME.fullmatch(self.name)
        return int(match["length"]) if match else FINGERPRINT_BYTES

    def is_at(self, bookmark: Bookmark) -> bool:
        """Whether this is the file that was remembered, and no shorter: positions in it are still good."""
        length = bookmark.beginning.length
        return (
            (self.identity, self.birth) == (bookmark.identity, bookmark.birth)
            and self.size() >= bookmark.position
            and self._begins_with(bookmark.beginning)
            and self._hash(bookmark.position - length, length) == bookmark.end
        )

    def begins_like(self, beginning: bytes, least: int) -> bool:
        """Whether it begins with these bytes, as far as both go, and `least` of them can be compared."""
        head = self.read(0, len(beginning))
        return len(head) >= least and beginning.startswith(head)

    def is_copy(self, beginning: bytes, tail: bytes, position: int) -> bool:
        """Whether it holds all that was read, up to `position`, of a file with these first and last bytes."""
        return (
            self.size() >= max(position, len(beginning)) > 0
            and self.read(0, len(beginning)) == beginning
            and self.read(position - len(tail), len(tail)) == tail
        )

    def _begins_with(self, beginning: Beginning) -> bool:
        return beginning.length <= self.size() and self._hash(0, beginning.length) == beginning.hash

    def _new_name(self) -> str:
        device, inode = self.identity
        return f"{device:x}-{inode:x}-{len(self.beginning)}-{digest(self.beginning)}-{_run}-{next(_numbers)}"

    def _hash(self, offset: int, length: int) -> str:
        return digest(self.read(offset, length))


def begin_run(key: bytes) -> None:
    """Begin a run of its own, in the process that serves: gunicorn's master has imported this before it forked its workers.

    Hash with a key from now on: names of generations are told, and what is blacked out could be guessed at with them.
    """
    global _key, _run
    _key = key
    _run = secrets.token_hex(4)


def digest(data: bytes) -> str:
    """The hash that names and bookmarks hold."""
    return hashlib.blake2b(data, digest_size=8, key=_key, person=b"generation").hexdigest()
