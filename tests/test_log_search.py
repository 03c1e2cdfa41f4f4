"""Searching whole files: what is found, in which order, how it ends, and what it costs others."""

import concurrent.futures
import gc
import gzip
import json
import os
import random
import socket
import subprocess
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from chatapp.logs import scan
from chatapp.logs.conditions import Condition, Filter
from chatapp.logs.generation import Source
from chatapp.logs.history import Gone, Opened
from chatapp.logs.index import Indexes
from chatapp.logs.lines import Format
from chatapp.logs.packed import Packed
from chatapp.logs.redact import Redactor
from chatapp.logs.search import Hit, Search, Wanted
from tests.conftest import PATIENCE, Server, hear, say, wait_until

LINES = [f"line {n} {'x' * (n % 50)}" for n in range(60_000)]
DATA = ("\n".join(LINES) + "\n").encode()


def opened(path: Path) -> Opened:
    fd = os.open(path, os.O_RDONLY)
    return Opened((Packed if path.suffix == ".gz" else Source)(fd, f"generation-of-{path.name}", Format()), path.name, False)


def run(search: Search) -> list[Hit]:
    found: list[Hit] = []
    while not search.finished:
        found += search.step()
    return found


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("search")
    (folder / "a.log").write_bytes(DATA + b"half")
    (folder / "a.log.1").write_bytes(DATA)
    (folder / "a.log.2.gz").write_bytes(gzip.compress(DATA))
    return [folder / "a.log", folder / "a.log.1", folder / "a.log.2.gz"]


def search(files: list[Path], wanted: Filter, newest: bool, limit: int = 100_000, cursor: Any = None) -> Search:
    return Search([opened(path) for path in files], Wanted(wanted, newest, limit, cursor), Redactor(), Indexes())


@pytest.mark.parametrize("ends", ["by its limit", "at once", "half way"])
def test_a_search_that_ends_early_holds_no_file(files: list[Path], ends: str) -> None:
    """Deleted files would keep their place on the disk until the collector comes."""
    gc.collect()
    gc.disable()
    try:
        sources = [opened(path) for path in files]
        held = [weakref.ref(each.source) for each in sources]
        looking = Search(sources, Wanted(Filter(Condition("line")), True, 10), Redactor(), Indexes())
        del sources
        if ends == "half way":
            looking.step()
        if ends == "by its limit":
            run(looking)
        else:
            looking.close()
        assert looking.finished
        del looking
        assert not any(source() for source in held)
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "wanted",
    [
        Filter(Condition("line 5"), Condition("7")),
        Filter(Condition("LINE 55", case=False)),
        Filter(Condition(r"line \d*99 x*$", pattern=True)),
        Filter(Condition(r"\Aline 1.*x\z", pattern=True)),
        Filter(Condition("^.{7}$", pattern=True)),
        Filter(Condition("half")),
        Filter(Condition("not there at all")),
    ],
    ids=lambda wanted: wanted.include.text,
)
def test_exactly_what_matches_is_found_in_order(files: list[Path], wanted: Filter) -> None:
    expected = [line for line in LINES if wanted.passes(line.encode())]
    per_file = [expected + (["half"] if wanted.passes(b"half") else []), expected, expected]
    oldest = run(search(files, wanted, newest=False))
    assert [hit.text for hit in oldest] == [text for texts in reversed(per_file) for text in texts]
    assert [hit.text for hit in run(search(files, wanted, newest=True))] == [hit.text for hit in reversed(oldest)]
    for hit in oldest[:50]:
        assert hit.text == (DATA + b"half")[hit.offset :].split(b"\n", 1)[0].decode()


@pytest.mark.parametrize("newest", [False, True])
def test_a_search_goes_on_from_its_last_hit(files: list[Path], newest: bool) -> None:
    wanted = Filter(Condition("line 5"))
    whole = [(hit.file, hit.offset) for hit in run(search(files, wanted, newest))]
    found: list[tuple[str, int]] = []
    cursor = None
    while True:
        part = search(files, wanted, newest, 4321, cursor)
        found += [(hit.file, hit.offset) for hit in run(part)]
        if not part.more:
            break
        cursor = part.last
    assert found == whole


@pytest.mark.parametrize("newest", [False, True])
@pytest.mark.parametrize("first", ["hello", "hello" + "x" * 3_000_000])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_the_first_line_begins_behind_the_byte_order_mark(tmp_path: Path, first: str, encoding: str, newest: bool) -> None:
    text = f"\ufeff{first}\nno hello\n"
    for path, data in (("a.log", text.encode(encoding)), ("a.log.1.gz", gzip.compress(text.encode(encoding), 1))):
        (tmp_path / path).write_bytes(data)
        hits = run(search([tmp_path / path], Filter(Condition("^hello", pattern=True)), newest))
        assert [(hit.offset, hit.text[:6]) for hit in hits] == [(0, first[:6])]


@pytest.mark.parametrize("newest", [False, True])
def test_a_search_whose_last_hit_is_nowhere_says_so(files: list[Path], newest: bool) -> None:
    with pytest.raises(Gone):
        search(files, Filter(Condition("line 5")), newest, cursor=("1-2-3-0123456789abcdef-00000000-0", 5))


def test_how_far_it_is_grows_up_to_the_size(files: list[Path]) -> None:
    for newest in (False, True):
        going = search(files, Filter(Condition("not there")), newest)
        seen = [going.done]
        while not going.finished:
            going.step()
            seen.append(going.done)
        assert seen == sorted(seen)
        assert seen[-1] == going.size == sum(path.stat().st_size for path in files)


def test_a_known_line_number_is_told(files: list[Path]) -> None:
    indexes, source = Indexes(), opened(files[0])
    indexes.of(source.source).place_of(source.source, 50_000, len(DATA))
    looking = Search([source], Wanted(Filter(Condition("line 4321 ")), True, 10), Redactor(), indexes)
    assert [hit.line for hit in run(looking)] == [4322]


def test_of_a_long_line_the_part_around_the_hit_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"y" * 500_000 + "€ needle €".encode() + b"z" * 3_000_000 + b" hay\nneedle\n")
    for newest in (False, True):
        hits = run(search([path], Filter(Condition("needle")), newest))
        assert sorted(hit.offset for hit in hits) == [0, path.stat().st_size - 7]
        long = next(hit for hit in hits if not hit.offset)
        assert "€ needle €" in long.text
        assert len(long.text) < 5000


#: Parts of long lines: what is to be found lies at every place of a piece, and across the borders of two.
@pytest.mark.parametrize("newest", [False, True])
def test_a_long_line_is_searched_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, newest: bool) -> None:
    monkeypatch.setattr(scan, "PIECE_BYTES", 1000)
    monkeypatch.setattr("chatapp.logs.search.PIECE_BYTES", 1000)
    monkeypatch.setattr(scan, "OVERLAP_BYTES", 100)
    chance = random.Random(17)
    lines = []
    for _ in range(150):
        line = bytearray(chance.choice(b"abc ") for _ in range(chance.choice((5, 300, 999, 1000, 1001, 2500, 4000))))
        if len(line) > 50:
            for word in chance.sample((b"needle", b"hay", b"^x$", b"password=hunter2 ", b"ghp_" + b"q1" * 20 + b" "), 2):
                at = chance.randrange(len(line) - 45)
                line[at : at + len(word)] = word
        lines.append(bytes(line) + chance.choice((b"", b"\r", b"needle", b"end")))
    path = tmp_path / "a.log"
    path.write_bytes(b"\n".join(lines) + chance.choice((b"", b"\n")))
    black = [Redactor().line(line.removesuffix(b"\r")) for line in lines]
    for wanted in (
        Filter(Condition("needle")),
        Filter(Condition("NEEDLE", case=False), Condition("hay")),
        Filter(Condition("end$", pattern=True)),
        Filter(Condition("^[ab]", pattern=True), Condition("c$", pattern=True)),
        Filter(Condition(r"\Aa|b\z", pattern=True)),
        Filter(Condition("hunter2")),
        Filter(Condition("q1q1")),
        Filter(Condition(r"\*{4}", pattern=True)),
    ):
        assert wanted.include is not None
        offsets, place = [], 0
        for written, shown in zip(lines, black, strict=True):
            offsets += [place] if wanted.passes(shown) else []
            place += len(written) + 1
        found = [hit.offset for hit in run(search([path], wanted, newest))]
        assert (found[::-1] if newest else found) == offsets, wanted


@pytest.mark.parametrize("newest", [False, True])
def test_what_grep_finds_is_found(tmp_path: Path, newest: bool) -> None:
    """On random lines of odd kinds, with grep as the judge; and each line once, though the search is cut into parts."""
    chance = random.Random(23)
    words = [
        b"error",
        b"ERROR",
        b"a.b",
        b"[x]",
        "ошибка".encode(),
        "日志".encode(),
        b"",
        b" ",
        b"\t",
        b"\xff\xfe",
        b"\x1b[31m",
        b"x" * 70_000,
    ]
    odds = [30, 10, 10, 10, 10, 10, 20, 30, 5, 5, 5, 1]
    for round_ in range(6):
        lines = [b"".join(chance.choices(words, odds, k=chance.randrange(12))) for _ in range(3000)]
        path = tmp_path / f"{round_}.log"
        path.write_bytes(b"\n".join(lines) + chance.choice((b"", b"\n")))
        for text, pattern, case in (
            ("error", 0, 1),
            ("error", 0, 0),
            ("a.b", 0, 1),
            ("[x]", 0, 1),
            ("^error.*x$", 1, 1),
            ("(a.b|日志) ", 1, 0),
        ):
            switches = ["-b", "-a", "-E" if pattern else "-F", *([] if case else ["-i"])]
            ended = subprocess.run(["grep", *switches, "--", text, path], capture_output=True, check=False)
            expected = [int(line.split(b":", 1)[0]) for line in ended.stdout.split(b"\n") if line]
            found: list[int] = []
            cursor = None
            while True:
                part = search([path], Filter(Condition(text, bool(pattern), bool(case))), newest, 500, cursor)
                found += [hit.offset for hit in run(part)]
                if not part.more:
                    break
                cursor = part.last
            assert (found[::-1] if newest else found) == expected, (text, round_)


# On a server.


def stream(server: Server, **query: Any) -> list[dict[str, Any]]:
    status, body, headers = server.get(f"/api/logs/a.log/search?{urlencode(query)}")
    assert status == 200, body
    assert headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in body.splitlines()]


@pytest.fixture(scope="module")
def found_in(_serve_for_module: Callable[..., Server]) -> Server:
    server = _serve_for_module()
    (server.logs_dir / "a.log").write_bytes(DATA)
    (server.logs_dir / "a.log.1").write_bytes(b"old line 777\n")
    (server.logs_dir / "a.log.2.gz").write_bytes(gzip.compress(b"oldest LINE 777\n"))
    for age, name in enumerate(("a.log.1", "a.log.2.gz"), 1):
        os.utime(server.logs_dir / name, (1_790_000_000 - age * 1000,) * 2)
    return server


def test_it_streams_progress_hits_and_an_end(found_in: Server) -> None:
    said = stream(found_in, text="line 777", siblings=1)
    assert list(said[0]) == ["progress"]
    hits = [message["hit"] for message in said if "hit" in message]
    assert [hit["file"] for hit in hits[-2:]] == ["a.log.1", "a.log.2.gz"]
    assert len(hits) == 11 + 2
    assert said[-1]["done"]["hits"] == 13
    assert said[-1]["done"]["complete"]
    assert said[-1]["done"]["done"] == said[-1]["done"]["size"]
    for hit in hits:
        address = f"/api/logs/a.log/lines?generation={hit['generation']}&after={hit['offset']}&limit=1"
        assert json.loads(found_in.get(address)[1])["lines"] == [[hit["offset"], hit["text"]]]


def test_its_switches(found_in: Server) -> None:
    def texts(**query: Any) -> list[str]:
        return [message["hit"]["text"] for message in stream(found_in, siblings="true", **query) if "hit" in message]

    assert texts(text="LINE 777", case=1) == ["oldest LINE 777"]
    assert texts(text="^old", pattern=1) == ["old line 777", "oldest LINE 777"]
    assert texts(text="^old", pattern=1, **{"from": "oldest"}) == ["oldest LINE 777", "old line 777"]
    assert texts(**{"text": "line 777", "not": "line 777 "}) == [
        *[line for line in reversed(LINES) if "line 777" in line and "line 777 " not in line],
        "old line 777",
        "oldest LINE 777",
    ]


def test_hits_are_bounded_and_one_can_go_on(found_in: Server) -> None:
    first = stream(found_in, text="line", limit=100)
    end = first[-1]["done"]
    assert (end["hits"], end["more"], end["complete"]) == (100, True, False)
    second = stream(found_in, text="line", limit=100, cursor=end["cursor"])
    offsets = [message["hit"]["offset"] for message in first + second if "hit" in message]
    assert len(offsets) == 200
    assert offsets == sorted(set(offsets), reverse=True)


def big(server: Server, size: int) -> Path:
    """A large file without what is looked for."""
    path = server.logs_dir / "a.log"
    block = b"2026-11-24 08:00:00.123 INFO [123] app.module: GET /api/items/4711 took 17 ms\n" * 13_000
    with path.open("wb") as file:
        while file.tell() < size:
            file.write(block)
    return path


@pytest.mark.parametrize("order", ["oldest", "newest"])
def test_a_search_ends_when_its_client_leaves(serve: Callable[..., Server], order: str) -> None:
    server = serve()
    path = big(server, 10_000_000)
    os.truncate(path, 400_000_000_000)  # a hole that would take minutes
    head = f"GET /api/logs/a.log/search?text=nothing&from={order} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as link:
        link.sendall(head.encode())
        said = b""
        while said.count(b'"progress"') < 2:
            said += link.recv(65_536)
    wait_until(lambda: '/search HTTP/1.1" 200' in server.said(), "the search to end")


def test_the_chat_goes_on_while_files_are_searched(serve: Callable[..., Server]) -> None:
    """Nobody waits for a search: neither for one that finds nothing nor for one in which every line is to be looked at."""
    server = serve(MESSAGE_RATE=0)
    big(server, 200_000_000)
    searches: list[int] = []  # how many messages went to and fro during each

    def look(**query: Any) -> None:
        before = messages
        stream(server, limit=5000, **query)
        searches.append(messages - before)

    messages = 0
    with server.connect() as client, concurrent.futures.ThreadPoolExecutor(2) as pool:
        looking = [pool.submit(look, text="nothing") for _ in range(2)]
        looking += [pool.submit(look, text="took [0-9]+ sec|items/x", pattern=1) for _ in range(2)]
        while not all(look.done() for look in looking):
            say(client, "ping")
            hear(client)
            messages += 1
    assert [look.exception() for look in looking] == [None] * 4
    assert min(searches) > 10, "one that blocks the hub for a whole file lets one or two through"
