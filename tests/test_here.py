"""The table of who is here, as several workers see it: in a real file, and in a real database."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import gevent
import pytest

from chatapp.chat import peers_postgres
from chatapp.chat.here import Changes, Here, HereError, Person, Unsettled
from chatapp.chat.here_postgres import HereTables
from chatapp.chat.here_sqlite import HereFile
from chatapp.chat.peers_postgres import DatabasePeers
from chatapp.chat.postgres import Server
from tests.chat_store import ANN, BOB, EVE
from tests.conftest import PATIENCE
from tests.postgres_server import PostgresServer


class World(Protocol):
    """Workers that share a table, and who of them lives."""

    def worker(self, name: str) -> Here:
        """Another one, which has written that it is there."""

    def kill(self, name: str) -> None:
        """It lives no more."""

    def changes(self, here: Here) -> Changes | None:
        """What a worker finds that has been told to look."""

    def table(self, name: str) -> list[str]:
        """The first column of one of the tables: workers, people, here (whose is the person)."""

    def close(self) -> None:
        """The end."""


class FileWorld:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.living: set[str] = set()
        self._tables: list[HereFile] = []

    def worker(self, name: str) -> HereFile:
        self.living.add(name)
        here = HereFile(self.folder, name, self.living.__contains__)
        self._tables.append(here)
        here.write({"worker": name}, [], True)
        return here

    def kill(self, name: str) -> None:
        self.living.remove(name)

    def changes(self, here: Here) -> Changes | None:
        return here.changes()

    def table(self, name: str) -> list[str]:
        (path,) = self.folder.glob("here-*.db")
        connection = sqlite3.connect(path)
        try:
            column = "worker" if name == "workers" else "person"
            return [row for (row,) in connection.execute(f"SELECT {column} FROM {name} ORDER BY {column}")]
        finally:
            connection.close()

    def close(self) -> None:
        for table in self._tables:
            table.close()


class DatabaseWorld:
    def __init__(self, url: str) -> None:
        self._url = url
        self._servers = [Server(url)]
        self.peers: dict[str, DatabasePeers] = {}

    def worker(self, name: str) -> HereTables:
        server = Server(self._url)
        self._servers.append(server)
        self.peers[name] = peers = DatabasePeers(server)
        peers.me = name
        peers.open()
        here = HereTables(server, peers)
        here.write({"worker": name}, [], True)
        return here

    def kill(self, name: str) -> None:
        self.peers.pop(name).close()
        self.until(lambda: all(name in peers.gone for peers in self.peers.values()))

    def until(self, condition: Callable[[], bool]) -> None:
        """Let all look until it is so."""
        with gevent.Timeout(PATIENCE, AssertionError("waited in vain")):
            while not condition():
                for peers in self.peers.values():
                    peers.scan()
                gevent.sleep(0.05)

    def changes(self, here: Here) -> Changes | None:
        assert isinstance(here, HereTables)
        here._peers.hinted = True
        return here.changes()

    def table(self, name: str) -> list[str]:
        table, column = {"workers": ("workers", "worker"), "people": ("names", "person"), "here": ("places", "person")}[name]
        with self._servers[0].link() as link:
            return [row for (row,) in link.ask(f"SELECT {column} FROM here_{table} ORDER BY {column}")]

    def close(self) -> None:
        for peers in self.peers.values():
            peers.close()
        for server in self._servers:
            server.close()


@pytest.fixture(params=["file", "database"])
def world(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    world: World
    if request.param == "file":
        world = FileWorld(tmp_path)
    else:
        monkeypatch.setattr(peers_postgres, "ENDED_SECONDS", 0.2)
        world = DatabaseWorld(request.getfixturevalue("postgres"))
    yield world
    world.close()


@pytest.fixture
def file_world(tmp_path: Path) -> Iterator[FileWorld]:
    world = FileWorld(tmp_path)
    yield world
    world.close()


@pytest.fixture
def database_world(postgres: str) -> Iterator[DatabaseWorld]:
    world = DatabaseWorld(postgres)
    yield world
    world.close()


def in_rooms(*rooms: str) -> Person:
    return Person(None, "", rooms)


LEFT = Person(None, "", None)


def changes(world: World, here: Here) -> Changes:
    found = world.changes(here)
    assert found is not None
    return found


def test_a_name_has_one_holder_until_they_have_left_everywhere(world: World) -> None:
    one, other = world.worker("one"), world.worker("other")
    assert one.claim([(ANN, "")], ["other"]) == [True]
    assert other.claim([(BOB._replace(name="ANN"), ""), (BOB, ""), (EVE, "")], ["one"]) == [False, True, True]
    assert other.claim([(ANN, "")], []) == [True], "the same person in another worker"
    one.write({}, [(ANN.id, LEFT)], False)
    assert one.claim([(EVE._replace(name="ann"), "")], []) == [False]
    other.write({}, [(ANN.id, LEFT)], False)
    assert one.claim([(EVE._replace(name="ann"), "")], []) == [True]
    assert other.claim([(ANN._replace(name="eve"), "")], []) == [True], "she has another name now"


def test_of_two_who_ask_together_for_one_name_the_first_gets_it(world: World) -> None:
    here = world.worker("one")
    assert here.claim([(ANN, ""), (BOB._replace(name="Ann"), "")], []) == [True, False]


def test_a_name_that_is_given_up_in_the_same_breath_is_free(world: World) -> None:
    here = world.worker("one")
    assert here.claim([(ANN, "")], []) == [True]
    asked = [(ANN._replace(name="anna"), ""), (BOB._replace(name="ann"), ""), (EVE._replace(name="anna"), "")]
    assert here.claim(asked, []) == [True, True, False]
    assert changes(world, world.worker("other")).people == [(ANN._replace(name="anna"), ""), (BOB._replace(name="ann"), "")]


def test_a_dead_worker_holds_no_name(world: World) -> None:
    one, other = world.worker("one"), world.worker("other")
    assert one.claim([(ANN, "")], []) == [True]
    world.kill("one")
    assert other.claim([(BOB._replace(name="ann"), "")], []) == [True]


def test_no_name_is_given_before_all_have_written_down_who_is_there(file_world: FileWorld) -> None:
    one = file_world.worker("one")
    with pytest.raises(Unsettled):
        one.claim([(ANN, "")], ["other"])
    assert one.changes() is not None
    assert changes(file_world, file_world.worker("third")).people == [], "nothing of it was written"


def test_what_another_has_written_is_found_once_and_only_what_is_new(world: World) -> None:
    one, other = world.worker("one"), world.worker("other")
    one.claim([(ANN, "ann@example.org")], [])
    one.write({"clients": 1}, [(ANN.id, in_rooms("main", "dev"))], False)
    first = changes(world, other)
    assert first.people == [(ANN, "ann@example.org")]
    assert [(worker, person, set(rooms or ())) for worker, person, rooms in first.here] == [("one", ANN.id, {"main", "dev"})]
    assert first.statuses["one"] == {"clients": 1}
    assert world.changes(other) is None
    one.write({"clients": 0}, [(ANN.id, LEFT)], False)
    second = changes(world, other)
    assert (second.whole, second.people, second.here) == (False, [], [("one", ANN.id, None)])
    assert second.statuses == {"one": {"clients": 0}}


def test_who_was_met_while_a_worker_was_alone_is_written_down_with_the_name(world: World) -> None:
    one, other = world.worker("one"), world.worker("other")
    one.write({}, [(ANN.id, Person(ANN, "", ("main",)))], False)
    assert changes(world, other).people == [(ANN, "")]
    assert other.claim([(BOB._replace(name="ann"), "")], []) == [False]


def test_who_writes_all_anew_says_who_is_not_there(world: World) -> None:
    one, other = world.worker("one"), world.worker("other")
    one.claim([(ANN, ""), (BOB, "")], [])
    changes(world, other)
    one.write({}, [(BOB.id, Person(BOB, "", ("main",)))], True)
    told = {person: rooms for _, person, rooms in changes(world, other).here}
    assert (told[ANN.id], list(told[BOB.id] or ())) == (None, ["main"])


def test_what_tells_of_those_who_left_is_removed_and_who_missed_it_gets_all(world: World) -> None:
    one, other, late = world.worker("one"), world.worker("other"), world.worker("late")
    one.claim([(ANN, ""), (BOB, "")], [])
    one.write({}, [(ANN.id, in_rooms("main")), (BOB.id, in_rooms("main"))], False)
    assert len(changes(world, late).here) == 2
    one.write({}, [(ANN.id, LEFT)], False)
    one.sweep()
    changes(world, other)
    one.sweep()
    assert world.table("here") == [BOB.id]
    assert world.table("people") == [BOB.id]
    assert not changes(world, other).whole
    found = changes(world, late)
    assert (found.whole, found.here) == (True, [("one", BOB.id, ["main"])])


def test_what_dead_workers_wrote_is_removed(world: World) -> None:
    one, other = world.worker("one"), world.worker("other")
    one.claim([(ANN, "")], [])
    world.kill("one")
    other.sweep()
    assert world.table("workers") == ["other"]
    assert world.table("here") == []


def test_who_is_alone_again_leaves_nothing_unless_somebody_has_come(world: World) -> None:
    one = world.worker("one")
    one.claim([(ANN, "")], [])
    assert not one.leave(lambda: False)
    assert one.leave(lambda: True)
    assert world.table("here") == world.table("workers") == []


def test_who_has_left_the_table_is_waited_for(file_world: FileWorld) -> None:
    file_world.worker("one").leave(lambda: True)
    with pytest.raises(Unsettled):
        file_world.worker("other").claim([(BOB, "")], ["one"])


def test_another_run_of_the_machine_begins_anew(file_world: FileWorld) -> None:
    (file_world.folder / "here-00000000.db").write_bytes(b"damaged")
    file_world.worker("one")
    assert not (file_world.folder / "here-00000000.db").exists()


# What only databases do.


def test_who_leaves_in_order_is_gone_at_once_with_all_that_it_wrote(database_world: DatabaseWorld) -> None:
    one, other = database_world.worker("one"), database_world.worker("other")
    one.claim([(ANN, "")], [])
    database_world.until(lambda: "one" in database_world.peers["other"].others)
    one.close()
    assert database_world.peers["other"].scan()
    assert not database_world.peers["other"].others
    assert database_world.table("here") == []
    assert other.claim([(BOB._replace(name="ann"), "")], []) == [True]


def test_a_database_that_is_killed_loses_no_name_and_all_is_written_anew(own_postgres: PostgresServer) -> None:
    world = DatabaseWorld(own_postgres.create())
    one = world.worker("one")
    run = one.run
    assert one.claim([(ANN, "")], []) == [True]
    changes(world, one)
    own_postgres.kill()
    with pytest.raises(HereError):
        one.write({}, [], False)
    own_postgres.start()
    world.until(lambda: one.run > run)
    other = world.worker("other")
    assert other.claim([(BOB._replace(name="ann"), "")], []) == [False]
    assert changes(world, one).whole, "all is read anew"
    world.close()
