"""Several workers: what one of them has to tell the others, and what it takes in from them.

Workers share the store, which each of them follows (`chat.follower`), and while there are several the table of who is here
(`chat.here`), which each follows in the same way. As long as a worker is alone nothing is shared: it keeps all of this in
its memory, and writes it down when somebody comes (a second worker, or the next one of a reload). Where others may come
unseen it always shares.

The table may wait, and so is used by one greenlet at a time. While it can't be used, who is here keeps their name, and who
is elsewhere stays there, as far as was known last.
"""

import contextlib
import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence

import gevent
from gevent.lock import BoundedSemaphore

from chatapp.chat.answers import Fields
from chatapp.chat.claims import Claims
from chatapp.chat.follower import TICK_SECONDS, Follower
from chatapp.chat.here import Changes, Here, HereError, Person, Status
from chatapp.chat.messages import User
from chatapp.chat.outcomes import NotStored
from chatapp.chat.people import People
from chatapp.chat.presence import Presence
from chatapp.chat.store import Store
from chatapp.chat.telling import TOLD_TYPING
from chatapp.realtime import frames
from chatapp.realtime.hub import Hub
from chatapp.realtime.peers import NEW, Peers, is_alone

#: How often a worker looks whether there are others (seconds).
SCAN_SECONDS = 0.25
#: How often what nobody has to know any more is removed (seconds).
SWEEP_SECONDS = 60.0
#: A worker that has written nothing into the table after so long stands still, and is not waited for (seconds).
STUCK_SECONDS = 1.0
#: Of so many rooms it is told in one hint who is typing there, which then has some 3 KB.
TYPING_ROOMS = 10
#: Asks the others to write down at once who is there.
TELL = b"?"
#: While the table could not be used, somebody else was given the name: who comes back is told so.
NAME_GONE = frames.GOING_AWAY.because("somebody else was given your name; come back")

_log = logging.getLogger(__name__)


class Workers:
    """This worker among the others. `table` opens the table of who is here; `status` tells what /healthz says of it."""

    def __init__(
        self,
        peers: Peers,
        follower: Follower,
        table: Callable[[], Here],
        store: Store,
        presence: Presence,
        hub: Hub,
        people: People,
        status: Callable[[], Status],
    ) -> None:
        self._peers = peers
        #: Runs in a greenlet of its own.
        self.follower = follower
        self._table = table
        self._store = store
        self._presence = presence
        self._hub = hub
        self._people = people
        self._status = status
        self._here: Here | None = None
        # One at a time uses the table. What is said of this worker, and where its people are, must not change between
        # writing it and the next who writes; what was read of a name is taken in before the name is given to another.
        self._turn = BoundedSemaphore(1)
        self._claims = Claims(self._ask, presence.holds)
        self._statuses: dict[str, Status] = {}
        # Since when others are known, in seconds of the monotonic clock.
        self._met: dict[str, float] = {}
        # What was written of this worker last; empty: nothing yet, or it may be lost.
        self._told: Status = {}
        self._run = 0
        self._failing = False
        self._scanned = self._wrote = self._swept = 0.0
        presence.claim = self._claim
        store.is_elsewhere = presence.is_elsewhere

    def open(self) -> None:
        """Be there for the others."""
        try:
            self._peers.open()
        except OSError as error:
            _log.warning("other workers can't be reached: %s", error)

    def close(self) -> None:
        """Be gone, at once for all others. Who still asks for a name is told that nobody can say."""
        self._failing = True
        if self._here is not None:
            self._here.close()
            self._here = None
        self._peers.close()

    @property
    def statuses(self) -> list[Status]:
        """What there is to tell of each worker, this one first."""
        return [self._status(), *self._statuses.values()]

    def run(self) -> None:
        """Owned by the workers greenlet: look whenever somebody nudges, and a few times a second anyway."""
        said: list[bytes] = []
        while True:
            now = time.monotonic()
            if NEW in said or now - self._scanned >= SCAN_SECONDS:
                self._scanned = now
                self._peers.scan()
            if not is_alone(self._peers) or self._here is not None:
                try:
                    self._look(said, now)
                except HereError as error:
                    self._fail(error)
                    gevent.sleep(TICK_SECONDS)
            said = self.follower.wait(TICK_SECONDS if self._here is not None else SCAN_SECONDS)

    def _look(self, said: list[bytes], now: float) -> None:
        with self._turn:  # or who writes just now would take what is to be written anew for written
            self._share()
        self._take_in(said)
        if now - self._wrote >= TICK_SECONDS or TELL in said:
            self._wrote = now
            self._tell()
            self._save_marks()
        if now - self._swept >= SWEEP_SECONDS:
            self._swept = now
            self._sweep()
        if is_alone(self._peers):
            self._be_alone()
        if self._told:
            self._recover()

    def _sweep(self) -> None:
        if self._here is not None:
            with _unless_held():
                self._here.sweep()

    def _fail(self, error: HereError) -> None:
        if not self._failing:
            self._failing = True
            self._presence.keep_names(True)
            _log.warning("the table of who is here can't be used: %s", error)

    def _recover(self) -> None:
        if self._failing:
            self._failing = False
            self._presence.keep_names(False)
            _log.warning("the table of who is here can be used again")

    # Alone or not.

    def _share(self) -> None:
        """If there are others, everything is written down from now on, beginning with who is here."""
        now = time.monotonic()
        self._met = {name: self._met.get(name, now) for name in self._peers.others}
        self._lose_the_gone()
        if self._here is None and not is_alone(self._peers):
            self._here = self._table()
            self._presence.shared = self._store.followed = self._store.shared = True
            self._swept = 0.0
            self._begin_anew()
        if self._here is not None and self._run != self._here.run:
            self._begin_anew()

    def _begin_anew(self) -> None:
        """Nothing of what this worker has written counts."""
        assert self._here is not None
        self._run = self._here.run
        self._told = {}
        self._presence.moved.update(self._presence.here(), self._claims.coming)

    def _be_alone(self) -> None:
        alone = False
        with _unless_held():
            alone = self._here is not None and self._here.leave(self._scan_alone)
        if self._here is None or not alone:
            return
        self._lose_the_gone()
        self._here.close()
        self._here = None
        self._presence.shared = self._store.followed = False
        self._presence.moved.clear()
        self._presence.typed.clear()

    def _scan_alone(self) -> bool:
        self._peers.scan()
        return is_alone(self._peers)

    def _lose_the_gone(self) -> None:
        """The people of workers that have ended, however, are not there any more."""
        for worker in self._statuses.keys() - self._peers.others:
            del self._statuses[worker]
            for person in self._presence.in_worker(worker):
                self._presence.move_elsewhere(worker, person, None)
            self._count()

    # What the others are told.

    def _claim(self, user: User) -> bool | None:
        """Give a name to a person where all see it. Waits while that can't be said. Raises `BadMessage`."""
        if is_alone(self._peers):
            return None
        return self._claims.claim(user, self._hurry)

    def _hurry(self) -> None:
        """A name is taken; who has it may have left just now."""
        self._peers.nudge(TELL)
        with contextlib.suppress(HereError):
            self._tell()

    def _ask(self, users: Sequence[User]) -> list[bool] | None:
        """Who of them got their name; None if there are no others any more."""
        with self._turn:
            if self._failing:
                raise HereError("the table of who is here can't be used")  # at once; the look finds out when it can be
            self._share()
            if self._here is None:
                return None
            awaited = [name for name, since in self._met.items() if time.monotonic() - since < STUCK_SECONDS]
            try:
                return self._here.claim([(user, self._email(user)) for user in users], awaited)
            except HereError as error:
                if not error.busy:
                    self._presence.moved.update(user.id for user in users)  # whether they were written is not known
                    self._fail(error)
                raise

    def _tell(self) -> None:
        """Write down what has changed, and nudge the others. What can't be written now is written the next time."""
        with self._turn:
            self._write()
        typed, self._presence.typed = [*self._presence.typed.items()], {}
        for first in range(0, len(typed), TYPING_ROOMS):
            told = {room: list(people)[:TOLD_TYPING] for room, people in typed[first : first + TYPING_ROOMS]}
            self._peers.nudge(json.dumps({"typing": told}).encode())

    def _write(self) -> None:
        presence, status = self._presence, self._status()
        if self._here is None or (status == self._told and not presence.moved):
            return
        moved, presence.moved = presence.moved, set()
        written = False
        try:
            with _unless_held():
                self._here.write(status, [(person, self._person(person)) for person in moved], whole=not self._told)
                written = True
        finally:
            if not written:
                presence.moved |= moved
        if written:
            self._told = status
            self._store.told.update(moved)
            self._peers.nudge()

    def _person(self, person: str) -> Person:
        rooms = self._presence.place(person)
        if rooms is None and self._claims.coming[person]:
            rooms = []  # they may have the name already, and be here in a moment
        # Names are in the table since they were given, unless this worker was alone then. Who only asks may be unknown yet.
        named = rooms is not None and not self._told and self._presence.knows(person)
        user = self._presence.user(person) if named else None
        return Person(user, self._email(user) if user else "", rooms)

    def _email(self, user: User) -> str:
        return self._people.email_of(user.avatar) or "" if self._people.shares_emails else ""

    def _save_marks(self) -> None:
        """Store soon how far those have read who are in other workers too, or were here until just now."""
        if self._store.has_news_of_marks:
            try:
                self._store.flush()
                self._peers.nudge()
            except NotStored as error:
                if not error.busy:
                    _log.warning("the store can't be written: %s", error)

    # What the others say.

    def _take_in(self, said: list[bytes]) -> None:
        with self._turn:
            changes = self._here.changes() if self._here is not None else None
            if changes is not None:
                if {*changes.statuses, *(worker for worker, *_ in changes.here)} - self._peers.others - {self._peers.me}:
                    self._peers.scan()
                self._take_changes(changes)
                self._count()
        for data in said:
            for room, people in _typing_in(data).items():
                for person in people:
                    self._presence.telling.types(room, person)

    def _take_changes(self, changes: Changes) -> None:
        others, presence = self._peers.others, self._presence
        self._statuses |= {name: status for name, status in changes.statuses.items() if name in others}
        for user, email in changes.people:
            if email:
                self._people.remember(user.avatar, email)
            presence.named_elsewhere(user)
            self._store.directory.add_person(user)
        if changes.whole:
            still = {(worker, person) for worker, person, _ in changes.here}
            for worker in others:
                for person in presence.in_worker(worker):
                    if (worker, person) not in still:
                        presence.move_elsewhere(worker, person, None)
        for worker, person, rooms in changes.here:
            if worker in others and presence.knows(person):
                presence.move_elsewhere(worker, person, None if rooms is None else frozenset(rooms))
                if rooms is not None:
                    self._store.announce(person)
        for user, _ in changes.people:
            presence.let_go(user.id)  # some have left already
        self._send_away()

    def _send_away(self) -> None:
        """Whose name was given to somebody else, while the table could not be used here, has lost it."""
        presence = self._presence
        for person in presence.disputed - self._claims.coming.keys():
            presence.disputed.discard(person)
            if presence.connections(person) and not presence.holds(presence.user(person)):
                for connection in presence.connections(person):
                    connection.end(NAME_GONE)

    def _count(self) -> None:
        self._hub.clients_elsewhere = sum(status["clients"] for status in self._statuses.values())


@contextlib.contextmanager
def _unless_held() -> Iterator[None]:
    """What can't be written because another worker does so just now is left; it is tried again with the next tick."""
    try:
        yield
    except HereError as error:
        if not error.busy:
            raise


def _typing_in(data: bytes) -> Fields:
    try:
        said = json.loads(data) if data.startswith(b"{") else {}
    except ValueError:
        return {}
    typing = said.get("typing", {})
    return typing if isinstance(typing, dict) else {}
