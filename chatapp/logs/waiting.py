"""Those that wait: what took the name of a log while the one before is still read.

Who writes may not have heard yet that its file was renamed, so that one is read on for a grace period. `logs.tailer` puts
sources here, oldest first; `logs.chain` asks when the next one's turn is.
"""

import time
from collections import deque

from chatapp.logs import kernel
from chatapp.logs.generation import Source

#: A file that lost its name is read on until nobody has it open for writing. Where that can't be known, or while somebody
#: has: until it was quiet for so long and lines wait in the next file; until they have waited for so long; or, while the
#: next file is empty, for so long (seconds).
QUIET_SECONDS = 2.0
GRACE_SECONDS = 5.0
LONG_GRACE_SECONDS = 60.0
#: So many files may wait for their turn; more cut the grace short.
MAX_WAITING = 64


class Waiting:
    """A line of sources, oldest first."""

    def __init__(self) -> None:
        self._sources: deque[Source] = deque()

    def __bool__(self) -> bool:
        return bool(self._sources)

    def all(self) -> list[Source]:
        return list(self._sources)

    @property
    def newest(self) -> Source | None:
        """What took the name last."""
        return self._sources[-1] if self._sources else None

    def add(self, after: Source, sources: list[Source]) -> None:
        """They took the name after `after`, one after the other."""
        for source in sources:
            after.superseded = after.superseded or time.monotonic()
            self._sources.append(source)
            after = source

    def add_first(self, sources: list[Source]) -> None:
        """Before all that wait: the last of them has the name of what is read; what is before it is over."""
        self._sources.extendleft(reversed(sources))
        for source in sources[:-1]:
            source.superseded = time.monotonic()

    def next(self) -> Source:
        return self._sources.popleft()

    def forget_stale(self) -> bool:
        """Forget those that can't be read any more; whether there were any."""
        known = [source for source in self._sources if not source.is_stale]
        forgotten = len(known) < len(self._sources)
        self._sources = deque(known)
        return forgotten

    def is_turn(self, source: Source, fed_at: float) -> bool:
        """Whether nothing more is to be expected in `source`, which lost the name and grew last at `fed_at`."""
        if not self._sources:
            return False
        if len(self._sources) > MAX_WAITING or kernel.is_written(source.fd) is False:
            return True
        waited = time.monotonic() - source.superseded
        if all(other.size() <= other.start for other in self._sources):
            return waited >= LONG_GRACE_SECONDS
        return waited >= GRACE_SECONDS or time.monotonic() - max(fed_at, source.superseded) >= QUIET_SECONDS
