"""What keeping everything costs: the fan-out with the store, beside the same server with one that only numbers.

    python -m bench.store_price --fanload ./fanload --runs 5

The servers take turns, each run starts them anew with an empty folder, and the table shows the medians and their ratio; and
beside it the ratio of deliveries a second of processor time, which hardly sees what else the machine does.
`fanload` is the load generator of compare.py (README.md tells how to come by it).
"""

import argparse
import re
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from bench.serving import LOAD_CORE, cpu_seconds, median, serving

PORT = 9313
WITH, WITHOUT = "wsgi:app", "bench.numbering:app"
CASES = {
    "1,000 clients, 10 senders, window 16": "--clients 1000 --senders 10 --window 16",
    "100 clients, 1 sender, window 16": "--clients 100 --senders 1 --window 16",
    "100 clients, one message in flight": "--clients 100 --senders 1 --window 1",
}


class Figures(NamedTuple):
    """What one run has shown: deliveries a second, and a second of the processor."""

    a_second: float
    a_cpu_second: float


def measure(app: str, fanload: str, options: str, seconds: float) -> Figures:
    """One load against one freshly started server."""
    with tempfile.TemporaryDirectory() as folder, serving(app, PORT, Path(folder)) as worker:
        used = -cpu_seconds(worker)
        command = ["taskset", "-c", str(LOAD_CORE), fanload, "--port", str(PORT), "--path", "/ws", *options.split()]
        ended = subprocess.run([*command, "--seconds", str(seconds)], capture_output=True, text=True, timeout=120)
        used += cpu_seconds(worker)
    figures = {name: float(value) for name, value in re.findall(r"(\w+)=(-?[\d.]+)", ended.stdout)}
    if "deliveries_per_s" not in figures or figures["lost"] or figures["orders"] != 1:
        raise SystemExit(f"{app}: {ended.stdout} {ended.stderr}")
    return Figures(figures["deliveries_per_s"], figures["deliveries_per_s"] * seconds / used)


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m bench.store_price", description=__doc__)
    parser.add_argument("--fanload", required=True, type=lambda path: str(Path(path).resolve(strict=True)))
    parser.add_argument("--runs", type=int, default=5, help="runs of each case (median)")
    parser.add_argument("--seconds", type=float, default=4, help="measured time of a run")
    arguments = parser.parse_args()
    print(
        "| deliveries a second | numbering alone | with the store | kept | kept, by processor time |\n|---|---|---|---|---|"
    )
    for name, options in CASES.items():
        without, kept = [], []
        for _ in range(arguments.runs):
            without.append(measure(WITHOUT, arguments.fanload, options, arguments.seconds))
            kept.append(measure(WITH, arguments.fanload, options, arguments.seconds))
        before, after = (Figures(*map(median, zip(*runs, strict=True))) for runs in (without, kept))
        shares = f"{after.a_second / before.a_second:.0%} | {after.a_cpu_second / before.a_cpu_second:.0%}"
        print(f"| {name} | {before.a_second:,.0f} | {after.a_second:,.0f} | {shares} |", flush=True)


if __name__ == "__main__":
    main()
