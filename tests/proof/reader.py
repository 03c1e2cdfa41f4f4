"""A client that reads, and marks what it has read.

A restless one begins anew now and then: it forgets all and asks for the whole log, or joins without a position, gets the
newest page, and pages back to the first message.
"""

import asyncio
import random

from tests.proof.client import Address, Client, Fields, Phase
from tests.proof.tally import Tally

#: Time between two marks of what was read (seconds, on average).
READ_SECONDS = 3.0
#: A page of history that did not come for so long is asked for again (seconds).
PATIENCE = 2.0


class Reader(Client):
    """A client that reads. `mark()` and `page_back()` are tasks beside `run()`."""

    def __init__(self, name: str, address: Address, rooms: tuple[str, ...], rng: random.Random, tally: Tally) -> None:
        super().__init__(name, address, rooms, rng, tally)
        # The page of history that is awaited, and the room it is of.
        self._wanted: tuple[str, str] | None = None
        self._came = asyncio.Event()

    @property
    def complete(self) -> bool:
        """Whether its views reach back to the beginning."""
        return all(view.complete for view in self.views.values())

    async def mark(self) -> None:
        """Say now and then how far it has read."""
        while True:
            await asyncio.sleep(self.rng.expovariate(1 / READ_SECONDS))
            room = self.rng.choice(self.rooms)
            if self.phases[room] is Phase.LIVE:
                await self.say({"type": "read", "room": room, "seq": self.views[room].position})

    async def page_back(self) -> None:
        """Fetch what is older than the page that a view began with."""
        while True:
            rooms = [room for room in self.rooms if self.phases[room] is Phase.LIVE and not self.views[room].complete]
            if rooms:
                await self._fetch(self.rng.choice(rooms))
            await asyncio.sleep(self.rng.uniform(0, 0.05))

    async def _fetch(self, room: str) -> None:
        request_id = f"{self.rng.getrandbits(128):032x}"
        self._wanted = (request_id, room)
        self._came.clear()
        limit = self.rng.choice((1, 50, 200, 200))
        await self.say(
            {"type": "history", "id": request_id, "room": room, "before": self.views[room].oldest, "limit": limit}
        )
        try:
            async with asyncio.timeout(PATIENCE):  # not wait_for: in Python 3.11 it can swallow a cancellation
                await self._came.wait()
        except TimeoutError:
            self._wanted = None

    async def history_came(self, answer: Fields) -> None:
        if self._wanted != (answer["id"], answer["room"]):
            return  # of an earlier connection, or too late
        self._wanted = None
        self.tally.count("pages of history")
        messages = [(message["seq"], message["id"]) for message in answer["messages"]]
        for message in answer["messages"]:
            self.check_text(message)
        if not messages and not answer["start"]:
            self.tally.wrong("an empty page", f"{self.name} in {answer['room']}, though it is not the start")
        self.views[answer["room"]].add_older(messages, answer["start"])
        self._came.set()

    def begin_anew(self) -> None:
        """Leave, and come back as somebody does who opens the page anew, or who wants the whole log."""
        self._wanted = None
        if self.rng.random() < 0.7:
            self.with_position = False
        else:
            self.from_the_beginning = True
        self.cut()
