"""A client that writes: messages, answers, edits, deletions, reactions, topics, in all its rooms, with an outbox.

A request stays in the outbox until its event is seen. After each return all that is left is sent again, in order, and
now and then something that was acknowledged long ago ("send again when in doubt"). What was asked for, and as which
number it was acknowledged, is in `asked`.
"""

import asyncio
import collections
import random

from tests.proof.client import Address, Client, Fields, Phase
from tests.proof.compare import Asked
from tests.proof.tally import Tally
from tests.proof.texts import EMOJI, text_of

#: So many requests of a writer may be unanswered at a time.
WINDOW = 8
#: What writers do, and how often.
KINDS = {"send": 70, "edit": 9, "delete": 4, "react": 14, "topic": 1, "again": 2}
#: One message in so many answers another.
REPLY_EVERY = 8
#: Only what was written lately is edited, answered and reacted to.
RECENT = 40
#: The wait before requests that the server has put off are sent again (seconds).
PUT_OFF_SECONDS = 0.2


class Writer(Client):
    """A client with an outbox. `write()` is a task beside `run()`."""

    def __init__(
        self, name: str, address: Address, rooms: tuple[str, ...], rng: random.Random, tally: Tally, rate: float
    ) -> None:
        super().__init__(name, address, rooms, rng, tally)
        self.asked: dict[str, Asked] = {}
        #: Ids of requests that were refused: nothing of them may be in the store.
        self.refusals: set[str] = set()
        #: Ids of requests that came later than asked, because the server put them off.
        self.put_off: set[str] = set()
        #: Whether the store is away so often that it is lost with a connection, too, that something was put off.
        self.store_fails = False
        self._rate = rate
        # Requests without an answer, by room and id, in the order in which they were asked.
        self._outbox: dict[str, dict[str, Fields]] = {room: {} for room in rooms}
        # Rooms in which the outbox was sent on this connection, so that new requests may follow.
        self._open: set[str] = set()
        # How often each request that is not settled was sent, and how many copies came beside its event.
        self._sent: collections.Counter[str] = collections.Counter()
        self._copies: collections.Counter[str] = collections.Counter()
        self._settled: collections.deque[Fields] = collections.deque(maxlen=RECENT)
        self._own: dict[str, collections.deque[int]] = {room: collections.deque(maxlen=RECENT) for room in rooms}
        self._recent: dict[str, collections.deque[int]] = {room: collections.deque(maxlen=RECENT) for room in rooms}
        self._deleted: dict[str, set[int]] = {room: set() for room in rooms}
        self._reacted: set[tuple[str, int, str]] = set()

    @property
    def waiting(self) -> int:
        """How many requests have no answer yet."""
        return sum(map(len, self._outbox.values()))

    async def write(self) -> None:
        """Ask for one thing after the other, whenever the connection stands and not too much is unanswered."""
        while True:
            await asyncio.sleep(self.rng.expovariate(self._rate))
            if self.link is not None and self._open and self.waiting < WINDOW:
                await self._ask()

    async def _ask(self) -> None:
        room = self.rng.choice(sorted(self._open))
        kind = self.rng.choices(list(KINDS), list(KINDS.values()))[0]
        if kind == "again":
            await self._ask_again()
            return
        request_id = f"{self.rng.getrandbits(128):032x}"
        request = {"type": kind, "id": request_id, "room": room, **self._fields(kind, request_id, room)}
        if request.get("target", 0) is None:
            return  # nothing there yet that it could be done to
        self.asked[request_id] = Asked(room, len(self.asked), None)
        self._outbox[room][request_id] = request
        await self._send(request)

    def _fields(self, kind: str, request_id: str, room: str) -> Fields:
        if kind == "send":
            answered = self._pick(self._recent[room]) if self.rng.randrange(REPLY_EVERY) == 0 else None
            return {"message": text_of(request_id)} | ({"reply": answered} if answered else {})
        if kind == "edit":
            return {"target": self._pick(self._own[room]), "message": text_of(request_id)}
        if kind == "delete":
            target = self._pick(self._own[room])
            if target:
                self._own[room].remove(target)
                self._deleted[room].add(target)
            return {"target": target}
        if kind == "react":
            target, emoji = self._pick(self._recent[room]), self.rng.choice(EMOJI)
            reaction = (room, target or 0, emoji)
            self._reacted ^= {reaction}
            return {"target": target, "emoji": emoji, "on": reaction in self._reacted}
        return {"topic": f"topic {request_id}"}

    def _pick(self, seqs: "collections.deque[int]") -> int | None:
        return self.rng.choice(seqs) if seqs else None

    async def _ask_again(self) -> None:
        """Send something again that was acknowledged: it must be answered with the same event."""
        if self._settled:
            request = self.rng.choice(self._settled)
            if request["room"] in self._open:
                self._outbox[request["room"]][request["id"]] = request
                self.tally.count("sent again though acknowledged")
                await self._send(request)

    async def _send(self, request: Fields) -> None:
        self._sent[request["id"]] += 1
        if self._sent[request["id"]] > 1:
            self.tally.count("sent again")
        await self.say(request)

    # Coming back.

    def connected(self) -> None:
        self._open.clear()
        if self.store_fails:
            for outbox in self._outbox.values():
                self.put_off.update(outbox)

    async def joins_sent(self) -> None:
        """Every other time the outbox follows `join` at once, otherwise the past of the room is awaited."""
        if self.rng.random() < 0.5:
            for room in self.rooms:
                await self._send_outbox(room)

    async def caught_up(self, room: str) -> None:
        if room not in self._open:
            await self._send_outbox(room)

    async def _send_outbox(self, room: str) -> None:
        for request in list(self._outbox[room].values()):
            await self._send(request)
        self._open.add(room)

    # Answers.

    def event_came(self, event: Fields) -> None:
        room, seq, event_id = event["room"], event["seq"], event["id"]
        if event["type"] == "message" and seq not in self._deleted[room] and not event.get("deleted"):
            self._recent[room].append(seq)
        elif event["type"] == "delete":
            self._deleted[room].add(event["target"])
            if event["target"] in self._recent[room]:
                self._recent[room].remove(event["target"])
        if event_id in self.asked:
            self._acknowledge(event)

    def _acknowledge(self, event: Fields) -> None:
        room, seq, event_id = event["room"], event["seq"], event["id"]
        asked = self.asked[event_id]
        if asked.room != room or asked.seq not in (None, seq):
            self.tally.wrong("stored twice", f"{event_id} of {self.name}: {asked}, and now {seq} in {room}")
        if asked.seq is None:
            self.asked[event_id] = asked._replace(seq=seq)
            self.tally.count("acknowledged")
            if event["type"] == "message":
                self.tally.count("messages acknowledged")
                self._own[room].append(seq)
        request = self._outbox[asked.room].pop(event_id, None)
        if request is not None:
            self._settled.append(request)

    def is_copy(self, event_id: str) -> bool:
        self._copies[event_id] += 1
        return self._copies[event_id] < self._sent[event_id]

    async def refused(self, error: Fields) -> None:
        """Only what was done to a message that somebody else has deleted meanwhile may be refused, or put off."""
        request_id, code = error.get("id", ""), error["code"]
        asked = self.asked.get(request_id)
        request = self._outbox[asked.room].get(request_id) if asked else None
        if request_id in self.refusals:
            return  # it was sent twice
        if asked is None or request is None:
            await super().refused(error)
        elif code == "not_stored" or (code == "not_joined" and self.phases[asked.room] is not Phase.LIVE):
            # The room could not be joined just now, and what was sent at once behind `join` came too early, too.
            self.tally.count("put off")
            await self._put_off(asked.room)
        elif (
            asked.seq is None
            and code == "unknown_message"
            and (request["type"] in ("react", "send") or request_id in self.put_off)
        ):
            self.tally.count("refused: the message was deleted")
            self.refusals.add(request_id)
            del self._outbox[asked.room][request_id]
        else:
            self.tally.wrong("refused", f"{self.name}: {error} for {request}; acknowledged as {asked.seq}")

    async def _put_off(self, room: str) -> None:
        """Send everything of a room again, a moment later. What is behind the first of it may have been stored meanwhile."""
        self.put_off.update(self._outbox[room])
        self._open.discard(room)
        link = self.link
        await asyncio.sleep(PUT_OFF_SECONDS)
        if self.link is link and self.phases[room] is Phase.LIVE and room not in self._open:
            await self._send_outbox(room)
