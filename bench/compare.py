"""Measure this server beside the Go programs it grew from, in one run, and print a table.

    python bench/compare.py --fanload ./fanload --seed-chat ./chat/seed --seed-logs ./logtail/seed --runs 5

Each server is pinned to one core and the load generator to another; the servers take turns, every case starts them anew,
and the table shows the median of the runs with the ratio of the medians. `fanload` and the two Go programs are built by
whoever runs this (bench/README.md tells how). The rate limit of this server is off, as for any benchmark.
"""

import argparse
import contextlib
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
SERVER_CORE, LOAD_CORE = "0", "1"
OUR_PORT, SEED_CHAT_PORT, SEED_LOGS_PORT = 9301, 8000, 8080

Figures = dict[str, float]


@dataclass(frozen=True)
class Case:
    """One load: its options for fanload, and the figure that counts ("more" or "less" of it is better)."""

    name: str
    logs: bool
    options: str
    figure: str
    better: str


CASES = (
    Case(
        "1,000 clients, 10 senders, window 16: deliveries a second",
        False,
        "--clients 1000 --senders 10 --window 16",
        "deliveries_per_s",
        "more",
    ),
    Case(
        "100 clients, 1 sender, window 16: deliveries a second",
        False,
        "--clients 100 --senders 1 --window 16",
        "deliveries_per_s",
        "more",
    ),
    Case(
        "100 clients, one message in flight: deliveries a second",
        False,
        "--clients 100 --senders 1 --window 1",
        "deliveries_per_s",
        "more",
    ),
    Case("100 clients, one message in flight: p50 ms", False, "--clients 100 --senders 1 --window 1", "p50_ms", "less"),
    Case("1,000 clients, 100 messages a second: p99 ms", False, "--clients 1000 --senders 10 --rate 100", "p99_ms", "less"),
    Case("log, 10 viewers, window 1024: lines a second", True, "--clients 10 --window 1024", "deliveries_per_s", "more"),
    Case("log, 10 viewers, 1,000 lines a second: p50 ms", True, "--clients 10 --rate 1000", "p50_ms", "less"),
    Case("log, 10 viewers, 1,000 lines a second: lines lost", True, "--clients 10 --rate 1000", "lost", "less"),
)
#: The load of which it is shown what five clients that never read do to the others; only this server bears it.
STALL = "--clients 1000 --senders 10 --window 16"


class Bench:
    """Starts servers, plays loads."""

    def __init__(self, arguments: argparse.Namespace, folder: Path) -> None:
        self._arguments = arguments
        self._log = folder / "bench.log"
        self._folder = folder

    def measure(self, ours: bool, logs: bool, options: str) -> Figures:
        """One load against one freshly started server."""
        self._log.write_bytes(b"")
        with self._running(ours, logs):
            port = OUR_PORT if ours else SEED_LOGS_PORT if logs else SEED_CHAT_PORT
            command = [
                "taskset",
                "-c",
                LOAD_CORE,
                self._arguments.fanload,
                "--port",
                str(port),
                "--path",
                "/echo" if logs else "/ws",
            ]
            command += [*options.split(), "--seconds", str(self._arguments.seconds)]
            if logs:
                command += ["--file", str(self._log)]
            ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
        figures = {name: float(value) for name, value in re.findall(r"(\w+)=(-?[\d.]+)", ended.stdout)}
        if "deliveries_per_s" not in figures:
            raise SystemExit(f"fanload failed: {ended.stdout} {ended.stderr}")
        return figures

    @contextlib.contextmanager
    def _running(self, ours: bool, logs: bool) -> Iterator[None]:
        environ = {**os.environ, "GOMAXPROCS": "1"}
        if ours:
            environ |= {"CHATAPP_BIND": f"127.0.0.1:{OUR_PORT}", "CHATAPP_DATA_DIR": str(self._folder / "data")}
            environ |= {"CHATAPP_LOGS": str(self._log), "CHATAPP_MESSAGE_RATE": "0"}
            command, port = [sys.executable, "-m", "gunicorn", "-k", "gevent", "wsgi:app"], OUR_PORT
        elif logs:
            command, port = [self._arguments.seed_logs, str(self._log)], SEED_LOGS_PORT
        else:
            command, port = [self._arguments.seed_chat], SEED_CHAT_PORT
        server = subprocess.Popen(
            ["taskset", "-c", SERVER_CORE, *command],
            cwd=TOP,
            env=environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_for(port)
            yield
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(10)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def run_cases(bench: Bench, runs: int) -> None:
    """Print the table against the Go programs."""
    print("| case | Go original | this server | ratio |\n|---|---|---|---|", flush=True)
    loads = list(dict.fromkeys((case.logs, case.options) for case in CASES))
    for load in loads:
        ours, theirs = [], []
        for _ in range(runs):
            theirs.append(bench.measure(False, *load))
            ours.append(bench.measure(True, *load))
        for case in CASES:
            if (case.logs, case.options) == load:
                their, our = (statistics.median(run[case.figure] for run in runs_of) for runs_of in (theirs, ours))
                print(f"| {case.name} | {their:,.6g} | {our:,.6g} | {_ratio(case, our, their)} |", flush=True)
        wrong = [run for run in ours if run["lost"] or run["orders"] != 1]
        if wrong:
            print(f"WRONG: this server lost or reordered: {wrong}", flush=True)


def run_stall(bench: Bench, runs: int) -> None:
    """Print what five stalled clients do to the other thousand."""
    without, with_stalled = [], []
    for _ in range(runs):
        without.append(bench.measure(True, False, STALL)["p99_ms"])
        with_stalled.append(bench.measure(True, False, f"{STALL} --stall 5")["p99_ms"])
    before, after = statistics.median(without), statistics.median(with_stalled)
    change = f"{before:.1f} ms -> {after:.1f} ms ({after / before - 1:+.0%})"
    print(f"\n5 clients that never read among 1,000: p99 of the others {change}")


def _ratio(case: Case, our: float, their: float) -> str:
    if case.figure == "lost":
        return ""
    if not our or not their:
        return "?"
    return f"{our / their:.2f} times" if case.better == "more" else f"{our / their:.2f} of it"


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--fanload", "--seed-chat", "--seed-logs"):
        parser.add_argument(name, required=True, type=lambda path: str(Path(path).resolve(strict=True)))
    parser.add_argument("--runs", type=int, default=5, help="runs of each case (median)")
    parser.add_argument("--seconds", type=float, default=4, help="measured time of a run")
    arguments = parser.parse_args()
    if not shutil.which("taskset"):
        raise SystemExit("taskset is missing: install the package util-linux.")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(arguments, Path(folder))
        run_cases(bench, arguments.runs)
        run_stall(bench, arguments.runs)


if __name__ == "__main__":
    main()
