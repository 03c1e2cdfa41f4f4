"""Filling the directory from the store, when it is opened, and when another process has written to it.

Called by `chat.store` within a transaction of its own, so that all of it is one view.
"""

from chatapp.chat.directory import Directory, Reading, RoomHead
from chatapp.chat.messages import User
from chatapp.chat.rows import Execute


def load(execute: Execute, directory: Directory) -> int:
    """Everything there is; the position of the newest event there ever was."""
    load_rooms(execute, directory)
    for person, name, avatar in execute("SELECT person, name, avatar FROM people").fetchall():
        directory.add_person(User(person, name, avatar))
    load_readings(execute, directory)
    unread = execute(
        """SELECT m.person, m.room, m.seq FROM mentions m LEFT JOIN members r ON r.person = m.person AND r.room = m.room
           WHERE m.seq > coalesce(r.read, 0)"""
    ).fetchall()
    for person, key, seq in unread:
        directory.add_mention(person, key, seq)
    (newest,) = execute(
        """SELECT max(coalesce((SELECT max(pos) FROM events), 0),
               coalesce((SELECT value + 0 FROM meta WHERE key = 'floor'), 0))"""
    ).fetchone()
    return int(newest)


def load_rooms(execute: Execute, directory: Directory) -> None:
    """Rooms that are not known yet, and from where on the events of all are kept."""
    rooms = execute("SELECT key, name, kind, topic, maker, floor, floor_number FROM rooms").fetchall()
    for key, name, kind, topic, maker, floor, number in rooms:
        head = directory.by_key.get(key)
        if head is not None:
            head.floor = floor
            continue
        newest = execute("SELECT seq, number FROM events WHERE room = ? ORDER BY seq DESC LIMIT 1", (key,)).fetchone()
        directory.add_room(RoomHead(key, name, kind, topic, maker, floor, *(newest or (floor, number))))


def load_readings(execute: Execute, directory: Directory) -> None:
    """How far people have read; also what another process has stored since (on a reload, the worker before)."""
    for person, key, member, read, number in execute("SELECT person, room, member, read, number FROM members").fetchall():
        if key in directory.by_key:
            directory.merge_reading(person, key, Reading(bool(member), read, number))
