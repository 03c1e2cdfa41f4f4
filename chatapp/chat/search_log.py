"""What a search reads of the store: which messages are new or changed, and messages as they are now. Read-only.

For `chat.search`, in its threads. Every query answers with one row, because Python's sqlite3 takes the interpreter's lock
anew for each row, for which a thread may wait 5 ms while the hub is busy.
"""

import json
import sqlite3
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from chatapp.chat import schema

#: Patience with a store that is held by somebody else (seconds).
BUSY_SECONDS = 1.0

_MESSAGES = f"""
    JOIN authors a ON a.key = m.author
    LEFT JOIN changes c ON c.room = m.room AND c.seq = m.seq
    WHERE m.type = {schema.MESSAGE}
"""
_TEXT = "CASE WHEN c.deleted IS NULL THEN coalesce(c.body, m.body) ELSE '' END"
_DOC = f"json_group_array(json_array(m.pos, m.room, a.name, m.time, {_TEXT}))"

# The events after a position, at most so many of them and of so many bytes, but always one; of each that is a message or
# changes one, that message.
NEWS = f"""
    WITH batch AS MATERIALIZED (
        SELECT pos, room, type, iif(type = {schema.MESSAGE}, seq, target) AS seq FROM (
            SELECT *, sum(bytes) OVER (ORDER BY pos) AS total FROM (
                SELECT *, length(CAST(body AS BLOB)) AS bytes FROM events WHERE pos > ? ORDER BY pos LIMIT ?))
        WHERE total - bytes < ?)
    SELECT (SELECT max(pos) FROM batch), {_DOC} FROM batch b
    JOIN events m ON m.room = b.room AND m.seq = b.seq AND b.type IN ({schema.MESSAGE}, {schema.EDIT}, {schema.DELETE})
    {_MESSAGES}
"""
AT = f"SELECT {_DOC} FROM events m {_MESSAGES} AND m.pos IN (SELECT value FROM json_each(?))"
BETWEEN = f"SELECT {_DOC} FROM events m {_MESSAGES} AND m.pos > ? AND m.pos < ?"
# Events are numbered without a hole, so what is kept begins one after the floor.
FLOORS = """
    SELECT json_group_array(json_array(key, floor,
        coalesce(
            (SELECT pos FROM events WHERE room = key AND seq = floor + 1),
            (SELECT coalesce(max(pos), 0) + 1 FROM events))))
    FROM rooms WHERE floor > 0
"""
_EVENT = "SELECT json_array(room, seq, type, time, author, id) FROM events WHERE pos = ?"


class Doc(NamedTuple):
    """A message as it is now: without text if it is deleted."""

    pos: int
    room: int
    name: str
    time: int
    text: str


class News(NamedTuple):
    """What became of the log after `start` and up to `end`: the messages that were written or changed.

    `event` tells the event at `end` from any other.
    """

    start: int
    end: int
    event: str | None
    docs: list[Doc]


class Log:
    """The store of a folder, to read. One thread at a time may use it. Raises `sqlite3.Error`."""

    def __init__(self, folder: Path) -> None:
        address = schema.address(folder / schema.FILE_NAME, "ro")
        self._connection = sqlite3.connect(
            address, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )

    def close(self) -> None:
        """Let go of the store."""
        self._connection.close()

    def epoch(self) -> str:
        """The identity of the store."""
        return str(self._row("SELECT value FROM meta WHERE key = 'epoch'")[0])

    def end(self) -> int:
        """The position of the newest event."""
        return int(self._row("SELECT coalesce(max(pos), 0) FROM events")[0])

    def event(self, pos: int) -> str | None:
        """What tells the event at this position from any other; None if there is none."""
        rows = self._connection.execute(_EVENT, (pos,)).fetchall()
        return str(rows[0][0]) if rows else None

    def news(self, start: int, most: int, most_bytes: int) -> News:
        """What came after `start`, at most so much of it. If nothing did, `end` is `start`."""
        end, docs = self._row(NEWS, start, most, most_bytes)
        if end is None:
            return News(start, start, None, [])
        return News(start, end, self.event(end), _docs(docs))

    def at(self, positions: Sequence[int]) -> list[Doc]:
        """The messages at these positions that are still kept, newest first."""
        return _newest_first(self._row(AT, json.dumps(positions))[0])

    def between(self, low: int, high: int, rooms: Collection[int]) -> list[Doc]:
        """The messages of these rooms after `low` and before `high`, newest first."""
        return [doc for doc in _newest_first(self._row(BETWEEN, low, high)[0]) if doc.room in rooms]

    def floors(self) -> list[tuple[int, int, int]]:
        """For each room of which something is no longer kept: its key, its floor, and from which position on all is kept."""
        return [(key, floor, first) for key, floor, first in json.loads(self._row(FLOORS)[0])]

    def _row(self, sql: str, *values: object) -> tuple[Any, ...]:
        row: tuple[Any, ...]
        (row,) = self._connection.execute(sql, values).fetchall()
        return row


def _docs(text: str) -> list[Doc]:
    return [Doc(*row) for row in json.loads(text)]


def _newest_first(text: str) -> list[Doc]:
    return sorted(_docs(text), reverse=True)
