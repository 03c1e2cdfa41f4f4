"""The room: from a batch of posts to events in the store and frames for everyone; and how someone joins.

Posts come from the broadcast greenlet (`publish`); frames go back to the hub, encoded once for each dialect. A message
that anybody sees is in the store first, and one whose id is known already is not stored again: its sender gets
the stored event back, so a client may send again when in doubt.
"""

from collections.abc import Iterable

from chatapp.chat import messages
from chatapp.chat.messages import Post
from chatapp.chat.store import Store
from chatapp.realtime.connection import Connection
from chatapp.realtime.hub import Audience, Encode, Hub

#: The two audiences of the room: who reads the plain dialect and who reads `chat.v1`.
PLAIN: Audience = ("chat", "plain")
V1: Audience = ("chat", messages.CHAT_V1)
#: How many events someone who joins is shown first.
PAGE_EVENTS = 50
#: How many events are read from the store at a time while someone catches up.
CATCH_UP_EVENTS = 50
#: Someone who catches up is sent more once no more than this is waiting, in bytes.
CATCH_UP_ROOM_BYTES = 65_536


class Room:
    """The one room there is, over a store and a hub."""

    def __init__(self, store: Store, hub: Hub) -> None:
        self._store = store
        self._hub = hub

    @property
    def epoch(self) -> str:
        """The identity of the store; a position of another epoch means nothing here."""
        return self._store.epoch

    def send(self, post: Post, connection: Connection) -> None:
        """Put a post on the broadcast queue. Waits while that is full."""
        self._hub.broadcast(connection, post, post.size)

    def publish(self, batch: list[tuple[Connection, Post]]) -> Iterable[tuple[Audience, Encode]]:
        """Store a batch and say what each audience gets. Runs on the broadcast greenlet."""
        new: dict[str, Post] = {}
        again: list[tuple[Connection, str]] = []
        for talker, post in batch:
            if post.id in new or self._store.find(post.id):
                again.append((talker, post.id))
            else:
                new[post.id] = post
        events = self._store.append(list(new.values()))
        yield PLAIN, lambda: b"".join(map(messages.encode_plain, events))
        yield V1, lambda: b"".join(map(messages.encode_v1, events))
        # After the fan-out, so that even the answer to a repeated send keeps the order of events.
        for talker, known_id in again:
            stored = self._store.find(known_id)
            if stored is not None:
                talker.write(messages.encode_v1(stored))

    def join_plain(self, connection: Connection) -> None:
        """Follow the room in the plain dialect: from now on, without a past."""
        self._hub.join(PLAIN, connection)

    def join_v1(self, connection: Connection, resume: tuple[str, int] | None) -> None:
        """Follow the room in `chat.v1`: what was missed since `resume`, or the newest page, then what is new.

        Waits, in the reader's greenlet, while the client is slow to take the past; ends early if it goes away.
        """
        self._hub.leave(V1, connection)
        recovered = resume is not None and self._store.holds(*resume)
        seq = resume[1] if resume is not None and recovered else max(0, self._store.seq - PAGE_EVENTS)
        if not connection.write_waiting(messages.joined(self._store.seq, recovered), CATCH_UP_ROOM_BYTES):
            return
        while events := self._store.after(seq, CATCH_UP_EVENTS):
            for event in events:
                if not connection.write_waiting(messages.encode_v1(event), CATCH_UP_ROOM_BYTES):
                    return
            seq = events[-1].seq
        # Nothing waits between the last look into the store and this line, so there is neither gap nor repeat.
        self._hub.join(V1, connection)
