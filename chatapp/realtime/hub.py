"""Hub: the set of clients and the broadcast greenlet.

Data comes in through `broadcast`, from the read loops of the talkers; the broadcast greenlet takes everything that is
waiting as one batch, hands it to `publish`, which makes the frames, and writes these to every client of an audience.
An audience is a set of clients that read the same, so each message is encoded once for all of them, and compressed once
for those who take it compressed.
What a message is, and which audiences there are, is left to those who call.

The Go original needs channels to register and unregister; here no greenlet can interrupt another between two waits,
so the sets are changed directly, and a fan-out that never waits sees them whole.
"""

import collections
import logging
from collections.abc import Callable, Hashable, Iterable, Set
from typing import Any

import gevent
from gevent.event import Event

from chatapp.realtime import counts, frames
from chatapp.realtime.connection import Connection
from chatapp.realtime.deflate import MANY_LEVEL, Deflater

#: How many posts, and about how many bytes, may wait for the broadcast greenlet. Over it talkers wait; listeners never do.
QUEUE_POSTS = 4096
QUEUE_BYTES = 16_777_216
#: How often a talker that waits looks again (seconds).
WAIT_SECONDS = 0.005
#: At most so many posts, and about so many bytes, become one batch.
BATCH_POSTS = 256
BATCH_BYTES = 131_072

_log = logging.getLogger(__name__)

Audience = Hashable
#: Makes the frames of one batch for one audience; called only if the audience has somebody in it.
Encode = Callable[[], bytes]
#: Posts in their order, each with the connection it came from.
Batch = list[tuple[Connection, Any]]
#: What each audience is to get, and how many events that is.
Deliveries = Iterable[tuple[Audience, Encode, int]]
#: Takes a batch, and delivers what is to be delivered of it.
Publish = Callable[[Batch], None]


class Hub:
    """All clients of this process, who listens to what, and the one queue through which every post goes."""

    def __init__(self, max_clients: int) -> None:
        self.max_clients = max_clients
        self.clients: set[Connection] = set()
        #: How many the other workers have, as they told last.
        self.clients_elsewhere = 0
        #: Whether it can't serve anybody yet: what it needs is not there.
        self.starting = False
        self.stopping = False
        # By audience, and by whether they take what they get compressed: all in one of these sets get the same bytes.
        self._audiences: dict[tuple[Audience, bool], set[Connection]] = {}
        self._deflater = Deflater(MANY_LEVEL)
        # Talkers, their posts and the sizes of these in bytes, oldest first. Not gevent's queue: nobody but the broadcast
        # greenlet takes from it, and an event that is set once a batch wakes that at a tenth of the cost a post.
        self._queue: collections.deque[tuple[Connection, Any, int]] = collections.deque()
        self._queued_bytes = 0
        self._posted = Event()

    # Who is here.

    @property
    def full(self) -> bool:
        """Whether another client would be one too many."""
        return len(self.clients) + self.clients_elsewhere >= self.max_clients

    @property
    def busy(self) -> bool:
        """Whether posts are waiting for the broadcast greenlet."""
        return bool(self._queue)

    @property
    def queued(self) -> tuple[int, int]:
        """How many posts are waiting, and about how many bytes these have."""
        return len(self._queue), self._queued_bytes

    def add(self, connection: Connection) -> None:
        """Count a client in."""
        self.clients.add(connection)

    def remove(self, connection: Connection) -> None:
        """Count a client out; it listens to nothing any more."""
        self.clients.discard(connection)
        for audience, _ in [key for key, members in self._audiences.items() if connection in members]:
            self.leave(audience, connection)

    def join(self, audience: Audience, connection: Connection) -> None:
        """From now on `connection` gets what is delivered to `audience`."""
        self._audiences.setdefault((audience, connection.deflated), set()).add(connection)

    def leave(self, audience: Audience, connection: Connection) -> None:
        """From now on it does not."""
        key = audience, connection.deflated
        members = self._audiences.get(key)
        if members is not None:
            members.discard(connection)
            if not members:
                del self._audiences[key]

    # Fan-out.

    def deliver(
        self, audience: Audience, encode: Encode, talkers: Set[Connection] = frozenset(), events: int = 0
    ) -> list[Connection]:
        """Write one batch of frames to all of `audience`, without ever waiting. `talkers` are those who said it; `events` is
        how many are counted as delivered to each.

        Returns those whose outbox was full: they got nothing of it, and the caller decides what becomes of them.
        """
        plain, deflated = self._audiences.get((audience, False)), self._audiences.get((audience, True))
        if not plain and not deflated:
            return []
        data = encode()
        slow = _write(plain, data, talkers) if plain else []
        if deflated:
            slow += _write(deflated, self._deflater.frames(data), talkers)
        counts.DELIVERIES.one.value += events * (len(plain or ()) + len(deflated or ()) - len(slow))
        return slow

    def deliver_all(self, deliveries: Deliveries, talkers: Set[Connection] = frozenset()) -> None:
        """Write what each audience gets. Those whose outbox is full are closed with 4008: they come back and resume."""
        for audience, encode, events in deliveries:
            for slow in self.deliver(audience, encode, talkers, events):
                slow.end(frames.TOO_SLOW)

    def broadcast(self, talker: Connection, post: Any, size: int) -> None:
        """Queue `post` (about `size` bytes) for everyone. Waits while the queue is full: the talker, nobody else.

        Talkers that wait are not served in the order in which they came.
        """
        while self._queued_bytes > QUEUE_BYTES or len(self._queue) >= QUEUE_POSTS:
            gevent.sleep(WAIT_SECONDS)
        self._queued_bytes += size
        self._queue.append((talker, post, size))
        self._posted.set()

    def run(self, publish: Publish) -> None:
        """Owned by the broadcast greenlet: batches for ever."""
        while True:
            self._publish(publish, self._next_batch())
            if self._queue:
                gevent.sleep(0)  # under load, let outboxes drain and readers read between two batches

    def _publish(self, publish: Publish, batch: Batch) -> None:
        try:
            publish(batch)
        except Exception:
            _log.exception("a batch of %d posts could not be broadcast", len(batch))

    def _next_batch(self) -> Batch:
        """Wait for a post, then take all that are waiting, up to the size of a batch.

        A lone post goes out alone at once; under load batches form by themselves.
        """
        while not self._queue:
            self._posted.clear()
            self._posted.wait()
        batch: Batch = []
        size = 0
        while self._queue and size < BATCH_BYTES and len(batch) < BATCH_POSTS:
            talker, post, more = self._queue.popleft()
            batch.append((talker, post))
            size += more
        self._queued_bytes -= size
        counts.BATCHES.observe(len(batch))
        return batch

    # The end.

    def stop(self, seconds: float) -> None:
        """Send everyone away with 1001 and wait until they are gone, at most `seconds`; then give up the rest."""
        self.stopping = True
        for connection in list(self.clients):
            connection.end(frames.GOING_AWAY)
        with gevent.Timeout(seconds, False):
            while self.clients or self._queue:
                gevent.sleep(0.02)
        for connection in list(self.clients):
            connection.abort()


def _write(members: set[Connection], data: bytes, talkers: Set[Connection]) -> list[Connection]:
    """Write to all; return those whose outbox is full. A write can end a connection but never switches greenlets, so the
    set can't change under the loop."""
    return [connection for connection in _in_turn(members, talkers) if not connection.write(data)]


def _in_turn(members: set[Connection], talkers: Set[Connection]) -> Iterable[Connection]:
    """The members of an audience in the order in which they are served: talkers after three quarters of the others.

    A talker that waits for its own message before the next thus sends while the last quarter is served, and nobody waits
    for it. Served first, its next message would wait for all the others; served last, the server for it.
    """
    if not talkers:
        return members
    others = [*(members - talkers)]
    turn = len(others) * 3 // 4
    return [*others[:turn], *(members & talkers), *others[turn:]]
