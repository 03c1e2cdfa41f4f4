"""What a reader had a chance to see: the writer asks before it destroys something, and nobody is excused for more.

A reader that is told of changes (inotify) is excused for a line only if it has not come to rest since the line was written:
it was stopped, or at work on what came before. A process that sleeps with all its threads has dealt with all it was told.
(Not while somebody still writes to a file that was renamed: then it lets lines of the next one wait, and is at rest.) One
that looks by the clock is excused for what stood there for less time than lies between two of its looks. For a file that is
gone nobody is excused who had it open.
"""

import os
import signal
import stat
import time

#: What stood there for longer must have been seen (seconds in which the reader was not stopped). A look a second, and what
#: a busy machine adds; for who is told of changes only a bound, since it comes to rest.
LOOK_SECONDS = {"polling": 1.5}
LONGEST_SECONDS = 3.0
#: Who is told of changes, and is held to it.
PROMPT = ("inotify",)


class Chances:
    """The readers' processes, by name: they are stopped and continued here."""

    def __init__(self, readers: dict[str, int]) -> None:
        self._readers = readers
        self._written: dict[str, float] = {}  # when a line was written, by the readers' clock
        self._rested = dict.fromkeys(readers, -1.0)  # when a reader was at rest last, by that clock
        self._stopped_at = 0.0
        self._stopped_seconds = 0.0

    def clock(self) -> float:
        """The time in which readers were not stopped."""
        now = time.monotonic()
        return now - self._stopped_seconds - (now - self._stopped_at if self._stopped_at else 0.0)

    def wrote(self, key: str) -> None:
        self._written[key] = self.clock()

    def look(self) -> None:
        """See who is at rest, just before something is destroyed."""
        for name in PROMPT:
            pid = self._readers.get(name)
            if pid is not None and _is_at_rest(pid):
                self._rested[name] = self.clock()

    def excused(self, keys: list[str], inode: int | None) -> tuple[dict[str, list[str]], dict[str, float]]:
        """Who may not have seen which of these lines, which are gone now; and how long they stood there.

        `inode`: of the file that went with them; None if they were cut away.
        """
        ages = {key: self.clock() - self._written[key] for key in keys}
        excused = {
            name: [key for key in keys if self._had_no_chance(name, key, ages[key])]
            for name, pid in self._readers.items()
            if inode is None or not _has_open(pid, inode)
        }
        return excused, {key: round(age, 4) for key, age in ages.items()}

    def _had_no_chance(self, name: str, key: str, age: float) -> bool:
        # A half line is held back at first, so a reader may rest and not have told it.
        rested = name in PROMPT and not key.startswith("half") and self._written[key] < self._rested[name]
        return age < LOOK_SECONDS.get(name, LONGEST_SECONDS) and not rested

    def stop(self) -> None:
        self._stopped_at = time.monotonic()
        for pid in self._readers.values():
            os.kill(pid, signal.SIGSTOP)

    def go_on(self) -> None:
        for pid in self._readers.values():
            os.kill(pid, signal.SIGCONT)
        if self._stopped_at:
            self._stopped_seconds += time.monotonic() - self._stopped_at
        self._stopped_at = 0.0


def _is_at_rest(pid: int) -> bool:
    """Whether all threads of a process sleep, and none of them ran while that was found out."""
    before = _sleeping(pid)
    return before is not None and before == _sleeping(pid)


def _sleeping(pid: int) -> dict[str, list[str]] | None:
    """How often each thread of a process was put to sleep; None if one of them is awake (or stopped)."""
    threads = {}
    for thread in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{thread}/status") as file:
                status = file.read().splitlines()
        except OSError:
            return None  # it ended just now
        if not any(line.startswith("State:\tS") for line in status):
            return None
        threads[thread] = [line for line in status if "ctxt_switches" in line]
    return threads


def _has_open(pid: int, inode: int) -> bool:
    """Whether a process has the file open that once had a name and this inode."""
    folder = f"/proc/{pid}/fd"
    for fd in os.listdir(folder):
        try:
            status = os.stat(f"{folder}/{fd}")
            if status.st_ino == inode and stat.S_ISREG(status.st_mode) and not status.st_nlink:
                return True
        except OSError:
            pass
    return False
