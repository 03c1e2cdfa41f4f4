"""Several workers beside one: messages inside and across, the end of a worker, fan-out. Prints a table, and writes it.

    python -m bench.workers --workers 4
    python -m bench.workers --workers 4 --database-url postgresql://…   (a database of its own, which may be empty)

All of it runs on the same cores, so compare the rows of one run.
"""

import argparse
import asyncio
import contextlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench import machine
from bench.serving import TOP, ask, free_port, serving
from bench.workers import Row, ending, fanout, latency

APP = "wsgi:app"
RESULTS = TOP / "bench" / "results"
PARTS = ("latency", "ending", "fanout")
#: How long what is used of the machine is looked at before (seconds).
LOOK = 3.0


class Bench:
    """What is measured, of which server."""

    def __init__(self, workers: int, database_url: str, quick: bool) -> None:
        self._port = free_port()
        self._workers = workers
        # One key for all the servers that one database has here, one after the other.
        key = "the one key of the servers of the bench"
        self._settings = {"DATABASE_URL": database_url, "SECRET_KEY": key} if database_url else {}
        self._quick = quick

    @contextlib.contextmanager
    def serve(self, folder: Path, workers: int) -> Iterator[int]:
        """The server with so many workers, once they know of each other; yields gunicorn's master."""
        with serving(APP, self._port, folder, workers, MAX_CLIENTS=6000, **self._settings) as pid:
            while len(ask(self._port, "/healthz")["workers"]) < workers:
                time.sleep(0.1)
            yield int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])

    def latency(self) -> Iterator[Row]:
        """One worker, then several."""
        for count in (1, self._workers):
            with tempfile.TemporaryDirectory() as folder, self.serve(Path(folder), count):
                if count > 1 and not self._quick:
                    yield from asyncio.run(latency.dealt_out(self._port))
                name = fanout.name(count)
                yield from (
                    (f"{name}: {what}", came) for what, came in asyncio.run(latency.latency(self._port, self._quick))
                )

    def ending(self) -> Iterator[Row]:
        """A worker of several ends."""
        with tempfile.TemporaryDirectory() as folder, self.serve(Path(folder), self._workers):
            yield from ending.end_of_one(self._port, *((20, 5, 1.0) if self._quick else ()))

    def fanout(self) -> Iterator[Row]:
        """One worker and several in turn."""
        yield from fanout.fan_out(self.serve, self._port, self._workers, 1 if self._quick else fanout.RUNS, self._quick)


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m bench.workers", description=__doc__)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--database-url", default="", help="keep the chat in this PostgreSQL database instead of SQLite")
    parser.add_argument("--only", choices=PARTS, action="append", help="measure this; may be given several times")
    parser.add_argument("--quick", action="store_true", help="short and few, to see that it works")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the folder of the table")
    arguments = parser.parse_args()
    bench = Bench(arguments.workers, arguments.database_url, arguments.quick)
    lines = [
        _head(arguments.workers, arguments.database_url, LOOK / 10 if arguments.quick else LOOK),
        "",
        "| case | result |",
        "|---|---|",
    ]
    print("\n".join(lines), flush=True)
    for part in arguments.only or PARTS:
        for what, came in getattr(bench, part)():
            lines.append(f"| {what} | {came} |")
            print(lines[-1], flush=True)
    name = "workers-postgresql.md" if arguments.database_url else "workers.md"
    arguments.results.mkdir(parents=True, exist_ok=True)
    (arguments.results / name).write_text("\n".join(lines) + "\n")


def _head(workers: int, database_url: str, look: float) -> str:
    about = machine.describe(look)
    store = "PostgreSQL" if database_url else "SQLite"
    return (
        f"# {workers} workers, the chat in {store}\n\n{about['date']}, {about['cpu']}, {about['cores']} cores, Linux "
        f"{about['kernel']}, Python {about['python']}. Load at the start {about['load']:g}, {about['in_use']:.0%} of the "
        "machine in use. Workers and load share all cores."
    )


if __name__ == "__main__":
    main()
