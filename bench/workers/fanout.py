"""Fan-out of several workers against one, with the load generator of the whole bench (`bench.load`).

Workers and load share all cores of the machine, so what one takes the others lack. So beside the rate stands what it is for
a second of the server's processor time, all workers together, and how many cores these and the load had.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from bench.load.job import Job
from bench.serving import TOP, median
from bench.suite import PATIENCE
from bench.workers import Row

#: What is sent, and in how many runs.
LOADS: dict[str, dict[str, Any]] = {
    "1,000 clients, 10 senders, 16 in flight each": {"clients": 1000, "senders": 10, "window": 16},
    "100 clients, 10 senders, 1 in flight each": {"clients": 100, "senders": 10, "window": 1},
    "1,000 clients, 100 messages a second": {"clients": 1000, "senders": 10, "rate": 100.0},
}
RUNS = 3
QUICK: dict[str, Any] = {"clients": 100, "warm": 0.2, "seconds": 0.5}

Sample = dict[str, Any]
#: Starts a server with so many workers in a folder, and yields its process.
Serve = Callable[[Path, int], AbstractContextManager[int]]


def fan_out(serve: Serve, port: int, workers: int, runs: int = RUNS, quick: bool = False) -> list[Row]:
    """All loads, one worker and several in turn."""
    rows = []
    for what, load in LOADS.items():
        samples: dict[int, list[Sample]] = {1: [], workers: []}
        for run in range(runs):
            for count in (1, workers) if run % 2 == 0 else (workers, 1):
                with tempfile.TemporaryDirectory() as folder, serve(Path(folder), count) as pid:
                    samples[count].append(_generate(port, pid, load, quick))
        rows += [(f"{what}: {name(count)}", _told(those)) for count, those in samples.items()]
        rows.append((f"{what}: of {name(workers)}, so many times one's deliveries", _ratio(samples[workers], samples[1])))
    return rows


def _generate(port: int, pid: int, load: dict[str, Any], quick: bool) -> Sample:
    job = Job(port, "chat", pid, shares_cores=True, **(load | (QUICK if quick else {})))
    command = [sys.executable, "-m", "bench.load", job.as_argument()]
    ended = subprocess.run(command, cwd=TOP, capture_output=True, text=True, timeout=PATIENCE, check=True)
    sample: Sample = json.loads(ended.stdout)
    if "failed" in sample or sample["lost"] or sample["missing"] or sample["doubled"] or sample["orders"] != 1:
        raise SystemExit(f"something was lost, doubled or in another order: {sample}")
    return sample


def _told(samples: list[Sample]) -> str:
    def of(key: str) -> float:
        return median([sample[key] for sample in samples])

    return (
        f"{of('deliveries_per_s'):,.0f} deliveries/s, {of('deliveries_per_cpu_s'):,.0f} for a second of processor time; "
        f"half within {of('p50_ms'):.1f} ms, 99 % within {of('p99_ms'):.1f} ms; "
        f"server {of('server_core'):.2f} and load {of('generator_core'):.2f} cores"
    )


def _ratio(several: list[Sample], one: list[Sample]) -> str:
    def ratio(key: str) -> float:
        return median([sample[key] for sample in several]) / median([sample[key] for sample in one])

    return f"{ratio('deliveries_per_s'):.2f} in all, {ratio('deliveries_per_cpu_s'):.2f} for a second of processor time"


def name(workers: int) -> str:
    """For the table."""
    return f"{workers} workers" if workers > 1 else "one worker"
