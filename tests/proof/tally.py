"""What a run of the proof has counted, and what was seen that docs/PROTOCOL.md rules out.

Everybody who takes part writes into one `Tally`; `__main__` prints it.
"""

import collections
from collections.abc import Iterable

#: So many cases of each broken promise are told in words.
EXAMPLES = 5
MOST_CHARS = 2000


class Tally:
    """Counts by name, and broken promises with examples."""

    def __init__(self) -> None:
        self.counts: collections.Counter[str] = collections.Counter()
        self.broken: collections.Counter[str] = collections.Counter()
        self.examples: list[str] = []

    def count(self, what: str, more: int = 1) -> None:
        """Count something that may happen."""
        self.counts[what] += more

    def wrong(self, promise: str, case: str) -> None:
        """Count something that may not happen; `case` tells of it."""
        self.broken[promise] += 1
        if self.broken[promise] <= EXAMPLES:
            self.examples.append(f"{promise}: {case[:MOST_CHARS]}")

    def all_wrong(self, promise: str, cases: Iterable[str]) -> None:
        """Count several."""
        for case in cases:
            self.wrong(promise, case)
