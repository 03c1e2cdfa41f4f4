"""One client of `chat.v1`: what it asks for, one request after the other, in the greenlet of its connection.

Requests come from `chat.socket`, parsed by `chat.requests`. What changes a log is posted to the rooms; what asks for
the past runs in threads; a search runs beside the read loop, so that a slow one holds up nothing, not even its own
client's messages.
"""

import dataclasses
import itertools
import logging
import secrets
import time
from collections.abc import Callable
from typing import Any

import gevent

from chatapp.chat import answers, messages, query, requests, schema
from chatapp.chat.database import DatabaseError
from chatapp.chat.directory import Directory, RoomHead
from chatapp.chat.keeping import SearchParts
from chatapp.chat.messages import BadMessage, Post, User
from chatapp.chat.people import People
from chatapp.chat.presence import Presence
from chatapp.chat.reader import Reader
from chatapp.chat.requests import Act, Create, Direct, Hello, History, Join, Read, Request, Search, Typing
from chatapp.chat.rooms import NOT_STORED, Rooms
from chatapp.chat.store import Store
from chatapp.chat.subscriptions import NOT_READ, Subscriptions, write
from chatapp.chat.wal import WalCopier
from chatapp.chat.workers import Workers
from chatapp.config import Settings
from chatapp.realtime import counts, frames
from chatapp.realtime.connection import Connection
from chatapp.realtime.hub import Hub

#: A client that keeps sending what can't be understood is sent away after so many errors in a row.
MAX_ERRORS = 100
#: A client is heard as typing at most this often (seconds).
TYPING_SECONDS = 2.0
#: People that are told of at most.
MAX_PEOPLE = 1000
#: Rooms that one connection may follow.
MAX_JOINED = 1000
#: How long somebody waits at most to become a member, and how often it is looked at (seconds).
ENTER_SECONDS = 5.0
STEP_SECONDS = 0.002
#: Names nobody may have: they mean something behind an @.
RESERVED_NAMES = (messages.ALL[1],)

_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Services:
    """What the clients of one server work with."""

    hub: Hub
    store: Store
    reader: Reader
    people: People
    presence: Presence
    subscriptions: Subscriptions
    rooms: Rooms
    search: SearchParts
    copier: WalCopier | None
    workers: Workers


class Client:
    """One connection of `chat.v1`: who it is and what it asks for."""

    def __init__(self, connection: Connection, cookie: str, services: Services, settings: Settings) -> None:
        self._connection = connection
        self._cookie = cookie
        self._services = services
        self._settings = settings
        self._directory: Directory = services.store.directory
        self._person: str | None = None
        self._typed_at = 0.0
        self._searching: gevent.Greenlet | None = None

    @classmethod
    def run(cls, connection: Connection, cookie: str, services: Services, settings: Settings) -> None:
        """Owned by the greenlet of the connection: read until it ends. What can't be taken is answered with `error`."""
        client = cls(connection, cookie, services, settings)
        errors = 0
        try:
            for text in connection:
                try:
                    client.take(requests.parse_v1(text))
                    errors = 0
                except BadMessage as bad:
                    write(connection, answers.error(bad))
                    errors += 1
                    if errors >= MAX_ERRORS:
                        connection.end(frames.NOT_ALLOWED.because(f"{errors} messages in a row could not be taken"))
        finally:
            client.leave()

    def leave(self) -> None:
        """The connection has ended."""
        if self._searching is not None:
            self._searching.kill(block=False)
            self._searching = None  # or this would be held by its own traceback
        if self._person is not None:
            self._services.subscriptions.disconnect(self._connection, self._person)

    def take(self, said: Request) -> None:
        """Do what is asked for. Raises `BadMessage`."""
        if isinstance(said, Hello):
            self._hello(said)
            return
        try:
            if self._person is None:
                raise BadMessage("hello_first", 'Say who you are with "hello" first.')
            _TAKERS[type(said)](self, said)
        except BadMessage as bad:
            raise _about(bad, said) from bad
        except DatabaseError as error:
            _log.error("the store can't be read: %s", error)
            raise _about(NOT_READ, said) from error

    # Who one is.

    def _hello(self, hello: Hello) -> None:
        services = self._services
        messages.check_username(hello.username, self._settings.max_username_chars)
        if messages.fold(hello.username) in RESERVED_NAMES:
            raise BadMessage("bad_name", "This name means everybody. Choose another one.")
        first = self._person is None
        person, token = self._identify(hello)
        user = services.people.user(person, hello.username, hello.email)
        services.presence.hold_name(user)
        self._person = person
        self._directory.meet(user)
        services.subscriptions.connect(self._connection, user)
        services.rooms.look()  # on a reload, the worker before has just written how far everybody has read
        if services.store.shared:
            services.store.look_up(person)
        self._tell(answers.welcome(services.store.epoch, user, self._limits(), token))
        if not first:
            return
        rooms = [self._directory.room_fields(head, person) for head in self._directory.rooms_for(person)]
        self._tell(answers.frame({"type": "rooms", "rooms": rooms}))

    def _identify(self, hello: Hello) -> tuple[str, str | None]:
        """The id of the person, and the token that proves it if there is no cookie that does."""
        people = self._services.people
        if self._person is not None:  # another name on the same connection
            return self._person, None
        if hello.token is not None:
            person = people.person_of(hello.token)
            if person is None:
                raise BadMessage("bad_message", "The token is not one of this server. Say hello without it.")
            return person, hello.token
        person = people.person_of(self._cookie)
        if person is not None:
            return person, None
        person = people.new()
        return person, people.token(person)

    def _limits(self) -> dict[str, int]:
        return {
            "message_bytes": self._settings.max_message_bytes,
            "username_chars": self._settings.max_username_chars,
            "room_chars": messages.MAX_ROOM_CHARS,
            "topic_chars": messages.MAX_TOPIC_CHARS,
        }

    @property
    def _me(self) -> str:
        assert self._person is not None
        return self._person

    @property
    def _user(self) -> User:
        return self._services.presence.user(self._me)

    # Rooms.

    def _join(self, join: Join) -> None:
        subscriptions = self._services.subscriptions
        head = self._services.rooms.find(join.room, self._me)
        if not subscriptions.is_joined(self._connection, head.name) and subscriptions.count(self._connection) >= MAX_JOINED:
            raise BadMessage("too_many", f"One connection follows at most {MAX_JOINED} rooms.")
        self._become_member(head)
        resume = join.resume[1] if join.resume is not None and join.resume[0] == self._services.store.epoch else None
        subscriptions.join(self._connection, self._me, head, resume, join, self._services.rooms.look)

    def _become_member(self, head: RoomHead) -> None:
        """Put the person among the members, if they are none yet. Waits until that is stored."""
        if self._directory.is_member(self._me, head):
            return
        self._post(Act(schema.ENTER, f"enter-{secrets.token_hex(12)}", head.name, "", None))
        deadline = time.monotonic() + ENTER_SECONDS
        while not self._directory.is_member(self._me, head):
            if time.monotonic() > deadline:
                raise BadMessage("not_stored", NOT_STORED)
            gevent.sleep(STEP_SECONDS)

    def _create(self, create: Create) -> None:
        self._post(Act(schema.CREATE, create.id, create.room, create.topic, None))

    def _direct(self, direct: Direct) -> None:
        if direct.person == self._me or direct.person not in self._directory.people:
            raise BadMessage("unknown_person", "There is no such person.")
        room = messages.direct_room(self._me, direct.person)
        head = self._directory.rooms.get(room)
        if head is None:
            self._post(Act(schema.CREATE, direct.id, room, "", None))
            return
        fields = self._directory.room_fields(head, self._me)
        self._tell(answers.frame({"type": "room", **fields, "id": direct.id}))

    def _act(self, act: Act) -> None:
        """Put something into the log of a room."""
        head = self._services.rooms.find(act.room, self._me)
        if act.type == schema.LEAVE:
            if head.is_direct or head.name == messages.MAIN_ROOM:
                raise BadMessage("bad_room", "This room can't be left.")
            if not self._directory.is_member(self._me, head):
                raise BadMessage("not_joined", "You are no member of this room.")
        elif not self._services.subscriptions.is_joined(self._connection, head.name):
            raise BadMessage("not_joined", "Join the room before you send to it.")
        if head.is_direct and act.type == schema.TOPIC:
            raise BadMessage("bad_room", "A direct room has no topic.")
        self._post(act)

    def _post(self, act: Act) -> None:
        self._services.rooms.send(Post(act.type, act.room, self._user, act.id, act.text, act.target), self._connection)

    # What is not of the log.

    def _read(self, read: Read) -> None:
        head = self._services.rooms.find(read.room, self._me)
        if not self._directory.is_member(self._me, head):
            raise BadMessage("not_joined", "You are no member of this room.")
        seq = min(read.seq, head.seq)
        try:
            number = self._services.store.number_at(head, seq)
        except DatabaseError as error:
            if error.busy:
                return  # the next mark counts, which goes further
            raise
        self._directory.set_read(self._me, head, seq, number)
        self._services.subscriptions.tell_read(self._me, head)

    def _typing(self, typing: Typing) -> None:
        now = time.monotonic()
        joined = self._services.subscriptions.is_joined(self._connection, typing.room)
        if not joined or now - self._typed_at < TYPING_SECONDS:
            return
        self._typed_at = now
        self._services.presence.types(typing.room, self._me)

    # The past.

    def _history(self, history: History) -> None:
        head = self._services.rooms.find(history.room, self._me)
        page = self._services.reader.page(head, history.side, history.seq, history.limit)
        fields = {"type": "history", "id": history.id, "room": head.name, **page._asdict()}
        self._connection.write_waiting(answers.frame(fields), self._connection.limits.outbox_bytes // 2)

    def _search(self, search: Search) -> None:
        wanted = query.parse(search.query)
        counts.SEARCHES["chat"].value += 1
        if self._searching is not None:
            self._searching.kill(block=False)
        self._searching = gevent.spawn(self._find, search, wanted)

    def _find(self, search: Search, wanted: query.Query) -> None:
        """Owned by a greenlet of its own, one at a time for a client: search, and tell what was found."""
        try:
            rooms = self._rooms_to_search(wanted)
            found = self._services.search.find(wanted, list(rooms), search.before, search.limit)
            hits = self._services.reader.messages_at(found.positions, rooms)
        except BadMessage as bad:
            self._tell(answers.error(_about(bad, search)))
            return
        except DatabaseError as error:
            _log.error("the search failed: %s", error)
            self._tell(answers.error(_about(NOT_READ, search)))
            return
        fields = {"type": "results", "id": search.id, "hits": hits, "words": list(wanted.words), "next": found.next}
        self._connection.write_waiting(answers.frame(fields), self._connection.limits.outbox_bytes // 2)

    def _rooms_to_search(self, wanted: query.Query) -> dict[int, RoomHead]:
        """The rooms in which may be searched, by their keys; only those that are wanted, if some are named."""
        heads = list(self._directory.rooms_for(self._me))
        if wanted.rooms:
            heads = [head for name in wanted.rooms for head in self._rooms_called(name, heads)]
        return {head.key: head for head in heads}

    def _rooms_called(self, name: str, heads: list[RoomHead]) -> list[RoomHead]:
        """The rooms that are meant by `in:`: one of this name, or with @, direct ones with people of this name."""
        folded = messages.fold(name)
        found = [head for head in heads if head.name == folded.removeprefix("#")]
        for head in heads:
            if head.is_direct and folded.startswith("@"):
                others = [
                    self._directory.person(one).name for one in messages.people_of_direct(head.name) if one != self._me
                ]
                if messages.fold(others[0]) == folded[1:]:
                    found.append(head)
        if not found:
            raise BadMessage("unknown_room", f"There is no room {name}.")
        return found

    def _people(self, people: requests.People) -> None:
        here = self._services.presence.people()
        if people.room is not None and people.room != messages.MAIN_ROOM:
            head = self._services.rooms.find(people.room, self._me)
            members = self._directory.members.get(head.key, set())
            ids = [*(members & here), *(members - here)]
        else:
            # Who is here comes first, then who was met last.
            away = (person for person in reversed(self._directory.people) if person not in here)
            ids = [*here, *itertools.islice(away, MAX_PEOPLE)]
        shown = ids[:MAX_PEOPLE]
        users = [{**answers.user_fields(self._directory.person(person)), "here": person in here} for person in shown]
        self._tell(answers.frame({"type": "people", "id": people.id, "people": users}))

    def _tell(self, frame: bytes) -> None:
        write(self._connection, frame)


def _about(bad: BadMessage, said: Request) -> BadMessage:
    """The same with the `id` and the `room` of what was refused."""
    room = bad.room or getattr(said, "room", None)
    about = BadMessage(bad.code, str(bad), bad.message_id or getattr(said, "id", None), room)
    about.asked = getattr(said, "asked", None)
    return about


_TAKERS: dict[type, Callable[[Client, Any], None]] = {
    Join: Client._join,
    Act: Client._act,
    Create: Client._create,
    Direct: Client._direct,
    Read: Client._read,
    Typing: Client._typing,
    History: Client._history,
    Search: Client._search,
    requests.People: Client._people,
}
