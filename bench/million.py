"""A store with 1,000,000 messages: opening a room, paging back, searching, through a real server and WebSocket.

    python -m bench.million --folder /tmp/chatapp-million

The store is made once, by the server's own Store, and used again as long as the folder is there. Medians of many
requests, one after the other; then the plan of each statement by its name.
"""

import argparse
import asyncio
import contextlib
import random
import shutil
import sqlite3
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from bench.filling import COMMON, RARE, SHORT, fill
from bench.serving import median, percentile, serving, take_load_core
from bench.wire import Person, connect
from chatapp.chat import reader, reader_sqlite, schema, search_file, search_find, search_log

PORT = 9312
#: Rooms and how many messages each has: a large one, middling ones, small ones.
ROOMS = {
    "main": 500_000,
    "茶馆": 200_000,
    "development": 150_000,
    "support": 100_000,
    "random": 40_000,
    "ops": 9_000,
    "new": 1_000,
}
TOTAL = sum(ROOMS.values())
#: What is asked of which file, by the name it has in the code. Conditions of a search are those of two words.
_CONDITIONS = f"{search_find.IN_ROOMS} AND {search_find.HAS_WORD} AND {search_find.HAS_WORD}"
STATEMENTS = {
    schema.FILE_NAME: {
        "reader.EVENTS_AFTER": reader_sqlite.sql_of(reader.EVENTS_AFTER),
        "reader.MESSAGES_BEFORE": reader_sqlite.sql_of(reader.MESSAGES_BEFORE),
        "reader.MESSAGES_AFTER": reader_sqlite.sql_of(reader.MESSAGES_AFTER),
        "reader.MESSAGES_AT": reader_sqlite.sql_of(reader.MESSAGES_AT),
        "reader.NEWEST": reader_sqlite.sql_of(reader.NEWEST),
        "search_log.AT": search_log.AT,
        "search_log.BETWEEN": search_log.BETWEEN,
        "search_log.NEWS": search_log.NEWS,
    },
    search_file.FILE_NAME: {
        "search_find.BY_GRAMS": search_find.BY_GRAMS.format(_CONDITIONS),
        "search_find.BY_DOCS": search_find.BY_DOCS.format(_CONDITIONS),
    },
}


class Asker:
    """Somebody who asks and looks at the clock."""

    def __init__(self, client: Person, times: int) -> None:
        self._client = client
        self._times = times
        self._rng = random.Random(2)
        self._asked = 0

    async def row(self, what: str, ask: Callable[[], Awaitable[int]]) -> None:
        """Ask so often, and print the median, the slowest of twenty, and how much came."""
        took, found = [], []
        for _ in range(self._times):
            began = time.monotonic()
            found.append(await ask())
            took.append((time.monotonic() - began) * 1000)
        print(f"| {what} | {median(took):.1f} | {percentile(took, 0.95):.1f} | {median(found):g} |", flush=True)

    async def open(self, room: str) -> int:
        """Open a room as everybody does; the server has that page in memory after the first."""
        return (await self._client.join(room, None, 50)).events

    async def open_anew(self, room: str) -> int:
        """Open a room with a page of a length that nobody has asked for, so it is read from the store."""
        self._asked += 1
        return (await self._client.join(room, None, 51 + self._asked % 149)).events

    async def page(self, room: str, near: float) -> int:
        """A page somewhere around this share of the room."""
        seq = max(60, int(ROOMS[room] * (near + self._rng.uniform(-0.02, 0.02))))
        answer = await self._client.ask({"type": "history", "id": self._id(), "room": room, "before": seq, "limit": 50})
        return len(answer["messages"])

    async def around(self, room: str) -> int:
        """The context of some message, as after a search or from a permalink."""
        seq = self._rng.randrange(100, ROOMS[room] - 100)
        answer = await self._client.ask({"type": "history", "id": self._id(), "room": room, "around": seq, "limit": 50})
        return len(answer["messages"])

    async def search(self, query: str) -> int:
        answer = await self._client.ask({"type": "search", "id": self._id(), "query": query})
        return len(answer["hits"])

    def _id(self) -> str:
        self._asked += 1
        return f"ask-{self._asked}"


async def measure(times: int) -> None:
    """Print the table."""
    client: Person = await connect(PORT, lambda: Person(PORT, "reader"))
    await client.hello()
    asker = Asker(client, times)
    for room in ROOMS:  # to ask for its past one must have joined it
        await client.join(room, None, 0)
    print("| request | median, ms | 95 %, ms | messages |\n|---|---|---|---|", flush=True)
    for room in ("main", "茶馆", "new"):
        await asker.row(f"open {room} ({ROOMS[room]:,} messages)", lambda room=room: asker.open(room))  # type: ignore[misc]
        await asker.row(f"open {room}, nothing in memory", lambda room=room: asker.open_anew(room))  # type: ignore[misc]
    for near in (0.98, 0.5, 0.02):
        await asker.row(f"page back in main, at {near:.0%}", lambda near=near: asker.page("main", near))  # type: ignore[misc]
    await asker.row("page back in support, anywhere", lambda: asker.page("support", 0.5))
    await asker.row("around a message of main", lambda: asker.around("main"))
    for what, query in (
        ("a rare word", RARE),
        ("a common word", COMMON),
        ("a common word in a small room", f"{COMMON} in:new"),
        ("a rare word of one person", f'{RARE} from:"person 7"'),
        ("two words", f"{COMMON} release"),
        ("a word that is nowhere", "qqqqxyz"),
        ("two Chinese characters", SHORT),
        ("a common Chinese word of three", "服务器"),
        ("two letters", "us"),
    ):
        await asker.row(f"search: {what} (`{query}`)", lambda query=query: asker.search(query))  # type: ignore[misc]


def print_plans(folder: Path) -> None:
    """The query plan of each statement that was measured, by its name."""
    for file_name, statements in STATEMENTS.items():
        with contextlib.closing(sqlite3.connect(folder / file_name)) as store:
            for name, statement in statements.items():
                print(f"\n{name}")
                for row in store.execute(f"EXPLAIN QUERY PLAN {statement}", (1,) * statement.count("?")):
                    print(f"    {row[3]}")


def wait_for_index(folder: Path) -> None:
    """Wait until the server has everything in its search index."""
    began = time.monotonic()
    with contextlib.closing(sqlite3.connect(folder / schema.FILE_NAME)) as store:
        (end,) = store.execute("SELECT max(pos) FROM events").fetchone()
    done = 0
    while done < end:
        time.sleep(1)
        with (
            contextlib.suppress(sqlite3.Error),
            contextlib.closing(sqlite3.connect(folder / search_file.FILE_NAME)) as index,
        ):
            (done,) = index.execute("SELECT pos FROM state").fetchone()
    if time.monotonic() - began > 5:
        print(f"the search index was made in {time.monotonic() - began:.0f} s")


def make(folder: Path) -> None:
    """Make the store, unless there is a whole one."""
    done = folder / "done"
    if done.exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    print(f"making a store with {TOTAL:,} messages in {folder}")
    fill(folder, ROOMS)
    done.touch()


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m bench.million", description=__doc__)
    parser.add_argument(
        "--folder", type=Path, default=Path("/tmp/chatapp-million"), help="where the store is kept between runs"
    )
    parser.add_argument("--times", type=int, default=31, help="requests of each kind")
    arguments = parser.parse_args()
    make(arguments.folder)
    take_load_core()
    with serving("wsgi:app", PORT, arguments.folder):
        wait_for_index(arguments.folder)
        asyncio.run(measure(arguments.times))
    print_plans(arguments.folder)


if __name__ == "__main__":
    main()
