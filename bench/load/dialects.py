"""How servers are spoken to: the address, what is said after the handshake, and what surrounds the text of a message."""

import dataclasses
import json

_SEED = b'{"email":"bench@example.com","username":"bench","message":"'


@dataclasses.dataclass(frozen=True)
class Dialect:
    """One way of speaking."""

    path: str
    protocol: str = ""
    #: What a client says when the handshake is done.
    hello: bytes = b""
    #: What it must have heard before it counts as there.
    welcome: bytes = b""
    #: What stands before and behind the text.
    before: bytes = b""
    after: bytes = b""
    #: A text message that is a ping, and the answer to it (Engine.IO has its own).
    ping: bytes = b""
    pong: bytes = b""


def log_viewer(file: str) -> bytes:
    """What a viewer on `logs.v1` says first: all of the file."""
    return json.dumps({"type": "open", "file": file, "from": "start"}).encode()


#: The file of the log cases: viewers ask for it by this name.
LOG_NAME = "bench.log"

DIALECTS = {
    "chat": Dialect("/ws", before=_SEED, after=b'"}'),
    # Socket.IO 5 over Engine.IO 4: https://socket.io/docs/v4/socket-io-protocol/
    "socket.io": Dialect(
        "/socket.io/?EIO=4&transport=websocket",
        hello=b"40",
        welcome=b'40{"sid"',
        before=b'42["message",' + _SEED,
        after=b'"}]',
        ping=b"2",
        pong=b"3",
    ),
    "log": Dialect("/echo", before=b"2026-11-24T10:00:00Z INFO app: ", after=b"\n"),
    "logs.v1": Dialect(
        "/echo",
        protocol="logs.v1",
        hello=log_viewer(LOG_NAME),
        before=b"2026-11-24T10:00:00Z INFO app: ",
        after=b"\n",
    ),
}
