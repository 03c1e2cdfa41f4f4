"""The search index: follows the log of the store, and finds messages in it, all off the hub.

`run` is a greenlet that has a thread bring the index file up to date, in batches with rests between, so that it takes little
of the processor; `wake` tells it that something was committed. `find` is called by `chat.client`. The index is not part
of the store's commit: it may be late, or missing, and what it does not have yet is read from the log. Of several
workers the one that leads writes it; the others search in it as far as it is.
"""

import contextlib
import logging
import sqlite3
import time
from collections.abc import Callable, Collection
from pathlib import Path

import gevent
from gevent.event import Event
from gevent.threadpool import ThreadPool

from chatapp.chat import search_file
from chatapp.chat.query import Query
from chatapp.chat.search_file import WRITE_CACHE_KIB, SearchFile, Unusable
from chatapp.chat.search_find import Finding, Found
from chatapp.chat.search_log import Log
from chatapp.chat.store_sqlite import failing
from chatapp.realtime.threads import in_thread

__all__ = ["Found", "SearchIndex"]

#: What is taken from the log at a time: so many events, and about so many bytes of text. Takes about 20 ms, for which
#: messages wait if there is only one core: so while they keep coming it is less, which costs more in all.
BATCH_EVENTS = 500
BUSY_BATCH_EVENTS = 50
BATCH_BYTES = 200_000
#: After t seconds of the processor it rests so many times t: while messages keep coming, and while nothing else happens.
BUSY_REST = 9.0
IDLE_REST = 1.0
#: While messages are waiting to be sent it does nothing: how often it looks whether that is over, and for how long at most
#: (seconds). What it lacks is read from the log.
WAY_SECONDS = 0.2
GIVES_WAY_SECONDS = 30.0
#: How long it waits for more after the first commit: the messages of that time are one batch (seconds).
GATHER_SECONDS = 0.25
#: How often it looks without being woken, and how soon again after a failure (seconds).
POLL_SECONDS = 30.0
RETRY_SECONDS = 5.0
#: How often it looks for messages that are no longer kept (seconds), and how many it removes at a time.
SWEEP_SECONDS = 60.0
SWEEP_DOCS = 200
#: A search first lets the index reach the end of the log, for so long (seconds), if no more than so many events are missing.
REACH_SECONDS = 1.5
REACH_EVENTS = 5000
#: Searches that run at the same time.
THREADS = 2

_log = logging.getLogger(__name__)


class SearchIndex:
    """The index of the store in a folder. Opens nothing before it is used."""

    def __init__(
        self, folder: Path, is_busy: Callable[[], bool] = lambda: False, leads: Callable[[], bool] = lambda: True
    ) -> None:
        """`is_busy` tells whether messages are waiting to be sent: then the index waits too, unless a search needs it.

        `leads` tells whether this worker is the one that writes the index.
        """
        self._folder = folder
        self._is_busy = is_busy
        self._leads = leads
        self._worked_at = time.monotonic()
        self._woken = Event()
        # Where the index is, for searches that wait for it; the event is another one after each batch.
        self._position = 0
        self._moved = Event()
        self._waiting = 0
        self._hurry = Event()
        # Searches that have the file open; none opens it while it is made anew.
        self._readers = 0
        self._reader_left = Event()
        self._making = False
        self._unusable: Unusable | None = None
        self._made_at = 0.0
        self._failing = False
        self._told: set[str] = set()
        # Of the thread that brings the index up to date.
        self._opened: tuple[Log, SearchFile] | None = None
        self._to_sweep: list[tuple[int, int, int]] = []
        self._sweep_at = 0.0
        self._worked = 0.0  # seconds of the processor in this step
        self._writer: ThreadPool | None = None
        self._finders: ThreadPool | None = None

    def wake(self) -> None:
        """Something was committed. Costs next to nothing."""
        self._woken.set()

    # Following the log.

    def run(self) -> None:
        """Owned by the search index greenlet."""
        while True:
            if not self._leads() or self._gives_way():
                gevent.sleep(WAY_SECONDS)
                continue
            self._worked_at = time.monotonic()
            busy = self._woken.is_set()
            self._woken.clear()
            self._worked = 0.0
            try:
                more = self._step(BUSY_BATCH_EVENTS if busy and not self._waiting else BATCH_EVENTS)
            except (sqlite3.Error, OSError) as error:
                self._fail(error)
                continue
            if more:
                busy = busy or self._woken.is_set()
                self._rest(self._worked * (BUSY_REST if busy else IDLE_REST))
            elif self._woken.wait(POLL_SECONDS):
                self._rest(max(GATHER_SECONDS, self._worked * BUSY_REST))

    def _gives_way(self) -> bool:
        """Whether to leave the processor to a server that is saturated with messages; not for ever."""
        return not self._waiting and self._is_busy() and time.monotonic() - self._worked_at < GIVES_WAY_SECONDS

    def _rest(self, seconds: float) -> None:
        self._hurry.wait(seconds)  # cut short by a search that waits

    def _step(self, most: int) -> bool:
        """Take one batch of at most so many events into the index; whether there may be more to do."""
        if self._writer is None:
            self._writer = ThreadPool(1)
        try:
            if self._unusable is not None:
                raise self._unusable
            position, more = in_thread(self._advance, most, pool=self._writer)
        except Unusable as reason:
            self._make(reason)
            return True
        if self._failing:
            _log.info("the search index can be written again")
        self._failing = False
        self._told.clear()
        if self._made_at and not more:
            _log.info("the search index is complete; that took %.0f s", time.monotonic() - self._made_at)
            self._made_at = 0.0
        self._arrive(position)
        return more

    def _make(self, reason: Unusable) -> None:
        """Begin a new file, when nobody reads the old one any more."""
        self._tell(logging.INFO, f"the search index is made: {reason}")
        self._making = True
        try:
            while self._readers:
                self._reader_left.clear()
                self._reader_left.wait()
            in_thread(self._begin_anew, pool=self._writer)
        finally:
            self._making = False
        self._unusable = None
        self._made_at = time.monotonic()
        self._arrive(0)

    def _fail(self, error: Exception) -> None:
        """The disk is full, or the store can't be read: try again later."""
        self._tell(logging.WARNING, f"the search index can't be brought up to date, which is tried again: {error}")
        self._failing = True
        self._arrive(self._position)  # nobody waits for it
        gevent.sleep(RETRY_SECONDS)

    def _tell(self, level: int, sentence: str) -> None:
        """Log it, once until it goes well again."""
        if sentence not in self._told:
            _log.log(level, "%s", sentence)
            self._told.add(sentence)

    def _arrive(self, position: int) -> None:
        self._position = position
        moved, self._moved = self._moved, Event()
        moved.set()

    # In the thread of the index.

    def _advance(self, most: int) -> tuple[int, bool]:
        """Take one batch of at most so many events; where the index is then, and whether there may be more to do."""
        began = time.thread_time()
        try:
            if self._opened is None:
                self._opened = self._open()
            log, file = self._opened
            news = log.news(file.position, most, BATCH_BYTES)
            if news.end > news.start:
                file.take(news)
                return news.end, True
            return news.end, self._sweep(log, file)
        except BaseException:
            self._close()
            raise
        finally:
            self._worked += time.thread_time() - began

    def _open(self) -> tuple[Log, SearchFile]:
        log = Log(self._folder)
        try:
            return log, SearchFile(self._folder, log, WRITE_CACHE_KIB)
        except BaseException:
            log.close()
            raise

    def _close(self) -> None:
        if self._opened is not None:
            for opened in self._opened:
                with contextlib.suppress(sqlite3.Error):
                    opened.close()
        self._opened = None
        self._to_sweep = []
        self._sweep_at = 0.0

    def _begin_anew(self) -> None:
        self._close()
        with search_file.nobody_reads(self._folder), contextlib.closing(Log(self._folder)) as log:
            search_file.make(self._folder, log.epoch())

    def _sweep(self, log: Log, file: SearchFile) -> bool:
        """Remove some of what is no longer kept; whether there may be more of it."""
        if not self._to_sweep:
            if time.monotonic() < self._sweep_at:
                return False
            self._sweep_at = time.monotonic() + SWEEP_SECONDS
            self._to_sweep = file.to_sweep(log)
        if self._to_sweep and file.sweep(*self._to_sweep[-1], SWEEP_DOCS):
            self._to_sweep.pop()
        return bool(self._to_sweep)

    # Finding.

    def find(self, query: Query, rooms: Collection[int], before: int | None, limit: int) -> Found:
        """At most `limit` messages of these rooms, the newest before the position `before`. Raises `DatabaseError`.

        Waits, in the caller's greenlet; when that is killed, the search ends too.
        """
        with failing():
            return self._find_off_the_hub(query, rooms, before, limit)

    def _find_off_the_hub(self, query: Query, rooms: Collection[int], before: int | None, limit: int) -> Found:
        if self._finders is None:
            self._finders = ThreadPool(THREADS)
        if not rooms:
            return Found([], None)
        self._reach(in_thread(self._end, pool=self._finders))
        with_file = not self._making
        self._readers += with_file
        left = False
        try:
            found: Found = in_thread(self._find, query, rooms, before, limit, with_file, lambda: left, pool=self._finders)
            return found
        finally:
            left = True
            self._readers -= with_file
            self._reader_left.set()
            if self._unusable is not None:
                self._woken.set()

    def _reach(self, end: int) -> None:
        """Wait until the index has the log up to `end`, unless that takes too long."""
        if end - self._position > REACH_EVENTS or self._failing or not self._leads():
            return
        until = time.monotonic() + REACH_SECONDS
        self._waiting += 1
        self._hurry.set()
        self._woken.set()
        try:
            while self._position < end and not self._failing and (seconds := until - time.monotonic()) > 0:
                self._moved.wait(seconds)
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._hurry.clear()

    # In a thread of the searches.

    def _end(self) -> int:
        with contextlib.closing(Log(self._folder)) as log:
            return log.end()

    def _find(
        self,
        query: Query,
        rooms: Collection[int],
        before: int | None,
        limit: int,
        with_file: bool,
        stop: Callable[[], bool],
    ) -> Found:
        with contextlib.closing(Log(self._folder)) as log, search_file.reading(self._folder) as may_read:
            if with_file and may_read:
                try:
                    with contextlib.closing(SearchFile(self._folder, log)) as file:
                        return Finding(log, file, query, rooms, stop).run(before, limit)
                except Unusable as reason:
                    # Whoever brings it up to date sees by itself what is wrong with a file that it has yet to open.
                    if self._opened is not None and not stop():
                        self._unusable = reason
                except sqlite3.Error as error:
                    _log.warning("the search index can't be read: %s", error)
            return Finding(log, None, query, rooms, stop).run(before, limit)
