"""A worker that has many clients is killed: when they are back and caught up, and what those of the other workers notice."""

import asyncio
import os
import random
import signal
import time

from bench.serving import percentile
from bench.workers import Row
from bench.workers.crowd import Timed, come, on_each, told
from bench.workers.rest import Rest, staying

#: Clients of the worker that is killed, and those in each of the others that are timed.
VICTIMS, OTHERS = 500, 100
#: Messages a second, each of which goes to all of them.
RATE = 20.0
#: How long is timed before (seconds), and after all are back.
BEFORE, AFTER = 10.0, 3.0
#: The wait before one comes back (seconds, at random up to so much), and how it grows when that fails.
WAIT, MOST_WAIT = 0.1, 1.0


def end_of_one(port: int, victims: int = VICTIMS, others: int = OTHERS, before: float = BEFORE) -> list[Row]:
    """Kill one."""
    with staying(port, others, RATE) as rest:
        return asyncio.run(_end(port, rest, victims, before))


async def _end(port: int, rest: Rest, count: int, before: float) -> list[Row]:
    victim, victims = await _gather(port, count)
    await asyncio.to_thread(rest.leave, victim)
    await asyncio.sleep(before)
    killed = time.monotonic()
    os.kill(victim, signal.SIGKILL)
    back = await asyncio.gather(*map(_come_back, victims))
    all_back = time.monotonic()
    took = [at - killed for _, at in back]
    await asyncio.sleep(AFTER)
    heard = await asyncio.to_thread(rest.end)
    samples = heard["samples"]

    def between(begin: float, end: float) -> str:
        return told([(sent, late) for sent, late in samples if begin <= sent < end])

    clients = [client for client, _ in back]
    lost, doubled = sum(client.lost for client in clients), sum(client.doubled for client in clients)
    return [
        (
            f"a worker with {count} clients is killed: half, 99 %, all of them are back and caught up after",
            f"{percentile(took, 0.5):.2f} s, {percentile(took, 0.99):.2f} s, {max(took):.2f} s",
        ),
        ("of what was said meanwhile they have missed, had twice", f"{lost}, {doubled}"),
        (
            f"what {heard['clients']} clients of the other workers wait for a message before, {RATE:g} a second to all",
            between(killed - before, killed),
        ),
        ("and until all are back", between(killed, all_back)),
        ("and in the seconds after that", between(all_back, all_back + AFTER)),
        (
            "of these lost, doubled; connections that were closed; at the end behind the others",
            f"{heard['lost']}, {heard['doubled']}; {heard['closed']}; {heard['behind']}",
        ),
    ]


async def _gather(port: int, count: int) -> tuple[int, list[Timed]]:
    """So many clients of one worker; those of others are let go."""
    found = await on_each(port, 1, "lone")
    victim = random.choice(list(found))
    victims: list[Timed] = []
    while len(victims) < count:
        more = await on_each(port, min(100, count - len(victims)), f"victim-{len(victims)}")
        victims += more.pop(victim)
        for client in (client for those in more.values() for client in those):
            client.abort()
    for client in (client for those in found.values() for client in those):
        client.abort()
    await asyncio.sleep(3.5)  # until all who left are told to have left
    return victim, victims


async def _come_back(client: Timed) -> tuple[Timed, float]:
    """Come back as soon as the connection is gone, as the page does: with a wait that grows; when it is caught up."""
    await client.closed
    wait = WAIT
    while True:
        await asyncio.sleep(random.uniform(0, wait))
        try:
            back = await come(client._port, client.name, client.token, client.last)
        except OSError:
            wait = min(2 * wait, MOST_WAIT)
            continue
        return back, time.monotonic()
