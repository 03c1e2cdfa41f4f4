"""The course of the bench: each case, each run, each server in its turn; what comes is written at once.

The servers take turns within a run, and every other run in the opposite order, so that what the machine does meanwhile
meets all of them alike.
"""

import dataclasses
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from bench import report
from bench.building import Missing
from bench.cases import PEER_RUNS, TARGET_PEERS, Case
from bench.load.dialects import LOG_NAME
from bench.load.job import Job
from bench.results import Results, Sample, fault_of
from bench.servers import PORT, SERVERS, Server
from bench.serving import LOAD_CORE, TOP, free_port

#: How long one load may take (seconds): connecting takes two minutes at most, draining one.
PATIENCE = 300.0
#: With `--quick`, for every case; and the servers that take part then.
QUICK_SERVERS = ("ours", "ours-plain-log", "ours-logs-v1")
QUICK = {"clients": 100, "warm": 0.2, "seconds": 0.5}
#: What is expected of a start, a stop, and a handshake, to tell when the end will be (seconds).
_START, _HANDSHAKE = 3.5, 0.001


@dataclasses.dataclass(frozen=True)
class Step:
    """One server under one load, once."""

    case: Case
    server: Server
    run: int

    def job(self, quick: bool) -> dict[str, Any]:
        """What the generator is to do, but for the server's process."""
        job: dict[str, Any] = {**self.case.job, **(QUICK | (self.case.quick or {}) if quick else {}), **self.server.job}
        if self.run:
            job["hold"] = 0.0  # what they cost at rest takes a minute, and is measured once
        return job

    def expected(self, quick: bool) -> float:
        """About how many seconds it takes."""
        job = Job(0, "chat", 0, **self.job(quick))
        return _START + job.clients * _HANDSHAKE + job.warm + job.seconds + job.hold


def steps(cases: list[Case], servers: list[str], runs: int) -> list[Step]:
    """All of them, in their order."""
    planned = []
    for case in cases:
        taking_part = [key for key in case.servers if key in servers]
        for run in range(min(runs, case.runs)):
            for key in taking_part if run % 2 == 0 else reversed(taking_part):
                server = SERVERS[key]
                if run < PEER_RUNS or server.is_ours or key in TARGET_PEERS:
                    planned.append(Step(case, server, run))
    return planned


def left(results: Results, planned: list[Step]) -> list[Step]:
    """What is still to do of this plan. A case that was begun and not ended begins anew, so that servers take turns."""
    wanted = Counter(step.case.key for step in planned)
    for case, count in wanted.items():
        if sum(map(len, results.samples.get(case, {}).values())) < count:
            results.samples.pop(case, None)
    return [step for step in planned if step.case.key not in results.samples]


def measure(step: Step, quick: bool) -> Sample:
    """One load against one freshly started server."""
    with tempfile.TemporaryDirectory(prefix="chatapp-bench-") as name:
        folder = Path(name).resolve()
        (folder / LOG_NAME).touch()
        port = free_port() if quick else PORT  # tests run it, perhaps several at a time
        fields: dict[str, Any] = {"port": port, "dialect": step.server.dialect, "backlog": step.server.backlog}
        fields |= step.job(quick)
        if step.server.dialect.startswith("log"):
            fields["file"] = str(folder / LOG_NAME)
        try:
            with step.server.run(folder, port) as pid:
                sample = _generate(Job(server_pid=pid, **fields))
        except Missing as missing:
            return {"failed": str(missing)}
        if "failed" in sample and (last_words := _last_words(folder)):
            sample["failed"] += f"; the server said: {last_words}"
        return sample


def _last_words(folder: Path) -> str:
    """What a server wrote when it failed: the first line that speaks of something fatal, or the last."""
    said = (folder / "server.txt").read_text(errors="replace").splitlines()
    return next((line for line in said if "fatal" in line or "panic" in line), said[-1] if said else "")[:200]


def _generate(job: Job) -> Sample:
    command = ["taskset", "-c", str(LOAD_CORE), sys.executable, "-m", "bench.load", job.as_argument()]
    try:
        ended = subprocess.run(command, cwd=TOP, capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return {"failed": f"the load did not end within {PATIENCE:g} s"}
    if ended.returncode:
        raise SystemExit(f"the generator failed: {ended.stderr}")
    sample: Sample = json.loads(ended.stdout)
    return sample


def most() -> list[dict[str, Any]]:
    """What the generator takes at most."""
    ended = subprocess.run([sys.executable, "-m", "bench.load.most"], cwd=TOP, capture_output=True, text=True, check=True)
    told: list[dict[str, Any]] = json.loads(ended.stdout)
    return told


def run(results: Results, planned: list[Step], quick: bool) -> None:
    """Measure, and write the table after each case."""
    total = sum(step.expected(quick) for step in planned)
    print(f"{len(planned)} measurements, about {total / 60:.0f} minutes", flush=True)
    began, done = time.monotonic(), 0.0
    for number, step in enumerate(planned):
        sample = measure(step, quick)
        results.add(step.case, step.server.key, sample)
        done += step.expected(quick)
        more = (time.monotonic() - began) * (total - done) / done
        end = time.strftime("%H:%M", time.localtime(time.time() + more))
        what = f"{step.case.key}, run {step.run + 1}, {step.server.name}"
        print(f"[{number + 1}/{len(planned)}, end about {end}] {what}: {_brief(step.case, sample)}", flush=True)
        if number + 1 == len(planned) or planned[number + 1].case is not step.case:
            report.write(results)


def _brief(case: Case, sample: Sample) -> str:
    if sample.get("limited"):
        return "generator-limited"
    told = [
        f"{figure.title} {report.number(sample[figure.key])} {figure.unit}".rstrip()
        for figure in case.figures[:3]
        if sample.get(figure.key) is not None
    ]
    return ", ".join([*told, fault_of(sample)]).strip(", ")
