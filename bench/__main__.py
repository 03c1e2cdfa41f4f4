"""`python -m bench`, or `make bench`: this server and its peers on one core in turn, under the same load from another.

Writes `results.md`, `results.json` and pictures into `bench/results`, case by case as they come. With `--resume` cases that
stand there are not measured again.
"""

import argparse
import contextlib
import fnmatch
import os
import shutil
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from bench import machine, plots, report, suite
from bench.building import Missing
from bench.cases import CASES, Case
from bench.results import Results
from bench.servers import PEERS, PORT, SERVERS
from bench.serving import LOAD_CORE, SERVER_CORE, TOP


def main() -> None:
    """Read the command line and run."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by a signal"))  # so that servers end with it
    arguments = _arguments()
    _check_machine(arguments.quick)
    cases = [case for case in CASES if _is_wanted(case, arguments)]
    if not cases:
        raise SystemExit(f"No case is called {arguments.only}; there are {', '.join(case.key for case in CASES)}.")
    results = _results(arguments)
    _prepare(results, arguments, {key for case in cases for key in case.servers})
    for sentence in results.about["left_out"].items():
        print(f"{SERVERS[sentence[0]].name} is left out: {sentence[1]}")
    if not arguments.quick:
        results.about["most"] = suite.most()
    planned = suite.steps(cases, list(results.about["versions"]), results.about["runs"])
    suite.run(results, suite.left(results, planned), arguments.quick)
    plots.draw(results)
    report.write(results)
    print(f"Written: {results.folder / 'results.md'}")
    if wrong := results.wrong():
        raise SystemExit("WRONG: " + "; ".join(wrong))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="runs of each case (median)")
    parser.add_argument(
        "--quick", action="store_true", help="one short run of a few cases with 100 clients, this server alone"
    )
    parser.add_argument("--only", metavar="PATTERN", default="*", help="only cases that match, for example 'fan-out-*'")
    parser.add_argument("--peers", metavar="NAMES", help=f"which peers, separated by commas, or none; of {', '.join(PEERS)}")
    parser.add_argument("--results", type=Path, default=TOP / "bench" / "results", help="the folder that is written to")
    parser.add_argument("--resume", action="store_true", help="go on: cases of which there are results are left as they are")
    return parser.parse_args()


def _check_machine(quick: bool) -> None:
    if not shutil.which("taskset"):
        raise SystemExit("taskset is missing: install the package util-linux.")
    if not {SERVER_CORE, LOAD_CORE} <= os.sched_getaffinity(0):
        raise SystemExit(f"The bench needs two cores, {SERVER_CORE} for servers and {LOAD_CORE} for the load.")
    if quick:
        return  # it looks for a free port
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", PORT), timeout=1).close()
        raise SystemExit(f"Somebody listens on port {PORT} already, which the bench needs.")


def _is_wanted(case: Case, arguments: argparse.Namespace) -> bool:
    return fnmatch.fnmatch(case.key, arguments.only) and (case.quick is not None or not arguments.quick)


def _results(arguments: argparse.Namespace) -> Results:
    if arguments.resume and (arguments.results / "results.json").exists():
        return Results.read(arguments.results)
    for name in ("results.json", "results.md", *report.PLOTS):
        (arguments.results / name).unlink(missing_ok=True)
    about: dict[str, Any] = {
        "machine": machine.describe(0.5 if arguments.quick else 2.0),
        "runs": 1 if arguments.quick else arguments.runs,
    }
    about |= {"versions": {}, "left_out": {}}
    if about["machine"]["in_use"] > machine.BUSY:
        print(
            f"Something else uses {about['machine']['in_use']:.0%} of this machine: figures will be those of a busy machine."
        )
    return Results(arguments.results, about)


def _prepare(results: Results, arguments: argparse.Namespace, wanted: set[str]) -> None:
    """Get the servers ready, and note those that can't be had."""
    peers = set() if arguments.quick else set(PEERS)
    if arguments.peers is not None:
        peers = {name for name in arguments.peers.split(",") if name and name != "none"}
        if unknown := peers - set(PEERS):
            raise SystemExit(f"No peer is called {', '.join(unknown)}; there are {', '.join(PEERS)}.")
    ours = suite.QUICK_SERVERS if arguments.quick else tuple(key for key, server in SERVERS.items() if server.is_ours)
    for key, server in SERVERS.items():
        if key in wanted and key in (*ours, *peers):
            try:
                results.about["versions"][key] = server.prepare()
            except Missing as missing:
                results.about["left_out"][key] = str(missing)


if __name__ == "__main__":
    main()
