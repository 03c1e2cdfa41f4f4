"""Downloads: the bytes of a file as they are but blacked out, or its lines that pass a filter; a long line whole.

Sources come from `logs.history`, pieces go to `web.log_api`, which sends them as fast as its client takes them. Blacking
out keeps the length, so any range of a file can be had by itself. Each piece can wait for the disk: `next` runs in the
thread pool.
"""

from collections.abc import Iterator

from chatapp.logs import lines as texts
from chatapp.logs import past
from chatapp.logs.conditions import Filter
from chatapp.logs.generation import Source
from chatapp.logs.redact import Redactor

#: How much is read and sent at a time.
PIECE_BYTES = 524_288
#: A secret in a line longer than a piece is hidden whole if it is no longer than this: so much is looked at around a piece.
AROUND_BYTES = 65_536
#: The most of one line that is sent.
MAX_LINE_BYTES = 4_194_304


def raw(source: Source, start: int, end: int | None, redactor: Redactor) -> Iterator[bytes]:
    """The bytes from `start` to `end`, or to the end of the file."""
    wide = texts.encoding_of(source.beginning)
    width = 2 if wide else 1
    while end is None or start < end:
        begin = past.line_start(source, start, max(0, start - AROUND_BYTES)) // width * width
        data = source.read(begin, start - begin + PIECE_BYTES + AROUND_BYTES)
        here = start - begin
        stop = here + PIECE_BYTES
        if len(data) > stop:
            # Lines stay whole, if they are no longer than a piece.
            stop = (data.rfind(b"\n", here, stop) + 1 or stop) // width * width
        black = _black_wide(data, wide, redactor) if wide else past.stream(source, begin, redactor).block(data)
        piece = black[here : stop if end is None else min(stop, end - begin)]
        if not piece:
            return  # cut meanwhile
        yield piece
        start += len(piece)


def _black_wide(data: bytes, encoding: str, redactor: Redactor) -> bytes:
    """UTF-16 blacked out: each unit stands for one byte, what is not ASCII for a letter of no script."""
    low, high = (data[0::2], data[1::2]) if encoding.endswith("le") else (data[1::2], data[0::2])
    narrow = bytes(a if not b else 0x80 for a, b in zip(low, high, strict=False))
    black = redactor.stream().block(narrow)
    if black is narrow:
        return data
    units = bytearray(data)
    star = "*".encode(encoding)
    for at, (before, after) in enumerate(zip(narrow, black, strict=True)):
        if before != after:
            units[2 * at : 2 * at + 2] = star
    return bytes(units)


def filtered(source: Source, end: int, wanted: Filter, redactor: Redactor) -> Iterator[bytes]:
    """The lines that pass, each with its newline, as UTF-8. An empty piece is a sign of life."""
    start = 0
    while start < end:
        page = past.after(source, start, end, past.MAX_LINES, wanted, redactor)
        yield b"".join([text + b"\n" for _, text in texts.to_utf8(page.lines)])
        if page.next <= start:
            return  # cut meanwhile
        start = page.next


def whole_line(source: Source, offset: int, redactor: Redactor) -> bytes:
    """The line that holds `offset`, up to `MAX_LINE_BYTES` of it, with a word if it is longer."""
    start = past.line_start(source, offset)
    data = source.read(start, MAX_LINE_BYTES + 2)
    encoding = texts.encoding_of(source.beginning)
    if encoding:
        data = data[: len(data) // 2 * 2].decode(encoding, "replace").encode()
    newline = data.find(b"\n")
    is_long = newline < 0 and len(data) > MAX_LINE_BYTES
    line = data[:MAX_LINE_BYTES] if is_long else data if newline < 0 else data[:newline]
    black = past.stream(source, start, redactor).block(line.removesuffix(b"\r"))
    mark = f" … [cut: the line is longer than {MAX_LINE_BYTES} bytes]".encode() if is_long else b""
    return texts.to_utf8([(start, black)])[0][1] + mark
