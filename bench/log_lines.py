"""How fast lines go from a file to those who look at it, beside the Go program and `websocketd tail -F`.

    python -m bench.log_lines --fanload ./fanload --seed-logs ./logtail/seed --websocketd /usr/bin/websocketd

`fanload` appends to a file and plays ten viewers: with 1,024 lines in flight (how many lines a second), and with 1,000 lines
a second (how long one takes from the file to a viewer). This server is asked in both its dialects. Then 200 viewers with
five different filters look at one file: how many lines a second they get, how often the file is open, and how often a batch
is held against a filter. Each server runs on one core, the load on another; they take turns.
"""

import argparse
import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.serving import LOAD_CORE, SERVER_CORE, ask, cpu_seconds, serving, take_load_core
from bench.wire import Wire, connect

PORT, SEED_PORT, WEBSOCKETD_PORT = 9331, 8080, 9332
APP = "bench.inspected:app"
FILE = "bench.log"
#: The loads: their options for fanload, the figure that counts, and whether more of it is better.
LOADS = (
    ("10 viewers, 1,024 lines in flight: lines a second", "--clients 10 --window 1024", "deliveries_per_s", True),
    ("10 viewers, 1,000 lines a second: p50 ms", "--clients 10 --rate 1000", "p50_ms", False),
)
#: Many viewers: how many, how many filters they have in all, how many lines are in flight and in all.
VIEWERS, FILTERS, WINDOW, LINES = 200, 5, 8192, 100_000

Figures = dict[str, float]


@dataclass(frozen=True)
class Server:
    """What is measured: its name in the table, and how it is spoken to."""

    name: str
    port: int
    is_ours: bool = False
    options: tuple[str, ...] = ()


V1 = (
    "--header",
    "Sec-WebSocket-Protocol: logs.v1",
    "--hello",
    json.dumps({"type": "open", "file": FILE, "from": {"tail": 0}}),
)
SEED = Server("Go original", SEED_PORT)
WEBSOCKETD = Server("websocketd tail -F", WEBSOCKETD_PORT)
PLAIN = Server("this server, plain", PORT, True)
OURS = Server("this server, logs.v1", PORT, True, V1)


class Bench:
    """Starts servers, plays loads."""

    def __init__(self, arguments: argparse.Namespace, folder: Path) -> None:
        self._arguments = arguments
        self._folder = folder
        self._log = folder / FILE

    def measure(self, server: Server, options: str) -> Figures:
        """One load against one freshly started server."""
        self._log.write_bytes(b"")
        command = ["taskset", "-c", str(LOAD_CORE), self._arguments.fanload, "--port", str(server.port), "--path", "/echo"]
        command += [*options.split(), *server.options, "--seconds", str(self._arguments.seconds), "--file", str(self._log)]
        with self.running(server):
            ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
        figures = {name: float(value) for name, value in re.findall(r"(\w+)=(-?[\d.]+)", ended.stdout)}
        if "deliveries_per_s" not in figures:
            raise SystemExit(f"fanload failed with {server.name}: {ended.stdout} {ended.stderr}")
        if server.is_ours and (figures["lost"] or figures["orders"] != 1):
            raise SystemExit(f"WRONG: {server.name} lost or reordered lines: {figures}")
        return figures

    @contextlib.contextmanager
    def running(self, server: Server) -> Iterator[int]:
        """The server, while the block runs; yields the number of its process."""
        if server.is_ours:
            data = self._folder / "data"
            data.mkdir(exist_ok=True)
            with serving(APP, PORT, data, LOGS=self._log) as pid:
                yield pid
            return
        command = [self._arguments.seed_logs, str(self._log)]
        if server is WEBSOCKETD:
            command = [self._arguments.websocketd, "--address=127.0.0.1", f"--port={server.port}"]
            command += ["tail", "-n", "0", "-F", str(self._log)]
        running = subprocess.Popen(
            ["taskset", "-c", str(SERVER_CORE), *command],
            env={**os.environ, "GOMAXPROCS": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            _wait_for(server.port)
            yield running.pid
        finally:
            os.killpg(running.pid, signal.SIGTERM)  # websocketd has a tail for each viewer
            running.wait(10)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 10
    while True:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        if time.monotonic() > deadline:
            raise SystemExit(f"nobody answers on port {port}")
        time.sleep(0.05)


def beside_others(bench: Bench, runs: int, servers: list[Server]) -> None:
    """Print the table against the others."""
    print(f"| case | {' | '.join(server.name for server in servers)} | ours to the Go original |")
    print("|---|" + "---|" * (len(servers) + 1), flush=True)
    for name, options, figure, is_more in LOADS:
        figures: dict[Server, list[float]] = {server: [] for server in servers}
        for _ in range(runs):
            for server in servers:
                figures[server].append(bench.measure(server, options)[figure])
        middles = [statistics.median(figures[server]) for server in servers]
        ratios = [middle / middles[0] for middle, server in zip(middles, servers, strict=True) if server.is_ours]
        ratio = " and ".join(f"{ratio:.1f} times" if is_more else f"{ratio:.2f}" for ratio in ratios)
        print(f"| {name} | {' | '.join(f'{middle:,.6g}' for middle in middles)} | {ratio} |", flush=True)


# Many viewers of one file.


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


def many_viewers(bench: Bench, log: Path, runs: int) -> None:
    """Print what many viewers get, and what they cost."""
    rates, shares = [], []
    for _ in range(runs):
        log.write_bytes(b"")
        with bench.running(OURS) as pid:
            cpu, began = cpu_seconds(pid), time.monotonic()
            took, delivered, dropped, counted = asyncio.run(watch(log))
            shares.append((cpu_seconds(pid) - cpu) / (time.monotonic() - began))
            rates.append(delivered / took)
            opened = sum(_is(fd, log) for fd in Path(f"/proc/{pid}/fd").iterdir())
        if dropped:
            raise SystemExit(f"WRONG: {dropped} times a viewer was told to do without")
        evaluations = counted["evaluations"] / counted["batches"]
    print("\n| case | result |\n|---|---|")
    print(
        f"| {VIEWERS} viewers of one file, {FILTERS} filters: lines a second, together | {statistics.median(rates):,.0f} |"
    )
    print(f"| times the file is open | {opened} |")
    print(f"| evaluations a batch | {evaluations:.2f} |")
    print(f"| share of its core the server had | {statistics.median(shares):.0%} |")


def _is(fd: Path, log: Path) -> bool:
    try:
        return os.readlink(fd) == str(log)
    except OSError:
        return False


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m bench.log_lines", description=__doc__)
    for name in ("--fanload", "--seed-logs"):
        parser.add_argument(name, required=True, type=lambda path: str(Path(path).resolve(strict=True)))
    parser.add_argument("--websocketd", default=shutil.which("websocketd"), help="left out if it is not there")
    parser.add_argument("--runs", type=int, default=5, help="runs of each case (median)")
    parser.add_argument("--seconds", type=float, default=4, help="measured time of a run")
    arguments = parser.parse_args()
    take_load_core()
    servers = [SEED, *([WEBSOCKETD] if arguments.websocketd else []), PLAIN, OURS]
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(arguments, Path(folder).resolve())
        beside_others(bench, arguments.runs, servers)
        many_viewers(bench, Path(folder).resolve() / FILE, arguments.runs)


if __name__ == "__main__":
    main()
