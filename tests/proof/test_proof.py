"""The proof in its short form, over a real server (`make proof` is the long one)."""

from pathlib import Path

import pytest

from tests.proof.__main__ import report
from tests.proof.apart import run_apart
from tests.proof.run import prove

KILLS = 6
#: How many workers the server has, and a seed with which every kind of fault happens within six kills, and soon; the
#: make targets take any.
TRIALS = {1: 20_279_494, 4: 20_276_188}


@pytest.mark.timeout(240)
@pytest.mark.parametrize("workers", TRIALS)
def test_nothing_is_lost_doubled_or_reordered_over_six_kills(tmp_path: Path, workers: int) -> None:
    seed = TRIALS[workers]
    outcome = run_apart(prove(tmp_path / "server", KILLS, seed, workers=workers))
    print(report(outcome, seed))
    assert outcome.clean
    counts = outcome.tally.counts
    assert counts["kills"] >= KILLS
    assert all(counts[what] for what in ("kills of the worker", "kills of the master", "restarts", "reloads", "overlaps"))
