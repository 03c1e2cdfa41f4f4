"""What one client has seen of one room, in the order in which it saw it.

Filled by `client.Client`, compared by `compare`. A view begins either with the first event of the room, or, for a
client that came without a position, with a page of messages: then earlier messages are put before it (`older`), and
what follows the page is events.
"""

import sys
from array import array


class RoomView:
    """A page of messages (if it began with one), then events one after the other."""

    def __init__(self, room: str) -> None:
        self.room = room
        #: The position: everything up to this number has been seen.
        self.position = 0
        #: Where the page ended that the view began with; 0 if it began with the first event.
        self.page_end = 0
        #: Whether nothing is older than what the view begins with.
        self.complete = True
        # Messages of the page and of the pages before it, then events. Numbers and ids stand in two lists, and an id
        # that many clients have seen is one object: a long run has millions of entries.
        self._page: list[tuple[int, str]] = []
        self._seqs = array("Q")
        self._ids: list[str] = []

    def add_page(self, seq: int, message_id: str) -> None:
        """A message of the page that the view begins with."""
        self._page.append((seq, sys.intern(message_id)))

    def end_page(self, seq: int) -> None:
        """The page is whole: what follows are events after `seq`."""
        self.position = self.page_end = seq
        self.complete = False

    def add_older(self, messages: list[tuple[int, str]], start: bool) -> None:
        """A page of history, oldest first; `start`: nothing is older."""
        self._page[:0] = messages
        self.complete = start

    @property
    def oldest(self) -> int:
        """The number before which history has to be asked for."""
        return self._page[0][0] if self._page else self.page_end + 1

    def add_event(self, seq: int, event_id: str) -> None:
        """The next event, or one that came though it should not have."""
        self._seqs.append(seq)
        self._ids.append(sys.intern(event_id))
        self.position = max(self.position, seq)

    def seen(self) -> list[tuple[int, str]]:
        """Everything, in order: (seq, id)."""
        return [*self._page, *zip(self._seqs, self._ids, strict=True)]
