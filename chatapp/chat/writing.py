"""Writing a batch: posts become events, rows of the log, and what is derived from them.

Called by `chat.store` within a transaction that has taken in everything before it. What is made here (events, rooms,
authors) is in nobody's memory before it is committed: it is handed back, and the store takes it in then.
"""

import dataclasses
import functools
import json
import time
from collections.abc import Sequence
from typing import Any

from chatapp.chat import checks, derived, loading, mentions, messages, schema
from chatapp.chat.answers import mention_fields
from chatapp.chat.database import Database
from chatapp.chat.directory import Directory, RoomHead
from chatapp.chat.loading import Known
from chatapp.chat.messages import BadMessage, Event, Mention, Post, Reply, User
from chatapp.chat.outcomes import Done, Outcome, repeated
from chatapp.chat.rows import SELECT_EVENTS, Target


@functools.cache
def _by_ids(count: int) -> str:
    return f"{SELECT_EVENTS} WHERE e.id IN ({', '.join('?' * count)})"


@dataclasses.dataclass(slots=True)
class Written:
    """What a transaction has made of its posts: what became of each, and what is new once it is committed."""

    outcomes: list[Outcome] = dataclasses.field(default_factory=list)
    events: list[Event] = dataclasses.field(default_factory=list)
    rooms: dict[str, RoomHead] = dataclasses.field(default_factory=dict)
    authors: dict[User, int] = dataclasses.field(default_factory=dict)
    # Rows of the log that are still to be inserted, with their events; and e-mails for other workers.
    rows: list[tuple[object, ...]] = dataclasses.field(default_factory=list)
    addresses: list[tuple[int, str]] = dataclasses.field(default_factory=list)


class Writer:
    """Writes to one database, by what the directory knows."""

    def __init__(self, database: Database, directory: Directory) -> None:
        self._database = database
        self._directory = directory
        self._authors: dict[User, int] = {}

    def ask(self, posts: Sequence[Post]) -> Any:
        """Ask which of the ids are known; the answer is for `write`."""
        ids = [post.id for post in posts if post.id is not None]
        if not ids:
            return None
        return self._database.execute(_by_ids(len(ids)), ids)

    def write(self, posts: Sequence[Post], asked: Any, known: Known, with_addresses: bool) -> Written:
        """Insert the events of `posts` with all that is derived from them."""
        written = Written()
        earlier_events = self._earlier(asked)
        now = int(time.time() * 1000)
        heads: dict[str, tuple[int, int]] = {}
        pos = known.pos
        head: RoomHead | None = None
        for post in posts:
            earlier = earlier_events.get(post.id) if post.id is not None else None
            if earlier is not None:
                written.outcomes.append(repeated(post, earlier))
                continue
            target: Target | None = None
            try:
                if post.type == schema.CREATE:
                    head = self._make_room(post, written, known)
                elif head is None or head.name != post.room or head.is_direct:
                    head = checks.room_of(post, self._directory, written.rooms)
                if post.target is not None:
                    self._insert(written)  # it may be meant for one of them
                    target = checks.target_of(self._database.execute, post, head, post.target)
            except BadMessage as bad:
                written.outcomes.append(bad)
                continue
            pos += 1
            seq, number = heads.get(post.room) or (head.seq, head.number)
            seq, number = seq + 1, number + (post.type == schema.MESSAGE)
            heads[post.room] = seq, number
            event = self._event(post, head, pos, seq, number, now, target)
            written.rows.append(self._row(event, head, post.id, written))
            if post.email and with_addresses:
                written.addresses.append((pos, post.email))
            written.events.append(event)
            written.outcomes.append(Done(event, False))
            if post.id is not None:
                earlier_events[post.id] = event
            if event.type != schema.MESSAGE or event.mentions:
                self._insert(written)  # what is derived may look at rows that are still to be written
                derived.write(self._database.execute, event, head)
        self._insert(written)
        if written.addresses:
            self._database.insert("addresses", written.addresses)
        return written

    def committed(self, written: Written) -> None:
        """What was written is there for good."""
        self._authors |= written.authors

    def _earlier(self, asked: Any) -> dict[str, Event]:
        if asked is None:
            return {}
        return {event.id: event for event in loading.events(self._directory, asked.fetchall())}

    def _make_room(self, post: Post, written: Written, known: Known) -> RoomHead:
        kind = checks.kind_of_new(post, self._directory, written.rooms)
        key = known.room + 1 + len(written.rooms)
        self._database.execute(
            "INSERT INTO rooms (key, name, kind, topic, maker) VALUES (?, ?, ?, '', ?)",
            (key, post.room, kind, post.user.id),
        )
        head = written.rooms[post.room] = RoomHead(key, post.room, kind, maker=post.user.id)
        return head

    def _insert(self, written: Written) -> None:
        if written.rows:
            self._database.insert("events", written.rows)
            written.rows.clear()

    def _event(self, post: Post, head: RoomHead, pos: int, seq: int, number: int, now: int, target: Target | None) -> Event:
        found: tuple[Mention, ...] = ()
        if "@" in post.text and post.type in (schema.MESSAGE, schema.EDIT):
            among = None if head.name == messages.MAIN_ROOM else self._directory.members.get(head.key, set())
            directory = self._directory
            found = mentions.find(post.text, directory.name_lengths, lambda name: directory.named(name, among))
        reply = None
        if post.type == schema.MESSAGE and target is not None and post.target is not None:
            reply = Reply(post.target, target.name, messages.quote_of(target.text))
        return Event(
            pos,
            post.room,
            seq,
            number,
            post.type,
            now,
            post.user,
            post.id or messages.plain_id(pos),
            post.text,
            post.target,
            found,
            reply,
            post.email,
        )

    def _row(self, event: Event, head: RoomHead, post_id: str | None, written: Written) -> tuple[object, ...]:
        return (
            event.pos,
            head.key,
            event.seq,
            event.number,
            event.type,
            event.time,
            self._author(event.user, written),
            post_id,
            event.target,
            event.text,
            json.dumps(mention_fields(event.mentions)) if event.mentions else None,
        )

    def _author(self, user: User, written: Written) -> int:
        key = self._authors.get(user) or written.authors.get(user)
        if key is None:
            execute = self._database.execute
            values = (user.id, user.name, user.avatar, int(user.plain))
            execute(
                """INSERT INTO authors (key, person, name, avatar, plain)
                   VALUES ((SELECT coalesce(max(key), 0) + 1 FROM authors), ?, ?, ?, ?) ON CONFLICT DO NOTHING""",
                values,
            )
            found = execute(
                "SELECT key FROM authors WHERE person = ? AND name = ? AND avatar = ? AND plain = ?", values
            ).fetchone()
            key = written.authors[user] = int(found[0])
        return key
