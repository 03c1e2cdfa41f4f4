"""One search: looks through the index from the newest message on, in slices, until enough is found or the time is over.

What the index does not have yet is read from the log. Every hit is held against the message as it is now, so a text that was
changed or removed meanwhile is never shown for what it was. Called by `chat.search` in a thread.
"""

import json
import sqlite3
import time
from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from chatapp.chat import grams
from chatapp.chat.query import Query, fold_words
from chatapp.chat.search_file import DAY_MS, SearchFile, telling_damage
from chatapp.chat.search_log import Doc, Log

#: How long a search may work; what is found by then is told, and from where to go on (seconds).
WORK_SECONDS = 1.0
#: Positions in a slice of the log. Their texts are folded here, in Python, some us each.
LOG_SLICE = 500
#: Positions in the first slice of the index, which are looked through in some ms at the worst; each next one is longer.
FIRST_SLICE = 20_000
SLICE_GROWTH = 5
#: A word of one or two bytes is looked for by the pieces that begin with it, if they are no more than this.
MAX_BEGINNINGS = 250
#: Instructions of SQLite between two looks at the clock (some ms).
LOOK_INSTRUCTIONS = 100_000

# With pieces to look for, the index leads and the messages are looked up (SCAN g VIRTUAL TABLE, SEARCH d USING INTEGER
# PRIMARY KEY); without, the messages are read from the newest on (SEARCH d USING INTEGER PRIMARY KEY).
BY_GRAMS = """
    SELECT json_group_array(pos) FROM (
        SELECT d.pos FROM grams g CROSS JOIN docs d ON d.pos = g.rowid
        WHERE g.grams MATCH ? AND g.rowid > ? AND g.rowid < ? AND {} ORDER BY g.rowid DESC LIMIT ?)
"""
BY_DOCS = """
    SELECT json_group_array(pos) FROM (
        SELECT d.pos FROM docs d WHERE d.pos > ? AND d.pos < ? AND {} ORDER BY d.pos DESC LIMIT ?)
"""
IN_ROOMS = "d.room IN (SELECT value FROM json_each(?))"
HAS_WORD = "instr(d.text, ?)"

_SPAN = """
    SELECT coalesce(min(first), 1), coalesce(max(last), 0) FROM days
    WHERE day >= ifnull(?, day) AND day < ifnull(?, day + 1)
"""
_PIECES = "CREATE VIRTUAL TABLE IF NOT EXISTS temp.pieces USING fts5vocab (main, grams, row)"
_BEGINNINGS = "SELECT json_group_array(term) FROM (SELECT term FROM temp.pieces WHERE term >= ? AND term < ? LIMIT ?)"


class Found(NamedTuple):
    """Positions of messages, newest first. `next`: search before this position for more; None if all was searched."""

    positions: list[int]
    next: int | None


class _Stopped(Exception):
    """The time is over, or nobody waits any more."""


class Finding:
    """A search for messages of `rooms`. `file` is None while there is no index; `stop()` says that nobody waits any more."""

    def __init__(
        self, log: Log, file: SearchFile | None, query: Query, rooms: Collection[int], stop: Callable[[], bool]
    ) -> None:
        self._log = log
        self._file = file
        self._covered = 0 if file is None else file.position
        self._query = query
        self._rooms = set(rooms)
        self._words = fold_words(query.words)
        self._stop = stop
        self._deadline = time.monotonic() + WORK_SECONDS

    def run(self, before: int | None, limit: int) -> Found:
        """At most `limit` messages, the newest before the position `before`.

        Raises `sqlite3.Error` and `search_file.Unusable`.
        """
        top = self._log.end() + 1
        found: list[int] = []
        for low, high in self._slices(top if before is None else min(before, top)):
            try:
                found += self._look(low, high, limit + 1 - len(found))
            except _Stopped:
                return Found(found, high)
            if len(found) > limit:
                return Found(found[:limit], found[limit - 1])
            if low > 0 and (self._stop() or self._is_late()):
                return Found(found, low + 1)
        return Found(found, None)

    def _is_late(self) -> bool:
        return time.monotonic() > self._deadline

    def _slices(self, high: int) -> Iterator[tuple[int, int]]:
        """Pairs of positions to look between, from `high` down: first what only the log has, then what the index has."""
        while high - 1 > self._covered:
            low = max(self._covered, high - 1 - LOG_SLICE)
            yield low, high
            high = low + 1
        first, last = self._span()
        high = min(high, last + 1)
        width = FIRST_SLICE
        while high > first:
            low = max(first - 1, high - 1 - width)
            yield low, high
            high = low + 1
            width *= SLICE_GROWTH

    def _look(self, low: int, high: int, most: int) -> list[int]:
        """Messages after `low` and before `high`, newest first, at most so many."""
        if low >= self._covered:
            return [doc.pos for doc in self._log.between(low, high, self._rooms) if self._matches(doc)][:most]
        found: list[int] = []
        while len(found) < most:
            wanted = most - len(found)
            positions = self._look_up(low, high, wanted)
            found += [doc.pos for doc in self._log.at(positions) if doc.room in self._rooms and self._matches(doc)]
            if len(positions) < wanted:
                break
            high = positions[-1]
        return found

    def _matches(self, doc: Doc) -> bool:
        return bool(doc.text) and self._query.matches(doc.name, doc.time, doc.text)

    # In the index.

    def _span(self) -> tuple[int, int]:
        """The first and the last position of the days that are wanted; the last is lower if there are none."""
        if self._file is None:
            return 1, 0
        days = [None if when is None else when // DAY_MS for when in (self._query.since, self._query.until)]
        with telling_damage():
            span: tuple[int, int] = self._file.connection.execute(_SPAN, days).fetchall()[0]
        return span

    def _look_up(self, low: int, high: int, most: int) -> list[int]:
        """Positions after `low` and before `high` where the index has what is wanted, newest first, at most so many."""
        assert self._file is not None
        connection = self._file.connection
        # The first slice is seen to its end, so that whoever goes on from there gets on.
        newest = high - 1 - low <= FIRST_SLICE
        connection.set_progress_handler(lambda: self._stop() or (not newest and self._is_late()), LOOK_INSTRUCTIONS)
        try:
            with telling_damage():
                # Looking up the short words pays where few of the newest messages have them.
                terms = self._terms() if newest else [*self._terms(), *self._short_terms()]
                conditions, values = self._conditions()
                sql = (BY_GRAMS if terms else BY_DOCS).format(" AND ".join(conditions))
                match = [grams.all_of(terms)] if terms else []
                (row,) = connection.execute(sql, (*match, low, high, *values, most)).fetchall()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
                raise _Stopped from error
            raise
        finally:
            connection.set_progress_handler(None, 0)
        positions: list[int] = json.loads(row[0])
        return positions

    def _terms(self) -> list[str]:
        """What the index is asked for: each piece of each word, and one of the names and rooms that are named."""
        terms = [grams.any_of([piece]) for word in self._words for piece in grams.grams(word)]
        if self._query.names:
            terms.append(grams.any_of(grams.name_gram(grams.name_number(name)) for name in self._query.names))
        if self._query.rooms:  # what they hold may be a small part of all
            terms.append(grams.any_of(map(grams.room_gram, sorted(self._rooms))))
        return terms

    def _short_terms(self) -> Iterator[str]:
        """For each word that is shorter than a piece: one of the pieces that begin with it."""
        assert self._file is not None
        execute = self._file.connection.execute
        for word in self._words:
            if not grams.grams(word):
                execute(_PIECES)
                (row,) = execute(_BEGINNINGS, (*grams.beginning(word), MAX_BEGINNINGS + 1)).fetchall()
                pieces = json.loads(row[0])
                if len(pieces) <= MAX_BEGINNINGS:  # more would take longer than reading the texts
                    yield grams.any_of(pieces or [grams.NOWHERE])

    def _conditions(self) -> tuple[list[str], list[object]]:
        """What is asked of the messages beside that, and the values for it."""
        conditions = [IN_ROOMS, *[HAS_WORD] * len(self._words)]
        values: list[object] = [json.dumps(sorted(self._rooms)), *self._words]
        for condition, when in (("d.time >= ?", self._query.since), ("d.time < ?", self._query.until)):
            if when is not None:
                conditions.append(condition)
                values.append(when)
        return conditions, values
