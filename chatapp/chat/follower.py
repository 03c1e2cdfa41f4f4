"""The follower: looks at the log whenever another worker says that there is something new in it.

What it looks at is the store (`chat.rooms` delivers what is found there). A nudge (`realtime.peers`) is only a hint; one
that is lost costs `TICK_SECONDS` at most. Messages are what people wait for, so it waits for nothing but the store: the
table of who is here, above all, may be held up where many come at once. What else the others say is kept for
`chat.workers`.
"""

from gevent.event import Event

from chatapp.chat.rooms import Rooms
from chatapp.realtime.peers import Peers, is_alone

#: How often a worker looks by itself while there are others (seconds).
TICK_SECONDS = 0.1


class Follower:
    """Follows the log for one worker."""

    def __init__(self, peers: Peers, rooms: Rooms) -> None:
        self._peers = peers
        self._rooms = rooms
        self._said: list[bytes] = []
        self._heard = Event()

    def run(self) -> None:
        """Owned by the follower greenlet: look whenever somebody nudges, and a few times a second while there are others."""
        was_alone = True
        while True:
            said = self._peers.wait(TICK_SECONDS)
            if said:
                self._said += said
                self._heard.set()
            alone = is_alone(self._peers)
            if said or not (alone and was_alone):  # once more after the last of the others: it may have said nothing more
                self._rooms.look()
            was_alone = alone

    def wait(self, seconds: float) -> list[bytes]:
        """Wait until another worker says something, at most so long; what was said since the last call."""
        self._heard.wait(seconds)
        self._heard.clear()
        said, self._said = self._said, []
        return said
