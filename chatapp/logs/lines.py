"""From bytes of a file to whole lines with their offsets. Pure; no file, no clock.

Bytes come from `logs.reading` (the live end), `logs.catchup`, `logs.past` and `logs.scan` (the past); a `Line` is
(offset of its first byte, its bytes without the newline), a `Block` many lines that follow each other, not yet taken apart.
How they are shown is left to `logs.shown`. Lines end at `\\n` and nowhere else; a `\\r` before it is left in place. A half
line waits for its newline. A line over the limit is cut, with a mark that tells its true length, in bounded memory. What
is not UTF-8, by its byte order mark or because somebody said so (`Format`), is made UTF-8 here, line by line; offsets are
always those of the file.
"""

import codecs
import dataclasses
import itertools
import operator
from collections.abc import Iterator

#: The longest line that is sent whole, in bytes, if nothing else is said; what is longer is cut to this.
MAX_LINE_BYTES = 65_536
#: More NULs in a row than this are told by their number: a hole in a file has millions.
NUL_RUN = 16

Line = tuple[int, bytes]

#: A byte order mark is no part of the first line.
BOM = codecs.BOM_UTF8
_WIDE = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


class Block:
    """Lines that follow each other, at least one: their bytes, joined by newlines; the first begins at `offset`.

    What is done to all lines of a busy log is done to a block: taking it apart costs more than most of that, so it is done
    once. `offsets` are where its lines begin, if they do not stand in the file just so: they were cut or decoded, or some
    are left out.
    """

    __slots__ = ("_starts", "_texts", "data", "is_regular", "offset")

    def __init__(self, offset: int, data: bytes, offsets: list[int] | None = None) -> None:
        self.offset = offset
        self.data = data
        self.is_regular = offsets is None
        self._starts = offsets
        self._texts: list[bytes] | None = None

    @classmethod
    def of(cls, lines: list[Line]) -> "Block":
        """These lines, at least one, as a block."""
        return cls(lines[0][0], b"\n".join([text for _, text in lines]), [offset for offset, _ in lines])

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def texts(self) -> list[bytes]:
        """The bytes of each line."""
        if self._texts is None:
            self._texts = self.data.split(b"\n")
        return self._texts

    @property
    def starts(self) -> list[int]:
        """Where each line begins."""
        if self._starts is None:
            lengths = itertools.accumulate(map(len, self.texts[:-1]), initial=self.offset)
            self._starts = list(map(operator.add, lengths, itertools.count()))  # and a newline each
        return self._starts

    def lines(self) -> list[Line]:
        return list(zip(self.starts, self.texts, strict=True))

    def only(self, indexes: list[int]) -> "Block":
        """Some of the lines, at least one."""
        return Block.of([(self.starts[index], self.texts[index]) for index in indexes])

    def pieces(self, most: int) -> Iterator["Block"]:
        """The same lines in blocks of at most so many."""
        if len(self) <= most:
            yield self
            return
        lines = self.lines()
        for start in range(0, len(lines), most):
            yield Block.of(lines[start : start + most])


def as_block(lines: list[Line]) -> Block | None:
    """These lines as a block; None if there are none."""
    return Block.of(lines) if lines else None


@dataclasses.dataclass(frozen=True, slots=True)
class Format:
    """How the lines of a log are to be read: its encoding (none is UTF-8), and the longest line that is sent whole."""

    encoding: str = ""
    line_bytes: int = MAX_LINE_BYTES

    def of(self, beginning: bytes) -> "Format":
        """The same for a file that begins so: its byte order mark knows better."""
        if beginning.startswith(BOM):
            return dataclasses.replace(self, encoding="")
        return dataclasses.replace(self, encoding=_WIDE.get(beginning[:2], self.encoding))

    @property
    def newline(self) -> bytes:
        return "\n".encode(self.encoding or "utf-8")

    def splitter(self, offset: int) -> "LineSplitter":
        """What makes lines of bytes from `offset` on."""
        if not self.encoding:
            return LineSplitter(offset, self.line_bytes)
        kind = WideSplitter if len(self.newline) > 1 else DecodingSplitter
        return kind(offset, self.line_bytes, self.encoding)


class LineSplitter:
    """Splits a stream of bytes that begins at `offset`, the start of a line. A line is given out up to `most` bytes."""

    __slots__ = ("_length", "_most", "_nuls", "_pending", "offset")

    def __init__(self, offset: int, most: int = MAX_LINE_BYTES) -> None:
        #: Where the first line that is not complete yet begins: all before it was given out.
        self.offset = offset
        self._most = most
        self._pending = b""  # the beginning of that line, at most so much of it, without the NULs it begins with
        self._nuls = 0  # how many these are: a hole costs no memory
        self._length = 0  # how much of that line was seen

    @property
    def end(self) -> int:
        """The offset after the last byte that was fed."""
        return self.offset + self._length

    @property
    def half(self) -> Line | None:
        """The line that has no newline yet, as far as it was seen."""
        return (self.offset, self._text()) if self._length else None

    def feed(self, data: bytes) -> list[Line]:
        """Take the next bytes; return the lines they complete."""
        parts = data.split(b"\n")
        rest = parts.pop()
        lines: list[Line] = []
        if parts:
            lines.append(self._complete(parts[0]))
            offset, most = self.offset, self._most
            for part in parts[1:]:
                if len(part) > most:
                    self.offset = offset
                    lines.append(self._complete(part))
                else:
                    lines.append((offset, part))
                offset += len(part) + 1
            self.offset = offset
        self._keep(rest)
        return lines

    def block(self, data: bytes) -> Block | None:
        """The same as `feed`, not taken apart; None if no line is complete."""
        if not self._is_regular(data):
            return as_block(self.feed(data))
        end = data.rfind(b"\n")
        block = Block(self.offset, self._pending + data[:end])
        self.offset += len(block.data) + 1
        self._pending, self._nuls, self._length = b"", 0, 0
        self._keep(data[end + 1 :])
        return block

    def _is_regular(self, data: bytes) -> bool:
        """Whether these bytes complete lines which all go out just as they stand in the file."""
        first = data.find(b"\n")
        if first < 0 or self._length + first > self._most or self._nuls or (not self._length and data[0] == 0):
            return False
        if self.offset == 0 and (self._pending + data).startswith(BOM):
            return False
        return len(data) <= self._most or max(map(len, data.split(b"\n"))) <= self._most

    def flush(self) -> list[Line]:
        """Give out the half line that is left, when its newline will never come."""
        if not self._length:
            return []
        line = self._complete(b"")
        self.offset -= 1  # there was no newline
        return [line]

    def _complete(self, part: bytes) -> Line:
        self._keep(part)
        line = (self.offset, self._text())
        self.offset += self._length + 1
        self._pending, self._nuls, self._length = b"", 0, 0
        return line

    def _text(self) -> bytes:
        text = self._as_utf8(self._pending)
        if self.offset == 0:
            text = text.removeprefix(BOM)
        if self._length - self._nuls > self._most:
            text = cut(text, self._length, self._most)
        return tell_nuls(self._nuls) + text if self._nuls else text

    def _as_utf8(self, text: bytes) -> bytes:
        return text  # and what is not UTF-8 is dealt with where it is shown

    def _keep(self, part: bytes) -> None:
        if self._nuls == self._length and part.startswith(b"\0"):
            stripped = part.lstrip(b"\0")
            self._nuls += len(part) - len(stripped)
            self._length += len(part) - len(stripped)
            part = stripped
        self._add(part)

    def _add(self, part: bytes) -> None:
        if part:
            self._pending += part[: max(0, self._most - len(self._pending))]
            self._length += len(part)


class DecodingSplitter(LineSplitter):
    """The same for another encoding in which a newline is one byte and part of nothing else: gives out UTF-8."""

    __slots__ = ("_encoding",)

    def __init__(self, offset: int, most: int, encoding: str) -> None:
        super().__init__(offset, most)
        self._encoding = encoding

    def feed(self, data: bytes) -> list[Line]:
        *parts, rest = data.split(b"\n")
        lines = [self._complete(part) for part in parts]
        self._keep(rest)
        return lines

    def block(self, data: bytes) -> Block | None:
        return as_block(self.feed(data))

    def _as_utf8(self, text: bytes) -> bytes:
        return text.decode(self._encoding, "replace").encode()


class WideSplitter(DecodingSplitter):
    """The same for UTF-16, where a newline is two bytes at an even place."""

    __slots__ = ("_carry",)

    def __init__(self, offset: int, most: int, encoding: str) -> None:
        super().__init__(offset, most, encoding)
        self._carry = b""  # half a character

    @property
    def end(self) -> int:
        return self.offset + self._length + len(self._carry)

    def feed(self, data: bytes) -> list[Line]:
        newline = "\n".encode(self._encoding)
        data = self._carry + data
        width = len(newline)
        whole = len(data) - len(data) % width
        data, self._carry = data[:whole], data[whole:]
        lines, start = [], 0
        while (at := _find_wide(data, newline, start)) >= 0:
            lines.append(self._complete(data[start:at]))
            self.offset += width - 1
            start = at + width
        self._keep(data[start:])
        return lines

    def flush(self) -> list[Line]:
        odd, self._carry = len(self._carry), b""
        lines = super().flush()
        self.offset += odd
        return lines

    def _keep(self, part: bytes) -> None:
        self._add(part)  # NULs are halves of characters here


def _find_wide(data: bytes, newline: bytes, start: int) -> int:
    """Where the first newline from `start` on is that begins where a character does; -1 if there is none."""
    at = data.find(newline, start)
    while at >= 0 and at % len(newline):
        at = data.find(newline, at + 1)
    return at


def cut(line: bytes, length: int, most: int = MAX_LINE_BYTES) -> bytes:
    """The head of a line that is `length` bytes long, at a character's edge, with a mark that says so."""
    head = line[:most]
    for back in range(1, min(4, len(head)) + 1):
        if head[-back] & 0xC0 != 0x80:  # not a continuation byte: here the last character begins
            if head[-back] >= 0xC0:
                head = head[:-back]
            break
    return head + f" … [cut: line of {length} bytes]".encode()


def tell_nuls(count: int) -> bytes:
    """So many NULs in a row, or how many they are."""
    return f"⟨{count} NUL⟩".encode() if count > NUL_RUN else b"\0" * count
