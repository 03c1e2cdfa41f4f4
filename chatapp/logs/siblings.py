"""The rotated files of a log: `app.log.1`, `app.log.2.gz`, `app.log-20261124.gz`, `app.2026-11-24.log`, `app.log.old`.

Names and folders come in; who belongs to whom, and in which order, goes out to `logs.files`, which decides whether they
may be seen. What is packed is read by `logs.packed`.
"""

import dataclasses
import os
import re
from collections.abc import Iterator

#: What a packed file ends with; only the first is read, the standard library has no other that can be read from anywhere.
#: The others are not shown at all: what is in them could not be blacked out.
COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".zip", ".lz4")
READABLE = ".gz"
UNREADABLE = tuple(ending for ending in COMPRESSED if ending != READABLE)
#: So many rotated files of a log are told, the newest ones.
MAX_SIBLINGS = 200

# What is put behind the name of a log, or before its ending. There only a date or a small number: worker-2.log is the
# log of another worker.
_BEHIND = re.compile(r"[-._][0-9][0-9T:._-]*|\.old|\.prev|\.bak")
_INSIDE = re.compile(r"[-._](?:[0-9][T:._-]?){6,20}|\.[0-9]{1,3}")
_NUMBER = re.compile(r"[0-9]+")


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

    def of(self, path: str, prefix: str) -> list[Sibling]:
        """The rotated files beside `path`, newest first, with `prefix` as the folder of their names."""
        folder, log = os.path.split(path)
        if folder not in self._known:
            self._known[folder] = _rotated(folder)
        found = []
        for name in self._known[folder].get(log, ()):
            if name.endswith(UNREADABLE):
                continue
            try:
                status = os.stat(os.path.join(folder, name))
            except OSError:
                continue
            found.append(
                (_age(name, log, status.st_mtime), Sibling(os.path.join(prefix, name), status.st_size, status.st_mtime))
            )
        found.sort(key=lambda entry: entry[0])
        return [sibling for _, sibling in found[:MAX_SIBLINGS]]


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


def _age(name: str, log: str, modified: float) -> tuple[float, int, str]:
    """Sorts the newest first: by the last change, which packing keeps; within a second by number, .1 before .2."""
    numbers = _NUMBER.findall(name[len(os.path.splitext(log)[0]) :])
    number = int(numbers[0][:18]) if numbers else 0
    return (-int(modified), number if number < 1000 else -number, name)
