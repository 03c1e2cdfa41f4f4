"""Two servers behind nginx are restarted in turn under load, and nobody misses anything."""

from pathlib import Path

import pytest

from tests.proof.__main__ import report
from tests.proof.apart import run_apart
from tests.proof.rolling import ENOUGH, roll

ROUNDS = 2
SEED = 20_261_143


@pytest.mark.timeout(240)
def test_restarting_one_server_after_the_other_loses_nothing_and_refuses_nobody(tmp_path: Path) -> None:
    outcome = run_apart(roll(tmp_path, ROUNDS, SEED))
    print(report(outcome, SEED))
    assert outcome.clean
    counts = outcome.tally.counts
    assert counts["refused connections"] == 0
    assert counts["restarts"] == 2 * ROUNDS
    # It was a trial: each server had clients when it was stopped, which went on where they had been.
    assert counts["clients moved"] >= 2 * ROUNDS * ENOUGH
    assert min(counts[what] for what in ("closed with 1001", "resumed", "sent again")) > 5
    assert outcome.messages > 200
