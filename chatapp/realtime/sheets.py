"""Sheets: what each worker counts, in a file of its own, so that whichever of them is asked can add up all.

A worker writes its numbers (`realtime.counts`) into its sheet once a second, and when it is asked. A sheet outlives its
worker, however that ends, so sums never fall; a lock on the file, which the kernel lets go of with the process, tells whose
worker is still alive. The sheets of the dead are added up in one file, `retired`, by the next worker that opens its own.

Why not shared memory, in which nothing of the last second would be lost: on a full disk, writing to a mapped file can kill
the process, and memory of gunicorn's master is not seen by the next master, when a server is replaced while it runs.
"""

import array
import fcntl
import json
import logging
import os
import secrets
import time
import zlib
from pathlib import Path
from typing import NamedTuple

from chatapp.realtime import counts

_PREFIX = "counts-"
_RETIRED, _LOCK = "retired", "retired.lock"
#: What ends a record: its checksum (bytes).
_CHECKSUM = 8
#: So often the sheets are read again if the file of the dead was replaced meanwhile.
_TRIES = 10

_log = logging.getLogger(__name__)

#: By their keys.
Numbers = dict[str, float]


class Sheet(NamedTuple):
    """What stands in one file: all numbers, and those that last when the worker is gone.

    `written` is in seconds of the monotonic clock, which is that of the machine.
    """

    pid: int
    written: float
    numbers: Numbers
    lasting: Numbers


class Totals(NamedTuple):
    """All workers added up. Of those that live: the process numbers, and when the one wrote that has been silent longest."""

    numbers: Numbers
    pids: list[int]
    oldest: float


class OwnSheet:
    """The sheet of this worker. Opens nothing before `open`; a server whose folder can't be written to does without."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._fd = -1
        self._at: list[int] = []

    def open(self) -> None:
        """Begin a sheet, and add up those of the dead."""
        name = f"{_PREFIX}{secrets.token_hex(6)}"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # It gets its name when it is locked and whole: before, who finds it would take its worker for dead.
            fd = os.open(self._folder / f".{name}", os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            fcntl.flock(fd, fcntl.LOCK_EX)
            head, size = _head(), len(_record())
            os.pwrite(fd, head, 0)
            self._fd, self._at = fd, [len(head), len(head) + size]
            self.write()
            self.write()
            os.rename(self._folder / f".{name}", self._folder / name)
            _retire(self._folder)
        except OSError as error:
            _log.warning("what is counted can't be kept in %s: %s", self._folder, error.strerror)

    def write(self) -> None:
        """Write down how all numbers are now. Two records take turns: who reads meanwhile has the other one."""
        if self._fd >= 0:
            self._at.reverse()
            try:
                os.pwrite(self._fd, _record(), self._at[0])
            except OSError as error:  # the disk is full, say; the next time again
                _log.warning("what is counted can't be written down: %s", error.strerror)

    def close(self) -> None:
        """The last word. What was counted stays."""
        if self._fd >= 0:
            self.write()
            os.close(self._fd)
            self._fd = -1

    def total(self) -> Totals:
        """All workers added up, this one as of now, the others as of a second ago at most. Reads files: call it in a thread,
        after `write`."""
        for _ in range(_TRIES):
            before = _state(self._folder / _RETIRED)
            totals = _add_up(self._folder)
            if _state(self._folder / _RETIRED) == before:
                break
        return totals


def _add_up(folder: Path) -> Totals:
    gone = _retired(folder)
    numbers, pids, oldest = gone.numbers, [], time.monotonic()
    for name in _names(folder):
        if name in gone.names:
            continue
        try:
            fd = os.open(folder / name, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue  # it has just been added to those of the dead
        try:
            sheet, lives = _read(fd), not _lock(fd, fcntl.LOCK_SH)
        finally:
            os.close(fd)
        numbers = _sum(numbers, sheet.numbers if lives else sheet.lasting)
        if lives:
            pids.append(sheet.pid)
            oldest = min(oldest, sheet.written)
    return Totals(numbers, sorted(pids), oldest)


# The dead.


class _Retired(NamedTuple):
    """`names` are the sheets that are in it, and may still be there beside it."""

    names: list[str]
    numbers: Numbers


def _retire(folder: Path) -> None:
    """Add up the sheets of dead workers. One worker at a time does; who finds another at it leaves it to that one."""
    lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not _lock(lock, fcntl.LOCK_EX):
            return
        before = _retired(folder)
        numbers, names = before.numbers, []
        for name in _names(folder):
            fd = os.open(folder / name, os.O_RDONLY | os.O_CLOEXEC)
            try:
                if not _lock(fd, fcntl.LOCK_EX):
                    continue
                names.append(name)
                if name not in before.names:
                    numbers = _sum(numbers, _read(fd).lasting)
            finally:
                os.close(fd)
        if names:
            new = folder / f".{_RETIRED}"
            new.write_text(json.dumps({"names": names, "numbers": numbers}))
            os.replace(new, folder / _RETIRED)
            for name in names:
                (folder / name).unlink(missing_ok=True)
    finally:
        os.close(lock)


def _retired(folder: Path) -> _Retired:
    path = folder / _RETIRED
    try:
        said = json.loads(path.read_text())
        return _Retired(list(said["names"]), {str(key): float(number) for key, number in said["numbers"].items()})
    except FileNotFoundError:
        return _Retired([], {})
    except (ValueError, KeyError, TypeError, AttributeError):
        _log.warning("%s is damaged: what ended workers have counted is forgotten", path)
        return _Retired([], {})


# The files.


def _names(folder: Path) -> list[str]:
    try:
        return sorted(name for name in os.listdir(folder) if name.startswith(_PREFIX))
    except FileNotFoundError:
        return []


def _state(path: Path) -> tuple[int, int] | None:
    try:
        state = path.stat()
        return state.st_ino, state.st_mtime_ns
    except FileNotFoundError:
        return None


def _lock(fd: int, how: int) -> bool:
    try:
        fcntl.flock(fd, how | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False


def _head() -> bytes:
    """What stands before the numbers. The keys, because a worker of another version may count other things."""
    keys = [(key, family.is_gauge) for family in counts.TABLE for key in family.keys()]  # noqa: SIM118 - it is no mapping
    return json.dumps({"pid": os.getpid(), "keys": keys}).encode() + b"\n"


def _record() -> bytes:
    numbers = [number for family in counts.TABLE for number in family.numbers()]
    packed = array.array("d", [time.monotonic(), *numbers]).tobytes()
    return packed + zlib.crc32(packed).to_bytes(_CHECKSUM, "little")


def _read(fd: int) -> Sheet:
    head, _, records = os.pread(fd, os.fstat(fd).st_size, 0).partition(b"\n")
    said, half = json.loads(head), len(records) // 2
    whole = [numbers for record in (records[:half], records[half:]) if (numbers := _numbers_in(record))]
    written, *numbers = max(whole)
    pairs = list(zip(said["keys"], numbers, strict=True))
    return Sheet(
        said["pid"],
        written,
        {key: number for (key, _), number in pairs},
        {key: number for (key, is_gauge), number in pairs if not is_gauge},
    )


def _numbers_in(record: bytes) -> list[float]:
    """Empty if the record is just being written."""
    packed, checksum = record[:-_CHECKSUM], record[-_CHECKSUM:]
    return list(array.array("d", packed)) if zlib.crc32(packed) == int.from_bytes(checksum, "little") else []


def _sum(some: Numbers, more: Numbers) -> Numbers:
    return {**some, **{key: some.get(key, 0.0) + number for key, number in more.items()}}
