"""Filling the directory from the store, when it is opened, and when another process has written to it.

Called by `chat.store` within a transaction of its own, so that all of it is one view. What another process has written is
asked for by what is known already, so it costs what is new, not what there is.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from chatapp.chat.directory import Directory, Reading, RoomHead
from chatapp.chat.messages import Event, User
from chatapp.chat.rows import SELECT_EVENTS, Execute, event_of_row, with_reply


class Known(NamedTuple):
    """How far the store was followed: the newest event there ever was, the newest room, mark and floor."""

    pos: int
    room: int
    mark: int
    floor: int


def load(execute: Execute, directory: Directory) -> Known:
    """Everything there is."""
    room = load_rooms(execute, directory)
    for person, name, avatar in execute("SELECT person, name, avatar FROM people").fetchall():
        directory.add_person(User(person, name, avatar))
    load_readings(execute, directory)
    unread = execute(
        """SELECT m.person, m.room, m.seq FROM mentions m LEFT JOIN members r ON r.person = m.person AND r.room = m.room
           WHERE m.seq > coalesce(r.read, 0)"""
    ).fetchall()
    for person, key, seq in unread:
        directory.add_mention(person, key, seq)
    (newest,) = execute("SELECT coalesce(max(pos), 0) FROM events").fetchone()
    lowest = floor(execute)
    return Known(max(newest, lowest), room, newest_mark(execute), lowest)


class Changes(NamedTuple):
    """What another process has done to the store, and how far it is known then."""

    known: Known
    events: list[Event]
    #: People, and keys of rooms, of whom it was not known that they have read so far.
    marks: list[tuple[str, int]]
    #: Rooms, and the numbers up to which their events are no longer kept.
    floors: list[tuple[RoomHead, int]]


def follow(execute: Execute, directory: Directory, known: Known) -> Changes:
    """What came since it was known so far. Rooms and marks are in the directory then; events are for the caller to apply."""
    room = load_rooms(execute, directory, known.room)
    found = _events_after(execute, directory, known.pos)
    lowest = floor(execute)
    floors = _floors(execute, directory) if lowest != known.floor else []
    mark = newest_mark(execute)
    marks = load_readings(execute, directory, "version > ?", known.mark) if mark != known.mark else []
    pos = found[-1].pos if found else known.pos
    return Changes(Known(pos, room, mark, lowest), found, marks, floors)


def events(execute: Execute, directory: Directory, rows: Iterable[Sequence[Any]]) -> list[Event]:
    """Rows of `SELECT_EVENTS` as events."""
    found = []
    for row in rows:
        room = int(row[1])
        found.append(with_reply(execute, event_of_row(row, directory.by_key[room].name), room))
    return found


def _events_after(execute: Execute, directory: Directory, pos: int) -> list[Event]:
    found = events(execute, directory, execute(f"{SELECT_EVENTS} WHERE e.pos > ? ORDER BY e.pos", (pos,)).fetchall())
    if any(event.user.plain for event in found):
        emails = dict(execute("SELECT pos, email FROM addresses WHERE pos > ?", (pos,)).fetchall())
        found = [event._replace(email=emails.get(event.pos, "")) for event in found]
    return found


def load_rooms(execute: Execute, directory: Directory, newest_known: int = 0) -> int:
    """The rooms with a higher key than the newest that is known; the newest key then."""
    rooms = execute(
        "SELECT key, name, kind, topic, maker, floor, floor_number FROM rooms WHERE key > ? ORDER BY key", (newest_known,)
    ).fetchall()
    for key, name, kind, topic, maker, floor, number in rooms:
        newest = execute("SELECT seq, number FROM events WHERE room = ? ORDER BY seq DESC LIMIT 1", (key,)).fetchone()
        directory.add_room(RoomHead(key, name, kind, topic, maker, floor, *(newest or (floor, number))))
    return rooms[-1][0] if rooms else newest_known


def _floors(execute: Execute, directory: Directory) -> list[tuple[RoomHead, int]]:
    """The rooms of which less is kept than is known here, with the number up to which it is gone."""
    found = execute("SELECT key, floor FROM rooms WHERE floor > 0").fetchall()
    heads = ((directory.by_key[key], floor) for key, floor in found)
    return [(head, floor) for head, floor in heads if floor > head.floor]


def load_readings(execute: Execute, directory: Directory, where: str = "true", *values: object) -> list[tuple[str, int]]:
    """How far people have read, all or some; of whom, in which rooms, that was not known here."""
    rows: Sequence[Any] = execute(f"SELECT person, room, member, read, number FROM members WHERE {where}", values).fetchall()
    return [
        (person, key)
        for person, key, member, read, number in rows
        if key in directory.by_key and directory.merge_reading(person, key, Reading(bool(member), read, number))
    ]


def newest_mark(execute: Execute) -> int:
    """The highest version that a mark has."""
    (version,) = execute("SELECT coalesce(max(version), 0) FROM members WHERE version > 0").fetchone()
    return int(version)


def floor(execute: Execute) -> int:
    """Up to this position events are no longer kept."""
    row = execute("SELECT value + 0 FROM meta WHERE key = 'floor'").fetchone()
    return int(row[0]) if row else 0
