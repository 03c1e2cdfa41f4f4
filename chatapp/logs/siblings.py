"""The rotated files of a log: `app.log.1`, `app.log.2.gz`, `app.log-20261124.gz`, `app.2026-11-24.log`, `app.log.old`.

Names and folders come in; who belongs to whom, and in which order, goes out to `logs.files`, which decides whether they
may be seen, and to `logs.rotated`, for the live end. What is packed is read by `logs.packed`.
"""

import dataclasses
import os
import re
from collections.abc import Iterator

from chatapp.logs import kernel

#: What a packed file ends with; only the first is read, the standard library has no other that can be read from anywhere.
#: The others are not shown at all: what is in them could not be blacked out.
COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".zip", ".lz4")
READABLE = ".gz"
UNREADABLE = tuple(ending for ending in COMPRESSED if ending != READABLE)
#: So many rotated files of a log are looked at, the newest ones.
MAX_SIBLINGS = 200

# What is put behind the name of a log, or before its ending. There only a date or a small number: worker-2.log is the
# log of another worker.
_BEHIND = re.compile(r"[-._][0-9][0-9T:._-]*|\.old|\.prev|\.bak")
_INSIDE = re.compile(r"[-._](?:[0-9][T:._-]?){6,20}|\.[0-9]{1,3}")
_NUMBER = re.compile(r"[0-9]+")

#: What sorts rotated files, the oldest first.
Age = tuple[int, int]


@dataclasses.dataclass(frozen=True, slots=True)
class Sibling:
    """A rotated file: its name, its size (bytes, as it lies there), the time of its last change (seconds since 1970)."""

    name: str
    size: int
    modified: float
    #: The name of its generation, once somebody (`logs.history`) has looked into it.
    generation: str = ""


def logs_of(name: str) -> Iterator[str]:
    """Which logs a file can be a rotated file of, by its name alone. `name` may have folders before it."""
    folder, slash, file = name.rpartition("/")
    plain = next((file.removesuffix(ending) for ending in COMPRESSED if file.endswith(ending)), file)
    if plain != file:
        yield folder + slash + plain
    stem, ending = os.path.splitext(plain)
    for at, character in enumerate(plain):
        if at and character in "-._":
            if _BEHIND.fullmatch(plain, at):
                yield folder + slash + plain[:at]
            if ending and at < len(stem) and _INSIDE.fullmatch(stem, at):
                yield folder + slash + stem[:at] + ending


class Folders:
    """Looks into each folder once, for as long as one list takes."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, list[str]]] = {}

    def beside(self, path: str) -> list[str]:
        """The paths of the files in the folder of `path` whose names are those of its rotated files, in no order."""
        folder, log = os.path.split(path)
        if folder not in self._known:
            self._known[folder] = _rotated(folder)
        return [os.path.join(folder, name) for name in self._known[folder].get(log, ())]

    def of(self, path: str, prefix: str) -> list[Sibling]:
        """The rotated files beside `path`, newest first, with `prefix` as the folder of their names."""
        found = []
        for other in self.beside(path):
            if other.endswith(UNREADABLE):
                continue
            try:
                status = os.stat(other)
            except OSError:
                continue
            name = os.path.join(prefix, os.path.basename(other))
            found.append((age(other, path, status, kernel.birth(other)), name, status))
        found.sort(reverse=True)
        return [Sibling(name, status.st_size, status.st_mtime) for _, name, status in found[:MAX_SIBLINGS]]


def _rotated(folder: str) -> dict[str, list[str]]:
    """The rotated files in a folder, by the names of their logs."""
    try:
        names = os.listdir(folder)
    except OSError:
        return {}
    rotated: dict[str, list[str]] = {}
    for name in names:
        for log in logs_of(name):
            rotated.setdefault(log, []).append(name)
    return rotated


def age(path: str, log: str, status: os.stat_result, born: int) -> Age:
    """How old a rotated file of `log` is, which was made at `born` (nanoseconds; 0 if that is not known).

    Its last change does not tell: something may be written late to a file that was renamed. When it was made does not
    tell of one that was packed, or brought from elsewhere with its times: but such a file was changed before it was made.
    The one is when its lines begin, the other when they end, and neither lies within the time of another file.
    """
    return min(born or status.st_mtime_ns, status.st_mtime_ns), _number(path, log)


def _number(path: str, log: str) -> int:
    """Where the clock says the same: `.2` is older than `.1`, and a date older than a later one."""
    stem, _ = os.path.splitext(os.path.basename(log))
    digits = "".join(_NUMBER.findall(os.path.basename(path)[len(stem) :]))
    number = int(digits[:18] or 0)
    return -number if number < 1000 else number
