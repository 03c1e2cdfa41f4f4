"""Downloads: the bytes of a file as they are but blacked out, or its lines that pass a filter; a long line whole.

Files come open from `logs.history`, pieces go to `web.log_downloads`, which sends them as fast as its client takes them.
Blacking out keeps the length, so any range of a file can be had by itself. Each piece can wait for the disk: `next` runs in
the thread pool.
"""

from collections.abc import Iterator

from chatapp.logs import past
from chatapp.logs.conditions import Filter
from chatapp.logs.generation import Source
from chatapp.logs.history import Opened
from chatapp.logs.lines import BOM
from chatapp.logs.redact import Blackout, Redactor
from chatapp.logs.shown import to_utf8

#: How much is read and sent at a time.
PIECE_BYTES = 524_288
#: A secret in a line longer than a piece is hidden whole if it is no longer than this: so much is looked at around a piece.
AROUND_BYTES = 65_536
#: The most of one line that is sent.
MAX_LINE_BYTES = 4_194_304


def raw(opened: Opened, start: int, end: int | None, redactor: Redactor) -> Iterator[bytes]:
    """The bytes from `start` to `end`, or to the end of the file."""
    source = opened.source
    encoding, width = source.format.encoding, len(source.format.newline)
    while end is None or start < end:
        begin = past.line_start(source, start, max(0, start - AROUND_BYTES)) // width * width
        data = source.read(begin, start - begin + PIECE_BYTES + AROUND_BYTES)
        here = start - begin
        stop = here + PIECE_BYTES
        if len(data) > stop:
            # Lines stay whole, if they are no longer than a piece.
            stop = (data.rfind(b"\n", here, stop) + 1 or stop) // width * width
        blackout = past.stream(source, begin, redactor)
        goes_on = opened.grows and not data.endswith(b"\n")
        black = _black_encoded(data, encoding, blackout, goes_on) if encoding else blackout.block(data, goes_on)
        piece = black[here : stop if end is None else min(stop, end - begin)]
        if not piece:
            return  # cut meanwhile
        yield piece
        start += len(piece)


def _black_encoded(data: bytes, encoding: str, blackout: Blackout, goes_on: bool) -> bytes:
    """Bytes that are no UTF-8, blacked out: looked at as UTF-8, and where something is hidden there it is hidden here."""
    width = len("\n".encode(encoding))
    odd = "surrogateescape" if width == 1 else "surrogatepass"  # what is wrong in it stays as it is
    whole = len(data) // width * width
    text = data[:whole].decode(encoding, odd)
    if len(text.encode(encoding, odd)) != whole:
        return blackout.block(data, goes_on)  # some bytes could be written in another way, so places can't be told
    utf8 = text.encode("utf-8", "surrogatepass")
    black = blackout.block(utf8, goes_on)
    if black is utf8:
        return data
    units = bytearray(data)
    read, at = 0, 0  # how far both are looked at
    for begin, end in _changed(utf8, black):
        at += len(_recoded(utf8[read:begin], encoding, odd))
        size = len(_recoded(utf8[begin:end], encoding, odd))
        units[at : at + size] = "*".encode(encoding) * (size // width)
        read, at = end, at + size
    return bytes(units)


def _changed(before: bytes, after: bytes) -> Iterator[tuple[int, int]]:
    """The stretches in which two texts of the same length differ."""
    start = -1
    for place, (one, other) in enumerate(zip(before, after, strict=True)):
        if (one != other) != (start >= 0):
            if start >= 0:
                yield start, place
            start = place if start < 0 else -1
    if start >= 0:
        yield start, len(before)


def _recoded(utf8: bytes, encoding: str, odd: str) -> bytes:
    return utf8.decode("utf-8", "surrogatepass").encode(encoding, odd)


def filtered(source: Source, end: int, wanted: Filter, redactor: Redactor) -> Iterator[bytes]:
    """The lines that pass, each with its newline, as UTF-8. An empty piece is a sign of life."""
    start = 0
    while start < end:
        page = past.after(source, start, end, past.MAX_LINES, wanted, redactor)
        yield to_utf8(b"".join([text + b"\n" for _, text in page.lines]))
        if page.next <= start:
            return  # cut meanwhile
        start = page.next


def whole_line(opened: Opened, offset: int, redactor: Redactor) -> bytes:
    """The line that holds `offset`, up to `MAX_LINE_BYTES` of it, with a word if it is longer. Raises `NoPlace`."""
    source = opened.source
    if offset >= source.size():
        raise past.NoPlace("The file ends before this place.")
    start = past.line_start(source, offset)
    data = source.read(start, MAX_LINE_BYTES + 2)
    encoding, width = source.format.encoding, len(source.format.newline)
    if encoding:
        data = data[: len(data) // width * width].decode(encoding, "replace").encode()
    data = data.removeprefix(BOM) if start == 0 else data
    newline = data.find(b"\n")
    is_long = newline < 0 and len(data) > MAX_LINE_BYTES
    line = data[:MAX_LINE_BYTES] if is_long else data if newline < 0 else data[:newline]
    goes_on = is_long or (opened.grows and newline < 0)
    black = past.stream(source, start, redactor).block(line.removesuffix(b"\r"), goes_on)
    mark = f" … [cut: the line is longer than {MAX_LINE_BYTES} bytes]".encode() if is_long else b""
    return to_utf8(black) + mark
