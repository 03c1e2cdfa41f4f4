"""Where the disk may make one wait: gevent's thread pool, so that no other client waits for it."""

from collections.abc import Callable
from typing import TypeVar

import gevent

Result = TypeVar("Result")


def in_thread(function: Callable[..., Result], *arguments: object) -> Result:
    """Run `function` in a thread while other greenlets go on; return or raise what it does."""
    result: Result = gevent.get_hub().threadpool.apply(function, arguments)
    return result
