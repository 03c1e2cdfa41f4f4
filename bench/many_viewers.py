"""Many viewers of one log: 200, with five different filters.

    python -m bench.many_viewers --runs 5

How many lines a second they get together, how often the file is open, and how often a batch is held against a filter. The
server runs on one core, the load on another. How fast lines go to few viewers, beside other programs: `python -m bench`.
"""

import argparse
import asyncio
import os
import tempfile
import time
from pathlib import Path

from bench.load.usage import cpu_seconds
from bench.serving import ask, median, serving, take_load_core
from bench.wire import Wire, connect

PORT = 9331
APP = "bench.inspected:app"
FILE = "bench.log"
#: Many viewers: how many, how many filters they have in all, how many lines are in flight and in all.
VIEWERS, FILTERS, WINDOW, LINES = 200, 5, 8192, 100_000


class Watcher(Wire):
    """One viewer: counts the lines it gets."""

    path, protocol = "/echo", "logs.v1"
    lines = 0
    dropped = 0

    def heard(self, text: bytes) -> None:
        if text.startswith(b'{"type":"lines"'):
            self.lines += text.count(b',"line ')
        elif b'"kind":"dropped"' in text:
            self.dropped += 1


def condition(number: int) -> dict[str, object]:
    """A filter that lets everything pass, so that it is a matter of evaluating and sending."""
    return {"text": f"never-{number}", "pattern": bool(number % 2), "case": True}


async def watch(log: Path) -> tuple[float, int, int, dict[str, int]]:
    """Write and look; returns seconds, lines delivered, times dropped, and what was counted on the server."""
    watchers: list[Watcher] = []
    for number in range(VIEWERS):
        watcher: Watcher = await connect(PORT, lambda: Watcher(PORT))
        watcher.say({"type": "open", "file": FILE, "from": {"tail": 0}, "exclude": condition(number % FILTERS)})
        watchers.append(watcher)
    await asyncio.sleep(1)
    written = 0
    with log.open("ab", buffering=0) as file:

        def write(count: int) -> None:
            nonlocal written
            file.write(
                b"".join(
                    b"line %012d what a program has to say, about a hundred bytes of it, at any time\n" % n
                    for n in range(written, written + count)
                )
            )
            written += count

        write(1)
        await _until(watchers, written)
        before, began = await asyncio.to_thread(ask, PORT, "/measured"), time.monotonic()
        while written < LINES:
            write(1024)
            await _until(watchers, written - WINDOW)
        await _until(watchers, written)
        took = time.monotonic() - began
        after = await asyncio.to_thread(ask, PORT, "/measured")
    for watcher in watchers:
        watcher.abort()
    counted = {name: after[name] - before[name] for name in ("batches", "evaluations")}
    return took, (written - 1) * VIEWERS, sum(watcher.dropped for watcher in watchers), counted


async def _until(watchers: list[Watcher], lines: int) -> None:
    """Wait until all have got so many lines."""
    deadline = time.monotonic() + 30
    while (least := min(watcher.lines for watcher in watchers)) < lines:
        await asyncio.sleep(0.001)
        if time.monotonic() > deadline:
            raise RuntimeError(f"a viewer has {least} lines of {lines}")


def measure(folder: Path) -> tuple[float, float, int, float]:
    """Once: lines a second, the server's share of its core, how often the file is open, and evaluations a batch."""
    log, data = folder / FILE, folder / "data"
    log.write_bytes(b"")
    data.mkdir(exist_ok=True)
    with serving(APP, PORT, data, LOGS=log) as pid:
        cpu, began = cpu_seconds(pid), time.monotonic()
        took, delivered, dropped, counted = asyncio.run(watch(log))
        share = (cpu_seconds(pid) - cpu) / (time.monotonic() - began)
        opened = sum(_is(fd, log) for fd in Path(f"/proc/{pid}/fd").iterdir())
    if dropped:
        raise SystemExit(f"WRONG: {dropped} times a viewer was told to do without")
    return delivered / took, share, opened, counted["evaluations"] / counted["batches"]


def _is(fd: Path, log: Path) -> bool:
    try:
        return os.readlink(fd) == str(log)
    except OSError:
        return False


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m bench.many_viewers", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="runs (median)")
    arguments = parser.parse_args()
    take_load_core()
    with tempfile.TemporaryDirectory() as folder:
        rates, shares, opened, evaluations = zip(
            *(measure(Path(folder).resolve()) for _ in range(arguments.runs)), strict=True
        )
    print("| case | result |\n|---|---|")
    print(f"| {VIEWERS} viewers of one file, {FILTERS} filters: lines a second, together | {median(rates):,.0f} |")
    print(f"| times the file is open | {median(opened):.0f} |")
    print(f"| evaluations a batch | {median(evaluations):.2f} |")
    print(f"| share of its core the server had | {median(shares):.0%} |")


if __name__ == "__main__":
    main()
