"""Several workers: how clients are dealt out, how long messages take from one to another, and what the end of one costs.

    python -m bench.workers --workers 4

First many connect at once, and it is counted who got them. Then one talks, and messages are timed on their way to clients of
its own worker and of the others. Then a worker that has 500 clients is killed: they come back, resume, and must have missed
nothing, while those of the other workers go on being timed. The load runs beside the workers, on the same cores.
"""

import argparse
import asyncio
import collections
import contextlib
import os
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.serving import ask, percentile, serving
from bench.wire import Person, connect

PORT = 9331
APP = "wsgi:app"
#: Clients that connect at once, and those of one worker that is killed.
CROWD, VICTIMS = 1000, 500
#: Messages a second of the one who talks, for how long (seconds), and the clients in each worker that are timed.
RATE, SECONDS, TIMED = 50, 20.0, 10
#: Messages a second while a worker is killed: each goes to some 1,500 clients, all in this process.
RATE_OF_MANY = 5
_MARK = b'"message":"T'


class Timed(Person):
    """Somebody who notes when each message was sent, and after how many milliseconds it came."""

    worker = 0

    def __init__(self, port: int, name: str, token: str | None = None) -> None:
        super().__init__(port, name, token)
        self.samples: list[tuple[float, float]] = []
        self.last = 0

    def message(self, text: bytes) -> None:
        at = text.find(_MARK)
        if at >= 0:
            sent = float(text[at + len(_MARK) : text.index(b'"', at + len(_MARK))])
            self.samples.append((sent, (time.monotonic() - sent) * 1000))
        start = text.index(b'"seq":') + 6
        self.last = int(text[start : text.index(b",", start)])


async def come(name: str, token: str | None = None, seq: int | None = None) -> Timed:
    """Somebody who is in the main room."""
    client: Timed = await connect(PORT, lambda: Timed(PORT, name, token))
    await client.hello()
    back = await client.join("main", seq, 0)
    if seq is not None and (not back.recovered or back.events != back.seq - seq):
        raise RuntimeError(f"{name} has missed something: {back} after {seq}")
    client.last = max(client.last, back.seq)
    return client


async def crowd(count: int, name: str = "one") -> list[Timed]:
    """Many who come at once, with the worker of each."""
    clients = await asyncio.gather(*(come(f"{name}-{number}") for number in range(count)))
    ports = {}
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if int(fields[1].partition(":")[2], 16) == PORT:
            ports[f"socket:[{fields[9]}]"] = int(fields[2].partition(":")[2], 16)
    workers = {}
    for pid in (worker["pid"] for worker in ask(PORT, "/healthz")["workers"]):
        for descriptor in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(FileNotFoundError):
                workers[ports.get(os.readlink(f"/proc/{pid}/fd/{descriptor}"))] = pid
    for client in clients:
        assert client._transport is not None
        client.worker = workers[client._transport.get_extra_info("sockname")[1]]
    return list(clients)


async def talk(talker: Timed, rate: float, until: "asyncio.Future[Any]") -> None:
    """Say something at a steady rate."""
    began, sent = time.monotonic(), 0
    while not until.done():
        await asyncio.sleep(max(0.0, began + sent / rate - time.monotonic()))
        talker.say({"type": "send", "id": f"{began}-{sent}", "room": "main", "message": f"T{time.monotonic():.6f}"})
        sent += 1


def told(what: str, samples: list[tuple[float, float]]) -> str:
    """A row of the table."""
    took = [milliseconds for _, milliseconds in samples]
    return f"| {what} | {percentile(took, 0.5):.2f} ms, {percentile(took, 0.99):.1f} ms ({len(took):,} deliveries) |"


async def latencies(clients: list[Timed]) -> None:
    """Print how long messages take inside a worker and across."""
    talker = clients[0]
    timed: list[Timed] = []
    for worker in {client.worker for client in clients}:
        timed += [client for client in clients if client.worker == worker and client is not talker][:TIMED]
    for client in clients:
        if client not in timed and client is not talker:
            client.abort()
    await asyncio.sleep(5)
    for client in timed:
        client.samples.clear()
    await talk(talker, RATE, asyncio.ensure_future(asyncio.sleep(SECONDS)))
    await asyncio.sleep(0.5)
    inside = [sample for client in timed if client.worker == talker.worker for sample in client.samples]
    across = [sample for client in timed if client.worker != talker.worker for sample in client.samples]
    print(told("inside a worker: half of the messages, 99 % arrive within", inside))
    print(told("from one worker to the others", across), flush=True)
    for client in (talker, *timed):
        client.abort()


async def end_of_one() -> None:
    """Print what it costs when a worker with many clients is killed."""
    clients: list[Timed] = []
    counts: collections.Counter[int] = collections.Counter()
    while max(counts.values(), default=0) < VICTIMS:
        clients += [client for client in await crowd(100, f"more-{len(clients)}") if counts[client.worker] < VICTIMS]
        counts = collections.Counter(client.worker for client in clients)
    victim = counts.most_common(1)[0][0]
    victims = [client for client in clients if client.worker == victim][:VICTIMS]
    others = [client for client in clients if client.worker != victim]
    talker = others[0]
    end: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    talking = asyncio.ensure_future(talk(talker, RATE_OF_MANY, end))
    await asyncio.sleep(3)
    killed = time.monotonic()
    os.kill(victim, signal.SIGKILL)

    async def come_back(client: Timed) -> float:
        await client.closed
        wait = 0.05
        while True:
            try:
                await come(client.name, client.token, client.last)
            except OSError:
                await asyncio.sleep(wait)
                wait = min(2 * wait, 1.0)
                continue
            return time.monotonic() - killed

    took = await asyncio.gather(*map(come_back, victims))
    await asyncio.sleep(2)
    end.set_result(None)
    await talking
    meanwhile = [sample for client in others for sample in client.samples if killed <= sample[0] <= killed + max(took)]
    before = [sample for client in others for sample in client.samples if killed - 2 <= sample[0] < killed]
    print(
        f"| a worker with {len(victims)} clients is killed, beside {len(others)} on others: half, all have caught up after "
        f"| {percentile(took, 0.5):.2f} s, {max(took):.2f} s |"
    )
    print(told("what the others wait for a message before", before))
    print(told("and until all are back", meanwhile))


async def measure() -> None:
    """One after the other."""
    clients = await crowd(CROWD)
    counts = collections.Counter(client.worker for client in clients)
    print(
        f"| {CROWD:,} connect at once: clients of each worker | {', '.join(map(str, sorted(counts.values())))} |", flush=True
    )
    await latencies(clients)
    await end_of_one()


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m bench.workers", description=__doc__)
    parser.add_argument("--workers", type=int, default=4)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, serving(APP, PORT, Path(folder), arguments.workers):
        while len(ask(PORT, "/healthz")["workers"]) < arguments.workers:
            time.sleep(0.1)
        print("| case | result |\n|---|---|", flush=True)
        asyncio.run(measure())


if __name__ == "__main__":
    main()
