"""Samples: what each worker holds at a moment, as the kernel tells it (/proc) and as it tells itself (`tests.soak.app`)."""

import collections
import contextlib
import json
import os
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

from tests.conftest import Server

#: Time between two samples (seconds).
EVERY_SECONDS = 1.0


class Sample(NamedTuple):
    """One worker at a moment. Descriptors are told apart by what they are of: sockets, files in the folder of logs (plain,
    and packed, of which some are kept open), files of the data folder, and all others."""

    at: float
    pid: int
    rss_kb: int
    #: Memory that no other process has.
    own_kb: int
    threads: int
    sockets: int
    logs: int
    packed: int
    store: int
    other: int
    # What it tells of itself.
    greenlets: int
    connections: int
    clients: int
    members: int
    files_followed: int
    blocks: int
    #: When it told that, by the same clock as `at`, and whether the collector had gone through everything.
    told: float
    collected: bool

    @property
    def descriptors(self) -> int:
        """All of them."""
        return self.sockets + self.logs + self.packed + self.store + self.other


class Sizes(NamedTuple):
    """The store on the disk, its write-ahead log, and the index of the search."""

    at: float
    store_kb: int
    wal_kb: int
    search_kb: int


class Sampler:
    """Takes samples of all workers, in a thread of its own while the block runs. `inside`: where they tell of themselves."""

    def __init__(self, server: Server, inside: Path) -> None:
        self.samples: list[Sample] = []
        self.sizes: list[Sizes] = []
        self._began = time.monotonic()
        self._server = server
        self._inside = inside
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="samples", daemon=True)

    def __enter__(self) -> "Sampler":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()

    @property
    def clock(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    def now(self) -> list[Sample]:
        """A sample of each worker that has told of itself."""
        taken = []
        for pid in self._server.workers():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                taken.append(self._sample(pid))
        return taken

    def _run(self) -> None:
        while not self._ending.wait(EVERY_SECONDS):
            self.samples += self.now()
            self.sizes.append(self._sizes())

    def _sample(self, pid: int) -> Sample:
        inside: dict[str, Any] = json.loads((self._inside / f"{pid}.json").read_text())
        memory = _fields(Path(f"/proc/{pid}/smaps_rollup"))
        kinds: dict[str, Any] = self._descriptors(pid)
        return Sample(
            at=self.clock,
            pid=pid,
            rss_kb=memory["Rss"],
            own_kb=memory["Private_Clean"] + memory["Private_Dirty"],
            threads=_fields(Path(f"/proc/{pid}/status"))["Threads"],
            **{kind: kinds[kind] for kind in ("sockets", "logs", "packed", "store", "other")},
            **(inside | {"told": inside["told"] - self._began}),
        )

    def _descriptors(self, pid: int) -> dict[str, Any]:
        kinds: collections.Counter[str] = collections.Counter()
        for descriptor in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(FileNotFoundError):
                kinds[self._kind(os.readlink(f"/proc/{pid}/fd/{descriptor}"))] += 1
        return kinds

    def _kind(self, target: str) -> str:
        if target.startswith("socket:"):
            return "sockets"
        if target.startswith(f"{self._server.logs_dir}/"):
            return "packed" if ".gz" in target else "logs"
        return "store" if target.startswith(f"{self._server.data_dir}/") else "other"

    def _sizes(self) -> Sizes:
        paths = [self._server.data_dir / name for name in ("chat.db", "chat.db-wal", "search.db")]
        return Sizes(self.clock, *(path.stat().st_size // 1024 if path.exists() else 0 for path in paths))


def _fields(path: Path) -> dict[str, int]:
    """The numbers in a file of /proc with a name and a colon before each."""
    fields = {}
    for line in path.read_text().splitlines():
        name, _, rest = line.partition(":")
        words = rest.split()
        if words and words[0].isdigit():
            fields[name] = int(words[0])
    return fields
