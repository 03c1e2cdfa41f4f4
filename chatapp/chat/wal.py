"""Copying SQLite's write-ahead log into the database, which waits for the disk: in a thread, on a connection of its own.

Called by `chat.upkeep` in the worker that leads. SQLite copies while others read and write.
"""

import logging
import os
import sqlite3
from pathlib import Path

from gevent.threadpool import ThreadPool

from chatapp.chat import schema
from chatapp.chat.store_sqlite import Sqlite
from chatapp.realtime.threads import in_thread

#: The log is copied when it is so large (bytes), and begun anew when it has grown so large under load.
COPY_BYTES = 4_194_304
LARGE_BYTES = 67_108_864

_log = logging.getLogger(__name__)


class WalCopier:
    """Copies the log of the store in a folder, of which `database` is this process's writing connection."""

    def __init__(self, folder: Path, database: Sqlite) -> None:
        self._path = folder / schema.FILE_NAME
        self._database = database
        self._pool: ThreadPool | None = None

    def copy(self, erased: bool) -> bool:
        """Copy the log if it is large, or if something in it was `erased`: then it is emptied.

        Returns whether that is still to be done.
        """
        if self._size() < COPY_BYTES and not erased:
            return False
        if self._pool is None:
            self._pool = ThreadPool(1)
        emptied = False
        try:
            emptied = in_thread(_checkpoint, self._path, erased, pool=self._pool)
            if self._size() > LARGE_BYTES:
                self._database.restart_log()
        except sqlite3.Error as error:
            _log.warning("the log of the store could not be copied: %s", error)
        return erased and not emptied

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
