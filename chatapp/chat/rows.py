"""Rows of the log as events, for all who read it, and a message as it is now.

`chat.store` reads what is new, `chat.reader` whole pages, and `chat.archive` all of it; what is answered is in the same row.
"""

import json
from collections.abc import Sequence
from typing import NamedTuple

from chatapp.chat import messages, schema
from chatapp.chat.database import Execute
from chatapp.chat.messages import Event, Mention, Reply, User

#: What `event_of_row` takes, and where it comes from; `e` is the event and `a` its author.
EVENT = """
    e.pos, e.room, e.seq, e.number, e.type, e.time, a.person, a.name, a.avatar, a.plain, e.id, e.body, e.target, e.mentions
"""
FROM_EVENTS = "FROM events e JOIN authors a ON a.key = e.author"
#: The author and the beginning, as it is now, of the message `t` that is answered, if one is.
ANSWERED = f"ta.name AS reply_name, substr(coalesce(tc.body, t.body), 1, {4 * messages.QUOTE_CHARS}) AS reply_text"
JOIN_ANSWERED = f"""
    LEFT JOIN events t ON t.room = e.room AND t.seq = e.target AND e.type = {schema.MESSAGE} AND t.type = {schema.MESSAGE}
    LEFT JOIN authors ta ON ta.key = t.author
    LEFT JOIN changes tc ON tc.room = t.room AND tc.seq = t.seq
"""
SELECT_EVENTS = f"SELECT {EVENT}, {ANSWERED} {FROM_EVENTS} {JOIN_ANSWERED}"


class Target(NamedTuple):
    """A message as it is now, for those who edit, delete, answer or react; without a text it is deleted."""

    person: str
    name: str
    text: str


def event_of_row(row: Sequence[object], room: str) -> Event:
    """An event of the columns of `EVENT`, without the message it answers."""
    pos, _, seq, number, kind, when, person, name, avatar, plain, event_id, body, target, named = row
    found = () if named is None else tuple(Mention(one["id"], one["name"]) for one in json.loads(str(named)))
    user = User(str(person), str(name), str(avatar), bool(plain))
    event_id = event_id if event_id is not None else messages.plain_id(pos)  # type: ignore[arg-type]
    return Event(pos, room, seq, number, kind, when, user, event_id, body, target, found)  # type: ignore[arg-type]


def answering_event_of_row(row: Sequence[object], room: str) -> Event:
    """An event of the columns of `EVENT` and then `ANSWERED`, with what it answers."""
    *columns, name, text = row
    event = event_of_row(columns, room)
    if event.type != schema.MESSAGE or event.target is None:
        return event
    return event._replace(reply=Reply(event.target, str(name or ""), messages.quote_of(str(text or ""))))


def message_at(execute: Execute, room: int, seq: int) -> Target | None:
    """The message with this number; None if there is none, or it is something else."""
    row = execute(
        """SELECT a.person, a.name, coalesce(c.body, e.body) FROM events e JOIN authors a ON a.key = e.author
           LEFT JOIN changes c ON c.room = e.room AND c.seq = e.seq WHERE e.room = ? AND e.seq = ? AND e.type = ?""",
        (room, seq, schema.MESSAGE),
    ).fetchone()
    return Target(*row) if row else None
