"""Where the chat is kept: the parts that differ between SQLite and PostgreSQL, put together for `chatapp.create_app`.

Nothing is opened here. What speaks to PostgreSQL is imported only where that is used, so nobody else needs its library.
"""

from collections.abc import Callable, Collection
from typing import NamedTuple, Protocol

from chatapp.chat.database import Database
from chatapp.chat.opening import check as check_sqlite
from chatapp.chat.query import Query
from chatapp.chat.reader import Asker
from chatapp.chat.reader_sqlite import SqliteAsker
from chatapp.chat.search import Found, SearchIndex
from chatapp.chat.store_sqlite import Sqlite
from chatapp.chat.wal import WalCopier
from chatapp.config import Settings


class SearchParts(Protocol):
    """What finds messages (`chat.search`, `chat.search_postgres`)."""

    def wake(self) -> None:
        """Something was committed."""

    def run(self) -> None:
        """Keep the index, in a greenlet of its own."""

    def find(self, query: Query, rooms: Collection[int], before: int | None, limit: int) -> Found:
        """Messages of these rooms, the newest first. Raises `DatabaseError`."""


class Kept(NamedTuple):
    """The log to write to, the past to read, what searches, and what copies SQLite's log."""

    database: Database
    asker: Asker
    search: SearchParts
    copier: WalCopier | None


def kept(settings: Settings, is_busy: Callable[[], bool], leads: Callable[[], bool]) -> Kept:
    """The parts for these settings. `is_busy` tells whether messages wait to be sent, `leads` whether this worker leads."""
    if settings.database_url:
        from chatapp.chat.postgres import Server
        from chatapp.chat.reader_postgres import PostgresAsker
        from chatapp.chat.search_postgres import PostgresSearch
        from chatapp.chat.store_postgres import Postgres

        server = Server(settings.database_url)
        return Kept(Postgres(server), PostgresAsker(server), PostgresSearch(server, leads), None)
    folder = settings.data_dir
    database = Sqlite(folder, settings.store_sync)
    return Kept(database, SqliteAsker(folder), SearchIndex(folder, is_busy, leads), WalCopier(folder, database))


def check(settings: Settings) -> None:
    """Raise `StoreError` if the store can't be used. Changes nothing."""
    if settings.database_url:
        from chatapp.chat.postgres_schema import check as check_postgres

        check_postgres(settings.database_url)
    else:
        check_sqlite(settings.data_dir)
