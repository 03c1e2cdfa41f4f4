"""What becomes of a post that is given to the store. Pure.

Made by `chat.store`; `chat.rooms` tells the talkers.
"""

import sqlite3
from typing import NamedTuple

from chatapp.chat.messages import BadMessage, Event, Post

# What SQLite says when there is no place to write to, whatever is written.
_NO_PLACE = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_MISUSE,
)


class Done(NamedTuple):
    """The event that a post is now; `again`: it was that already, and nothing was stored."""

    event: Event
    again: bool


#: What became of a post: an event, or why it was refused.
Outcome = Done | BadMessage


class NotStored(Exception):
    """The store can't take this now. `busy`: another process holds it, which ends by itself; `damaged`: somebody has to
    look after it; `hopeless`: it can't take anything, because the disk is full, say. Otherwise it is about what was posted.
    """

    def __init__(self, error: sqlite3.Error) -> None:
        super().__init__(str(error))
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        self.busy = code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
        self.damaged = code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
        self.hopeless = self.damaged or code in _NO_PLACE


def repeated(post: Post, earlier: Event) -> Outcome:
    """What becomes of a post whose id the event `earlier` has."""
    if (earlier.user.id, earlier.type, earlier.room) != (post.user.id, post.type, post.room):
        return BadMessage("id_taken", "This id was given to something else.", post.id, post.room)
    return Done(earlier, True)
