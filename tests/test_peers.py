"""The other workers, as each sees them: real sockets in a folder, sessions of a real database, killed processes."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import gevent
import pytest

from chatapp.chat import peers_postgres
from chatapp.chat.here_postgres import HereTables
from chatapp.chat.peers_postgres import DatabasePeers
from chatapp.chat.postgres import Server
from chatapp.realtime import datagrams
from chatapp.realtime.datagrams import MOST_DATAGRAMS, Datagrams
from chatapp.realtime.peers import NEW, Peers
from tests.conftest import PATIENCE, TOP
from tests.postgres_server import PostgresServer


def until(condition: Callable[[], object], what: str) -> None:
    """Wait until it is so, while other greenlets go on."""
    with gevent.Timeout(PATIENCE, AssertionError(f"waited in vain: {what}")):
        while not condition():
            gevent.sleep(0.02)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose path is longer than that of a socket may be."""
    deep = tmp_path / ("deep" * 20) / ("deeper" * 20)
    deep.mkdir(parents=True)
    return deep / "workers"


class Database:
    """Workers that share a database."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._closing = contextlib.ExitStack()

    def peers(self) -> DatabasePeers:
        """Another worker, which has written that it is there."""
        server = Server(self.url)
        peers = DatabasePeers(server)
        self._closing.callback(server.close)
        self._closing.callback(peers.close)
        peers.open()
        HereTables(server, peers).write({}, [], True)
        return peers

    def close(self) -> None:
        self._closing.close()


@pytest.fixture
def database(postgres: str) -> Iterator[Database]:
    database = Database(postgres)
    yield database
    database.close()


@pytest.fixture(params=["datagrams", "database"])
def two(request: pytest.FixtureRequest, folder: Path) -> Iterator[tuple[Peers, Peers]]:
    if request.param == "database":
        shared: Database = request.getfixturevalue("database")
        yield shared.peers(), shared.peers()
        return
    one, other = Datagrams(folder), Datagrams(folder)
    one.open()
    other.open()
    yield one, other
    one.close()
    other.close()


def said_to(peers: Peers, wanted: bytes) -> None:
    """Wait until this is said to a worker."""
    until(lambda: wanted in peers.wait(0.1), f"{wanted!r} to be said")


def test_who_comes_finds_the_others_and_is_found(two: tuple[Peers, Peers]) -> None:
    one, other = two
    until(lambda: other.scan() or other.others, "the other to be found")
    assert set(other.others) == {one.me}
    assert one.wait(1), "it is told to look"
    assert one.scan()
    assert set(one.others) == {other.me}
    assert not one.scan(), "nothing has changed"


def test_what_is_said_wakes_all_others_and_not_oneself(two: tuple[Peers, Peers]) -> None:
    one, other = two
    one.scan()
    other.scan()
    while other.wait(0.2):
        pass
    other.nudge(b"look")
    said_to(one, b"look")
    assert other.wait(0.2) == []


def test_one_leads_and_another_takes_over(two: tuple[Peers, Peers]) -> None:
    one, other = two
    until(one.lead, "the first to lead")
    assert one.leads
    gevent.sleep(peers_postgres.LEAD_SECONDS * 2)
    assert not other.lead()
    one.close()
    assert not one.leads
    until(other.lead, "the other to take over")


# Datagrams.


@pytest.fixture
def near(folder: Path) -> Iterator[tuple[Datagrams, Datagrams]]:
    one, other = Datagrams(folder), Datagrams(folder)
    one.open()
    other.open()
    yield one, other
    one.close()
    other.close()


def test_who_is_new_says_so(near: tuple[Datagrams, Datagrams]) -> None:
    assert near[0].wait(1) == [NEW]


def test_a_nudge_costs_no_wait_when_the_others_do_not_listen(near: tuple[Datagrams, Datagrams]) -> None:
    one, other = near
    one.scan()
    for _ in range(1000):
        other.nudge()  # more than the kernel keeps: the rest is dropped
    assert 0 < len(one.wait(1)) <= MOST_DATAGRAMS
    assert one.wait(0.01) == []


def test_who_leaves_is_gone_at_once(near: tuple[Datagrams, Datagrams]) -> None:
    one, other = near
    one.scan()
    gone = other.me
    other.close()
    one.nudge()
    assert not one.others, "a nudge finds out"
    assert not one.lives(gone)
    assert os.listdir(one.folder) == [one.me]


def test_a_killed_worker_does_not_live_and_gives_up_the_lead(folder: Path) -> None:
    script = f"""
        import signal
        from pathlib import Path
        from chatapp.realtime.datagrams import Datagrams
        peers = Datagrams(Path({str(folder)!r}))
        peers.open()
        assert peers.lead()
        print(peers.me, flush=True)
        signal.pause()
    """
    with process(script) as (killed, name):
        mine = Datagrams(folder)
        mine.open()
        assert set(mine.others) == {name}
        assert not mine.lead()
        killed.send_signal(signal.SIGSTOP)
        assert mine.lives(name), "one that stands still lives"
        killed.kill()
        killed.wait()
        until(lambda: not mine.lives(name), "the worker to be gone")
        assert mine.lead()
        assert mine.leads
        mine.close()


@contextlib.contextmanager
def process(script: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that runs this, and the first line that it prints."""
    command = [sys.executable, "-c", textwrap.dedent(script)]
    with subprocess.Popen(command, cwd=TOP, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        try:
            yield running, running.stdout.readline().strip()
        finally:
            running.kill()


def test_the_check_before_the_start_leaves_nothing_and_tells_what_is_wrong(folder: Path) -> None:
    datagrams.check(folder)
    assert os.listdir(folder) == []
    folder.rmdir()
    folder.write_text("")
    with pytest.raises(OSError, match="exists"):
        datagrams.check(folder)


# A database.

_WORKER = """
    import sys, gevent
    from chatapp.chat.here_postgres import HereTables
    from chatapp.chat.peers_postgres import DatabasePeers
    from chatapp.chat.postgres import Server
    server = Server({url!r})
    peers = DatabasePeers(server)
    peers.open()
    HereTables(server, peers).write({{}}, [], True)
    while not peers.lead():
        gevent.sleep(0.05)
    print(peers.me, flush=True)
    while True:
        peers.scan()
        gevent.sleep(0.1)
"""


def test_a_killed_worker_is_gone_soon_and_gives_up_the_lead(database: Database) -> None:
    with process(_WORKER.format(url=database.url)) as (killed, name):
        mine = database.peers()
        mine.scan()
        assert set(mine.others) == {name}
        killed.kill()
        killed.wait()
        until(lambda: mine.scan() or not mine.others, "the worker to be gone")
        assert mine.gone == {name}
        until(mine.lead, "the lead to be taken over")


def test_a_worker_that_stands_still_is_gone_and_comes_back(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one whose machine is gone: its session stays, as far as the database knows."""
    monkeypatch.setattr(peers_postgres, "GONE_SECONDS", 3.0)
    with process(_WORKER.format(url=database.url)) as (stopped, name):
        mine = database.peers()
        mine.scan()
        assert set(mine.others) == {name}
        stopped.send_signal(signal.SIGSTOP)
        until(lambda: mine.scan() or not mine.others, "the worker to be gone")
        stopped.send_signal(signal.SIGCONT)
        until(lambda: mine.scan() or mine.others, "the worker to be back")


def test_who_loses_the_session_begins_another_and_is_not_gone(database: Database, postgres_server: PostgresServer) -> None:
    one, other = database.peers(), database.peers()
    one.scan()
    run = one.run
    postgres_server.sql("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock'")

    def looked() -> bool:
        other.scan()
        assert set(other.others) == {one.me}
        return one.run > run

    until(looked, "another session")
    other.nudge(b"heard")
    said_to(one, b"heard")


def test_nobody_is_judged_when_the_database_was_away(own_postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database(own_postgres.create())
    mine = database.peers()
    monkeypatch.setattr(peers_postgres, "GONE_SECONDS", 3.0)
    with process(_WORKER.format(url=database.url)) as (killed, name):
        mine.scan()
        assert set(mine.others) == {name}
        own_postgres.kill()
        assert not mine.scan()
        killed.kill()
        killed.wait()
        own_postgres.start()
        run = mine.run
        until(lambda: mine.scan() or mine.run > run, "the database to be back")
        # Its session has not been there since, but neither had its worker the time to begin one.
        monkeypatch.setattr(peers_postgres, "ENDED_SECONDS", 0.0)
        for _ in range(20):
            mine.scan()
            assert set(mine.others) == {name}
            gevent.sleep(0.02)
        until(lambda: mine.scan() or not mine.others, "the worker to be gone, when it had time enough")
    database.close()


def test_what_does_not_fit_into_a_hint_is_left_out(database: Database) -> None:
    one, other = database.peers(), database.peers()
    other.nudge(json.dumps({"typing": "x" * 9000}).encode())
    other.nudge(b"fits")
    said_to(one, b"fits")
