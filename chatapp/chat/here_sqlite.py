"""The table of who is here (`chat.here`) for workers on one machine: an SQLite file beside their sockets.

Nothing waits for the disk, nor for another worker that writes: who calls tries again.
"""

import contextlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from chatapp.chat.here import Changes, HereError, Person, Status, Unsettled
from chatapp.chat.messages import User, fold
from chatapp.chat.opening import BOOT_ID, one_at_a_time

_TABLES = """
    CREATE TABLE IF NOT EXISTS state (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        version INTEGER NOT NULL,   -- the highest there is
        swept INTEGER NOT NULL      -- rows of those who left, up to this version, are removed
    );
    INSERT OR IGNORE INTO state VALUES (1, 0, 0);
    CREATE TABLE IF NOT EXISTS workers (
        worker TEXT PRIMARY KEY,
        status TEXT NOT NULL,       -- JSON: what /healthz tells of it
        version INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS people (
        person TEXT PRIMARY KEY,
        folded TEXT NOT NULL UNIQUE,    -- the name as names are compared
        name TEXT NOT NULL,
        avatar TEXT NOT NULL,
        email TEXT NOT NULL,        -- only where the server fetches pictures by it
        version INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS people_by_version ON people (version);
    CREATE TABLE IF NOT EXISTS here (
        worker TEXT NOT NULL,
        person TEXT NOT NULL,
        rooms TEXT,                 -- JSON: which rooms they follow; NULL: they have left this worker
        version INTEGER NOT NULL,
        PRIMARY KEY (worker, person)
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS here_by_version ON here (version);
    CREATE INDEX IF NOT EXISTS here_by_person ON here (person);
"""
_PUT_PERSON = "INSERT OR {} INTO people VALUES (?, ?, ?, ?, ?, ?)"
_PUT_HERE = "INSERT OR REPLACE INTO here VALUES (?, ?, ?, ?)"
_FORGET_PEOPLE = """
    DELETE FROM people WHERE version <= ? AND NOT EXISTS (SELECT 1 FROM here WHERE here.person = people.person)
"""
_KEEP_HERE = """
    INSERT INTO here VALUES (?, ?, '[]', ?)
    ON CONFLICT DO UPDATE SET rooms = coalesce(rooms, '[]'), version = excluded.version
"""
_NOBODY = "UPDATE here SET rooms = NULL, version = ? WHERE worker = ? AND rooms IS NOT NULL"


class HereFile:
    """The table, as the worker `me` sees it. `lives` tells of a worker whether it does. Raises `HereError`."""

    #: What was written is there as long as the machine runs.
    run = 0

    def __init__(self, folder: Path, me: str, lives: Callable[[str], bool]) -> None:
        boot = BOOT_ID.read_text().strip()[:8] if BOOT_ID.exists() else ""
        # Nothing waits for the disk, so after a power failure the file may be damaged: each run of the machine has another.
        path = folder / f"here-{boot}.db"
        for old in folder.glob("here-*.db*"):
            if not old.name.startswith(path.name):
                old.unlink(missing_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        self._me = me
        self._lives = lives
        self._seen = self._swept = 0
        self._data_version = -1
        # Waiting for another process is left to who calls: here it would hold up everybody. Only at the beginning it waits.
        with _errors():
            self._connection = sqlite3.connect(path, timeout=5, isolation_level=None, cached_statements=64)
        self._execute = self._connection.execute
        try:
            with _errors(), one_at_a_time(folder / "here.opening"):
                self._execute("PRAGMA journal_mode = WAL")
                self._execute("PRAGMA synchronous = OFF")
                self._connection.executescript(_TABLES)
                self._execute("PRAGMA busy_timeout = 0")
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    # Writing.

    def claim(self, asked: Iterable[tuple[User, str]], others: Iterable[str]) -> list[bool]:
        """See `chat.here`."""
        with self._transaction() as version:
            for other in others:
                if not self._execute("SELECT 1 FROM workers WHERE worker = ?", (other,)).fetchone():
                    raise Unsettled
            return [self._give(user, email, version) for user, email in asked]

    def _give(self, user: User, email: str, version: int) -> bool:
        folded = fold(user.name)
        holder = self._execute("SELECT person FROM people WHERE folded = ?", (folded,)).fetchone()
        if holder is not None and holder[0] != user.id and self._is_anywhere(holder[0]):
            return False
        self._execute(_PUT_PERSON.format("REPLACE"), (user.id, folded, user.name, user.avatar, email, version))
        self._execute(_KEEP_HERE, (self._me, user.id, version))
        return True

    def _is_anywhere(self, person: str) -> bool:
        rows = self._execute("SELECT worker FROM here WHERE person = ? AND rooms IS NOT NULL", (person,)).fetchall()
        return any(self._lives(worker) for (worker,) in rows)

    def write(self, status: Status, people: Iterable[tuple[str, Person]], whole: bool) -> None:
        """See `chat.here`."""
        with self._transaction() as version:
            if whole:
                self._execute(_NOBODY, (version, self._me))
            self._execute("INSERT OR REPLACE INTO workers VALUES (?, ?, ?)", (self._me, json.dumps(status), version))
            for person, (user, email, rooms) in people:
                if user is not None:
                    row = (person, fold(user.name), user.name, user.avatar, email, version)
                    self._execute(_PUT_PERSON.format("IGNORE"), row)
                listed = None if rooms is None else json.dumps(list(rooms))
                self._execute(_PUT_HERE, (self._me, person, listed, version))

    def sweep(self) -> None:
        """See `chat.here`."""
        with self._transaction() as version:
            rows = self._execute("SELECT worker FROM workers UNION SELECT DISTINCT worker FROM here").fetchall()
            for (worker,) in rows:
                if not self._lives(worker):
                    self._remove(worker)
            self._execute("DELETE FROM here WHERE rooms IS NULL AND version <= ?", (self._swept,))
            self._execute(_FORGET_PEOPLE, (self._swept,))
            self._execute("UPDATE state SET swept = max(swept, ?)", (self._swept,))
            self._swept = version

    def leave(self, nobody_else: Callable[[], bool]) -> bool:
        """See `chat.here`."""
        with self._transaction():
            # Within the transaction: who came since would find that this worker has not written down who is here.
            if not nobody_else():
                return False
            self._remove(self._me)
            return True

    def _remove(self, worker: str) -> None:
        for table in ("workers", "here"):
            self._execute(f"DELETE FROM {table} WHERE worker = ?", (worker,))

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[int]:
        """A transaction, and the version of what is written in it."""
        with _errors():
            self._execute("BEGIN IMMEDIATE")
            try:
                self._execute("UPDATE state SET version = version + 1")
                (version,) = self._execute("SELECT version FROM state").fetchone()
                yield version
                self._execute("COMMIT")
            finally:
                self._connection.rollback()

    # Following.

    def changes(self) -> Changes | None:
        """See `chat.here`. Costs 3 us if there is nothing."""
        try:
            (data_version,) = self._execute("PRAGMA data_version").fetchone()
            if data_version == self._data_version:
                return None
            changes = self._changes()
        except sqlite3.Error as error:
            raise _error(error) from error
        self._data_version = data_version
        return changes

    def _changes(self) -> Changes:
        self._execute("BEGIN")  # one view
        try:
            (version, swept) = self._execute("SELECT version, swept FROM state").fetchone()
            whole = self._seen < swept or not self._seen
            since = 0 if whole else self._seen
            statuses = self._execute("SELECT worker, status FROM workers WHERE version > ?", (since,)).fetchall()
            people = self._execute("SELECT person, name, avatar, email FROM people WHERE version > ?", (since,)).fetchall()
            here = self._execute(
                "SELECT worker, person, rooms FROM here WHERE version > ? AND worker != ? ORDER BY version",
                (since, self._me),
            ).fetchall()
        finally:
            self._connection.rollback()
        self._seen = version
        return Changes(
            whole,
            {worker: json.loads(status) for worker, status in statuses},
            [(User(person, name, avatar), email) for person, name, avatar, email in people],
            [(worker, person, None if rooms is None else json.loads(rooms)) for worker, person, rooms in here],
        )


@contextlib.contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise _error(error) from error


def _error(error: sqlite3.Error) -> HereError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return HereError(str(error), code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED))
