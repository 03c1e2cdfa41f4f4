"""Compression once for all: permessage-deflate (RFC 7692) without a compressor for each connection.

Frames as they would go out plain come in; the same messages as compressed frames come out, the same bytes for every client
that takes them. The extension lets a server keep its compressor's window from one message to the next, and does not
oblige it to. Here a message may refer back to those before it in the same batch, which everybody gets whole and in a row,
and to nothing before that. So a batch of alike messages shrinks to a third, and a client costs no memory.

What clients send must stand alone (`client_no_context_takeover`), so that reading keeps no window either.
"""

import functools
import zlib
from collections.abc import Sequence

from websockets.exceptions import InvalidHeaderFormat
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.headers import parse_extension

from chatapp.realtime import frames

#: Batches shorter than this go out plain (bytes): there is next to nothing to gain.
WORTHWHILE_BYTES = 512
#: How hard to try: for what goes to many, and for what goes to one or few.
MANY_LEVEL, FEW_LEVEL = 6, 1
#: So many of what was compressed for one or few are kept, for the next who gets the same piece of the past.
KEPT = 32
#: What is longer (bytes) goes to one or few plain: compressing it takes 25 ms a megabyte, for which everybody else waits.
FEW_BYTES = 1_048_576

#: What is answered to an offer that is taken.
AGREED = "permessage-deflate; client_no_context_takeover"
#: What a client may ask for without getting another window, or a message that stands alone, from us.
_HARMLESS = {"client_max_window_bits", "client_no_context_takeover"}

#: What ends the compressed data of a message, and does not go over the wire (RFC 7692 section 7.2.1).
_TAIL = b"\x00\x00\xff\xff"


@functools.lru_cache(64)  # all clients of one kind offer the same
def is_wanted(offers: str) -> bool:
    """Whether among the offers of the header Sec-WebSocket-Extensions is one that is taken here."""
    try:
        extensions = parse_extension(offers)
    except InvalidHeaderFormat:
        return False
    return any(name == "permessage-deflate" and _is_plain(parameters) for name, parameters in extensions)


def _is_plain(parameters: Sequence[tuple[str, str | None]]) -> bool:
    names = [name for name, _ in parameters]
    return len(set(names)) == len(names) and set(names) <= _HARMLESS and all(_is_valid(*each) for each in parameters)


def _is_valid(name: str, value: str | None) -> bool:
    """Whether a harmless parameter has a value that it may have (RFC 7692 section 7.1)."""
    may_have = {str(bits) for bits in range(8, 16)} if name == "client_max_window_bits" else set()
    return value is None or value in may_have


def extension() -> PerMessageDeflate:
    """For the full parser: reads what clients send compressed. It never compresses; only control frames go out by it."""
    return PerMessageDeflate(True, True, 15, 15)


def inflate(payload: bytes, most: int) -> bytes | None:
    """The message in the payload of a whole frame; None if it is longer than `most` bytes, or broken."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        message = inflater.decompress(payload + _TAIL, most + 1)
    except zlib.error:
        return None
    return message if len(message) <= most and not inflater.unconsumed_tail and not inflater.unused_data else None


class Deflater:
    """Compresses batches, one after the other, each from a clean start."""

    def __init__(self, level: int) -> None:
        self._compressor = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)

    def frames(self, batch: bytes) -> bytes:
        """Whole, unmasked frames, with those of them that are text compressed; a short batch as it is."""
        if len(batch) < WORTHWHILE_BYTES:
            return batch
        out: list[bytes] = []
        for start, payload, stop in frames.split(batch):
            if batch[start] == frames.TEXT and payload < stop:
                body = self._compressor.compress(batch[payload:stop]) + self._compressor.flush(zlib.Z_SYNC_FLUSH)
                body = body[: -len(_TAIL)]
                out += (frames.header(frames.DEFLATED_TEXT, len(body)), body)
            else:
                out.append(batch[start:stop])
        # The window is emptied. What this gives is an empty block, which nobody needs to have.
        self._compressor.flush(zlib.Z_FULL_FLUSH)
        return b"".join(out)


_for_few = Deflater(FEW_LEVEL)


def for_few(batch: bytes) -> bytes:
    """`batch` compressed for one connection, and the next that gets the same; a very long one as it is."""
    return _kept_for_few(batch) if len(batch) <= FEW_BYTES else batch


@functools.lru_cache(KEPT)
def _kept_for_few(batch: bytes) -> bytes:
    return _for_few.frames(batch)
