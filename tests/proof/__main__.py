"""`python -m tests.proof --kills 200 --seed 1`: run the proof and print what came out; exit code 1 if not all is well."""

import argparse
import asyncio
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

from tests.proof.run import Outcome, prove

#: So many cases of each kind are shown.
SHOWN = 10


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.proof", description=__doc__)
    parser.add_argument("--kills", type=int, default=10, help="how often the server is killed")
    parser.add_argument("--seed", type=int, help="repeats the schedule of an earlier run")
    parser.add_argument("--workers", type=int, default=1, help="how many workers the server has")
    parser.add_argument("--app", default="wsgi:app", help="the app that is served")
    parser.add_argument("--keep", action="store_true", help="keep the folder with the store and the server's log")
    arguments = parser.parse_args()
    seed = secrets.randbits(32) if arguments.seed is None else arguments.seed
    print(f"seed {seed}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="proof-"))
    outcome = asyncio.run(prove(folder, arguments.kills, seed, arguments.app, _tell, arguments.workers))
    print(report(outcome, seed))
    if arguments.keep or not outcome.clean:
        print(f"kept: {folder}", file=sys.stderr)
    else:
        shutil.rmtree(folder)
    sys.exit(0 if outcome.clean else 1)


def _tell(line: str) -> None:
    print(line, flush=True)


def report(outcome: Outcome, seed: int) -> str:
    """The table, the cases, and one last line that says it all."""
    verdict, tally = outcome.verdict, outcome.tally
    rows = {"seed": seed, "seconds": round(outcome.seconds), "events stored": outcome.events}
    rows |= {"messages stored": outcome.messages} | dict(sorted(tally.counts.items()))
    rows |= {f"BROKEN: {promise}": times for promise, times in tally.broken.items()}
    width = max(map(len, rows))
    lines = [f"{name:<{width}}  {number:>10}" for name, number in rows.items()]
    for name, cases in verdict._asdict().items():
        lines += [f"{name}: {case}" for case in cases[:SHOWN]]
    lines += tally.examples
    lines.append(
        f"kills={tally.counts['kills']} cuts={tally.counts['cuts']} messages={outcome.messages} "
        f"lost={len(verdict.lost)} doubled={len(verdict.doubled)} reordered={len(verdict.reordered)} "
        f"broken={sum(tally.broken.values())}"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
