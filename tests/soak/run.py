"""One run of the soak: a server, shifts of people and viewers, quiet between them, and what was held at each moment."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any, NamedTuple

from bench.filling import fill
from tests.conftest import Server
from tests.soak import COLLECT, FOLDER, judging, logs
from tests.soak.judging import Quiet
from tests.soak.link import PING_SECONDS, Counts
from tests.soak.people import ROOMS, Pace, Person
from tests.soak.samples import Sample, Sampler, Sizes
from tests.soak.viewers import Viewer

#: How long it may take until all that was used is gone (seconds).
SETTLE_SECONDS = 30.0


class Day(NamedTuple):
    """How much goes on. Times in seconds; of `shifts` each takes `shift`, with the quiet after it."""

    shifts: int
    shift: float
    people: int
    viewers: int
    #: Messages in the main room before it begins, and ten times as many as in each other room: so caches are soon full.
    past: int
    #: Of people, and of viewers.
    pace: Pace
    looking: Pace
    #: Between two rotations of one log, on average.
    rotations: float


class Outcome(NamedTuple):
    """What came out of a run. The first of `quiets` is before anybody came."""

    workers: int
    seconds: float
    counts: Counts
    samples: list[Sample]
    sizes: list[Sizes]
    quiets: list[Quiet]
    trouble: list[str]


async def soak(folder: Path, day: Day, workers: int, seed: int, progress: Callable[[str], None] = print) -> Outcome:
    """Run it all in `folder`."""
    began, rng, counts = time.monotonic(), random.Random(seed), Counts()
    inside = folder / "inside"
    inside.mkdir(parents=True)
    settings = {"PING_SECONDS": PING_SECONDS, "MESSAGE_RATE": 0}
    server = Server(folder / "server", settings, "tests.soak.app:app", ("--workers", str(workers)))
    server.runner = ["env", f"{FOLDER}={inside}"]
    written = logs.make(server.logs_dir, day.rotations, rng)
    await asyncio.to_thread(fill, server.data_dir, {"main": day.past, **dict.fromkeys(ROOMS, day.past // 10)})
    await asyncio.to_thread(server.start)
    try:
        with Sampler(server, inside) as sampler:
            async with _tasks(*(log.run() for log in written)):
                trouble: list[str] = []
                quiets = [await _quiet(sampler, inside, workers, None, trouble)]
                crowd = _crowd(server, day, counts, rng)
                for number in range(day.shifts):
                    ends = asyncio.get_running_loop().time() + day.shift
                    await asyncio.gather(*(one.run(ends) for one in crowd))
                    quiets.append(await _quiet(sampler, inside, workers, quiets[0], trouble))
                    progress(_told(number + 1, day, quiets[-1], counts))
        counts["rotations"] = sum(log.rotations for log in written)
    finally:
        await asyncio.to_thread(server.stop)
        server.kill()
    said = server.said()
    if "Traceback" in said:
        trouble.append(f"the server stumbled:\n{said[said.index('Traceback') :][:3000]}")
    return Outcome(workers, time.monotonic() - began, counts, sampler.samples, sampler.sizes, quiets, trouble)


def _crowd(server: Server, day: Day, counts: Counts, rng: random.Random) -> list[Person | Viewer]:
    def chance() -> random.Random:
        return random.Random(rng.getrandbits(64))

    people = [Person(f"person-{number}", server.port, counts, chance(), day.pace) for number in range(day.people)]
    files = sorted(str(path.relative_to(server.logs_dir)) for path in server.logs_dir.rglob("*.log"))
    viewers = [Viewer(server.port, files, counts, chance(), day.looking) for _ in range(day.viewers)]
    return [*people, *viewers]


@contextlib.asynccontextmanager
async def _tasks(*coroutines: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Tasks that run for ever, for as long as the block does. One that fails, fails the block."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(coroutine) for coroutine in coroutines]
        yield
        for task in tasks:
            task.cancel()


async def _quiet(sampler: Sampler, inside: Path, workers: int, before: Quiet | None, trouble: list[str]) -> Quiet:
    """Wait until all is gone, and return what is still there. If it does not go, that is trouble."""
    await _wait_for_files(sampler, trouble)
    (inside / COLLECT).touch()
    since = sampler.clock
    while True:
        await asyncio.sleep(0.2)
        taken = {sample.pid: sample for sample in sampler.now() if sample.collected and sample.told > since}
        if len(taken) < workers:
            problems = [f"{len(taken)} of {workers} workers tell of themselves"]
        else:
            problems = _problems(taken, before)
        if not problems or sampler.clock - since > SETTLE_SECONDS:
            break
    trouble += [f"at {since:.0f} s, {problem}" for problem in problems]
    (inside / COLLECT).unlink()
    return Quiet(since, taken)


async def _wait_for_files(sampler: Sampler, trouble: list[str]) -> None:
    """Log files must be closed by themselves, because they may have been deleted: on a server with nothing to do the
    collector comes late, if at all."""
    since = sampler.clock
    while still := {sample.pid: sample.logs for sample in sampler.now() if sample.logs}:
        if sampler.clock - since > SETTLE_SECONDS:
            trouble.append(f"at {since:.0f} s, log files stay open: {still}")
            return
        await asyncio.sleep(0.2)


def _problems(taken: dict[int, Sample], before: Quiet | None) -> list[str]:
    if before is None:
        return [f"worker {pid} has not opened its store" for pid, sample in taken.items() if not sample.store]
    if taken.keys() != before.workers.keys():
        return [f"the workers are {sorted(taken)} and were {sorted(before.workers)}"]
    return [
        f"worker {pid} has {problem}"
        for pid, sample in taken.items()
        for problem in judging.left(before.workers[pid], sample)
    ]


def _told(number: int, day: Day, quiet: Quiet, counts: Counts) -> str:
    memory = ", ".join(f"{sample.own_kb / 1024:.1f}" for sample in quiet.workers.values())
    blocks = ", ".join(f"{sample.blocks // 1000}" for sample in quiet.workers.values())
    said = f"{counts['connections']} connections, {counts['messages sent']} messages sent"
    return f"{quiet.at:4.0f} s: shift {number} of {day.shifts}; {said}; memory {memory} MiB, {blocks} thousand blocks"
