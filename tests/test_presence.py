"""Presence with a clock of the test's own, and real connections over socket pairs."""

import json
from collections.abc import Iterator
from typing import Any

import gevent.socket
import pytest

from chatapp.chat import telling
from chatapp.chat.messages import BadMessage, User
from chatapp.chat.presence import Presence
from chatapp.chat.telling import GRACE_SECONDS
from chatapp.realtime.connection import Connection, Limits, take_over
from chatapp.realtime.hub import Hub
from tests.chat_store import ANN, BOB


class World:
    """A presence, its clock, and what a reader of the room is told."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.hub = Hub(100)
        self.presence = Presence(self.hub, lambda: self.now)
        self._sockets: list[Any] = []
        self._connections: list[Connection] = []
        reader = self.connection()
        self._reader = self._sockets[-1]
        self.hub.join(telling.audience("main"), reader)

    def connection(self) -> Connection:
        ours, theirs = gevent.socket.socketpair()
        self._sockets.append(theirs)
        self._connections.append(Connection(take_over(ours), Limits()))
        return self._connections[-1]

    def come(self, user: User) -> Connection:
        connection = self.connection()
        self.presence.hold_name(user)
        self.presence.connect(connection, user)
        self.presence.enter("main", user.id)
        return connection

    def go(self, connection: Connection, user: User) -> None:
        self.presence.leave("main", user.id)
        self.presence.disconnect(connection, user.id)

    def told(self) -> list[tuple[list[str], list[str], int]]:
        """What is told now: who came, who left, how many are here; nothing if nothing has changed."""
        self.presence.telling.tell()
        self._reader.settimeout(0.02)
        told = []
        try:
            while True:
                head = self._reader.recv(2)
                length = head[1] if head[1] < 126 else int.from_bytes(self._reader.recv(2), "big")
                said = json.loads(self._reader.recv(length))
                told.append(([user["name"] for user in said["joined"]], said["left"], said["here"]))
        except TimeoutError:
            return told

    def close(self) -> None:
        for connection in self._connections:
            connection.abort()
            connection.finish()
        for sock in self._sockets:
            sock.close()


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.close()


def test_many_who_come_at_once_are_told_in_one_piece(world: World) -> None:
    for number in range(50):
        world.come(User(f"id-{number}", f"name-{number}", ""))
    ((came, left, here),) = world.told()
    assert (len(came), left, here) == (50, [], 50)
    assert world.told() == [], "nothing new, nothing told"


def test_who_comes_back_in_time_has_not_left(world: World) -> None:
    ann = world.come(ANN)
    world.told()
    world.go(ann, ANN)
    world.now += GRACE_SECONDS / 2
    assert world.told() == []
    again = world.come(ANN)
    world.now += GRACE_SECONDS * 2
    assert world.told() == []
    world.go(again, ANN)
    world.now += GRACE_SECONDS + 1
    assert world.told() == [([], [ANN.id], 0)]


def test_a_person_leaves_with_the_last_tab(world: World) -> None:
    first, second = world.come(ANN), world.come(ANN)
    assert world.told() == [(["ann"], [], 1)]
    world.go(first, ANN)
    world.now += GRACE_SECONDS + 1
    assert world.told() == []
    assert world.presence.people() == {ANN.id}
    world.go(second, ANN)
    assert not world.presence.people()


def test_another_name_is_told_and_the_old_one_is_free(world: World) -> None:
    connection = world.come(ANN)
    world.told()
    anna = ANN._replace(name="anna")
    world.presence.hold_name(anna)
    world.presence.connect(connection, anna)
    assert world.told() == [(["anna"], [], 1)]
    world.presence.hold_name(BOB._replace(name="Ann"))
    with pytest.raises(BadMessage, match="has this name"):
        world.presence.hold_name(BOB._replace(name="ANNA"))


def test_a_name_is_held_while_one_is_here_and_no_longer(world: World) -> None:
    connection = world.come(ANN)
    with pytest.raises(BadMessage):
        world.presence.hold_name(BOB._replace(name="ann"))
    world.go(connection, ANN)
    world.presence.hold_name(BOB._replace(name="ann"))


def test_of_many_who_write_some_are_told(world: World) -> None:
    for number in range(20):
        user = User(f"id-{number}", f"name-{number}", "")
        world.come(user)
        world.presence.types("main", user.id)
    world.presence.telling.tell()
    world._reader.settimeout(0.02)
    data = b""
    try:
        while True:
            data += world._reader.recv(65536)
    except TimeoutError:
        pass
    assert data.count(b'"type":"typing"') == telling.TOLD_TYPING


def test_who_has_written_does_not_write_any_more(world: World) -> None:
    world.come(ANN)
    world.told()
    world.presence.types("main", ANN.id)
    world.presence.telling.wrote("main", ANN.id)
    world.presence.telling.tell()
    world._reader.settimeout(0.02)
    with pytest.raises(TimeoutError):
        world._reader.recv(1)


def test_nothing_is_kept_of_those_who_are_gone(world: World) -> None:
    for number in range(20):
        user = User(f"id-{number}", f"name-{number}", "")
        world.go(world.come(user), user)
        world.presence.telling.tell()
    world.now += GRACE_SECONDS + 1
    world.presence.telling.tell()
    assert not world.presence._names.users
    assert not world.presence._names._holders
    assert not world.presence._connections


def test_who_leaves_while_no_name_can_be_asked_for_keeps_theirs(world: World) -> None:
    ann = world.come(ANN)
    world.presence.keep_names(True)
    world.go(ann, ANN)
    world.now += GRACE_SECONDS + 1
    world.told()
    assert world.presence.holds(ANN)
    bob = world.come(BOB)
    world.presence.keep_names(False)
    assert not world.presence.holds(ANN)
    assert not world.presence.knows(ANN.id)
    assert world.presence.holds(BOB)
    world.go(bob, BOB)
    assert not world.presence.holds(BOB)


def test_a_name_that_was_given_to_another_elsewhere_is_disputed(world: World) -> None:
    world.come(ANN)
    world.presence.named_elsewhere(BOB._replace(name="Ann"))
    assert world.presence.disputed == {ANN.id}
    assert not world.presence.holds(ANN)
    world.presence.named_elsewhere(ANN)
    assert world.presence.holds(ANN)
