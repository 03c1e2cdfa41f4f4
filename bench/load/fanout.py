"""One load on the way: connect, send, read, measure a while, wait for the rest. What has come of it, `figures.py` tells."""

import gc
import select
import time
from typing import Any

from bench.load import usage
from bench.load.connecting import Link, close, connect
from bench.load.figures import PINGS, Moment, figures
from bench.load.job import Job
from bench.load.reading import Reading
from bench.load.sending import Sender, senders
from bench.load.texts import stamp
from bench.load.ticker import Ticker

#: After joining, before the load: servers finish what joining has started (seconds).
SETTLE = 0.3
#: How long nothing may come before the rest counts as lost, and how long the rest may take at most (seconds).
QUIET, DRAIN = 3.0, 60.0


def play(job: Job) -> dict[str, Any]:
    """Connect, play the load, and tell its figures."""
    began = time.monotonic()
    links = connect(job, job.clients)
    told: dict[str, Any] = {"connect_s": time.monotonic() - began, "deflates": links[0].deflates}
    if job.deflate and not links[0].deflates:
        close(links)
        return told
    stalled = connect(job, job.stalled, are_far=True) if job.stalled else []
    time.sleep(SETTLE)
    gc.freeze()
    gc.disable()
    load = Load(job, links)
    begin, end = load.run()
    told |= figures(job, load.reading, [sender.texts.made for sender in load.senders], begin, end)
    close(links + stalled)
    return told


class Load:
    """The clients of one load: those who say something, and all who read."""

    def __init__(self, job: Job, links: list[Link]) -> None:
        self._job = job
        self.reading = Reading(links, job.by_bytes)
        self.senders: list[Sender] = senders(job, links, self.reading)
        for link in links[1 :: max(1, len(links) // max(1, job.witnesses))][: job.witnesses]:
            if link.fd not in self.reading.heard:
                self.reading.witness(link)
        self._ticker: Ticker | None = None
        self._turn = 0

    def run(self) -> tuple[Moment, Moment]:
        """The whole course: warm up, measure, wait for the rest. Returns where the measured time began and ended."""
        if self._job.rate:
            self._ticker = Ticker(self._job.rate)
            self.reading.poll.register(self._ticker.fd, select.EPOLLIN)
        self._go_on(self._job.warm)
        begin = self._now()
        self._go_on(self._job.seconds)
        end = self._now()
        self._drain()
        return begin, end

    def _now(self) -> Moment:
        counts, size = dict(self.reading.counts), self.reading.bytes
        server, own = usage.cpu_seconds(self._job.server_pid), time.process_time()
        return Moment(
            counts, size, server, own, usage.own_busy_seconds(), usage.machine_seconds(), stamp(), time.monotonic()
        )

    def _go_on(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (now := time.monotonic()) < until:
            flushed = self._send()
            self.reading.read(min(0.02 if flushed else 0.001, until - now))

    def _send(self) -> bool:
        """Say what is due; returns whether the kernel has taken everything."""
        flushed = True
        if self._ticker:
            for _ in range(self._ticker.due()):
                self.senders[self._turn % len(self.senders)].say(1)
                self._turn += 1
        for sender in self.senders:
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
            for sender in self.senders:
                sender.flush()
            before = self.reading.bytes
            self.reading.read(0.02)
            if self.reading.bytes > before:
                last = time.monotonic()

    def _is_complete(self) -> bool:
        counts = self.reading.counts
        if self._job.by_bytes:
            returned = all(sender.returned >= sender.texts.made for sender in self.senders)
            return returned and max(counts.values()) - min(counts.values()) <= PINGS
        return self.reading.total >= sum(sender.texts.made for sender in self.senders) * len(counts)
