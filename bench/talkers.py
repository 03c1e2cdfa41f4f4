"""People who chat at a steady rate, in a process of their own, and what they see of it: latencies, each with its time.

    python -m bench.talkers --port 9301 --clients 100 --rate 100 --room main

Prints "ready" once all have joined; when its input ends, one JSON list of pairs: when a message was sent (seconds of the
monotonic clock, which all processes share) and after how many milliseconds one of the clients had it.
"""

import argparse
import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from bench.serving import TOP, percentile, take_load_core
from bench.wire import Person, connect

_MARK = b'"message":"T'

Sample = tuple[float, float]


class Talker(Person):
    """One of them."""

    samples: "list[Sample]"

    def message(self, text: bytes) -> None:
        at = text.find(_MARK)
        if at >= 0:
            sent = float(text[at + len(_MARK) : text.index(b" ", at)])
            self.samples.append((sent, (time.monotonic() - sent) * 1000))


async def talk(port: int, clients: int, rate: float, room: str) -> list[Sample]:
    """Chat until the input ends; return what was seen."""
    samples: list[Sample] = []
    talkers: list[Talker] = []
    for number in range(clients):
        talker = await connect(port, lambda number=number: Talker(port, f"talker-{number}"))  # type: ignore[misc]
        talker.samples = samples
        await talker.hello()
        await talker.join(room, None, 0)
        talkers.append(talker)
    print("ready", flush=True)
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    began, sent = time.monotonic(), 0
    while not ended.done():
        await asyncio.sleep(max(0, began + sent / rate - time.monotonic()))
        text = f"T{time.monotonic():.6f} what one says in a chat, about as long as this 一句话"
        talkers[sent % clients].say({"type": "send", "id": f"talk-{began}-{sent}", "room": room, "message": text})
        sent += 1
    await asyncio.sleep(0.5)
    return samples


class Talkers:
    """The process, seen from the one that measures."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def end(self) -> "list[Sample]":
        """End it, and return what was seen."""
        answer, _ = self._process.communicate()
        return [(sent, took) for sent, took in json.loads(answer)]


@contextlib.contextmanager
def talking(port: int, clients: int, rate: float, room: str) -> Iterator[Talkers]:
    """People who chat while the block runs."""
    options: dict[str, Any] = {"port": port, "clients": clients, "rate": rate, "room": room}
    command = [sys.executable, "-m", "bench.talkers", *(f"--{name}={value}" for name, value in options.items())]
    with subprocess.Popen(command, cwd=TOP, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            if process.stdout.readline() != "ready\n":
                raise SystemExit("the talkers did not come")
            yield Talkers(process)
        finally:
            process.kill()


def latencies(samples: "list[Sample]", begin: float, end: float) -> list[float]:
    """Of what was sent in this time."""
    return [took for sent, took in samples if begin <= sent < end]


def p50_p99(values: list[float]) -> str:
    """For a table."""
    return f"p50 {percentile(values, 0.5):.1f} ms, p99 {percentile(values, 0.99):.1f} ms"


def main() -> None:
    """Read the command line and talk."""
    parser = argparse.ArgumentParser(prog="python -m bench.talkers", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--rate", type=float, default=100.0)
    parser.add_argument("--room", default="main")
    arguments = parser.parse_args()
    take_load_core()
    print(json.dumps(asyncio.run(talk(arguments.port, arguments.clients, arguments.rate, arguments.room))))


if __name__ == "__main__":
    main()
