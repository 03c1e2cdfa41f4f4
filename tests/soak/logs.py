"""Logs that are written all the time, and rotated in every way in which logs are: renamed, packed, copied and cut, deleted.

One task a file (`Log.run`) writes lines at a steady pace, with now and then a burst and a stack trace; `viewers` read them.
"""

import asyncio
import gzip
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

#: So many rotated files are kept.
KEPT = 4
#: Lines a second of one file, on average, and how many come at once.
RATE = 30.0
AT_ONCE = (1, 1, 2, 5, 40)
_LEVELS = ("DEBUG", "INFO", "INFO", "INFO", "WARNING", "ERROR")
_WHAT = ("GET /rooms/main 200", "user signed in", "payment took 120 ms", "password=hunter2 was wrong", "茶馆 was opened")
_TRACE = ("Traceback (most recent call last):", '  File "app.py", line 7, in handle', "ValueError: no such room")


class Log:
    """One log and its writer. `rotate` is what happens to it, every so many seconds on average."""

    def __init__(self, path: Path, rotate: Callable[["Log"], None], every: float, rng: random.Random) -> None:
        self.path = path
        self.rotations = 0
        self.every = every
        self._rotate = rotate
        self._rng = rng
        self._lines = 0
        self._file = path.open("a")

    async def run(self) -> None:
        """Write, and rotate now and then, for ever."""
        clock = asyncio.get_running_loop().time
        next_rotation = clock() + self._rng.expovariate(1 / self.every)
        try:
            while True:
                count = self._rng.choice(AT_ONCE)
                self._write(count)
                if clock() >= next_rotation:
                    self._rotate(self)
                    self.rotations += 1
                    next_rotation = clock() + self._rng.expovariate(1 / self.every)
                await asyncio.sleep(count / RATE)
        finally:
            self._file.close()

    def _write(self, count: int) -> None:
        for _ in range(count):
            self._lines += 1
            text = f"{self._lines} {self._rng.choice(_LEVELS)} {self._rng.choice(_WHAT)}\n"
            if self._rng.random() < 0.02:
                text += "".join(f"{line}\n" for line in _TRACE)
            self._file.write(text)
        self._file.flush()

    # Ways to rotate.

    def rename(self) -> None:
        """The usual: app.log becomes app.log.1, and another one is made."""
        self._shift()
        os.rename(self.path, self._older(1))
        self._begin()

    def rename_and_pack(self) -> None:
        """The same; what was app.log.1 before is packed."""
        if self._older(1).exists():
            with self._older(1).open("rb") as plain, gzip.open(f"{self._older(1)}.gz", "wb") as packed:
                shutil.copyfileobj(plain, packed)
            self._older(1).unlink()
        self._shift()
        os.rename(self.path, self._older(1))
        self._begin()

    def copy_and_cut(self) -> None:
        """copytruncate."""
        self._shift()
        shutil.copyfile(self.path, self._older(1))
        os.truncate(self.path, 0)

    def delete(self) -> None:
        """Deleted, and made anew."""
        self.path.unlink()
        self._begin()

    def _begin(self) -> None:
        self._file.close()
        self._file = self.path.open("a")

    def _shift(self) -> None:
        """app.log.1 becomes app.log.2, and so on; the oldest goes."""
        for ending in ("", ".gz"):
            self._older(KEPT, ending).unlink(missing_ok=True)
            for number in range(KEPT - 1, 0, -1):
                if self._older(number, ending).exists():
                    os.rename(self._older(number, ending), self._older(number + 1, ending))

    def _older(self, number: int, ending: str = "") -> Path:
        return self.path.with_name(f"{self.path.name}.{number}{ending}")


def make(folder: Path, every: float, rng: random.Random) -> list[Log]:
    """One log for each way to rotate."""
    ways = {
        "renamed.log": Log.rename,
        "packed.log": Log.rename_and_pack,
        "copied.log": Log.copy_and_cut,
        "deleted.log": Log.delete,
        "second/renamed.log": Log.rename,
    }
    (folder / "second").mkdir()
    return [Log(folder / name, way, every, random.Random(rng.getrandbits(64))) for name, way in ways.items()]
