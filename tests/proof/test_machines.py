"""The proof over two servers with one PostgreSQL, in its short form (`make proof-machines` is the long one)."""

from pathlib import Path

import pytest

from tests.conftest import missing
from tests.postgres_server import programs
from tests.proof.__main__ import report
from tests.proof.apart import run_apart
from tests.proof.machines import prove

KILLS = 4
#: With this one there are kills of all kinds, and the network is cut, and stalls for longer than a server waits.
SEED = 20_308_737


@pytest.mark.timeout(240)
def test_nothing_is_lost_doubled_or_reordered_whatever_becomes_of_the_database(tmp_path: Path) -> None:
    if programs() is None:
        missing("PostgreSQL is not installed: bin/need-postgres tells more")
    outcome = run_apart(prove(tmp_path, KILLS, SEED))
    print(report(outcome, SEED))
    assert outcome.clean
    counts = outcome.tally.counts
    assert all(counts[f"kills of {what}"] for what in ("a worker", "a server", "the database"))
    assert counts["stalls of the network"]
