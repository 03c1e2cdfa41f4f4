"""One WebSocket of the soak, and the ways in which it ends; and requests over HTTP. For `people` and `viewers`.

A client reads in a task of its own and hands what it hears to whoever asked. Whether that is right is looked at
elsewhere (`tests.proof`, `tests.truth`).
"""

import asyncio
import collections
import contextlib
import json
import random
import socket
import struct
from collections.abc import AsyncIterator
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.typing import Subprotocol

#: The server pings so often (`PING_SECONDS`, seconds).
PING_SECONDS = 1.0
#: How long an answer may take (seconds): then the client does without. The machine may be busy.
PATIENCE = 10.0
#: How sessions end, and how often: as they should; the network goes; half a message was sent; the other end is not there
#: any more, but nobody says so.
ENDS = {"close": 50, "cut": 25, "half": 10, "mute": 15}

Fields = dict[str, Any]
Counts = collections.Counter[str]


class Link:
    """A connection, with what it heard last and what waits for an answer. `counts` are of the whole run."""

    def __init__(self, socket: ClientConnection, counts: Counts, rng: random.Random) -> None:
        self.counts = counts
        self._socket = socket
        self._rng = rng
        self._answers: dict[str, asyncio.Future[Fields]] = {}
        self._asked = 0

    async def say(self, fields: Fields) -> None:
        """Send an object."""
        await self._socket.send(json.dumps(fields))

    async def ask(self, kind: str, **fields: Any) -> Fields | None:
        """Send a request with an `id` and return the answer; None if none comes."""
        self._asked += 1
        request = f"{self._rng.getrandbits(96):024x}"
        self._answers[request] = asyncio.get_running_loop().create_future()
        try:
            await self.say({"type": kind, "id": request, **fields})
            async with asyncio.timeout(PATIENCE):
                return await self._answers[request]
        except TimeoutError:
            self.counts["without an answer"] += 1
            return None
        finally:
            self._answers.pop(request, None)

    async def hear(self) -> Fields:
        """The next message; answers go to who asked as well."""
        said: Fields = json.loads(await self._socket.recv())
        self.counts["messages heard"] += 1
        if said["type"] == "error":
            self.counts[f"refused: {said['code']}"] += 1
        waiting = self._answers.get(said.get("id", ""))
        if waiting is not None and not waiting.done():
            waiting.set_result(said)
        return said

    async def stop_reading(self, seconds: float) -> None:
        """Read nothing for a while, so that what comes piles up at the server."""
        self._socket.transport.pause_reading()
        await asyncio.sleep(seconds)
        if not self._socket.transport.is_closing():
            self._socket.transport.resume_reading()

    async def end(self) -> None:
        """Go, in one of the ways."""
        kind = self._rng.choices(list(ENDS), list(ENDS.values()))[0]
        self.counts[f"sessions ended: {kind}"] += 1
        transport = self._socket.transport
        if kind == "close":
            await self._socket.close()
            return
        if kind == "half" and self._socket.state is State.OPEN:
            frame = Frame(Opcode.TEXT, json.dumps({"type": "typing", "room": "main" * 200}).encode()).serialize(mask=True)
            transport.write(frame[: self._rng.randrange(1, len(frame))])
        if kind == "mute":
            await self.stop_reading(3 * PING_SECONDS)
        elif self._rng.random() < 0.5:  # with a reset
            link = transport.get_extra_info("socket")
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()


@contextlib.asynccontextmanager
async def linked(
    port: int, path: str, protocol: str | None, counts: Counts, rng: random.Random, **headers: str
) -> AsyncIterator[Link]:
    """A connection for as long as the block runs, which a lost connection ends without an error."""
    opening = connect(
        f"ws://127.0.0.1:{port}{path}",
        subprotocols=[Subprotocol(protocol)] if protocol else None,
        compression=rng.choice((None, "deflate")),
        additional_headers=headers,
        proxy=None,
        open_timeout=PATIENCE,
        close_timeout=1,
        ping_interval=None,
        max_size=None,
    )
    try:
        async with opening as socket:
            counts["connections"] += 1
            yield Link(socket, counts, rng)
    except ConnectionClosed:
        counts["connections lost"] += 1
    except (OSError, TimeoutError) as error:
        counts[f"connections failed: {type(error).__name__}"] += 1


async def get(port: int, path: str, counts: Counts, most: int = 1 << 30) -> bytes:
    """A request over HTTP, and what comes of its answer, up to so many bytes: then the client leaves."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    got = b""
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
        async with asyncio.timeout(PATIENCE):
            while len(got) < most and (data := await reader.read(65_536)):
                got += data
        counts[f"HTTP {got[9:12].decode()}"] += 1
    except (OSError, TimeoutError) as error:
        counts[f"HTTP failed: {type(error).__name__}"] += 1
    finally:
        writer.transport.abort()
    return got
