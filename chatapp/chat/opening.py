"""Opening the store's file: making it, migrating an older one, refusing what can't be used, with a sentence each.

`chat.store_sqlite` opens it to write; gunicorn's master looks at it before it starts a worker (`check`).
"""

import contextlib
import fcntl
import logging
import os
import re
import secrets
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from chatapp.chat import schema
from chatapp.chat.database import StoreError

#: How much of the database is kept in memory, in KiB; the hub's connection reads little else than what was just written.
CACHE_KIB = 65_536
#: Held while the store is opened: workers that start at the same time would make it, or its epoch, side by side.
OPENING_NAME = "chat.opening"
#: How long opening waits for others who hold the store (ms).
PATIENCE_MS = 5000
#: Names this run of the machine; missing outside Linux.
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

_log = logging.getLogger(__name__)


def check(folder: Path) -> None:
    """Raise `StoreError` if the store of this folder can't be used. Changes nothing."""
    if (folder / schema.FILE_NAME).exists():
        with sentences(folder):
            address = schema.address(folder / schema.FILE_NAME, "rw")
            connection = sqlite3.connect(address, uri=True, isolation_level=None)
            with contextlib.closing(connection):
                _version_of(connection, folder, schema.VERSION)


def open_store(folder: Path, sync: str, steps: Sequence[str] = schema.STEPS) -> tuple[sqlite3.Connection, str]:
    """Open the store of `folder`, made or migrated if need be: its connection and its epoch. Raises `StoreError`.

    `sync` is how far a commit has got when it is done: "normal", to the operating system; "full", to the disk. The
    connection has patience with others until somebody takes it away (`PRAGMA busy_timeout = 0`).
    """
    path = folder / schema.FILE_NAME
    with sentences(folder), one_at_a_time(folder / OPENING_NAME):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))  # SQLite gives its other files the same mode
        connection = sqlite3.connect(path, timeout=0, isolation_level=None, cached_statements=256)
        try:
            _prepare(connection, path, folder, sync, steps)
            return connection, _epoch(connection, sync)
        except BaseException:
            connection.close()
            raise


def _prepare(connection: sqlite3.Connection, path: Path, folder: Path, sync: str, steps: Sequence[str]) -> None:
    # Another worker may write to it just now.
    connection.execute(f"PRAGMA busy_timeout = {PATIENCE_MS}")
    version = _version_of(connection, folder, len(steps))
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {sync}")
    connection.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    # Copying the log into the database waits for the disk: a thread does it (chat.upkeep).
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    if version < len(steps):
        _migrate(connection, path, version, steps)


def _version_of(connection: sqlite3.Connection, folder: Path, newest: int) -> int:
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    path = folder / schema.FILE_NAME
    if owner != schema.APPLICATION_ID and tables:
        raise StoreError(f"{path} is a database of something else. Move it away, or set CHATAPP_DATA_DIR to another folder.")
    if version > newest:
        raise StoreError(
            f"{path} was written by a newer chatapp (version {version} of the store, this one knows {newest}). "
            "Run the newer chatapp, or set CHATAPP_DATA_DIR to another folder."
        )
    if version:
        connection.execute("SELECT value FROM meta").fetchall()
        connection.execute("SELECT max(pos) FROM events").fetchone()
    return int(version)


def _migrate(connection: sqlite3.Connection, path: Path, version: int, steps: Sequence[str]) -> None:
    """Take the steps that are missing, all or none; a store of an older version is copied first."""
    if version:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        kept = path.with_name(f"{path.name}.version-{version}-{time.strftime('%Y%m%d-%H%M%S')}")
        shutil.copy2(path, kept)
        _log.warning("%s is brought from version %d to %d; the old one is kept as %s", path, version, len(steps), kept.name)
    connection.execute("BEGIN EXCLUSIVE")
    try:
        # Another worker may have been faster.
        (now,) = connection.execute("PRAGMA user_version").fetchone()
        for step in steps[now:]:
            for statement in _statements(step):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(steps)}")
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


def _statements(script: str) -> Iterator[str]:
    """The statements of a script. Not `executescript`, which commits first."""
    statement = ""
    for piece in re.split("(?<=;)", script):
        statement += piece
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        yield statement


def _epoch(connection: sqlite3.Connection, sync: str) -> str:
    """The identity of the store. Another one after the machine was started anew: the newest commits may be gone."""
    boot = BOOT_ID.read_text().strip() if BOOT_ID.exists() else ""
    meta = dict(connection.execute("SELECT key, value FROM meta").fetchall())
    epoch = meta.get("epoch")
    if epoch is None or (boot != meta.get("boot", "") and sync != "full"):
        epoch = secrets.token_hex(8)
    if (epoch, boot) != (meta.get("epoch"), meta.get("boot")):
        rows = [("epoch", epoch), ("boot", boot)]
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", rows)
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")  # waits for the disk: the new epoch outlives a power failure
    return epoch


@contextlib.contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Hold the lock of this file. Waits, and holds up everybody: only at a start."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


@contextlib.contextmanager
def sentences(folder: Path) -> Iterator[None]:
    """Turn what SQLite and the system say into a sentence that says what to do."""
    path = folder / schema.FILE_NAME
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise StoreError(f"{path} is held by another program. End that one and start again.") from error
        if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
            raise StoreError(
                f"{path} can't be written ({error}). Give the server the right to write in {folder}."
            ) from error
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
            raise StoreError(f"{path} can't be written ({error}). Make room on the disk and start again.") from error
        raise StoreError(
            f"{path} is damaged ({error}). `flask --app wsgi chat check` tells more. Put a backup in its place with "
            "`flask --app wsgi chat restore FOLDER`; or move it away, and the chat begins anew."
        ) from error
    except OSError as error:
        raise StoreError(
            f"{path} can't be opened ({error.strerror}). Give the server the right to write in {folder}."
        ) from error
