"""From bytes to whole lines, and where the last lines of a file begin."""

import json
import os
import random
from pathlib import Path

import pytest

from chatapp.logs import reader, wire
from chatapp.logs.conditions import Condition, Filter
from chatapp.logs.lines import MAX_LINE_BYTES, Block, Format, Line, LineSplitter, cut
from chatapp.logs.shown import to_texts, to_utf8


def split_in_pieces(data: bytes, sizes: random.Random) -> list[Line]:
    splitter = LineSplitter(0)
    lines = []
    while data:
        size = sizes.choice([1, 2, 7, 100, 70_000])
        lines += splitter.feed(data[:size])
        data = data[size:]
    return lines + splitter.flush()


def test_a_half_line_waits_for_its_newline() -> None:
    splitter = LineSplitter(10)
    assert splitter.feed(b"one\ntw") == [(10, b"one")]
    assert (splitter.offset, splitter.end) == (14, 16)
    assert splitter.feed(b"o") == []
    assert splitter.feed(b"\n\nthree") == [(14, b"two"), (18, b"")]
    assert splitter.flush() == [(19, b"three")]
    assert splitter.flush() == []
    assert splitter.offset == splitter.end == 24


def test_only_newlines_end_a_line() -> None:
    text = "a\r\nb\rc\vd\fe\x85f\u2028g\n".encode()
    assert [line for _, line in LineSplitter(0).feed(text)] == [b"a\r", "b\rc\vd\fe\x85f\u2028g".encode()]


def test_a_hole_before_a_text_is_told_wherever_the_line_stands() -> None:
    """A page reads many lines at once, the live end one after the other."""
    hole = b"\0" * 100_000 + b"after the hole"
    told = (6, "⟨100000 NUL⟩after the hole".encode())
    assert LineSplitter(0).feed(b"first\n" + hole + b"\nlast\n") == [(0, b"first"), told, (100_021, b"last")]
    splitter = LineSplitter(6)
    assert splitter.feed(hole) + splitter.feed(b"\n") == [told]


def test_a_byte_order_mark_is_no_part_of_the_first_line() -> None:
    assert LineSplitter(0).feed(b"\xef\xbb\xbfone\n\xef\xbb\xbftwo\n") == [(0, b"one"), (7, b"\xef\xbb\xbftwo")]
    for encoding, mark in (("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff")):
        form = Format().of(mark)
        assert form.splitter(0).feed(mark + "one\n".encode(encoding)) == [(0, b"one")]


@pytest.mark.parametrize("seed", range(20))
def test_however_the_bytes_are_cut_the_lines_are_the_same(seed: int) -> None:
    choose = random.Random(seed)
    lines = [choose.randbytes(choose.choice([0, 1, 5, 80, 300])).replace(b"\n", b"x") for _ in range(200)]
    data = b"\n".join(lines) + choose.choice([b"", b"\n"])
    got = split_in_pieces(data, choose)
    expected = lines if lines[-1] or data.endswith(b"\n\n") else lines[:-1]
    assert [text for _, text in got] == expected
    for offset, text in got:
        assert data[offset : offset + len(text)] == text


@pytest.mark.parametrize("encoding", ["", "latin-1", "utf-16-le"])
@pytest.mark.parametrize("seed", range(20))
def test_a_block_holds_the_lines_that_come_one_by_one(seed: int, encoding: str) -> None:
    """Whatever is in them: a mark at the beginning, holes, lines over the limit."""
    choose = random.Random(seed)
    parts = [b"\xef\xbb\xbf", b"\0", b"\0" * 20, b"\n", b"\r\n", b"x" * 30, b"\xe6\x97\xa5", b"\xe6", b"word " * 9, b"\n\n"]
    data = b"".join(choose.choices(parts, k=3000))
    most, size = choose.choice([40, 200, 65_536]), choose.choice([3, 50, 1000, 100_000])
    lone, whole = (Format(encoding, most).splitter(0) for _ in range(2))
    for start in range(0, len(data), size):
        piece = data[start : start + size]
        lines, block = lone.feed(piece), whole.block(piece)
        assert (block.lines() if block else []) == lines
        assert (whole.offset, whole.end, whole.half) == (lone.offset, lone.end, lone.half)
    assert whole.flush() == lone.flush()


def test_a_block_comes_in_pieces_of_at_most_so_many_lines() -> None:
    block = LineSplitter(100).block(b"".join(b"%d\n" % number for number in range(25)))
    assert block is not None
    pieces = list(block.pieces(10))
    assert [len(piece) for piece in pieces] == [10, 10, 5]
    assert [line for piece in pieces for line in piece.lines()] == block.lines()
    assert list(block.pieces(25)) == [block]


ODD_TEXTS = [
    *[
        b"",
        b"plain",
        b'"quoted" and \\ and \\n and \\u0007',
        b"\ttab",
        b"\x1b[31mred\x1b[0m",
        b"gr\xfc\xdfe",
        "日本 ü 😀".encode(),
    ],
    *[
        b"bell\x07",
        b"\x7f",
        b"end\r",
        b"two\r\r",
        b"10%\r20%\r",
        b"\0" * 3,
        b"\0" * 40,
        b"\x85",
        "\u2028 \x85 \ufeff".encode(),
    ],
]


@pytest.mark.parametrize("seed", range(20))
def test_lines_on_the_wire_are_what_is_shown_of_each(seed: int) -> None:
    """Encoding many at once must not let what is in one touch another."""
    choose = random.Random(seed)
    texts = choose.choices(ODD_TEXTS[: choose.choice([3, 7, len(ODD_TEXTS)])], k=choose.choice([1, 2, 50]))
    block = Block(1000, b"\n".join(texts))
    frame = wire.encode_v1("a.log", "gen", block, 5000)
    told = json.loads(frame[frame.index(b"{") :])
    assert told["lines"] == [[start, *to_texts([(start, text)])] for start, text in block.lines()]
    assert {**told, "lines": []} == {"type": "lines", "file": "a.log", "generation": "gen", "lines": [], "next": 5000}


@pytest.mark.parametrize("include", [None, "e", "x", "line"])
@pytest.mark.parametrize("exclude", [None, "7", "x", "line"])
def test_of_a_block_the_lines_pass_that_pass_one_by_one(include: str | None, exclude: str | None) -> None:
    wanted = Filter(Condition(include) if include else None, Condition(exclude, pattern=True) if exclude else None)
    block = LineSplitter(7).block(b"".join(b"line %d %s\n" % (n, b"even" * (n % 2)) for n in range(100)))
    assert block is not None
    picked = wanted.pick(block)
    assert (picked.lines() if picked else []) == [line for line in block.lines() if wanted.passes(line[1])]


@pytest.mark.parametrize("length", [MAX_LINE_BYTES - 1, MAX_LINE_BYTES, MAX_LINE_BYTES + 1, 5_000_000])
@pytest.mark.parametrize("piece", [1000, 65_536, 10_000_000])
def test_a_long_line_is_cut_with_a_mark_and_its_true_length(length: int, piece: int) -> None:
    data = b"before\n" + b"x" * length + b"\nafter\n"
    splitter = LineSplitter(0)
    lines = [line for start in range(0, len(data), piece) for line in splitter.feed(data[start : start + piece])]
    assert [lines[0], lines[2]] == [(0, b"before"), (8 + length, b"after")]
    if length <= MAX_LINE_BYTES:
        assert lines[1] == (7, b"x" * length)
    else:
        assert lines[1] == (7, b"x" * MAX_LINE_BYTES + f" … [cut: line of {length} bytes]".encode())


def test_a_cut_never_splits_a_character() -> None:
    for filler in range(4):
        head = cut(b"x" * filler + "日本".encode() * 20_000, 120_000)
        head.decode()


def test_what_is_no_utf8_becomes_replacement_characters() -> None:
    assert to_utf8(b"gr\xfc\xdfe\xe6\n" + "grün".encode()) == "gr\ufffd\ufffde\ufffd\ngrün".encode()


@pytest.fixture
def numbered(tmp_path: Path) -> Path:
    path = tmp_path / "numbered.log"
    path.write_bytes(b"".join(b"line %d %s\n" % (number, b"x" * (number % 300)) for number in range(3000)))
    return path


@pytest.mark.parametrize("count", [0, 1, 2, 10, 999, 2999, 3000, 3001, 100_000])
def test_the_last_lines_begin_where_they_begin(numbered: Path, count: int) -> None:
    data = numbered.read_bytes()
    fd = os.open(numbered, os.O_RDONLY)
    start = reader.start_of_last_lines(fd, len(data), count)
    os.close(fd)
    assert data[start:].count(b"\n") == min(count, 3000)
    assert start == 0 or data[start - 1 : start] == b"\n"


@pytest.mark.parametrize("block", [1, 2, 3, 5, 8])
def test_lines_on_the_edge_of_a_block_are_kept(tmp_path: Path, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "BLOCK_BYTES", block)
    path = tmp_path / "edge.log"
    path.write_bytes(b"a\nbb\n\nccc\n")
    fd = os.open(path, os.O_RDONLY)
    assert [reader.start_of_last_lines(fd, 10, count) for count in range(6)] == [10, 6, 5, 2, 0, 0]
    assert reader.start_of_last_line(fd, 10) == 10
    assert reader.start_of_last_line(fd, 8) == 6
    assert reader.start_of_last_line(fd, 1) == 0
    os.close(fd)
