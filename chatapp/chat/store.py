"""The store: the log of all rooms in SQLite, in one order, and what is derived from it, in the same commit.

Posts come from `chat.rooms` on the broadcast greenlet, a batch at a time; `news()` gives the events of the log in their
order, one's own and those that other workers have committed, `marks()` what people have read there. What was seen by
anybody is committed first. The past is read by `chat.reader`, off the hub; this connection is the hub's own, so
whatever it does must be short: a batch is one commit of 30 us and 3 us a message, without waiting for the disk.

Killed at any instant, the process loses nothing that was committed. After a power failure the newest commits may be gone
unless every commit waits for the disk (CHATAPP_STORE_SYNC=full), so a store that is opened in another run of the machine
gets another epoch: clients then load the newest page instead of going on from a position that may mean something else.
"""

import contextlib
import fcntl
import json
import logging
import os
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from chatapp.chat import derived, loading, mentions, messages, schema
from chatapp.chat.answers import mention_fields
from chatapp.chat.directory import Directory, RoomHead
from chatapp.chat.loading import Known
from chatapp.chat.messages import BadMessage, Event, Mention, Post, Reply, User
from chatapp.chat.opening import StoreError, open_store, sentences
from chatapp.chat.outcomes import Done, NotStored, Outcome, repeated
from chatapp.chat.rows import SELECT_EVENTS, Target, message_at

LOCK_NAME = "chat.lock"
#: Rooms that there may be, and that one person may make; and the same of rooms of two people.
MAX_ROOMS = (1_000, 50)
MAX_DIRECT_ROOMS = (100_000, 500)
#: Different emoji on one message.
MAX_REACTIONS = 30
#: Events removed in one commit when they are no longer to be kept.
PRUNE_EVENTS = 200

_INSERT = "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_log = logging.getLogger(__name__)


class Store:
    """The log of one server. Open it in the process that serves, after its fork."""

    def __init__(self, folder: Path, sync: str = "normal") -> None:
        self.directory = Directory()
        self.epoch = ""
        self._folder = folder
        self._sync = sync
        #: Whether other workers may follow this store just now (`chat.workers`).
        self.followed = False
        #: Whether they ever did.
        self.shared = False
        #: People whose marks the other workers are told with the next commit: they may be there in a moment; and who is
        #: there now.
        self.told: set[str] = set()
        self.is_elsewhere: Callable[[str], bool] = lambda _person: False
        # People of whom a mark was stored that nobody was told of.
        self._untold: set[str] = set()
        # How far it was followed, and what was found that nobody has asked for yet.
        self._known = Known(0, 0, 0, 0)
        self._new_mark = 0
        self._news: list[Event] = []
        self._marks: list[tuple[str, int]] = []
        self._pruned: dict[str, int] = {}
        self._authors: dict[User, int] = {}
        self._new_authors: dict[User, int] = {}
        self._new_rooms: list[RoomHead] = []
        self._version = -1
        self._lock = -1

    def open(self) -> None:
        """Open the store, or make it. Raises `StoreError` with a sentence for the person who runs the server."""
        self._lock = os.open(self._folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        # Shared: a reload has two workers for a moment. Whoever puts another file in its place wants it alone.
        try:
            fcntl.flock(self._lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(f"{self._folder} is being restored. Start the server when that is done.") from None
        try:
            self._connection, self.epoch = open_store(self._folder, self._sync)
            self._execute = self._connection.execute
            with sentences(self._folder):
                self._load()
                if messages.MAIN_ROOM not in self.directory.rooms:
                    self._make_main_room()
                # Waiting for another process is left to who calls: from here on it would hold up everybody.
                self._execute("PRAGMA busy_timeout = 0")
        except BaseException:
            os.close(self._lock)
            self._lock = -1
            raise

    def close(self) -> None:
        """Write what has been read by whom, and let go of the file."""
        if not self.is_open:
            return
        self.save()
        self._connection.close()
        os.close(self._lock)
        self._lock = -1

    @property
    def is_open(self) -> bool:
        """Whether it can be written to."""
        return self._lock >= 0

    # Writing.

    def append(self, posts: Sequence[Post]) -> list[Outcome]:
        """Put posts into the log in one commit; return what became of each. The new events come with `news()`.

        A post whose id is known is not stored again. Raises `NotStored`; then nothing of it is stored.
        """
        before = len(self._news)
        try:
            self._execute("BEGIN IMMEDIATE")
            try:
                self._follow()
            finally:
                before = len(self._news)  # what others have committed is not undone
            outcomes = self._write(posts)
            self._write_changed()
            self._execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back(before)
            raise NotStored(error) from error
        except BaseException:
            self._roll_back(before)
            raise
        self._committed(self._news[before:])
        return outcomes

    def _committed(self, events: Iterable[Event]) -> None:
        self._authors |= self._new_authors
        self._new_authors.clear()
        pos, room, mark, floor = self._known
        for head in self._new_rooms:
            room = max(room, head.key)
        self._new_rooms.clear()
        self.told.clear()
        directory = self.directory
        directory.changed_readings.clear()
        directory.changed_people.clear()
        for event in events:
            directory.apply(event)
            pos = event.pos
        self._known = Known(pos, room, max(mark, self._new_mark), floor)
        self._new_mark = 0

    def _roll_back(self, news: int) -> None:
        """Undo a transaction, and what it did in memory: all news after the first `news`, rooms and authors it made."""
        del self._news[news:]
        self._new_mark = 0
        self._new_authors.clear()
        for head in self._new_rooms:
            self.directory.remove_room(head)
        self._new_rooms.clear()
        try:
            self._connection.rollback()
        except sqlite3.Error as error:
            _log.error("a transaction could not be rolled back: %s", error)

    def news(self) -> list[Event]:
        """The events that were committed since the last call, by whatever process, in the order of the log."""
        news, self._news = self._news, []
        return news

    def marks(self) -> list[tuple[str, int]]:
        """People, and keys of rooms, of whom another process has stored since the last call that they have read further."""
        marks, self._marks = self._marks, []
        return marks

    def pruned(self) -> dict[str, int]:
        """Rooms of which another process has removed the oldest events since the last call, and up to which number."""
        pruned, self._pruned = self._pruned, {}
        return pruned

    def poll(self) -> None:
        """Look whether another process has committed something; `news()` and so on have it then. Costs 3 us if not."""
        try:
            if self._is_behind():
                with self._one_view():
                    self._follow()
        except sqlite3.Error as error:
            _log.warning("the store can't be read: %s", error)

    def catch_up(self) -> None:
        """Take in all that another process has stored since this was opened, marks that nobody was told of too.

        Called once the other workers can find this one: from then on they tell.
        """
        try:
            if self._is_behind():
                loading.load_readings(self._execute, self.directory)
                self.poll()
        except sqlite3.Error as error:
            _log.warning("the store can't be read: %s", error)

    def announce(self, person: str) -> None:
        """The person is in another worker now, which may have looked up how far they have read before that was stored."""
        if person in self._untold:
            self._untold.discard(person)
            self.directory.write_again(person)
            self.told.add(person)

    @property
    def has_news_of_marks(self) -> bool:
        """Whether somebody has read further of whom other workers should know soon."""
        changed = self.directory.changed_readings
        return any(person in self.told or self.is_elsewhere(person) for person, _ in changed)

    def look_up(self, person: str) -> None:
        """Take in what other processes have stored of how far this person has read."""
        try:
            loading.load_readings(self._execute, self.directory, "person = ?", person)
        except sqlite3.Error as error:
            _log.warning("the store can't be read: %s", error)

    def save(self) -> None:
        """As `flush`, when there is nobody to try again: the next worker is told of everybody."""
        try:
            if self.is_open:
                self.told.update(person for person, _ in self.directory.changed_readings)
                self.flush()
        except NotStored as error:
            _log.warning("what was read last could not be stored: %s", error)

    def flush(self) -> None:
        """Write how far everybody has read. Raises `NotStored`."""
        directory = self.directory
        if directory.changed_readings or directory.changed_people:
            self.append([])

    def _write(self, posts: Sequence[Post]) -> list[Outcome]:
        """The events of `posts`, inserted with all that is derived from them. Within a transaction."""
        known = self._known_ids(posts)
        now = int(time.time() * 1000)
        heads: dict[str, tuple[int, int]] = {}
        pos = self._known.pos
        outcomes: list[Outcome] = []
        rows: list[tuple[object, ...]] = []
        head: RoomHead | None = None
        addresses: list[tuple[int, str]] = []
        for post in posts:
            earlier = known.get(post.id) if post.id is not None else None
            if earlier is not None:
                outcomes.append(repeated(post, earlier))
                continue
            target: Target | None = None
            try:
                if head is None or head.name != post.room or head.is_direct or post.type == schema.CREATE:
                    head = self._head_for(post)
                if post.target is not None:
                    self._insert(rows)  # it may be meant for one of them
                    target = self._check(post, head, post.target)
            except BadMessage as bad:
                outcomes.append(bad)
                continue
            pos += 1
            seq, number = heads.get(post.room) or (head.seq, head.number)
            seq, number = seq + 1, number + (post.type == schema.MESSAGE)
            heads[post.room] = seq, number
            event = self._event(post, head, pos, seq, number, now, target)
            rows.append(self._row(event, head, post.id))
            if post.email and self.followed:
                addresses.append((pos, post.email))
            self._news.append(event)
            outcomes.append(Done(event, False))
            if post.id is not None:
                known[post.id] = event
            if event.type != schema.MESSAGE or event.mentions:
                self._insert(rows)  # what is derived may look at rows that are still to be written
                derived.write(self._execute, event, head)
        self._insert(rows)
        if addresses:
            self._connection.executemany("INSERT INTO addresses VALUES (?, ?)", addresses)
        return outcomes

    def _insert(self, rows: list[tuple[object, ...]]) -> None:
        if rows:
            self._connection.executemany(_INSERT, rows)
            rows.clear()

    def _event(self, post: Post, head: RoomHead, pos: int, seq: int, number: int, now: int, target: Target | None) -> Event:
        found: tuple[Mention, ...] = ()
        if "@" in post.text and post.type in (schema.MESSAGE, schema.EDIT):
            among = None if head.name == messages.MAIN_ROOM else self.directory.members.get(head.key, set())
            directory = self.directory
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

    def _row(self, event: Event, head: RoomHead, post_id: str | None) -> tuple[object, ...]:
        return (
            event.pos,
            head.key,
            event.seq,
            event.number,
            event.type,
            event.time,
            self._author(event.user),
            post_id,
            event.target,
            event.text,
            json.dumps(mention_fields(event.mentions)) if event.mentions else None,
        )

    def _author(self, user: User) -> int:
        key = self._authors.get(user) or self._new_authors.get(user)
        if key is None:
            values = (user.id, user.name, user.avatar, user.plain)
            self._execute("INSERT OR IGNORE INTO authors (person, name, avatar, plain) VALUES (?, ?, ?, ?)", values)
            found = self._execute(
                "SELECT key FROM authors WHERE person = ? AND name = ? AND avatar = ? AND plain = ?", values
            ).fetchone()
            key = self._new_authors[user] = int(found[0])
        return key

    def _known_ids(self, posts: Sequence[Post]) -> dict[str, Event]:
        ids = [post.id for post in posts if post.id is not None]
        if not ids:
            return {}
        rows = self._rows(f"{SELECT_EVENTS} WHERE e.id IN ({', '.join('?' * len(ids))})", *ids)
        return {event.id: event for event in loading.events(self._execute, self.directory, rows)}

    # Checking what may be done. Within a transaction, so that it still holds when it is done.

    def _head_for(self, post: Post) -> RoomHead:
        head = self.directory.rooms.get(post.room)
        if post.type == schema.CREATE:
            if head is not None:
                raise BadMessage("room_taken", "There is a room of this name already.", post.id, post.room)
            return self._make_room(post)
        if head is None or not self.directory.may_enter(post.user.id, head):
            raise BadMessage("unknown_room", "There is no such room.", post.id, post.room)
        return head

    def _make_room(self, post: Post) -> RoomHead:
        direct = bool(messages.people_of_direct(post.room))
        most, most_of_one = MAX_DIRECT_ROOMS if direct else MAX_ROOMS
        if self.directory.count_rooms(direct) >= most:
            raise BadMessage("too_many", "There are as many rooms as may be.", post.id, post.room)
        if self.directory.made_by(post.user.id, direct) >= most_of_one:
            raise BadMessage("too_many", "You have made as many rooms as one may.", post.id, post.room)
        kind = "direct" if direct else "room"
        made = self._execute(
            "INSERT INTO rooms (name, kind, topic, maker) VALUES (?, ?, '', ?)", (post.room, kind, post.user.id)
        )
        head = RoomHead(int(made.lastrowid or 0), post.room, kind, maker=post.user.id)
        self.directory.add_room(head)
        self._new_rooms.append(head)
        return head

    def _check(self, post: Post, head: RoomHead, seq: int) -> Target:
        """The message that is meant, the one with this number. Raises `BadMessage` if the post can't be done."""
        target = message_at(self._execute, head.key, seq)
        if target is None or (not target.text and post.type != schema.MESSAGE):
            raise BadMessage("unknown_message", "That message is not there any more.", post.id, post.room)
        if post.type in (schema.EDIT, schema.DELETE) and target.person != post.user.id:
            raise BadMessage("not_yours", "Only who wrote a message may change or delete it.", post.id, post.room)
        if post.type == schema.REACT and post.text[0] == "+":
            others = self._execute(
                "SELECT count(DISTINCT emoji) FROM reactions WHERE room = ? AND seq = ? AND emoji != ?",
                (head.key, seq, post.text[1:]),
            ).fetchone()[0]
            if others >= MAX_REACTIONS:
                raise BadMessage("too_many", "This message has as many reactions as it may have.", post.id, post.room)
        return target

    # What others have committed, and what is not of the log.

    def _is_behind(self) -> bool:
        return self._data_version() != self._version

    def _data_version(self) -> int:
        (version,) = self._execute("PRAGMA data_version").fetchone()
        return int(version)

    def _follow(self) -> None:
        """Take in what other processes have committed since this one looked last. Within a transaction: one view."""
        version = self._data_version()
        if version == self._version:
            return
        # Everything is read before anything is taken in: what fails is read again, from the same position.
        changes = loading.follow(self._execute, self.directory, self._known)
        for event in changes.events:
            self.directory.apply(event, here=False)
        for head, seq in changes.floors:
            self.directory.raise_floor(head, seq)
            self._pruned[head.name] = seq
        self._news += changes.events
        self._marks += changes.marks
        self._known, self._version = changes.known, version

    def _write_changed(self) -> None:
        """How far somebody has read, and who is here under which name: kept in memory until something is committed."""
        directory = self.directory
        if directory.changed_readings:
            changed = {person for person, _ in directory.changed_readings}
            told = {person for person in changed if person in self.told or self.is_elsewhere(person)}
            self._untold |= changed - told
            if told:
                self._new_mark = self._known.mark + 1
            rows = list(derived.readings(directory, told, self._new_mark))
            self._connection.executemany(derived.SAVE_READING, rows)
        if directory.changed_people:
            now = int(time.time() * 1000)
            people = [(user.id, user.name, user.avatar, now) for user in map(directory.person, directory.changed_people)]
            self._connection.executemany("INSERT OR REPLACE INTO people VALUES (?, ?, ?, ?)", people)

    def number_at(self, head: RoomHead, seq: int) -> int:
        """How many messages the room has had up to `seq`."""
        if seq >= head.seq:
            return head.number
        row = self._execute(
            "SELECT number FROM events WHERE room = ? AND seq <= ? ORDER BY seq DESC LIMIT 1", (head.key, seq)
        ).fetchone()
        return int(row[0]) if row else 0

    def prune(self, before: int) -> dict[str, int]:
        """Remove some of the events older than the time `before` (ms); call again until it returns nothing.

        Returns the rooms in which something was removed, with the number up to which. Raises `NotStored`.
        """
        try:
            self._execute("BEGIN IMMEDIATE")
            self._follow()
            floors = derived.prune(self._execute, before, PRUNE_EVENTS)
            known = self._known._replace(floor=loading.floor(self._execute))
            self._execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back(len(self._news))
            raise NotStored(error) from error
        self._known = known
        pruned = {}
        for key, floor in floors.items():
            head = self.directory.by_key[key]
            self.directory.raise_floor(head, floor)
            pruned[head.name] = floor
        return pruned

    def forget_addresses(self, pos: int) -> None:
        """Remove the e-mails that were kept for other workers, up to this position. Raises `NotStored`."""
        try:
            if self._rows("SELECT 1 FROM addresses LIMIT 1"):
                self._execute("DELETE FROM addresses WHERE pos <= ?", (pos,))
        except sqlite3.Error as error:
            raise NotStored(error) from error

    @property
    def position(self) -> int:
        """The position of the newest event that is known here."""
        return self._known.pos

    def restart_log(self) -> None:
        """Let SQLite's write-ahead log begin anew; called when nearly all of it has been copied, so little is left to do."""
        self._execute("PRAGMA wal_checkpoint(RESTART)")

    # Loading.

    def _load(self) -> None:
        with self._one_view():
            self._version = self._data_version()
            self._known = loading.load(self._execute, self.directory)

    @contextlib.contextmanager
    def _one_view(self) -> Iterator[None]:
        """One view of the store, whatever other processes commit meanwhile."""
        self._execute("BEGIN")
        try:
            yield
        finally:
            self._connection.rollback()  # nothing was written; a transaction that has failed may be over already

    def _rows(self, sql: str, *values: object) -> list[Any]:
        return self._execute(sql, values).fetchall()

    def _make_main_room(self) -> None:
        user = User("", "", "")
        self.append([Post(schema.CREATE, messages.MAIN_ROOM, user, f"main-{secrets.token_hex(8)}", "")])
        self.news()
