"""From bytes to whole lines, and where the last lines of a file begin."""

import os
import random
from pathlib import Path

import pytest

from chatapp.logs import reader
from chatapp.logs.lines import MAX_LINE_BYTES, Format, Line, LineSplitter, cut, to_utf8


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
    assert to_utf8([(0, b"gr\xfc\xdfe"), (6, "grün".encode())]) == [(0, "gr\ufffd\ufffde".encode()), (6, "grün".encode())]


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
