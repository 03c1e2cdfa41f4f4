"""Clients of several workers: who is in which worker, when messages came, and whether one was lost or came twice."""

import asyncio
import contextlib
import os
import time
from pathlib import Path
from typing import Any

from bench.serving import ask, percentile
from bench.wire import Person, connect

_MARK = b'"message":"T'

#: When a message was sent (seconds of the monotonic clock), and after how many milliseconds it came.
Sample = tuple[float, float]


class Timed(Person):
    """Somebody in the main room, who notes when each message was sent and how long it took, and holds their numbers to be
    one after the other."""

    worker = 0

    def __init__(self, port: int, name: str, token: str | None = None) -> None:
        super().__init__(port, name, token)
        self.samples: list[Sample] = []
        self.last = 0
        self.lost = self.doubled = 0

    def message(self, text: bytes) -> None:
        start = text.index(b'"seq":') + 6
        seq = int(text[start : text.index(b",", start)])
        self.lost += max(0, seq - self.last - 1) if self.last else 0
        self.doubled += seq <= self.last
        self.last = seq
        at = text.find(_MARK)
        if at >= 0:
            sent = float(text[at + len(_MARK) : text.index(b'"', at + len(_MARK))])
            self.samples.append((sent, (time.monotonic() - sent) * 1000))


async def come(port: int, name: str, token: str | None = None, seq: int | None = None) -> Timed:
    """Somebody who is in the main room: anew, or after the number `seq`, with all that came since."""
    client: Timed = await connect(port, lambda: Timed(port, name, token))
    client.last = seq or 0
    await client.hello()
    back = await client.join("main", seq, 0)
    if seq is not None and (not back.recovered or back.events != back.seq - seq):
        raise RuntimeError(f"{name} has missed something: {back} after {seq}")
    client.last = max(client.last, back.seq)
    return client


async def crowd(port: int, count: int, name: str) -> list[Timed]:
    """Many who come at once, with the worker of each."""
    clients = list(await asyncio.gather(*(come(port, f"{name}-{number}") for number in range(count))))
    await asyncio.to_thread(find_workers, port, clients)
    return clients


async def on_each(port: int, count: int, name: str, most: int = 4000) -> dict[int, list[Timed]]:
    """So many clients in each worker: connections are opened until it is so, and those that are too many are closed."""
    workers = [worker["pid"] for worker in (await asyncio.to_thread(ask, port, "/healthz"))["workers"]]
    found: dict[int, list[Timed]] = {pid: [] for pid in workers}
    opened = 0
    while any(len(clients) < count for clients in found.values()):
        for client in await crowd(port, 50, f"{name}-{opened}"):
            if len(found[client.worker]) < count:
                found[client.worker].append(client)
            else:
                client.abort()
        opened += 50
        if opened > most:
            raise RuntimeError(f"of {opened} connections too few went to one worker: {sorted(map(len, found.values()))}")
    return found


def find_workers(port: int, clients: list[Timed]) -> None:
    """Note of each client which worker has the other end of its connection."""
    inodes = {}
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if int(fields[1].partition(":")[2], 16) == port:
            inodes[f"socket:[{fields[9]}]"] = int(fields[2].partition(":")[2], 16)
    workers = {}
    for pid in (worker["pid"] for worker in ask(port, "/healthz")["workers"]):
        for descriptor in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(FileNotFoundError):
                workers[inodes.get(os.readlink(f"/proc/{pid}/fd/{descriptor}"))] = pid
    for client in clients:
        assert client._transport is not None
        client.worker = workers[client._transport.get_extra_info("sockname")[1]]


async def talk(talker: Timed, rate: float, until: "asyncio.Future[Any]") -> None:
    """Say something at a steady rate."""
    began, sent = time.monotonic(), 0
    while not until.done():
        await asyncio.sleep(max(0.0, began + sent / rate - time.monotonic()))
        talker.say({"type": "send", "id": f"{began}-{sent}", "room": "main", "message": f"T{time.monotonic():.6f}"})
        sent += 1


def told(samples: list[Sample]) -> str:
    """For the table."""
    took = [milliseconds for _, milliseconds in samples]
    shares = (("half", 0.5), ("99 %", 0.99), ("99.9 %", 0.999))
    within = ", ".join(f"{name} {percentile(took, share):.1f} ms" for name, share in shares)
    return f"{within}, all {max(took, default=float('nan')):.1f} ms ({len(took):,} deliveries)"
