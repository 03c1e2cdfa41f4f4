"""The rotated files beside a log, for the live end: which are there, which have come since. Not the packed ones.

Which files these are and in which order is for `logs.siblings` to say. Names come from the folder of the log, and of what
it is a link to; open sources go to `logs.successors`, for a rotation that was missed, and to `logs.catchup`, for a viewer
that comes back with a position in one. Nothing is opened but regular files that `Surroundings` itself found, by a name
without a link, in that folder. What it does can wait for the disk.
"""

import os
import stat
import time
from collections.abc import Callable

from chatapp.logs import kernel, siblings
from chatapp.logs.files import path_of_open
from chatapp.logs.generation import Source
from chatapp.logs.lines import Format

#: While they are renamed, it is tried so often to get a picture of them.
MAX_TRIES = 10
#: What was found is kept open for so long, if nobody has taken it (seconds).
KEPT_SECONDS = 2.0

#: What tells a file apart while it exists and after: device, inode, and when it was made.
Mark = tuple[int, int, int]
#: A rotated file: what sorts it by age, its mark, its path.
Found = tuple[siblings.Age, Mark, str]

_UTF8 = Format()


class Surroundings:
    """The rotated files of the log at `path`: which were there, which have come since."""

    def __init__(self, path: str, admits: Callable[[str], bool] = lambda _path: True, told: Format = _UTF8) -> None:
        self.path = path
        self._told_format = told
        self._admits = admits
        self._seen: set[Mark] = set()
        self._kept: dict[Mark, tuple[float, Source]] = {}  # since when they are kept

    def note(self) -> None:
        """What is there now is not new."""
        self._seen |= {mark for _, mark, _ in self._found()}

    def see(self, sources: list[Source]) -> None:
        """These are not new any more."""
        self._seen |= {(*source.identity, source.birth) for source in sources}

    def new(self, since: int = 0) -> list[Source]:
        """Those that were not there and were not seen, and were made at `since` or later; oldest first.

        What was found is kept open for a moment, in case it is rotated out of sight before the caller has a clear picture.
        """
        now = time.monotonic()
        kept = {mark: (at, source) for mark, (at, source) in self._kept.items() if now - at < KEPT_SECONDS}
        opened = {mark: source for mark, (_, source) in kept.items()}
        self._open(opened, self._is_new)
        self._kept = {mark: kept.get(mark, (now, source)) for mark, source in opened.items() if self._is_new(mark)}
        new = [source for mark, source in opened.items() if self._is_new(mark) and (not mark[2] or mark[2] >= since)]
        return sorted(new, key=lambda source: source.age)

    def _is_new(self, mark: Mark) -> bool:
        return mark not in self._seen

    def has(self, source: Source) -> bool:
        """Whether this file is among them."""
        return any(mark[:2] == source.identity for _, mark, _ in self._found())

    def all(self) -> list[Source]:
        """All of them, oldest first."""
        opened: dict[Mark, Source] = {}
        self._open(opened, lambda _mark: True)
        return sorted(opened.values(), key=lambda source: source.age)

    def _open(self, opened: dict[Mark, Source], wanted: Callable[[Mark], bool]) -> None:
        """Add a whole picture to what is open: while files are renamed a single look can miss one."""
        for _ in range(MAX_TRIES):
            found = self._found()
            for age, mark, path in found:
                if wanted(mark) and mark not in opened:
                    source = self._source(path)
                    if source is not None and source.identity == mark[:2]:
                        opened[mark] = source
                if mark in opened:
                    opened[mark].age = age
            if found == self._found():
                return

    def _found(self) -> list[Found]:
        real = os.path.realpath(self.path)
        folders = siblings.Folders()
        paths = {
            (os.path.realpath(path), place)
            for place in (self.path, real)
            for path in folders.beside(place)
            if path != real and not path.endswith(siblings.COMPRESSED)
        }
        found = []
        for path, place in paths:
            try:
                status = os.stat(path, follow_symlinks=False)
            except OSError:
                continue
            if stat.S_ISREG(status.st_mode) and self._admits(path):
                born = kernel.birth(path)
                found.append((siblings.age(path, place, status, born), (status.st_dev, status.st_ino, born), path))
        return sorted(set(found))[-siblings.MAX_SIBLINGS :]

    def _source(self, path: str) -> Source | None:
        try:
            fd = _open(path)
        except OSError:
            return None  # gone again, or not for us: as if it had never been there
        if not self._admits(path_of_open(fd, path)):
            os.close(fd)  # a folder on the way has become a link since it was found
            return None
        return Source(fd, told=self._told_format)


def _open(path: str) -> int:
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC | os.O_NOFOLLOW)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise FileNotFoundError(path)
    return fd
