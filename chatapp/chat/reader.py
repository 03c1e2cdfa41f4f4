"""Reads the past from the store, off the hub: pages of messages as they are now, and events as they were.

Asked by `chat.past` and `chat.client`; runs in threads, each query on a read-only connection of its own, so neither the
hub nor the writer waits. Every query answers with one row that holds a JSON array: Python's sqlite3 takes the
interpreter's lock anew for each row, for which a thread may wait 5 ms while the hub is busy.
"""

import contextlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gevent.threadpool import ThreadPool

from chatapp.chat import messages, schema
from chatapp.chat.answers import Fields, iso_time, user_fields
from chatapp.chat.directory import RoomHead
from chatapp.chat.messages import Event, User
from chatapp.chat.rows import ANSWERED, FROM_EVENTS, JOIN_ANSWERED, answering_event_of_row
from chatapp.realtime.threads import in_thread

#: Queries that run at the same time.
THREADS = 2
#: Texts on a page, in characters, on each side of the number that was asked for; one message always fits.
PAGE_CHARS = 262_144

EVENTS_AFTER = f"""
    SELECT json_group_array(json_array(
        pos, room, seq, number, type, time, person, name, avatar, plain, id, body, target, mentions, reply_name, reply_text))
    FROM (
        SELECT e.*, a.person, a.name, a.avatar, a.plain, {ANSWERED}
        {FROM_EVENTS} {JOIN_ANSWERED}
        WHERE e.room = ? AND e.seq > ? AND e.seq <= ? ORDER BY e.seq)
"""

_MESSAGES = f"""
    SELECT json_group_array(json_array(
        pos, room, seq, time, person, name, avatar, plain, id, now, json(named), target, reply_name, reply_text, edited,
        deleted, json(reactions)))
    FROM (
        SELECT e.*, a.person, a.name, a.avatar, a.plain, {ANSWERED}, coalesce(c.body, e.body) AS now,
            iif(c.seq IS NULL, e.mentions, c.mentions) AS named, c.edited, c.deleted,
            (SELECT json_group_array(json_array(emoji, person, name)) FROM (
                SELECT * FROM reactions r WHERE r.room = e.room AND r.seq = e.seq ORDER BY r.pos)) AS reactions
        {FROM_EVENTS} {JOIN_ANSWERED}
        LEFT JOIN changes c ON c.room = e.room AND c.seq = e.seq
        WHERE %s)
"""
_IN_ROOM = f"e.room = ? AND e.type = {schema.MESSAGE}"
MESSAGES_BEFORE = _MESSAGES % f"{_IN_ROOM} AND e.seq < ? ORDER BY e.seq DESC LIMIT ?"
MESSAGES_AFTER = _MESSAGES % f"{_IN_ROOM} AND e.seq > ? ORDER BY e.seq LIMIT ?"
MESSAGES_AT = _MESSAGES % f"e.pos IN (SELECT value FROM json_each(?)) AND e.type = {schema.MESSAGE} ORDER BY e.pos DESC"
NEWEST = "SELECT coalesce((SELECT max(seq) FROM events WHERE room = ?), (SELECT floor FROM rooms WHERE key = ?), 0)"


class Page(NamedTuple):
    """Messages in their order; all changes up to `as_of` are in them. `start`, `end`: nothing is older, newer."""

    messages: list[Fields]
    as_of: int
    start: bool
    end: bool


class Reader:
    """Queries of the past. Opens nothing before it is asked."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / schema.FILE_NAME
        self._pool: ThreadPool | None = None
        self._idle: list[sqlite3.Connection] = []
        self.queries = 0  # how many times the log was read for somebody who came back

    def events_after(self, head: RoomHead, seq: int, last: int) -> list[Event]:
        """The events of a room from just after `seq` up to `last`."""
        self.queries += 1
        rows = self._run(self._array, EVENTS_AFTER, (head.key, seq, last))
        return [answering_event_of_row(row, head.name) for row in rows]

    def page(self, head: RoomHead, side: str, seq: int, limit: int) -> Page:
        """At most `limit` messages before, after or around the number `seq`."""
        return self._run(self._page, head, side, seq, limit)  # type: ignore[no-any-return]

    def messages_at(self, positions: Sequence[int], rooms: dict[int, RoomHead]) -> list[Fields]:
        """The messages at these places of the log, newest first; those that are gone are left out."""
        rows = self._run(self._array, MESSAGES_AT, (json.dumps(list(positions)),))
        return [_message(row, rooms[row[1]].name) for row in rows if row[1] in rooms]

    # In threads.

    def _page(self, connection: sqlite3.Connection, head: RoomHead, side: str, seq: int, limit: int) -> Page:
        connection.execute("BEGIN")  # one view of the store for all queries
        try:
            (as_of,) = connection.execute(NEWEST, (head.key, head.key)).fetchone()
            older = newer = None
            if side == "before":
                older = self._array(connection, MESSAGES_BEFORE, (head.key, seq, limit + 1))
            elif side == "after":
                newer = self._array(connection, MESSAGES_AFTER, (head.key, seq, limit + 1))
            else:
                older = self._array(connection, MESSAGES_BEFORE, (head.key, seq + 1, limit - limit // 2 + 1))
                newer = self._array(connection, MESSAGES_AFTER, (head.key, seq, limit // 2 + 1))
        finally:
            connection.execute("COMMIT")
        shown_older = _shown(older or [], limit if side == "before" else limit - limit // 2)
        shown_newer = _shown(newer or [], limit if side == "after" else limit // 2)
        start = len(older) == len(shown_older) if older is not None else seq <= head.floor
        end = len(newer) == len(shown_newer) if newer is not None else seq > as_of
        return Page([_message(row, head.name) for row in (*reversed(shown_older), *shown_newer)], as_of, start, end)

    def _array(self, connection: sqlite3.Connection, sql: str, values: Sequence[object]) -> list[Any]:
        (text,) = connection.execute(sql, values).fetchone()
        rows: list[Any] = json.loads(text)
        return rows

    def _run(self, query: Any, *arguments: object) -> Any:
        if self._pool is None:
            self._pool = ThreadPool(THREADS)
        return in_thread(self._with_connection, query, arguments, pool=self._pool)

    def _with_connection(self, query: Any, arguments: tuple[object, ...]) -> Any:
        with self._connection() as connection:
            return query(connection, *arguments)

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._idle.pop()
        except IndexError:
            # Each connection is used by one thread at a time, not always by the same.
            address = schema.address(self._path, "ro")
            connection = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False, timeout=5)
        try:
            yield connection
        except sqlite3.Error:
            connection.close()
            raise
        self._idle.append(connection)


def _shown(rows: list[Any], limit: int) -> list[Any]:
    """The first `limit` rows, fewer if their texts are long."""
    chars = 0
    for count, row in enumerate(rows[:limit]):
        chars += len(row[9])
        if chars > PAGE_CHARS and count:
            return rows[:count]
    return rows[:limit]


def _message(row: list[Any], room: str) -> Fields:
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
