"""The store: the log of all rooms in a database, in one order, and what is derived from it, in the same commit.

Posts come from `chat.rooms` on the broadcast greenlet, a batch at a time; `news()` gives the events of the log in their
order, one's own and those that other workers have committed, `marks()` what people have read there. What was seen by
anybody is committed first: until then nothing of a batch is in memory, because a commit may wait (PostgreSQL) while other
greenlets go on. What is followed is taken in at once, when all of it was read. The past is read by `chat.reader`.

Killed at any instant, the process loses nothing that was committed. After a power failure the newest commits may be gone
unless every commit waits for the disk (CHATAPP_STORE_SYNC=full), so a store that is opened in another run of the machine
gets another epoch: clients then load the newest page instead of going on from a position that may mean something else.
"""

import contextlib
import logging
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from gevent.lock import BoundedSemaphore

from chatapp.chat import derived, loading, messages, schema
from chatapp.chat.database import Database, DatabaseError
from chatapp.chat.directory import Directory, RoomHead
from chatapp.chat.loading import Known
from chatapp.chat.marks import Changed, Marks
from chatapp.chat.messages import Event, Post, User
from chatapp.chat.outcomes import NotStored, Outcome
from chatapp.chat.writing import Writer, Written

#: Events removed in one commit when they are no longer to be kept.
PRUNE_EVENTS = 200
#: A database that was asked so long ago, and has not answered, is taken for away (seconds).
ANSWER_SECONDS = 1.0

_log = logging.getLogger(__name__)


class Store:
    """The log of one server. Open it in the process that serves, after its fork."""

    def __init__(self, database: Database) -> None:
        self.directory = Directory()
        self.database = database
        self.epoch = ""
        #: Whether other workers may follow this store just now (`chat.workers`).
        self.followed = False
        #: Whether they ever did.
        self.shared = False
        self._errors: tuple[type[Exception], ...] = (DatabaseError, *database.errors)
        self._read = Marks(self.directory)
        self._writer = Writer(database, self.directory)
        # Held by whoever is within a transaction.
        self._turn = BoundedSemaphore(1)
        self._looks = 0
        #: Whether the last look at what others have committed could be made.
        self.is_current = True
        self._complained = False
        # Since when the database has been asked without an answer; None if the last question was answered.
        self._asked: float | None = None
        # How far it was followed, and what was found that nobody has asked for yet.
        self._known = Known(0, 0, 0, 0)
        self._news: list[Event] = []
        self._marks: list[tuple[str, int]] = []
        self._pruned: dict[str, int] = {}

    def open(self) -> None:
        """Open the store, or make it. Raises `StoreError` with a sentence for the person who runs the server."""
        with self.database.opened() as self.epoch:
            with self.database.view():
                self.database.is_new()
                self._known = loading.load(self.database.execute, self.directory)
                self.database.took_in()
            if messages.MAIN_ROOM not in self.directory.rooms:
                self._make_main_room()

    def close(self) -> None:
        """Write what has been read by whom, and let go of the database."""
        if not self.is_open:
            return
        self.save()
        self.database.close()

    @property
    def is_open(self) -> bool:
        """Whether it can be written to."""
        return self.database.is_open

    @property
    def answers(self) -> bool:
        """Whether the database answers: not if it has been waited for, or asked in vain, for a second."""
        return self._asked is None or time.monotonic() - self._asked < ANSWER_SECONDS

    # Writing.

    def append(self, posts: Sequence[Post]) -> list[Outcome]:
        """Put posts into the log in one commit; return what became of each. The new events come with `news()`.

        A post whose id is known is not stored again. Raises `NotStored`; then nothing of it is stored, unless it says that
        this is not known.
        """
        database = self.database
        with self._writing():
            asked = self._writer.ask(posts)
            self._follow()  # what others have committed is not undone
            self._looks, self.is_current = self._looks + 1, True
            written = self._writer.write(posts, asked, self._known, self.followed)
            changed = self._read.write(database, self._known.mark)
            try:
                if database.indexes:
                    self._index(written)
                database.commit(written.events)
            except BaseException:
                self._read.put_back(changed)
                raise
            self._committed(written, changed)
            return written.outcomes

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """A transaction that writes; to be committed within, or nothing of it is stored. Raises `NotStored`."""
        with self._turn:
            self._ask_now()
            try:
                self.database.begin()
                yield
            except BaseException as error:
                self.database.roll_back()
                if not isinstance(error, self._errors):
                    raise
                failure = self.database.failure(error)
                if not failure.busy:
                    self._asked = None  # it has answered: that it won't
                raise NotStored(failure) from error
            self._asked = None

    def _ask_now(self) -> None:
        """The database is asked something; what it was asked before counts if that was in vain."""
        if self._asked is None:
            self._asked = time.monotonic()

    def _index(self, written: Written) -> None:
        rooms, new = self.directory.rooms, written.rooms
        self.database.index((event, (rooms.get(event.room) or new[event.room]).key) for event in written.events)

    def _committed(self, written: Written, changed: Changed) -> None:
        """Take in what this process has committed. Waits for nothing."""
        self._writer.committed(written)
        directory = self.directory
        pos, room, mark, floor = self._known
        for head in written.rooms.values():
            directory.add_room(head)
            room = max(room, head.key)
        for event in written.events:
            directory.apply(event)
            pos = event.pos
        self._news += written.events
        self._known = Known(pos, room, max(mark, changed.version), floor)

    def flush(self) -> None:
        """Write how far everybody has read. Raises `NotStored`."""
        if self._read.has_changed:
            self.append([])

    def save(self) -> None:
        """As `flush`, when there is nobody to try again: the next worker is told of everybody."""
        try:
            if self.is_open:
                self._read.tell_all()
                self.flush()
        except NotStored as error:
            _log.warning("what was read last could not be stored: %s", error)

    # What there is to tell.

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

    @property
    def position(self) -> int:
        """The position of the newest event that is known here."""
        return self._known.pos

    # What others have committed.

    def poll(self) -> None:
        """Look whether another process has committed something; `news()` and so on have it then. Costs 3 us if not.

        Whoever asks while others wait for their turn to look looks together with the last of them.
        """
        looks = self._looks
        with self._turn:
            if self._looks > looks:
                return  # somebody has begun to look after this was asked
            self._looks += 1
            self._look()

    def _look(self) -> None:
        database = self.database
        self.is_current = False
        self._ask_now()
        try:
            if database.is_behind():
                with database.view():
                    self._follow()
        except self._errors as error:
            self._complain(database.failure(error))
        else:
            self.is_current = True
            self._complained = False
            self._asked = None

    def _complain(self, failure: DatabaseError) -> None:
        if not self._complained:
            self._complained = True
            _log.warning("the store can't be read: %s", failure)

    def _follow(self) -> None:
        """Take in what other processes have committed since this one looked last. Within a transaction: one view."""
        database = self.database
        if not database.is_new():
            return
        # Everything is read before anything is taken in: what fails is read again, from the same position.
        changes = loading.follow(database.execute, self.directory, self._known)
        told = loading.take_in(self.directory, changes)
        self._news += changes.events
        self._marks += told.marks
        self._pruned |= told.floors
        self._known = changes.known
        database.took_in()

    def catch_up(self) -> None:
        """Take in all that another process has stored since this was opened, marks that nobody was told of too.

        Called once the other workers can find this one: from then on they tell.
        """
        self._load_marks("")
        self.poll()

    def look_up(self, person: str) -> None:
        """Take in what other processes have stored of how far this person has read."""
        self._load_marks("WHERE person = ?", person)

    def _load_marks(self, where: str, *values: object) -> None:
        try:
            loading.take_in_marks(self.directory, self._ask(f"{loading.MEMBERS} {where}", *values))
        except DatabaseError as error:
            self._complain(error)

    def _ask(self, sql: str, *values: object) -> list[Any]:
        try:
            return self.database.ask(sql, *values)
        except self._errors as error:
            raise self.database.failure(error) from error

    def number_at(self, head: RoomHead, seq: int) -> int:
        """How many messages the room has had up to `seq`. Raises `DatabaseError`."""
        if seq >= head.seq:
            return head.number
        rows = self._ask("SELECT number FROM events WHERE room = ? AND seq <= ? ORDER BY seq DESC LIMIT 1", head.key, seq)
        return int(rows[0][0]) if rows else 0

    # How far people have read, in other workers too.

    @property
    def told(self) -> set[str]:
        """People whose marks the other workers are told with the next commit: they may be there in a moment."""
        return self._read.told

    @property
    def is_elsewhere(self) -> Callable[[str], bool]:
        """Whether somebody is in another worker now."""
        return self._read.is_elsewhere

    @is_elsewhere.setter
    def is_elsewhere(self, tells: Callable[[str], bool]) -> None:
        self._read.is_elsewhere = tells

    def announce(self, person: str) -> None:
        """The person is in another worker now, which may have looked up how far they have read before that was stored."""
        self._read.announce(person)

    @property
    def has_news_of_marks(self) -> bool:
        """Whether somebody has read further of whom other workers should know soon."""
        return self._read.has_news

    # Removing.

    def prune(self, before: int) -> dict[str, int]:
        """Remove some of the events older than the time `before` (ms); call again until it returns nothing.

        Returns the rooms in which something was removed, with the number up to which. Raises `NotStored`.
        """
        database = self.database
        with self._writing():
            self._follow()
            pos, floors = derived.prune(database.execute, before, PRUNE_EVENTS)
            if floors and database.indexes:
                database.forget_index(pos)
            database.commit([])
            if floors:
                self._known = self._known._replace(floor=pos)
            pruned = {}
            for key, floor in floors.items():
                head = self.directory.by_key[key]
                self.directory.raise_floor(head, floor)
                pruned[head.name] = floor
            return pruned

    def forget_addresses(self, pos: int) -> None:
        """Remove the e-mails that were kept for other workers, up to this position. Raises `NotStored`."""
        try:
            if self._ask("SELECT 1 FROM addresses LIMIT 1"):
                self._ask("DELETE FROM addresses WHERE pos <= ? RETURNING pos", pos)
        except DatabaseError as error:
            raise NotStored(error) from error

    # Making.

    def _make_main_room(self) -> None:
        user = User("", "", "")
        self.append([Post(schema.CREATE, messages.MAIN_ROOM, user, f"main-{secrets.token_hex(8)}", "")])
        self.news()
