"""From bytes of a file to whole lines with their offsets. Pure; no file, no clock.

Bytes come from `logs.tailer` (the live end) and `logs.feed` (the past); a `Line` is (offset of its first byte, its
bytes without the newline). Lines end at `\\n` and nowhere else; a `\\r` before it is left in place. A half line waits
for its newline. A line over the limit is cut, with a mark that tells its true length, in bounded memory.
"""

#: The longest line that is sent whole, in bytes; what is longer is cut to this.
MAX_LINE_BYTES = 65_536

Line = tuple[int, bytes]


class LineSplitter:
    """Splits a stream of bytes that begins at `offset`, the start of a line."""

    __slots__ = ("_length", "_pending", "offset")

    def __init__(self, offset: int) -> None:
        #: Where the first line that is not complete yet begins: all before it was given out.
        self.offset = offset
        self._pending = b""  # the beginning of that line, at most MAX_LINE_BYTES of it
        self._length = 0  # how much of that line was seen

    @property
    def end(self) -> int:
        """The offset after the last byte that was fed."""
        return self.offset + self._length

    def feed(self, data: bytes) -> list[Line]:
        """Take the next bytes; return the lines they complete."""
        parts = data.split(b"\n")
        rest = parts.pop()
        lines: list[Line] = []
        if parts:
            lines.append(self._complete(parts[0]))
            offset = self.offset
            for part in parts[1:]:
                length = len(part)
                lines.append((offset, part if length <= MAX_LINE_BYTES else cut(part, length)))
                offset += length + 1
            self.offset = offset
        self._keep(rest)
        return lines

    def flush(self) -> list[Line]:
        """Give out the half line that is left, when its newline will never come."""
        if not self._length:
            return []
        line = self._complete(b"")
        self.offset -= 1  # there was no newline
        return [line]

    def _complete(self, part: bytes) -> Line:
        self._keep(part)
        text = self._pending if self._length <= MAX_LINE_BYTES else cut(self._pending, self._length)
        line = (self.offset, text)
        self.offset += self._length + 1
        self._pending, self._length = b"", 0
        return line

    def _keep(self, part: bytes) -> None:
        if part:
            self._pending += part[: max(0, MAX_LINE_BYTES - len(self._pending))]
            self._length += len(part)


def cut(line: bytes, length: int) -> bytes:
    """The head of a line that is `length` bytes long, at a character's edge, with a mark that says so."""
    head = line[:MAX_LINE_BYTES]
    for back in range(1, min(4, len(head)) + 1):
        if head[-back] & 0xC0 != 0x80:  # not a continuation byte: here the last character begins
            if head[-back] >= 0xC0:
                head = head[:-back]
            break
    return head + f" … [cut: line of {length} bytes]".encode()


def to_utf8(lines: list[Line]) -> list[Line]:
    """The same lines as valid UTF-8: what is not becomes U+FFFD."""
    try:
        b"\n".join([text for _, text in lines]).decode()
    except UnicodeDecodeError:
        return [(offset, text.decode("utf-8", "replace").encode()) for offset, text in lines]
    return lines
