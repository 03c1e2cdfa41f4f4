"""A message that comes in pieces (fragments, RFC 6455 section 5.4), put together.

The pieces come from the full parser, which sees to their order and size. Text is decoded piece by piece: what is not
valid UTF-8 is refused where it stands, not after the last piece. Pure: no socket.
"""

import codecs

_decoder = codecs.getincrementaldecoder("utf-8")


class TextPieces:
    """The pieces of a text."""

    __slots__ = ("_decoder", "_taken")

    def __init__(self) -> None:
        self._decoder = _decoder()
        self._taken: list[str] = []

    def add(self, data: bytes | bytearray | memoryview, last: bool) -> str | None:
        """Take the next piece; the whole text, if it is the last. Raises UnicodeDecodeError."""
        self._taken.append(self._decoder.decode(bytes(data), last))
        return "".join(self._taken) if last else None


class BinaryPieces:
    """The pieces of a binary message."""

    __slots__ = ("_taken",)

    def __init__(self) -> None:
        self._taken: list[bytes] = []

    def add(self, data: bytes | bytearray | memoryview, last: bool) -> bytes | None:
        """Take the next piece; the whole message, if it is the last."""
        self._taken.append(bytes(data))
        return b"".join(self._taken) if last else None
