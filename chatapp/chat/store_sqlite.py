"""The store's log in SQLite: one file in the data folder, written on the hub without ever waiting.

Used by `chat.store`. The file is made, migrated and refused by `chat.opening`; the past is read by `chat.reader_sqlite`,
off the hub. A commit is 30 us to the operating system's memory, so nothing here waits or yields: who finds the file held by
another process is told that it is busy.
"""

import contextlib
import fcntl
import functools
import logging
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from chatapp.chat.database import DatabaseError, Execute, StoreError
from chatapp.chat.messages import Event
from chatapp.chat.opening import open_store, sentences

LOCK_NAME = "chat.lock"

# What SQLite says when there is no place to write to, whatever is written.
_NO_PLACE = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_MISUSE,
)
_log = logging.getLogger(__name__)


def failure(error: BaseException) -> DatabaseError:
    """What SQLite says, as the one error that the chat knows."""
    if isinstance(error, DatabaseError):
        return error
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return DatabaseError(
        str(error),
        busy=code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED),
        damaged=code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB),
        hopeless=code in _NO_PLACE,
    )


@contextlib.contextmanager
def failing() -> Iterator[None]:
    """Raise `DatabaseError` for what SQLite raises."""
    try:
        yield
    except sqlite3.Error as error:
        raise failure(error) from error


@functools.cache
def _insert(table: str, columns: int, conflict: str) -> str:
    return f"INSERT INTO {table} VALUES ({', '.join('?' * columns)}) {conflict}"


class Sqlite:
    """The database of a folder (`chat.database.Database`). `sync` is how far a commit has got when it is done."""

    errors: tuple[type[Exception], ...] = (sqlite3.Error,)
    #: The index is a file of its own (`chat.search`), which follows the log.
    indexes = False
    #: A file that is open stays what it is.
    is_other = False

    def __init__(self, folder: Path, sync: str = "normal") -> None:
        self._folder = folder
        self._sync = sync
        self._lock = -1
        self._version = self._seen = -1
        self._connection: sqlite3.Connection
        self.execute: Execute

    def failure(self, error: BaseException) -> DatabaseError:
        """The error as the rest of the chat knows it."""
        return failure(error)

    @contextlib.contextmanager
    def opened(self) -> Iterator[str]:
        """Open the file, made or migrated if need be; gives its epoch. Raises `StoreError`."""
        self._lock = os.open(self._folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        # Shared: a reload has two workers for a moment. Whoever puts another file in its place wants it alone.
        try:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StoreError(f"{self._folder} is being restored. Start the server when that is done.") from None
            self._connection, epoch = open_store(self._folder, self._sync)
            self.execute = self._connection.execute
            self._version = self._seen = -1
            with sentences(self._folder):
                yield epoch
                # Waiting for another process is left to who calls: from here on it would hold up everybody.
                self.execute("PRAGMA busy_timeout = 0")
        except BaseException:
            self._unlock()
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
        self._unlock()

    def _unlock(self) -> None:
        os.close(self._lock)
        self._lock = -1

    @property
    def is_open(self) -> bool:
        """Whether it was opened."""
        return self._lock >= 0

    # Transactions.

    def begin(self) -> None:
        """Begin a transaction that writes."""
        self.execute("BEGIN IMMEDIATE")

    def commit(self, _events: Sequence[Event]) -> None:
        """End it."""
        self.execute("COMMIT")

    def roll_back(self) -> None:
        """End it, or what is left of it, with nothing changed."""
        try:
            self._connection.rollback()
        except sqlite3.Error as error:
            _log.error("a transaction could not be rolled back: %s", error)

    @contextlib.contextmanager
    def view(self) -> Iterator[None]:
        """One view of the store, whatever other processes commit meanwhile."""
        self.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.rollback()  # nothing was written; a transaction that has failed may be over already

    def is_behind(self) -> bool:
        """Whether another process has committed something since `took_in`. Costs 3 us."""
        (self._version,) = self.execute("PRAGMA data_version").fetchone()
        return self._version != self._seen

    is_new = is_behind

    def took_in(self) -> None:
        """All that this transaction sees is known."""
        self._seen = self._version

    # Statements.

    def ask(self, sql: str, *values: object) -> list[Any]:
        """The rows of one query."""
        rows: list[Any] = self.execute(sql, values).fetchall()
        return rows

    def insert(self, table: str, rows: Sequence[Sequence[object]], conflict: str = "") -> None:
        """Add rows to a table."""
        if rows:
            self._connection.executemany(_insert(table, len(rows[0]), conflict), rows)

    def index(self, events: Iterable[tuple[Event, int]]) -> None:
        """Not here."""

    def forget_index(self, pos: int) -> None:
        """Not here."""

    def restart_log(self) -> None:
        """Let the write-ahead log begin anew; called when nearly all of it has been copied, so little is left to do."""
        self.execute("PRAGMA wal_checkpoint(RESTART)")
