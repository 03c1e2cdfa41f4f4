"""`python -m tests.soak --minutes 10 --workers 4`: soak a server and print what it held.

Exit code 1 if not all is well. With `--results` a picture is drawn, in which runs with other numbers of workers stand, too.
"""

import argparse
import asyncio
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

from tests.soak import days, judging, report
from tests.soak.run import soak


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--short", action="store_true", help="some seconds, in which memory is not judged")
    parser.add_argument("--workers", type=int, default=1, help="how many workers the server has")
    parser.add_argument("--seed", type=int, help="repeats the choices of an earlier run, if not their times")
    parser.add_argument("--results", type=Path, help="a folder for samples, table and picture")
    arguments = parser.parse_args()
    seed = secrets.randbits(32) if arguments.seed is None else arguments.seed
    print(f"seed {seed}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    day = days.SHORT if arguments.short else days.in_minutes(arguments.minutes)
    outcome = asyncio.run(soak(folder, day, arguments.workers, seed, lambda line: print(line, flush=True)))
    trouble = outcome.trouble + ([] if arguments.short else judging.grown(outcome.quiets))
    print(report.told(outcome))
    if arguments.results:
        report.keep(outcome, arguments.results)
    for each in trouble:
        print(each)
    if trouble:
        print(f"kept: {folder}", file=sys.stderr)
    else:
        shutil.rmtree(folder)
    print(f"seconds={outcome.seconds:.0f} connections={outcome.counts['connections']} trouble={len(trouble)}")
    sys.exit(1 if trouble else 0)


if __name__ == "__main__":
    main()
