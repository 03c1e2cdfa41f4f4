"""The other workers, as each sees them: real sockets in a folder, and processes that are killed."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatapp.realtime import datagrams
from chatapp.realtime.datagrams import MOST_DATAGRAMS, Datagrams
from chatapp.realtime.peers import NEW
from tests.conftest import TOP, wait_until


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose path is longer than that of a socket may be."""
    deep = tmp_path / ("deep" * 20) / ("deeper" * 20)
    deep.mkdir(parents=True)
    return deep / "workers"


@pytest.fixture
def two(folder: Path) -> Iterator[tuple[Datagrams, Datagrams]]:
    one, other = Datagrams(folder), Datagrams(folder)
    one.open()
    other.open()
    yield one, other
    one.close()
    other.close()


def test_who_comes_finds_the_others_and_is_found(two: tuple[Datagrams, Datagrams]) -> None:
    one, other = two
    assert set(other.others) == {one.me}
    assert one.wait(1) == [NEW]
    assert one.scan()
    assert set(one.others) == {other.me}
    assert not one.scan(), "nothing has changed"


def test_a_nudge_wakes_all_others_and_costs_no_wait_when_they_do_not_listen(two: tuple[Datagrams, Datagrams]) -> None:
    one, other = two
    one.scan()
    other.nudge(b"look")
    assert one.wait(1)[-1] == b"look"
    for _ in range(1000):
        other.nudge()  # more than the kernel keeps: the rest is dropped
    assert 0 < len(one.wait(1)) <= MOST_DATAGRAMS
    assert one.wait(0.01) == []


def test_who_leaves_is_gone_at_once(two: tuple[Datagrams, Datagrams]) -> None:
    one, other = two
    one.scan()
    gone = other.me
    other.close()
    one.nudge()
    assert not one.others, "a nudge finds out"
    assert not one.lives(gone)
    assert os.listdir(one.folder) == [one.me]


def test_a_killed_worker_does_not_live_and_gives_up_the_lead(folder: Path) -> None:
    script = f"""
        import time
        from pathlib import Path
        from chatapp.realtime.datagrams import Datagrams
        peers = Datagrams(Path({str(folder)!r}))
        peers.open()
        assert peers.lead()
        print(peers.me, flush=True)
        time.sleep(60)
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], cwd=TOP, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    name = process.stdout.readline().strip()
    mine = Datagrams(folder)
    mine.open()
    assert set(mine.others) == {name}
    assert not mine.lead()
    process.send_signal(signal.SIGSTOP)
    assert mine.lives(name), "one that stands still lives"
    process.kill()
    process.wait()
    wait_until(lambda: not mine.lives(name), "the worker to be gone")
    assert mine.lead()
    assert mine.leads
    mine.close()
    process.stdout.close()


def test_the_check_before_the_start_leaves_nothing_and_tells_what_is_wrong(folder: Path) -> None:
    datagrams.check(folder)
    assert os.listdir(folder) == []
    folder.rmdir()
    folder.write_text("")
    with pytest.raises(OSError, match="exists"):
        datagrams.check(folder)
