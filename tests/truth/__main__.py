"""`python -m tests.truth --operations 10000`: hold the log half to what was written; exit code 1 if not all is well."""

import argparse
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

from tests.truth.compare import FAULTS, Verdict
from tests.truth.run import OURS, Outcome, try_out

#: So many cases of each kind are shown.
SHOWN = 10


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.truth", description=__doc__)
    parser.add_argument("--operations", type=int, default=500)
    parser.add_argument("--seed", type=int, help="repeats the operations of an earlier run")
    parser.add_argument("--keep", action="store_true", help="keep the folder with the logs")
    arguments = parser.parse_args()
    seed = secrets.randbits(32) if arguments.seed is None else arguments.seed
    print(f"seed {seed}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="truth-"))
    outcome = try_out(folder, arguments.operations, seed, lambda line: print(line, flush=True))
    print(report(outcome))
    if arguments.keep or not outcome.clean:
        print(f"kept: {folder}", file=sys.stderr)
    else:
        shutil.rmtree(folder)
    sys.exit(0 if outcome.clean else 1)


def report(outcome: Outcome) -> str:
    """The tables, the cases, and one last line that says it all."""
    operations = outcome.truth.operations
    lines = [f"{count:>7}  {name}" for name, count in sorted(operations.items())]
    lines += ["", f"{'':18} {'lines':>9} {'excused':>9} {'longest':>9} " + " ".join(f"{fault:>11}" for fault in FAULTS)]
    lines += [_row(name, verdict) for name, verdict in outcome.verdicts.items()]
    for name in OURS:
        for fault, cases in outcome.verdicts[name].wrong().items():
            lines += [f"{name}: {fault}: {case}" for case in cases[:SHOWN]]
    lines += [f"a half line that nobody wrote: {text!r}" for text in outcome.partials[:SHOWN]]
    lines += outcome.trouble
    ours = [outcome.verdicts[name] for name in OURS]
    total = {fault: sum(len(verdict.wrong()[fault]) for verdict in ours) for fault in FAULTS}
    announced = sum(verdict.excused for verdict in ours) - total["unannounced"]
    lines.append(
        f"operations={operations.total()} lines={len(outcome.truth.expected())} seconds={outcome.seconds:.0f} "
        + " ".join(f"{fault}={count}" for fault, count in total.items())
        + f" announced={announced}"
    )
    return "\n".join(lines)


def _row(name: str, verdict: Verdict) -> str:
    counts = " ".join(f"{len(cases):>11}" for cases in verdict.wrong().values())
    return f"{name:18} {verdict.lines:>9} {verdict.excused:>9} {verdict.longest:>8.2f}s {counts}"


if __name__ == "__main__":
    main()
