"""Searching in PostgreSQL: the table `docs`, which has every message as it is now and is written in the same commit.

Used by `chat.client`, as `chat.search` is where the store is SQLite. Words of three letters and more are found by an index
of trigrams (pg_trgm), other characters by an array of them in the same index; what that finds is held against the text. It
is looked from the newest message on, in slices that grow, until enough is found or the time is over: so what is in the index
for nothing (one or two letters) takes no longer than it may.
"""

import logging
import re
import time
from collections.abc import Callable, Collection

import gevent
from gevent.lock import BoundedSemaphore

from chatapp.chat import search_find
from chatapp.chat.database import DatabaseError
from chatapp.chat.docs_postgres import signs
from chatapp.chat.postgres import Canceled, Link, Server
from chatapp.chat.query import Query, fold_words
from chatapp.chat.search_find import Found

#: Searches that run at the same time.
SEARCHES = 2
#: How often what is new is put into the index for good (seconds). Until then it is looked through one by one.
TIDY_SECONDS = 10.0

# What the index of trigrams can be asked for: letters without a break, in whatever locale; and what LIKE would not take as
# it stands.
_HAS_TRIGRAM = re.compile("[a-z0-9]{3}")
_SPECIAL = re.compile(r"[\\%_]")

_log = logging.getLogger(__name__)


class PostgresSearch:
    """Finds messages; in the worker that leads (`leads`) it keeps the index tidy."""

    def __init__(self, server: Server, leads: Callable[[], bool] = lambda: True) -> None:
        self._server = server
        self._leads = leads
        self._turns = BoundedSemaphore(SEARCHES)
        self._woken = False

    def close(self) -> None:
        """Let go of the database."""
        self._server.close()

    def wake(self) -> None:
        """Something was committed."""
        self._woken = True

    def run(self) -> None:
        """Owned by the search index greenlet."""
        while True:
            gevent.sleep(TIDY_SECONDS)
            if self._woken and self._leads():
                self._woken = False
                try:
                    with self._server.link() as link:
                        link.execute("SELECT gin_clean_pending_list('docs_text')")
                except DatabaseError as error:
                    _log.warning("the search index could not be tidied: %s", error)

    def find(self, query: Query, rooms: Collection[int], before: int | None, limit: int) -> Found:
        """At most `limit` messages of these rooms, the newest before the position `before`. Raises `DatabaseError`."""
        if not rooms:
            return Found([], None)
        with self._turns, self._server.link() as link:
            return _Finding(link, query, rooms).run(before, limit)


class _Finding:
    """One search."""

    def __init__(self, link: Link, query: Query, rooms: Collection[int]) -> None:
        self._link = link
        self._query = query
        self._rooms = sorted(rooms)
        self._words = fold_words(query.words)
        self._deadline = time.monotonic() + search_find.WORK_SECONDS

    def run(self, before: int | None, limit: int) -> Found:
        """At most `limit` messages, the newest before the position `before`. Raises what psycopg does."""
        found: list[int] = []
        first, last = self._span()
        high = last + 1 if before is None else min(before, last + 1)
        width = search_find.FIRST_SLICE
        newest = True
        while high > first:
            low = max(first - 1, high - 1 - width)
            # The first slice is seen to its end, so that whoever goes on from there gets on.
            left = 0.0 if newest else self._deadline - time.monotonic()
            if not newest and left <= 0:
                return Found(found, high)
            try:
                found += self._look(low, high, limit + 1 - len(found), newest, left)
            except Canceled:
                return Found(found, high)
            if len(found) > limit:
                return Found(found[:limit], found[limit - 1])
            high = low + 1
            width *= search_find.SLICE_GROWTH
            newest = False
        return Found(found, None)

    def _span(self) -> tuple[int, int]:
        """The first and the last position of the days that are wanted; the last is lower if there are none."""
        conditions, values = self._times()
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        ((first, last),) = self._link.ask(f"SELECT coalesce(min(pos), 1), coalesce(max(pos), 0) FROM docs {where}", *values)
        return first, last

    def _look(self, low: int, high: int, most: int, newest: bool, seconds: float) -> list[int]:
        """Messages after `low` and before `high`, newest first, at most so many; in so many seconds (0: as it takes)."""
        conditions, values, by_index = self._conditions(newest)
        where = " AND ".join(["pos > %s", "pos < %s", *conditions])
        if by_index:
            # Without a LIMIT in sight, so that the index is asked, and not every message from the newest on.
            sql = f"WITH f AS MATERIALIZED (SELECT pos FROM docs WHERE {where}) SELECT pos FROM f ORDER BY pos DESC LIMIT %s"
        else:
            sql = f"SELECT pos FROM docs WHERE {where} ORDER BY pos DESC LIMIT %s"
        with self._link.transaction():
            if seconds:
                self._link.execute(f"SET LOCAL statement_timeout = {max(1, int(seconds * 1000))}")
            # Planned anew for these values: which way is the best hangs on them.
            return [pos for (pos,) in self._link.execute(sql, (low, high, *values, most), prepare=False).fetchall()]

    def _conditions(self, newest: bool) -> tuple[list[str], list[object], bool]:
        """What is asked of the messages, the values for it, and whether the index is of use.

        In the newest slice it is not: there reading the texts finds what is frequent at once, and takes some ms at most.
        """
        conditions, values = self._times()
        conditions.append("room = ANY(%s)")
        values.append(self._rooms)
        if self._query.names:
            conditions.append("name = ANY(%s)")
            values.append(list(self._query.names))
        by_index = False
        for word in self._words:
            if not newest and _HAS_TRIGRAM.search(word):
                conditions.append("text LIKE %s")
                values.append("%" + _SPECIAL.sub(r"\\\g<0>", word) + "%")
                by_index = True
            else:
                conditions.append("strpos(text, %s) > 0")
                values.append(word)
            if not newest and not word.isascii():
                conditions.append("signs @> %s::int[]")
                values.append(signs(word))
                by_index = True
        return conditions, values, by_index

    def _times(self) -> tuple[list[str], list[object]]:
        asked = (("time >= %s", self._query.since), ("time < %s", self._query.until))
        return [condition for condition, when in asked if when is not None], [when for _, when in asked if when is not None]
