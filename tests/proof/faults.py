"""What goes wrong, on purpose: the server is killed, restarted and reloaded, connections are cut, answers are lost.

All choices come from random sources made of the seed, so a seed repeats the schedule (what happens to whom, and after which
wait), though not what the machine makes of it.
"""

import asyncio
import os
import random
import signal
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from tests.conftest import Server, wait_until
from tests.proof.client import Client, Fields
from tests.proof.reader import Reader
from tests.proof.tally import Tally

#: What happens to the server, and how often: everything killed, a worker alone (as the kernel does it when memory is
#: short), the master alone (its workers go on for a second), SIGTERM and start, SIGHUP, and one more worker beside the
#: others for some seconds (SIGTTIN, SIGTTOU), as during a slow reload or an upgrade in place.
SERVER_FAULTS = {"all": 53, "worker": 24, "master": 5, "restart": 5, "reload": 8, "overlap": 5}
#: The same where there are several workers.
FAULTS_OF_SEVERAL = {"all": 20, "worker": 55, "master": 5, "restart": 5, "reload": 10, "overlap": 5}
#: How long two workers serve side by side at most (seconds).
MOST_OVERLAP = 4.0
#: A fault comes at most so long after the server is under load again (seconds). Some come at once, amid the return of all.
MOST_PEACE = 2.5
#: Time between two mishaps of one client (seconds, on average).
MISHAP_SECONDS = 8.0
#: What happens to a client. Deaf: for a while everything that comes is lost, then the connection is cut.
MISHAPS = {"cut": 30, "reset": 20, "half a frame": 20, "deaf": 30}
#: How long a client is deaf at most (seconds).
MOST_DEAF = 0.8
#: Time between two new beginnings of a restless reader (seconds, on average).
RESTLESS_SECONDS = 6.0
#: Begins the ids of requests of which only a half was sent: none of them may be stored.
HALF = "half-"
#: How long a server may take to answer again (seconds).
PATIENCE = 30.0


class ServerFaults:
    """Does to the server what its table of faults says, until it was killed so often. Threads wait for the processes."""

    def __init__(
        self, server: Server, rng: random.Random, tally: Tally, under_load: Callable[[], bool], workers: int = 1
    ) -> None:
        self._server = server
        self._rng = rng
        self._tally = tally
        self._under_load = under_load
        self._faults = SERVER_FAULTS if workers == 1 else FAULTS_OF_SEVERAL

    async def run(self, kills: int) -> None:
        """One fault after the other, each at a random moment under load."""
        faults: dict[str, Callable[[], Awaitable[None]]] = {
            "all": self._kill_all,
            "worker": self._kill_worker,
            "master": self._kill_master,
            "restart": self._restart,
            "reload": self._reload,
            "overlap": self._overlap,
        }
        while self._tally.counts["kills"] < kills:
            kind = self._rng.choices(list(self._faults), list(self._faults.values()))[0]
            peace = self._rng.uniform(0, MOST_PEACE)
            while not self._under_load():
                await asyncio.sleep(0.01)
            await asyncio.sleep(peace)
            await faults[kind]()

    async def _kill_all(self) -> None:
        """SIGKILL to the master and its workers. The master stands still first, so that it starts no worker meanwhile."""
        self._server.signal(signal.SIGSTOP)
        await asyncio.to_thread(self._server.kill)
        self._tally.count("kills")
        self._tally.count("kills of all")
        await asyncio.to_thread(self._server.start)

    async def _kill_worker(self) -> None:
        """SIGKILL to one worker; the master starts another. Of several, the others go on."""
        workers = self._server.workers()
        if not workers:
            return  # it is just being replaced
        # Not `choice`: how often that draws depends on what it draws, and the schedule is to follow from the seed.
        os.kill(workers[int(self._rng.random() * len(workers))], signal.SIGKILL)
        self._tally.count("kills")
        self._tally.count("kills of the worker")
        if len(workers) == 1:
            await self._wait_for_other_workers(workers)

    async def _kill_master(self) -> None:
        """SIGKILL to the master alone: the next one is started while its worker still finds out."""
        assert self._server.process is not None
        workers = self._server.workers()
        self._server.signal(signal.SIGKILL)
        await asyncio.to_thread(self._server.process.wait)
        self._tally.count("kills")
        self._tally.count("kills of the master")
        await asyncio.to_thread(self._server.start)
        await asyncio.to_thread(wait_until, lambda: not any(map(_runs, workers)), "the orphaned worker to end", PATIENCE)

    async def _restart(self) -> None:
        self._tally.count("restarts")
        await asyncio.to_thread(self._server.stop)
        await asyncio.to_thread(self._server.start)

    async def _reload(self) -> None:
        """SIGHUP; half of the time the next fault does not wait for the old worker to be gone."""
        workers = self._server.workers()
        self._tally.count("reloads")
        self._server.signal(signal.SIGHUP)
        if self._rng.random() < 0.5:
            await self._wait_for_other_workers(workers)

    async def _overlap(self) -> None:
        """Another worker comes, and after a while the older one goes."""
        self._tally.count("overlaps")
        self._server.signal(signal.SIGTTIN)
        await asyncio.sleep(self._rng.uniform(1, MOST_OVERLAP))
        self._server.signal(signal.SIGTTOU)

    async def _wait_for_other_workers(self, old: Sequence[int]) -> None:
        def replaced() -> bool:
            now = self._server.workers()
            return bool(now) and not set(now) & set(old)

        await asyncio.to_thread(wait_until, replaced, "a new worker", PATIENCE)


def _runs(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def mishaps(client: Client, rng: random.Random, tally: Tally) -> None:
    """What happens to one client, for ever."""
    while True:
        await asyncio.sleep(rng.expovariate(1 / MISHAP_SECONDS))
        kind = rng.choices(list(MISHAPS), list(MISHAPS.values()))[0]
        half = _half_of(client, rng) if kind == "half a frame" else None
        try:
            if kind == "deaf":
                client.deaf = True
                await asyncio.sleep(rng.uniform(0.05, MOST_DEAF))
        finally:  # also if this ends meanwhile: who has heard nothing for a while must come back
            if client.cut(half, kind == "reset"):
                tally.count("cuts")
                tally.count(f"cuts: {kind}")


def _half_of(client: Client, rng: random.Random) -> Fields:
    return {
        "type": "send",
        "id": f"{HALF}{rng.getrandbits(64):016x}",
        "room": rng.choice(client.rooms),
        "message": "half" * rng.choice((1, 200, 10_000)),
    }


async def restlessness(reader: Reader, rng: random.Random, tally: Tally) -> None:
    """A reader begins anew now and then, for ever."""
    while True:
        await asyncio.sleep(rng.expovariate(1 / RESTLESS_SECONDS))
        if reader.link is not None:
            reader.begin_anew()
            tally.count("new beginnings")
