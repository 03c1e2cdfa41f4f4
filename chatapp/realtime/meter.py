"""The meter: looks ten times a second how late the loop wakes, and writes down once a second what this worker counts.

How late somebody is woken who wanted to be is how long everybody waits: for a greenlet that computes, for the collector, for
another process on the same core.
"""

import time
from collections.abc import Callable
from operator import attrgetter

import gevent

from chatapp.realtime import counts
from chatapp.realtime.hub import Hub
from chatapp.realtime.sheets import OwnSheet

LOOK_SECONDS = 0.1
#: So many looks lie between two writings.
LOOKS = 10

_backlog_of = attrgetter("backlog_bytes")


class Meter:
    """Keeps the sheet of this worker. `look` notes what is so at the moment and is not the engine's."""

    def __init__(self, hub: Hub, sheet: OwnSheet, look: Callable[[], None]) -> None:
        self._hub = hub
        self._look = look
        self.sheet = sheet

    def run(self) -> None:
        """Owned by the meter greenlet."""
        while True:
            for _ in range(LOOKS):
                until = time.monotonic() + LOOK_SECONDS
                gevent.sleep(LOOK_SECONDS)
                counts.DELAYS.observe(max(0.0, time.monotonic() - until))
            self.write()

    def write(self) -> None:
        """Write down how everything is now."""
        self._note()
        self.sheet.write()

    def close(self) -> None:
        """The last word of this worker."""
        self._note()
        self.sheet.close()

    def _note(self) -> None:
        hub = self._hub
        backlogs = [*filter(None, map(_backlog_of, hub.clients))]
        counts.OUTBOX_BYTES.one.value = sum(backlogs)
        counts.SLOW_CLIENTS.one.value = len(backlogs)
        counts.QUEUED_POSTS.one.value, counts.QUEUED_BYTES.one.value = hub.queued
        counts.CPU.one.value = time.process_time()
        self._look()
