"""What the store needs besides writing: looking for what other processes wrote, copying its log, retention.

Of several workers one copies and removes, the one that leads. All but the copying (`chat.wal`) is done on the hub, in small
steps.
"""

import logging
import time
from collections.abc import Callable

import gevent

from chatapp.chat.outcomes import NotStored
from chatapp.chat.rooms import Rooms
from chatapp.chat.store import Store
from chatapp.chat.wal import WalCopier
from chatapp.realtime.hub import Hub

#: How often the log is looked at for what another process has committed (seconds).
LOOK_SECONDS = 0.5
#: How often it is written how far people have read, when nothing else is committed (seconds).
FLUSH_SECONDS = 5.0
#: How often the addresses are removed that all workers have read since the time before (seconds).
FORGET_SECONDS = 60.0
#: How often what is too old is removed, and the rest after each step of it (seconds).
PRUNE_SECONDS = 600.0
REST_SECONDS = 0.05

_log = logging.getLogger(__name__)


class Upkeep:
    """Looks after one store.

    `history_days` is how long events are kept, 0: for ever; `lead` tries to be the worker that leads; `copier` copies
    SQLite's log, if that is where the store is; `give_up` ends this process, in order, if the store is another one.
    """

    def __init__(
        self,
        store: Store,
        rooms: Rooms,
        hub: Hub,
        history_days: float,
        lead: Callable[[], bool],
        copier: WalCopier | None,
        give_up: Callable[[], None],
    ) -> None:
        self._store = store
        self._rooms = rooms
        self._hub = hub
        self._keep_seconds = history_days * 86_400
        self._lead = lead
        self._copier = copier
        self._give_up = give_up

    def run(self) -> None:
        """Owned by the upkeep greenlet."""
        flushed = pruned = forgot = 0.0
        position = 0
        while True:
            now = time.monotonic()
            self._rooms.look()
            if self._store.database.is_other:
                _log.error("the database is another one than before, or lacks what was stored: this worker begins anew")
                self._give_up()
            leads = self._lead()
            try:
                self._rooms.try_again()
                if now - flushed >= FLUSH_SECONDS:
                    flushed = now
                    self._rooms.flush()
                if leads and now - forgot >= FORGET_SECONDS:
                    forgot = now
                    self._store.forget_addresses(position)
                    position = self._store.position
                due = not pruned or now - pruned >= min(PRUNE_SECONDS, self._keep_seconds / 4)
                if leads and self._keep_seconds and due:
                    pruned = now
                    self._prune()
            except NotStored as error:
                if not error.busy:
                    _log.warning("the store can't be written: %s", error)
            self._rooms.deliver()
            if leads and self._copier is not None:
                erased, self._rooms.erased = self._rooms.erased, False
                left = self._copier.copy(erased)
                self._rooms.erased = self._rooms.erased or left
            gevent.sleep(LOOK_SECONDS)

    def _prune(self) -> None:
        before = int((time.time() - self._keep_seconds) * 1000)
        removed = False
        while floors := self._store.prune(before):
            removed = True
            self._rooms.pruned(floors)
            self._rooms.deliver()
            gevent.sleep(REST_SECONDS)
        if removed:
            _log.info("what was older than CHATAPP_HISTORY_DAYS is removed")
            self._rooms.erased = True
