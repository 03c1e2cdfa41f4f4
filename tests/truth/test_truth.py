"""The truth test in its short form, over real servers (`make truth` is the long one)."""

import shutil
import tempfile
from pathlib import Path

import pytest

from tests.truth.__main__ import report
from tests.truth.run import OURS, try_out

OPERATIONS = 500
#: Any seed will do; a fixed one makes a failure easier to look into.
SEED = 20_261_124


@pytest.mark.timeout(240)
def test_what_viewers_are_told_is_what_was_written() -> None:
    folder = Path(tempfile.mkdtemp(prefix="truth-"))
    try:
        outcome = try_out(folder, OPERATIONS, SEED)
    finally:
        shutil.rmtree(folder)
    print(report(outcome))
    assert outcome.clean
    # It was a trial: everything was tried, and much of what was written could be seen.
    operations = outcome.truth.operations
    assert operations.total() == OPERATIONS
    assert {name.split(" (")[0] for name in operations} >= {"append", "rotate", "truncate", "delete", "chmod", "stop"}
    assert len({name for name in operations if name.startswith("rotate (")}) >= 4
    for name in OURS:
        verdict = outcome.verdicts[name]
        assert verdict.lines > 500
        assert verdict.lines > verdict.excused
