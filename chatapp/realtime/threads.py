"""Where the disk or a long computation may make one wait: a thread pool, so that no other client waits for it."""

from collections.abc import Callable
from typing import TypeVar

import gevent
from gevent import monkey
from gevent.threadpool import ThreadPool

#: A lock among threads of a pool. `threading.Lock` is gevent's after its patch, made for greenlets: threads that wait for
#: one that another thread holds may sleep for ever.
ThreadLock = monkey.get_original("threading", "Lock")

Result = TypeVar("Result")


def in_thread(function: Callable[..., Result], *arguments: object, pool: ThreadPool | None = None) -> Result:
    """Run `function` in a thread (of `pool`, or of gevent's) while other greenlets go on; return or raise what it does."""
    threads = gevent.get_hub().threadpool if pool is None else pool  # an idle pool is false
    result, error = threads.apply(_catch, (function, arguments))
    if error is not None:
        try:
            raise error
        finally:
            del error  # its traceback holds this frame: all that was called with would wait for the collector
    outcome: Result = result
    return outcome


def _catch(function: Callable[..., Result], arguments: tuple[object, ...]) -> tuple[Result | None, Exception | None]:
    # The thread pool writes a traceback of whatever leaves a thread, also of what the caller expects.
    try:
        return function(*arguments), None
    except Exception as error:
        return None, error
