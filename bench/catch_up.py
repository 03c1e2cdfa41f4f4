"""How fast readers who were away catch up, and what the others notice of it.

    python -m bench.catch_up

First one reader after the other, each away for 10,000 messages of a room of its own (so that nothing of it is in
memory), while nobody else is there, and again while 100 people chat. Then the storm: 1,000 clients lose their connection
and come back at once, each with another gap, into the room in which people chat. The server runs on one core, all
clients on another.
"""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from bench.filling import fill
from bench.serving import ask, median, serving, take_load_core
from bench.talkers import latencies, p50_p99, talking
from bench.wire import Person, connect

PORT = 9311
APP = "bench.inspected:app"
#: Messages a reader has missed, and in how many rooms one after the other.
MISSED = 10_000
#: People who chat meanwhile, and how many messages a second.
TALKERS, RATE = 100, 100
#: Clients of the storm, and the step from one client's gap to the next: 2, 4, 6, ... messages.
STORM, STEP = 1000, 2
#: Messages a second in the room of the storm: each goes to eleven hundred.
STORM_RATE = 20
#: How long the talkers are listened to before something happens (seconds).
BEFORE = 5.0


async def person(port: int, name: str, token: str | None = None) -> Person:
    """Somebody who has said who they are."""
    client: Person = await connect(port, lambda: Person(port, name, token))
    await client.hello()
    return client


async def catch_up(name: str, room: str, missed: int) -> tuple[float, float]:
    """One reader catches up; when it began and when it was done."""
    reader = await person(PORT, name)
    newest = (await reader.join(room, None, 0)).seq
    began = time.monotonic()
    back = await reader.join(room, newest - missed)
    if not back.recovered or back.events != missed or back.seq != newest:
        raise RuntimeError(f"{room}: not all of {missed} came: {back}")
    reader.abort()
    return began, back.at


async def readers(rooms: list[str]) -> list[tuple[float, float]]:
    """One reader after the other."""
    times = []
    for room in rooms:
        times.append(await catch_up(f"reader of {room}", room, MISSED))
        await asyncio.sleep(0.3)
    return times


async def storm() -> tuple[float, float, float]:
    """All come, vanish and come back; when they came back, when they were all caught up, and the median of one (seconds)."""
    # In turns of a hundred: the storm is yet to come.
    clients: list[Person] = []
    for number in range(0, STORM, 100):
        clients += await asyncio.gather(*(person(PORT, f"stormy-{n}") for n in range(number, number + 100)))
    newest = [(await client.join("main", None, 0)).seq for client in clients]
    await asyncio.sleep(1)
    for client in clients:
        client.abort()
    began = time.monotonic()
    took = await asyncio.gather(*(come_back(client, newest[n] - STEP * (n + 1)) for n, client in enumerate(clients)))
    return began, time.monotonic(), median(took)


async def come_back(before: Person, seq: int) -> float:
    """Come back after `seq`; how long it took."""
    began = time.monotonic()
    client = await person(PORT, before.name, before.token)
    back = await client.join("main", seq)
    if not back.recovered or back.events != back.seq - seq:
        raise RuntimeError(f"{client.name}: not all after {seq} came: {back}")
    return back.at - began


def one_after_the_other(rooms: list[str]) -> None:
    """Print how long readers take, alone and among others, and what the others notice."""
    alone, among = rooms[::2], rooms[1::2]
    took = [end - begin for begin, end in asyncio.run(readers(alone))]
    print(f"| {MISSED:,} messages, nobody else there: caught up after | {median(took):.2f} s (at most {max(took):.2f}) |")
    with talking(PORT, TALKERS, RATE, "main") as talkers:
        time.sleep(BEFORE)
        times = asyncio.run(readers(among))
        time.sleep(0.5)
        samples = talkers.end()
    took = [end - begin for begin, end in times]
    quiet = latencies(samples, times[0][0] - BEFORE + 1, times[0][0] - 0.5)
    during = [took for begin, end in times for took in latencies(samples, begin, end)]
    print(f"| the same while {TALKERS} chat, {RATE} messages a second | {median(took):.2f} s (at most {max(took):.2f}) |")
    print(f"| what these wait for a message before | {p50_p99(quiet)} |")
    print(f"| and while a reader catches up | {p50_p99(during)} |")


def all_at_once() -> None:
    """Print the storm."""
    with talking(PORT, TALKERS, STORM_RATE, "main") as talkers:
        time.sleep(BEFORE)
        queries = ask(PORT, "/measured")["queries"]
        quiet_from = time.monotonic() - BEFORE + 1
        quiet_to = time.monotonic()
        began, ended, middle = asyncio.run(storm())
        time.sleep(0.5)
        queries = ask(PORT, "/measured")["queries"] - queries
        samples = talkers.end()
    before, meanwhile = latencies(samples, quiet_from, quiet_to), latencies(samples, began, ended)
    print(
        f"| {STORM:,} come back at once, gaps of {STEP} to {STORM * STEP:,}: all caught up after | {ended - began:.2f} s |"
    )
    print(f"| one of them (median) | {middle:.2f} s |")
    print(f"| the log was read so often, for {STORM:,} positions | {queries} |")
    print(f"| what {TALKERS} in that room wait for a message before, {STORM_RATE} a second | {p50_p99(before)} |")
    print(f"| and meanwhile | {p50_p99(meanwhile)} |")


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m bench.catch_up", description=__doc__)
    parser.add_argument(
        "--rooms", type=int, default=5, help="readers, each in a room of its own, alone and again among others"
    )
    arguments = parser.parse_args()
    take_load_core()
    rooms = [f"room-{number}" for number in range(2 * arguments.rooms)]
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder), {"main": 4 * STORM, **dict.fromkeys(rooms, MISSED + 100)})
        with serving(APP, PORT, Path(folder)):
            print("| case | result |\n|---|---|", flush=True)
            one_after_the_other(rooms)
        with serving(APP, PORT, Path(folder)):
            all_at_once()


if __name__ == "__main__":
    main()
