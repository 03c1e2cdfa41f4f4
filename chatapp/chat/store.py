"""The store: the room's log of events, in one order, with an epoch.

It lives in memory and keeps the newest few hundred events, enough for a page to show what was said just now and to
catch up after a short absence. Posts come from `chat.room`, on the broadcast greenlet; readers ask by position.
Keeping the log on disk is left to a store with the same verbs.
"""

import collections
import datetime
import secrets

from chatapp.chat.messages import Event, Post

#: How many events are kept, and how much memory their texts may take (bytes); less when they are large.
KEPT_EVENTS = 500
KEPT_BYTES = 16_777_216


class Store:
    """An ordered log: `append`, then `after` or `find`. A new store is a new epoch: old positions mean nothing in it."""

    def __init__(self) -> None:
        self.epoch = secrets.token_hex(8)
        self.seq = 0
        self._events: collections.deque[Event] = collections.deque()
        self._by_id: dict[str, Event] = {}
        self._bytes = 0

    def append(self, posts: list[Post]) -> list[Event]:
        """Number the posts in their order and keep them; return the new events. Their ids must be new (see `find`)."""
        now = datetime.datetime.now(datetime.UTC)
        time = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        events = []
        for post in posts:
            self.seq += 1
            event = Event(self.seq, time, post)
            self._events.append(event)
            self._by_id[post.id] = event
            self._bytes += post.size
            events.append(event)
        while len(self._events) > KEPT_EVENTS or (self._bytes > KEPT_BYTES and len(self._events) > 1):
            oldest = self._events.popleft()
            self._bytes -= oldest.post.size
            del self._by_id[oldest.post.id]
        return events

    def find(self, message_id: str) -> Event | None:
        """The event whose post has this id, if it is still kept."""
        return self._by_id.get(message_id)

    def holds(self, epoch: str, seq: int) -> bool:
        """Whether everything after the position (epoch, seq) is known here."""
        return epoch == self.epoch and self.seq - len(self._events) <= seq <= self.seq

    def after(self, seq: int, most: int) -> list[Event]:
        """The events after number `seq`, oldest first, at most `most` of them."""
        first = max(0, len(self._events) - (self.seq - seq))
        return [self._events[i] for i in range(first, min(len(self._events), first + most))]
