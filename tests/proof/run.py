"""One run of the proof: a server, clients, faults; then quiet, a last kill, and the comparison."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, NamedTuple

from tests.conftest import Server
from tests.proof import stored
from tests.proof.client import Address, Client, Fields
from tests.proof.compare import Logged, Verdict, compare
from tests.proof.faults import ServerFaults, mishaps, restlessness
from tests.proof.reader import Reader
from tests.proof.tally import Tally
from tests.proof.writer import Writer

WRITERS = 20
READERS = 20
#: So many of the readers begin anew now and then.
RESTLESS = 4
#: Requests a second of one writer, on average, while the server is there.
RATE = 7.0
#: The rooms beside `main`, made at the beginning.
NEW_ROOMS = ("workshop", "茶馆")
ROOMS = ("main", *NEW_ROOMS)
#: How long it may take until all is answered and everybody has seen everything (seconds).
QUIET_SECONDS = 60.0
#: Requests that must be acknowledged after a return of the server before it is under load again.
LOAD = 5
#: A run goes on until so much of this has happened, however slow the machine is: else it was no trial.
ENOUGH = {
    "messages acknowledged": 100,
    "cuts": 5,
    "sent again": 5,
    "copies": 5,
    "resumed": 5,
    "fresh pages": 5,
    "pages of history": 5,
}


class Outcome(NamedTuple):
    """What came out of a run."""

    verdict: Verdict
    tally: Tally
    events: int
    messages: int
    seconds: float

    @property
    def clean(self) -> bool:
        """Whether nothing was lost, doubled or reordered, and no promise broken."""
        return self.verdict.clean and not self.tally.broken


async def prove(
    folder: Path, kills: int, seed: int, app: str = "wsgi:app", progress: Callable[[str], None] = print, workers: int = 1
) -> Outcome:
    """Run it all. The server has so many `workers` and keeps its data in `folder`; `progress` is told how far it is."""
    began = time.monotonic()
    tally = Tally()
    server = Server(folder, {"MESSAGE_RATE": 0, "PING_SECONDS": 5}, app, ("--workers", str(workers)))
    await asyncio.to_thread(server.start)
    try:

        async def faults(rng: random.Random) -> None:
            await ServerFaults(server, rng, tally, under_load(tally), workers).run(kills)

        writers, readers = await trial(Address.of(server.port), random.Random(seed), tally, faults, kills, progress)
        await asyncio.to_thread(server.kill)
        logs = stored.read(server.data_dir, tally)
    finally:
        server.kill()
    check_server_log(server, tally)
    return judge(logs, writers, readers, tally, began)


async def trial(
    address: Address,
    source: random.Random,
    tally: Tally,
    faults: Callable[[random.Random], Awaitable[None]],
    kills: int,
    progress: Callable[[str], None],
    store_fails: bool = False,
) -> tuple[list[Writer], list[Reader]]:
    """Everybody writes and reads, until all `faults` have happened and `ENOUGH` has, and then until it is quiet.

    `store_fails`: the store is away now and then, as the faults want it.
    """
    await make_rooms(address, tally)
    writers, readers = crowd(address, source, tally)
    for writer in writers:
        writer.store_fails = store_fails
    everybody: list[Client] = [*writers, *readers]
    async with tasks(*(client.run() for client in everybody), *(reader.page_back() for reader in readers)):
        await wait_for(lambda: all(client.live for client in everybody), "everybody to be there")
        trouble = [mishaps(client, rng_of(source), tally) for client in everybody]
        trouble += [restlessness(reader, rng_of(source), tally) for reader in readers[:RESTLESS]]
        work = [*(writer.write() for writer in writers), *(reader.mark() for reader in readers)]
        async with tasks(*trouble, *work, _tell(tally, kills, progress)):
            await faults(rng_of(source))
            await wait_for(lambda: all(tally.counts[what] >= number for what, number in ENOUGH.items()), f"{ENOUGH}", 60)
        progress("waiting until all is answered and seen")
        await wait_for_quiet(writers, readers, tally)
    return writers, readers


def crowd(address: Address, source: random.Random, tally: Tally) -> tuple[list[Writer], list[Reader]]:
    """Those who write and those who read."""
    writers = [Writer(f"writer-{n}", address, ROOMS, rng_of(source), tally, RATE) for n in range(WRITERS)]
    readers = [Reader(f"reader-{n}", address, ROOMS, rng_of(source), tally) for n in range(READERS)]
    return writers, readers


def judge(
    logs: dict[str, list[Logged]], writers: list[Writer], readers: list[Reader], tally: Tally, began: float
) -> Outcome:
    """The comparison of what is stored with what everybody saw, and with what was acknowledged."""
    everybody: list[Client] = [*writers, *readers]
    for writer in writers:
        stored_ids = {event.id for log in logs.values() for event in log}
        tally.all_wrong("refused and yet stored", sorted(writer.refusals & stored_ids))
    verdict = compare(
        logs,
        {client.name: client.views.values() for client in everybody},
        {writer.name: writer.asked for writer in writers},
        {request_id for writer in writers for request_id in writer.put_off},
    )
    events = sum(map(len, logs.values()))
    messages = sum(event.is_message for log in logs.values() for event in log)
    return Outcome(verdict, tally, events, messages, time.monotonic() - began)


def rng_of(source: random.Random) -> random.Random:
    """A random source of its own for each who needs one."""
    return random.Random(source.getrandbits(64))


@contextlib.asynccontextmanager
async def tasks(*coroutines: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Tasks that run for ever, for as long as the block does. One that fails, fails the block."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(coroutine) for coroutine in coroutines]
        yield
        for task in tasks:
            task.cancel()


async def make_rooms(address: Address, tally: Tally) -> None:
    """Make the rooms beside `main`."""
    founder = _Founder("founder", address, ("main",), random.Random(0), tally)
    async with tasks(founder.run()):
        await wait_for(lambda: founder.live, "the founder to be there")
        for number, room in enumerate(NEW_ROOMS):
            await founder.say({"type": "create", "id": f"{number:032x}", "room": room, "topic": "made for the proof"})
        await wait_for(lambda: founder.made >= set(NEW_ROOMS), "the rooms to be made")


class _Founder(Client):
    """Who makes the rooms."""

    made: frozenset[str] = frozenset()

    async def take(self, said: Fields) -> None:
        if said["type"] == "room" and said.get("id"):
            self.made = self.made | {said["room"]}
        await super().take(said)


def under_load(tally: Tally) -> Callable[[], bool]:
    """Whether writers were served again since this was true last."""
    mark = 0

    def under_load() -> bool:
        nonlocal mark
        if tally.counts["acknowledged"] < mark + LOAD:
            return False
        mark = tally.counts["acknowledged"]
        return True

    return under_load


async def wait_for(condition: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
    """Wait until it is true. Raises `TimeoutError`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:g} s in vain for {what}")
        await asyncio.sleep(0.02)


async def wait_for_quiet(writers: list[Writer], readers: list[Reader], tally: Tally) -> None:
    """Wait until no request is unanswered, everybody follows all rooms at the same position, and all pages have come."""

    def quiet() -> bool:
        everybody: list[Client] = [*writers, *readers]
        return (
            not any(writer.waiting for writer in writers)
            and all(client.live for client in everybody)
            and all(reader.complete for reader in readers)
            and all(len({client.views[room].position for client in everybody}) == 1 for room in ROOMS)
        )

    try:
        await wait_for(quiet, "quiet", QUIET_SECONDS)
    except TimeoutError:
        for writer in writers:
            if writer.waiting:
                tally.wrong("no quiet", f"{writer.name} has {writer.waiting} requests without an answer")
        for client in [*writers, *readers]:
            state = {room: f"{client.phases[room].name} {client.views[room].position}" for room in ROOMS}
            tally.wrong("no quiet", f"{client.name}: {state}")


async def _tell(tally: Tally, kills: int, progress: Callable[[str], None]) -> None:
    began = time.monotonic()
    while True:
        await asyncio.sleep(10)
        counts = tally.counts
        progress(
            f"{time.monotonic() - began:4.0f} s: {counts['kills']} of {kills} kills, {counts['cuts']} cuts, "
            f"{counts['acknowledged']} acknowledged, {sum(tally.broken.values())} promises broken"
        )


def check_server_log(server: Server, tally: Tally) -> None:
    """The server may be killed; it may not stumble."""
    _, *tracebacks = server.said().split("Traceback (most recent call last)")
    if tracebacks:
        tally.wrong("a traceback in the server's log", f"{len(tracebacks)} of them, the first:\n{tracebacks[0][:3000]}")
