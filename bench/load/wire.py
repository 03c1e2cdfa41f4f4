"""WebSocket as bytes, as far as a generator needs it: the request, frames that are sent, frames that came (RFC 6455)."""

import struct
import zlib
from collections.abc import Iterator

from bench.load.dialects import Dialect

MORE, TEXT, CLOSE, PING, PONG = 0, 1, 8, 9, 10
#: First byte of a frame: FIN, and RSV1, which marks a compressed message (RFC 7692).
_FIN, _PACKED = 0x80, 0x40
#: What browsers offer.
_DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
#: What the sender of a compressed message leaves out at its end.
_TAIL = b"\0\0\xff\xff"


class Corrupt(Exception):
    """What came is no stream of frames."""


def request(port: int, dialect: Dialect, deflate: bool) -> bytes:
    """The opening of a WebSocket. `Origin` is sent because x/net/websocket wants it."""
    more = _DEFLATE if deflate else ""
    if dialect.protocol:
        more += f"Sec-WebSocket-Protocol: {dialect.protocol}\r\n"
    return (
        f"GET {dialect.path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"Sec-WebSocket-Version: 13\r\n{more}\r\n"
    ).encode()


def header(length: int, opcode: int = TEXT) -> bytes:
    """What stands before a payload that a client sends. A mask of zeros is legal, and costs the server the same."""
    if length < 126:
        return struct.pack("!BBI", _FIN | opcode, 0x80 | length, 0)
    if length < 65_536:
        return struct.pack("!BBHI", _FIN | opcode, 0xFE, length, 0)
    return struct.pack("!BBQI", _FIN | opcode, 0xFF, length, 0)


def frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """A whole frame as a client sends it."""
    return header(len(payload), opcode) + payload


def measure(data: bytes, at: int) -> tuple[int, int]:
    """Where the payload of the frame at `at` begins and ends; the end is -1 if not even its length is there."""
    if len(data) - at < 2:
        return at, -1
    length, start = data[at + 1], at + 2
    if length == 126:
        start = at + 4
        length = int.from_bytes(data[at + 2 : start], "big") if len(data) >= start else -1
    elif length == 127:
        start = at + 10
        length = int.from_bytes(data[at + 2 : start], "big") if len(data) >= start else -1
    return start, start + length if length >= 0 else -1


def frames(data: bytes) -> Iterator[tuple[int, bytes, int]]:
    """The whole frames in what a server has sent: opcode, payload (unpacked), and where the next one begins.

    A message may come in several (gorilla cuts at 4 KB): the others are `MORE`. Packed messages share one window.
    """
    at = 0
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    while at < len(data):
        opcode, flags = data[at] & 0x0F, data[at] & 0xF0
        if opcode not in (MORE, TEXT, CLOSE, PING, PONG) or flags & 0x30 or (opcode > TEXT and flags != _FIN):
            raise Corrupt(f"a frame begins with {data[at : at + 8].hex()} at byte {at}")
        start, end = measure(data, at)
        if end < 0 or end > len(data):
            return
        payload = data[start:end]
        if flags & _PACKED:
            payload = unpacker.decompress(payload + _TAIL)
        yield opcode, payload, end
        at = end


class FrameCounter:
    """Counts frames that begin in a stream, whatever is in them: also packed ones."""

    def __init__(self) -> None:
        self.frames = 0
        self._skip = 0  # bytes of the frame that has begun, still to come
        self._rest = b""  # the beginning of a header

    def take(self, data: bytes) -> None:
        """The next bytes."""
        if self._rest:
            data, self._rest = self._rest + data, b""
        at = self._skip
        while at < len(data):
            _, end = measure(data, at)
            if end < 0:
                self._rest = data[at:]
                self._skip = 0
                return
            self.frames += 1
            at = end
        self._skip = at - len(data)
