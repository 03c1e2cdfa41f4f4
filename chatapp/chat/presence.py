"""Presence: who is here, in which rooms, under which name. In memory, never stored, never replayed.

`chat.subscriptions` tells of connections that come and go, `chat.workers` of people who are in other workers; `run` gathers
what has changed and tells the rooms a few times a second, so a thousand people who come at once cost each reader a few
frames and not a thousand. A person is one entry however many connections they have, in however many workers, and is gone a
little after the last one, so a page that is loaded anew makes nobody leave.
"""

import time
from collections.abc import Callable, Set

import gevent

from chatapp.chat import answers
from chatapp.chat.messages import BadMessage, User, fold
from chatapp.realtime.connection import Connection
from chatapp.realtime.hub import Audience, Hub

#: How often the rooms are told (seconds).
TELL_SECONDS = 0.1
#: Somebody whose last connection in a room ended is here for so long (seconds).
GRACE_SECONDS = 3.0
#: So many users are named at a time; of the others only the number is told.
SHOWN_USERS = 200
#: Of so many in a room it is told that they write.
TOLD_TYPING = 5


def audience(room: str) -> Audience:
    """Who is told of presence and typing in a room."""
    return ("presence", room)


class _Here:
    """Who is in one room, as the people in it were told last and as it is now."""

    def __init__(self) -> None:
        # For each person how many connections; all that they have in another worker count as one.
        self.connections: dict[str, int] = {}
        self.told: dict[str, User] = {}
        self.left_at: dict[str, float] = {}
        self.json: str | None = None

    def users_json(self) -> str:
        if self.json is None:
            self.json = answers.users_json(list(self.told.values())[:SHOWN_USERS])
        return self.json


class Presence:
    """Who is here. `now` is a clock in seconds."""

    def __init__(self, hub: Hub, now: Callable[[], float] = time.monotonic) -> None:
        self._hub = hub
        self._now = now
        self._rooms: dict[str, _Here] = {}
        self._changed: set[str] = set()
        self._users: dict[str, User] = {}
        self._connections: dict[str, set[Connection]] = {}
        self._holders: dict[str, str] = {}  # folded name -> person
        self._typing: dict[str, set[str]] = {}  # room -> people of whom it is told next
        # For each person who is here, the rooms they follow and on how many connections; and where others of theirs are:
        # worker -> rooms.
        self._places: dict[str, dict[str, int]] = {}
        self._elsewhere: dict[str, dict[str, Set[str]]] = {}
        #: Gives a name to a person where all workers see it, and says whether it could; None: there are no others. May wait.
        self.claim: Callable[[User], bool | None] = lambda _user: None
        #: While there are other workers: what they are to be told. People whose place here has changed; room -> who writes.
        self.shared = False
        self.moved: set[str] = set()
        self.typed: dict[str, set[str]] = {}

    # Names and connections.

    def hold_name(self, user: User) -> None:
        """Give the name to the person. Raises `BadMessage` if somebody else holds it."""
        name = fold(user.name)
        given = self.claim(user)
        if given is None:
            given = self._holders.get(name, user.id) == user.id
        if not given:
            raise BadMessage("name_taken", "Somebody here has this name. Choose another one.")
        before = self._users.get(user.id)
        if before is not None:
            self._release(before)
        self._holders[name] = user.id

    def _release(self, user: User) -> None:
        if self._holders.get(fold(user.name)) == user.id:
            del self._holders[fold(user.name)]

    def connect(self, connection: Connection, user: User) -> None:
        """One more connection of this person, or the same under another name."""
        self._know(user)
        self._connections.setdefault(user.id, set()).add(connection)
        self._move(user.id)

    def _know(self, user: User) -> None:
        if self._users.get(user.id) != user:
            self._users[user.id] = user
            for name, here in self._rooms.items():
                if user.id in here.connections:
                    self._changed.add(name)

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
        if not self.is_here(person):
            self._release(self._users[person])
            self._forget(person)

    def user(self, person: str) -> User:
        """The person under the name they have now."""
        return self._users[person]

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
        self._come(room, person)

    def _come(self, room: str, person: str) -> None:
        here = self._rooms.setdefault(room, _Here())
        here.connections[person] = here.connections.get(person, 0) + 1
        here.left_at.pop(person, None)
        self._changed.add(room)

    def leave(self, room: str, person: str) -> None:
        """A connection of this person has left the room."""
        places = self._places[person]
        places[room] -= 1
        if not places[room]:
            del places[room]
            self._move(person)
        self._go(room, person)

    def _go(self, room: str, person: str) -> None:
        here = self._rooms[room]
        here.connections[person] -= 1
        if not here.connections[person]:
            del here.connections[person]
            here.left_at[person] = self._now()
            self._changed.add(room)

    def types(self, room: str, person: str) -> None:
        """Somebody writes; told with the next difference, unless many do."""
        self._typing.setdefault(room, set()).add(person)
        if self.shared:
            self.typed.setdefault(room, set()).add(person)

    def types_elsewhere(self, room: str, person: str) -> None:
        """Somebody writes, in another worker."""
        self._typing.setdefault(room, set()).add(person)

    @property
    def typing(self) -> bool:
        """Whether anybody is to be told of who writes something."""
        return bool(self._typing)

    def wrote(self, room: str, person: str) -> None:
        """What somebody was writing is there: that they were is not told any more."""
        self._typing.get(room, set()).discard(person)

    def users_json(self, room: str) -> tuple[str, int]:
        """Who is here as everybody was told last, encoded, and how many they are; what has changed since is told next."""
        here = self._rooms.setdefault(room, _Here())
        return here.users_json(), len(here.told)

    # Other workers.

    def here(self) -> list[str]:
        """The ids of those who are in this worker."""
        return list(self._connections)

    def place(self, person: str) -> list[str] | None:
        """The rooms that the person follows in this worker; None if they are not in it."""
        return list(self._places.get(person, ())) if person in self._connections else None

    def named_elsewhere(self, user: User) -> None:
        """The person has this name now, as another worker says."""
        before = self._users.get(user.id)
        if before is not None:
            self._release(before)
        self._holders[fold(user.name)] = user.id
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
            self._come(room, person)
        for room in before - now:
            self._go(room, person)
        if rooms is None:
            self._gone(person)

    def in_worker(self, worker: str) -> list[str]:
        """The ids of those who are in another worker."""
        return [person for person, workers in self._elsewhere.items() if worker in workers]

    def let_go(self, person: str) -> None:
        """Forget the name of somebody who is nowhere."""
        if self.knows(person):
            self._gone(person)

    def knows(self, person: str) -> bool:
        """Whether the name of this person is known."""
        return person in self._users

    # Telling.

    def run(self) -> None:
        """Owned by the presence greenlet: tell the rooms what has changed, for ever."""
        while True:
            gevent.sleep(TELL_SECONDS)
            self.tell()

    def tell(self) -> None:
        """Tell each room in which somebody came, left or took another name."""
        for room in list(self._changed):
            here = self._rooms[room]
            now = self._now()
            gone = [person for person, at in here.left_at.items() if now - at >= GRACE_SECONDS]
            for person in gone:
                del here.left_at[person]
            if not here.left_at:
                self._changed.discard(room)
            self._tell(room, here)
            for person in gone:
                self._forget(person)
        self._tell_typing()

    def _tell_typing(self) -> None:
        for room, people in self._typing.items():
            users = [self._users[person] for person in people if person in self._users][:TOLD_TYPING]
            frame = b"".join(answers.typing(room, user) for user in users)
            self._deliver(room, frame)
        self._typing.clear()

    def _deliver(self, room: str, frame: bytes) -> None:
        self._hub.deliver_all([(audience(room), lambda: frame)])

    def _forget(self, person: str) -> None:
        """Let go of somebody who is nowhere any more."""
        if not self.is_here(person) and not any(person in here.left_at for here in self._rooms.values()):
            self._users.pop(person, None)

    def _tell(self, room: str, here: _Here) -> None:
        users = {person: self._users[person] for person in [*here.connections, *here.left_at]}
        came = [user for person, user in users.items() if here.told.get(person) != user]
        left = [person for person in here.told if person not in users]
        if not came and not left:
            return
        here.told = users
        here.json = None
        self._deliver(room, answers.presence(room, came[:SHOWN_USERS], left, len(users)))
