"""`python -m tests.conformance core large`: run these parts and print what came out; exit code 1 if not all is well."""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.conformance import results, wstest
from tests.conformance.cases import BY_NAME, USUAL
from tests.conformance.echo import APP, WAYS
from tests.conftest import Server

#: So many of what is wrong are shown.
SHOWN = 40


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(BY_NAME)}; {', '.join(USUAL)} unless named")
    names: list[str] = parser.parse_args().parts or [*USUAL]
    if unknown := set(names) - set(BY_NAME):
        parser.error(f"no part is called {', '.join(sorted(unknown))}; there are {', '.join(BY_NAME)}")
    try:
        program = wstest.ready()
    except wstest.Missing as missing:
        sys.exit(str(missing))
    folder = Path(tempfile.mkdtemp(prefix="conformance-"))
    server = Server(folder, {}, APP)
    try:
        server.start()
        found, wrong = _run(program, names, server)
    finally:
        server.stop()
    if "Traceback (most recent call last)" in server.said():
        wrong.append(f"a traceback in the server's log: {server.output}")
    for way, cases in found.items():
        print("", f"By {way}:", "", *results.table(cases), sep="\n")
    print("", *wrong[:SHOWN], f"Reports: {wstest.REPORTS}/*/index.html", sep="\n")
    print(f"{sum(map(len, found.values()))} cases, {len(wrong)} wrong")
    if not wrong:
        shutil.rmtree(folder)
    sys.exit(1 if wrong else 0)


def _run(program: Path, names: list[str], server: Server) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """The report of each case by way in, and what is wrong."""
    servers = {way: f"ws://127.0.0.1:{server.port}{path}" for way, path in WAYS.items()}
    found: dict[str, dict[str, Any]] = {way: {} for way in WAYS}
    wrong: list[str] = []
    for name in names:
        began = time.monotonic()
        reports = wstest.run(program, BY_NAME[name], servers)
        for way in WAYS:
            found[way] |= reports.get(way, {})
        faults = results.wrong(BY_NAME[name], servers, reports)
        wrong += faults
        print(f"{name}: {time.monotonic() - began:.0f} s, {len(faults)} wrong", flush=True)
    return found, wrong


if __name__ == "__main__":
    main()
