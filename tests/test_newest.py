"""Searching a packed file for its newest hits first: which are found, and how little is looked at for them."""

import gzip
import random
from pathlib import Path

import pytest

from chatapp.logs import newest, scan
from chatapp.logs.conditions import Condition, Filter
from chatapp.logs.lines import Line
from tests.test_log_search import run, search


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "PIECE_BYTES", 10_000)
    monkeypatch.setattr(newest, "WAITING_BYTES", 100_000)


def packed(folder: Path, lines: list[str]) -> Path:
    path = folder / "a.log.1.gz"
    path.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode(), 1))
    return path


@pytest.mark.parametrize("seed", range(6))
def test_page_by_page_every_hit_comes_once(tmp_path: Path, seed: int) -> None:
    """However many there are in a piece, and whether or not they are hidden."""
    chance = random.Random(seed)
    share = chance.choice([0.001, 0.02, 0.9])
    words = ["needle", "password=needle", "needle password=hidden"]
    lines = [f"{n} {chance.choice(words) if chance.random() < share else 'hay'} {'x' * (n % 90)}" for n in range(20_000)]
    path = packed(tmp_path, lines)
    wanted, limit = Filter(Condition("needle")), chance.choice([7, 100, 5000])
    expected = [n for n, line in enumerate(lines) if " needle" in line][::-1]
    found: list[int] = []
    cursor = None
    while True:
        part = search([path], wanted, True, limit, cursor)
        hits = run(part)
        assert len(hits) <= limit
        found += [int(hit.text.split(" ", 1)[0]) for hit in hits]
        if not part.more:
            break
        assert hits, "there was to be more"
        cursor = part.last
        if len(found) > 10 * limit:  # enough, where that would take long
            break
    assert found == expected[: len(found)]
    assert part.more or len(found) == len(expected)


def test_of_many_hits_only_the_newest_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[int] = []
    look = scan.Scan._in_piece

    def counted(self: scan.Scan, offset: int, data: bytes | bytearray, begin: int, end: int) -> list[Line]:
        looked_at.append(offset)
        return look(self, offset, data, begin, end)

    monkeypatch.setattr(scan.Scan, "_in_piece", counted)
    lines = [f"line {n} {'x' * 50}" for n in range(30_000)]
    path = packed(tmp_path, lines)
    part = search([path], Filter(Condition("line")), True, 100)
    assert [hit.text for hit in run(part)] == lines[:-101:-1]
    assert part.more
    assert len(looked_at) < 50, "of some 190 pieces"


def test_long_hits_do_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newest, "KEPT_BYTES", 50_000)
    lines = [f"line {n} {'x' * 1000}" for n in range(3000)]
    path = packed(tmp_path, lines)
    part = search([path], Filter(Condition("line")), True, 1000)
    hits = run(part)
    assert part.more
    assert 40 <= len(hits) <= 50
    assert [hit.text for hit in hits] == lines[: -len(hits) - 1 : -1]
