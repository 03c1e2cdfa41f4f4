"""Presence: who is here, in which rooms, under which name. In memory, never stored, never replayed.

`chat.subscriptions` tells of connections that come and go, `chat.workers` of people who are in other workers. A person is
one entry however many connections they have, in however many workers. What the rooms are told of it is left to
`chat.telling`, whose a name is to `chat.names`.
"""

import time
from collections.abc import Callable, Set

from chatapp.chat.messages import BadMessage, User
from chatapp.chat.names import Names
from chatapp.chat.telling import Telling
from chatapp.realtime.connection import Connection
from chatapp.realtime.hub import Hub


class Presence:
    """Who is here. `now` is a clock in seconds."""

    def __init__(self, hub: Hub, now: Callable[[], float] = time.monotonic) -> None:
        self._names = Names()
        #: What the rooms are told.
        self.telling = Telling(hub, self._names.users, self._forget, now)
        self._connections: dict[str, set[Connection]] = {}
        # For each person who is here, the rooms they follow and on how many connections; and where others of theirs are:
        # worker -> rooms.
        self._places: dict[str, dict[str, int]] = {}
        self._elsewhere: dict[str, dict[str, Set[str]]] = {}
        # Those who left while no name could be asked for: they may come back under theirs.
        self._kept: set[str] | None = None
        #: Gives a name to a person where all workers see it, and says whether it could; None: there are no others. May wait.
        self.claim: Callable[[User], bool | None] = lambda _user: None
        #: While there are other workers: what they are to be told. People whose place here has changed; room -> who writes.
        self.shared = False
        self.moved: set[str] = set()
        self.typed: dict[str, set[str]] = {}
        #: People in this worker whose name another was given elsewhere.
        self.disputed: set[str] = set()

    # Names and connections.

    def hold_name(self, user: User) -> None:
        """Give the name to the person. Raises `BadMessage` if somebody else holds it."""
        try:
            given = self.claim(user)
            if given is None:
                given = self._names.holder(user.name) in (None, user.id)
            if not given:
                raise BadMessage("name_taken", "Somebody here has this name. Choose another one.")
        except BaseException:
            self._move(user.id)  # while they asked they may have been written down as here
            raise
        self._names.give(user)

    def holds(self, user: User) -> bool:
        """Whether the name is this person's already, as far as is known here."""
        return self._names.holder(user.name) == user.id

    def connect(self, connection: Connection, user: User) -> None:
        """One more connection of this person, or the same under another name."""
        self._know(user)
        self._connections.setdefault(user.id, set()).add(connection)
        self._move(user.id)

    def _know(self, user: User) -> None:
        if self._names.know(user):
            self.telling.renamed(user.id)

    def _move(self, person: str) -> None:
        if self.shared:
            self.moved.add(person)

    def disconnect(self, connection: Connection, person: str) -> None:
        """This connection ends."""
        connections = self._connections.get(person)
        if connections is None:
            return
        connections.discard(connection)
        if not connections:
            del self._connections[person]
            self._places.pop(person, None)
            self._move(person)
            self._gone(person)

    def _gone(self, person: str) -> None:
        """A connection has ended, here or elsewhere: if it was the last, the name is free."""
        if self.is_here(person):
            return
        if self._kept is not None:
            self._kept.add(person)
            return
        self._names.release(person)
        self._forget(person)

    def _forget(self, person: str) -> None:
        """Let go of somebody who is nowhere any more."""
        if not self.is_here(person) and not self.telling.is_told(person) and person not in (self._kept or ()):
            self._names.forget(person)

    def keep_names(self, keep: bool) -> None:
        """Whether who leaves keeps their name, because nobody can ask for one just now."""
        if keep and self._kept is None:
            self._kept = set()
        elif not keep and self._kept is not None:
            kept, self._kept = self._kept, None
            for person in kept:
                self._gone(person)

    def user(self, person: str) -> User:
        """The person under the name they have now."""
        return self._names.users[person]

    def knows(self, person: str) -> bool:
        """Whether the name of this person is known."""
        return person in self._names.users

    def people(self) -> Set[str]:
        """The ids of all who are here, in whatever worker."""
        return self._connections.keys() | self._elsewhere.keys()

    def is_here(self, person: str) -> bool:
        """Whether the person has a connection, in whatever worker."""
        return person in self._connections or person in self._elsewhere

    def is_elsewhere(self, person: str) -> bool:
        """Whether the person has a connection in another worker."""
        return person in self._elsewhere

    def connections(self, person: str) -> list[Connection]:
        """All connections of the person in this worker."""
        return list(self._connections.get(person, ()))

    # Rooms.

    def enter(self, room: str, person: str) -> None:
        """A connection of this person has joined the room."""
        places = self._places.setdefault(person, {})
        places[room] = places.get(room, 0) + 1
        self._move(person)
        self.telling.come(room, person)

    def leave(self, room: str, person: str) -> None:
        """A connection of this person has left the room."""
        places = self._places[person]
        places[room] -= 1
        if not places[room]:
            del places[room]
            self._move(person)
        self.telling.go(room, person)

    def types(self, room: str, person: str) -> None:
        """Somebody writes."""
        self.telling.types(room, person)
        if self.shared:
            self.typed.setdefault(room, set()).add(person)

    # Other workers.

    def here(self) -> list[str]:
        """The ids of those who are in this worker."""
        return list(self._connections)

    def place(self, person: str) -> list[str] | None:
        """The rooms that the person follows in this worker; None if they are not in it."""
        return list(self._places.get(person, ())) if person in self._connections else None

    def named_elsewhere(self, user: User) -> None:
        """The person has this name now, as another worker says."""
        before = self._names.holder(user.name)
        if before is not None and before != user.id and before in self._connections:
            self.disputed.add(before)
        self._names.give(user)
        self._know(user)

    def move_elsewhere(self, worker: str, person: str, rooms: Set[str] | None) -> None:
        """The person follows these rooms in another worker; None: they are not in it. Their name must be known."""
        if rooms is None and worker not in self._elsewhere.get(person, ()):
            return
        workers = self._elsewhere.setdefault(person, {})
        before, now = workers.pop(worker, frozenset()), rooms or frozenset()
        if rooms is not None:
            workers[worker] = rooms
        if not workers:
            del self._elsewhere[person]
        for room in now - before:
            self.telling.come(room, person)
        for room in before - now:
            self.telling.go(room, person)
        if rooms is None:
            self._gone(person)

    def in_worker(self, worker: str) -> list[str]:
        """The ids of those who are in another worker."""
        return [person for person, workers in self._elsewhere.items() if worker in workers]

    def let_go(self, person: str) -> None:
        """Forget the name of somebody who is nowhere."""
        if self.knows(person):
            self._gone(person)
