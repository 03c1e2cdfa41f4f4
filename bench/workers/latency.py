"""How long messages take inside a worker, and from one to the others."""

import asyncio
import collections
import random

from bench.workers import Row
from bench.workers.crowd import Timed, crowd, on_each, talk, told

#: Clients that connect at once, to see who gets them.
CROWD = 1000
#: Clients in each worker that are timed, messages a second of the one who talks, and for how long (seconds).
TIMED, RATE, SECONDS = 10, 50.0, 20.0
#: Before, and after the last message (seconds).
SETTLE = 2.0


async def dealt_out(port: int) -> list[Row]:
    """How many of those who come at once each worker gets."""
    clients = await crowd(port, CROWD, "one")
    counts = sorted(collections.Counter(client.worker for client in clients).values())
    for client in clients:
        client.abort()
    await asyncio.sleep(SETTLE)
    return [(f"{CROWD:,} connect at once: clients of each worker", ", ".join(map(str, counts)))]


async def latency(port: int, quick: bool = False) -> list[Row]:
    """One talks; the times of those in the same worker and in others."""
    found = await on_each(port, TIMED + 1, "timed")
    talker = found[random.choice(list(found))][-1]
    clients = [client for those in found.values() for client in those if client is not talker]
    await asyncio.sleep(SETTLE)
    await talk(talker, RATE, asyncio.ensure_future(asyncio.sleep(1 if quick else SECONDS)))
    await asyncio.sleep(SETTLE)
    rows = [(f"{RATE:g} messages a second: inside a worker they arrive within", told(_heard(clients, talker, True)))]
    if len(found) > 1:
        rows.append(("from one worker to the others", told(_heard(clients, talker, False))))
    rows += faults("lost, doubled", clients)
    for client in (talker, *clients):
        client.abort()
    await asyncio.sleep(SETTLE)
    return rows


def faults(what: str, clients: list[Timed]) -> list[Row]:
    """Whether all got everything once."""
    return [(what, f"{sum(client.lost for client in clients)}, {sum(client.doubled for client in clients)}")]


def _heard(clients: list[Timed], talker: Timed, inside: bool) -> list[tuple[float, float]]:
    return [sample for client in clients if (client.worker == talker.worker) == inside for sample in client.samples]
