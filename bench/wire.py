"""A WebSocket client that costs next to nothing, so that a measurement shows the server: a thousand run in one process.

It speaks `chat.v1` as far as the measurements need: `Person` says who it is, joins one room with or without a position, and
counts what comes until it is caught up. Frames are told apart by how they begin ("`type` first", docs/PROTOCOL.md).
"""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any, NamedTuple

_HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: {protocol}\r\n\r\n"
)
_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10

_OTHER_EVENTS = (b'{"type":"edit"', b'{"type":"delete"', b'{"type":"react"', b'{"type":"create"', b'{"type":"enter"')
_NOT_MEANT = (b'{"type":"presence"', b'{"type":"typing"', b'{"type":"read"', b'{"type":"rooms"')

Fields = dict[str, Any]


def frame(opcode: int, payload: bytes) -> bytes:
    """A frame as a client sends it. A mask of zeros is legal."""
    length = len(payload)
    if length < 126:
        return bytes((0x80 | opcode, 0x80 | length)) + b"\0\0\0\0" + payload
    return bytes((0x80 | opcode, 0xFE)) + length.to_bytes(2, "big") + b"\0\0\0\0" + payload


class Wire(asyncio.Protocol):
    """One WebSocket: `open` comes true after the handshake; every text goes to `heard`."""

    path, protocol = "/ws", "chat.v1"

    def __init__(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        self.open: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()
        self._port = port
        self._rest = b""
        self._shaken = False
        self._transport: asyncio.Transport | None = None

    def heard(self, text: bytes) -> None:
        """A text message."""

    def say(self, fields: Fields) -> None:
        """Send a message."""
        if self._transport is not None:
            self._transport.write(frame(_TEXT, json.dumps(fields, ensure_ascii=False).encode()))

    def abort(self) -> None:
        """Lose the connection, as when a network goes away."""
        if self._transport is not None:
            self._transport.abort()

    # For asyncio.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(_HANDSHAKE.format(port=self._port, path=self.path, protocol=self.protocol).encode())

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if not self.closed.done():
            self.closed.set_result(None)
        if not self.open.done():
            self.open.set_exception(exc or ConnectionError("closed before the handshake was done"))

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data, self._rest = self._rest + data, b""
        at = 0
        if not self._shaken:
            at = data.find(b"\r\n\r\n") + 4
            if at < 4:
                self._rest = data
                return
            if b" 101 " not in data[:at]:
                raise RuntimeError(f"no handshake: {data[:at].decode(errors='replace')}")
            self._shaken = True
            self.open.set_result(None)
        self._rest = data[self._frames(data, at) :]

    def _frames(self, data: bytes, at: int) -> int:
        """Take the whole frames in `data` from `at` on; return where the first that is not whole begins."""
        end = len(data)
        while end - at >= 2:
            length, start = data[at + 1], at + 2
            if length == 126:
                length, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            elif length == 127:
                length, start = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
            if start + length > end:
                break
            opcode = data[at] & 15
            if opcode == _TEXT:
                self.heard(data[start : start + length])
            elif opcode == _PING and self._transport is not None:
                self._transport.write(frame(_PONG, data[start : start + length]))
            elif opcode == _CLOSE:
                self.abort()
            at = start + length
        return at


async def connect(port: int, wire: Callable[[], Wire]) -> Any:
    """A `Wire` (or what is made of it) whose handshake is done."""
    _, protocol = await asyncio.get_running_loop().create_connection(wire, "127.0.0.1", port)
    assert isinstance(protocol, Wire)
    await protocol.open
    return protocol


class CaughtUp(NamedTuple):
    """What `join` has brought: up to which number, how many events, whether that is all that was missed, and when."""

    seq: int
    events: int
    recovered: bool
    at: float


class Person(Wire):
    """Somebody on `chat.v1` in one room."""

    def __init__(self, port: int, name: str, token: str | None = None) -> None:
        super().__init__(port)
        loop = asyncio.get_running_loop()
        self.name = name
        self.token = token
        self.epoch = ""
        self.welcome: asyncio.Future[None] = loop.create_future()
        self._caught_up: asyncio.Future[CaughtUp] = loop.create_future()
        self._events = 0
        self._recovered = False
        self._answers: dict[str, asyncio.Future[Fields]] = {}

    async def hello(self) -> None:
        """Say who one is, and wait for the answer."""
        hello = {"type": "hello", "username": self.name, "email": ""}
        self.say(hello if self.token is None else {**hello, "token": self.token})
        await self.welcome

    async def join(self, room: str, seq: int | None = None, page: int = 50) -> CaughtUp:
        """Follow a room after `seq`, or from the newest `page` messages on; return when one is caught up."""
        self._caught_up = asyncio.get_running_loop().create_future()
        self._events = 0
        resume = None if seq is None else {"epoch": self.epoch, "seq": seq}
        self.say({"type": "join", "room": room, "resume": resume, "page": page})
        return await self._caught_up

    async def ask(self, fields: Fields) -> Fields:
        """Send a request with an `id`, and wait for the answer to it."""
        answer: asyncio.Future[Fields] = asyncio.get_running_loop().create_future()
        self._answers[fields["id"]] = answer
        self.say(fields)
        return await answer

    def heard(self, text: bytes) -> None:
        if text.startswith(b'{"type":"message"'):
            self._events += 1
            self.message(text)
        elif text.startswith(b'{"type":"caught_up"'):
            self._caught_up.set_result(CaughtUp(json.loads(text)["seq"], self._events, self._recovered, time.monotonic()))
        elif text.startswith(_OTHER_EVENTS):
            self._events += 1
        elif text.startswith(_NOT_MEANT):
            pass
        else:
            self._answered(json.loads(text))

    def _answered(self, said: Fields) -> None:
        if said["type"] == "welcome":
            self.epoch = said["epoch"]
            self.token = said.get("token", self.token)
            self.welcome.set_result(None)
        elif said["type"] == "joined":
            self._recovered = said["recovered"]
        elif said["type"] == "error":
            raise RuntimeError(f"{self.name} was refused: {said}")
        elif said.get("id") in self._answers:
            self._answers.pop(said["id"]).set_result(said)

    def message(self, text: bytes) -> None:
        """A message, as it came."""
