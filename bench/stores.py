"""What a commit to the store costs: batches of one and of fifty messages, with one, two and four processes that write.

    python -m bench.stores                                   # SQLite, in a folder of its own
    python -m bench.stores postgresql://user:password@host/empty-database

Each process stores one batch after the other for some seconds, as the broadcast greenlet of a worker does, and takes in what
the others store. Printed: the time of a commit as its worker sees it, the processor's time in the worker, and how many
messages all of them store in a second.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from chatapp.chat import schema
from chatapp.chat.messages import Post, User
from chatapp.chat.outcomes import NotStored
from chatapp.chat.store import Store
from chatapp.chat.store_sqlite import Sqlite

SECONDS = 5.0
SIZES = (1, 50)
WRITERS = (1, 2, 4)
PEOPLE = 50
TEXT = "hello, this is message {} of some forty characters"


def store_at(place: str) -> Store:
    """A store in a database or in a folder."""
    if place.startswith("postgres"):
        from chatapp.chat.postgres import Server
        from chatapp.chat.store_postgres import Postgres

        return Store(Postgres(Server(place)))
    return Store(Sqlite(Path(place)))


def write(place: str, size: int, name: str) -> None:
    """One of those that write: prints what it cost."""
    store = store_at(place)
    store.open()
    users = [User(f"{name}-{number}", f"{name} {number}", "") for number in range(PEOPLE)]
    count = 0

    def batch() -> list[Post]:
        nonlocal count
        count += size
        return [
            Post(schema.MESSAGE, "main", users[n % PEOPLE], f"{name}-{n}", TEXT.format(n))
            for n in range(count - size, count)
        ]

    for _ in range(10):  # authors are made, statements prepared
        _append(store, batch())
    sys.stdin.readline()  # all are ready
    times = []
    began, worked, end = time.perf_counter(), time.process_time(), time.perf_counter() + SECONDS
    while (before := time.perf_counter()) < end:
        _append(store, batch())
        times.append(time.perf_counter() - before)
        store.news()
    took, worked = time.perf_counter() - began, time.process_time() - worked
    print(json.dumps({"times": times, "worked": worked, "rate": len(times) * size / took}), flush=True)
    sys.stdin.readline()
    store.close()


def _append(store: Store, posts: list[Post]) -> None:
    while True:
        try:
            store.append(posts)
        except NotStored as error:
            if not error.busy:
                raise
            time.sleep(0.0005)
        else:
            return


def measure(place: str, size: int, writers: int, run: int) -> None:
    """Print a row."""
    command = [sys.executable, "-m", "bench.stores", "--write", place, str(size)]
    processes = [
        subprocess.Popen([*command, f"{run}-{number}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for number in range(writers)
    ]
    time.sleep(3)
    said = []
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        assert process.stdout is not None
        said.append(json.loads(process.stdout.readline()))
    for process in processes:
        process.communicate("end\n")
    times = sorted(taken for one in said for taken in one["times"])
    worked = sum(one["worked"] for one in said) / len(times)
    print(
        f"| {size} | {writers} | {statistics.median(times) * 1000:.2f} | {times[int(len(times) * 0.99)] * 1000:.2f} "
        f"| {worked * 1000:.2f} | {sum(one['rate'] for one in said):,.0f} |",
        flush=True,
    )


def main(place: str) -> None:
    """Print the table."""
    print(
        "| batch | writers | commit, ms: half | 99 % | processor, ms | messages/s |\n|---|---|---|---|---|---|", flush=True
    )
    for run, (size, writers) in enumerate((size, writers) for size in SIZES for writers in WRITERS):
        measure(place, size, writers, run)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--write"]:
        write(sys.argv[2], int(sys.argv[3]), sys.argv[4])
    elif len(sys.argv) > 1:
        main(sys.argv[1])
    else:
        with tempfile.TemporaryDirectory() as folder:
            main(folder)
