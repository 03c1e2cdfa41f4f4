"""Connections that say nothing: how long opening them takes, what each costs in memory, and what all cost at rest.

Pings are answered, as a browser does.
"""

import select
import time
from typing import Any

from bench.load import usage, wire
from bench.load.connecting import Link, close, connect
from bench.load.dialects import DIALECTS
from bench.load.figures import shares
from bench.load.job import Job

#: After connecting, until the memory is read (seconds).
SETTLE = 1.0


def hold(job: Job) -> dict[str, Any]:
    """Open the first few, then all others at once; hold them; tell the figures of the others."""
    links = connect(job, job.first)
    _answer_pings(job, links, SETTLE)
    memory, cpu, busy = usage.memory(job.server_pid), usage.cpu_seconds(job.server_pid), usage.own_busy_seconds()
    began = time.monotonic()
    more = connect(job, job.clients)
    took = time.monotonic() - began
    used = usage.cpu_seconds(job.server_pid) - cpu
    figures: dict[str, Any] = shares(used, usage.own_busy_seconds() - busy, took)
    if not figures["limited"]:
        figures |= {"connect_s": took, "connect_cpu_ms": used / job.clients * 1000}
    links += more
    _answer_pings(job, links, SETTLE)
    figures["memory_kb"] = (usage.memory(job.server_pid) - memory) / job.clients / 1024
    if job.hold:
        cpu, began = usage.cpu_seconds(job.server_pid), time.monotonic()
        figures["pings"] = _answer_pings(job, links, job.hold)
        figures["rest_core"] = (usage.cpu_seconds(job.server_pid) - cpu) / (time.monotonic() - began)
    close(links)
    return figures


def _answer_pings(job: Job, links: list[Link], seconds: float) -> int:
    """Do so for a while; returns how many there were."""
    dialect = DIALECTS[job.dialect]
    by_fd = {link.fd: link for link in links}
    until, pings = time.monotonic() + seconds, 0
    with select.epoll() as poll:
        for link in links:
            poll.register(link.fd, select.EPOLLIN)
        while (left := until - time.monotonic()) > 0:
            for fd, _ in poll.poll(left, 512):
                pings += _answer(by_fd[fd], dialect.ping, dialect.pong)
    return pings


def _answer(link: Link, ping: bytes, pong: bytes) -> int:
    data = link.sock.recv(65_536)
    if not data:
        raise SystemExit("the server closed an idle connection")
    link.rest += data
    taken = pings = 0
    for opcode, payload, end in wire.frames(link.rest):
        taken = end
        if opcode == wire.PING:
            link.sock.sendall(wire.frame(payload, wire.PONG))
            pings += 1
        elif ping and payload == ping:
            link.sock.sendall(wire.frame(pong))
            pings += 1
    link.rest = link.rest[taken:]
    return pings
