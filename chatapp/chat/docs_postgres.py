"""The table `docs` in PostgreSQL: every message as it is now, folded, as it is searched for. Pure but for what it executes.

Written by `chat.store_postgres` in the commit of the messages, and by `chat.archive_postgres` for those that come from
SQLite; `chat.search_postgres` finds in it.
"""

from collections.abc import Iterable

from chatapp.chat import grams, messages, schema
from chatapp.chat.database import Execute
from chatapp.chat.messages import Event

_ADD = """
    INSERT INTO docs SELECT pos, room, name, time, text, signs::int[]
    FROM unnest(?::bigint[], ?::bigint[], ?::text[], ?::bigint[], ?::text[], ?::text[])
        d (pos, room, name, time, text, signs)
"""
_CHANGE = """
    UPDATE docs SET text = ?, signs = ?::int[] WHERE pos = (SELECT pos FROM events WHERE room = ? AND seq = ?)
"""
_REMOVE = "DELETE FROM docs WHERE pos = (SELECT pos FROM events WHERE room = ? AND seq = ?)"

Row = tuple[int, int, str, int, str, str]


def write(execute: Execute, events: Iterable[tuple[Event, int]]) -> None:
    """Keep the table as the messages are after these events; with each comes the key of its room."""
    rows: list[Row] = []
    for event, room in events:
        if event.type == schema.MESSAGE:
            rows.append(row(event.pos, room, event.user.name, event.time, event.text))
        elif event.type in (schema.EDIT, schema.DELETE):
            _add(execute, rows)  # it may be one of these
            if event.type == schema.EDIT:
                text = grams.fold(event.text)
                execute(_CHANGE, (text, signs(text), room, event.target))
            else:
                execute(_REMOVE, (room, event.target))
    _add(execute, rows)


def _add(execute: Execute, rows: list[Row]) -> None:
    if rows:
        execute(_ADD, [list(column) for column in zip(*rows, strict=True)])
        rows.clear()


def forget(execute: Execute, pos: int) -> None:
    """Events up to this position are no longer kept."""
    execute("DELETE FROM docs WHERE pos <= ?", (pos,))


def row(pos: int, room: int, name: str, time: int, text: str) -> Row:
    """A message as a row of the table."""
    folded = grams.fold(text)
    return pos, room, messages.fold(name), time, folded, signs(folded)


def signs(folded: str) -> str:
    """The different characters of a folded text that are not ASCII, as an array of PostgreSQL.

    The index of trigrams knows words of three characters and more, and of some alphabets nothing at all.
    """
    return "{" + ",".join(str(ord(sign)) for sign in sorted(set(folded)) if sign > "\x7f") + "}"
