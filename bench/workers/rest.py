"""Those who stay while a worker ends, in a process of their own, so that who comes back costs their clock nothing.

    python -m bench.workers.rest --port 9331 --clients 100 --rate 20

Prints "ready" once so many are in each worker. On a line with the number of a worker it lets go of all who are in that one,
and prints "ready" again; from then on one of the others talks. On the end of its input it prints one JSON object: what was
heard, and faults.
"""

import argparse
import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from bench.serving import TOP
from bench.workers.crowd import on_each, talk


async def stay(port: int, count: int, rate: float) -> dict[str, Any]:
    """Be there until the input ends."""
    found = await on_each(port, count, "rest")
    loop = asyncio.get_running_loop()
    print("ready", flush=True)
    victim = int(await loop.run_in_executor(None, sys.stdin.readline))
    for client in found.pop(victim):
        client.abort()
    clients = [client for those in found.values() for client in those]
    print("ready", flush=True)
    await talk(clients[0], rate, loop.run_in_executor(None, sys.stdin.read))
    await asyncio.sleep(1)
    return {
        "samples": [sample for client in clients for sample in client.samples],
        "lost": sum(client.lost for client in clients),
        "doubled": sum(client.doubled for client in clients),
        "closed": sum(client.closed.done() for client in clients),
        "behind": len({client.last for client in clients}) - 1,
        "clients": len(clients),
    }


class Rest:
    """The process, seen from the one that measures."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def wait(self) -> None:
        """Until it is ready."""
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "ready\n":
            raise SystemExit("those who stay did not come")

    def leave(self, worker: int) -> None:
        """Let go of all who are in this worker; the others begin to talk."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{worker}\n")
        self._process.stdin.flush()
        self.wait()

    def end(self) -> dict[str, Any]:
        """End it, and return what was heard."""
        answer, _ = self._process.communicate()
        heard: dict[str, Any] = json.loads(answer)
        return heard


@contextlib.contextmanager
def staying(port: int, clients: int, rate: float) -> Iterator[Rest]:
    """So many in each worker while the block runs."""
    options: dict[str, Any] = {"port": port, "clients": clients, "rate": rate}
    command = [sys.executable, "-m", "bench.workers.rest", *(f"--{name}={value}" for name, value in options.items())]
    with subprocess.Popen(command, cwd=TOP, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            rest = Rest(process)
            rest.wait()
            yield rest
        finally:
            process.kill()


def main() -> None:
    """Read the command line and be there."""
    parser = argparse.ArgumentParser(prog="python -m bench.workers.rest", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--rate", type=float, default=20.0)
    arguments = parser.parse_args()
    print(json.dumps(asyncio.run(stay(arguments.port, arguments.clients, arguments.rate))))


if __name__ == "__main__":
    main()
