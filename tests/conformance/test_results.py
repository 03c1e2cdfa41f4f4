"""A case that fails, or was not run, is seen."""

import pytest

from tests.conformance import results
from tests.conformance.cases import BY_NAME, PARTS, Part

TWO = Part("two", ("1.1.1", "6.4.3"), (), 2, 1)
SERVERS = {"one": "ws://x/"}
GOOD = {"behavior": "OK", "behaviorClose": "OK"}
LATE = {"behavior": "NON-STRICT", "behaviorClose": "OK"}


def test_all_is_well() -> None:
    reports = {"one": {"1.1.1": GOOD, "6.4.3": LATE}}
    assert results.wrong(TWO, SERVERS, reports) == []
    assert results.table(reports["one"])[2:] == [
        "| 1 framing | 1 |  |  |  |  |",
        "| 6 UTF-8 |  | 1 |  |  |  |",
        "| all | 1 | 1 |  |  |  |",
    ]


@pytest.mark.parametrize(
    "bad",
    [
        {"behavior": "FAILED", "behaviorClose": "OK"},
        {"behavior": "OK", "behaviorClose": "WRONG CODE"},
        {"behavior": "OK", "behaviorClose": "UNCLEAN"},
        {"behavior": "WHAT", "behaviorClose": "OK"},
        {},
    ],
)
def test_what_is_not_known_to_be_well_has_failed(bad: dict[str, str]) -> None:
    reports = {"one": {"1.1.1": GOOD, "6.4.3": bad}}
    (line,) = results.wrong(TWO, SERVERS, reports)
    assert "6.4.3" in line
    assert results.table(reports["one"])[-1] == "| all | 1 |  |  |  | 1 |"


def test_cases_that_were_not_run_are_missed() -> None:
    assert len(results.wrong(TWO, SERVERS, {"one": {"1.1.1": GOOD}})) == 1
    assert len(results.wrong(TWO, SERVERS, {})) == 1


def test_compression_is_run_in_two_parts() -> None:
    assert not set(BY_NAME["compression"].cases) & set(BY_NAME["long"].cases)
    assert all(part.count == len(part.cases) for part in PARTS if part.cases[0].startswith("12"))
    assert sum(part.count for part in PARTS) == 517, "all that the suite has"
