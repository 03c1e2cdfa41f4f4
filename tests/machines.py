"""Several machines that share a database: servers with folders of their own. Whoever connects gets one of them."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from typing import Any

from websockets.sync.client import ClientConnection

from tests.conftest import Server

#: What all of them are given.
SECRET_KEY = "the same key on all the machines of the tests"


class Machines:
    """As one `Server` to who uses them, as far as that goes."""

    def __init__(self, servers: list[Server]) -> None:
        self.servers = servers
        self._turn = cycle(servers)

    def connect(self, *arguments: Any, **options: Any) -> ClientConnection:
        """A WebSocket client of one of them, of each in turn."""
        return next(self._turn).connect(*arguments, **options)

    def get(self, *arguments: Any, **options: Any) -> tuple[int, str, dict[str, str]]:
        """One HTTP request to one of them."""
        return next(self._turn).get(*arguments, **options)

    def health(self) -> dict[str, Any]:
        """What /healthz of one of them says."""
        return next(self._turn).health()

    def workers(self) -> list[int]:
        """The process numbers of all workers."""
        return [pid for server in self.servers for pid in server.workers()]

    def signal(self, number: signal.Signals) -> None:
        """To each of them."""
        for server in self.servers:
            server.signal(number)

    def said(self) -> str:
        """What all of them wrote to their stdout and stderr."""
        return "".join(server.said() for server in self.servers)


def start_machines(serve: Callable[..., Server], url: str, machines: int, workers: int, **settings: Any) -> Machines:
    """So many machines with so many workers each."""
    return Machines(
        [
            serve(workers=workers, DATABASE_URL=url, SECRET_KEY=SECRET_KEY, MACHINE=f"machine-{number}", **settings)
            for number in range(1, machines + 1)
        ]
    )


@contextmanager
def frozen(server: Server) -> Iterator[None]:
    """As if the machine of this server had vanished: nothing of it runs, and nobody tells."""
    assert server.process is not None
    processes = [server.process.pid, *server.workers()]
    for pid in processes:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in processes:
            os.kill(pid, signal.SIGCONT)
