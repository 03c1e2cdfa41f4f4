"""The audit log: who opened which log file, and how. Every way to a file's contents comes by here.

A page that scrolls asks many times; the same person, file and way are told once in `QUIET_SECONDS`.
"""

import logging
import time
from collections import OrderedDict

QUIET_SECONDS = 600.0
MAX_REMEMBERED = 10_000

_log = logging.getLogger("chatapp.audit")


class Audit:
    """Writes to the log `chatapp.audit`."""

    def __init__(self) -> None:
        self._told: OrderedDict[tuple[str, str, str], float] = OrderedDict()

    def opened(self, who: str, file: str, how: str, always: bool = True) -> None:
        """Somebody opened a file. With `always` false this is told only now and then."""
        key = (who, file, how)
        now = time.monotonic()
        if not always and now - self._told.get(key, -QUIET_SECONDS) < QUIET_SECONDS:
            return
        self._told[key] = now
        self._told.move_to_end(key)
        if len(self._told) > MAX_REMEMBERED:
            self._told.popitem(last=False)
        _log.info("%s opened the log file %s (%s)", who, file, how)

    def refused(self, who: str, file: str, how: str) -> None:
        """Somebody asked for what may not be shown."""
        _log.warning("%s was refused the log file %s (%s)", who, file[:1024], how)
