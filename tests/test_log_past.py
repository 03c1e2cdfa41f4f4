"""The past of a file: pages to and fro, places in it, packed and rotated files. With real files, without a server."""

import datetime
import gzip
import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
import pytest

from chatapp.logs import generation, kernel, outgoing, past, reader, times
from chatapp.logs.conditions import Condition, Filter
from chatapp.logs.files import Catalog
from chatapp.logs.generation import Source
from chatapp.logs.history import Gone, History, Opened
from chatapp.logs.index import STEP_BYTES, Index, Indexes
from chatapp.logs.known import Known
from chatapp.logs.lines import Format
from chatapp.logs.packed import Packed
from chatapp.logs.redact import Redactor
from chatapp.logs.rotated import Surroundings
from tests.conftest import missing

ALL = Filter()
REDACTOR = Redactor()
START = datetime.datetime(2026, 11, 24, tzinfo=datetime.UTC)


def numbered(count: int) -> list[bytes]:
    """Lines with a time stamp a second."""
    return [
        f"{(START + datetime.timedelta(seconds=n)).isoformat()} line {n} {'x' * (n % 77)}".encode() for n in range(count)
    ]


LINES = numbered(20_000)
DATA = b"\n".join(LINES) + b"\n"


def plain(path: Path, data: bytes) -> Source:
    path.write_bytes(data)
    return Source(os.open(path, os.O_RDONLY), "-")


def packed(path: Path, data: bytes) -> Source:
    path.write_bytes(gzip.compress(data[: len(data) // 2]) + gzip.compress(data[len(data) // 2 :]))
    return Packed(os.open(path, os.O_RDONLY), "-", Format())


@pytest.fixture(scope="module", params=[plain, packed])
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Source:
    make: Callable[[Path, bytes], Source] = request.param
    return make(tmp_path_factory.mktemp("past") / "a.log", DATA)


def ended(source: Source) -> Opened:
    return Opened(source, "a.log", False)


def texts(page: past.Page) -> list[bytes]:
    return [text for _, text in page.lines]


def walk_back(source: Source, end: int, limit: int, wanted: Filter = ALL) -> list[bytes]:
    found: list[bytes] = []
    while end > 0:
        page = past.before(source, end, limit, wanted, REDACTOR)
        assert page.begin < end
        assert len(page.lines) <= limit
        found = texts(page) + found
        end = page.begin
    return found


def walk_on(source: Source, start: int, end: int, limit: int, wanted: Filter = ALL) -> list[bytes]:
    found: list[bytes] = []
    while start < end:
        page = past.after(source, start, end, limit, wanted, REDACTOR)
        assert page.next > start
        assert len(page.lines) <= limit
        found += texts(page)
        start = page.next
    return found


@pytest.mark.parametrize("limit", [700, 5000])
def test_pages_in_both_directions_give_every_line_once(source: Source, limit: int) -> None:
    assert walk_back(source, len(DATA), limit) == LINES
    assert walk_on(source, 0, len(DATA), limit) == LINES
    assert source.size() == len(DATA)


ODD = (
    b"",
    b"\r",
    b"x\ry",
    b"\x0b\x0c",
    "\u2028\u0085".encode(),
    b"\0\0",
    b"\xff\xfe\xfd",
    b"z" * 300,
    b"w" * 70_000,
    b" ",
    b"last\r\r",
)


@pytest.mark.parametrize(("make", "files", "piece"), [(plain, 12, 64), (packed, 6, 5000)])
def test_pages_over_lines_that_end_oddly_give_every_line_once(
    make: Callable[[Path, bytes], Source], files: int, piece: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Random files of odd lines, read in pieces so small that every border falls everywhere, from any place to any end."""
    monkeypatch.setattr(past, "PIECE_BYTES", piece)
    chance = random.Random(31)
    for number in range(files):
        lines = [chance.choice(ODD) if chance.random() < 0.6 else b"line %d" % n for n in range(chance.randrange(60))]
        data = b"\n".join(lines) + chance.choice((b"", b"\n", b"\r\n", b"\n\n", b"half"))
        starts = [0, *[at + 1 for at, byte in enumerate(data) if byte == 10]]
        starts = [start for start in starts if start < len(data)]
        source = make(tmp_path / f"{number}.log", data)
        for limit in (1, 3, 5000):
            back: list[int] = []
            on: list[int] = []
            end, start = len(data), 0
            while end > 0:
                page = past.before(source, end, limit, ALL, REDACTOR)
                assert (page.next, page.begin < end) == (end, True)
                back, end = [offset for offset, _ in page.lines] + back, page.begin
            while start < len(data):
                page = past.after(source, start, len(data), limit, ALL, REDACTOR)
                assert (page.begin, page.next > start) == (start, True)
                on, start = on + [offset for offset, _ in page.lines], page.next
            assert back == on == starts, (number, limit)
        for _ in range(20):
            place = chance.randrange(len(data) + 1)
            assert past.line_start(source, place) == max((start for start in starts if start < place), default=0) or (
                past.line_start(source, place) == place and place in (0, *starts, len(data))
            )


def test_pages_with_a_filter_give_every_line_that_passes(source: Source) -> None:
    wanted = Filter(Condition("line 5"), Condition("7"))
    expected = [line for line in LINES if wanted.passes(line)]
    assert walk_back(source, len(DATA), 300, wanted) == expected
    assert walk_on(source, 0, len(DATA), 300, wanted) == expected


def test_a_page_ends_when_enough_was_looked_at(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past, "MAX_SCAN_BYTES", 300_000)
    never = Filter(Condition("never there"))
    forth = past.after(source, 0, len(DATA), 10, never, REDACTOR)
    back = past.before(source, len(DATA), 10, never, REDACTOR)
    assert forth.lines == back.lines == []
    assert 300_000 <= forth.next < len(DATA)
    assert 0 < back.begin <= len(DATA) - 300_000


def test_a_line_is_found_by_its_number(source: Source) -> None:
    indexes = Indexes()
    for number in (1, 2, 777, 19_999, 20_000):
        place = past.place_of_line(source, number, len(DATA), indexes)
        assert texts(past.after(source, place, len(DATA), 1, ALL, REDACTOR)) == [LINES[number - 1]]
    known = indexes.known(source)
    assert known is not None
    place = past.place_of_line(source, 777, len(DATA), indexes)
    assert known.line_at(source, place) == 777
    with pytest.raises(past.NoPlace):
        past.place_of_line(source, 20_001, len(DATA), indexes)


@pytest.mark.parametrize("number", [0, 1, 4321, 19_999])
def test_a_time_is_found(source: Source, number: int) -> None:
    moment = (START + datetime.timedelta(seconds=number)).timestamp()
    for back in (0.0, 0.5):
        place = past.place_of_time(source, moment - back, len(DATA))
        assert texts(past.after(source, place, len(DATA), 1, ALL, REDACTOR)) == [LINES[number]]
    assert past.place_of_time(source, (START + datetime.timedelta(days=9)).timestamp(), len(DATA)) == len(DATA)


def test_a_percentage_is_the_line_that_lies_there(source: Source) -> None:
    assert past.place_of_percent(source, 0, len(DATA)) == 0
    middle = past.place_of_percent(source, 50, len(DATA))
    assert middle <= len(DATA) / 2 < middle + 200
    assert DATA[middle - 1 : middle] == b"\n"


def test_lines_without_stamps_between_others_belong_to_the_one_before(tmp_path: Path) -> None:
    lines = []
    for line in numbered(5000):
        lines += [line, b"  at some.java.Class(File.java:1)", b"  at another.Class"]
    data = b"\n".join(lines) + b"\n"
    source = plain(tmp_path / "trace.log", data)
    for number in (0, 17, 2500, 4999):
        place = past.place_of_time(source, (START + datetime.timedelta(seconds=number)).timestamp(), len(data))
        assert texts(past.after(source, place, len(data), 1, ALL, REDACTOR)) == [lines[3 * number]]


def test_a_file_without_stamps_says_so(tmp_path: Path) -> None:
    source = plain(tmp_path / "a.log", b"one\ntwo\n")
    with pytest.raises(past.NoPlace, match="no time stamps"):
        past.place_of_time(source, 0.0, 8)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"2026-11-24T08:30:00Z x", "2026-11-24T08:30:00+00:00"),
        (b'{"level":"info","time":"2026-11-24T08:30:00.250+02:00"}', "2026-11-24T06:30:00.250+00:00"),
        (b"2026-11-24 08:30:00,123 INFO x", "2026-11-24T08:30:00.123"),
        (b"2026/11/24 08:30:00 [error] 1#1: x", "2026-11-24T08:30:00"),
        (b'1.2.3.4 - - [24/Nov/2026:08:30:00 +0100] "GET / HTTP/1.1" 200', "2026-11-24T07:30:00+00:00"),
        (b"Nov 24 08:30:00 host app[1]: x", "2026-11-24T08:30:00"),
        (b"Dec  3 08:30:00 host app[1]: of the year before", "2025-12-03T08:30:00"),
        (b"[Tue Nov 24 08:30:00.500000 2026] [core:error] x", "2026-11-24T08:30:00.500"),
        (b"1795509000 x", "2026-11-24T08:30:00+00:00"),
        (b"1795509000.5 x", "2026-11-24T08:30:00.500+00:00"),
        (b'{"level":30,"time":1795509000123,"msg":"x"}', "2026-11-24T08:30:00.123+00:00"),
        (b"2026-02-31 08:30:00 no such day", None),
        (b"a line without one", None),
        (b"12345 bytes", None),
    ],
)
def test_the_usual_time_stamps_are_understood(line: bytes, expected: str | None) -> None:
    latest = datetime.datetime(2026, 11, 24, 12).timestamp()
    wanted = datetime.datetime.fromisoformat(expected).timestamp() if expected else None
    assert times.of_line(line, latest) == (pytest.approx(wanted, abs=0.001) if wanted else None)


def test_a_huge_line_costs_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.log"
    path.write_bytes(b"first\n")
    os.truncate(path, 200_000_000)
    with path.open("ab") as file:
        file.write(b"\nlast\n")
    source = Source(os.open(path, os.O_RDONLY), "-")
    before = peak()
    page = past.before(source, source.size(), 2, ALL, REDACTOR)
    assert [(offset, len(text) < 70_000) for offset, text in page.lines] == [(6, True), (200_000_001, True)]
    forth = past.after(source, 6, source.size(), 2, ALL, REDACTOR)
    assert [offset for offset, _ in forth.lines] == [6, 200_000_001]
    assert len(outgoing.whole_line(ended(source), 6, REDACTOR)) < outgoing.MAX_LINE_BYTES + 100
    assert peak() - before < 40_000, "kilobytes"


def peak() -> int:
    """The most memory this process ever had, in kilobytes."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def test_wide_characters(tmp_path: Path) -> None:
    lines = ["erste Zeile", "日志 𝄞 Ċ਀", "password=hunter2", "letzte"]
    data = "\n".join(lines).encode("utf-16-le") + "\n".encode("utf-16-le")
    source = plain(tmp_path / "wide.log", b"\xff\xfe" + data)
    for found in (walk_back(source, source.size(), 2), walk_on(source, 0, source.size(), 2)):
        assert [text.decode().lstrip("\ufeff") for text in found] == [lines[0], lines[1], "password=*******", lines[3]]
    raw = b"".join(outgoing.raw(ended(source), 0, None, REDACTOR))
    assert raw.decode("utf-16").splitlines() == [lines[0], lines[1], "password=*******", lines[3]]


def test_a_wide_line_that_is_too_long_to_look_for_its_beginning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "BLOCK_BYTES", 1000)
    monkeypatch.setattr(reader, "MAX_BACK_BYTES", 4000)
    data = "\ufefffirst\n".encode("utf-16-le") + "\u0a0a".encode("utf-16-le") * 6001
    source = plain(tmp_path / "wide.log", data)
    assert source.start_of_last_line(len(data)) == len(data) - 4000
    with (tmp_path / "wide.log").open("ab") as file:
        file.write("\nlast\n".encode("utf-16-le"))
    end = source.size()
    assert source.start_of_last_lines(end, 1) == end - 10
    assert end - 4100 <= source.start_of_last_lines(end, 9) <= end - 10
    assert source.start_of_last_line(end) == end


def test_the_index_stays_small_and_grows_with_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatapp.logs.index.MAX_COUNTS", 8)
    path = tmp_path / "a.log"
    source = plain(path, DATA)
    index = Index(source)
    assert index.place_of(source, 10_000, len(DATA)) == DATA.index(LINES[9999])
    with path.open("ab") as file:
        file.write(DATA)
    assert index.fits(source)
    assert index.place_of(source, 30_001, 2 * len(DATA)) == len(DATA) + DATA.index(LINES[10_000])
    assert index.covered >= len(DATA)
    assert len(index._counts) <= 9
    path.write_bytes(b"other\n" * 900_000)
    assert not index.fits(source)
    assert STEP_BYTES == 65_536


def test_ranges_of_a_packed_file_are_those_of_what_is_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatapp.logs.packed.MARK_BYTES", 20_000)
    monkeypatch.setattr("chatapp.logs.packed.MAX_MARKS", 4)
    source = packed(tmp_path / "a.log.1.gz", DATA)
    chance = random.Random(5)
    for _ in range(200):
        offset, size = chance.randrange(len(DATA) + 1000), chance.randrange(5000)
        assert source.read(offset, size) == DATA[offset : offset + size]
    assert source.size() == len(DATA)


def test_a_damaged_packed_file_gives_what_can_be_had(tmp_path: Path) -> None:
    path = tmp_path / "a.log.1.gz"
    path.write_bytes(gzip.compress(DATA)[:-40_000])
    source = Packed(os.open(path, os.O_RDONLY), "-", Format())
    assert 0 < source.size() < len(DATA)
    path.write_bytes(b"no gzip at all")
    assert Packed(os.open(path, os.O_RDONLY), "-", Format()).size() == 0


# Which generation is meant.


class NobodyLooks:
    """In place of the feeds: no file is followed."""

    def __init__(self) -> None:
        self.known = Known()

    def current(self, name: str) -> None: ...

    def held(self, name: str, generation: str, offset: int) -> None: ...


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    (tmp_path / "app.log").write_bytes(DATA[:50_000])
    return tmp_path


def pack(path: Path) -> None:
    """As gzip does: it keeps the time of the last change."""
    status, new = path.stat(), path.with_name(f"{path.name}.gz")
    new.write_bytes(gzip.compress(path.read_bytes()))
    os.utime(new, ns=(status.st_atime_ns, status.st_mtime_ns))
    path.unlink()


def history(folder: Path, entry: str = "") -> History:
    feeds: Any = NobodyLooks()
    return History(Catalog((f"{folder}/{entry}",)), feeds)


def test_a_generation_is_found_again_after_it_was_renamed_packed_or_copied(logs: Path) -> None:
    opener = history(logs)
    name = opener.open("app.log", None).source.name
    assert history(logs).open("app.log", None).source.name == name, "the name is the same in another run"
    (logs / "app.log").rename(logs / "app.log.1")
    (logs / "app.log").write_bytes(b"new\n")
    assert opener.open("app.log", None).source.name != name
    assert opener.open("app.log", name).source.read(0, 99) == DATA[:99]
    (logs / "app.log.2.gz").write_bytes(gzip.compress((logs / "app.log.1").read_bytes()))
    (logs / "app.log.1").unlink()
    again = opener.open("app.log", name, 0)
    assert (again.generation, again.file, again.source.read(0, 99)) == (name, "app.log", DATA[:99])
    (logs / "app.log.2.gz").unlink()
    with pytest.raises(Gone):
        opener.open("app.log", name)


def test_a_generation_that_was_empty_when_it_was_named_is_found_again(logs: Path) -> None:
    """As logrotate makes logs: the name tells nothing of the contents, but those who followed the file knew."""
    path = logs / "app.log"
    path.write_bytes(b"")
    followed = Source(os.open(path, os.O_RDONLY))
    path.write_bytes(DATA[:5000])
    followed.beginning = DATA[: generation.FINGERPRINT_BYTES]
    opener = history(logs)
    place = DATA.index(b"\n") + 1
    with pytest.raises(Gone):
        opener.open("app.log", followed.name, place)
    opener.known.learn(followed)
    for move in (lambda: None, lambda: path.rename(logs / "app.log.1"), lambda: pack(logs / "app.log.1")):
        move()
        again = opener.open("app.log", followed.name, place)
        assert (again.generation, again.source.read(0, 99)) == (followed.name, DATA[:99])
        assert opener.beside("app.log", again, None) == (None, None)
    newer = b"newer\n"
    path.write_bytes(newer)
    assert opener.open("app.log", followed.name, place).source.read(0, 99) == DATA[:99]
    beside = opener.beside("app.log", again, None)
    assert [each and each.source.read(0, 99) for each in beside] == [None, newer]


def test_requests_side_by_side_get_what_each_asked_for(logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unpackers are shared among them, and closed when there are too many."""
    monkeypatch.setattr("chatapp.logs.history.MAX_PACKED", 1)
    opener = history(logs)
    name = opener.open("app.log", None).generation
    for number in (1, 2):
        (logs / f"app.log.{number}.gz").write_bytes(gzip.compress(b"%d\n" % number + LINES[number] * 9))
    (logs / "app.log").rename(logs / "app.log.4")
    pack(logs / "app.log.4")
    first, second = opener.open("app.log", name), opener.open("app.log.4.gz", None)
    assert first.source is second.source, "or this shows nothing"
    assert first.generation == name != second.generation
    assert opener.open("app.log.4.gz", None).generation == second.generation
    switching = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    chance = random.Random(8)
    wanted = [[chance.choice(("app.log.1.gz", "app.log.2.gz")) for _ in range(150)] for _ in range(8)]
    try:
        asking = [gevent.spawn(lambda names=names: [opener.open(name, None).file for name in names]) for names in wanted]
        gevent.joinall(asking, raise_error=True)
    finally:
        sys.setswitchinterval(switching)
    assert [one.value for one in asking] == wanted


def test_a_file_that_grew_keeps_its_generation_and_one_that_was_cut_does_not(logs: Path) -> None:
    (logs / "app.log").write_bytes(b"short\n")
    name = history(logs).open("app.log", None).source.name
    with (logs / "app.log").open("ab") as file:
        file.write(DATA[:5000])
    assert history(logs).open("app.log", name).generation == name
    (logs / "app.log").write_bytes(b"other\n")
    with pytest.raises(Gone):
        history(logs).open("app.log", name)


def test_rotated_files_are_told_newest_first(logs: Path) -> None:
    names = ["app.log.1", "app.log.2.gz", "app.log-20261101", "app.log.old", "app.2026-10-01.log", "app.log-20260901.gz"]
    for age, name in enumerate(names):
        (logs / name).write_bytes(gzip.compress(b"x\n") if name.endswith(".gz") else b"x\n")
        os.utime(logs / name, (1_790_000_000 - age * 1000,) * 2)
    for other in ("worker.log", "app.log.gz.tmp", "app.log.txt", "app.logs.1", "app.log.3.zst"):
        (logs / other).write_bytes(b"x\n")
    for entry in ("", "app.log", "*.log"):
        listed = next(file for file in history(logs, entry).files() if file.name == "app.log")
        assert [sibling.name for sibling in listed.siblings] == names
        assert all(sibling.generation for sibling in listed.siblings)
    assert [file.name for file in history(logs, "app.log").files()] == ["app.log"]


def test_a_rotated_file_that_was_still_written_to_is_no_newer_for_that(logs: Path) -> None:
    for name in ("app.log.2", "app.log.1"):
        (logs / name).write_bytes(b"x\n")
    if not kernel.birth(str(logs / "app.log.2")):
        missing("This file system does not tell when a file was made (statx): put the tests' folders on another (TMPDIR).")
    late = time.time() + 1000
    os.utime(logs / "app.log.2", (late, late))
    (listed,) = history(logs, "app.log").files()
    assert [sibling.name for sibling in listed.siblings] == ["app.log.1", "app.log.2"]
    assert [source.identity[1] for source in Surroundings(str(logs / "app.log")).all()] == [
        (logs / name).stat().st_ino for name in ("app.log.2", "app.log.1")
    ]


def test_pages_back_over_the_rotated_files_give_every_line_once(logs: Path) -> None:
    """As a page does: from the end of a file back to its start, then from the end of the next older one."""
    parts = [LINES[at : at + 4000] for at in range(0, 20_000, 4000)]
    names = ["app.log.4.gz", "app.log.3.gz", "app.log.2", "app.log.1", "app.log"]
    for age, (name, part) in enumerate(zip(reversed(names), reversed(parts), strict=True)):
        data = b"\n".join(part) + b"\n"
        (logs / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        os.utime(logs / name, (1_790_000_000 - age * 1000,) * 2)
    found: list[bytes] = []
    for opened in history(logs).with_siblings("app.log"):
        found = walk_back(opened.source, opened.end(), 777) + found
    assert found == LINES


def test_of_a_single_file_only_its_rotated_files_may_be_opened_too(logs: Path) -> None:
    for name in ("app.log.1", "other.log", "other.log.1", "app.log.key", "tls.key.1"):
        (logs / name).write_bytes(b"x\n")
    opener = history(logs, "app.log")
    assert opener.open("app.log.1", None).source.size() == 2
    for name in ("other.log", "other.log.1", "app.log.key", "tls.key.1"):
        with pytest.raises(PermissionError):
            opener.open(name, None)


# Downloads.


def test_any_range_of_a_download_is_that_part_of_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "PIECE_BYTES", 1000)
    monkeypatch.setattr(outgoing, "AROUND_BYTES", 400)
    chance = random.Random(11)
    parts = []
    for _ in range(300):
        parts.append(chance.choice([b"password=hunter2 ", b"plain words ", b"\n", b"token=abcdefgh12345678 ", b"y" * 3000]))
    data = b"".join(parts)
    source = plain(tmp_path / "a.log", data)
    whole = b"".join(outgoing.raw(ended(source), 0, None, REDACTOR))
    assert len(whole) == len(data)
    assert b"hunter2" not in whole
    assert b"abcdefgh" not in whole
    assert whole.replace(b"*", b"") == data.replace(b"hunter2", b"").replace(b"abcdefgh12345678", b"")
    for _ in range(200):
        start = chance.randrange(len(data))
        end = chance.randrange(start, len(data))
        assert b"".join(outgoing.raw(ended(source), start, end, REDACTOR)) == whole[start:end]
