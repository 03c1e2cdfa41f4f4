"""Several workers: what one of them has to tell the others, and what it takes in from them.

Workers share the store, which each of them follows, and while there are several the table of who is here (`chat.here`),
which each follows in the same way. A nudge (`realtime.peers`) says that there is something new; one that is lost costs
`TICK_SECONDS` at most. As long as a worker is alone nothing is shared: it keeps all of this in its memory, and writes it
down when somebody comes (a second worker, or the next one of a reload).
"""

import collections
import contextlib
import json
import logging
import random
import sqlite3
import time
from collections.abc import Callable, Iterator

import gevent
from gevent.lock import BoundedSemaphore

from chatapp.chat.answers import Fields
from chatapp.chat.here import Changes, Here, Person, Status, Unsettled
from chatapp.chat.messages import BadMessage, User
from chatapp.chat.outcomes import NotStored
from chatapp.chat.people import People
from chatapp.chat.presence import Presence
from chatapp.chat.rooms import Rooms
from chatapp.chat.store import Store
from chatapp.chat.telling import TOLD_TYPING
from chatapp.realtime.hub import Hub
from chatapp.realtime.peers import NEW, Peers

#: How often a worker looks by itself at the store and the table while there are others, and tells where people are; and
#: how often it looks whether there are others (seconds).
TICK_SECONDS = 0.1
SCAN_SECONDS = 0.25
#: How often what nobody has to know any more is removed (seconds).
SWEEP_SECONDS = 60.0
#: How long somebody waits for a name while the table is held, or another worker has yet to write into it (seconds). One
#: that has not done so after `STUCK_SECONDS` stands still, and is not waited for.
CLAIM_SECONDS = 5.0
STUCK_SECONDS = 1.0
STEP_SECONDS = 0.002
#: How long a name has to be taken until that is told, and how often it is asked for meanwhile (seconds).
HELD_SECONDS = 0.5
TAKEN_SECONDS = 0.02
#: Asks the others to write down at once who is there.
TELL = b"?"
NOT_NOW = "The server can't see just now whether somebody else has this name. Try again in a moment."

_log = logging.getLogger(__name__)


class _Claim:
    """Somebody asks for a name. `given` is None if there are no others who could have it."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.answered = self.failed = False
        self.given: bool | None = None


class Workers:
    """This worker among the others. `status` tells what /healthz says of it."""

    def __init__(
        self,
        peers: Peers,
        store: Store,
        rooms: Rooms,
        presence: Presence,
        hub: Hub,
        people: People,
        status: Callable[[], Status],
    ) -> None:
        self._peers = peers
        self._store = store
        self._rooms = rooms
        self._presence = presence
        self._hub = hub
        self._people = people
        self._status = status
        self._here: Here | None = None
        self._statuses: dict[str, Status] = {}
        # Since when others are known, in seconds of the monotonic clock.
        self._met: dict[str, float] = {}
        self._told: Status = {}
        # Who asks for a name just now; who waits for an answer; and the one who asks for them.
        self._coming: collections.Counter[str] = collections.Counter()
        self._claims: list[_Claim] = []
        self._asking = BoundedSemaphore(1)
        self._scanned = self._wrote = self._swept = 0.0
        presence.claim = self._claim
        store.is_elsewhere = presence.is_elsewhere

    def open(self) -> None:
        """Be there for the others."""
        try:
            self._peers.open()
        except OSError as error:
            _log.warning("other workers can't be reached in %s: %s", self._peers.folder, error.strerror or error)

    def close(self) -> None:
        """Be gone, at once for all others."""
        self._peers.close()
        if self._here is not None:
            self._here.close()
            self._here = None

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
            if self._peers.others or self._here is not None:
                try:
                    self._look(said, now)
                except sqlite3.Error as error:
                    _log.warning("the table of who is here can't be used: %s", error)
                    gevent.sleep(TICK_SECONDS)
            said = self._peers.wait(TICK_SECONDS if self._here is not None else SCAN_SECONDS)

    def _look(self, said: list[bytes], now: float) -> None:
        self._share()
        self._rooms.look()
        self._take_in(said)
        if now - self._wrote >= TICK_SECONDS or TELL in said:
            self._wrote = now
            self._tell()
            self._save_marks()
        if now - self._swept >= SWEEP_SECONDS:
            self._swept = now
            self._sweep()
        if not self._peers.others:
            self._be_alone()

    def _sweep(self) -> None:
        if self._here is not None:
            with _unless_held():
                self._here.sweep()

    # Alone or not.

    def _share(self) -> None:
        """If there are others, everything is written down from now on, beginning with who is here."""
        now = time.monotonic()
        others = self._peers.others
        self._met = {name: self._met.get(name, now) for name in others}
        self._lose_the_gone()
        if self._here is not None or not others:
            return
        self._here = Here(self._peers.folder, self._peers.me, self._peers.lives)
        self._presence.shared = self._store.followed = self._store.shared = True
        self._told = {}
        self._swept = 0.0
        self._presence.moved.update(self._presence.here())

    def _be_alone(self) -> None:
        alone = False
        with _unless_held():
            alone = self._here is not None and self._here.leave(self._is_alone)
        if self._here is None or not alone:
            return
        self._lose_the_gone()
        self._here.close()
        self._here = None
        self._presence.shared = self._store.followed = False
        self._presence.moved.clear()
        self._presence.typed.clear()

    def _is_alone(self) -> bool:
        self._peers.scan()
        return not self._peers.others

    def _lose_the_gone(self) -> None:
        """The people of workers that have ended, however, are not there any more."""
        for worker in self._statuses.keys() - self._peers.others:
            del self._statuses[worker]
            for person in self._presence.in_worker(worker):
                self._presence.move_elsewhere(worker, person, None)
            self._count()

    # What the others are told.

    def _claim(self, user: User) -> bool | None:
        """Give a name to a person where all see it. Waits while that can't be said. Raises `BadMessage`.

        A name that is taken is asked for again for a moment: who had it may have left just now.
        """
        self._share()
        if not self._peers.others:
            return None
        began = time.monotonic()
        self._coming[user.id] += 1
        try:
            given = self._ask(user)
            if given is False:
                self._peers.nudge(TELL)
            while given is False and time.monotonic() - began < HELD_SECONDS:
                gevent.sleep(TAKEN_SECONDS)
                self._tell()
                given = self._ask(user)
            return given
        finally:
            self._coming[user.id] -= 1
            if not self._coming[user.id]:
                del self._coming[user.id]

    def _ask(self, user: User) -> bool | None:
        """Ask for a name, together with all who ask at the same time: whoever comes first asks for all who wait."""
        claim = _Claim(user)
        self._claims.append(claim)
        with self._asking:
            while not claim.answered:
                claims, self._claims = self._claims, []
                self._ask_for(claims)
        if claim.failed:
            raise BadMessage("not_stored", NOT_NOW)
        return claim.given

    def _ask_for(self, claims: "list[_Claim]") -> None:
        """Answer each of these claims."""
        given: list[bool] | None = None
        try:
            given = self._given([(claim.user, self._email(claim.user)) for claim in claims])
        finally:
            for number, claim in enumerate(claims):
                claim.answered = True
                claim.given = given[number] if given is not None else None
                claim.failed = given is None and self._here is not None

    def _given(self, asked: list[tuple[User, str]]) -> list[bool] | None:
        """Who of them got the name; None if there are no others any more, or if that can't be said."""
        deadline = time.monotonic() + CLAIM_SECONDS
        while time.monotonic() < deadline:
            self._share()
            if self._here is None:
                return None
            awaited = [name for name, since in self._met.items() if time.monotonic() - since < STUCK_SECONDS]
            try:
                return self._here.claim(asked, awaited)
            except Unsettled:
                pass
            except sqlite3.Error as error:
                if not _is_busy(error):
                    _log.warning("the table of who is here can't be used: %s", error)
            gevent.sleep(STEP_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311 - so that two who wait do not meet again
        return None

    def _tell(self) -> None:
        """Write down what has changed, and nudge the others. What can't be written now is written the next time."""
        status = self._status()
        moved = self._presence.moved
        if self._here is None or (status == self._told and not moved and not self._presence.typed):
            return
        if status != self._told or moved:
            people = [(person, self._person(person)) for person in moved]
            with _unless_held():
                self._here.write(status, people)
                self._told = status
                self._store.told.update(moved)
                moved.clear()
        typed = {room: list(people)[:TOLD_TYPING] for room, people in self._presence.typed.items()}
        self._presence.typed.clear()
        self._peers.nudge(json.dumps({"typing": typed}).encode() if typed else b"")

    def _person(self, person: str) -> Person:
        rooms = self._presence.place(person)
        if rooms is None and self._coming[person]:
            rooms = []  # they have the name already, and are here in a moment
        # Names are in the table since they were given, unless this worker was alone then.
        user = self._presence.user(person) if rooms is not None and not self._told else None
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
        changes = self._here.changes() if self._here is not None else None
        if changes is not None:
            if any(worker not in self._peers.others for worker, *_ in changes.here):
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

    def _count(self) -> None:
        self._hub.clients_elsewhere = sum(status["clients"] for status in self._statuses.values())


@contextlib.contextmanager
def _unless_held() -> Iterator[None]:
    """What can't be written because another worker does so just now is left; it is tried again with the next tick."""
    try:
        yield
    except sqlite3.Error as error:
        if not _is_busy(error):
            raise


def _is_busy(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _typing_in(data: bytes) -> Fields:
    try:
        said = json.loads(data) if data.startswith(b"{") else {}
    except ValueError:
        return {}
    typing = said.get("typing", {})
    return typing if isinstance(typing, dict) else {}
