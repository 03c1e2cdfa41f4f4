"""How much the generator can take at most, so that it is known which figures say something of a server.

    python -m bench.load.most

A process on the server's core sends prepared frames with `sendall`, as fast as the kernel takes them; no server does less.
The generator counts them on its own core. Prints one JSON list; `bench.report` quotes it.
"""

import gc
import json
import multiprocessing
import os
import socket
import time
from typing import Any

from bench.load import usage
from bench.load.connecting import close, connect
from bench.load.figures import GENERATOR_BUSY
from bench.load.job import Job
from bench.load.reading import Reading
from bench.load.texts import HEAD, MARK
from bench.serving import SERVER_CORE, take_load_core

#: How many clients, and how many messages come to each in one piece: as of a server without batches, and with them.
SHAPES = ((100, 1), (100, 16), (1000, 160))
_MESSAGE = (
    b'{"email":"bench@example.com","username":"bench","message":"' + MARK + b"0" * (HEAD - len(MARK)) + b"x" * 35 + b'"}'
)
_FRAME = b"\x81\x7e" + len(_MESSAGE).to_bytes(2, "big") + _MESSAGE
_ANSWER = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
_WARM, _SECONDS = 0.5, 2.0


def _send(listener: socket.socket, clients: int, messages: int) -> None:
    """The other process: let everybody in, then send for ever."""
    os.sched_setaffinity(0, {SERVER_CORE})
    data = _FRAME * messages
    socks = []
    for _ in range(clients):
        sock, _ = listener.accept()
        sock.recv(4096)
        sock.sendall(_ANSWER)
        socks.append(sock)
    try:
        while True:
            for sock in socks:
                sock.sendall(data)
    except OSError:  # they left
        return


def measure(clients: int, messages: int) -> dict[str, Any]:
    """Deliveries a second, in pieces of so many messages for so many clients."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=clients)
    sender = multiprocessing.get_context("fork").Process(target=_send, args=(listener, clients, messages), daemon=True)
    sender.start()
    job = Job(listener.getsockname()[1], "chat", sender.pid or 0, clients, backlog=clients)
    links = connect(job, clients)
    reading = Reading(links, job.by_bytes)
    gc.disable()
    _read(reading, _WARM)
    before, busy, began = reading.bytes, usage.own_busy_seconds(), time.monotonic()
    _read(reading, _SECONDS)
    seconds = time.monotonic() - began
    share = min(1.0, (usage.own_busy_seconds() - busy) / seconds)
    counted = (reading.bytes - before) / len(_FRAME)
    close(links)
    sender.kill()
    sender.join()
    listener.close()
    return {
        "clients": clients,
        "messages": messages,
        "deliveries_per_s": counted / seconds,
        "generator_core": share,
        "is_most": share > GENERATOR_BUSY,
    }


def _read(reading: Reading, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        reading.read(0.02)


def main() -> None:
    """Measure all shapes."""
    take_load_core()
    print(json.dumps([measure(*shape) for shape in SHAPES]))


if __name__ == "__main__":
    main()
