"""One person on `chat.v1`: connects, says who it is, joins its rooms, follows them, and comes back for as long as it lives.

It keeps the position as docs/PROTOCOL.md tells a client to, and holds the server to what is promised there: the same
epoch and the same person after every return, everything that was missed, one number after the other. What it saw
goes into its `views`. `writer` and `reader` add what they do beside; `faults` cuts its connection.
"""

import asyncio
import collections
import contextlib
import enum
import json
import random
import socket
import struct
from ssl import SSLContext
from typing import Any, NamedTuple

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.frames import Frame, Opcode
from websockets.typing import Subprotocol

from tests.proof.tally import Tally
from tests.proof.texts import text_of
from tests.proof.view import RoomView

#: A position so many events back may be refused.
MOST_MISSED = 50_000
#: The longest wait before coming back (seconds); the first ones are shorter.
LONGEST_WAIT = 0.5
#: An opening handshake may take so long (seconds): a server that is starting lets it wait.
OPEN_SECONDS = 5.0
#: Close codes after which a client may come back: it was the server or the network, not something the client said.
COME_BACK = (1001, 1006, 1011, 1012, 1013, 4008, 4012)

#: When one comes back to whom the server could not tell something (seconds).
READ_AGAIN_SECONDS = 0.3

Fields = dict[str, Any]


class Address(NamedTuple):
    """Where a client connects: to a server itself, or through a proxy with its certificate."""

    url: str
    tls: SSLContext | None = None
    #: Where it goes if it is not let in there, as a proxy would.
    others: tuple[str, ...] = ()

    @classmethod
    def of(cls, port: int) -> "Address":
        """The server at this port of this computer."""
        return cls(f"ws://127.0.0.1:{port}/ws")


class Phase(enum.Enum):
    """How far the connection is in one room."""

    OUT = 0  # not joined yet
    PAGE = 1  # messages come as they are now, until `caught_up`
    PAST = 2  # events come that were missed, until `caught_up`
    LIVE = 3


class Client:
    """One person and its connection. `run()` is a task; everything here is touched by the tasks of one event loop."""

    def __init__(self, name: str, address: Address, rooms: tuple[str, ...], rng: random.Random, tally: Tally) -> None:
        self.name = name
        self.rooms = rooms
        self.rng = rng
        self.tally = tally
        self.views = {room: RoomView(room) for room in rooms}
        self.phases = dict.fromkeys(rooms, Phase.OUT)
        #: While true, whatever comes is dropped unread: what the server said last is lost.
        self.deaf = False
        self.link: ClientConnection | None = None
        #: Whether `join` gives the position of the views; otherwise it asks for the newest page, as on a first visit.
        self.with_position = True
        #: Whether it forgets what it saw when it comes back, and asks for everything from the first event on.
        self.from_the_beginning = False
        self._tls = address.tls
        self._urls = collections.deque((address.url, *address.others))
        # Of each room's past as it was told last: the newest event when one joined, and the messages that had a text.
        self._known_until = dict.fromkeys(rooms, 0)
        self._told: dict[str, dict[int, str]] = {room: {} for room in rooms}
        self._token: str | None = None
        self._person: str | None = None
        self._epoch: str | None = None

    @property
    def live(self) -> bool:
        """Whether it follows all its rooms."""
        return self.link is not None and all(phase is Phase.LIVE for phase in self.phases.values())

    async def run(self) -> None:
        """Be there, for ever."""
        wait = 0.05
        while True:
            try:
                async with self._connect() as link:
                    self.tally.count("connections")
                    wait = 0.05
                    await self._talk(link)
                self._note_close(link.close_code, link.close_reason)
            except ConnectionClosed as closed:
                self._note_close(closed.rcvd.code if closed.rcvd else 1006, closed.rcvd.reason if closed.rcvd else "")
            except (OSError, TimeoutError, InvalidHandshake, EOFError):
                self.tally.count("refused connections")
                self._urls.rotate(-1)
                wait = min(2 * wait, LONGEST_WAIT)
            await asyncio.sleep(self.rng.uniform(0, wait))

    def _connect(self) -> connect:
        return connect(
            self._urls[0],
            ssl=self._tls,
            subprotocols=[Subprotocol("chat.v1")],
            compression=None,
            proxy=None,
            open_timeout=OPEN_SECONDS,
            close_timeout=1,
            ping_interval=None,
            max_size=None,
        )

    async def _talk(self, link: ClientConnection) -> None:
        """One connection, from `hello` to its end."""
        self.link, self.deaf = link, False
        if self.from_the_beginning:
            self.from_the_beginning = False
            self.views = {room: RoomView(room) for room in self.rooms}
        self.phases = dict.fromkeys(self.rooms, Phase.OUT)
        self.connected()
        try:
            hello = {"type": "hello", "username": self.name, "email": f"{self.name}@example.org"}
            await self.say(hello if self._token is None else {**hello, "token": self._token})
            async for text in link:
                if not self.deaf:
                    await self.take(json.loads(text))
        finally:
            self.link = None

    async def say(self, fields: Fields) -> None:
        """Send a message. One that can't be sent is lost, as on any connection that breaks."""
        if self.link is not None:
            with contextlib.suppress(ConnectionClosed):
                await self.link.send(json.dumps(fields))

    def _note_close(self, code: int | None, reason: str | None) -> None:
        self.tally.count(f"closed with {code}")
        if code not in COME_BACK:
            self.tally.wrong("sent away", f"{self.name} with {code}: {reason}")

    # What the server says.

    async def take(self, said: Fields) -> None:
        kind = said["type"]
        if kind == "welcome":
            self._take_welcome(said)
            for room in self.rooms:
                await self._join(room)
            await self.joins_sent()
        elif kind == "joined":
            self._take_joined(said)
        elif kind == "caught_up":
            await self._take_caught_up(said)
        elif kind == "error":
            await self.refused(said)
        elif kind == "history":
            await self.history_came(said)
        elif "seq" in said and "time" in said:
            self._take_event(said)

    def _take_welcome(self, said: Fields) -> None:
        self._token = said.get("token", self._token)
        for what, before, now in (
            ("another person", self._person, said["you"]["id"]),
            ("another epoch", self._epoch, said["epoch"]),
        ):
            if before not in (None, now):
                self.tally.wrong(what, f"{self.name} was {before} and is {now}")
        self._person, self._epoch = said["you"]["id"], said["epoch"]

    async def _join(self, room: str) -> None:
        position = {"epoch": self._epoch, "seq": self.views[room].position} if self.with_position else None
        await self.say({"type": "join", "room": room, "resume": position, "page": self.rng.choice((0, 10, 50, 200))})

    def _take_joined(self, said: Fields) -> None:
        room = said["room"]
        self._known_until[room], self._told[room] = said["seq"], {}
        if said["recovered"]:
            self.tally.count("resumed")
            self.phases[room] = Phase.PAST
            return
        missed = said["seq"] - self.views[room].position
        if self.with_position and missed <= MOST_MISSED:
            self.tally.wrong("a position was refused", f"{self.name} in {room}, {missed} events back")
        self.tally.count("fresh pages")
        self.views[room] = RoomView(room)
        self.phases[room] = Phase.PAGE

    async def _take_caught_up(self, said: Fields) -> None:
        room, seq = said["room"], said["seq"]
        view = self.views[room]
        if self.phases[room] is Phase.PAGE:
            view.end_page(seq)
        elif seq != view.position:
            self.tally.wrong("the past was not complete", f"{self.name} in {room} at {view.position}, caught up at {seq}")
        self.phases[room] = Phase.LIVE
        if all(phase is Phase.LIVE for phase in self.phases.values()):
            self.with_position = True
        await self.caught_up(room)

    def _take_event(self, event: Fields) -> None:
        room, seq, event_id = event["room"], event["seq"], event["id"]
        view = self.views[room]
        self.check_text(event)
        if self.phases[room] is Phase.OUT:
            self.tally.wrong("an event before joined", f"{self.name} got {event_id} ({seq}) in {room}")
        elif self.phases[room] is Phase.PAGE:
            # Up to `caught_up` it is one page, though it may come as an older page and what happened to it since.
            if event["type"] == "message":
                view.add_page(seq, event_id)
        elif seq == view.position + 1:
            view.add_event(seq, event_id)
        elif self.is_copy(event_id):
            self.tally.count("copies")
        else:
            # Seen all the same: the comparison will find it doubled, or out of order, or others missing before it.
            promise = "a hole" if seq > view.position else "an event came again"
            self.tally.wrong(promise, f"{self.name} in {room} at {view.position} got {event_id} ({seq})")
            view.add_event(seq, event_id)
        self.event_came(event)

    def check_text(self, event: Fields) -> None:
        """The text is the one that was sent, and that of a message that was deleted is not told any more."""
        room, seq, kind = event["room"], event["seq"], event["type"]
        if kind == "delete" and event["target"] in self._told[room] and seq <= self._known_until[room]:
            what = f"{self._told[room][event['target']]}, deleted by {seq}, joined at {self._known_until[room]}"
            self.tally.wrong("a deleted text was told", f"{self.name} in {room} got {what}")
        if kind not in ("message", "edit"):
            return
        text = event["message"]
        if text:
            self._told[room][seq if kind == "message" else event["target"]] = f"{kind} {seq}"
        # A page tells a message as it is: an edited one has the text of another id.
        right = text == text_of(event["id"]) or event.get("edited") if text else kind == "edit" or event.get("deleted")
        if not right or (text and event.get("deleted")):
            self.tally.wrong("another text", f"{self.name} got {text[:60]!r} for {event['id']} in {room}")

    # For who does more than to follow.

    def connected(self) -> None:
        """A new connection stands; nothing was said on it yet."""

    async def joins_sent(self) -> None:
        """All `join`s are on their way."""

    async def caught_up(self, room: str) -> None:
        """From here on it is live in a room."""

    def event_came(self, event: Fields) -> None:
        """An event was seen, or the copy of one."""

    def is_copy(self, event_id: str) -> bool:
        """Whether an event beside the log is the answer to a request that was sent again. Asked once for each."""
        return False

    async def refused(self, error: Fields) -> None:
        """The server has refused something. If it can't be read just now, one comes back for it later."""
        if error["code"] != "not_stored":
            self.tally.wrong("refused", f"{self.name}: {error}")
            return
        self.tally.count("put off: what is read")
        await asyncio.sleep(READ_AGAIN_SECONDS)
        self.cut()

    async def history_came(self, answer: Fields) -> None:
        """A page of history."""

    # Mishaps.

    def cut(self, half_of: Fields | None = None, reset: bool = False) -> bool:
        """Break the TCP connection now: after half a frame, if one is given, and with a reset, if wanted.

        Returns False if it is broken already.
        """
        if self.link is None or self.link.transport.is_closing():
            return False
        transport = self.link.transport
        if half_of is not None:
            frame = Frame(Opcode.TEXT, json.dumps(half_of).encode()).serialize(mask=True)
            transport.write(frame[: self.rng.randrange(1, len(frame))])
        if reset:
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
        return True
