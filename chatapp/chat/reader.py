"""Reads the past from the store: pages of messages as they are now, and events as they were.

Asked by `chat.past` and `chat.client`. What is asked stands here, once for both databases; how it is asked, off the hub and
on connections of their own, is left to `chat.reader_sqlite` and `chat.reader_postgres`.
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from chatapp.chat import messages, schema
from chatapp.chat.answers import Fields, iso_time, user_fields
from chatapp.chat.directory import RoomHead
from chatapp.chat.messages import Event, User
from chatapp.chat.rows import ANSWERED, FROM_EVENTS, JOIN_ANSWERED, answering_event_of_row

#: Texts on a page, in characters, on each side of the number that was asked for; one message always fits.
PAGE_CHARS = 262_144


class Select(NamedTuple):
    """A query: what its rows hold, and where they come from. `{...}` is put in by the database.

    Columns called `json(...)` hold JSON, and come parsed.
    """

    columns: str
    rows: str


EVENTS_AFTER = Select(
    "pos, room, seq, number, type, time, person, name, avatar, plain, id, body, target, mentions, reply_name, reply_text",
    f"""SELECT e.*, a.person, a.name, a.avatar, a.plain, {ANSWERED} {FROM_EVENTS} {JOIN_ANSWERED}
        WHERE e.room = ? AND e.seq > ? AND e.seq <= ? ORDER BY e.seq""",
)

_COLUMNS = """
    pos, room, seq, time, person, name, avatar, plain, id, now, json(named), target, reply_name, reply_text, edited, deleted,
    json(reactions)
"""
_MESSAGES = f"""
    SELECT e.*, a.person, a.name, a.avatar, a.plain, {ANSWERED}, coalesce(c.body, e.body) AS now,
        CASE WHEN c.seq IS NULL THEN e.mentions ELSE c.mentions END AS named, c.edited, c.deleted,
        {{reactions}} AS reactions
    {FROM_EVENTS} {JOIN_ANSWERED}
    LEFT JOIN changes c ON c.room = e.room AND c.seq = e.seq
"""
_IN_ROOM = f"WHERE e.room = ? AND e.type = {schema.MESSAGE}"
MESSAGES_BEFORE = Select(_COLUMNS, f"{_MESSAGES} {_IN_ROOM} AND e.seq < ? ORDER BY e.seq DESC LIMIT ?")
MESSAGES_AFTER = Select(_COLUMNS, f"{_MESSAGES} {_IN_ROOM} AND e.seq > ? ORDER BY e.seq LIMIT ?")
MESSAGES_AT = Select(
    _COLUMNS, f"{_MESSAGES} WHERE e.pos IN ({{elements}}) AND e.type = {schema.MESSAGE} ORDER BY e.pos DESC"
)
NEWEST = Select(
    "newest",
    "SELECT coalesce((SELECT max(seq) FROM events WHERE room = ?), (SELECT floor FROM rooms WHERE key = ?), 0) AS newest",
)


class Page(NamedTuple):
    """Messages in their order; all changes up to `as_of` are in them. `start`, `end`: nothing is older, newer."""

    messages: list[Fields]
    as_of: int
    start: bool
    end: bool


class Asker(Protocol):
    """Asks a database. Raises `DatabaseError`."""

    def ask(self, queries: Sequence[tuple[Select, Sequence[object]]]) -> list[list[Sequence[Any]]]:
        """The rows of each of these queries, with their values; all of one view. Waits, but holds up nobody."""


class Reader:
    """Queries of the past. Opens nothing before it is asked."""

    def __init__(self, asker: Asker) -> None:
        self._ask = asker.ask
        self.queries = 0  # how many times the log was read for somebody who came back

    def events_after(self, head: RoomHead, seq: int, last: int) -> list[Event]:
        """The events of a room from just after `seq` up to `last`."""
        self.queries += 1
        (rows,) = self._ask([(EVENTS_AFTER, (head.key, seq, last))])
        return [answering_event_of_row(row, head.name) for row in rows]

    def page(self, head: RoomHead, side: str, seq: int, limit: int) -> Page:
        """At most `limit` messages before, after or around the number `seq`."""
        older_limit = newer_limit = limit
        wanted: list[tuple[Select, Sequence[object]]] = [(NEWEST, (head.key, head.key))]
        if side == "around":
            older_limit, newer_limit = limit - limit // 2, limit // 2
        if side != "after":
            wanted.append((MESSAGES_BEFORE, (head.key, seq + (side == "around"), older_limit + 1)))
        if side != "before":
            wanted.append((MESSAGES_AFTER, (head.key, seq, newer_limit + 1)))
        ((as_of,),), *found = self._ask(wanted)
        older = found[0] if side != "after" else None
        newer = found[-1] if side != "before" else None
        shown_older = _shown(older or [], older_limit)
        shown_newer = _shown(newer or [], newer_limit)
        start = len(older) == len(shown_older) if older is not None else seq <= head.floor
        end = len(newer) == len(shown_newer) if newer is not None else seq > as_of
        return Page([_message(row, head.name) for row in (*reversed(shown_older), *shown_newer)], as_of, start, end)

    def messages_at(self, positions: Sequence[int], rooms: dict[int, RoomHead]) -> list[Fields]:
        """The messages at these places of the log, newest first; those that are gone are left out."""
        (rows,) = self._ask([(MESSAGES_AT, (json.dumps(list(positions)),))])
        return [_message(row, rooms[row[1]].name) for row in rows if row[1] in rooms]


def _shown(rows: list[Sequence[Any]], limit: int) -> list[Sequence[Any]]:
    """The first `limit` rows, fewer if their texts are long."""
    chars = 0
    for count, row in enumerate(rows[:limit]):
        chars += len(row[9])
        if chars > PAGE_CHARS and count:
            return rows[:count]
    return rows[:limit]


def _message(row: Sequence[Any], room: str) -> Fields:
    (
        pos,
        _,
        seq,
        time,
        person,
        name,
        avatar,
        plain,
        message_id,
        text,
        named,
        target,
        reply_name,
        reply_text,
        edited,
        deleted,
        reactions,
    ) = row
    fields: Fields = {
        "type": "message",
        "seq": seq,
        "room": room,
        "id": message_id or messages.plain_id(pos),
        "time": iso_time(time),
        "user": user_fields(User(person, name, avatar, bool(plain))),
        "message": text,
    }
    if target is not None:
        fields["reply"] = {"seq": target, "name": reply_name or "", "message": messages.quote_of(reply_text or "")}
    if named:
        fields["mentions"] = named
    if deleted is not None:
        fields["deleted"] = True
    elif edited is not None:
        fields["edited"] = iso_time(edited)
    if reactions:
        fields["reactions"] = _grouped(reactions)
    return fields


def _grouped(reactions: list[list[str]]) -> list[Fields]:
    users: dict[str, list[Fields]] = {}
    for emoji, person, name in reactions:
        users.setdefault(emoji, []).append({"id": person, "name": name})
    return [{"emoji": emoji, "users": who} for emoji, who in users.items()]
