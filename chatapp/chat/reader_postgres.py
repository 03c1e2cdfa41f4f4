"""Reads the past from PostgreSQL, on connections of their own, of which some are kept.

Used by `chat.reader`. While a query runs other greenlets go on, so no threads are needed.
"""

import functools
import re
from collections.abc import Sequence
from typing import Any

from gevent.lock import BoundedSemaphore

from chatapp.chat.postgres import Server
from chatapp.chat.reader import Select
from chatapp.chat.store_postgres import translated

#: Queries that run at the same time.
QUERIES = 4

_REACTIONS = """
    (SELECT json_agg(json_build_array(emoji, person, name) ORDER BY pos) FROM reactions r
        WHERE r.room = e.room AND r.seq = e.seq)
"""
#: The elements of a JSON array.
ELEMENTS = "SELECT value::bigint FROM json_array_elements_text(?::json)"


@functools.cache
def sql_of(query: Select) -> str:
    """The statement for a query of the past."""
    rows = query.rows.format(reactions=_REACTIONS, elements=ELEMENTS)
    columns = re.sub(r"json\((\w+)\)", r"\1::json", query.columns)
    return translated(f"SELECT {columns} FROM ({rows}) q")


class PostgresAsker:
    """Asks the store in a database (`chat.reader.Asker`)."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._turns = BoundedSemaphore(QUERIES)

    def ask(self, queries: Sequence[tuple[Select, Sequence[object]]]) -> list[list[Sequence[Any]]]:
        """The rows of each of these queries; all of one view, in one round trip."""
        with self._turns, self._server.link() as link:
            with link.pipeline():
                link.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                asked = [link.execute(sql_of(query), values) for query, values in queries]
                link.execute("COMMIT")
            return [cursor.fetchall() for cursor in asked]
