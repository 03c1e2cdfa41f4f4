"""What was measured: the samples of all runs, written to `results.json` as they come, and their medians.

A sample is what the generator printed. A figure is told if most runs have it: it is missing where the generator was the
limit, where the server failed, and where it is measured in one run only.
"""

import dataclasses
import json
import statistics
from pathlib import Path
from typing import Any

from bench.cases import CASES, TARGETS, Case, Target
from bench.servers import SERVERS, original_of

Sample = dict[str, Any]

#: Figures of connections that are held, which no generator can limit.
HELD = ("memory_kb", "rest_core")


@dataclasses.dataclass(frozen=True)
class Told:
    """One figure of several runs."""

    median: float
    least: float
    most: float


class Results:
    """Everything of one call of the bench."""

    def __init__(self, folder: Path, about: dict[str, Any]) -> None:
        self.folder = folder
        self.about = about
        self.samples: dict[str, dict[str, list[Sample]]] = {}

    @classmethod
    def read(cls, folder: Path) -> "Results":
        """Those that are there."""
        told = json.loads((folder / "results.json").read_text())
        results = cls(folder, told["about"])
        results.samples = told["samples"]
        return results

    def add(self, case: Case, server: str, sample: Sample) -> None:
        """One more sample, kept at once."""
        self.samples.setdefault(case.key, {}).setdefault(server, []).append(sample)
        self.write()

    def write(self) -> None:
        """Keep what there is."""
        self.folder.mkdir(parents=True, exist_ok=True)
        told = {"about": self.about, "samples": self.samples, "summary": self.summary(), "targets": self.targets()}
        temporary = self.folder / "results.json.new"
        temporary.write_text(json.dumps(told, indent=1) + "\n")
        temporary.replace(self.folder / "results.json")

    # One server in one case.

    def of(self, case: str, server: str) -> list[Sample]:
        """Its samples."""
        return self.samples.get(case, {}).get(server, [])

    def told(self, case: str, server: str, figure: str) -> Told | None:
        """The median of its runs, or nothing if it can't be told."""
        samples = self.of(case, server)
        values = [sample[figure] for sample in samples if sample.get(figure) is not None]
        if not values or self.is_limited(case, server, figure):
            return None
        return Told(statistics.median(values), min(values), max(values))

    def is_limited(self, case: str, server: str, figure: str = "") -> bool:
        """Whether the generator was the limit in half of the runs or more; of this figure, or of any."""
        samples = self.of(case, server)
        limited = sum(bool(sample.get("limited")) for sample in samples) * 2 >= max(1, len(samples))
        return limited and figure not in HELD

    def ratio(self, case: str, figure: str, server: str, against: str) -> float | None:
        """Of the medians."""
        ours, theirs = self.told(case, server, figure), self.told(case, against, figure)
        return ours.median / theirs.median if ours and theirs and theirs.median else None

    def wrong(self) -> list[str]:
        """What this server did wrong: a sentence each."""
        sentences = []
        for case, servers in self.samples.items():
            for server, samples in servers.items():
                if SERVERS[server].is_ours:
                    sentences += [
                        f"{case}, {SERVERS[server].name}: {fault}" for sample in samples if (fault := fault_of(sample))
                    ]
        return sentences

    # All of it.

    def others(self) -> float:
        """What other programs had of a core meanwhile."""
        all_samples = (sample for servers in self.samples.values() for samples in servers.values() for sample in samples)
        shares = [float(sample["others_core"]) for sample in all_samples if "others_core" in sample]
        return statistics.median(shares) if shares else 0.0

    def summary(self) -> dict[str, Any]:
        """Medians, spreads and ratios, for programs."""
        return {
            case.key: {server: self.summary_of(case, server) for server in case.servers if self.of(case.key, server)}
            for case in CASES
            if case.key in self.samples
        }

    def summary_of(self, case: Case, server: str) -> dict[str, Any]:
        """Those of one server in one case."""
        original = original_of(SERVERS[server])
        told: dict[str, Any] = {
            "runs": len(self.of(case.key, server)),
            "generator_limited": self.is_limited(case.key, server),
        }
        for figure in case.figures:
            value = self.told(case.key, server, figure.key)
            if value:
                ratio = self.ratio(case.key, figure.key, server, original)
                told[figure.key] = {**dataclasses.asdict(value), "of_the_original": ratio}
        for share in ("server_core", "generator_core"):
            values = [sample[share] for sample in self.of(case.key, server) if share in sample]
            told[share] = statistics.median(values) if values else None
        return told

    def targets(self) -> list[dict[str, Any]]:
        """Which targets there are, and what became of them."""
        return [dataclasses.asdict(target) | dataclasses.asdict(self.reached(target)) for target in TARGETS]

    def reached(self, target: Target) -> "Reached":
        """What became of one."""
        value = self.told(target.case, target.server, target.figure)
        other = self.told(target.case, target.against, target.figure) if target.against else None
        measured = value.median if value else None
        if target.against:
            measured = self.ratio(target.case, target.figure, target.server, target.against)
        reached = None
        if measured is not None:
            reached = (target.least is None or measured >= target.least) and (target.most is None or measured <= target.most)
        return Reached(value.median if value else None, other.median if other else None, measured, reached)


@dataclasses.dataclass(frozen=True)
class Reached:
    """A target beside what was measured."""

    ours: float | None
    theirs: float | None
    measured: float | None
    is_reached: bool | None


def fault_of(sample: Sample) -> str:
    """What a server did wrong in one run; empty if nothing."""
    if "failed" in sample:
        return str(sample["failed"])
    faults = [f"{sample[key]:,} {key}" for key in ("lost", "doubled", "swapped") if sample.get(key)]
    if sample.get("missing") and not sample.get("lost"):
        faults.append(f"{sample['missing']:,} missing")
    if sample.get("orders", 1) != 1 and not sample.get("lost"):
        faults.append(f"{sample['orders']} orders")
    if sample.get("closed"):
        faults.append(f"{sample['closed']} clients closed")
    return ", ".join(faults)
