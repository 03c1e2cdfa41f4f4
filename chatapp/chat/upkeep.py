"""What the store needs besides writing: looking for what other processes wrote, copying its log, retention.

Of several workers one copies and removes, the one that leads. All but the copying is done on the hub, in small steps;
copying waits for the disk and so runs in a thread, on a connection of its own (SQLite copies the write-ahead log into the
database while others read and write).
"""

import logging
import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import gevent
from gevent.threadpool import ThreadPool

from chatapp.chat import schema
from chatapp.chat.outcomes import NotStored
from chatapp.chat.rooms import Rooms
from chatapp.chat.store import Store
from chatapp.realtime.hub import Hub
from chatapp.realtime.threads import in_thread

#: How often the log is looked at for what another process has committed (seconds).
LOOK_SECONDS = 0.5
#: How often it is written how far people have read, when nothing else is committed (seconds).
FLUSH_SECONDS = 5.0
#: How often the addresses are removed that all workers have read since the time before (seconds).
FORGET_SECONDS = 60.0
#: The write-ahead log is copied when it is so large (bytes), and begun anew when it has grown so large under load.
COPY_BYTES = 4_194_304
LARGE_BYTES = 67_108_864
#: How often what is too old is removed, and the rest after each step of it (seconds).
PRUNE_SECONDS = 600.0
REST_SECONDS = 0.05

_log = logging.getLogger(__name__)


class Upkeep:
    """Looks after one store.

    `history_days` is how long events are kept, 0: for ever; `lead` tries to be the worker that leads.
    """

    def __init__(
        self, store: Store, rooms: Rooms, hub: Hub, folder: Path, history_days: float, lead: Callable[[], bool]
    ) -> None:
        self._store = store
        self._rooms = rooms
        self._hub = hub
        self._path = folder / schema.FILE_NAME
        self._keep_seconds = history_days * 86_400
        self._lead = lead
        self._pool: ThreadPool | None = None

    def run(self) -> None:
        """Owned by the upkeep greenlet."""
        flushed = pruned = forgot = 0.0
        position = 0
        while True:
            now = time.monotonic()
            self._rooms.look()
            leads = self._lead()
            try:
                if now - flushed >= FLUSH_SECONDS:
                    flushed = now
                    self._store.flush()
                if leads and now - forgot >= FORGET_SECONDS:
                    forgot = now
                    self._store.forget_addresses(position)
                    position = self._store.position
                due = not pruned or now - pruned >= min(PRUNE_SECONDS, self._keep_seconds / 4)
                if leads and self._keep_seconds and due:
                    pruned = now
                    self._prune()
            except NotStored as error:
                if not error.busy:
                    _log.warning("the store can't be written: %s", error)
            self._hub.deliver_all(self._rooms.news())  # a commit takes in what others have committed before it
            if leads:
                self._copy()
            gevent.sleep(LOOK_SECONDS)

    def _prune(self) -> None:
        before = int((time.time() - self._keep_seconds) * 1000)
        removed = False
        while floors := self._store.prune(before):
            removed = True
            self._rooms.pruned(floors)
            self._hub.deliver_all(self._rooms.news())
            gevent.sleep(REST_SECONDS)
        if removed:
            _log.info("what was older than CHATAPP_HISTORY_DAYS is removed")
            self._rooms.erased = True

    def _copy(self) -> None:
        erased, self._rooms.erased = self._rooms.erased, False
        if self._size() < COPY_BYTES and not erased:
            return
        if self._pool is None:
            self._pool = ThreadPool(1)
        try:
            emptied = in_thread(_checkpoint, self._path, erased, pool=self._pool)
            self._rooms.erased = self._rooms.erased or (erased and not emptied)
            if self._size() > LARGE_BYTES:
                self._store.restart_log()
        except sqlite3.Error as error:
            _log.warning("the log of the store could not be copied: %s", error)

    def _size(self) -> int:
        try:
            return os.stat(f"{self._path}-wal").st_size
        except FileNotFoundError:
            return 0


def _checkpoint(path: Path, empty: bool) -> bool:
    """Copy the log into the database; empty it too if that is wanted, or if nobody has written meanwhile.

    Returns whether it is empty. Emptying holds up whoever writes for a moment, but waits for nobody.
    """
    connection = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        _, pages, copied = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        if not empty and copied < pages:
            return False
        (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy
    finally:
        connection.close()
