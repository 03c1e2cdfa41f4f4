"""What one worker makes of what the others wrote, while the table of who is here takes its time."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gevent
import gevent.socket
import pytest
from gevent.event import Event

from chatapp.chat.follower import Follower
from chatapp.chat.here import Changes
from chatapp.chat.here_postgres import HereTables
from chatapp.chat.messages import BadMessage, User
from chatapp.chat.peers_postgres import DatabasePeers
from chatapp.chat.people import People
from chatapp.chat.postgres import Server
from chatapp.chat.presence import Presence
from chatapp.chat.workers import Workers
from chatapp.realtime.connection import Connection, Limits, take_over
from chatapp.realtime.hub import Hub
from tests.chat_store import ANN, BOB, SqlitePlace
from tests.conftest import PATIENCE

#: How long an answer is held back at most (seconds): for what must not happen meanwhile, and so can't be waited for.
HELD_SECONDS = 0.3


class SlowTables(HereTables):
    """What is read about somebody of this id arrives late."""

    late = ""

    def __init__(self, server: Server, peers: DatabasePeers) -> None:
        super().__init__(server, peers)
        self.has_read, self.go_on, self.next = Event(), Event(), Event()

    def changes(self) -> Changes | None:
        """See `chat.here`."""
        self.next.set()
        self._peers.hinted = True
        changes = super().changes()
        if changes is not None and self.late in {user.id for user, _ in changes.people}:
            self.late = ""
            self.next.clear()
            self.has_read.set()
            self.go_on.wait(HELD_SECONDS)
        return changes


class World:
    """One worker, on a real database."""

    def __init__(self, url: str, folder: Path) -> None:
        self.server = Server(url)
        self.peers = DatabasePeers(self.server)
        self.peers.open()
        self.table = SlowTables(self.server, self.peers)
        self.presence = Presence(Hub(100))
        self.workers = Workers(
            self.peers,
            Follower(self.peers, None),  # type: ignore[arg-type]  # nothing is followed here
            lambda: self.table,
            SqlitePlace(folder).store(),
            self.presence,
            Hub(100),
            People(b"key"),
            lambda: {"clients": 0},
        )
        self._sockets: list[Any] = []
        self._connections: list[Connection] = []
        self._running = gevent.spawn(self.workers.run)

    def come(self, user: User) -> Connection:
        """Somebody says hello."""
        ours, theirs = gevent.socket.socketpair()
        self._sockets.append(theirs)
        connection = Connection(take_over(ours), Limits())
        self._connections.append(connection)
        self.presence.hold_name(user)
        self.presence.connect(connection, user)
        return connection

    def rows(self, sql: str) -> list[Any]:
        """What is in the database."""
        with self.server.link() as link:
            return link.ask(sql)

    def close(self) -> None:
        self._running.kill()
        for connection in self._connections:
            connection.abort()
            connection.finish()
        for socket in self._sockets:
            socket.close()
        self.workers.close()
        self.server.close()


def until(condition: Callable[[], object]) -> None:
    """Let the greenlets go on until it is so."""
    with gevent.Timeout(PATIENCE, AssertionError("waited in vain")):
        while not condition():
            gevent.sleep(0.01)


@pytest.fixture
def world(postgres: str, tmp_path: Path) -> Iterator[World]:
    world = World(postgres, tmp_path)
    yield world
    world.close()


def test_what_was_read_before_a_name_was_given_away_takes_it_from_nobody(world: World) -> None:
    first, second = BOB, User("another-bob", "Bob", "b2")
    world.table.late = first.id
    connection = world.come(first)
    assert world.table.has_read.wait(PATIENCE)
    world.presence.disconnect(connection, first.id)
    # The name is the second one's, while the news that it was the first one's are still on their way.
    coming = gevent.spawn(world.come, second)
    coming.join(HELD_SECONDS)
    world.table.go_on.set()
    theirs = coming.get(timeout=PATIENCE)
    assert world.table.next.wait(PATIENCE), "what was read is taken in"
    assert world.presence.holds(second)
    assert world.presence.connections(second.id) == [theirs]
    assert not world.presence.disputed
    assert theirs.ending is None


def test_what_is_to_be_written_anew_is_not_taken_for_written_by_who_writes_just_now(world: World) -> None:
    world.come(ANN)
    until(lambda: world.workers._told and not world.presence.moved)
    with world.server.link() as link:
        link.execute("BEGIN")
        link.execute("SELECT FROM here_state FOR UPDATE")
        world.presence.moved.add(ANN.id)
        writing = gevent.spawn(world.workers._hurry)
        until(lambda: not world.presence.moved)
        # All that was written is lost, and that is known here before the answer has come.
        link.execute("DELETE FROM here_names")
        link.execute("DELETE FROM here_places")
        world.peers.run += 1
        gevent.sleep(HELD_SECONDS)  # it must not be begun anew meanwhile
        link.execute("COMMIT")
    writing.join(PATIENCE)
    until(lambda: world.rows("SELECT person FROM here_names") == [(ANN.id,)])


def test_who_asks_in_vain_while_all_is_written_anew_is_not_written_down_as_here(world: World) -> None:
    world.come(BOB)
    coming = gevent.spawn(world.come, User("another-bob", BOB.name, "b2"))
    until(lambda: "another-bob" in world.workers._claims.coming and world.workers._told)
    world.peers.run += 1
    with pytest.raises(BadMessage) as refused:
        coming.get(timeout=PATIENCE)
    assert refused.value.code == "name_taken"
    until(lambda: not world.presence.moved)
    until(lambda: world.rows("SELECT person FROM here_places WHERE rooms IS NOT NULL") == [(BOB.id,)])
