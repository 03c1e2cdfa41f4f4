"""The store: the room's log of events, in one order, with an epoch.

It lives in memory and keeps the newest few hundred events, enough for a page to show what was said just now and to
catch up after a short absence. Posts come from `chat.room`, on the broadcast greenlet; readers ask by position.
Keeping the log on disk is left to a store with the same verbs.
"""

import collections
import datetime
import secrets

from chatapp.chat.messages import Event, Post

#: How many events are kept.
KEPT_EVENTS = 500


class Store:
    """An ordered log: `append`, then `after` or `find`. A new store is a new epoch: old positions mean nothing in it."""

    def __init__(self) -> None:
        self.epoch = secrets.token_hex(8)
        self.seq = 0
        self._events: collections.deque[Event] = collections.deque()
        self._by_id: dict[str, Event] = {}

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
            events.append(event)
        while len(self._events) > KEPT_EVENTS:
            oldest = self._events.popleft()
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
