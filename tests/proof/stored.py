"""The log as the store has it, read with SQLite or psycopg alone (chatapp/chat/schema.py tells the tables); no server runs.

Beside the log it is checked that the file is whole, that what was deleted has no text any more, and that the tables that are
derived from the log say what the log says.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from chatapp.chat import schema
from tests.proof.compare import Logged
from tests.proof.faults import HALF
from tests.proof.tally import Tally
from tests.proof.texts import text_of


class Row(NamedTuple):
    """A row of `events`."""

    pos: int
    seq: int
    number: int
    type: int
    time: int
    person: str
    id: str
    target: int | None
    body: str
    mentions: str | None


#: The rows that a statement gives, with `?` for its values.
Ask = Callable[[str, Sequence[object]], list[Any]]


def read(data_dir: Path, tally: Tally) -> dict[str, list[Logged]]:
    """The log of each room, oldest first, out of the SQLite of a folder. What is wrong with the store goes into `tally`."""
    store = sqlite3.connect(data_dir / schema.FILE_NAME)
    try:
        said = [str(row[0]) for row in store.execute("PRAGMA integrity_check")]
        tally.all_wrong("integrity_check", [line for line in said if line != "ok"])
        return _read(lambda sql, values: store.execute(sql, values).fetchall(), tally)
    finally:
        store.close()


def read_postgres(url: str, tally: Tally) -> dict[str, list[Logged]]:
    """The same out of a PostgreSQL."""
    with psycopg.connect(url) as store:
        return _read(lambda sql, values: [*map(_unescaped, store.execute(sql.replace("?", "%s").encode(), values))], tally)


def _unescaped(row: Sequence[object]) -> tuple[object, ...]:
    """PostgreSQL has no NUL in texts; what stands for one is told in chatapp/chat/postgres.py."""
    return tuple(value.replace("\x1a0", "\0").replace("\x1a1", "\x1a") if isinstance(value, str) else value for value in row)


def _read(ask: Ask, tally: Tally) -> dict[str, list[Logged]]:
    logs = {}
    for key, name in ask("SELECT key, name FROM rooms ORDER BY key", ()):
        rows = list(_rows(ask, key))
        _check_rows(name, rows, tally)
        _check_changes(ask, key, name, rows, tally)
        _check_reactions(ask, key, name, rows, tally)
        logs[name] = [Logged(row.seq, row.id, row.type == schema.MESSAGE) for row in rows]
    return logs


def _rows(ask: Ask, room: int) -> Iterator[Row]:
    query = """
        SELECT pos, seq, number, type, time, person, id, target, body, mentions
        FROM events JOIN authors ON authors.key = events.author WHERE room = ? ORDER BY seq
    """
    for row in ask(query, (room,)):
        yield Row(*row)


def _check_rows(room: str, rows: list[Row], tally: Tally) -> None:
    """The order over all rooms agrees with that in the room, messages are counted, texts are what was sent."""
    deleted = {row.target for row in rows if row.type == schema.DELETE}
    number, pos = 0, 0
    for row in rows:
        number += row.type == schema.MESSAGE
        if row.number != number or row.pos <= pos:
            tally.wrong("the log disagrees with itself", f"{room} {row}: number {number}, after pos {pos}")
        pos = row.pos
        if row.id.startswith(HALF):
            tally.wrong("half a frame was stored", f"{room} {row}")
        if row.type in (schema.MESSAGE, schema.EDIT):
            gone = (row.seq if row.type == schema.MESSAGE else row.target) in deleted
            if row.body != ("" if gone else text_of(row.id)):
                tally.wrong("another text", f"{room} {row}{', deleted' if gone else ''}")


def _check_changes(ask: Ask, key: int, room: str, rows: list[Row], tally: Tally) -> None:
    """`changes` is what one gets who replays the edits and deletions."""
    expected: dict[int, dict[str, Any]] = {}
    for row in rows:
        if row.type == schema.EDIT and row.target is not None:
            expected[row.target] = {"body": row.body, "edited": row.time, "deleted": None}
        elif row.type == schema.DELETE and row.target is not None:
            expected[row.target] = {"body": "", "edited": None, "deleted": row.time}
    columns = ("body", "edited", "deleted")
    stored = {
        row[0]: dict(zip(columns, row[1:], strict=True))
        for row in ask("SELECT seq, body, edited, deleted FROM changes WHERE room = ?", (key,))
    }
    for seq in expected.keys() | stored.keys():
        if expected.get(seq) != stored.get(seq):
            tally.wrong("changes disagree with the log", f"{room} {seq}: {expected.get(seq)}, stored {stored.get(seq)}")


def _check_reactions(ask: Ask, key: int, room: str, rows: list[Row], tally: Tally) -> None:
    """`reactions` is what one gets who replays them; those of deleted messages may be gone."""
    expected: dict[tuple[int, str, str], int] = {}
    deleted = {row.target for row in rows if row.type == schema.DELETE}
    for row in rows:
        if row.type == schema.REACT and row.target is not None:
            reaction = (row.target, row.body[1:], row.person)
            if row.body[0] == "+":
                expected.setdefault(reaction, row.pos)
            else:
                expected.pop(reaction, None)
    query = "SELECT seq, emoji, person, pos FROM reactions WHERE room = ?"
    stored = {tuple(row[:3]): row[3] for row in ask(query, (key,))}
    for reaction in expected.keys() | stored.keys():
        if reaction[0] not in deleted and expected.get(reaction) != stored.get(reaction):
            case = f"{room} {json.dumps(reaction)}: {expected.get(reaction)}, stored {stored.get(reaction)}"
            tally.wrong("reactions disagree with the log", case)
