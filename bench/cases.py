"""The table of cases: which load, which servers, which figures count, and what the targets are."""

import dataclasses
from typing import Any

CHATS = ("go", "ours", "node", "websockets", "socketio")
LOGS = ("go-logs", "websocketd", "ours-plain-log", "ours-logs-v1")
WITHOUT_STORE = "ours-no-store"
#: A peer that no target names is measured in so many runs at most.
PEER_RUNS = 3
TARGET_PEERS = ("go", "go-logs", "websocketd")


@dataclasses.dataclass(frozen=True)
class Figure:
    """A figure of the generator, and how it is shown."""

    key: str
    title: str
    unit: str = ""
    is_share: bool = False
    #: Whether more of it is better; None: it is only told.
    more: bool | None = None


RATE = Figure("deliveries_per_s", "deliveries/s", more=True)
MESSAGES = Figure("deliveries_per_s", "messages/s", more=True)
LINES = Figure("deliveries_per_s", "lines/s to all viewers", more=True)
CPU_RATE = Figure("deliveries_per_cpu_s", "a second of its processor", more=True)
COST = Figure("cpu_us_per_delivery", "processor a delivery", "µs", more=False)
P50 = Figure("p50_ms", "p50", "ms", more=False)
P99 = Figure("p99_ms", "p99", "ms", more=False)
P999 = Figure("p999_ms", "p99.9", "ms", more=False)
MOST = Figure("max_ms", "largest", "ms", more=False)
WIRE = Figure("wire_bytes", "bytes on the wire each", "B", more=False)
MEGABYTES = Figure("megabytes_per_s", "MB/s", more=True)
CONNECT = Figure("connect_s", "all connected after", "s", more=False)
CONNECT_CPU = Figure("connect_cpu_ms", "processor a handshake", "ms", more=False)
MEMORY = Figure("memory_kb", "memory each", "KB", more=False)
REST = Figure("rest_core", "of its core at rest", is_share=True, more=False)

SATURATED = (RATE, CPU_RATE, P50, P99)
STEADY = (P50, P99, P999, MOST, COST)


@dataclasses.dataclass(frozen=True)
class Case:
    """One load, and what is told of it."""

    key: str
    title: str
    job: dict[str, Any]
    servers: tuple[str, ...]
    figures: tuple[Figure, ...]
    #: Runs at most.
    runs: int = 99
    #: The case that tells what the same servers do otherwise: its first figure is what the share is of.
    base: str = ""
    #: With `--quick`: what is different; None: left out.
    quick: dict[str, Any] | None = None
    note: str = ""


@dataclasses.dataclass(frozen=True)
class Target:
    """What was aimed at: a figure of one server, itself or as a multiple of another's in the same run."""

    text: str
    case: str
    figure: str
    server: str
    #: Whose figure it is a multiple of; empty: of nobody's.
    against: str = ""
    least: float | None = None
    most: float | None = None


def _sizes() -> list[Case]:
    made = []
    for name, size in (("32 B", 32), ("512 B", 512), ("4 KB", 4096), ("32 KB", 32_768)):
        job = {"clients": 100, "window": 16, "text_bytes": size, "seconds": 2.0, "warm": 0.5, "witnesses": 1}
        title = f"Texts of {name}: 100 clients, 1 sender, 16 in flight"
        made.append(Case(f"size-{size}", title, job, CHATS, (RATE, MEGABYTES, CPU_RATE), runs=3))
    return made


def _deflate() -> list[Case]:
    made = []
    for size in (200, 1000):
        job = {"clients": 1000, "window": 64, "text_bytes": size, "sentences": True}
        title = f"Compressed once for all: 1,000 clients, 1 sender, 64 in flight, sentences of {size:,} bytes"
        note = "Beside the same server and the same sentences to clients that do not offer to be sent compressed messages."
        made.append(Case(f"deflate-{size}", title, job, ("ours", "ours-deflate"), (RATE, CPU_RATE, WIRE), note=note))
    return made


def _stall() -> list[Case]:
    made = []
    for stalled, title in ((0, "1,000 clients that all read"), (1, "The same, and a client that never reads")):
        job = {"clients": 1000, "senders": 10, "window": 16, "text_bytes": 1024, "stalled": stalled, "warm": 4.0}
        note = "Measured when it has been there for 4 s; what the others get." if stalled else ""
        base = "stall-0" if stalled else ""
        title += ": texts of 1 KB, 10 senders, 16 in flight each"
        made.append(Case(f"stall-{stalled}", title, job, CHATS, SATURATED, runs=2, base=base, note=note))
    return made


CASES = (
    Case(
        "fan-out-10",
        "Fan-out: 10 clients, 1 sender, 16 in flight",
        {"clients": 10, "window": 16},
        CHATS,
        SATURATED,
    ),
    Case(
        "fan-out-100",
        "Fan-out: 100 clients, 1 sender, 16 in flight",
        {"clients": 100, "window": 16},
        (*CHATS, WITHOUT_STORE),
        SATURATED,
        quick={},
    ),
    Case(
        "fan-out-1000",
        "Fan-out: 1,000 clients, 10 senders, 16 in flight each",
        {"clients": 1000, "senders": 10, "window": 16},
        (*CHATS, WITHOUT_STORE),
        SATURATED,
    ),
    Case(
        "fan-out-5000",
        "Fan-out: 5,000 clients, 10 senders, 16 in flight each",
        {"clients": 5000, "senders": 10, "window": 16, "warm": 2.0},
        CHATS,
        SATURATED,
    ),
    Case(
        "one-in-flight",
        "One message in flight: 100 clients, 1 sender",
        {"clients": 100, "window": 1, "witnesses": 20},
        (*CHATS, WITHOUT_STORE),
        (RATE, CPU_RATE, P50, P99, P999, MOST),
    ),
    Case(
        "rate-100",
        "Fixed rate: 100 clients, 200 messages a second",
        {"clients": 100, "senders": 10, "rate": 200, "witnesses": 100},
        CHATS,
        STEADY,
    ),
    Case(
        "rate-1000",
        "Fixed rate: 1,000 clients, 100 messages a second",
        {"clients": 1000, "senders": 10, "rate": 100, "witnesses": 1000},
        CHATS,
        STEADY,
    ),
    Case(
        "alone",
        "One client alone, 256 of its messages in flight",
        {"clients": 1, "window": 256},
        CHATS,
        (MESSAGES, CPU_RATE, P50, P99),
    ),
    Case(
        "idle",
        "5,000 clients connect at once, and stay",
        {"clients": 5000, "is_idle": True, "hold": 60.0},
        CHATS,
        (CONNECT, CONNECT_CPU, MEMORY, REST),
        quick={"clients": 100, "first": 20, "hold": 0.5},
        note="After 200 others, so that what is made once is not counted. Memory is that of the process (PSS); what the "
        "kernel holds for sockets is not in it. At rest: 60 s in the first run, with each server's heartbeat as it comes.",
    ),
    *_stall(),
    *_sizes(),
    *_deflate(),
    Case(
        "log-window",
        "Log: 10 viewers, 1,024 lines in flight",
        {"clients": 10, "window": 1024, "text_bytes": 128, "witnesses": 2},
        LOGS,
        (LINES, CPU_RATE, P50, P99),
        quick={},
    ),
    Case(
        "log-rate",
        "Log: 10 viewers, 1,000 lines a second",
        {"clients": 10, "rate": 1000, "text_bytes": 128, "witnesses": 10},
        LOGS,
        STEADY,
        note="From the append to the read of a viewer.",
    ),
)

TARGETS = (
    Target("1,000 clients, 10 senders: deliveries/s", "fan-out-1000", "deliveries_per_s", "ours", "go", least=25),
    Target("100 clients, 1 sender: deliveries/s", "fan-out-100", "deliveries_per_s", "ours", "go", least=8),
    Target("one message in flight: p50", "one-in-flight", "p50_ms", "ours", "go", most=1),
    Target("one message in flight: p99", "one-in-flight", "p99_ms", "ours", "go", most=1),
    Target("one client alone: messages/s", "alone", "deliveries_per_s", "ours", "go", least=1),
    Target("memory of an idle connection, KB", "idle", "memory_kb", "ours", "go", most=1),
    Target("5,000 clients connect: seconds", "idle", "connect_s", "ours", "go", most=1),
    Target("log, plain: lines/s", "log-window", "deliveries_per_s", "ours-plain-log", "go-logs", least=10),
    Target("log, logs.v1: lines/s", "log-window", "deliveries_per_s", "ours-logs-v1", "go-logs", least=10),
    Target("log, plain, 1,000 lines/s: p50 in ms", "log-rate", "p50_ms", "ours-plain-log", most=1),
    Target("log, plain, 1,000 lines/s: p50", "log-rate", "p50_ms", "ours-plain-log", "websocketd", most=1),
    Target("log, logs.v1, 1,000 lines/s: p50", "log-rate", "p50_ms", "ours-logs-v1", "websocketd", most=1),
    Target("compressed: bytes on the wire", "deflate-200", "wire_bytes", "ours-deflate", "ours", most=1 / 3),
    Target("compressed: deliveries/s", "deflate-200", "deliveries_per_s", "ours-deflate", "ours", least=0.7),
)

BY_KEY = {case.key: case for case in CASES}
