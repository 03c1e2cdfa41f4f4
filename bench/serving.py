"""A server for a measurement: gunicorn pinned to one core; and this process, with the load, to another."""

import contextlib
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parent.parent
SERVER_CORE, LOAD_CORE = 0, 1
#: How long a server may take to start, and to end (seconds).
PATIENCE = 30.0


def free_port() -> int:
    """One that nobody has: below those that Linux gives to who connects, and those that the tests' servers take."""
    while True:
        port = random.randrange(10_000, 20_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextlib.contextmanager
def serving(app: str, port: int, data_dir: Path, workers: int = 1, **settings: object) -> Iterator[int]:
    """Serve `app` on `port` with these settings (without their prefix) while the block runs; the rate limit is off.

    Yields the number of a worker's process. Several workers are pinned to no core.
    """
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("CHATAPP_", "GUNICORN", "WEB_"))}
    settings = {"BIND": f"127.0.0.1:{port}", "DATA_DIR": data_dir, "MESSAGE_RATE": 0, "PING_SECONDS": 3600, **settings}
    environ |= {f"CHATAPP_{name}": str(value) for name, value in settings.items()}
    environ |= {"WEB_CONCURRENCY": str(workers)}
    pinned = ["taskset", "-c", str(SERVER_CORE)] if workers == 1 else []
    command = [*pinned, sys.executable, "-m", "gunicorn", "-k", "gevent", app]
    with open(data_dir / "server.txt", "wb") as output:
        server = subprocess.Popen(command, cwd=TOP, env=environ, stdout=output, stderr=output)
    try:
        _wait_for(port, server, data_dir)
        yield int(Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()[0])
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(PATIENCE)


def _wait_for(port: int, server: "subprocess.Popen[bytes]", data_dir: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            ask(port, "/healthz")
            return
        if server.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"the server did not start:\n{(data_dir / 'server.txt').read_text()}")
        time.sleep(0.05)


def ask(port: int, path: str) -> dict[str, Any]:
    """What the server says at `path`, as JSON."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE) as answer:
        fields: dict[str, Any] = json.load(answer)
        return fields


def take_load_core() -> None:
    """Run this process, and what it starts, on the core of the load."""
    os.sched_setaffinity(0, {LOAD_CORE})


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of all lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def median(values: Sequence[float]) -> float:
    """The middle."""
    return statistics.median(values) if values else float("nan")
