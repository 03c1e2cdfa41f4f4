"""The writer: a process that does to a log all that happens to logs, at random but seeded, and tells what it has done.

It stamps running numbers into lines, writes them in chunks of random sizes, and says on stdout, as one JSON object a line,
which line stands in which generation, in their order; this is the truth that `tests.truth.compare` holds readers to. The
readers' processes are stopped and continued by it. On "settle" it waits until it is told to go on.

What may be missing. A line that was cut away (`truncate`) or went with the last name of its file (`unlink`, a rotation too
many) is told as destroyed. A reader is excused only if it had no chance to see the line (`tests.truth.chances`). What was
copied before it was cut, and what stands in a rotated file, is not gone. One thing is not tried: a link is not switched
twice between two looks, because nothing on the disk would tell of the target in between. And a log is rotated in one style
at a time, as logs are: a file that is copied and cut is not deleted in the same moment.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.truth.chances import Chances
from tests.truth.texts import shortest_half, text_of

#: Who has the old file open writes on to it for so long after a rotation, and never rests longer (seconds).
LATE_SECONDS = 2.5
LATE_REST_SECONDS = 1.0
#: So many rotated files are kept.
KEPT = 6
#: Operations between two looks at whether everything has arrived, on average.
SETTLE_EVERY = 60
#: Operations in one style.
STYLE_OPERATIONS = 125
STYLES = ("numbered", "dated", "copytruncate", "link", "logrotate", "logrotate copytruncate")
#: How likely the operations are.
WEIGHTS = {
    "append": 40,
    "half append": 14,
    "rotate": 10,
    "truncate": 5,
    "delete": 4,
    "away and back": 4,
    "chmod": 3,
    "stop": 5,
    "pause": 15,
}


class LogFile:
    """An open log, its generation, and the half line at its end."""

    def __init__(self, path: Path, generation: int) -> None:
        self.fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self.generation = generation
        self.inode = os.fstat(self.fd).st_ino
        self.half: tuple[int, int] | None = None  # number, and how much of it was written
        self.lost_name_at = 0.0
        self.written_at = 0.0


class Writer:
    """Does the operations and tells of them. `readers` are process numbers by name."""

    def __init__(self, folder: Path, seed: int, readers: dict[str, int], logrotate: str | None) -> None:
        self.folder = folder
        self.path = folder / "app.log"
        self.random = random.Random(seed)
        self.chances = Chances(readers)
        self.logrotate = logrotate
        self.numbers = 0
        self.rotations = 0
        self.generations = 0
        self.late: list[LogFile] = []
        self.contents: dict[int, list[str]] = {}  # keys of what stands in which file, by inode
        self.stopped_for = 0  # operations for which the readers are still stopped
        self.link_settled = True
        self.linked_at = 0  # the newest line when the link was switched last
        self.style = ""
        self.log = self.begin()

    # Telling.

    def tell(self, kind: str, **fields: Any) -> None:
        sys.stdout.write(json.dumps({"kind": kind, **fields}) + "\n")

    def settle(self) -> None:
        """Close all that is old and wait until every reader has everything."""
        self.go_on()
        self.close_late()
        self.complete(self.log)
        self.tell("settle")
        sys.stdout.flush()
        if sys.stdin.readline().strip() != "go":
            sys.exit("the readers did not settle")
        # Who was told a line that was written since the switch knows where the link leads; else nobody need have noticed.
        kept = self.contents[self.log.inode]
        self.link_settled = self.link_settled or any(key.isdigit() and int(key) > self.linked_at for key in kept)

    # Writing.

    def begin(self) -> LogFile:
        """Another generation takes the name."""
        self.generations += 1
        self.tell("generation", generation=self.generations)
        log = LogFile(self.path, self.generations)
        self.contents.setdefault(log.inode, [])
        return log

    def put(self, log: LogFile, data: bytes) -> None:
        """Write in chunks of random sizes."""
        while data:
            size = self.random.choice([1, 7, 50, 500, 5000, len(data)])
            os.write(log.fd, data[:size])
            data = data[size:]
            if data and self.random.random() < 0.02:
                time.sleep(self.random.random() * 0.003)  # a slow writer: readers see a line in pieces
        log.written_at = time.monotonic()

    def note(self, log: LogFile, key: str) -> None:
        self.chances.wrote(key)
        self.contents[log.inode].append(key)

    def line(self, log: LogFile) -> None:
        """One whole line: the rest of the half one, if there is one."""
        if log.half is None:
            self.numbers += 1
            log.half = (self.numbers, 0)
        number, done = log.half
        self.note(log, str(number))
        self.tell("line", generation=log.generation, number=number)
        self.put(log, text_of(number).encode()[done:] + b"\n")
        log.half = None

    def complete(self, log: LogFile) -> None:
        if log.half is not None:
            self.line(log)

    def give_up_half(self, log: LogFile) -> None:
        """The half line stays half: its file is over."""
        if log.half is not None:
            number, done = log.half
            self.note(log, f"half {number}")
            self.tell("half", generation=log.generation, number=number, length=done)
            log.half = None

    # Operations.

    def append(self) -> None:
        for _ in range(self.random.choice([1, 1, 2, 5, 20, 60])):
            self.line(self.log)

    def half_append(self) -> None:
        self.complete(self.log)
        self.numbers += 1
        text = text_of(self.numbers).encode()
        length = self.random.randrange(shortest_half(self.numbers), len(text))
        self.put(self.log, text[:length])
        self.log.half = (self.numbers, length)

    def pause(self, *seconds: float) -> None:
        """Let some time pass, one of these: when a thing happens to a file is a part of what is tried."""
        time.sleep(self.random.choice(seconds or (0.001, 0.01, 0.05)))

    def chmod(self) -> None:
        """Nobody may open it for a while, and it is written on."""
        os.chmod(self.path, 0)
        self.append()
        self.pause()
        os.chmod(self.path, 0o644)

    def away_and_back(self) -> None:
        away = self.folder / "away"
        os.rename(self.path, away)
        self.append()
        self.pause(0.0, 0.0, 0.02, 0.3)
        self.append()
        os.rename(away, self.path)

    def delete(self) -> None:
        if "copytruncate" in self.style:
            self.settle()
        self.path.unlink()
        self.leave()
        self.pause(0.0, 0.0, 0.02, 0.4)
        self.log = self.begin()

    def leave(self) -> None:
        """The file has lost its name: sometimes its writer notices at once, sometimes it writes on for a while."""
        log = self.log
        if self.random.random() < 0.5:
            self.close(log)
        else:
            log.lost_name_at = log.written_at = time.monotonic()
            self.late.append(log)
            if self.random.random() < 0.5:
                self.line(log)
        self.sweep()

    def write_late(self) -> None:
        """What writers of old files do between the operations."""
        for log in list(self.late):
            now = time.monotonic()
            if (
                now - log.lost_name_at > LATE_SECONDS
                or now - log.written_at > LATE_REST_SECONDS
                or self.random.random() < 0.2
            ):
                self.late.remove(log)
                self.close(log)
            elif self.random.random() < 0.3:
                self.line(log)

    def close_late(self) -> None:
        for log in self.late:
            self.close(log)
        self.late.clear()

    def close(self, log: LogFile) -> None:
        """Its writer leaves it. What has no name is gone with its last writer; until then nothing else has its inode."""
        self.give_up_half(log)
        if not os.fstat(log.fd).st_nlink:
            self.destroy(self.contents.pop(log.inode, []), log.inode)
        os.close(log.fd)

    def truncate(self) -> None:
        """Cut it, and sometimes write at once as much as there was, or more: then the size tells nothing."""
        size = os.fstat(self.log.fd).st_size
        self.give_up_half(self.log)
        os.truncate(self.path, 0)
        self.destroy(self.contents[self.log.inode], None)
        self.contents[self.log.inode] = []
        self.cut()
        if size < 20_000 and self.random.random() < 0.5:
            while os.fstat(self.log.fd).st_size < size:
                self.line(self.log)

    def cut(self) -> None:
        self.generations += 1
        self.tell("generation", generation=self.generations)
        self.log.generation = self.generations

    # Rotation, in the style of the moment.

    def rotate(self) -> None:
        for _ in range(self.random.choice([1, 1, 1, 2, 3])):
            {
                "numbered": self.rotate_numbered,
                "dated": self.rotate_dated,
                "copytruncate": self.copytruncate,
                "link": self.switch_link,
                "logrotate": self.run_logrotate,
                "logrotate copytruncate": self.run_logrotate,
            }[self.style]()
            self.append()

    def rotate_numbered(self) -> None:
        self.shift()
        os.rename(self.path, self.path.with_name("app.log.1"))
        self.follow()

    def rotate_dated(self) -> None:
        self.rotations += 1
        os.rename(self.path, self.path.with_name(f"app.log-{20_000_000 + self.rotations}"))
        for old in sorted(self.folder.glob("app.log-*"))[:-KEPT]:
            old.unlink()
        self.follow()

    def follow(self) -> None:
        self.leave()
        self.pause(0.0, 0.0, 0.0, 0.01, 0.05)
        self.log = self.begin()

    def shift(self) -> None:
        """app.log.5 becomes app.log.6, and so on; the oldest is overwritten."""
        for number in range(KEPT - 1, 0, -1):
            older = self.path.with_name(f"app.log.{number}")
            if older.exists():
                os.rename(older, self.path.with_name(f"app.log.{number + 1}"))
        self.sweep()

    def copytruncate(self) -> None:
        self.shift()
        is_whole = self.log.half is None
        self.give_up_half(self.log)
        copy = self.path.with_name("app.log.1")
        shutil.copyfile(self.path, copy)
        self.contents[copy.stat().st_ino] = self.contents[self.log.inode]
        self.contents[self.log.inode] = []
        if is_whole and self.random.random() < 0.2:  # what is written between copy and cut is lost
            self.line(self.log)
            self.destroy(self.contents[self.log.inode], None)
            self.contents[self.log.inode] = []
        os.truncate(self.path, 0)
        self.cut()

    def switch_link(self) -> None:
        if not self.link_settled or self.stopped_for:
            return
        self.complete(self.log)
        os.close(self.log.fd)
        target = self.random.choice(
            [name for name in ("blue.txt", "green.txt", "red.txt") if name != os.readlink(self.path)]
        )
        self.link_to(target)
        self.link_settled = False

    def link_to(self, target: str) -> None:
        (self.folder / target).touch()
        spare = self.folder / "spare"
        spare.symlink_to(target)
        self.linked_at = self.numbers
        os.rename(spare, self.path)
        self.log = self.begin()

    def run_logrotate(self) -> None:
        assert self.logrotate is not None
        copies = self.style == "logrotate copytruncate"
        state = self.folder.parent
        (state / "rotate.conf").write_text(
            f"{self.path} {{\n rotate {KEPT}\n nocompress\n size 0\n {'copytruncate' if copies else 'create 0644'}\n}}\n"
        )
        if copies:
            self.give_up_half(self.log)
        if self.log.half is None and not self.contents[self.log.inode]:
            self.line(self.log)  # an empty file is not worth a rotation, it thinks
        before = self.contents[self.log.inode]
        command = [self.logrotate, "-f", "-s", str(state / "rotate.state"), str(state / "rotate.conf")]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        first = self.path.with_name("app.log.1").stat().st_ino
        self.destroy_reused(first if copies else self.path.stat().st_ino)
        if copies:
            self.contents[first] = before
            self.contents[self.log.inode] = []
            self.cut()
            self.sweep()
        else:
            self.leave()
            self.log = self.begin()

    # What is gone.

    def destroy_reused(self, inode: int) -> None:
        """A new file has the inode of an old one, so the old one is gone."""
        self.destroy(self.contents.pop(inode, []), None)

    def sweep(self) -> None:
        """Tell of files that lost their last name."""
        present = {entry.stat(follow_symlinks=False).st_ino for entry in os.scandir(self.folder)}
        written = {log.inode for log in [*self.late, *([self.log] if hasattr(self, "log") else [])]}
        for inode in [inode for inode in self.contents if inode not in present]:
            self.destroy(self.contents[inode], inode)
            if inode in written:
                self.contents[inode] = []
            else:
                del self.contents[inode]  # nobody writes to it any more

    def destroy(self, keys: list[str], inode: int | None) -> None:
        """Tell which readers are excused for what, and how long it stood there."""
        if keys:
            excused, ages = self.chances.excused(keys, inode)
            self.tell("destroyed", excused=excused, ages=ages)

    def look_at_readers(self) -> None:
        """Before something is destroyed. While an old file is written, lines of the next one wait, though nobody is busy."""
        if not self.late:
            self.chances.look()

    # Readers that are stopped.

    def stop(self) -> None:
        if not self.stopped_for:
            self.stopped_for = self.random.randrange(1, 8)
            self.chances.stop()

    def go_on(self) -> None:
        self.chances.go_on()
        self.stopped_for = 0

    # All of it.

    def take_up(self, style: str) -> None:
        """Rotate in another way from now on."""
        self.settle()
        if style == "link" or self.style == "link":
            self.complete(self.log)
            os.close(self.log.fd)
            if style == "link":
                os.rename(self.path, self.folder / f"app.log-{20_000_000 + self.rotations}")
                self.rotations += 1
                self.link_to("blue.txt")
            else:
                self.path.unlink()
                self.log = self.begin()
            self.line(self.log)
            self.settle()
        self.style = style

    def run(self, operations: int, styles: list[str]) -> None:
        doing: dict[str, Callable[[], None]] = {name: getattr(self, name.replace(" ", "_")) for name in WEIGHTS}
        self.line(self.log)
        self.settle()  # of a file that is cut before anybody has seen anything of it, nothing could be told
        names = self.random.choices(list(WEIGHTS), list(WEIGHTS.values()), k=operations)
        for number, name in enumerate(names):
            if number % min(STYLE_OPERATIONS, -(-operations // len(styles))) == 0:
                self.take_up(styles[0])
                styles.append(styles.pop(0))
            destroys = name in ("truncate", "delete")
            if self.random.random() < (0.3 if destroys else 1 / SETTLE_EVERY):
                self.settle()
            if self.style == "link" and name in ("delete", "away and back", "chmod"):
                name = "append"  # of a link these mean something else
            self.look_at_readers()
            doing[name]()
            self.tell("operation", name=f"{name} ({self.style})" if name == "rotate" else name, at=time.monotonic())
            self.write_late()
            if self.stopped_for and name != "stop":
                self.stopped_for -= 1
                if not self.stopped_for:
                    self.go_on()
        self.settle()
        self.tell("done")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("operations", type=int)
    parser.add_argument("seed", type=int)
    parser.add_argument("readers", type=json.loads)
    parser.add_argument("--logrotate")
    arguments = parser.parse_args()
    styles = [style for style in STYLES if arguments.logrotate or not style.startswith("logrotate")]
    Writer(arguments.folder, arguments.seed, arguments.readers, arguments.logrotate).run(arguments.operations, styles)


if __name__ == "__main__":
    main()
