"""What came out of the Autobahn test suite: counted by section, and what is wrong. Pure.

`behavior` of a case is OK, FAILED, or what the suite lets pass: NON-STRICT (right, but later than could be), INFORMATIONAL
(the standard leaves it open), UNIMPLEMENTED (an offer of compression that was not taken). `behaviorClose` judges the end of
the connection.
"""

import collections
from collections.abc import Mapping
from typing import Any

from tests.conformance.cases import TITLES, Part

#: By server, by case.
Reports = Mapping[str, Mapping[str, Mapping[str, Any]]]

COLUMNS = {
    "OK": "passed",
    "NON-STRICT": "passed, not strictly",
    "INFORMATIONAL": "either is right",
    "UNIMPLEMENTED": "offer not taken",
    "FAILED": "failed",
}
_PASSED = ("OK", "NON-STRICT", "INFORMATIONAL", "UNIMPLEMENTED")
_CLOSED_WELL = ("OK", "INFORMATIONAL")


def outcome(report: Mapping[str, Any]) -> str:
    """What came out of one case; whatever is not known to be well has failed."""
    well = report.get("behavior") in _PASSED and report.get("behaviorClose") in _CLOSED_WELL
    return str(report["behavior"]) if well else "FAILED"


def wrong(part: Part, servers: Mapping[str, str], reports: Reports) -> list[str]:
    """A line for each case that failed, and for each server of which not all cases were run."""
    lines = []
    for server in servers:
        cases = reports.get(server, {})
        if len(cases) != part.count:
            lines.append(f"{server}: {len(cases)} of the {part.count} cases of the part {part.name} were run")
        for case, report in cases.items():
            if outcome(report) == "FAILED":
                lines.append(f"{server}: case {case}: {report.get('behavior')}, closing {report.get('behaviorClose')}")
    return lines


def table(cases: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The outcomes of one server by section, as the lines of a table in Markdown."""
    counts: dict[int, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for case, report in cases.items():
        counts[int(case.split(".")[0])][outcome(report)] += 1
    lines = [f"| section | {' | '.join(COLUMNS.values())} |", f"|---{'|---' * len(COLUMNS)}|"]
    for section in sorted(counts):
        lines.append(_row(f"{section} {TITLES.get(section, '')}".strip(), counts[section]))
    return [*lines, _row("all", sum(counts.values(), collections.Counter()))]


def _row(name: str, counts: Mapping[str, int]) -> str:
    return f"| {name} | {' | '.join(str(counts.get(column) or '') for column in COLUMNS)} |"
