"""`python -m tests.proof.rolling --rounds 20`: two servers behind nginx are restarted in turn, under load, again and again.

Everybody connects through nginx, with TLS, and is cut now and then as in the proof. A server gets SIGTERM, everybody is on
the other one, the first comes back and has clients again, and so on. Nobody may be refused meanwhile, and in the end what
everybody saw is compared with the store, as in the proof.
"""

import argparse
import asyncio
import random
import secrets
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.conftest import Server
from tests.nginx import Site
from tests.proof import stored
from tests.proof.__main__ import report
from tests.proof.client import Address, Client
from tests.proof.faults import mishaps
from tests.proof.run import (
    Outcome,
    check_server_log,
    crowd,
    judge,
    make_rooms,
    rng_of,
    tasks,
    under_load,
    wait_for,
    wait_for_quiet,
)
from tests.proof.tally import Tally

SETTINGS: dict[str, Any] = {"MESSAGE_RATE": 0, "PING_SECONDS": 5}
#: So many clients a server must have (again) before the other one is restarted.
ENOUGH = 5


async def roll(folder: Path, rounds: int, seed: int) -> Outcome:
    """Run it all; each round restarts both servers."""
    began = time.monotonic()
    tally = Tally()
    with Site(folder, **SETTINGS) as site:
        nginx = Address(f"wss://127.0.0.1:{site.nginx.port}/ws", site.nginx.tls)
        await make_rooms(nginx, tally)
        source = random.Random(seed)
        writers, readers = crowd(nginx, source, tally)
        everybody: list[Client] = [*writers, *readers]
        async with tasks(*(client.run() for client in everybody), *(reader.page_back() for reader in readers)):
            await wait_for(lambda: all(client.live for client in everybody), "everybody to be there")
            trouble = [mishaps(client, rng_of(source), tally) for client in everybody]
            work = [*(writer.write() for writer in writers), *(reader.mark() for reader in readers)]
            async with tasks(*trouble, *work):
                for _ in range(rounds):
                    for server in site.servers:
                        await _restart(server, everybody, tally)
            await wait_for_quiet(writers, readers, tally)
        for server in site.servers:
            await asyncio.to_thread(server.stop)
            check_server_log(server, tally)
        logs = stored.read(site.servers[0].data_dir, tally)
    return judge(logs, writers, readers, tally, began)


async def _restart(server: Server, everybody: list[Client], tally: Tally) -> None:
    """One server goes and comes back, and those who are cut from the other one find it again."""
    loaded = under_load(tally)
    await wait_for(loaded, "load")
    tally.count("clients moved", await asyncio.to_thread(_clients, server))
    stopping = asyncio.create_task(asyncio.to_thread(server.stop))
    tally.count("milliseconds until they were back", await _away(everybody, stopping))
    loaded()
    await wait_for(loaded, "requests to be acknowledged by the server that is left")
    tally.count("restarts")
    await asyncio.to_thread(server.start)
    while await asyncio.to_thread(_clients, server) < ENOUGH:
        await asyncio.sleep(0.05)


async def _away(everybody: list[Client], stopping: "asyncio.Task[None]") -> int:
    """Milliseconds until the last was at the other server, while this one ends. One or two are always cut by a mishap."""
    began = back = time.monotonic()
    while not stopping.done():
        if sum(client.live for client in everybody) < len(everybody) - 2:
            back = time.monotonic()
        await asyncio.sleep(0.01)
    most = len(everybody) - 2
    await wait_for(lambda: sum(client.live for client in everybody) >= most, "everybody to be at the other one")
    return round(1000 * (back - began))


def _clients(server: Server) -> int:
    """The clients of this server alone, which is the first in its list."""
    number: int = server.health()["workers"][0]["clients"]
    return number


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.proof.rolling", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often both servers are restarted")
    parser.add_argument("--seed", type=int, help="repeats the schedule of an earlier run")
    arguments = parser.parse_args()
    seed = secrets.randbits(32) if arguments.seed is None else arguments.seed
    outcome = asyncio.run(roll(Path(tempfile.mkdtemp(prefix="rolling-")), arguments.rounds, seed))
    print(report(outcome, seed))
    sys.exit(0 if outcome.clean else 1)


if __name__ == "__main__":
    main()
