"""The app over a store that only numbers: what the chat costs without keeping anything, to compare with.

All but the store is the same: parsing, rooms, people, recent events in memory, fan-out.
"""

import time
from collections.abc import Sequence

import chatapp
from chatapp.chat import messages
from chatapp.chat.directory import RoomHead
from chatapp.chat.messages import Event, Post
from chatapp.chat.outcomes import Done, Outcome
from chatapp.chat.store import Store


class NumberingStore(Store):
    """Numbers what is posted to rooms, and forgets it. Knows the main room alone, and no ids."""

    def open(self) -> None:
        self.directory.add_room(RoomHead(1, messages.MAIN_ROOM, "room"))
        self.epoch = "numbers"

    def close(self) -> None:
        """Nothing is open."""

    @property
    def is_open(self) -> bool:
        return True

    def append(self, posts: Sequence[Post]) -> list[Outcome]:
        now = int(time.time() * 1000)
        outcomes: list[Outcome] = []
        for post in posts:
            pos = self._known.pos + 1
            self._known = self._known._replace(pos=pos)
            head = self.directory.rooms[post.room]
            text = post.text
            post_id = post.id or messages.plain_id(pos)
            event = Event(
                pos,
                post.room,
                head.seq + 1,
                head.number + 1,
                post.type,
                now,
                post.user,
                post_id,
                text,
                email=post.email,
            )
            self.directory.apply(event)
            self._news.append(event)
            outcomes.append(Done(event, False))
        return outcomes

    def poll(self) -> None:
        """Nobody else commits anything."""

    def forget_addresses(self, pos: int) -> None:
        """None are kept."""

    def catch_up(self) -> None:
        """Nobody else has committed anything."""


chatapp.Store = NumberingStore  # type: ignore[attr-defined]

from wsgi import app  # noqa: E402 - it makes the store

__all__ = ["app"]
