"""The hub: who listens to what, batches that form by themselves, talkers that wait. Over real socket pairs."""

from collections.abc import Callable, Iterator

import gevent
import gevent.socket
import pytest

from chatapp.realtime import hub as hub_module
from chatapp.realtime.connection import Connection, Limits, take_over
from chatapp.realtime.frames import text_frame
from chatapp.realtime.hub import Batch, Hub

ROOM = "room"


@pytest.fixture
def connect() -> Iterator[Callable[[], tuple[Connection, gevent.socket.socket]]]:
    """`connect()` gives a connection and the socket of its peer."""
    peers: list[gevent.socket.socket] = []
    connections: list[Connection] = []

    def make() -> tuple[Connection, gevent.socket.socket]:
        ours, theirs = gevent.socket.socketpair()
        peers.append(theirs)
        connections.append(Connection(take_over(ours), Limits(outbox_bytes=100_000)))
        return connections[-1], theirs

    yield make
    for connection, theirs in zip(connections, peers, strict=True):
        connection.abort()
        connection.finish()
        theirs.close()


Connect = Callable[[], tuple[Connection, gevent.socket.socket]]


def test_only_an_audience_hears_and_who_left_hears_no_more(connect: Connect) -> None:
    hub = Hub(10)
    (ann, ann_peer), (bob, bob_peer) = connect(), connect()
    hub.join(ROOM, ann)
    hub.join(ROOM, bob)
    hub.deliver(ROOM, lambda: text_frame(b"one"))
    hub.leave(ROOM, bob)
    hub.deliver(ROOM, lambda: text_frame(b"two"))
    hub.deliver("nobody", lambda: pytest.fail("nothing is encoded for nobody"))
    assert ann_peer.recv(100) == text_frame(b"one") + text_frame(b"two")
    assert bob_peer.recv(100) == text_frame(b"one")
    hub.add(ann)
    hub.remove(ann)
    assert not hub.clients
    assert not hub._audiences


def test_those_with_a_full_outbox_are_told_and_the_others_served(connect: Connect) -> None:
    hub = Hub(10)
    (slow, _), (quick, quick_peer) = connect(), connect()
    hub.join(ROOM, slow)
    while slow.write(text_frame(b"x" * 5000)):
        pass
    hub.join(ROOM, quick)
    big = text_frame(b"x" * 5000)
    assert hub.deliver(ROOM, lambda: big) == [slow]
    assert quick_peer.recv(10_000) == big
    slow.abort()


def test_talkers_are_served_in_their_turn_and_everyone_once(connect: Connect) -> None:
    members = {connect()[0] for _ in range(8)}
    talker = next(iter(members))
    order = list(hub_module._in_turn(members, {talker}))
    assert set(order) == members
    assert len(order) == 8
    assert order.index(talker) == 7 * 3 // 4
    stranger = connect()[0]
    assert set(hub_module._in_turn(members, {stranger})) == members


def test_what_waits_becomes_one_batch_in_its_order_and_a_failure_ends_nothing(connect: Connect) -> None:
    hub = Hub(10)
    talker, _ = connect()
    batches: list[list[int]] = []

    def publish(batch: Batch) -> None:
        batches.append([post for _, post in batch])
        if len(batches) == 1:
            raise RuntimeError("this batch fails")

    for number in range(hub_module.BATCH_POSTS + 10):
        hub.broadcast(talker, number, 1)
    loop = gevent.spawn(hub.run, publish)
    with gevent.Timeout(5):
        while len(batches) < 2:
            gevent.sleep(0.01)
    hub.broadcast(talker, -1, hub_module.BATCH_BYTES)
    hub.broadcast(talker, -2, 1)
    with gevent.Timeout(5):
        while len(batches) < 4:
            gevent.sleep(0.01)
    loop.kill()
    assert batches == [
        list(range(hub_module.BATCH_POSTS)),
        list(range(hub_module.BATCH_POSTS, hub_module.BATCH_POSTS + 10)),
        [-1],
        [-2],
    ]


@pytest.mark.parametrize("size", [1, 1_000_000])
def test_a_talker_waits_while_the_queue_is_full(connect: Connect, size: int) -> None:
    """Full by number, and full by bytes."""
    hub = Hub(10)
    talker, _ = connect()
    said: list[int] = []

    def talk() -> None:
        for number in range(hub_module.QUEUE_POSTS + 1):
            hub.broadcast(talker, number, size)
            said.append(number)

    talking = gevent.spawn(talk)
    talking.join(0.2)
    assert not talking.dead
    assert len(said) == min(hub_module.QUEUE_POSTS, hub_module.QUEUE_BYTES // size + 1)
    loop = gevent.spawn(hub.run, lambda batch: [])
    with gevent.Timeout(60):
        talking.join()
    loop.kill()
    assert len(said) == hub_module.QUEUE_POSTS + 1
