"""The tailer alone, on real files, where a test over sockets can't make things happen: permissions, a failing disk."""

import errno
import gc
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gevent
import pytest

from chatapp.logs.catchup import ending
from chatapp.logs.forms import V1Form
from chatapp.logs.generation import Source
from chatapp.logs.lines import Block, Line
from chatapp.logs.reading import PARTIAL_SECONDS
from chatapp.logs.rotated import Surroundings
from chatapp.logs.states import STALE, State
from chatapp.logs.tailer import Tailer
from chatapp.logs.watch import Watcher


class Recorder:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def began(self, source: Source, offset: int) -> None:
        pass

    def lines(self, source: Source, block: Block, unfinished: bool = False) -> None:
        self.told += [text.decode() for text in block.texts]

    def half(self, source: Source, line: Line) -> None:
        self.told.append(f"<half: {line[1].decode()}>")

    def noticed(self, kind: str, generation: str, message: str, **more: Any) -> None:
        self.told.append(f"<{kind}>")

    def changed(self, state: State) -> None:
        self.told.append(f"<{state.kind}>")

    def ended(self, source: Source) -> None:
        self.told.append(f"<{source.ending}>")

    def wait_for(self, told: list[str]) -> None:
        with gevent.Timeout(10):
            while self.told != told:
                gevent.sleep(0.01)


class Bench:
    """A tailer on a file, whose opening can be made to fail."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.trouble: OSError | None = None
        self.recorder = Recorder()
        watch = Watcher("poll").watch(str(path))
        self.tailer = Tailer(self._open, Surroundings(str(path)), watch, self.recorder)
        self.greenlet = gevent.spawn(self.tailer.run)

    def _open(self) -> Source:
        if self.trouble is not None:
            raise self.trouble
        return Source(os.open(self.path, os.O_RDONLY))

    def append(self, text: str) -> None:
        with self.path.open("a") as file:
            file.write(text)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "a.log")
    yield bench
    bench.greenlet.kill()


@pytest.fixture
def without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_a_tailer_that_lets_go_closes_all_files_at_once(bench: Bench, without_collector: None) -> None:
    """On a server with nothing to do the collector comes late, and a deleted file that is open keeps its place."""
    bench.path.write_text("one\n")
    bench.recorder.wait_for(["<opened>"])
    bench.path.rename(bench.path.with_suffix(".1"))
    bench.path.write_text("two\n")
    bench.recorder.wait_for(["<opened>", "<rotated>", "two"])
    assert open_below(bench.path.parent) == ["a.1", "a.log"]
    bench.greenlet.kill()
    bench.tailer.let_go()
    assert open_below(bench.path.parent) == []


def open_below(folder: Path) -> list[str]:
    """The names of the files in this folder that this process has open."""
    names = []
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        except FileNotFoundError:
            continue
        if path.parent == folder:
            names.append(path.name)
    return sorted(names)


def test_permission_that_is_missing_and_comes_later_is_told(bench: Bench) -> None:
    bench.path.write_text("old\n")
    bench.trouble = PermissionError(13, "Permission denied")
    bench.recorder.wait_for(["<denied>"])
    assert "Permission denied" in bench.tailer.state.message
    bench.trouble = None
    bench.recorder.wait_for(["<denied>", "<opened>"])
    assert bench.tailer.position == 4, "a file that stood there is followed from its end"
    bench.append("new\n")
    bench.recorder.wait_for(["<denied>", "<opened>", "new"])


def test_a_state_that_lasts_is_told_once(bench: Bench) -> None:
    bench.recorder.wait_for(["<waiting>"])
    bench.tailer._look()
    bench.tailer._look()
    assert bench.recorder.told == ["<waiting>"]


def test_a_successor_that_can_not_be_opened_yet_keeps_the_old_file(bench: Bench) -> None:
    bench.path.write_text("")
    bench.recorder.wait_for(["<opened>"])
    old = bench.path.rename(bench.path.with_suffix(".1"))
    bench.trouble = PermissionError(13, "Permission denied")
    bench.path.write_text("new\n")
    bench.recorder.wait_for(["<opened>", "<denied>"])
    with old.open("a") as file:
        file.write("late\n")
    bench.recorder.wait_for(["<opened>", "<denied>", "late"])
    bench.trouble = None
    bench.recorder.wait_for(["<opened>", "<denied>", "late", "<rotated>", "new"])


def test_the_first_half_line_of_a_file_is_told_after_one_wait_not_two(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few first bytes wait for more to know the file by; that was quiet enough for a half line too."""
    now = [1000.0]
    monkeypatch.setattr("chatapp.logs.reading.time", SimpleNamespace(monotonic=lambda: now[0]))
    bench.path.write_text("")
    bench.recorder.wait_for(["<opened>"])
    bench.append("half")
    reading = bench.tailer._chain.reading
    assert reading is not None
    with gevent.Timeout(10):
        while not reading.first_at:
            gevent.sleep(0.01)
    bench.tailer._look()
    assert bench.recorder.told == ["<opened>"]
    now[0] += PARTIAL_SECONDS
    bench.recorder.wait_for(["<opened>", "<half: half>"])


def test_a_disk_that_fails_for_a_moment_loses_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.path.write_text("")
    bench.recorder.wait_for(["<opened>"])
    failed = []

    def fail(*arguments: object) -> bytes:
        failed.append(arguments)
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pread", fail)
        bench.append("one\n")
        with gevent.Timeout(10):
            while not failed:
                gevent.sleep(0.01)
    bench.recorder.wait_for(["<opened>", "one"])


def stale(tailer: Tailer, patch: pytest.MonkeyPatch) -> None:
    """What is open now is a file that the server of a network file system no longer knows."""
    assert tailer.source is not None
    fd, mark, read, stat = tailer.source.fd, os.fstat(tailer.source.fd).st_ino, os.pread, os.fstat

    def fails(one: int) -> bool:
        return one == fd and stat(one).st_ino == mark

    def pread(one: int, size: int, offset: int) -> bytes:
        if fails(one):
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        return read(one, size, offset)

    def fstat(one: int) -> os.stat_result:
        if fails(one):
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        return stat(one)

    patch.setattr(os, "pread", pread)
    patch.setattr(os, "fstat", fstat)


def test_r16_a_stale_handle_is_a_rotation_and_a_gap(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.path.write_text("")
    bench.recorder.wait_for(["<opened>"])
    bench.append("one\n")
    bench.recorder.wait_for(["<opened>", "one"])
    old = bench.tailer.source
    assert old is not None
    spare = bench.path.with_name("spare")
    spare.write_text("two\n")
    with monkeypatch.context() as patch:
        stale(bench.tailer, patch)
        spare.rename(bench.path)
        bench.recorder.wait_for(["<opened>", "one", "<rotated>", "two"])
    assert STALE.encode() in ending(V1Form("a.log"), old)


def test_r16_a_stale_handle_of_a_file_that_is_still_there_repeats_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.path.write_text("")
    bench.recorder.wait_for(["<opened>"])
    bench.append("one\nhalf ")
    bench.recorder.wait_for(["<opened>", "one"])
    spare = bench.path.with_name("spare")
    spare.write_text("one\nhalf of two\n")  # as after a restart of that server: another number, the same contents
    with monkeypatch.context() as patch:
        stale(bench.tailer, patch)
        spare.rename(bench.path)
        bench.recorder.wait_for(["<opened>", "one", "half of two"])
    bench.append("three\n")
    bench.recorder.wait_for(["<opened>", "one", "half of two", "three"])


def test_a_file_that_had_the_name_when_access_was_asked_for_is_not_lost(bench: Bench) -> None:
    """It was opened, and has lost the name again when the name is looked at."""
    bench.path.write_text("")
    bench.recorder.wait_for(["<opened>"])
    bench.greenlet.kill()
    bench.path.rename(bench.path.with_name("away"))
    bench.path.write_text("for a moment\n")
    reading = bench.tailer._chain.reading
    assert reading is not None
    reading.access = None  # as after a change of mode
    opening = bench.tailer._open_source

    def open_and_lose() -> Source:
        source = opening()
        bench.path.unlink(missing_ok=True)
        return source

    bench.tailer._open_source = open_and_lose
    bench.tailer._look()
    bench.tailer._open_source = opening
    bench.greenlet = gevent.spawn(bench.tailer.run)
    with gevent.Timeout(10):
        while "for a moment" not in bench.recorder.told:
            gevent.sleep(0.01)
    assert bench.recorder.told[:2] == ["<opened>", "<rotated>"]


def name_of_another_run(source: Source) -> str:
    """The name that a server before this one would have given it."""
    parts = source.name.split("-")
    return "-".join([*parts[:4], "00000000", "1"])


def opened(path: Path) -> Source:
    return Source(os.open(path, os.O_RDONLY))


def test_a_position_of_another_run_is_known_again_only_in_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("x" * 1999 + "\n")
    earlier = name_of_another_run(opened(path))
    with path.open("a") as file:
        file.write("more\n")
    assert opened(path).was(earlier, 2000)
    assert not opened(path).was(earlier, 3000), "beyond its end"
    assert not opened(path).was(earlier, 1999), "no line begins there"
    assert not opened(path).was(opened(path).name, 2000), "within one run names are compared"
    path.write_text("y" * 2999 + "\n")
    assert not opened(path).was(earlier, 3000), "another beginning"
    other = tmp_path / "b.log"
    other.write_text("x" * 1999 + "\n")
    assert not opened(other).was(earlier, 2000), "another file"
    for nonsense in (
        "",
        "a-b",
        "1-2-3-4-5-6",
        "-----",
        earlier.replace("-1024-", f"-{'9' * 5000}-"),
        earlier.replace("-1024-", "-²-"),
    ):
        assert not opened(path).was(nonsense, 0)


def test_a_file_that_is_opened_again_is_known_only_if_it_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("")
    source = opened(path)
    path.write_text("one\ntwo\n")
    bookmark = source.bookmark(8)
    for text, same in (("one\ntwo\nthree\n", True), ("one\n", False), ("ONE\ntwo\nthree\n", False), ("one\nTWO\n", False)):
        path.write_text(text)
        assert opened(path).is_at(bookmark) is same


def test_a_banner_that_stays_does_not_hide_a_truncation(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("#" * 1999 + "\n" + "old line\n" * 100)
    bookmark = opened(path).bookmark(2900)
    path.write_text("#" * 1999 + "\n" + "new line\n" * 200)
    assert not opened(path).is_at(bookmark)


def test_a_file_that_was_empty_then_is_not_recognised_by_another_run(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("")
    earlier = name_of_another_run(opened(path))
    path.write_text("one\ntwo\n")
    assert opened(path).was(earlier, 0)
    assert not opened(path).was(earlier, 4)
