"""`python -m tests.proof.machines --kills 50`: two servers with two workers each, and one PostgreSQL for both.

As in the proof, with more that goes wrong: a worker, a whole server, or the database is killed, the database is restarted,
and the network between the servers and the database stalls or is cut. Who is not let in by one server goes to the other.
"""

import argparse
import asyncio
import os
import random
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from chatapp.chat import archive_postgres
from tests.between import Between
from tests.conftest import Server, free_port
from tests.machines import SECRET_KEY
from tests.postgres_server import PostgresServer
from tests.proof import stored
from tests.proof.__main__ import report
from tests.proof.client import Address
from tests.proof.run import Outcome, check_server_log, judge, trial, under_load, wait_for
from tests.proof.tally import Tally

SERVERS, WORKERS = 2, 2
#: What happens, and how often.
FAULTS = {"worker": 40, "server": 15, "database": 15, "restart": 5, "stall": 10, "cut": 10, "reload": 5}
#: A fault comes at most so long after there was load again; a killed database is away so long at most (seconds).
MOST_PEACE = 2.5
MOST_AWAY = 3.0
#: How long the network stalls (seconds): sometimes longer than a server waits for the database.
STALL_SECONDS = (0.2, 8.0)


class Faults:
    """Does what `FAULTS` says, until so much was killed. Threads wait for the processes."""

    def __init__(
        self, servers: list[Server], database: PostgresServer, between: Between, rng: random.Random, tally: Tally
    ) -> None:
        self._servers = servers
        self._database = database
        self._between = between
        self._rng = rng
        self._tally = tally

    async def run(self, kills: int) -> None:
        """One fault after the other, each at a random moment under load."""
        faults: dict[str, Callable[[], Awaitable[None]]] = {
            "worker": self._kill_worker,
            "server": self._kill_server,
            "database": self._kill_database,
            "restart": self._restart_database,
            "stall": self._stall,
            "cut": self._cut,
            "reload": self._reload,
        }
        loaded = under_load(self._tally)
        while self._tally.counts["kills"] < kills:
            kind = self._rng.choices(list(FAULTS), list(FAULTS.values()))[0]
            peace = self._rng.uniform(0, MOST_PEACE)
            await wait_for(loaded, "requests to be acknowledged again", 60)
            await asyncio.sleep(peace)
            await faults[kind]()

    def _killed(self, what: str) -> None:
        self._tally.count("kills")
        self._tally.count(f"kills of {what}")

    def _server(self) -> Server:
        return self._servers[int(self._rng.random() * len(self._servers))]

    async def _kill_worker(self) -> None:
        workers = self._server().workers()
        chosen = self._rng.random()
        if workers:
            os.kill(workers[int(chosen * len(workers))], signal.SIGKILL)
            self._killed("a worker")

    async def _kill_server(self) -> None:
        """SIGKILL to a master and its workers."""
        server = self._server()
        server.signal(signal.SIGSTOP)
        await asyncio.to_thread(server.kill)
        self._killed("a server")
        await asyncio.to_thread(server.start)

    async def _kill_database(self) -> None:
        """SIGKILL to all its processes."""
        await asyncio.to_thread(self._database.kill)
        self._killed("the database")
        await asyncio.sleep(self._rng.uniform(0, MOST_AWAY))
        await asyncio.to_thread(self._database.start)

    async def _restart_database(self) -> None:
        self._tally.count("restarts of the database")
        await asyncio.to_thread(self._database.stop)
        await asyncio.to_thread(self._database.start)

    async def _stall(self) -> None:
        self._tally.count("stalls of the network")
        self._between.stall()
        await asyncio.sleep(self._rng.uniform(*STALL_SECONDS))
        self._between.go_on()

    async def _cut(self) -> None:
        self._tally.count("cuts of the network")
        self._between.cut()

    async def _reload(self) -> None:
        self._tally.count("reloads")
        self._server().signal(signal.SIGHUP)


async def prove(folder: Path, kills: int, seed: int, progress: Callable[[str], None] = print) -> Outcome:
    """Run it all; everything is kept in `folder`."""
    began = time.monotonic()
    tally = Tally()
    # Not below `folder`, into which only its owner may look: the database is not run as root.
    place = tempfile.TemporaryDirectory(prefix="chatapp-postgres-", ignore_cleanup_errors=True)
    database = PostgresServer(Path(place.name), free_port())
    await asyncio.to_thread(database.make)
    between = Between(database.port)
    servers: list[Server] = []
    try:
        url = database.create()
        settings: dict[str, Any] = {
            "MESSAGE_RATE": 0,
            "PING_SECONDS": 5,
            "DATABASE_URL": url.replace(f":{database.port}/", f":{between.port}/"),
            "SECRET_KEY": SECRET_KEY,
        }
        for number in range(SERVERS):
            servers.append(Server(folder / f"server-{number}", settings, options=("--workers", str(WORKERS))))
            await asyncio.to_thread(servers[-1].start)

        async def faults(rng: random.Random) -> None:
            await Faults(servers, database, between, rng, tally).run(kills)

        one, *others = (Address.of(server.port).url for server in servers)
        address = Address(one, others=tuple(others))
        writers, readers = await trial(address, random.Random(seed), tally, faults, kills, progress, store_fails=True)
        for server in servers:
            await asyncio.to_thread(server.kill)
            check_server_log(server, tally)
        logs = stored.read_postgres(url, tally)
        tally.all_wrong("chat check", archive_postgres.check(url).problems)
    finally:
        for server in servers:
            server.kill()
        between.close()
        database.kill()
        place.cleanup()
    return judge(logs, writers, readers, tally, began)


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.proof.machines", description=__doc__)
    parser.add_argument("--kills", type=int, default=10, help="how often something is killed")
    parser.add_argument("--seed", type=int, help="repeats the schedule of an earlier run")
    arguments = parser.parse_args()
    seed = secrets.randbits(32) if arguments.seed is None else arguments.seed
    folder = Path(tempfile.mkdtemp(prefix="machines-"))
    outcome = asyncio.run(prove(folder, arguments.kills, seed, lambda line: print(line, flush=True)))
    print(report(outcome, seed))
    print(f"kept: {folder}" if not outcome.clean else "")
    sys.exit(0 if outcome.clean else 1)


if __name__ == "__main__":
    main()
