"""The people of the chat: each comes, joins rooms where they were, does what people do, leaves, and comes back later."""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from tests.soak.link import Counts, Fields, Link, get, linked

#: Rooms there are beside `main`, and how many of them one person joins at most.
ROOMS = ("workshop", "茶馆", "kitchen", "garden", "releases", "support")
MOST_JOINED = 4
#: Of so many messages one knows who is to edit, answer or react.
KNOWN = 30
EMOJI = ("👍", "🎉", "❤️", "😀")
WORDS = ("build", "coffee", "release", "茶", "tomorrow", "server", "message", "会议")
#: So many others one writes to directly.
FRIENDS = 1
#: One visit in so many is that of somebody new, and in so many one in the plain dialect.
NEW_EVERY, PLAIN_EVERY = 100, 12


class Person:
    """One human with a browser. `run` is a task."""

    def __init__(self, name: str, port: int, counts: Counts, rng: random.Random, pace: "Pace") -> None:
        self.name = name
        self._visits = 0
        self._new = 0
        self._port = port
        self._counts = counts
        self._rng = rng
        self._pace = pace
        self._forget()
        self._actions: dict[Callable[[Link], Awaitable[object]], int] = {
            self._send: 40,
            self._type: 10,
            self._mark: 12,
            self._react: 10,
            self._edit: 6,
            self._delete: 2,
            self._page_back: 8,
            self._search: 5,
            self._look_around: 3,
            self._move: 3,
            self._write_to_somebody: 4,
            self._rename: 1,
            self._fall_asleep: 1,
        }

    def _forget(self) -> None:
        """Be somebody new, with a clean browser."""
        self._token: str | None = None
        self._epoch = ""
        self._positions: dict[str, int] = {}
        # Messages of others and of one's own that one has seen: room and number.
        self._seen: list[tuple[str, int]] = []
        self._own: list[tuple[str, int]] = []
        self._friends: list[str] = []
        # Rooms that one follows on this connection.
        self._joined: list[str] = []

    async def run(self, ends: float) -> None:
        """Come and go until it is time to go home, by the clock of the loop."""
        clock = asyncio.get_running_loop().time
        while True:
            away = self._rng.expovariate(1 / self._pace.away)
            await asyncio.sleep(min(away, ends - clock()))
            if clock() >= ends:
                return
            self._visits += 1
            if self._rng.randrange(PLAIN_EVERY) == 0:
                await self._visit_plainly()
            else:
                await self._visit(ends)

    async def _visit(self, ends: float) -> None:
        if self._rng.randrange(NEW_EVERY) == 0:
            self._new += 1
            self._forget()
        if self._rng.random() < 0.2:
            await get(self._port, "/", self._counts)
        async with linked(self._port, "/ws", "chat.v1", self._counts, self._rng) as link:
            hearing = asyncio.create_task(self._hear(link))
            self._joined = []
            try:
                hello = {"type": "hello", "username": f"{self.name}-{self._new}", "email": f"{self.name}@example.org"}
                await link.say(hello | ({"token": self._token} if self._token else {}))
                for room in ("main", *self._rng.sample(ROOMS, self._rng.randrange(MOST_JOINED))):
                    await self._join(link, room)
                await self._stay(link, hearing, ends)
                await link.end()
            finally:
                hearing.cancel()
                await asyncio.wait([hearing])

    async def _stay(self, link: Link, hearing: "asyncio.Task[None]", ends: float) -> None:
        clock = asyncio.get_running_loop().time
        leaves = min(ends, clock() + self._rng.expovariate(1 / self._pace.stay))
        actions, weights = list(self._actions), list(self._actions.values())
        while clock() < leaves and not hearing.done():
            await asyncio.sleep(self._rng.expovariate(1 / self._pace.rest))
            await self._rng.choices(actions, weights)[0](link)

    async def _visit_plainly(self) -> None:
        async with linked(self._port, "/ws", None, self._counts, self._rng) as link:
            self._counts["plain visits"] += 1
            for _ in range(3):
                await asyncio.sleep(self._rng.expovariate(1 / self._pace.rest))
                await link.say({"username": self.name, "email": "", "message": self._text()})
            await link.end()

    # Hearing.

    async def _hear(self, link: Link) -> None:
        with contextlib.suppress(Exception):  # the connection has ended: whoever talks finds that out too
            while True:
                self._take(await link.hear())

    def _take(self, said: Fields) -> None:
        kind = said["type"]
        if kind == "welcome":
            self._token, self._epoch = said.get("token", self._token), said["epoch"]
        elif kind == "joined":
            self._counts["resumed" if said["recovered"] else "fresh pages"] += 1
            self._joined = [*self._joined, said["room"]]
        elif kind == "caught_up":
            self._positions[said["room"]] = said["seq"]
        elif "seq" in said and "time" in said:
            self._positions[said["room"]] = max(said["seq"], self._positions.get(said["room"], 0))
            if kind == "message" and not said["user"].get("plain"):
                self._seen = [*self._seen, (said["room"], said["seq"])][-KNOWN:]
                user = said["user"]
                if user["name"].startswith("person-") and user["id"] not in self._friends and len(self._friends) < FRIENDS:
                    self._friends.append(user["id"])

    # What one does.

    async def _join(self, link: Link, room: str) -> None:
        seq = self._positions.get(room)
        resume = None if seq is None or self._rng.random() < 0.1 else {"epoch": self._epoch, "seq": seq}
        await link.say({"type": "join", "room": room, "resume": resume, "page": self._rng.choice((0, 50, 200))})

    def _text(self) -> str:
        return " ".join(self._rng.choices(WORDS, k=self._rng.choice((2, 5, 10, 10, 30))))

    def _room(self) -> str:
        return self._rng.choice(self._joined or ["main"])

    async def _send(self, link: Link) -> None:
        room = self._room()
        answered = [seq for seen, seq in self._seen if seen == room]
        reply = {"reply": self._rng.choice(answered)} if answered and self._rng.random() < 0.2 else {}
        said = await link.ask("send", room=room, message=self._text(), **reply)
        if said is not None and said["type"] == "message":
            self._counts["messages sent"] += 1
            self._own = [*self._own, (room, said["seq"])][-KNOWN:]

    async def _type(self, link: Link) -> None:
        await link.say({"type": "typing", "room": self._room()})

    async def _mark(self, link: Link) -> None:
        room = self._room()
        await link.say({"type": "read", "room": room, "seq": self._positions.get(room, 0)})

    async def _react(self, link: Link) -> None:
        if self._seen:
            room, seq = self._rng.choice(self._seen)
            emoji, on = self._rng.choice(EMOJI), self._rng.random() < 0.6
            await link.ask("react", room=room, target=seq, emoji=emoji, on=on)

    async def _edit(self, link: Link) -> None:
        if self._own:
            room, seq = self._rng.choice(self._own)
            await link.ask("edit", room=room, target=seq, message=self._text())

    async def _delete(self, link: Link) -> None:
        if self._own:
            room, seq = self._own.pop(self._rng.randrange(len(self._own)))
            await link.ask("delete", room=room, target=seq)

    async def _page_back(self, link: Link) -> None:
        room = self._room()
        before = self._positions.get(room, 0) + 1
        for _ in range(self._rng.randint(1, 4)):
            page = await link.ask("history", room=room, before=before, limit=50)
            if page is None or page["type"] != "history" or not page["messages"]:
                return
            before = page["messages"][0]["seq"]

    async def _search(self, link: Link) -> None:
        found = await link.ask("search", query=" ".join(self._rng.sample(WORDS, self._rng.randint(1, 2))))
        if found is not None and found.get("next"):
            await link.ask("search", query=self._rng.choice(WORDS), before=found["next"])

    async def _look_around(self, link: Link) -> None:
        await link.ask("people", room=self._room())

    async def _move(self, link: Link) -> None:
        """To another room, or out of one."""
        await self._join(link, self._rng.choice(ROOMS))
        if self._rng.random() < 0.3:
            room = self._room()
            if room in ROOMS:
                await link.ask("leave", room=room)
                self._joined = [joined for joined in self._joined if joined != room]

    async def _write_to_somebody(self, link: Link) -> None:
        if self._friends:
            room = await link.ask("direct", person=self._rng.choice(self._friends))
            if room is not None and room["type"] == "room":
                await self._join(link, room["room"])
                await link.ask("send", room=room["room"], message=self._text())

    async def _rename(self, link: Link) -> None:
        await link.say({"type": "hello", "username": f"{self.name}-{self._new}", "email": "", "token": self._token})
        await get(self._port, f"/?{quote(self.name)}", self._counts)

    async def _fall_asleep(self, link: Link) -> None:
        await link.stop_reading(self._rng.uniform(0, self._pace.rest))


class Pace:
    """How quickly the day goes: seconds between two visits, of a visit, and between two things that are done, on average."""

    def __init__(self, away: float, stay: float, rest: float) -> None:
        self.away, self.stay, self.rest = away, stay, rest
