"""What the tests of the store share: people, and posts of theirs."""

import contextlib
import itertools
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chatapp.chat import messages, schema
from chatapp.chat.messages import Event, Post, User
from chatapp.chat.outcomes import Done
from chatapp.chat.postgres import Server
from chatapp.chat.reader import Asker
from chatapp.chat.reader_postgres import PostgresAsker
from chatapp.chat.reader_sqlite import SqliteAsker
from chatapp.chat.store import Store
from chatapp.chat.store_postgres import Postgres, translated
from chatapp.chat.store_sqlite import Sqlite

ANN = User("ann-id", "ann", "a1")
BOB = User("bob-id", "bob", "b1")
EVE = User("eve-id", "eve", "e1")
PLAIN = User("plain-id", "somebody", "p1", True)

_numbers = itertools.count(1)


class SqlitePlace:
    """A folder in which the stores of a test are, each as of a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        #: Settings of a server that keeps its chat there; and how a script of a test makes a store.
        self.settings = {"DATA_DIR": str(folder)}
        self.code = (
            "from pathlib import Path; from chatapp.chat.store import Store; "
            f"from chatapp.chat.store_sqlite import Sqlite; store = Store(Sqlite(Path({str(folder)!r})))"
        )

    def store(self) -> Store:
        """A store that is not open yet."""
        return Store(Sqlite(self.folder))

    def opened(self) -> Store:
        """A store that is open."""
        store = self.store()
        store.open()
        return store

    def asker(self) -> Asker:
        """What reads the past."""
        return SqliteAsker(self.folder)

    def sql(self, sql: str, *values: object) -> list[Sequence[Any]]:
        """Run a statement on a connection of one's own."""
        with contextlib.closing(sqlite3.connect(self.folder / schema.FILE_NAME, isolation_level=None)) as connection:
            return connection.execute(sql, values).fetchall()


class PostgresPlace:
    """A database of a PostgreSQL server, in the same way."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.settings = {"DATABASE_URL": url}
        self.code = (
            "from chatapp.chat.postgres import Server; from chatapp.chat.store import Store; "
            f"from chatapp.chat.store_postgres import Postgres; store = Store(Postgres(Server({url!r})))"
        )

    def store(self) -> Store:
        """A store that is not open yet."""
        return Store(Postgres(Server(self.url)))

    def opened(self) -> Store:
        """A store that is open."""
        store = self.store()
        store.open()
        return store

    def asker(self) -> Asker:
        """What reads the past."""
        return PostgresAsker(Server(self.url))

    def sql(self, sql: str, *values: object) -> list[Sequence[Any]]:
        """Run a statement on a connection of one's own."""
        with contextlib.closing(Server(self.url).connect()) as link:
            cursor = link.execute(translated(sql), values)
            return cursor.fetchall() if cursor.description else []


Place = SqlitePlace | PostgresPlace


def post(text: str = "hi", user: User = ANN, kind: int = schema.MESSAGE, room: str = "main", **more: Any) -> Post:
    """A post with an id of its own."""
    more.setdefault("id", f"id-{next(_numbers)}")
    return Post(type=kind, room=room, user=user, text=text, **more)


def put(store: Store, *posts: Post) -> list[Event]:
    """Store posts that must be taken; the events."""
    outcomes = store.append(posts)
    assert all(isinstance(outcome, Done) for outcome in outcomes), outcomes
    return [outcome.event for outcome in outcomes if isinstance(outcome, Done)]


def make_room(store: Store, room: str, user: User = ANN) -> None:
    """A room with its first member."""
    put(store, post("", user, schema.CREATE, room))


def meet(store: Store, *users: User) -> None:
    """Make people known."""
    for user in users:
        store.directory.meet(user)


def fields_of(store: Store, room: str, user: User) -> dict[str, Any]:
    """The room object that the person is told."""
    return store.directory.room_fields(store.directory.rooms[room], user.id)


MAIN = messages.MAIN_ROOM
