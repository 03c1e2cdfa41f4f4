"""The directory: which rooms there are, who is a member, who has read how far, who was mentioned. In memory.

All of it is derived from the log and from what people have read; `chat.store` fills it when it opens, tells it of every
event that is committed, and writes back what has changed. So a client that comes back costs no query here.
No I/O and no frames.
"""

import bisect
import collections
import dataclasses
from collections.abc import Collection, Container, Iterator

from chatapp.chat import messages, schema
from chatapp.chat.answers import Fields, user_fields
from chatapp.chat.messages import Event, User, fold


@dataclasses.dataclass(slots=True)
class RoomHead:
    """A room and the newest number of its log. `floor`: events up to this one are no longer kept."""

    key: int
    name: str
    kind: str
    topic: str = ""
    maker: str = ""
    floor: int = 0
    seq: int = 0
    number: int = 0

    @property
    def is_direct(self) -> bool:
        """Whether it is the room of two people."""
        return self.kind == "direct"


@dataclasses.dataclass(slots=True)
class Reading:
    """What a room is to a person: whether it is theirs, and how far they have read (and how many messages that were)."""

    member: bool = False
    read: int = 0
    number: int = 0


class Directory:
    """Rooms, people, members, what is read. Changed by `apply` and `set_read`; `changed` is what is to be written."""

    def __init__(self) -> None:
        self.rooms: dict[str, RoomHead] = {}
        self.by_key: dict[int, RoomHead] = {}
        self.people: dict[str, User] = {}
        self.members: dict[int, set[str]] = {}
        self._readings: dict[str, dict[int, Reading]] = {}
        # Who has a name, the one who used it last at the end; and how many names there are of each length.
        self._named: dict[str, dict[str, None]] = {}
        self._lengths: collections.Counter[int] = collections.Counter()
        # For each room and person (or * for all), the numbers of messages that mention them and are not read yet, rising.
        self._mentions: dict[int, dict[str, list[int]]] = {}
        # How many rooms somebody has made, those of two people apart.
        self._made: collections.Counter[tuple[str, bool]] = collections.Counter()
        self.changed_readings: set[tuple[str, int]] = set()
        self.changed_people: set[str] = set()

    # Filling.

    def add_room(self, head: RoomHead) -> None:
        """A room that was found in the store or is new."""
        self._made[head.maker, head.is_direct] += head.name not in self.rooms
        self.rooms[head.name] = self.by_key[head.key] = head

    def count_rooms(self, direct: bool) -> int:
        """How many rooms there are, or rooms of two people."""
        return sum(count for (_, is_direct), count in self._made.items() if is_direct == direct)

    def made_by(self, person: str, direct: bool) -> int:
        """How many rooms, or rooms of two people, this person has made."""
        return self._made[person, direct]

    def add_reading(self, person: str, key: int, reading: Reading) -> None:
        """What the room is to the person from now on."""
        self._readings.setdefault(person, {})[key] = reading
        if reading.member:
            self.members.setdefault(key, set()).add(person)

    def merge_reading(self, person: str, key: int, reading: Reading) -> bool:
        """What another process has stored: it counts if it is news, or if the person has read further by it."""
        known = self._readings.get(person, {}).get(key)
        if known is None:
            self.add_reading(person, key, reading)
            return True
        if reading.read <= known.read:
            return False
        known.read, known.number = reading.read, reading.number
        return True

    def write_again(self, person: str) -> None:
        """How far the person has read is to be written as if it had changed."""
        self.changed_readings.update((person, key) for key in self._readings.get(person, ()))

    def add_person(self, user: User) -> None:
        """Somebody who is known, under the name they have now."""
        before = self.people.pop(user.id, None)
        if before is not None:
            self._unname(fold(before.name), user.id)
        self.people[user.id] = user  # at the end: who was met last
        name = fold(user.name)
        if name not in self._named:
            self._named[name] = {}
            self._lengths[len(name)] += 1
        self._named[name][user.id] = None

    def _unname(self, name: str, person: str) -> None:
        del self._named[name][person]
        if not self._named[name]:
            del self._named[name]
            self._lengths[len(name)] -= 1
            if not self._lengths[len(name)]:
                del self._lengths[len(name)]

    def add_mention(self, person: str, key: int, seq: int) -> None:
        """A message that mentions `person`, or all (*)."""
        bisect.insort(self._mentions.setdefault(key, {}).setdefault(person, []), seq)

    def remove_mentions(self, key: int, seq: int) -> None:
        """The message is deleted."""
        for seqs in self._mentions.get(key, {}).values():
            at = bisect.bisect_left(seqs, seq)
            if at < len(seqs) and seqs[at] == seq:
                del seqs[at]

    def raise_floor(self, head: RoomHead, floor: int) -> None:
        """Events up to `floor` are no longer kept."""
        head.floor = floor
        for seqs in self._mentions.get(head.key, {}).values():
            del seqs[: bisect.bisect_right(seqs, floor)]

    # What happens.

    def meet(self, user: User) -> None:
        """Somebody is here under this name."""
        self.add_person(user)
        self.changed_people.add(user.id)

    def apply(self, event: Event, here: bool = True) -> None:
        """An event was committed, `here` or in another process. Those of a room come in their order."""
        head = self.rooms[event.room]
        head.seq = event.seq
        head.number = event.number
        if event.type == schema.MESSAGE:
            for mention in event.mentions:
                self.add_mention(mention.id, head.key, event.seq)
            if not event.user.plain:
                self._read(event.user.id, head, event.seq, event.number, here)
        elif event.type == schema.CREATE:
            self._created(event, head)
        elif event.type == schema.TOPIC:
            head.topic = event.text
        elif event.type == schema.ENTER:
            self._enter(event.user.id, head, event)
        elif event.type == schema.LEAVE:
            self._leave(event.user.id, head, here)
        elif event.type == schema.DELETE and event.target is not None:
            self.remove_mentions(head.key, event.target)

    def _created(self, event: Event, head: RoomHead) -> None:
        head.topic = event.text
        for person in messages.people_of_direct(head.name) or (event.user.id,):
            self._enter(person, head, event)

    def _enter(self, person: str, head: RoomHead, event: Event) -> None:
        self.add_reading(person, head.key, Reading(True, event.seq, event.number))
        self.changed_readings.add((person, head.key))

    def _leave(self, person: str, head: RoomHead, here: bool) -> None:
        self.members.get(head.key, set()).discard(person)
        if here or self._knows(person, head):
            self.reading(person, head).member = False
        if here:
            self.changed_readings.add((person, head.key))

    def _knows(self, person: str, head: RoomHead) -> bool:
        """Whether it is known here how far the person has read; of those who are elsewhere it need not be."""
        return head.key in self._readings.get(person, ())

    def set_read(self, person: str, head: RoomHead, seq: int, number: int) -> None:
        """`person` has read up to `seq`, the `number`-th message, unless it was further before."""
        if seq > self.reading(person, head).read:
            self._read(person, head, seq, number)

    def _read(self, person: str, head: RoomHead, seq: int, number: int, here: bool = True) -> None:
        if not here and not self._knows(person, head):
            return
        reading = self.reading(person, head)
        reading.read = seq
        reading.number = number
        mentions = self._mentions.get(head.key, {}).get(person)
        if mentions:
            del mentions[: bisect.bisect_right(mentions, seq)]
        if here:
            self.changed_readings.add((person, head.key))

    # What one may ask.

    def reading(self, person: str, head: RoomHead) -> Reading:
        """What the room is to the person. Somebody who comes for the first time has read all of the main room."""
        readings = self._readings.setdefault(person, {})
        reading = readings.get(head.key)
        if reading is None:
            reading = Reading(head.name == messages.MAIN_ROOM, head.seq, head.number)
            readings[head.key] = reading
            self.changed_readings.add((person, head.key))
        return reading

    def is_member(self, person: str, head: RoomHead) -> bool:
        """Whether the room is one of the person's."""
        return head.name == messages.MAIN_ROOM or person in self.members.get(head.key, ())

    def may_enter(self, person: str, head: RoomHead) -> bool:
        """Whether the person may read the room: a direct one only if it is theirs."""
        return not head.is_direct or person in self.members.get(head.key, ())

    def rooms_for(self, person: str) -> Iterator[RoomHead]:
        """All rooms the person may enter."""
        return (head for head in self.rooms.values() if self.may_enter(person, head))

    def room_fields(self, head: RoomHead, person: str | None = None) -> Fields:
        """The room as an object on the wire; with a person, what it is to them."""
        fields: Fields = {"room": head.name, "kind": head.kind, "topic": head.topic, "seq": head.seq}
        if person is None:
            return fields
        member = self.is_member(person, head)
        fields["member"] = member
        if member:
            fields |= self.read_fields(head, person)
        else:
            fields |= {"read": head.seq, "unread": 0, "mentions": 0}
        if head.is_direct:
            one, other = messages.people_of_direct(head.name)
            fields["with"] = user_fields(self.person(other if one == person else one))
        return fields

    def read_fields(self, head: RoomHead, person: str) -> Fields:
        """How far the person has read, and what is left."""
        reading = self.reading(person, head)
        in_room = self._mentions.get(head.key, {})
        mine, of_all = in_room.get(person, []), in_room.get(messages.ALL[0], [])
        mentions = sum(len(seqs) - bisect.bisect_right(seqs, reading.read) for seqs in (mine, of_all))
        return {"read": reading.read, "unread": head.number - reading.number, "mentions": mentions}

    def person(self, person: str) -> User:
        """Who this is; somebody who is not known any more has an empty name."""
        return self.people.get(person) or User(person, "", "")

    @property
    def name_lengths(self) -> Collection[int]:
        """How long the names are that people have, in the form in which they are compared."""
        return self._lengths.keys()

    def named(self, name: str, among: Container[str] | None) -> str | None:
        """Who used this name last; only of those `among`, if that is given. (At any time one holds it.)"""
        people = reversed(self._named.get(name, {}))
        return next((person for person in people if among is None or person in among), None)
