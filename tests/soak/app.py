"""The app, of which each worker writes down once a second what it holds inside: a file of its own, named after its process.

What is kept for a while after its last use is kept for a shorter one here, as the day is shorter: so it comes to its end as
often as in a day, and a shift need not wait for it. Served by `tests.soak.run`, read by `tests.soak.samples`.
"""

import gc
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import gevent
import gevent.threadpool
from greenlet import greenlet

from chatapp.logs import ended, feeds
from chatapp.realtime.connection import Connection
from tests.soak import COLLECT, FOLDER
from wsgi import app

#: How long a feed without viewers is kept, and a generation that has ended (seconds).
feeds.IDLE_SECONDS = 1.0
ended.HELD_SECONDS = 2.0
SAMPLE_SECONDS = 0.5


def inside() -> dict[str, Any]:
    """What this worker holds. Greenlets are those of the hub's thread: the others are no more than there are threads."""
    engine = app.extensions["chatapp"]
    greenlets = connections = 0
    for thing in gc.get_objects():
        if isinstance(thing, greenlet):
            greenlets += not (thing.dead or thing.parent is None or isinstance(thing, gevent.threadpool._WorkerGreenlet))
        elif type(thing) is Connection:
            connections += 1
    return {
        "greenlets": greenlets,
        "connections": connections,
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


gevent.spawn(_tell, Path(os.environ[FOLDER]))
