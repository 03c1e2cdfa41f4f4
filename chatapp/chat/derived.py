"""What is derived from the log: messages as they are now, reactions, mentions, members. SQL for the tables beside the log.

Called by `chat.writing` within the transaction that adds the event, so the log and these tables never disagree.
"""

import itertools
import json
from collections.abc import Container, Iterable, Iterator

from chatapp.chat import messages, schema
from chatapp.chat.answers import mention_fields
from chatapp.chat.database import Execute
from chatapp.chat.directory import Directory, RoomHead
from chatapp.chat.messages import Event

_CHANGED = """
    ON CONFLICT (room, seq) DO UPDATE SET body = excluded.body, mentions = excluded.mentions, edited = excluded.edited,
        deleted = excluded.deleted
"""
_ENTERED = """
    ON CONFLICT (person, room) DO UPDATE SET member = 1, read = excluded.read, number = excluded.number, version = 0
"""


def write(execute: Execute, event: Event, head: RoomHead) -> None:
    """Bring the tables up to date with one event, which is in the log already."""
    if event.type == schema.MESSAGE:
        for mention in event.mentions:
            execute("INSERT INTO mentions VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (mention.id, head.key, event.seq))
    elif event.type == schema.EDIT:
        named = json.dumps(mention_fields(event.mentions)) if event.mentions else None
        execute(
            f"INSERT INTO changes VALUES (?, ?, ?, ?, ?, NULL) {_CHANGED}",
            (head.key, event.target, event.text, named, event.time),
        )
    elif event.type == schema.DELETE:
        _delete(execute, event, head)
    elif event.type == schema.REACT:
        _react(execute, event, head)
    elif event.type in (schema.CREATE, schema.TOPIC):
        execute("UPDATE rooms SET topic = ? WHERE key = ?", (event.text, head.key))
        if event.type == schema.CREATE:
            _create(execute, event, head)
    elif event.type == schema.ENTER:
        _be_member(execute, event.user.id, event, head)
    elif event.type == schema.LEAVE:
        execute("UPDATE members SET member = 0 WHERE person = ? AND room = ?", (event.user.id, head.key))


def _delete(execute: Execute, event: Event, head: RoomHead) -> None:
    """Take the text out of the log as well: what is deleted is not told to those who catch up."""
    execute(f"INSERT INTO changes VALUES (?, ?, '', NULL, NULL, ?) {_CHANGED}", (head.key, event.target, event.time))
    execute(
        "UPDATE events SET body = '', mentions = NULL WHERE room = ? AND seq = ?",
        (head.key, event.target),
    )
    # The number of the type stands in the text, so that SQLite sees that the index of edits fits.
    execute(
        f"UPDATE events SET body = '', mentions = NULL WHERE type = {schema.EDIT} AND room = ? AND target = ?",
        (head.key, event.target),
    )
    execute("DELETE FROM reactions WHERE room = ? AND seq = ?", (head.key, event.target))
    execute("DELETE FROM mentions WHERE room = ? AND seq = ?", (head.key, event.target))


def _react(execute: Execute, event: Event, head: RoomHead) -> None:
    emoji = event.text[1:]
    if event.text[0] == "+":
        execute(
            "INSERT INTO reactions VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (head.key, event.target, emoji, event.user.id, event.user.name, event.pos),
        )
    else:
        execute(
            "DELETE FROM reactions WHERE room = ? AND seq = ? AND emoji = ? AND person = ?",
            (head.key, event.target, emoji, event.user.id),
        )


def _create(execute: Execute, event: Event, head: RoomHead) -> None:
    for person in messages.people_of_direct(head.name) or (event.user.id,):
        if person:
            _be_member(execute, person, event, head)


def _be_member(execute: Execute, person: str, event: Event, head: RoomHead) -> None:
    values = (person, head.key, event.seq, event.number)
    execute(f"INSERT INTO members VALUES (?, ?, 1, ?, ?, 0) {_ENTERED}", values)


def readings(
    directory: Directory, changed: Iterable[tuple[str, int]], told: Container[str], version: int
) -> Iterator[tuple[object, ...]]:
    """Rows of `members` for what has changed; with the version, those of the people `told`."""
    for person, key in changed:
        reading = directory.reading(person, directory.by_key[key])
        yield person, key, int(reading.member), reading.read, reading.number, version if person in told else 0


#: A mark that another process has set meanwhile is not set back.
READ_FURTHER = """
    ON CONFLICT (person, room) DO UPDATE SET member = excluded.member,
        number = CASE WHEN excluded.read >= members.read THEN excluded.number ELSE members.number END,
        read = CASE WHEN excluded.read >= members.read THEN excluded.read ELSE members.read END,
        version = CASE WHEN excluded.version >= members.version THEN excluded.version ELSE members.version END
"""
#: Who is known goes by their newest name.
RENAMED = "ON CONFLICT (person) DO UPDATE SET name = excluded.name, avatar = excluded.avatar, seen = excluded.seen"


def prune(execute: Execute, before: int, most: int) -> tuple[int, dict[int, int]]:
    """Remove at most `most` of the oldest events, those older than `before`.

    Up to which position (0 if there are none), and the new floor of each room they were in.
    """
    # Times rise with positions, so the oldest are the first; a clock that was set back only keeps some a little longer.
    oldest = execute("SELECT pos, room, seq, number, time FROM events ORDER BY pos LIMIT ?", (most,)).fetchall()
    old = list(itertools.takewhile(lambda row: row[4] < before, oldest))
    if not old:
        return 0, {}
    floors = {room: (seq, number) for _, room, seq, number, _ in old}
    execute("DELETE FROM events WHERE pos <= ?", (old[-1][0],))
    floor_at = "INSERT INTO meta VALUES ('floor', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
    execute(floor_at, (str(old[-1][0]),))
    for room, (floor, number) in floors.items():
        execute("UPDATE rooms SET floor = ?, floor_number = ? WHERE key = ?", (floor, number, room))
        for table in ("changes", "reactions", "mentions"):
            execute(f"DELETE FROM {table} WHERE room = ? AND seq <= ?", (room, floor))
    return old[-1][0], {room: floor for room, (floor, _) in floors.items()}
