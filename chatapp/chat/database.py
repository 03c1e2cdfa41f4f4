"""What the store asks of a database, and what goes wrong with one: the one error that the rest of the chat knows.

`chat.store_sqlite` and `chat.store_postgres` are the two databases there are; `chat.store` uses them. Statements are in what
both understand, with `?` for values. Pure.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from chatapp.chat.messages import Event

#: Runs a statement with its values; gives a cursor with `fetchone` and `fetchall`.
Execute = Callable[..., Any]


class DatabaseError(Exception):
    """The database can't do this now.

    `busy`: it is held by somebody else, or away, which ends by itself; `damaged`: somebody has to look after it; `hopeless`:
    it can't take anything, because the disk is full, say. Otherwise it is about what it was asked. `unknown`: what was to
    be committed may be committed or not, and nobody could be asked.
    """

    def __init__(
        self, text: str, *, busy: bool = False, damaged: bool = False, hopeless: bool = False, unknown: bool = False
    ) -> None:
        super().__init__(text)
        self.busy = busy
        self.damaged = damaged
        self.hopeless = hopeless or damaged
        self.unknown = unknown


class StoreError(Exception):
    """The store can't be opened; the text is a sentence for the person who runs the server, and says what to do.

    `away`: the database may be there in a moment.
    """

    def __init__(self, sentence: str, away: bool = False) -> None:
        super().__init__(sentence)
        self.away = away


class Database(Protocol):
    """A database with a log in it, for one process to write to. One greenlet at a time uses it.

    Within a transaction, what is executed may be done later, at the latest when a result is fetched or with the commit.
    """

    #: What `execute` and so on raise; `failure` makes a `DatabaseError` of it.
    errors: tuple[type[Exception], ...]
    #: Whether it has the index for searching (`index`, `forget_index`).
    indexes: bool

    @property
    def execute(self) -> Execute:
        """Runs a statement within a transaction."""

    def failure(self, error: BaseException) -> DatabaseError:
        """The error as the rest of the chat knows it."""

    def opened(self) -> AbstractContextManager[str]:
        """Open it, made or migrated if need be; gives the epoch. What is done within may take longer than later.

        Raises `StoreError`, also for what goes wrong within; then it is closed again.
        """

    def close(self) -> None:
        """Let go of it."""

    @property
    def is_open(self) -> bool:
        """Whether it was opened."""

    @property
    def is_other(self) -> bool:
        """Whether it is not what was opened any more, or lacks what was committed: this process must begin anew."""

    def begin(self) -> None:
        """Begin a transaction that writes: nobody else writes until it ends, and it sees all that was committed before."""

    def commit(self, events: Sequence[Event]) -> None:
        """End it; `events` are those that were added, all of them or none. What was committed is not news afterwards."""

    def roll_back(self) -> None:
        """End it, or what is left of it, with nothing changed. Raises nothing."""

    def view(self) -> AbstractContextManager[None]:
        """A transaction that reads: one view of everything."""

    def is_behind(self) -> bool:
        """Whether somebody else has committed something since `took_in`. Outside of transactions; costs little."""

    def is_new(self) -> bool:
        """The same within a transaction, for what that sees."""

    def took_in(self) -> None:
        """All that this transaction sees is known."""

    def ask(self, sql: str, *values: object) -> list[Any]:
        """The rows of one query, outside of transactions; whoever is within one goes on meanwhile."""

    def insert(self, table: str, rows: Sequence[Sequence[object]], conflict: str = "") -> None:
        """Add rows to a table; `conflict` is what becomes of those that are there already (ON CONFLICT ...)."""

    def index(self, events: Iterable[tuple[Event, int]]) -> None:
        """These events, with the keys of their rooms, are to be found by a search."""

    def forget_index(self, pos: int) -> None:
        """Events up to this position are no longer kept."""
