"""Who is here in which worker, and who has which name: a table that all workers share while there are several.

It is no part of the log: nothing of it outlives the workers. Each worker writes what is true of itself, and follows what
the others wrote as it follows the log: rows have versions, and a look asks for those that are higher than the last one it
knows. A name is given in one transaction, so it has one holder at any time. What a worker wrote that has ended counts for
nothing, and is removed by who finds it. Written and read by `chat.workers`.

This is what such a table does; workers on one machine share a file (`chat.here_sqlite`), those on several the database
that has their log (`chat.here_postgres`).
"""

from collections.abc import Callable, Collection, Iterable
from typing import Any, NamedTuple, Protocol

from chatapp.chat.messages import User

Status = dict[str, Any]


class Unsettled(Exception):
    """Another worker has not written down yet who is there."""


class HereError(Exception):
    """The table can't be used now. `busy`: because another worker writes into it, which ends by itself."""

    def __init__(self, sentence: str, busy: bool = False) -> None:
        super().__init__(sentence)
        self.busy = busy


class Person(NamedTuple):
    """Somebody who is in this worker: the rooms they follow here, or None if they have left."""

    user: User | None
    email: str
    rooms: Collection[str] | None


class Changes(NamedTuple):
    """What the other workers have written. `whole`: it is all there is, and what is not in it is not so any more."""

    whole: bool
    statuses: dict[str, Status]
    people: list[tuple[User, str]]
    #: Worker, person, and the rooms they follow there; None if they have left it.
    here: list[tuple[str, str, Collection[str] | None]]


class Here(Protocol):
    """The table as one worker sees it. Everything raises `HereError`, and may wait."""

    @property
    def run(self) -> int:
        """Another number when what this worker wrote may be lost: it writes all of it again then, and reads all."""

    def close(self) -> None:
        """Let go of the table."""

    def claim(self, asked: Iterable[tuple[User, str]], others: Iterable[str]) -> list[bool]:
        """Give each person (with their e-mail) the name, who is here from then on; False for one that somebody else has, in
        a worker that lives.

        Raises `Unsettled` as long as one of the `others` has not written down who is there.
        """

    def write(self, status: Status, people: Iterable[tuple[str, Person]], whole: bool) -> None:
        """Say how this worker is, and where these people are in it. Who has a `user` may not be in the table yet.

        `whole`: these are all who are in it.
        """

    def sweep(self) -> None:
        """Remove what workers have written that do not live, and what tells of those who left before the last call."""

    def leave(self, nobody_else: Callable[[], bool]) -> bool:
        """Remove what this worker wrote, if there is nobody else to read it; whether that is so."""

    def changes(self) -> Changes | None:
        """What the others have written since the last call; None if nothing."""
