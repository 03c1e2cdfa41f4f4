"""What is derived from the log: messages as they are now, reactions, mentions, members. SQL for the tables beside the log.

Called by `chat.store` within the transaction that adds the event, so the log and these tables never disagree.
"""

import itertools
import json
from collections.abc import Container, Iterator

from chatapp.chat import messages, schema
from chatapp.chat.answers import mention_fields
from chatapp.chat.directory import Directory, RoomHead
from chatapp.chat.messages import Event
from chatapp.chat.rows import Execute


def write(execute: Execute, event: Event, head: RoomHead) -> None:
    """Bring the tables up to date with one event, which is in the log already."""
    if event.type == schema.MESSAGE:
        for mention in event.mentions:
            execute("INSERT OR IGNORE INTO mentions VALUES (?, ?, ?)", (mention.id, head.key, event.seq))
    elif event.type == schema.EDIT:
        named = json.dumps(mention_fields(event.mentions)) if event.mentions else None
        execute(
            "INSERT OR REPLACE INTO changes VALUES (?, ?, ?, ?, ?, NULL)",
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
    execute("INSERT OR REPLACE INTO changes VALUES (?, ?, '', NULL, NULL, ?)", (head.key, event.target, event.time))
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
            "INSERT OR IGNORE INTO reactions VALUES (?, ?, ?, ?, ?, ?)",
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
    execute("INSERT OR REPLACE INTO members VALUES (?, ?, 1, ?, ?, 0)", (person, head.key, event.seq, event.number))


def readings(directory: Directory, told: Container[str], version: int) -> Iterator[tuple[object, ...]]:
    """Rows of `members` for what has changed since it was written last; with the version, those of the people `told`."""
    for person, key in directory.changed_readings:
        reading = directory.reading(person, directory.by_key[key])
        yield person, key, int(reading.member), reading.read, reading.number, version if person in told else 0


#: A mark that another process has set meanwhile is not set back.
SAVE_READING = """
    INSERT INTO members VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (person, room) DO UPDATE SET member = excluded.member,
        number = iif(excluded.read >= read, excluded.number, number), read = max(read, excluded.read),
        version = max(version, excluded.version)
"""


def prune(execute: Execute, before: int, most: int) -> dict[int, int]:
    """Remove at most `most` of the oldest events, those older than `before`; the new floor of each room they were in."""
    # Times rise with positions, so the oldest are the first; a clock that was set back only keeps some a little longer.
    oldest = execute("SELECT pos, room, seq, number, time FROM events ORDER BY pos LIMIT ?", (most,)).fetchall()
    old = list(itertools.takewhile(lambda row: row[4] < before, oldest))
    if not old:
        return {}
    floors = {room: (seq, number) for _, room, seq, number, _ in old}
    execute("DELETE FROM events WHERE pos <= ?", (old[-1][0],))
    execute("INSERT OR REPLACE INTO meta VALUES ('floor', ?)", (str(old[-1][0]),))
    for room, (floor, number) in floors.items():
        execute("UPDATE rooms SET floor = ?, floor_number = ? WHERE key = ?", (floor, number, room))
        for table in ("changes", "reactions", "mentions"):
            execute(f"DELETE FROM {table} WHERE room = ? AND seq <= ?", (room, floor))
    return {room: floor for room, (floor, _) in floors.items()}
