"""The file of the search index, derived from the store: it can be removed at any time and is made again.

`docs` has every message as it is now, its text folded; `grams` is the index of their pieces (`chat.grams`). Of these only
which message holds which piece is kept (detail=none): that takes half the room that places in the text would, and is as
fast, because whether the pieces stand together is seen from the text.

Written by `chat.search` and read by `chat.search_find`, in threads. Few statements, each one step of SQLite: between two
steps a thread may have to wait for the hub.
"""

import contextlib
import fcntl
import json
import os
import sqlite3
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from chatapp.chat import grams, messages, schema
from chatapp.chat.search_log import Doc, Log, News

FILE_NAME = "search.db"
LOCK_NAME = "search.lock"
#: Raise the number when the tables, or what stands in them, are made differently, and when texts or names are folded
#: differently. Folding depends on Python's tables too.
MAKER = f"1 {unicodedata.unidata_version}"
#: Memory for pages of the file while it is written and while it is read (KiB).
WRITE_CACHE_KIB = 8192
READ_CACHE_KIB = 4096
#: Patience with another process that writes to it (a reload of the server), in seconds.
BUSY_SECONDS = 5.0

DAY_MS = 86_400_000

_TABLES = """
    CREATE TABLE state (        -- one row
        maker TEXT NOT NULL,    -- MAKER
        epoch TEXT NOT NULL,    -- of the store
        pos INTEGER NOT NULL,   -- everything up to this position of the log is in here
        event TEXT              -- what tells the event there from any other
    );
    CREATE TABLE docs (
        pos INTEGER PRIMARY KEY,
        room INTEGER NOT NULL,
        name INTEGER NOT NULL,  -- grams.name_number of the author's name
        time INTEGER NOT NULL,
        text TEXT NOT NULL      -- folded
    );
    CREATE TABLE days (         -- between which positions a day's messages are
        day INTEGER PRIMARY KEY,
        first INTEGER NOT NULL,
        last INTEGER NOT NULL
    );
    CREATE TABLE swept (        -- up to which floor a room's messages have been removed
        room INTEGER PRIMARY KEY,
        floor INTEGER NOT NULL
    );
    CREATE VIRTUAL TABLE grams USING fts5 (
        text, room, name, content='', columnsize=0, detail=none, tokenize='trigram case_sensitive 1'
    );
"""

# A row, as JSON, is a row of `docs` and then one of `grams` (see `_with_grams`).
_ADD = (
    """INSERT INTO docs SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
       json_extract(value, '$[3]'), json_extract(value, '$[4]') FROM json_each(?)""",
    """INSERT INTO grams (rowid, text, room, name) SELECT json_extract(value, '$[0]'), json_extract(value, '$[5]'),
       json_extract(value, '$[6]'), json_extract(value, '$[7]') FROM json_each(?)""",
    f"""INSERT INTO days SELECT json_extract(value, '$[3]') / {DAY_MS} AS day, min(json_extract(value, '$[0]')),
       max(json_extract(value, '$[0]')) FROM json_each(?) WHERE true GROUP BY day
       ON CONFLICT (day) DO UPDATE SET first = min(first, excluded.first), last = max(last, excluded.last)""",
)
_REMOVE = (
    """INSERT INTO grams (grams, rowid, text, room, name) SELECT 'delete', json_extract(value, '$[0]'),
       json_extract(value, '$[5]'), json_extract(value, '$[6]'), json_extract(value, '$[7]') FROM json_each(?)""",
    "DELETE FROM docs WHERE pos IN (SELECT json_extract(value, '$[0]') FROM json_each(?))",
)
_DOCS = """
    SELECT json_group_array(json_array(pos, room, name, time, text)) FROM docs
    WHERE pos IN (SELECT value FROM json_each(?))
"""
_HAS_PIECE = "SELECT rowid FROM grams WHERE grams MATCH ? LIMIT 1"
_OLDEST_OF_ROOM = """
    SELECT json_group_array(rowid) FROM (SELECT rowid FROM grams WHERE grams MATCH ? AND rowid < ? ORDER BY rowid LIMIT ?)
"""

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
# Where no statement can be wrong by itself, these mean that the file is not what it should be.
_NOT_AS_MADE = (*_DAMAGED, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH)

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Unusable(Exception):
    """The file is missing, damaged, of another store or of another version: it has to be made anew. The text says why."""


class SearchFile:
    """The index of a folder, opened. One thread at a time may use it. Raises `sqlite3.Error` and `Unusable`."""

    def __init__(self, folder: Path, log: Log, cache_kib: int = READ_CACHE_KIB) -> None:
        if not (folder / FILE_NAME).exists():
            raise Unusable("there is none yet")
        self.connection = _connect(folder / FILE_NAME)
        self._execute = self.connection.execute
        try:
            with telling_damage(_NOT_AS_MADE):
                self._execute(f"PRAGMA cache_size = -{cache_kib}")
                self._execute("PRAGMA synchronous = NORMAL")
                # What was deleted is overwritten where that costs no write of its own.
                self._execute("PRAGMA secure_delete = FAST")
                self._check(log)
        except BaseException:
            self.close()
            raise

    def _check(self, log: Log) -> None:
        self._execute("BEGIN")  # one view: somebody may write to it just now
        maker, epoch, pos, event = self._state()
        (newest,) = self._execute("SELECT coalesce(max(pos), 0) FROM docs").fetchall()[0]
        odd = self._execute(_HAS_PIECE, (grams.any_of([grams.NOWHERE]),)).fetchall()
        self._execute("COMMIT")
        if maker != MAKER:
            raise Unusable("it was made by another version")
        if newest > pos or odd:
            raise Unusable("its parts do not agree")
        # The log is looked at after that, so it can only be further.
        there = log.event(pos)
        # A store gets another epoch when the machine was started anew. If the same event is there, so is all before it; only
        # one that is no longer kept tells nothing.
        if pos > log.end() or (there is None and epoch != log.epoch()) or (there is not None and there != event):
            raise Unusable("it is of another store")

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()

    @property
    def position(self) -> int:
        """Everything up to this position of the log is in here."""
        return int(self._state()[2])

    def _state(self) -> Sequence[Any]:
        with telling_damage(_NOT_AS_MADE):
            rows: list[Sequence[Any]] = self._execute("SELECT maker, epoch, pos, event FROM state").fetchall()
        if len(rows) != 1:
            raise Unusable("it was not made to its end")
        return rows[0]

    def take(self, news: News) -> None:
        """Bring the index from `news.start` to `news.end`. Nothing is done if another process did so already."""
        docs = {doc.pos: doc for doc in news.docs}
        rows = [_row(doc) for doc in docs.values() if doc.text]
        with self._transaction():
            if self.position != news.start:
                return
            self._remove([pos for pos in docs if pos <= news.start])
            if rows:
                text = _encode(rows)
                for statement in _ADD:
                    self._execute(statement, (text,))
            self._execute("UPDATE state SET pos = ?, event = ?", (news.end, news.event))

    def to_sweep(self, log: Log) -> list[tuple[int, int, int]]:
        """The rooms of which something is in here that is no longer kept: key, floor, and the position where they begin."""
        with telling_damage(_NOT_AS_MADE):
            swept = dict(self._execute("SELECT room, floor FROM swept").fetchall())
        found = log.floors()  # after that: they only rise
        floors = {room: floor for room, floor, _ in found}
        if any(floor > floors.get(room, 0) for room, floor in swept.items()):
            raise Unusable("the store has older messages again")
        return [(room, floor, first) for room, floor, first in found if floor > swept.get(room, 0)]

    def sweep(self, room: int, floor: int, first: int, most: int) -> bool:
        """Remove messages of a room from before the position `first`, at most so many; whether all are gone."""
        with self._transaction():
            found = self._execute(_OLDEST_OF_ROOM, (grams.any_of([grams.room_gram(room)]), first, most)).fetchall()
            positions = json.loads(found[0][0])
            self._remove(positions)
            if len(positions) == most:
                return False
            self._execute("INSERT OR REPLACE INTO swept VALUES (?, ?)", (room, floor))
            return True

    def _remove(self, positions: Collection[int]) -> None:
        if not positions:
            return
        found = self._execute(_DOCS, (json.dumps(positions),)).fetchall()
        text = _encode([_with_grams(row) for row in json.loads(found[0][0])])
        for statement in _REMOVE:
            self._execute(statement, (text,))

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        with telling_damage(_NOT_AS_MADE):
            self._execute("BEGIN IMMEDIATE")
            try:
                yield
                self._execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self.connection.rollback()
                raise


@contextlib.contextmanager
def reading(folder: Path) -> Iterator[bool]:
    """Whether the file may be read; it is not made anew as long as it is."""
    with _lock(folder) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


@contextlib.contextmanager
def nobody_reads(folder: Path) -> Iterator[None]:
    """Wait, in a thread, until nobody reads the file, in whatever worker; nobody begins to meanwhile."""
    with _lock(folder) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[int]:
    lock = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield lock
    finally:
        os.close(lock)


def make(folder: Path, epoch: str) -> None:
    """Put a new, empty file in the place of the one that is there. Nobody may have that open."""
    path, new = folder / FILE_NAME, folder / f".{FILE_NAME}.new"
    _unlink(new, f"{new}-wal", f"{new}-shm")
    os.close(os.open(new, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))  # SQLite gives its other files the same mode
    with contextlib.closing(_connect(new)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(f"BEGIN; {_TABLES} COMMIT;")
        connection.execute("INSERT INTO state VALUES (?, ?, 0, NULL)", (MAKER, epoch))
    _unlink(f"{path}-wal", f"{path}-shm")
    os.rename(new, path)


def _unlink(*paths: str | Path) -> None:
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


@contextlib.contextmanager
def telling_damage(codes: Collection[int] = _DAMAGED) -> Iterator[None]:
    """Turn an error that comes of what is in the file, not of the disk or of who else uses it, into `Unusable`."""
    try:
        yield
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in codes:
            raise Unusable(f"it is damaged ({error})") from error
        raise


def _connect(path: Path) -> sqlite3.Connection:
    address = schema.address(path, "rw")
    return sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)


def _row(doc: Doc) -> list[object]:
    name = grams.name_number(messages.fold(doc.name))
    return _with_grams([doc.pos, doc.room, name, doc.time, grams.fold(doc.text)])


def _with_grams(row: list[Any]) -> list[object]:
    _, room, name, _, text = row
    return [*row, grams.indexed(text), grams.room_gram(room), grams.name_gram(name)]
