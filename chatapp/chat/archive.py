"""The store as a whole, for `chatapp.commands`: written out as JSON Lines, copied, put back, held against itself.

Export, backup and check read one view of the store while a server writes to it. Restore needs the store alone, and
removes nothing: what was there is set aside.
"""

import contextlib
import datetime
import fcntl
import json
import os
import secrets
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from chatapp.chat import answers, consistency, messages, schema
from chatapp.chat.database import Execute
from chatapp.chat.rows import SELECT_EVENTS, answering_event_of_row
from chatapp.chat.store_sqlite import LOCK_NAME

#: Rows of the log that are in memory at a time while it is written out.
EXPORT_ROWS = 1000
#: Patience with a store that is held by another process (seconds).
BUSY_SECONDS = 30.0

_ROOMS = """
    SELECT key, name, kind, topic, coalesce((SELECT max(seq) FROM events WHERE room = key), floor) FROM rooms ORDER BY key
"""

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class ArchiveError(Exception):
    """It can't be done; the text is a sentence for the person who asked."""


class Checked(NamedTuple):
    """What was looked at, and a sentence for each thing that is wrong with it."""

    messages: int
    events: int
    rooms: int
    problems: list[str]


class Restored(NamedTuple):
    """What a restore did: how many messages there are now, where what was there is now, and whether a key came with it."""

    messages: int
    aside: Path | None
    with_key: bool


# Writing out.


def export(folder: Path, write: Callable[[str], object], room: str | None = None) -> int:
    """Write the log, or that of one room, line by line; the number of events. What `write` raises goes through."""
    with _store(folder) as store:
        store.execute("BEGIN")  # one view for all that follows
        (version,) = store.execute("PRAGMA user_version").fetchone()
        return export_log(store.execute, int(version), write, room)


def export_log(execute: Execute, version: int, write: Callable[[str], object], room: str | None = None) -> int:
    """The same, of a database within one view of it; `version` is that of its tables."""
    rooms = execute(_ROOMS).fetchall()
    if room is not None:
        rooms = [found for found in rooms if found[1] == messages.fold(room)]
        if not rooms:
            raise ArchiveError(f"There is no room called {room}.")
    write(_encode(_head(execute, version, rooms)) + "\n")
    names = {key: name for key, name, *_ in rooms}
    count = pos = 0
    only, keys = ("AND e.room = ?", (rooms[0][0],)) if room is not None else ("", ())
    while some := execute(
        f"{SELECT_EVENTS} WHERE e.pos > ? {only} ORDER BY e.pos LIMIT ?", (pos, *keys, EXPORT_ROWS)
    ).fetchall():
        write("".join(_line(row, names[row[1]]) for row in some))
        count += len(some)
        pos = some[-1][0]
    return count


def _head(execute: Execute, version: int, rooms: Iterable[Sequence[Any]]) -> answers.Fields:
    (epoch,) = execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()
    return {
        "type": "store",
        "epoch": epoch,
        "version": version,
        "time": answers.iso_time(int(time.time() * 1000)),
        "rooms": [{"room": name, "kind": kind, "topic": topic, "seq": seq} for _, name, kind, topic, seq in rooms],
    }


def _line(row: Sequence[Any], room: str) -> str:
    return _encode(answers.event_fields(answering_event_of_row(row, room))) + "\n"


def check(folder: Path) -> Checked:
    """Look whether the store is whole, and whether what is derived from the log agrees with it."""
    with _store(folder) as store:
        store.execute("BEGIN")
        damage = damage_of(store)
        if damage:
            return Checked(0, 0, 0, [f"The file is damaged: {damage}."])
        return check_log(store.execute, consistency.MENTIONED_IN_SQLITE)


def check_log(execute: Execute, mentioned: str) -> Checked:
    """The same, of a database within one view of it."""
    (said,) = execute("SELECT count(*) FROM events WHERE type = ?", (schema.MESSAGE,)).fetchone()
    (events,) = execute("SELECT count(*) FROM events").fetchone()
    (rooms,) = execute("SELECT count(*) FROM rooms").fetchone()
    return Checked(said, events, rooms, list(consistency.problems(execute, mentioned)))


# Copying and putting back.


def backup(folder: Path, target: Path, beside: Sequence[str]) -> int:
    """Copy the store and the files called `beside` into the new folder `target`; the number of messages.

    The folder is there whole or not at all.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ArchiveError(f"{target} is there already. Name a folder that does not exist yet, or an empty one.")
    with _file_errors(target), _store(folder) as store:
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        aside.mkdir(mode=0o700)
        try:
            count = _copy_store(store, aside / schema.FILE_NAME)
            for name in beside:
                _copy_file(folder / name, aside / name)
            _sync(aside)
            os.rename(aside, target)
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
            raise
        _sync(target.parent)
    return count


def restore(folder: Path, source: Path, beside: Sequence[str]) -> Restored:
    """Put the backup `source` in the place of the store in `folder`, and of the files called `beside`, which it may lack."""
    if not (source / schema.FILE_NAME).is_file():
        raise ArchiveError(f"{source} is no backup: there is no {schema.FILE_NAME} in it.")
    present = [name for name in beside if (source / name).is_file()]
    with alone(folder), _file_errors(folder):
        new = {name: folder / f".{name}.{secrets.token_hex(4)}" for name in (schema.FILE_NAME, *present)}
        try:
            with _store(source, "ro") as store:
                damage = damage_of(store)
                if damage:
                    raise ArchiveError(f"{source / schema.FILE_NAME} is damaged: {damage}. Nothing was changed.")
                count = _copy_store(store, new[schema.FILE_NAME])
            _begin_epoch(new[schema.FILE_NAME])
            for name in present:
                _copy_file(source / name, new[name])
            aside = _set_aside(folder, [*new, f"{schema.FILE_NAME}-wal", f"{schema.FILE_NAME}-shm"])
            for name, path in new.items():
                os.rename(path, folder / name)
            _sync(folder)
        finally:
            for path in new.values():
                path.unlink(missing_ok=True)
    return Restored(count, aside, bool(present))


def _copy_store(store: sqlite3.Connection, target: Path) -> int:
    """Copy a store into a new file, without what was removed from it; the number of messages."""
    os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    store.execute("VACUUM INTO ?", (str(target),))
    with contextlib.closing(sqlite3.connect(target)) as copy:
        (count,) = copy.execute("SELECT count(*) FROM events WHERE type = ?", (schema.MESSAGE,)).fetchone()
    _sync(target)
    return int(count)


def damage_of(store: sqlite3.Connection) -> str:
    """What SQLite finds wrong with a file; nothing if it is whole."""
    found = [str(text) for (text,) in store.execute("PRAGMA integrity_check(3)").fetchall()]
    return "" if found == ["ok"] else "; ".join(found)


def _begin_epoch(path: Path) -> None:
    """Positions from after the backup mean nothing any more."""
    with _store_errors(path), contextlib.closing(sqlite3.connect(path, isolation_level=None)) as store:
        store.execute("INSERT OR REPLACE INTO meta VALUES ('epoch', ?)", (secrets.token_hex(8),))
    _sync(path)


def _set_aside(folder: Path, names: Iterable[str]) -> Path | None:
    """Move what is there of these files into a folder of its own; None if nothing was there."""
    there = [name for name in names if (folder / name).exists()]
    if not there:
        return None
    started = datetime.datetime.now(datetime.UTC).strftime("%Y%m%d-%H%M%S")
    aside = folder / f"before-restore-{started}-{secrets.token_hex(2)}"
    aside.mkdir(mode=0o700)
    for name in there:
        os.rename(folder / name, aside / name)
    _sync(aside)
    return aside


def _copy_file(source: Path, target: Path) -> None:
    with source.open("rb") as file, os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as copy:
        shutil.copyfileobj(file, copy)
        copy.flush()
        os.fsync(copy.fileno())


def _sync(path: Path) -> None:
    """Wait until a file or the names in a folder are on the disk."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the store of a folder for oneself: no server runs on it, and none starts."""
    with _file_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ArchiveError(f"A server uses {folder}. Stop it, and try again.") from None
        yield
    finally:
        os.close(lock)


# Opening.


@contextlib.contextmanager
def _store(folder: Path, mode: str = "rw") -> Iterator[sqlite3.Connection]:
    """The store of a folder, to read. With "rw", what a server that was killed has left is tidied up at the end."""
    path = folder / schema.FILE_NAME
    if not path.is_file():
        raise ArchiveError(f"There is no chat in {folder} yet.")
    with _store_errors(path):
        store = sqlite3.connect(schema.address(path, mode), uri=True, timeout=BUSY_SECONDS, isolation_level=None)
        with contextlib.closing(store):
            (owner,) = store.execute("PRAGMA application_id").fetchone()
            (version,) = store.execute("PRAGMA user_version").fetchone()
            if owner != schema.APPLICATION_ID:
                raise ArchiveError(f"{path} is no store of a chat.")
            if version > schema.VERSION:
                raise ArchiveError(
                    f"{path} is of a newer chatapp (version {version} of the store, this one knows {schema.VERSION})."
                )
            yield store


@contextlib.contextmanager
def _store_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite says into a sentence."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise ArchiveError(f"{path} is damaged: {error}.") from error
        raise ArchiveError(f"{path} can't be read or copied: {error}.") from error


@contextlib.contextmanager
def _file_errors(path: Path) -> Iterator[None]:
    """Turn what the system says into a sentence."""
    try:
        yield
    except OSError as error:
        raise ArchiveError(f"{error.filename or path}: {error.strerror}.") from error
