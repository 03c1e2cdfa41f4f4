"""Telling the rooms who is in them: who came, who left, who took another name, who writes. In memory, never replayed.

`chat.presence` says where people are; `run` gathers what has changed and tells the rooms a few times a second, so a thousand
people who come at once cost each reader a few frames and not a thousand. Who left is told a little later, so a page that is
loaded anew makes nobody leave.
"""

from collections.abc import Callable, Mapping

import gevent

from chatapp.chat import answers
from chatapp.chat.messages import User
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


class _Room:
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


class Telling:
    """The rooms. `users` is how people are called; `done` is told of somebody who was told to have left; `now`: a clock."""

    def __init__(self, hub: Hub, users: Mapping[str, User], done: Callable[[str], None], now: Callable[[], float]) -> None:
        self._hub = hub
        self._users = users
        self._done = done
        self._now = now
        self._rooms: dict[str, _Room] = {}
        self._changed: set[str] = set()
        self._typing: dict[str, set[str]] = {}  # room -> people of whom it is told next

    def come(self, name: str, person: str) -> None:
        """One more connection of this person is in the room."""
        room = self._rooms.setdefault(name, _Room())
        room.connections[person] = room.connections.get(person, 0) + 1
        room.left_at.pop(person, None)
        self._changed.add(name)

    def go(self, name: str, person: str) -> None:
        """One less."""
        room = self._rooms[name]
        room.connections[person] -= 1
        if not room.connections[person]:
            del room.connections[person]
            room.left_at[person] = self._now()
            self._changed.add(name)

    def renamed(self, person: str) -> None:
        """The person is called otherwise now."""
        self._changed.update(name for name, room in self._rooms.items() if person in room.connections)

    def is_told(self, person: str) -> bool:
        """Whether a room does not know yet that the person has left."""
        return any(person in room.left_at for room in self._rooms.values())

    def users_json(self, name: str) -> tuple[str, int]:
        """Who is here as everybody was told last, encoded, and how many they are; what has changed since is told next."""
        room = self._rooms.setdefault(name, _Room())
        return room.users_json(), len(room.told)

    # Who writes.

    def types(self, name: str, person: str) -> None:
        """Somebody writes; told with the next difference, unless many do."""
        self._typing.setdefault(name, set()).add(person)

    @property
    def typing(self) -> bool:
        """Whether anybody is to be told of who writes something."""
        return bool(self._typing)

    def wrote(self, name: str, person: str) -> None:
        """What somebody was writing is there: that they were is not told any more."""
        self._typing.get(name, set()).discard(person)

    # Telling.

    def run(self) -> None:
        """Owned by the presence greenlet: tell the rooms what has changed, for ever."""
        while True:
            gevent.sleep(TELL_SECONDS)
            self.tell()

    def tell(self) -> None:
        """Tell each room in which somebody came, left or took another name."""
        for name in list(self._changed):
            room = self._rooms[name]
            now = self._now()
            gone = [person for person, at in room.left_at.items() if now - at >= GRACE_SECONDS]
            for person in gone:
                del room.left_at[person]
            if not room.left_at:
                self._changed.discard(name)
            self._tell(name, room)
            for person in gone:
                self._done(person)
        self._tell_typing()

    def _tell(self, name: str, room: _Room) -> None:
        users = {person: self._users[person] for person in [*room.connections, *room.left_at]}
        came = [user for person, user in users.items() if room.told.get(person) != user]
        left = [person for person in room.told if person not in users]
        if not came and not left:
            return
        room.told = users
        room.json = None
        self._deliver(name, answers.presence(name, came[:SHOWN_USERS], left, len(users)))

    def _tell_typing(self) -> None:
        for name, people in self._typing.items():
            users = [self._users[person] for person in people if person in self._users][:TOLD_TYPING]
            self._deliver(name, b"".join(answers.typing(name, user) for user in users))
        self._typing.clear()

    def _deliver(self, name: str, frame: bytes) -> None:
        self._hub.deliver_all([(audience(name), lambda: frame, 0)])
