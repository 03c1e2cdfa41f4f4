"""The log as the store has it, read with SQLite alone (chatapp/chat/schema.py tells the tables), while no server runs.

Beside the log it is checked that the file is whole, that what was deleted has no text any more, and that the tables that are
derived from the log say what the log says.
"""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

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


def read(data_dir: Path, tally: Tally) -> dict[str, list[Logged]]:
    """The log of each room, oldest first. What is wrong with the store goes into `tally`."""
    store = sqlite3.connect(data_dir / schema.FILE_NAME)
    try:
        said = [str(row[0]) for row in store.execute("PRAGMA integrity_check")]
        tally.all_wrong("integrity_check", [line for line in said if line != "ok"])
        logs = {}
        for key, name in store.execute("SELECT key, name FROM rooms ORDER BY key").fetchall():
            rows = list(_rows(store, key))
            _check_rows(name, rows, tally)
            _check_changes(store, key, name, rows, tally)
            _check_reactions(store, key, name, rows, tally)
            logs[name] = [Logged(row.seq, row.id, row.type == schema.MESSAGE) for row in rows]
        return logs
    finally:
        store.close()


def _rows(store: sqlite3.Connection, room: int) -> Iterator[Row]:
    query = """
        SELECT pos, seq, number, type, time, person, id, target, body, mentions
        FROM events JOIN authors ON authors.key = events.author WHERE room = ? ORDER BY seq
    """
    for row in store.execute(query, (room,)):
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


def _check_changes(store: sqlite3.Connection, key: int, room: str, rows: list[Row], tally: Tally) -> None:
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
        for row in store.execute("SELECT seq, body, edited, deleted FROM changes WHERE room = ?", (key,))
    }
    for seq in expected.keys() | stored.keys():
        if expected.get(seq) != stored.get(seq):
            tally.wrong("changes disagree with the log", f"{room} {seq}: {expected.get(seq)}, stored {stored.get(seq)}")


def _check_reactions(store: sqlite3.Connection, key: int, room: str, rows: list[Row], tally: Tally) -> None:
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
    stored = {tuple(row[:3]): row[3] for row in store.execute(query, (key,))}
    for reaction in expected.keys() | stored.keys():
        if reaction[0] not in deleted and expected.get(reaction) != stored.get(reaction):
            case = f"{room} {json.dumps(reaction)}: {expected.get(reaction)}, stored {stored.get(reaction)}"
            tally.wrong("reactions disagree with the log", case)
