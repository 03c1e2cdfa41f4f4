"""/ws: the read loop of a chat client, in the plain dialect or in `chat.v1`.

Text comes from a Connection, goes through `chat.messages`, and ends as a post on the room's broadcast queue. What the
others get is the room's business.
"""

import functools
import itertools
import secrets
from typing import Any

from flask import Blueprint
from flask_sock import Sock

from chatapp.chat import messages
from chatapp.chat.messages import BadMessage, Hello, Join, Plain, Post, Send, User
from chatapp.chat.room import Room
from chatapp.chat.users import Users
from chatapp.config import Settings
from chatapp.realtime import frames
from chatapp.realtime.connection import Connection, Limits
from chatapp.realtime.hub import Hub
from chatapp.realtime.serve import serve

# A plain message has no id of its own: it gets a number behind a word that no other process has.
_new_ids = (f"{process}-{number}" for process in [secrets.token_hex(8)] for number in itertools.count(1))

#: A client that keeps sending what can't be understood is sent away after so many errors in a row.
MAX_ERRORS = 100


def blueprint(hub: Hub, room: Room, users: Users, settings: Settings) -> Blueprint:
    """The route `/ws`."""
    bp = Blueprint("chat", __name__)
    sock = Sock()
    limits = Limits(settings.max_message_bytes, settings.outbox_bytes, settings.message_rate)

    @sock.route("/ws", bp=bp)  # type: ignore[untyped-decorator]
    def ws(websocket: Any) -> None:
        if websocket.subprotocol == messages.CHAT_V1:
            handle = functools.partial(_V1Client.run, room=room, users=users, settings=settings)
        else:
            handle = functools.partial(_talk_plain, room=room, users=users, settings=settings)
        serve(websocket, hub, limits, handle)

    return bp


def _talk_plain(connection: Connection, room: Room, users: Users, settings: Settings) -> None:
    """Owned by the request's greenlet: the seed's contract. What can't be understood ends this connection alone."""
    room.join_plain(connection)
    said_before: tuple[Plain, User] | None = None
    for text in connection:
        try:
            plain = messages.parse_plain(text, settings.max_username_chars)
        except BadMessage as bad:
            connection.end(frames.NOT_UNDERSTOOD.because(str(bad)))
            continue
        if said_before and (said_before[0].username, said_before[0].email) == (plain.username, plain.email):
            user = said_before[1]
        else:
            user = users.make(plain.username, plain.email)
        said_before = plain, user
        room.send(Post(next(_new_ids), user, plain.email, plain.message), connection)


class _V1Client:
    """One client of `chat.v1`, in its request's greenlet: who it is, and whether it has joined."""

    def __init__(self, connection: Connection, room: Room, users: Users, settings: Settings) -> None:
        self._connection = connection
        self._room = room
        self._users = users
        self._settings = settings
        self._user: User | None = None
        self._joined = False

    @classmethod
    def run(cls, connection: Connection, room: Room, users: Users, settings: Settings) -> None:
        """Owned by the request's greenlet: read until the connection ends. What can't be taken is answered with `error`."""
        client = cls(connection, room, users, settings)
        errors = 0
        for text in connection:
            try:
                client.take(messages.parse_v1(text))
                errors = 0
            except BadMessage as bad:
                connection.write(messages.error(bad))
                errors += 1
                if errors >= MAX_ERRORS:
                    connection.end(frames.NOT_ALLOWED.because(f"{errors} messages in a row could not be taken"))

    def take(self, said: Hello | Join | Send) -> None:
        if isinstance(said, Hello):
            self._hello(said)
        elif self._user is None:
            raise BadMessage("hello_first", 'Say who you are with "hello" first.', getattr(said, "id", None))
        elif said.room != messages.MAIN_ROOM:
            raise BadMessage("unknown_room", "There is no such room.", getattr(said, "id", None))
        elif isinstance(said, Join):
            self._joined = True
            self._room.join_v1(self._connection, said.resume)
        elif not self._joined:
            raise BadMessage("not_joined", "Join the room before you send to it.", said.id)
        else:
            self._room.send(Post(said.id, self._user, "", said.message), self._connection)

    def _hello(self, hello: Hello) -> None:
        settings = self._settings
        messages.check_username(hello.username, settings.max_username_chars)
        self._user = self._users.make(hello.username, hello.email)
        self._connection.write(
            messages.welcome(self._room.epoch, self._user, settings.max_message_bytes, settings.max_username_chars)
        )
