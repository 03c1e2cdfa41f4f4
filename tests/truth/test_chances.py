"""Nobody is excused for what it had a chance to see: on real processes that rest, work, or are stopped."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import wait_until
from tests.truth import chances
from tests.truth.chances import Chances

RESTS = "import signal; print(flush=True); signal.pause()"
WORKS = "print(flush=True)\nwhile True: pass"
OPENS = "import signal, sys; file = open(sys.argv[1]); print(flush=True); signal.pause()"


@pytest.fixture
def process() -> Iterator[Callable[..., int]]:
    """`process(program, ...)` runs it and returns its number once it says so."""
    running: list[subprocess.Popen[bytes]] = []

    def start(program: str, *arguments: str) -> int:
        one = subprocess.Popen([sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE)
        running.append(one)
        assert one.stdout is not None
        one.stdout.readline()
        return one.pid

    yield start
    for one in running:
        one.kill()
        one.wait()
        assert one.stdout is not None
        one.stdout.close()


def excused(one: Chances, *keys: str, inode: int | None = None) -> dict[str, list[str]]:
    return one.excused(list(keys), inode)[0]


def test_who_came_to_rest_after_a_line_must_have_seen_it(process: Callable[..., int]) -> None:
    pid = process(RESTS)
    wait_until(lambda: chances._is_at_rest(pid), "it to sleep")
    one = Chances({"inotify": pid, "polling": pid})
    one.wrote("1")
    one.wrote("half 2")
    assert excused(one, "1", "half 2") == {"inotify": ["1", "half 2"], "polling": ["1", "half 2"]}
    one.look()
    one.wrote("3")
    assert excused(one, "1", "half 2", "3") == {"inotify": ["half 2", "3"], "polling": ["1", "half 2", "3"]}


def test_who_is_at_work_or_stopped_is_excused(process: Callable[..., int]) -> None:
    one = Chances({"inotify": process(WORKS)})
    one.wrote("1")
    one.look()
    assert excused(one, "1") == {"inotify": ["1"]}
    pid = process(RESTS)
    other = Chances({"inotify": pid})
    other.stop()
    wait_until(lambda: ") T " in Path(f"/proc/{pid}/stat").read_text(), "it to stand still")
    other.wrote("1")
    other.look()
    assert excused(other, "1") == {"inotify": ["1"]}
    other.go_on()


def test_nobody_is_excused_for_what_stood_there_long(process: Callable[..., int], monkeypatch: pytest.MonkeyPatch) -> None:
    one = Chances({"inotify": process(WORKS), "polling": process(WORKS)})
    one.wrote("1")
    now = one.clock()
    monkeypatch.setattr(one, "clock", lambda: now + 2)
    assert excused(one, "1") == {"inotify": ["1"], "polling": []}
    monkeypatch.setattr(one, "clock", lambda: now + 4)
    assert excused(one, "1") == {"inotify": [], "polling": []}


def test_nobody_is_excused_who_has_the_file_open(process: Callable[..., int], tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("1\n")
    one = Chances({"inotify": process(OPENS, str(path)), "polling": process(WORKS)})
    one.wrote("1")
    inode = os.stat(path).st_ino
    path.unlink()
    assert excused(one, "1", inode=inode) == {"polling": ["1"]}
    assert excused(one, "1") == {"inotify": ["1"], "polling": ["1"]}
