"""What takes long, and who takes it: bombs, stalled and vanished clients, and too many at once, at `/api/logs`."""

import contextlib
import gzip
import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gevent
import gevent.socket
import pytest
from flask import Flask

from chatapp.logs import packed
from chatapp.logs.files import LogFile
from chatapp.logs.lines import Format
from chatapp.logs.listing import Listing
from chatapp.logs.packed import Packed
from chatapp.realtime.hub import Hub
from chatapp.web import log_work
from chatapp.web.log_search import MAX_SEARCHES
from chatapp.web.log_work import Link, NotYet, Slots, TooMany, Work
from tests.conftest import PATIENCE, Server, hear, say, wait_until
from tests.viewer import times_open

#: Unpacked 40 GB, packed 20 MB.
BOMB = gzip.compress(b"\0" * 1_999_999 + b"\n") * 20_000


def ask(server: Server, address: str) -> socket.socket:
    """Send a request, and leave the answer to the caller."""
    link = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
    link.sendall(f"GET /api/logs/{address} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode())
    return link


def test_a_bomb_holds_up_nobody(serve: Callable[..., Server]) -> None:
    server = serve()
    (server.logs_dir / "a.log").write_text("one\n")
    (server.logs_dir / "a.log.1.gz").write_bytes(BOMB)
    with contextlib.ExitStack() as links, server.connect() as client:
        for way in (
            "lines",
            "line?offset=0",
            "raw",
            "filtered?include=x",
            "search?text=x",
            "lines?at=50",
            "raw",
            "lines?line=9",
        ):
            links.enter_context(ask(server, f"a.log.1.gz/{way}"))
        for _ in range(5):  # each is answered before patience ends; a bomb takes minutes
            assert json.loads(server.get("/api/logs/a.log/lines")[1])["lines"] == [[0, "one"]]
            say(client, "still there")
            hear(client)
    wait_until(lambda: server.said().count('"GET /api/logs/a.log.1.gz/') == 8, "all to end when their clients have left", 30)


def test_a_packed_file_is_gone_through_in_turns(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"x" * 30_000_000 + b"\nend"))
    source = Packed(os.open(path, os.O_RDONLY), "-", Format())
    turns, seen = 0, [0.0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packed, "TURN_SECONDS", 0.0)
        while not source.go_to(None):
            turns += 1
            seen.append(source.progress)
    assert turns > 10
    assert seen == sorted(seen)
    assert source.size() == 30_000_004


def test_reading_on_never_unpacks_anything_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two readers side by side, and marks so far apart that each would begin at the beginning."""
    monkeypatch.setattr(packed, "MARK_BYTES", 1 << 60)
    path = tmp_path / "a.gz"
    data = os.urandom(3_000_000)
    path.write_bytes(gzip.compress(data, 1))
    source = Packed(os.open(path, os.O_RDONLY), "-", Format())
    unpacked = [0]
    step = source._step

    def counted(place: packed._Mark, most: int) -> bytes:
        got = step(place, most)
        unpacked[0] += len(got)
        return got

    monkeypatch.setattr(source, "_step", counted)
    for at in range(0, len(data), 50_000):
        assert source.read(at, 50_000) == data[at : at + 50_000]
        assert source.read(at // 2, 25_000) == data[at // 2 : at // 2 + 25_000]
    assert unpacked[0] < 2 * len(data)


def test_what_was_deleted_is_not_held_open(serve: Callable[..., Server]) -> None:
    server = serve()
    (server.logs_dir / "a.log").write_text("one\n")
    old = server.logs_dir / "a.log.1.gz"
    old.write_bytes(gzip.compress(b"old\n"))
    inode = old.stat().st_ino
    with old.open("rb"):  # as long as we have it open, no other file of the server can get its inode
        assert '"old"' in server.get("/api/logs/a.log.1.gz/lines")[1]
        assert times_open(server, inode)
        old.unlink()
        assert server.get("/api/logs")[0] == 200
        wait_until(lambda: not times_open(server, inode), "the file to be let go of")


def hole(server: Server) -> None:
    """A file that takes minutes to look through."""
    path = server.logs_dir / "a.log"
    path.write_bytes(b"x" * 99 + b"\n")
    os.truncate(path, 400_000_000_000)


def test_only_so_many_searches_go_on_at_a_time(serve: Callable[..., Server]) -> None:
    server = serve()
    hole(server)
    with contextlib.ExitStack() as links:
        searches = [links.enter_context(ask(server, "a.log/search?text=nothing")) for _ in range(MAX_SEARCHES)]
        for search in searches:
            assert search.recv(1000).startswith(b"HTTP/1.1 200")
        status, body, headers = server.get("/api/logs/a.log/search?text=nothing")
        assert (status, json.loads(body)["error"], headers["retry-after"]) == (503, "too_many", "1")
        searches[0].close()
        wait_until(lambda: starts(server, "a.log/search?text=nothing"), "a place to be free again")


def starts(server: Server, address: str) -> bool:
    with ask(server, address) as link:
        return link.recv(1000).startswith(b"HTTP/1.1 200")


def test_a_download_of_which_nothing_passes_ends_when_its_client_leaves(serve: Callable[..., Server]) -> None:
    server = serve()
    hole(server)
    with ask(server, "a.log/filtered?include=nothing"):
        pass
    wait_until(lambda: '/filtered HTTP/1.1" 200' in server.said(), "the download to end")


# Without a server.


@pytest.fixture
def link_to() -> Callable[[gevent.socket.socket], Link]:
    app = Flask(__name__)

    def make(end: gevent.socket.socket) -> Link:
        with app.test_request_context(environ_overrides={"gunicorn.socket": end}):
            return Link()

    return make


@pytest.fixture
def pair() -> Iterator[tuple[gevent.socket.socket, gevent.socket.socket]]:
    ends = gevent.socket.socketpair()
    yield ends
    for end in ends:
        end.close()


def test_it_is_noticed_that_a_client_has_left(link_to: Callable[..., Link], pair: tuple[gevent.socket.socket, ...]) -> None:
    ours, theirs = pair
    link = link_to(ours)
    assert not link.is_gone
    theirs.sendall(b"more")
    assert not link.is_gone
    theirs.close()
    ours.recv(4)
    assert link.is_gone


def test_a_client_that_takes_nothing_is_cut_off(
    link_to: Callable[..., Link], pair: tuple[gevent.socket.socket, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_work, "STALL_SECONDS", 0.2)
    ours, _theirs = pair
    link = link_to(ours)
    with link.sending():
        ours.sendall(b"little")
    with pytest.raises(OSError), gevent.Timeout(10), link.sending():
        ours.sendall(b"x" * 50_000_000)


def test_places_are_given_back_once() -> None:
    slots = Slots(2)
    first, _second = slots.take(), slots.take()
    with pytest.raises(TooMany):
        slots.take()
    first()
    first()
    slots.take()
    with pytest.raises(TooMany):
        slots.take()


def test_who_waits_too_long_is_told_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_work, "PATIENCE_SECONDS", 0.1)
    with Flask(__name__).test_request_context():
        work = Work(Hub(1))
        work.in_turns(iter([False, True]).__next__, lambda: 0.5)
        with pytest.raises(NotYet, match="42%"):
            work.in_turns(lambda: False, lambda: 0.42)


class SlowHistory:
    """Counts how often somebody asked for the list, which is there only once everybody has come."""

    def __init__(self) -> None:
        self.scans = 0
        self.everybody_came = threading.Event()

    def files(self) -> list[LogFile]:
        self.scans += 1
        assert self.everybody_came.wait(PATIENCE)
        return [LogFile("a.log", 1, 0.0)]


class Teller:
    """A connection that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[bytes] = []
        self.deflated = False

    def write(self, data: bytes) -> bool:
        self.told.append(data)
        return True


def test_many_who_come_at_once_wait_for_one_look_at_the_folders() -> None:
    history: Any = SlowHistory()
    listing = Listing(history, Hub(100), "")
    tellers: list[Any] = [Teller() for _ in range(20)]
    shown = [gevent.spawn(listing.show, teller) for teller in tellers]
    gevent.sleep(0)  # each comes as far as to wait
    history.everybody_came.set()
    gevent.joinall(shown, raise_error=True)
    assert history.scans == 1
    assert all(b"a.log" in teller.told[0] for teller in tellers)
