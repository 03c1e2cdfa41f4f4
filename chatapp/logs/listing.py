"""The list of files, kept fresh for everyone who looks at the log page: scanned once for all, sent when it changes."""

import gevent
from gevent.event import Event

from chatapp.logs import wire
from chatapp.logs.history import History
from chatapp.realtime.connection import Connection
from chatapp.realtime.hub import Hub
from chatapp.realtime.threads import in_thread

#: How often the folders are looked at while somebody is there (seconds).
SCAN_SECONDS = 2.0

_AUDIENCE = ("logs", "files")


class Listing:
    """What `History.files` finds, as frames for the hub; with the name of this machine, if there are several."""

    def __init__(self, history: History, hub: Hub, machine: str) -> None:
        self._history = history
        self._hub = hub
        self._machine = machine
        self._frame = b""
        self._lookers = 0
        self._scanning: Event | None = None

    def show(self, connection: Connection) -> None:
        """Send the list now, and again whenever it changes, until `hide`."""
        self._lookers += 1
        self._refresh()
        connection.write(self._frame)
        self._hub.join(_AUDIENCE, connection)

    def hide(self, connection: Connection) -> None:
        """Send it no more."""
        self._lookers -= 1
        self._hub.leave(_AUDIENCE, connection)

    def run(self) -> None:
        """Owned by the listing greenlet: look again, while anybody wants to know."""
        while True:
            gevent.sleep(SCAN_SECONDS)
            if self._lookers:
                self._refresh()

    def _refresh(self) -> None:
        """Look, and tell all who are there if something changed. Who comes meanwhile waits for the same look."""
        if self._scanning is not None:
            self._scanning.wait()
            return
        self._scanning = done = Event()
        try:
            frame = wire.files(in_thread(self._history.files), self._machine)
        finally:
            self._scanning = None
            done.set()
        if frame != self._frame:
            self._frame = frame
            # Whose outbox is full misses this one; the next change tells the whole list again.
            self._hub.deliver(_AUDIENCE, lambda: self._frame)
