"""Which connection follows which room: joining with what was missed, leaving, and telling all connections of a person.

Called by `chat.client` in the greenlet of the request, and by `chat.rooms` when membership ends. The past comes from
`chat.past`; what is new comes from the hub, from the moment on at which the past is complete.
"""

import logging
from collections.abc import Callable, Iterable

from chatapp.chat import answers, messages
from chatapp.chat.answers import Fields
from chatapp.chat.database import DatabaseError
from chatapp.chat.directory import Directory, RoomHead
from chatapp.chat.messages import BadMessage, Event, User
from chatapp.chat.past import Gone, Past
from chatapp.chat.presence import Presence
from chatapp.chat.requests import Join
from chatapp.chat.telling import audience as presence_audience
from chatapp.realtime import counts, frames
from chatapp.realtime.connection import Connection
from chatapp.realtime.hub import Audience, Hub

#: Who reads the plain dialect, and all who read `chat.v1`.
PLAIN: Audience = ("chat", "plain")
EVERYBODY: Audience = ("chat", messages.CHAT_V1)
#: Somebody who was away for more than this starts from the newest page.
MAX_MISSED_EVENTS = 50_000
#: Someone who catches up is sent more once no more than this is waiting, in bytes.
CATCH_UP_ROOM_BYTES = 65_536
#: What is said when the past can't be read just now.
NOT_READ = BadMessage("not_stored", "The store can't be read just now. Try again in a moment.")

_log = logging.getLogger(__name__)


def room_audience(room: str) -> Audience:
    """Who reads the events of a room in `chat.v1`."""
    return ("room", room)


class Subscriptions:
    """Who follows what, on which connection."""

    def __init__(self, directory: Directory, past: Past, hub: Hub, presence: Presence) -> None:
        self._directory = directory
        self._past = past
        self._hub = hub
        self._presence = presence
        self._rooms: dict[Connection, dict[str, str]] = {}  # room -> person, for each connection
        #: Gives out what is known to be in the log and was not given out yet, without waiting (`chat.rooms`).
        self.deliver: Callable[[], None] = lambda: None

    def connect(self, connection: Connection, user: User) -> None:
        """Somebody has said who they are, on this connection."""
        self._presence.connect(connection, user)
        self._hub.join(EVERYBODY, connection)

    def disconnect(self, connection: Connection, person: str) -> None:
        """The connection has ended."""
        for room in list(self._rooms.get(connection, ())):
            self.drop(connection, room)
        self._rooms.pop(connection, None)
        self._presence.disconnect(connection, person)

    def is_joined(self, connection: Connection, room: str) -> bool:
        """Whether this connection follows the room."""
        return room in self._rooms.get(connection, ())

    def count(self, connection: Connection) -> int:
        """How many rooms this connection follows."""
        return len(self._rooms.get(connection, ()))

    def drop(self, connection: Connection, room: str) -> None:
        """The connection does not follow the room any more."""
        person = self._rooms.get(connection, {}).pop(room, None)
        if person is None:
            return
        self._hub.leave(room_audience(room), connection)
        self._hub.leave(presence_audience(room), connection)
        self._presence.leave(room, person)

    def drop_person(self, person: str, room: str) -> None:
        """No connection of this person follows the room any more."""
        for connection in self._presence.connections(person):
            self.drop(connection, room)

    def wrote(self, events: Iterable[Event]) -> None:
        """What these events tell is told."""
        telling = self._presence.telling
        if telling.typing:
            for event in events:
                if event.is_message:
                    telling.wrote(event.room, event.user.id)

    def tell(self, person: str, fields: Fields) -> None:
        """Tell all connections of a person."""
        frame = answers.frame(fields)
        for connection in self._presence.connections(person):
            write(connection, frame)

    def tell_read(self, person: str, head: RoomHead) -> None:
        """Tell all connections of a person how far they have read, if there are any."""
        if self._presence.connections(person) and self._directory.is_member(person, head):
            self.tell(person, {"type": "read", "room": head.name, **self._directory.read_fields(head, person)})

    def tell_room(self, person: str, head: RoomHead) -> None:
        """Tell all connections of a person what a room is to them."""
        self.tell(person, {"type": "room", **self._directory.room_fields(head, person)})

    # Joining.

    def join(
        self,
        connection: Connection,
        person: str,
        head: RoomHead,
        resume: int | None,
        join: Join,
        look: Callable[[], bool],
    ) -> None:
        """Follow a room: what was missed since number `resume`, or the newest page, then what is new.

        `look` takes in, and delivers, what other processes have committed, and says whether it could: a position that one
        of them told, and a page that was read from the file, may be ahead of what this process has heard.
        `resume` is of this store's epoch. Waits, in the reader's greenlet, while the client is slow to take the past; ends
        early if it goes away.
        """
        self.drop(connection, head.name)
        if not connection.wait_for_room(CATCH_UP_ROOM_BYTES):
            return
        if not look() and resume is not None and resume > head.seq:
            raise NOT_READ  # one that another worker told, and not a wrong one, as far as can be seen
        recovered = resume is not None and head.floor <= resume <= head.seq and head.seq - resume <= MAX_MISSED_EVENTS
        if join.resume is not None:
            counts.RESUMES["chat answered" if recovered else "chat refused"].value += 1
        # From `joined` to the presence audience nothing waits: who comes after the list was made is told.
        users, here = self._presence.telling.users_json(head.name)
        fields = self._directory.room_fields(head, person)
        connection.write(answers.joined(fields, join.asked, recovered, users, here))
        self._rooms.setdefault(connection, {})[head.name] = person
        self._hub.join(presence_audience(head.name), connection)
        self._presence.enter(head.name, person)
        try:
            seq = resume if recovered and resume is not None else self._send_page(connection, head, join.page)
            look()
            self._catch_up(connection, head, seq)
        except Gone:
            # Removed while it was being sent. It was promised whole: who comes back is told that it can't be.
            connection.end(frames.TOO_SLOW)
        except DatabaseError as error:
            _log.error("the past of a room can't be read: %s", error)
            self.drop(connection, head.name)
            raise NOT_READ from error

    def _send_page(self, connection: Connection, head: RoomHead, page: int) -> int:
        """Send the newest messages; return the number up to which they tell."""
        if page == 0:
            return head.seq
        newest = self._past.newest(head, page)
        if newest.data:
            connection.write_waiting(newest.data, CATCH_UP_ROOM_BYTES)
        return newest.seq

    def _catch_up(self, connection: Connection, head: RoomHead, seq: int) -> None:
        """Send the events after `seq`, and go live behind the last of them."""
        while True:
            # Anew after each wait: what the directory knows and the audience was not told would be told twice.
            self.deliver()
            if seq < head.seq:
                piece = self._past.after(head, seq)
                if not connection.write_waiting(piece.data, CATCH_UP_ROOM_BYTES):
                    return
                seq = piece.seq
            # Nothing waits between this look and the audience, so there is neither gap nor repeat.
            elif connection.write(answers.caught_up(head.name, seq)):
                break
            else:
                connection.wait_for_room(0)
        if self.is_joined(connection, head.name):  # it may have been dropped meanwhile
            self._hub.join(room_audience(head.name), connection)


def write(connection: Connection, frame: bytes) -> None:
    """Tell one client something; one whose outbox is full comes back."""
    if not connection.write(frame):
        connection.end(frames.TOO_SLOW)
