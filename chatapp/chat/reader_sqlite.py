"""Reads the past from SQLite, off the hub: in threads, each query on a read-only connection of its own.

Used by `chat.reader`, so neither the hub nor the writer waits. Every query answers with one row that holds a JSON array:
Python's sqlite3 takes the interpreter's lock anew for each row, for which a thread may wait 5 ms while the hub is busy.
"""

import contextlib
import functools
import json
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from gevent.threadpool import ThreadPool

from chatapp.chat import schema
from chatapp.chat.reader import Select
from chatapp.chat.store_sqlite import failing
from chatapp.realtime.threads import in_thread

#: Queries that run at the same time.
THREADS = 2

_REACTIONS = """
    (SELECT json_group_array(json_array(emoji, person, name)) FROM (
        SELECT * FROM reactions r WHERE r.room = e.room AND r.seq = e.seq ORDER BY r.pos))
"""
#: The elements of a JSON array.
ELEMENTS = "SELECT value FROM json_each(?)"


@functools.cache
def sql_of(query: Select) -> str:
    """The statement for a query of the past."""
    rows = query.rows.format(reactions=_REACTIONS, elements=ELEMENTS)
    return f"SELECT json_group_array(json_array({query.columns})) FROM ({rows})"


class SqliteAsker:
    """Asks the store of a folder (`chat.reader.Asker`). Opens nothing before it is used."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / schema.FILE_NAME
        self._pool: ThreadPool | None = None
        self._idle: list[sqlite3.Connection] = []

    def ask(self, queries: Sequence[tuple[Select, Sequence[object]]]) -> list[list[Sequence[Any]]]:
        """The rows of each of these queries; all of one view."""
        if self._pool is None:
            self._pool = ThreadPool(THREADS)
        with failing():
            return in_thread(self._answers, queries, pool=self._pool)

    # In threads.

    def _answers(self, queries: Sequence[tuple[Select, Sequence[object]]]) -> list[list[Sequence[Any]]]:
        answers = []
        with self._connection() as connection:
            connection.execute("BEGIN")  # one view of the store for all queries
            try:
                for query, values in queries:
                    (text,) = connection.execute(sql_of(query), values).fetchone()
                    answers.append(json.loads(text))
            finally:
                connection.execute("COMMIT")
        return answers

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._idle.pop()
        except IndexError:
            # Each connection is used by one thread at a time, not always by the same.
            address = schema.address(self._path, "ro")
            connection = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False, timeout=5)
        try:
            yield connection
        except sqlite3.Error:
            connection.close()
            raise
        self._idle.append(connection)
