"""The bytes of WebSocket frames the server sends, and the table of close codes.

Pure: no socket, no state. A frame from a server carries no mask (RFC 6455 section 5.1), so the bytes made here
are the same for every client and are made once for all of them.
"""

import dataclasses
import functools
from collections.abc import Iterator

#: First bytes of a whole text frame: FIN and opcode 1 (RFC 6455 section 5.2); and RSV1, if it is compressed (RFC 7692).
TEXT, DEFLATED_TEXT = 0x81, 0xC1

PING = b"\x89\x00"

#: What a close frame can carry as its reason (RFC 6455 section 5.5: 125 bytes less the code).
MAX_REASON_BYTES = 123


def text_frame(payload: bytes) -> bytes:
    """One whole text frame around `payload`, which must be valid UTF-8."""
    return header(TEXT, len(payload)) + payload


def text_frame_of(pieces: list[bytes]) -> bytes:
    """One whole text frame around these pieces of a payload, each of which is copied once."""
    return b"".join([header(TEXT, sum(map(len, pieces))), *pieces])


@functools.lru_cache(4096)
def header(first: int, length: int) -> bytes:
    """What stands before a payload of this length in an unmasked frame that begins with the byte `first`."""
    if length < 126:
        return bytes((first, length))
    if length < 65536:
        return bytes((first, 126)) + length.to_bytes(2, "big")
    return bytes((first, 127)) + length.to_bytes(8, "big")


def split(batch: bytes) -> Iterator[tuple[int, int, int]]:
    """Where each of the whole, unmasked frames in `batch` starts, where its payload does, and where it ends."""
    start = 0
    while start < len(batch):
        length, payload = batch[start + 1], start + 2
        if length > 125:
            size = 2 if length == 126 else 8
            payload += size
            length = int.from_bytes(batch[payload - size : payload], "big")
        yield start, payload, payload + length
        start = payload + length


@dataclasses.dataclass(frozen=True)
class Close:
    """Why a connection ends: the code on the wire, what it means, and whether the client should come back."""

    code: int
    reason: str
    reconnect: bool

    def because(self, reason: str) -> "Close":
        """The same close with a reason that says more, cut to what a close frame can carry."""
        cut = reason.encode("utf-8", "replace")[:MAX_REASON_BYTES].decode("utf-8", "ignore")
        return dataclasses.replace(self, reason=cut)


NORMAL = Close(1000, "done", False)
GOING_AWAY = Close(1001, "the server stops, come back", True)
PROTOCOL_ERROR = Close(1002, "protocol error", False)
NOT_TEXT = Close(1003, "binary message; only text is understood here", False)
NOT_UNDERSTOOD = Close(1007, "message not understood", False)
NOT_ALLOWED = Close(1008, "not allowed", False)
TOO_BIG = Close(1009, "message too big", False)
SERVER_ERROR = Close(1011, "the server failed, come back", True)
OVERLOADED = Close(1013, "overloaded, come back later", True)
TOO_SLOW = Close(4008, "too slow, come back", True)
NO_SIGN_OF_LIFE = Close(4012, "no sign of life, come back", True)
SENT_AWAY = Close(4503, "sent away", False)

#: Every code this server sends. 4000-4499: come back; 4500-4999: do not.
CLOSES = (
    NORMAL,
    GOING_AWAY,
    PROTOCOL_ERROR,
    NOT_TEXT,
    NOT_UNDERSTOOD,
    NOT_ALLOWED,
    TOO_BIG,
    SERVER_ERROR,
    OVERLOADED,
    TOO_SLOW,
    NO_SIGN_OF_LIFE,
    SENT_AWAY,
)
