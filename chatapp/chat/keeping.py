"""Where the chat is kept: the parts that differ between SQLite and PostgreSQL, put together for `chatapp.create_app`.

Nothing is opened here. What speaks to PostgreSQL is imported only where that is used, so nobody else needs its library.
"""

import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import NamedTuple, Protocol

from chatapp.chat.database import Database, StoreError
from chatapp.chat.here import Here
from chatapp.chat.here_sqlite import HereFile
from chatapp.chat.opening import check as check_sqlite
from chatapp.chat.query import Query
from chatapp.chat.reader import Asker
from chatapp.chat.reader_sqlite import SqliteAsker
from chatapp.chat.search import Found, SearchIndex
from chatapp.chat.store_sqlite import Sqlite
from chatapp.chat.wal import WalCopier
from chatapp.config import Settings, load
from chatapp.realtime.datagrams import Datagrams
from chatapp.realtime.peers import Peers


class SearchParts(Protocol):
    """What finds messages (`chat.search`, `chat.search_postgres`)."""

    def wake(self) -> None:
        """Something was committed."""

    def run(self) -> None:
        """Keep the index, in a greenlet of its own."""

    def find(self, query: Query, rooms: Collection[int], before: int | None, limit: int) -> Found:
        """Messages of these rooms, the newest first. Raises `DatabaseError`."""


class Kept(NamedTuple):
    """The log to write to, the past to read, what searches, what copies SQLite's log; the other workers, and what opens the
    table of who is here."""

    database: Database
    asker: Asker
    search: SearchParts
    copier: WalCopier | None
    peers: Peers
    table: Callable[[], Here]


def workers_folder(settings: Settings) -> Path:
    """Where the workers of one machine find each other."""
    return settings.data_dir / "workers"


def kept(settings: Settings, key_mark: str, is_busy: Callable[[], bool]) -> Kept:
    """The parts for these settings.

    `key_mark` tells the server's key from others, `is_busy` whether messages wait to be sent.
    """
    if settings.database_url:
        from chatapp.chat.here_postgres import HereTables
        from chatapp.chat.peers_postgres import DatabasePeers
        from chatapp.chat.postgres import Server
        from chatapp.chat.reader_postgres import PostgresAsker
        from chatapp.chat.search_postgres import PostgresSearch
        from chatapp.chat.store_postgres import Postgres

        server = Server(settings.database_url)
        peers = DatabasePeers(server)
        return Kept(
            Postgres(server, peers.me, key_mark),
            PostgresAsker(server),
            PostgresSearch(server, lambda: peers.leads),
            None,
            peers,
            lambda: HereTables(server, peers),
        )
    folder = settings.data_dir
    database = Sqlite(folder, settings.store_sync)
    near = Datagrams(workers_folder(settings))
    index = SearchIndex(folder, is_busy, lambda: near.leads)
    return Kept(
        database,
        SqliteAsker(folder),
        index,
        WalCopier(folder, database),
        near,
        lambda: HereFile(near.folder, near.me, near.lives),
    )


def check(settings: Settings) -> None:
    """Raise `StoreError` if the store can't be used. Changes nothing."""
    if settings.database_url:
        from chatapp.chat.postgres_schema import check as check_postgres

        check_postgres(settings.database_url)
    else:
        check_sqlite(settings.data_dir)


def main() -> None:
    """For gunicorn's master, in a process of its own: it must not have a hub of gevent's before it forks."""
    try:
        check(load())
    except StoreError as error:
        sys.exit(f"chatapp does not start: {error}")
