"""What has come of a load: rates, costs, latencies, faults, and who was the limit.

Time is measured where the message is: each carries the moment it was handed to the kernel, and is late by what has passed
when the read that brought its last byte returns.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy

from bench.load import judging
from bench.load.dialects import DIALECTS
from bench.load.job import Job
from bench.load.reading import Reading

Figures = dict[str, Any]

#: The generator is the limit if it was this busy, and the server was not.
GENERATOR_BUSY, SERVER_BUSY = 0.95, 0.90
#: How far counts in bytes may differ: a ping has come to one, and not yet to the other. Less than any message.
PINGS = 16


@dataclasses.dataclass(frozen=True)
class Moment:
    """What everything stood at, at one moment."""

    #: By client: what it has got, in messages or in bytes.
    counts: Mapping[int, int]
    #: What all have got.
    bytes: int
    #: Processor time of the server, and of the generator, in seconds; that with its waiting for the core; that of everybody.
    server: float
    own: float
    busy: float
    machine: float
    #: The clock of the stamps, and the clock.
    stamp: int
    time: float


def shares(server: float, busy: float, seconds: float) -> Figures:
    """Which shares of their cores both had, and whether the generator was the limit."""
    server_core, generator_core = server / seconds, min(1.0, busy / seconds)
    is_limit = generator_core > GENERATOR_BUSY and server_core < SERVER_BUSY
    return {"server_core": server_core, "generator_core": generator_core, "limited": is_limit}


def figures(job: Job, reading: Reading, sent: Sequence[int], begin: Moment, end: Moment) -> Figures:
    """All of it. `sent`: how many messages each sender has sent, in all."""
    told = _told(job, reading)
    verdict = judging.judge(list(told.values()), sent)
    first = next(iter(told.values()))
    received = _messages(job, reading.counts, first)
    delivered = _messages(job, end.counts, first) - _messages(job, begin.counts, first)
    seconds, server = end.time - begin.time, end.server - begin.server
    result: Figures = {
        "seconds": seconds,
        "sent": sum(sent),
        "lost": sum(sent) * job.clients - received,
        **dataclasses.asdict(verdict),
        "closed": len(reading.closed),
        "witnesses": len(told),
        "deliveries": delivered,
        "server_cpu_s": server,
        "generator_cpu_s": end.own - begin.own,
        "others_core": max(0.0, (end.machine - begin.machine - server - (end.own - begin.own)) / seconds),
        **shares(server, end.busy - begin.busy, seconds),
    }
    result["limited"] = result["limited"] and not job.shares_cores
    if not result["limited"]:
        late = [judging.latencies(told[fd], heard, begin.stamp, end.stamp) for fd, heard in reading.heard.items()]
        result |= _rates(delivered, seconds, server, end.bytes - begin.bytes) | _percentiles(numpy.concatenate(late))
    return result


def _told(job: Job, reading: Reading) -> dict[int, judging.Messages]:
    """What each witness was told. Most streams are the same bytes, and are looked at once."""
    told: dict[int, judging.Messages] = {}
    by_stream: dict[bytes, judging.Messages] = {}
    text = job.text_bytes - (len(DIALECTS["log"].before) + len(DIALECTS["log"].after) if job.file else 0)
    for fd, heard in reading.heard.items():
        stream = b"".join([data for _, data in heard])
        if stream not in by_stream:
            if not by_stream:
                judging.check_frames(stream)
            by_stream[stream] = judging.packed_messages(stream) if job.deflate else judging.messages(stream, text)
        told[fd] = by_stream[stream]
    return told


def _messages(job: Job, counts: Mapping[int, int], told: judging.Messages) -> int:
    """How many messages all together had. Of counts in bytes this is told by the stream that all have got."""
    if not job.by_bytes:
        return sum(counts.values())
    sizes = numpy.fromiter(counts.values(), numpy.int64) + PINGS
    return int(numpy.searchsorted(told.ends, sizes, side="right").sum())


def _rates(delivered: int, seconds: float, cpu: float, size: int) -> Figures:
    return {
        "deliveries_per_s": delivered / seconds,
        "deliveries_per_cpu_s": delivered / cpu if cpu else None,
        "cpu_us_per_delivery": cpu / delivered * 1e6 if delivered else None,
        "wire_bytes": size / delivered if delivered else None,
        "megabytes_per_s": size / seconds / 1e6,
    }


def _percentiles(late: judging.Numbers) -> Figures:
    """Of the latencies, in milliseconds."""
    if not len(late):
        return {"p50_ms": None, "p99_ms": None, "p999_ms": None, "max_ms": None}
    p50, p99, p999, most = numpy.percentile(late, [50, 99, 99.9, 100]) / 1000
    return {"p50_ms": float(p50), "p99_ms": float(p99), "p999_ms": float(p999), "max_ms": float(most)}
