"""What becomes of a post that is given to the store. Pure.

Made by `chat.store` and `chat.writing`; `chat.rooms` tells the talkers.
"""

from typing import NamedTuple

from chatapp.chat.database import DatabaseError
from chatapp.chat.messages import BadMessage, Event, Post


class Done(NamedTuple):
    """The event that a post is now; `again`: it was that already, and nothing was stored."""

    event: Event
    again: bool


#: What became of a post: an event, or why it was refused.
Outcome = Done | BadMessage


class NotStored(DatabaseError):
    """The store can't take this now, for the reason that the database gave."""

    def __init__(self, failure: DatabaseError) -> None:
        super().__init__(
            str(failure),
            busy=failure.busy,
            damaged=failure.damaged,
            hopeless=failure.hopeless,
            unknown=failure.unknown,
        )


def repeated(post: Post, earlier: Event) -> Outcome:
    """What becomes of a post whose id the event `earlier` has."""
    if (earlier.user.id, earlier.type, earlier.room) != (post.user.id, post.type, post.room):
        return BadMessage("id_taken", "This id was given to something else.", post.id, post.room)
    return Done(earlier, True)
