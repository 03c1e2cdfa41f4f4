"""Is everything gone when everybody has gone, and is what stays no more than it was? Pure, but for its input.

What clients, viewers and requests cost must be gone at each quiet: that is exact, and does not depend on how fast the
machine is. Memory is judged by how it grows from the quiet at half time to the last one, because before caches fill.
"""

from collections.abc import Sequence
from typing import NamedTuple

from tests.soak.samples import Sample

#: What must be as it was before anybody had come.
GONE = ("sockets", "logs", "other", "connections", "clients", "members", "files_followed")
#: What is made when it is first needed, and then kept: so much more than before anybody had come may there be. Greenlets:
#: one that looks after each pool of threads. Files of the store: a connection for each thread that reads, of up to three
#: descriptors. Threads: those of all pools. Packed files: as many as `logs.history` keeps.
KEPT = {"greenlets": 24, "store": 24, "threads": 32, "packed": 8}
#: So much more than at half time may a worker have at the end: of memory, and of blocks of Python's memory, as a share.
#: Caches still fill then, such as the newest events of rooms in which little is said. A connection that was not given back
#: after each visit would be 30 MB in one worker.
MOST_GROWTH = {"own_kb": 0.10, "blocks": 0.10}


class Quiet(NamedTuple):
    """A moment at which nobody is there: a sample of each worker, by its process."""

    at: float
    workers: dict[int, Sample]


def left(before: Sample, now: Sample) -> list[str]:
    """What is there that should be gone, or more of it than may be kept."""
    problems = [
        f"{kind}: {getattr(now, kind)}, {getattr(before, kind)} before anybody came"
        for kind in GONE
        if getattr(now, kind) > getattr(before, kind)
    ]
    return problems + [
        f"{kind}: {getattr(now, kind)}, {getattr(before, kind)} before anybody came; at most {most} more may be kept"
        for kind, most in KEPT.items()
        if getattr(now, kind) > getattr(before, kind) + most
    ]


def grown(quiets: Sequence[Quiet]) -> list[str]:
    """What has grown more than it may."""
    half, last = quiets[len(quiets) // 2], quiets[-1]
    return [
        f"worker {pid} has {getattr(now, kind)} {kind}, {getattr(half.workers[pid], kind)} at half time"
        for pid, now in last.workers.items()
        for kind, most in MOST_GROWTH.items()
        if getattr(now, kind) > (1 + most) * getattr(half.workers[pid], kind)
    ]
