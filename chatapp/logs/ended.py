"""Generations that ended: held open for a while, and remembered longer, so that nothing of them is told twice.

One memory a tailer. Sources come from `logs.chain` when they end, which asks whether what takes the name now had it before
(R6), and `logs.feed` asks for the source of a position that somebody comes back with.
"""

import time
from collections import OrderedDict, deque

from chatapp.logs.generation import Bookmark, Source

#: How long an ended generation is held open (seconds), and how many are.
HELD_SECONDS = 60.0
MAX_HELD = 8
#: Of so many it is remembered how far they were told.
MAX_TOLD = 4096


class Ended:
    """What a tailer remembers of the generations before."""

    def __init__(self) -> None:
        self._held: deque[tuple[float, Source]] = deque()
        self._late: deque[str] = deque(maxlen=MAX_TOLD)  # names of those that were written to after all
        self._told: OrderedDict[tuple[int, int], Bookmark] = OrderedDict()

    def __bool__(self) -> bool:
        """Whether any is held open."""
        return bool(self._held)

    def add(self, source: Source) -> None:
        """A source that has ended."""
        assert source.end is not None
        self._held.append((time.monotonic(), source))
        if source.ending == "rotated" and source.end and not source.lost:
            self._told[source.identity] = source.bookmark(source.end)
            self._told.move_to_end(source.identity)
            if len(self._told) > MAX_TOLD:
                self._told.popitem(last=False)

    def bookmark(self, source: Source) -> Bookmark | None:
        """How far this file was told, if it had the name before."""
        mark = self._told.get(source.identity)
        return mark if mark is not None and source.is_at(mark) else None

    def find(self, name: str, offset: int) -> Source | None:
        """The source that a position means, while it is held."""
        for _, source in self._held:
            if source.name == name and (source.end is None or offset <= source.end):
                return source
        return None

    def late(self, named: tuple[int, int]) -> list[Source]:
        """Those to which something was written after they had ended, and which have not the name again: each once."""
        late = []
        for _, source in self._held:
            is_over = source.ending == "rotated" and not source.lost and source.identity != named
            if is_over and source.size() > (source.end or 0) and source.name not in self._late:
                late.append(source)
                self._late.append(source.name)
        return late

    def forget(self) -> None:
        """Close all."""
        self._held.clear()

    def let_go(self) -> None:
        """Close those that were held long enough."""
        now = time.monotonic()
        while self._held and (now - self._held[0][0] > HELD_SECONDS or len(self._held) > MAX_HELD):
            self._held.popleft()
