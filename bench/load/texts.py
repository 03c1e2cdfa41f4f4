"""What is said: texts that carry a mark, who sent them, a running number, and when; made in advance as far as can be.

The mark is eight of one letter, which nothing else holds, so that `bytes.count` finds a message in nearly no time. Behind it
stand two digits of the sender, ten of the sender's number, and twelve of the monotonic clock in microseconds.
"""

import random
import time

MARK = b"@" * 8
#: Bytes of a text that are taken: the shortest text.
HEAD = 32
#: The clock of the stamps begins anew after so many microseconds (11 days).
CLOCK = 10**12
#: Texts made in advance, which take turns.
_VARIETY = 256

_SENTENCES = """
    Good morning everybody, the build is green again.
    Has anybody seen the review for the search branch?
    I will be ten minutes late.
    The customer says the page takes five seconds to open, can you have a look?
    Yes, in a moment.
    That was my mistake, sorry about that.
    We should move the meeting to Thursday, because half of us are on a train tomorrow.
    Fine with me.
    Could you send me the link again?
    The disk of the old database server is nearly full, I am moving the backups now.
    It works on my machine.
    Lunch at half past twelve?
    I have restarted the workers, and the queue is going down again.
    Thanks a lot, that is exactly what I needed.
    Who is on call this weekend?
    Please don't merge anything before the release is out.
    The tests are slow today, something else is using the machine.
    See you on Monday.
    There is a new version of the library that fixes the timeout, but it changes the names of two settings.
    Let me know when you are done.
    The numbers of last month are in the shared folder, the second sheet has the totals.
    I would rather keep it simple.
    Coffee?
    Do we still need the script that cleans up the temporary files?
    I don't think so, but ask Maria before you delete it.
    Done.
"""


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
    said = [line.strip() for line in _SENTENCES.strip().splitlines()]
    chance = random.Random(1)
    made = []
    for _ in range(_VARIETY):
        text = ""
        while len(text) < missing:
            text += " " + chance.choice(said)
        made.append(text[:missing].encode())
    return made


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
