"""What somebody who joins is sent first: the newest page, or everything that was missed. Frames, each made once.

A thousand clients that come back at once ask for the same: the newest events are in memory (`chat.recent`), and what
is older is read in pieces that end at the same numbers for all, so each distinct position costs one query and what
follows it is shared. Who asks while a piece is being read waits for that one.
"""

import collections
from collections.abc import Callable
from typing import NamedTuple

from gevent.event import AsyncResult

from chatapp.chat.answers import encode_v1, message_frames
from chatapp.chat.directory import RoomHead
from chatapp.chat.reader import Reader
from chatapp.chat.recent import Recent

#: Pieces of the log end at multiples of this.
PIECE_EVENTS = 256
#: What pieces and pages may take in memory (bytes).
KEPT_BYTES = 33_554_432
#: A page that was read so many events ago is read anew.
PAGE_EVENTS = 100


class Gone(Exception):
    """What was asked for is no longer kept."""


class Piece(NamedTuple):
    """Frames, and the number of the room up to which they tell."""

    data: bytes
    seq: int


class Past:
    """The past of all rooms as frames."""

    def __init__(self, reader: Reader, recent: Recent) -> None:
        self._reader = reader
        self._recent = recent
        self._kept: collections.OrderedDict[tuple[str, str, int], Piece] = collections.OrderedDict()
        self._kept_bytes = 0
        self._asked: dict[tuple[str, str, int], AsyncResult] = {}
        self._deletions = 0

    def after(self, head: RoomHead, seq: int) -> Piece:
        """The next events after `seq`, some of them. Waits for the database if they are old.

        Raises `Gone` if they are no longer kept, and `DatabaseError`.
        """
        events = self._recent.after(head.name, seq, PIECE_EVENTS)
        if events:
            return Piece(b"".join(map(self._recent.frame, events)), events[-1].seq)
        last = min(head.seq, (seq // PIECE_EVENTS + 1) * PIECE_EVENTS)
        return self._read((head.name, "after", seq), lambda: self._read_events(head, seq, last))

    def newest(self, head: RoomHead, limit: int) -> Piece:
        """The newest `limit` messages as they are now, and the number up to which they tell; newer ones are missing.

        Waits for the database, unless somebody has asked just now. Raises `DatabaseError`.
        """
        key = (head.name, "newest", limit)
        page = self._kept.get(key)
        if page is not None and head.seq - page.seq > PAGE_EVENTS:
            self._forget(key)
        return self._read(key, lambda: self._read_newest(head, limit))

    def forget(self, room: str) -> None:
        """Something was deleted in the room, or is no longer kept: what was read before may hold its text."""
        self._deletions += 1
        for key in [key for key in self._kept if key[0] == room]:
            self._forget(key)
        for key in [key for key in self._asked if key[0] == room]:
            del self._asked[key]  # who asks from now on reads anew

    def _read_events(self, head: RoomHead, seq: int, last: int) -> Piece:
        events = self._reader.events_after(head, seq, last)
        if not events or events[0].seq != seq + 1:
            raise Gone(f"the log of {head.name} has nothing just after {seq} any more")
        return Piece(b"".join(map(encode_v1, events)), events[-1].seq)

    def _read_newest(self, head: RoomHead, limit: int) -> Piece:
        page = self._reader.page(head, "before", 2**53, limit)
        return Piece(message_frames(page.messages), page.as_of)

    def _read(self, key: tuple[str, str, int], read: Callable[[], Piece]) -> Piece:
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
            return kept
        others = self._asked.get(key)
        if others is not None:
            piece: Piece = others.get()
            return piece
        self._asked[key] = asked = AsyncResult()
        deletions = self._deletions
        try:
            piece = read()
        except BaseException as error:
            asked.set_exception(error)
            raise
        finally:
            if self._asked.get(key) is asked:
                del self._asked[key]
        asked.set(piece)
        if deletions == self._deletions:  # otherwise it may hold a text that was taken out while it was read
            self._keep(key, piece)
        return piece

    def _keep(self, key: tuple[str, str, int], piece: Piece) -> None:
        self._kept[key] = piece
        self._kept_bytes += len(piece.data)
        while self._kept_bytes > KEPT_BYTES and len(self._kept) > 1:
            self._forget(next(iter(self._kept)))

    def _forget(self, key: tuple[str, str, int]) -> None:
        self._kept_bytes -= len(self._kept.pop(key).data)
