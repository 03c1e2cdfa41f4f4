"""wstest, the program of the Autobahn test suite: made ready in `.wstest`, which git ignores, and run.

It is written for Python 2.7 (`bin/need-python27`), for which today's pip and venv have nothing any more; virtualenv 20.21 is
the last that makes environments for it. Everything else it names itself.
"""

import contextlib
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.conformance.cases import Part
from tests.conformance.results import Reports

TOP = Path(__file__).resolve().parent.parent.parent
FOLDER = Path(__file__).resolve().parent / ".wstest"
REPORTS = FOLDER / "reports"
VERSION = "25.10.1"
_PIP = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")


class Missing(Exception):
    """It can't be had here; the text is a sentence."""


def ready() -> Path:
    """The program, installed if it is not there."""
    environment, program = FOLDER / f"env-{VERSION}", FOLDER / f"env-{VERSION}" / "bin" / "wstest"
    if not program.exists():
        python = _said(str(TOP / "bin" / "need-python27"))
        shutil.rmtree(FOLDER, ignore_errors=True)
        tools = FOLDER / "tools"
        _run(sys.executable, "-m", "venv", str(tools))
        _run(str(tools / "bin" / "python"), *_PIP, "virtualenv<20.22")
        _run(str(tools / "bin" / "virtualenv"), "--quiet", "--python", python, str(environment))
        _run(str(environment / "bin" / "python"), *_PIP, f"autobahntestsuite=={VERSION}")
    return program


def run(program: Path, part: Part, servers: Mapping[str, str]) -> Reports:
    """Run the cases of a part against servers, named and with their addresses; the report of each case of each."""
    folder = REPORTS / part.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    spec = folder.with_suffix(".json")
    spec.write_text(
        json.dumps(
            {
                "outdir": str(folder),
                "servers": [{"agent": name, "url": url} for name, url in servers.items()],
                "cases": part.cases,
                "exclude-cases": part.without,
                "exclude-agent-cases": {},
            }
        )
    )
    # It ends with 0 whatever came out, and writes its reports at the end: without one, all of the part has failed.
    with folder.with_suffix(".log").open("wb") as log, contextlib.suppress(subprocess.TimeoutExpired):
        subprocess.run(
            [program, "-m", "fuzzingclient", "-s", spec], stdout=log, stderr=log, timeout=part.seconds * len(servers)
        )
    index = folder / "index.json"
    reports: Reports = json.loads(index.read_text()) if index.exists() else {}
    return reports


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise Missing(f"`{' '.join(command)}` failed:\n{done.stderr or done.stdout}")


def _said(*command: str) -> str:
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise Missing("The Autobahn test suite could not be run.")
    return done.stdout.strip()
