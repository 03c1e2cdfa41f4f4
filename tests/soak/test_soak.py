"""The soak in its short form: what clients, viewers and requests have cost is gone with them. Memory is not judged."""

from pathlib import Path

from tests.proof.apart import run_apart
from tests.soak import judging
from tests.soak.days import SHORT
from tests.soak.judging import Quiet, grown, left
from tests.soak.run import soak
from tests.soak.samples import Sample


def test_nothing_is_left_when_everybody_has_gone(tmp_path: Path) -> None:
    outcome = run_apart(soak(tmp_path / "soak", SHORT, workers=2, seed=7))
    print(dict(outcome.counts))
    assert outcome.trouble == []
    # There was something to be left.
    counts = outcome.counts
    assert min(counts["connections"], counts["messages sent"], counts["messages heard"]) > 20
    assert min(counts[what] for what in ("looks at logs", "rotations", "HTTP 200")) > 0
    assert max(sample.clients for sample in outcome.samples) > 0


def sample(**more: int) -> Sample:
    numbers = dict.fromkeys(Sample._fields, 0) | {"sockets": 2, "greenlets": 1, "own_kb": 40_000} | more
    return Sample(**{name: float(value) if name in ("at", "told") else value for name, value in numbers.items()})  # type: ignore[arg-type]


def test_what_was_not_given_back_is_seen() -> None:
    assert left(sample(), sample(threads=10, store=9, greenlets=5)) == []
    for kind in judging.GONE:
        assert len(left(sample(), sample(**{kind: 3}))) == 1, kind
    for kind, most in judging.KEPT.items():
        assert len(left(sample(), sample(**{kind: most + 2}))) == 1, kind


def test_memory_that_grows_and_grows_is_seen() -> None:
    def quiets(*sizes: int) -> list[Quiet]:
        return [Quiet(number, {1: sample(own_kb=size)}) for number, size in enumerate(sizes)]

    assert grown(quiets(30_000, 60_000, 70_000, 70_000, 70_500, 70_200)) == []
    assert len(grown(quiets(30_000, 40_000, 50_000, 60_000, 70_000, 80_000))) == 1
