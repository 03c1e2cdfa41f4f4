"""The app, of which each worker writes down once a second what it holds inside: a file of its own, named after its process.

What is kept for a while after its last use is kept for a shorter one here, as the day is shorter: so it comes to its end as
often as in a day, and a shift need not wait for it. Caches of what was said, which would fill for a week, are full before
half of the day is over. Served by `tests.soak.run`, read by `tests.soak.samples`.
"""

import gc
import json
import os
import sys
import time
import weakref
from pathlib import Path
from typing import Any

import gevent
from greenlet import greenlet, settrace

from chatapp.chat import opening, past, recent
from chatapp.logs import ended, feeds
from chatapp.realtime.connection import Connection
from tests.soak import COLLECT, FOLDER
from wsgi import app

#: How long a feed without viewers is kept, and a generation that has ended (seconds).
feeds.IDLE_SECONDS = 1.0
ended.HELD_SECONDS = 2.0
#: What the newest events and pieces of the past may take (bytes), and pages of the store (KiB).
recent.KEPT_BYTES_OF_ALL = past.KEPT_BYTES = 2_097_152
opening.CACHE_KIB = 4096
SAMPLE_SECONDS = 0.5


#: Greenlets of the hub's thread that have run. Not found by `gc.get_objects`: who holds a tuple that another thread is just
#: making (as that does, for a moment) makes that fail (CPython's issue 59313).
_greenlets: "weakref.WeakSet[greenlet]" = weakref.WeakSet()
#: Each object of a class holds a reference to it; so many others there are.
_REFERENCES = sys.getrefcount(Connection)


def _note(event: str, switch: tuple[greenlet, greenlet]) -> None:
    """Called by greenlet at each switch of this thread."""
    _greenlets.add(switch[1])


def inside() -> dict[str, Any]:
    """What this worker holds."""
    engine = app.extensions["chatapp"]
    return {
        "greenlets": sum(not each.dead for each in list(_greenlets)),
        "connections": sys.getrefcount(Connection) - _REFERENCES,
        "clients": len(engine.hub.clients),
        "members": sum(map(len, engine.hub._audiences.values())),
        "files_followed": engine.chat.workers.statuses[0]["files_followed"],
        "blocks": sys.getallocatedblocks(),
    }


def _tell(folder: Path) -> None:
    """Owned by a greenlet of its own."""
    path = folder / f"{os.getpid()}.json"
    spare = path.with_suffix(".new")
    while True:
        collected = (folder / COLLECT).exists()
        if collected:
            gc.collect()
        spare.write_text(json.dumps({**inside(), "collected": collected, "told": time.monotonic()}))
        os.replace(spare, path)
        gevent.sleep(SAMPLE_SECONDS)


settrace(_note)
gevent.spawn(_tell, Path(os.environ[FOLDER]))
