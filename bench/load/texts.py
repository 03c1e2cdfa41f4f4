"""What is said: texts that carry a mark, who sent them, a running number, and when; made in advance as far as can be.

The mark is eight of one letter, which nothing else holds, so that `bytes.count` finds a message in nearly no time. It means
nothing to a chat: `@` would, and eight of them cost this server as much as all the rest of a message. Behind it stand two
digits of the sender, ten of the sender's number, and twelve of the monotonic clock in microseconds.
"""

import re
import time

from bench.serving import TOP

MARK = b"^" * 8
#: Bytes of a text that are taken: the shortest text.
HEAD = 32
#: The clock of the stamps begins anew after so many microseconds (11 days).
CLOCK = 10**12

#: What may not stand in a text: the mark's letter, mentions, what JSON escapes, and what is more than one byte.
_LEFT_OUT = re.compile(r'[^ -~]+|[@^"\\]+')


def _sentences() -> str:
    """English as people write it, each sentence once: what this server's own documentation says."""
    words = " ".join((TOP / "docs" / name).read_text() for name in ("ARCHITECTURE.md", "PROTOCOL.md")).split()
    return _LEFT_OUT.sub("", " ".join(words))


def stamp() -> int:
    """Now, as it is written into a text."""
    return time.monotonic_ns() // 1000 % CLOCK


def mark_of(sender: int) -> bytes:
    """What only the texts of this sender hold."""
    return MARK + b"%02d" % sender


def fillers(text_bytes: int, sentences: bool) -> list[bytes]:
    """What makes a text as long as it shall be."""
    missing = max(0, text_bytes - HEAD)
    if not sentences:
        return [b"x" * missing]
    said = _sentences()
    return [said[at : at + missing].encode() for at in range(0, len(said) - missing, missing)]


class Texts:
    """All that one sender says. `wrapped` are pairs of what stands before its mark, and behind the stamp."""

    def __init__(self, sender: int, wrapped: list[tuple[bytes, bytes]]) -> None:
        self.made = 0
        mark = mark_of(sender)
        self._wrapped = [(before + mark, behind) for before, behind in wrapped]

    def make(self, count: int) -> bytes:
        """The next messages, as they go out, with this moment in them."""
        now, wrapped, variety = stamp(), self._wrapped, len(self._wrapped)
        first, self.made = self.made, self.made + count
        if variety == 1:
            before, behind = wrapped[0]
            return b"".join([b"%b%010d%012d%b" % (before, number, now, behind) for number in range(first, first + count)])
        return b"".join(
            [
                b"%b%010d%012d%b" % (wrapped[n % variety][0], n, now, wrapped[n % variety][1])
                for n in range(first, first + count)
            ]
        )
