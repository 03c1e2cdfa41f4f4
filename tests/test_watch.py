"""Waking up, on real inotify: what is watched is always what the name stands for."""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import gevent
import pytest

from chatapp.logs.watch import Watch, Watcher


@pytest.fixture
def watch_of() -> Iterator[Callable[[Path], Watch]]:
    """`watch_of(path)` watches with inotify."""
    watcher = Watcher()
    running = gevent.spawn(watcher.run)

    def make(path: Path) -> Watch:
        with gevent.Timeout(10):
            while watcher._inotify is None:
                gevent.sleep(0.01)
        watch = watcher.watch(str(path))
        watch.arm()
        return watch

    yield make
    running.kill()
    if watcher._inotify is not None:
        watcher._inotify.close()


def woken(watch: Watch) -> None:
    """Wait for the next event, and arm anew if it asks for that, as the tailer does."""
    assert watch.changed.wait(10), "no event came"
    gevent.sleep(0)
    watch.changed.clear()
    if watch.stale:
        watch.arm()


def test_a_change_of_the_file_wakes_and_one_of_its_neighbours_does_not(
    tmp_path: Path, watch_of: Callable[[Path], Watch]
) -> None:
    path = tmp_path / "a.log"
    path.write_text("")
    watch = watch_of(path)
    assert watch.how == "inotify"
    (tmp_path / "b.log").write_text("other\n")
    with path.open("a") as file:
        assert not watch.changed.is_set()
        file.write("one\n")
    woken(watch)
    assert not watch.stale


@pytest.mark.parametrize("how", ["away and back", "replaced", "deleted and made again", "link"])
def test_whatever_happens_to_the_name_the_file_it_stands_for_is_watched(
    tmp_path: Path, watch_of: Callable[[Path], Watch], how: str
) -> None:
    path, other = tmp_path / "a.log", tmp_path / "other"
    path.write_text("")
    other.write_text("")
    watch = watch_of(path)
    if how == "away and back":
        path.rename(tmp_path / "away")
        woken(watch)
        (tmp_path / "away").rename(path)
    elif how == "replaced":
        other.rename(path)
    elif how == "deleted and made again":
        path.unlink()
        woken(watch)
        path.write_text("")
    else:
        path.unlink()
        path.symlink_to(other)
    woken(watch)
    with gevent.Timeout(10):
        while watch.changed.wait(0.05):  # several events for one thing
            woken(watch)
    with path.open("a") as file:
        file.write("one\n")
    assert watch.changed.wait(10), "the file is not watched"
    assert os.path.exists(path)


def test_what_is_read_is_watched_though_it_lost_its_name(tmp_path: Path, watch_of: Callable[[Path], Watch]) -> None:
    path = tmp_path / "a.log"
    with path.open("w", buffering=1) as file, path.open() as opened:
        watch = watch_of(path)
        watch.fd = opened.fileno()
        path.unlink()
        path.write_text("")
        woken(watch)
        with gevent.Timeout(10):
            while watch.changed.wait(0.05):
                woken(watch)
        file.write("late\n")
        woken(watch)
    woken(watch)  # its writer left


@pytest.fixture
def nobodys_folder() -> Iterator[Path]:
    """A folder of somebody whom modes bind, who we are meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        user = os.geteuid()
        if user == 0:
            os.chmod(folder, 0o777)
            os.seteuid(65_534)
        try:
            yield Path(folder)
        finally:
            os.seteuid(user)


def test_a_file_that_may_not_be_read_yet_is_watched_once_it_may(
    nobodys_folder: Path, watch_of: Callable[[Path], Watch]
) -> None:
    path = nobodys_folder / "a.log"
    watch = watch_of(path)
    path.touch(0)
    woken(watch)
    assert watch.how == "polling"
    path.chmod(0o644)
    woken(watch)
    assert watch.how == "inotify"


def test_without_inotify_every_look_is_by_the_clock(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("")
    watch = Watcher("poll").watch(str(path))
    watch.arm()
    assert watch.how == "polling"
    watch.wait(0.01)
    assert watch.stale
