"""One load on the way: send, read, measure a while, wait for the rest, judge.

Time is measured where the message is: each carries the moment it was handed to the kernel, and is late by what has passed
when the read that brought its last byte returns.
"""

import gc
import time
from typing import Any

import numpy

from bench.load import judging, usage
from bench.load.connecting import Link, close, connect
from bench.load.dialects import DIALECTS
from bench.load.job import Job
from bench.load.reading import Reading
from bench.load.sending import senders
from bench.load.texts import stamp
from bench.load.ticker import Ticker

Figures = dict[str, Any]

#: After joining, before the load: servers finish what joining has started (seconds).
SETTLE = 0.3
#: How long nothing may come before the rest counts as lost, and how long the rest may take at most (seconds).
QUIET, DRAIN = 3.0, 15.0
#: The generator is the limit if it was this busy, and the server was not.
GENERATOR_BUSY, SERVER_BUSY = 0.95, 0.90
_STALLED_BUFFER = 4096


class Moment:
    """What everything stood at, at one moment."""

    def __init__(self, job: Job, reading: Reading) -> None:
        self.counts = dict(reading.counts)
        self.bytes = reading.bytes
        self.cpu = usage.cpu_seconds(job.server_pid)
        self.busy = usage.own_busy_seconds()
        self.stamp = stamp()
        self.time = time.monotonic()


def play(job: Job) -> Figures:
    """Connect, play the load, and tell its figures."""
    began = time.monotonic()
    links = connect(job, job.clients)
    figures: Figures = {"connect_s": time.monotonic() - began, "deflates": links[0].deflates}
    if job.deflate and not links[0].deflates:
        close(links)
        return figures
    stalled = connect(job, job.stalled, _STALLED_BUFFER) if job.stalled else []
    time.sleep(SETTLE)
    gc.freeze()
    gc.disable()
    load = Load(job, links)
    load.run()
    figures |= load.figures()
    close(links + stalled)
    return figures


class Load:
    """The clients of one load, and what is measured of them."""

    def __init__(self, job: Job, links: list[Link]) -> None:
        self._job = job
        self._reading = Reading(links, by_bytes=job.deflate)
        self._senders = senders(job, links, self._reading)
        for link in links[1 :: max(1, len(links) // max(1, job.witnesses))][: job.witnesses]:
            if link.fd not in self._reading.heard:
                self._reading.witness(link)
        self._ticker: Ticker | None = None
        self._turn = 0

    @property
    def sent(self) -> int:
        """Messages, by all."""
        return sum(sender.texts.made for sender in self._senders)

    def run(self) -> None:
        """The whole course: warm up, measure, wait for the rest."""
        job = self._job
        if job.rate:
            self._ticker = Ticker(job.rate)
            self._reading.poll.register(self._ticker.fd, 1)
        self._go_on(job.warm)
        self._from = Moment(job, self._reading)
        self._go_on(job.seconds)
        self._until = Moment(job, self._reading)
        self._drain()

    def _go_on(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (now := time.monotonic()) < until:
            flushed = self._send()
            self._reading.read(min(0.02 if flushed else 0.001, until - now))

    def _send(self) -> bool:
        """Say what is due; returns whether the kernel has taken everything."""
        flushed = True
        if self._ticker:
            for _ in range(self._ticker.due()):
                self._senders[self._turn % len(self._senders)].say(1)
                self._turn += 1
        for sender in self._senders:
            if not self._ticker:
                room = self._job.window - (sender.texts.made - sender.returned)
                if room > 0:
                    sender.say(room)
            flushed = sender.flush() and flushed
        return flushed

    def _drain(self) -> None:
        """Wait for what was sent and has not come yet."""
        began = last = time.monotonic()
        while not self._is_complete() and time.monotonic() < min(last + QUIET, began + DRAIN):
            for sender in self._senders:
                sender.flush()
            before = self._reading.bytes
            self._reading.read(0.02)
            if self._reading.bytes > before:
                last = time.monotonic()

    def _is_complete(self) -> bool:
        reading = self._reading
        if self._job.deflate:
            return self._senders[0].returned >= self.sent and len(set(reading.counts.values())) == 1
        return reading.total >= self.sent * len(reading.counts)

    # Afterwards.

    def figures(self) -> Figures:
        """What has come of it."""
        job, begin, end, sent = self._job, self._from, self._until, self.sent
        streams = {fd: b"".join([data for _, data in heard]) for fd, heard in self._reading.heard.items()}
        told = self._told(streams)
        verdict = judging.judge(list(told.values()), [sender.texts.made for sender in self._senders])
        delivered = self._delivered(begin, end, next(iter(told.values())))
        received = self._delivered(None, None, next(iter(told.values())))
        seconds, cpu = end.time - begin.time, end.cpu - begin.cpu
        late = [judging.latencies(told[fd], heard, begin.stamp, end.stamp) for fd, heard in self._reading.heard.items()]
        figures: Figures = {
            "seconds": seconds,
            "sent": sent,
            "lost": sent * job.clients - received,
            "missing": verdict.missing,
            "doubled": verdict.doubled,
            "orders": verdict.orders,
            "swapped": verdict.swapped,
            "closed": len(self._reading.closed),
            "witnesses": len(told),
            "deliveries": delivered,
            "server_cpu_s": cpu,
            "server_core": cpu / seconds,
            "generator_core": min(1.0, (end.busy - begin.busy) / seconds),
        }
        figures["limited"] = figures["generator_core"] > GENERATOR_BUSY and figures["server_core"] < SERVER_BUSY
        if not figures["limited"]:
            figures |= _rates(delivered, seconds, cpu, end.bytes - begin.bytes) | _percentiles(numpy.concatenate(late))
        return figures

    def _told(self, streams: dict[int, bytes]) -> dict[int, judging.Messages]:
        """What each witness was told. Most streams are the same bytes, and are looked at once."""
        told: dict[int, judging.Messages] = {}
        by_stream: dict[bytes, judging.Messages] = {}
        for fd, stream in streams.items():
            if stream not in by_stream:
                if not by_stream:
                    judging.check_frames(stream)
                if self._job.deflate:
                    by_stream[stream] = judging.packed_messages(stream)
                else:
                    by_stream[stream] = judging.messages(stream, self._text_bytes)
            told[fd] = by_stream[stream]
        return told

    @property
    def _text_bytes(self) -> int:
        """Bytes from the mark to the end of a text."""
        dialect = DIALECTS["log"]
        around = len(dialect.before) + len(dialect.after) if self._job.file else 0
        return self._job.text_bytes - around

    def _delivered(self, begin: Moment | None, end: Moment | None, told: judging.Messages) -> int:
        """Messages to all clients between two moments. Counted in bytes, they are told by the stream that all have got."""
        before = begin.counts if begin else {}
        after = end.counts if end else self._reading.counts
        if not self._job.deflate:
            return sum(after.values()) - sum(before.values())
        ends = told.ends
        reached = numpy.searchsorted(ends, list(after.values()), side="right").sum()
        return int(reached - numpy.searchsorted(ends, list(before.values()), side="right").sum())


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
