"""Filling the directory from the store, when it is opened, and when another process has written to it.

Called by `chat.store` within a transaction of its own, so that all of it is one view. Everything is asked for first, and
taken in when all is there: what fails halfway has changed nothing, and nobody sees half of it while a database is waited
for. What another process has written is asked for by what is known already, so it costs what is new, not what there is.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from chatapp.chat.database import Execute
from chatapp.chat.directory import Directory, Reading, RoomHead
from chatapp.chat.messages import Event, User
from chatapp.chat.rows import SELECT_EVENTS, answering_event_of_row

_ROOMS = """
    SELECT key, name, kind, topic, maker, floor,
        coalesce((SELECT seq FROM events WHERE room = r.key ORDER BY seq DESC LIMIT 1), floor),
        coalesce((SELECT number FROM events WHERE room = r.key ORDER BY seq DESC LIMIT 1), floor_number)
    FROM rooms r WHERE key > ? ORDER BY key
"""
#: Whom it concerns, in which room, and what that is to them.
MEMBERS = "SELECT person, room, member, read, number, version FROM members"
_FLOOR = "SELECT CAST(value AS BIGINT) FROM meta WHERE key = 'floor'"


class Known(NamedTuple):
    """How far the store was followed: the newest event there ever was, the newest room, mark and floor."""

    pos: int
    room: int
    mark: int
    floor: int


def load(execute: Execute, directory: Directory) -> Known:
    """Everything there is."""
    rooms = execute(_ROOMS, (0,))
    people = execute("SELECT person, name, avatar FROM people ORDER BY seen, person")
    readings = execute(MEMBERS)
    unread = execute(
        """SELECT m.person, m.room, m.seq FROM mentions m LEFT JOIN members r ON r.person = m.person AND r.room = m.room
           WHERE m.seq > coalesce(r.read, 0)"""
    )
    newest = execute("SELECT coalesce(max(pos), 0) FROM events")
    lowest = execute(_FLOOR)
    heads = [RoomHead(*row) for row in rooms.fetchall()]
    named, marks, mentioned = people.fetchall(), readings.fetchall(), unread.fetchall()
    pos, floor = newest.fetchone()[0], _number(lowest)
    for head in heads:
        directory.add_room(head)
    for person, name, avatar in named:
        directory.add_person(User(person, name, avatar))
    take_in_marks(directory, marks)
    for person, key, seq in mentioned:
        directory.add_mention(person, key, seq)
    return Known(max(pos, floor), heads[-1].key if heads else 0, max((row[5] for row in marks), default=0), floor)


class Changes(NamedTuple):
    """What another process has done to the store, and how far it is known then."""

    known: Known
    rooms: list[RoomHead]
    events: list[Event]
    #: Rows of `MEMBERS`.
    marks: Sequence[Any]
    #: Rooms, by their keys, and the numbers up to which their events are no longer kept.
    floors: list[tuple[int, int]]


def follow(execute: Execute, directory: Directory, known: Known) -> Changes:
    """What came since it was known so far, for `take_in`."""
    rooms = execute(_ROOMS, (known.room,))
    found = execute(f"{SELECT_EVENTS} WHERE e.pos > ? ORDER BY e.pos", (known.pos,))
    marks = execute(f"{MEMBERS} WHERE version > ?", (known.mark,))
    lowest = execute(_FLOOR)
    heads = [RoomHead(*row) for row in rooms.fetchall()]
    came = events(directory, found.fetchall(), heads)
    told, floor = marks.fetchall(), _number(lowest)
    if any(event.user.plain for event in came):
        emails = dict(execute("SELECT pos, email FROM addresses WHERE pos > ?", (known.pos,)).fetchall())
        came = [event._replace(email=emails.get(event.pos, "")) for event in came]
    floors = execute("SELECT key, floor FROM rooms WHERE floor > 0").fetchall() if floor != known.floor else []
    room = heads[-1].key if heads else known.room
    mark = max((row[5] for row in told), default=known.mark)
    return Changes(Known(came[-1].pos if came else known.pos, room, mark, floor), heads, came, told, floors)


class Told(NamedTuple):
    """What there is to tell of changes that were taken in, beside the events."""

    #: People, and keys of rooms, of whom it was not known that they have read so far.
    marks: list[tuple[str, int]]
    #: Rooms, and the numbers up to which their events are no longer kept.
    floors: dict[str, int]


def take_in(directory: Directory, changes: Changes) -> Told:
    """Bring the directory up to what was found. Waits for nothing."""
    for head in changes.rooms:
        directory.add_room(head)
    marks = take_in_marks(directory, changes.marks)
    for event in changes.events:
        directory.apply(event, here=False)
    floors = {}
    for key, floor in changes.floors:
        head = directory.by_key[key]
        if floor > head.floor:
            directory.raise_floor(head, floor)
            floors[head.name] = floor
    return Told(marks, floors)


def events(directory: Directory, rows: Iterable[Sequence[Any]], new: Iterable[RoomHead] = ()) -> list[Event]:
    """Rows of `SELECT_EVENTS` as events, of rooms that are known and of these new ones."""
    names = {head.key: head.name for head in new}
    return [answering_event_of_row(row, names.get(row[1]) or directory.by_key[row[1]].name) for row in rows]


def take_in_marks(directory: Directory, rows: Iterable[Sequence[Any]]) -> list[tuple[str, int]]:
    """How far people have read, as rows of `MEMBERS`; of whom, in which rooms, that was not known here."""
    return [
        (person, key)
        for person, key, member, read, number, _ in rows
        if key in directory.by_key and directory.merge_reading(person, key, Reading(bool(member), read, number))
    ]


def floor(execute: Execute) -> int:
    """Up to this position events are no longer kept."""
    return _number(execute(_FLOOR))


def _number(cursor: Any) -> int:
    row = cursor.fetchone()
    return int(row[0]) if row else 0
