"""What took the name after a file, and what was in a file before it was cut: found when it is noticed, maybe long after.

`logs.tailer` and `logs.chain` ask, on the tail greenlet; folders are read in threads (`logs.rotated`), so files may be
renamed meanwhile: each picture is taken anew until the name stood for the same before and after. Open sources go out, in
the order in which they are to be told.
"""

import itertools
import os
import time
from collections.abc import Callable

from chatapp.logs.ended import Ended
from chatapp.logs.generation import FINGERPRINT_BYTES, Source
from chatapp.logs.rotated import Surroundings
from chatapp.realtime.threads import in_thread

#: While files are rotated faster than they can be looked at, it is tried so often to get a picture.
MAX_TRIES = 5
#: A file beside ours that begins with so many bytes as ours does is a copy somebody made.
COPY_BYTES = 256
#: If the next file was made so much later than the last one ended, something may have been between (nanoseconds).
UNSEEN_NS = 500_000_000
#: A file that is missing for so long is told as gone (seconds).
GONE_SECONDS = 0.2
#: The age of what has the name: younger than all that was rotated.
NOW = (2**63, 0)


class Successors:
    """Looks at a name, and at the files beside it."""

    def __init__(self, open_source: Callable[[], Source], surroundings: Surroundings, ended: Ended) -> None:
        self._path = surroundings.path
        self._open_source = open_source
        self._surroundings = surroundings
        self._ended = ended
        #: What the name stood for when it was opened for another reason: it may be gone before `after` looks.
        self.glimpsed: Source | None = None
        #: Since when the name stands for nothing, while something is open (monotonic); 0.0 while it stands for something.
        self.missing_since = 0.0

    def named(self) -> tuple[int, int] | None:
        """What the name stands for; None if that can't be known."""
        try:
            status = os.stat(self._path)
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def is_gone(self) -> bool:
        """Whether the name has stood for nothing for long enough to be sure."""
        self.missing_since = self.missing_since or time.monotonic()
        return time.monotonic() - self.missing_since >= GONE_SECONDS

    def after(self, ours: list[Source]) -> list[Source]:
        """What took the name after `ours`, the first of which is being read; the last of them may have it now. (R3)

        Empty if the last of ours has it again. Raises OSError if what has it now can't be opened.
        """
        between: list[Source] = []
        opened = [self.glimpsed] if self.glimpsed is not None and not _is_among(self.glimpsed, ours) else []
        for _ in range(MAX_TRIES):
            try:
                current = self._open_source()
            except OSError:
                if not opened:
                    raise
                between = self._between(ours, opened)
                newest, named = opened[-1], self.named()
                if named == newest.identity or (named is None and self._may_come_back(newest)):
                    newest.age = NOW  # what was found had the name before it, or is a copy of what was in it before
                break  # gone again, but what had the name for a moment is open
            if not opened and current.identity == ours[-1].identity:
                return []
            opened = [source for source in opened if source.identity != current.identity] + [current]
            between = self._between(ours, opened)
            if self.named() == current.identity:
                current.age = NOW  # it had the name all the while: what was found had it before
                break
        self._surroundings.see([*between, *opened])
        return sorted([*between, *opened], key=lambda source: source.age)

    def _between(self, ours: list[Source], opened: list[Source]) -> list[Source]:
        """What had the name and lost it again before anybody looked."""
        known = {source.identity: source for source in [*ours, *opened]}
        found = in_thread(self._surroundings.new, ours[0].birth)
        for source in found:
            if source.identity in known:
                known[source.identity].age = source.age  # it was rotated meanwhile
        return [
            source
            for source in found
            if source.identity not in known
            and not source.begins_like(ours[0].beginning, COPY_BYTES)
            and self._ended.bookmark(source) is None
        ]

    def _may_come_back(self, source: Source) -> bool:
        """Whether a file that has lost its name was neither deleted nor rotated."""
        return bool(os.fstat(source.fd).st_nlink) and not in_thread(self._surroundings.has, source)

    def may_have_been_between(self, before: Source, current: Source) -> bool:
        """Whether there was time for a file that nobody saw and that is nowhere any more."""
        if os.path.islink(self._path):
            return False
        ended = os.fstat(before.fd).st_ctime_ns  # when it lost its name, or later
        return current.birth - ended > UNSEEN_NS

    def copies(self, source: Source, is_ours: Callable[[Source], bool]) -> list[Source] | None:
        """Copies that came beside `source` while it had the name, of what was in it before what is in it now; oldest first.

        None if the name stands for nothing just now: then it is unclear what is a copy, and what had the name itself.
        `is_ours` knows a copy of what was read last.
        """
        before, found, after = self.named(), in_thread(self._surroundings.new), self.named()
        if after not in (None, source.identity):  # what was found may have had the name after it
            ours = [other for other in found if is_ours(other)][:1]
            self._surroundings.see(ours)
            return ours
        if before != after or (after is None and not self.is_gone()):
            return None
        if after is None and not self._may_come_back(source):
            return []  # what is beside it is not of it
        content, size = source.read(0, FINGERPRINT_BYTES), source.size()

        def is_of_now(copy: Source) -> bool:
            return copy.size() <= size and content.startswith(copy.read(0, FINGERPRINT_BYTES))

        others = [other for other in found if other.identity != source.identity and self._ended.bookmark(other) is None]
        copies = list(itertools.takewhile(lambda copy: not is_of_now(copy), [other for other in others if other.size()]))
        self._surroundings.see(copies)
        return copies


def _is_among(source: Source, sources: list[Source]) -> bool:
    return any(source.identity == other.identity for other in sources)
