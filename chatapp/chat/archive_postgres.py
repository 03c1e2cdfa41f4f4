"""The store in PostgreSQL as a whole, for `chatapp.commands`: written out, held against itself, and filled from SQLite.

What it has in common with a store in SQLite is in `chat.archive`. Copying it is for PostgreSQL's own tools (pg_dump).
"""

import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from chatapp.chat import archive, consistency, docs_postgres, opening, schema
from chatapp.chat.archive import ArchiveError, Checked
from chatapp.chat.database import DatabaseError, StoreError
from chatapp.chat.postgres import Link, Server
from chatapp.chat.postgres_schema import VERSION, connected, prepare, sentences
from chatapp.chat.store_postgres import translated

#: How long one step may take (seconds).
PATIENCE_SECONDS = 3600.0

#: The tables that both have, with the same columns.
TABLES = ("rooms", "authors", "events", "changes", "reactions", "mentions", "members", "people", "addresses")
_MESSAGES = f"""
    SELECT e.pos, e.room, a.name, e.time, coalesce(c.body, e.body) FROM events e JOIN authors a ON a.key = e.author
    LEFT JOIN changes c ON c.room = e.room AND c.seq = e.seq WHERE e.type = {schema.MESSAGE} AND c.deleted IS NULL
"""
_NOT_TO_BE_FOUND = f"""
    SELECT count(*) FROM ({_MESSAGES}) m FULL JOIN docs d ON d.pos = m.pos WHERE d.pos IS NULL OR m.pos IS NULL
"""


def export(url: str, write: Callable[[str], object], room: str | None = None) -> int:
    """Write the log, or that of one room, line by line; the number of events. What `write` raises goes through."""
    with _view(url) as link:
        return archive.export_log(_Executing(link), VERSION, write, room)


def check(url: str) -> Checked:
    """Look whether what is derived from the log agrees with it."""
    with _view(url) as link:
        found = archive.check_log(_Executing(link), consistency.MENTIONED_IN_POSTGRES)
        ((wrong,),) = link.ask(_NOT_TO_BE_FOUND)
        if wrong:
            found.problems.append(f"Messages that a search does not find, or finds though they are gone: {wrong}.")
        return found


class _Executing:
    """Runs statements of ours on a connection."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def __call__(self, sql: str, values: Sequence[object] = ()) -> Any:
        return self._link.execute(translated(sql), values)


@contextlib.contextmanager
def _view(url: str) -> Iterator[Link]:
    """One view of the store. Raises `ArchiveError`."""
    server = Server(url)
    with _errors(), contextlib.closing(connected(server)) as link, sentences(server):
        link.be_patient(PATIENCE_SECONDS)
        if link.ask("SELECT to_regclass('meta') IS NULL OR to_regclass('docs') IS NULL") == [(True,)]:
            raise ArchiveError(f"There is no chat in {server.name} yet.")
        ((version,),) = link.ask("SELECT value::int FROM meta WHERE key = 'version'")
        if version != VERSION:
            raise ArchiveError(f"{server.name} has version {version} of the store, and this chatapp knows {VERSION}.")
        link.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield link


@contextlib.contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except (StoreError, DatabaseError) as error:
        raise ArchiveError(str(error)) from None


# From SQLite.


def migrate(folder: Path, url: str, key_mark: str = "") -> int:
    """Copy the store of a folder into an empty database, all of it or nothing; the number of messages.

    No server may run on either. The epoch stays, so clients go on from where they were. `key_mark` tells the key by which
    people are known.
    """
    if not (folder / schema.FILE_NAME).is_file():
        raise ArchiveError(f"There is no chat in {folder} yet.")
    with _errors(), archive.alone(folder):
        source, epoch = opening.open_store(folder, "normal")  # one of an older version is migrated first
        with contextlib.closing(source):
            if damage := archive.damage_of(source):
                raise ArchiveError(f"{folder / schema.FILE_NAME} is damaged: {damage}. Nothing was copied.")
            server = Server(url)
            prepare(server, key_mark)
            with contextlib.closing(connected(server)) as link, sentences(server):
                return _copy(source, epoch, link, server.name)


def _copy(source: sqlite3.Connection, epoch: str, link: Link, name: str) -> int:
    link.be_patient(PATIENCE_SECONDS)
    link.execute("BEGIN")
    link.execute("SELECT pos FROM state FOR UPDATE")  # a server that is started now waits
    if link.ask("SELECT EXISTS (SELECT 1 FROM events) OR EXISTS (SELECT 1 FROM rooms)") == [(True,)]:
        raise ArchiveError(f"There is a chat in {name} already. Name an empty database; nothing was copied.")
    for table in TABLES:
        _fill(link, table, source.execute(f"SELECT * FROM {table}"))
    _fill(link, "docs", (docs_postgres.row(*found) for found in source.execute(_MESSAGES)))
    floor = source.execute("SELECT value FROM meta WHERE key = 'floor'").fetchall()
    (newest,) = source.execute("SELECT coalesce(max(pos), 0) FROM events").fetchone()
    for key, value in (("epoch", epoch), *(("floor", value) for (value,) in floor)):
        link.execute("INSERT INTO meta VALUES (%s, %s) ON CONFLICT (key) DO UPDATE SET value = excluded.value", (key, value))
    link.execute("UPDATE state SET version = 1, pos = %s", (max(newest, *(int(value) for (value,) in floor), 0),))
    ((count,),) = link.ask("SELECT count(*) FROM events WHERE type = %s", schema.MESSAGE)
    link.execute("COMMIT")
    link.execute("ANALYZE")
    return int(count)


def _fill(link: Link, table: str, rows: Iterable[Sequence[object]]) -> None:
    with link.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
