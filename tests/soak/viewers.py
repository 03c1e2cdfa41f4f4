"""Those who look at logs: they open files with and without filters, follow, page back, search, download, and leave."""

import asyncio
import contextlib
import random
from urllib.parse import quote

from tests.soak.link import Counts, Fields, Link, get, linked
from tests.soak.people import Pace

#: What is filtered and searched for.
CONDITIONS: tuple[Fields, ...] = (
    {"text": "error", "pattern": False, "case": False},
    {"text": "took [0-9]{2,} ms", "pattern": True, "case": True},
    {"text": "茶馆", "pattern": False, "case": True},
    {"text": "^[0-9]+ (INFO|WARNING)", "pattern": True, "case": True},
)
#: One visit in so many is one in the plain dialect.
PLAIN_EVERY = 8
#: Of a download this much is taken at most before its client leaves (bytes).
TAKEN = (1, 20_000, 1 << 30)


class Viewer:
    """One human with the log page. `run` is a task."""

    def __init__(self, port: int, files: list[str], counts: Counts, rng: random.Random, pace: Pace) -> None:
        self._port = port
        self._files = files
        self._counts = counts
        self._rng = rng
        self._pace = pace
        self._positions: dict[str, Fields] = {}
        # Those that are open now.
        self._looked_at: list[str] = []

    async def run(self, ends: float) -> None:
        """Come and go until it is time to go home, by the clock of the loop."""
        clock = asyncio.get_running_loop().time
        while True:
            away = self._rng.expovariate(1 / self._pace.away)
            await asyncio.sleep(min(away, ends - clock()))
            if clock() >= ends:
                return
            if self._rng.randrange(PLAIN_EVERY) == 0:
                await self._visit_plainly(ends)
            else:
                await self._visit(ends)

    async def _visit(self, ends: float) -> None:
        clock = asyncio.get_running_loop().time
        actions = (self._filter, self._close, self._past, self._search, self._download, self._sleep)
        async with linked(self._port, "/echo", "logs.v1", self._counts, self._rng) as link:
            self._counts["looks at logs"] += 1
            hearing = asyncio.create_task(self._hear(link))
            self._looked_at = []
            try:
                for file in self._rng.sample(self._files, self._rng.randint(1, 3)):
                    await self._open(link, file)
                leaves = min(ends, clock() + self._rng.expovariate(1 / self._pace.stay))
                while clock() < leaves and not hearing.done():
                    await asyncio.sleep(self._rng.expovariate(1 / self._pace.rest))
                    await self._rng.choice(actions)(link)
                await link.end()
            finally:
                hearing.cancel()
                await asyncio.wait([hearing])

    async def _visit_plainly(self, ends: float) -> None:
        path = f"/echo?file={quote(self._rng.choice(self._files))}"
        async with linked(self._port, path, None, self._counts, self._rng) as link:
            stay = self._rng.expovariate(1 / self._pace.stay)
            await asyncio.sleep(min(stay, ends - asyncio.get_running_loop().time()))
            await link.end()

    async def _hear(self, link: Link) -> None:
        with contextlib.suppress(Exception):  # the connection has ended: whoever talks finds that out too
            while True:
                said = await link.hear()
                if said["type"] == "lines":
                    self._positions[said["file"]] = {"generation": said["generation"], "offset": said["next"]}
                elif said["type"] == "notice":
                    self._counts[f"notices: {said['kind']}"] += 1

    # What one does.

    def _condition(self) -> Fields | None:
        return self._rng.choice((None, None, *CONDITIONS))

    async def _open(self, link: Link, file: str) -> None:
        begin = self._rng.choice(({"tail": 100}, "start", self._positions.get(file, {"tail": 10})))
        conditions = {"include": self._condition(), "exclude": self._condition()}
        await link.say({"type": "open", "file": file, "from": begin, **conditions})
        if file not in self._looked_at:
            self._looked_at.append(file)

    async def _filter(self, link: Link) -> None:
        file = self._rng.choice(self._looked_at)
        await link.say({"type": "filter", "file": file, "include": self._condition(), "exclude": None})

    async def _close(self, link: Link) -> None:
        """One, and open another."""
        file = self._looked_at.pop(self._rng.randrange(len(self._looked_at)))
        await link.say({"type": "close", "file": file})
        await self._open(link, self._rng.choice(self._files))

    async def _past(self, link: Link) -> None:
        file = quote(self._rng.choice(self._files))
        place = self._rng.choice(("tail=100", "at=50", "line=10", "time=2026-01-01"))
        await get(self._port, f"/api/logs/{file}/lines?{place}&limit=200", self._counts)
        await get(self._port, f"/api/logs/{file}.1/lines?{place}", self._counts)
        await get(self._port, f"/api/logs/{file}.2.gz/lines?{place}", self._counts)

    async def _search(self, link: Link) -> None:
        file, condition = quote(self._rng.choice(self._files)), self._rng.choice(CONDITIONS)
        pattern = "&pattern=1" if condition["pattern"] else ""
        await get(self._port, f"/api/logs/{file}/search?text={quote(condition['text'])}{pattern}&siblings=1", self._counts)

    async def _download(self, link: Link) -> None:
        file, what = quote(self._rng.choice(self._files)), self._rng.choice(("raw", "filtered?include=error"))
        await get(self._port, f"/api/logs/{file}/{what}", self._counts, self._rng.choice(TAKEN))

    async def _sleep(self, link: Link) -> None:
        await link.stop_reading(self._rng.uniform(0, self._pace.rest))
