"""What a log of 10 GB costs: the first screen, the memory of the server, searching it beside `grep -c`, and what a chat on
the same server notices of a search.

    CHATAPP_BENCH_DIR=/tmp python -m bench.big_file

Makes the file first, a real one (no holes), in a folder below `CHATAPP_BENCH_DIR`, and deletes it at the end. The server and
`grep` run on one core, in turns, the load on another. The file is read once before, so that both find in memory what fits.
"""

import argparse
import asyncio
import contextlib
import datetime
import http.client
import json
import os
import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

from bench.load.usage import cpu_seconds
from bench.serving import SERVER_CORE, ask, median, percentile, serving, take_load_core
from bench.talkers import latencies, talking
from bench.wire import Wire, connect

PORT = 9341
FILE = "big.log"
GIGABYTE = 1_000_000_000
BLOCK_LINES = 80_000
FIRST_DAY = "2020-01-01"
#: Where what is looked for stands: once in so many blocks.
RARE = 50
#: What is looked for: a name, the fields of the search, and how `grep` is asked the same.
SEARCHES = (
    ("text that is not there", {"text": "needle-9", "case": 1}, ["-F", "needle-9"]),
    ("text that is rare", {"text": "needle-7", "case": 1}, ["-F", "needle-7"]),
    ("text without regard to case", {"text": "Needle-7"}, ["-iF", "Needle-7"]),
    ("pattern of two words", {"text": "needle-7|FATAL", "pattern": 1, "case": 1}, ["-E", "needle-7|FATAL"]),
    (
        "pattern of which a part is in every line",
        {"text": "took [0-9]{5,} ms|needle-[78]", "pattern": 1, "case": 1},
        ["-E", "took [0-9]{5,} ms|needle-[78]"],
    ),
    ("pattern with a class before", {"text": "[a-z]+-7 found", "pattern": 1, "case": 1}, ["-E", "[a-z]+-7 found"]),
)
#: The chat: people, messages a second in all, and how long they are listened to at least (seconds).
TALKERS, RATE, LISTEN = 20, 50, 10.0
TIMES = 31


def make(path: Path, size: int) -> int:
    """Write a log of lines as programs write them, a block a day; returns how many days."""
    chance = random.Random(1)
    words = ["GET /api/items", "user login", "cache miss", "job done", "POST /api/orders", "connection closed", "retrying"]
    lines = [
        f"{FIRST_DAY}T{n // 3600 % 24:02}:{n // 60 % 60:02}:{n % 60:02}.{n % 1000:03}Z INFO [worker-{n % 16}] app.module: "
        f"{chance.choice(words)}/{chance.randrange(10**6)} took {chance.randrange(5000)} ms from 10.0.{n % 256}.{n % 199}\n"
        for n in range(BLOCK_LINES)
    ]
    block = "".join(lines).encode()
    number = 0
    with path.open("wb", buffering=0) as file:
        while file.tell() < size:
            date = day(number)
            file.write(f"{date}T00:00:00Z INFO block {number}{' needle-7 found' if number % RARE == 7 else ''}\n".encode())
            file.write(block.replace(FIRST_DAY.encode(), date.encode()))
            number += 1
        os.fsync(file.fileno())
    return number


def day(number: int) -> str:
    """The date of a block."""
    return (datetime.date.fromisoformat(FIRST_DAY) + datetime.timedelta(days=number)).isoformat()


def read_once(path: Path) -> None:
    """So that what fits is in memory."""
    with path.open("rb", buffering=0) as file:
        while file.read(1 << 24):
            pass


# What it costs to look.


class Opener(Wire):
    """Opens the file and notes when its lines come."""

    path, protocol = "/echo", "logs.v1"

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.told: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def heard(self, text: bytes) -> None:
        if text.startswith(b'{"type":"lines"') and not self.told.done():
            self.told.set_result(None)


async def first_screen() -> float:
    """Milliseconds from the first packet of the connection to the last 1,000 lines."""
    began = time.perf_counter()
    viewer: Opener = await connect(PORT, lambda: Opener(PORT))
    viewer.say({"type": "open", "file": FILE, "from": {"tail": 1000}})
    await asyncio.wait_for(viewer.told, 30)
    took = time.perf_counter() - began
    viewer.abort()
    await viewer.closed
    return took * 1000


def page(query: str) -> float:
    """Milliseconds for a page over HTTP."""
    began = time.perf_counter()
    answer = ask(PORT, f"/api/logs/{FILE}/lines?{query}")
    if not answer["lines"]:
        raise SystemExit(f"no lines for {query}")
    return (time.perf_counter() - began) * 1000


def looking(size: int, days: int, pid: int) -> None:
    """Print how long pages take."""
    screens = [asyncio.run(first_screen()) for _ in range(TIMES)]
    print(f"| first screen, the last 1,000 lines over the socket | {median(screens):.1f} ms (at most {max(screens):.1f}) |")
    chance = random.Random(2)
    places: tuple[tuple[str, Callable[[], str]], ...] = (
        ("page before any place", lambda: f"before={chance.randrange(size // 2, size)}"),
        ("page at any percent", lambda: f"at={chance.randrange(1, 99)}"),
        ("page of a time", lambda: f"time={day(chance.randrange(days))}T{chance.randrange(22):02}:30:00Z"),
    )
    for name, query in places:
        took = [page(query()) for _ in range(TIMES)]
        print(f"| {name} | {median(took):.1f} ms (at most {max(took):.1f}) |")
    line = size // 130
    print(f"| page of line {line:,}, the first time: all before it are counted | {page(f'line={line}'):,.0f} ms |")
    took = [page(f"line={chance.randrange(1, line)}") for _ in range(TIMES)]
    print(f"| and then of any line | {median(took):.1f} ms |")
    print(f"| memory of the server at most, so far | {peak(pid):.0f} MB |", flush=True)


def peak(pid: int) -> float:
    """The most memory a process ever had, in MB."""
    return int(Path(f"/proc/{pid}/status").read_text().split("VmHWM:")[1].split()[0]) / 1000


# Searching.


def search(fields: dict[str, object]) -> tuple[float, int, int]:
    """Seconds, hits, and how often progress was told."""
    link = http.client.HTTPConnection("127.0.0.1", PORT, timeout=600)
    began = time.perf_counter()
    link.request("GET", f"/api/logs/{FILE}/search?{urlencode({'limit': 5000, **fields})}")
    told = 0
    for line in link.getresponse():
        said = json.loads(line)
        told += "progress" in said
        if "done" in said:
            done = said["done"]
    link.close()
    if not done["complete"]:
        raise SystemExit(f"not complete: {done}")
    return time.perf_counter() - began, done["hits"], told


def grep(path: Path, switches: list[str]) -> tuple[float, int]:
    """Seconds, and lines that match."""
    command = ["taskset", "-c", str(SERVER_CORE), "grep", "-c", *switches, str(path)]
    began = time.perf_counter()
    ended = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C.UTF-8"})
    return time.perf_counter() - began, int(ended.stdout)


def searching(path: Path, size: int, runs: int, pid: int) -> None:
    """Print searches beside grep."""
    print("\n| search of the whole file | grep -c | this server | of grep's speed | hits | processor | progress told |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for name, fields, switches in SEARCHES:
        theirs, ours, cpu = [], [], []
        for _ in range(runs):
            took, expected = grep(path, switches)
            theirs.append(took)
            before = cpu_seconds(pid)
            took, hits, told = search(dict(fields))
            ours.append(took)
            cpu.append(cpu_seconds(pid) - before)
            if hits != expected:
                raise SystemExit(f"WRONG: {name}: {hits} hits, and {expected} of grep's")
        their, our = median(theirs), median(ours)
        speeds = f"{size / their / 1e9:.2f} GB/s | {size / our / 1e9:.2f} GB/s | {their / our:.0%}"
        print(f"| {name} | {speeds} | {hits} | {median(cpu) / our:.0%} | {told} times |", flush=True)
    print(f"\nMemory of the server at most: {peak(pid):.0f} MB", flush=True)


# The chat meanwhile.


@contextlib.contextmanager
def searches_going_on() -> Iterator[list[float]]:
    """One search after the other, in a process of its own, while the block runs."""
    command = ["curl", "-s", "-o", "/dev/null", f"http://127.0.0.1:{PORT}/api/logs/{FILE}/search?text=needle-9&case=1"]
    script = f"while :; do {' '.join(repr(word) for word in command)}; done"
    running = subprocess.Popen(["sh", "-c", script], start_new_session=True)
    try:
        yield []
    finally:
        os.killpg(running.pid, 15)
        running.wait()


def chatting(runs: int) -> None:
    """Print what people who chat wait for a message, with and without a search."""
    quiet: list[float] = []
    meanwhile: list[float] = []
    with talking(PORT, TALKERS, RATE, "main") as talkers:
        spans: list[tuple[list[float], float, float]] = []
        for _ in range(runs):
            time.sleep(0.5)
            began = time.monotonic()
            time.sleep(LISTEN)
            spans.append((quiet, began, time.monotonic()))
            with searches_going_on():
                time.sleep(0.5)
                began = time.monotonic()
                time.sleep(LISTEN)
                spans.append((meanwhile, began, time.monotonic()))
        samples = talkers.end()
    for kept, begin, end in spans:
        kept += latencies(samples, begin, end)
    print(f"\n| {TALKERS} people who chat, {RATE} messages a second | p50 | p99 | most | pings |\n|---|---|---|---|---|")
    for name, values in (("without a search", quiet), ("while the file is searched", meanwhile)):
        figures = " | ".join(
            f"{figure:.2f} ms" for figure in (percentile(values, 0.5), percentile(values, 0.99), max(values))
        )
        print(f"| {name} | {figures} | {len(values):,} |", flush=True)


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m bench.big_file", description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=10.0, help="how large the file is")
    parser.add_argument("--runs", type=int, default=3, help="runs of each search, and of the chat with and without one")
    arguments = parser.parse_args()
    size = int(arguments.gigabytes * GIGABYTE)
    where = os.environ.get("CHATAPP_BENCH_DIR") or tempfile.gettempdir()
    if shutil.disk_usage(where).free < size + GIGABYTE:
        raise SystemExit(f"{where} has no room for {arguments.gigabytes:g} GB; set CHATAPP_BENCH_DIR to a folder that has.")
    take_load_core()
    with tempfile.TemporaryDirectory(dir=where) as folder:
        data, path = Path(folder) / "data", Path(folder) / FILE
        data.mkdir()
        print(f"Making a file of {arguments.gigabytes:g} GB ...", flush=True)
        days = make(path, size)
        read_once(path)
        size = path.stat().st_size
        with serving("wsgi:app", PORT, data, LOGS=path) as pid:
            print(f"\n| a file of {size / 1e9:.2f} GB | result |\n|---|---|", flush=True)
            print(f"| memory of the server before anybody looks | {peak(pid):.0f} MB |")
            looking(size, days, pid)
            searching(path, size, arguments.runs, pid)
            chatting(arguments.runs)
            print(f"\nMemory of the server at most: {peak(pid):.0f} MB")


if __name__ == "__main__":
    main()
