"""The newest events of the rooms, in memory, with their frames: what nearly everybody who comes back has missed.

Events come from `chat.rooms` as they are committed; `chat.past` reads them and goes to the store for what is older.
"""

import collections

from chatapp.chat import schema
from chatapp.chat.answers import encode_v1
from chatapp.chat.messages import Event

#: Events that are kept of one room, and what they may take in memory (bytes); and of all rooms.
KEPT_EVENTS = 512
KEPT_BYTES = 1_048_576
KEPT_BYTES_OF_ALL = 67_108_864


class _Room:
    """The newest events of one room, their numbers without a hole."""

    __slots__ = ("bytes", "events", "frames")

    def __init__(self) -> None:
        self.events: collections.deque[Event] = collections.deque()
        self.frames: dict[int, bytes] = {}  # by seq, made when first asked for
        self.bytes = 0

    def drop_oldest(self) -> int:
        event = self.events.popleft()
        size = event.size + len(self.frames.pop(event.seq, b""))
        self.bytes -= size
        return size


class Recent:
    """The newest events of all rooms, within bounds; the rooms in which nothing happens are let go first."""

    def __init__(self) -> None:
        self._rooms: collections.OrderedDict[str, _Room] = collections.OrderedDict()
        self._bytes = 0

    def add(self, *events: Event) -> None:
        """The next events of one room, in their order."""
        name = events[0].room
        room = self._rooms.get(name)
        if room is None:
            room = self._rooms[name] = _Room()
        if room.events and room.events[-1].seq != events[0].seq - 1:
            self._forget(name)
            room = self._rooms[name] = _Room()
        size = sum(event.size for event in events)
        room.events.extend(events)
        room.bytes += size
        self._bytes += size
        for event in events:
            if event.type == schema.DELETE:
                self._redact(room, event)
        while len(room.events) > KEPT_EVENTS or (room.bytes > KEPT_BYTES and len(room.events) > 1):
            self._bytes -= room.drop_oldest()
        self._rooms.move_to_end(name)
        while self._bytes > KEPT_BYTES_OF_ALL and len(self._rooms) > 1:
            self._forget(next(iter(self._rooms)))

    def frame(self, event: Event) -> bytes:
        """The event as it is now as a frame of `chat.v1`, made once."""
        room = self._rooms.get(event.room)
        if room is None or not room.events or room.events[0].seq > event.seq:
            return encode_v1(event)
        frame = room.frames.get(event.seq)
        if frame is None:
            # Not `event`: what is deleted in the batch in which it came has lost its text since.
            frame = room.frames[event.seq] = encode_v1(room.events[event.seq - room.events[0].seq])
            room.bytes += len(frame)
            self._bytes += len(frame)
        return frame

    def after(self, room_name: str, seq: int, most: int) -> list[Event]:
        """The events after `seq`, at most `most`; none if they are not all here."""
        room = self._rooms.get(room_name)
        if room is None or not room.events or room.events[0].seq > seq + 1:
            return []
        first = seq + 1 - room.events[0].seq
        return [room.events[index] for index in range(first, min(len(room.events), first + most))]

    def forget(self, room_name: str, floor: int) -> None:
        """Events up to `floor` are no longer kept."""
        room = self._rooms.get(room_name)
        while room is not None and room.events and room.events[0].seq <= floor:
            self._bytes -= room.drop_oldest()

    def _forget(self, room_name: str) -> None:
        self._bytes -= self._rooms.pop(room_name).bytes

    def _redact(self, room: _Room, deletion: Event) -> None:
        """Empty the text of what was deleted here too, as the store does."""
        for index, event in enumerate(room.events):
            redacted = _without(event, deletion.target)
            if redacted is not event:
                room.events[index] = redacted
                change = redacted.size - event.size - len(room.frames.pop(event.seq, b""))
                room.bytes += change
                self._bytes += change


def _without(event: Event, deleted: int | None) -> Event:
    """The event without the text of the message `deleted`: of itself, of its edits, of what quotes it."""
    if event.reply is not None and event.reply.seq == deleted:
        return event._replace(reply=event.reply._replace(text=""))
    if (event.type == schema.EDIT and event.target == deleted) or (event.is_message and event.seq == deleted):
        return event._replace(text="", mentions=())
    return event
