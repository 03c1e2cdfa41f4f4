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
KEPT = {"greenlets": 8, "store": 24, "threads": 32, "packed": 8}
#: So much more memory than at half time may a worker have at the end (a share of it, and KiB).
GROWTH, GROWTH_KB = 0.03, 2048


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


def growth(quiets: Sequence[Quiet]) -> dict[int, int]:
    """How much memory each worker has more at the last quiet than at half time, in KiB."""
    half, last = quiets[len(quiets) // 2 - 1], quiets[-1]
    return {pid: sample.own_kb - half.workers[pid].own_kb for pid, sample in last.workers.items() if pid in half.workers}


def grown(quiets: Sequence[Quiet]) -> list[str]:
    """The workers whose memory has grown more than it may."""
    half = quiets[len(quiets) // 2 - 1]
    return [
        f"worker {pid} has {more} KiB more than at half time, when it had {half.workers[pid].own_kb}"
        for pid, more in growth(quiets).items()
        if more > GROWTH_KB + GROWTH * half.workers[pid].own_kb
    ]
