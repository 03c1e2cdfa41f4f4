"""What this process counts: plain numbers, added to where things happen.

A process has one of each, as it has one log. Adding costs tens of nanoseconds, and on a fan-out is done once a batch, so
counting never shows. `realtime.sheets` keeps them where the other workers find them, `web.metrics` tells them to who asks.

A number is known outside this module by its `key`, the same in every worker: the name, and the values of its labels.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from chatapp.realtime.frames import CLOSES


class Count:
    """One number."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: float = 0


class Family:
    """A number that rises, or several, told apart by one label. The values of the label are known beforehand: what clients
    make up must not become new numbers. `is_gauge`: it is what is so at the moment, and may fall.
    """

    is_gauge = False

    def __init__(self, name: str, meaning: str, label: str = "", values: Iterable[object] = ()) -> None:
        self.name, self.meaning, self.label = name, meaning, label
        self.by: dict[object, Count] = {value: Count() for value in values or [""]}
        TABLE.append(self)

    def __getitem__(self, value: object) -> Count:
        return self.by[value]

    @property
    def one(self) -> Count:
        """The number, of those that have no label."""
        return self.by[""]

    def keys(self) -> list[str]:
        return [f"{self.name} {value}".rstrip() for value in self.by]

    def numbers(self) -> Iterator[float]:
        """The numbers, in the order of the keys."""
        return (count.value for count in self.by.values())


class Gauge(Family):
    """What is so at the moment."""

    is_gauge = True


class Histogram:
    """How often something was how much: a number for each bound, of what was at most that and more than the one before, and
    one of what was more than all; and the sum.
    """

    is_gauge = False

    def __init__(self, name: str, meaning: str, bounds: Sequence[float]) -> None:
        self.name, self.meaning, self.bounds = name, meaning, bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0
        TABLE.append(self)

    def observe(self, amount: float) -> None:
        """It was so much, once more."""
        self.counts[bisect_left(self.bounds, amount)] += 1
        self.sum += amount

    def keys(self) -> list[str]:
        return [f"{self.name} {bound:g}" for bound in self.bounds] + [f"{self.name} more", f"{self.name} sum"]

    def numbers(self) -> Iterator[float]:
        """The numbers, in the order of the keys."""
        yield from self.counts
        yield self.sum


#: All that is counted, in the order in which it is told.
TABLE: list[Family | Histogram] = []

#: Seconds, from what nobody notices to what everybody does.
_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
#: How a connection may end without a close frame (RFC 6455 section 7.1.5), and with a code that this server never sends.
VANISHED, OTHER = 1006, "other"

# Connections.
CLIENTS = Gauge("clients", "WebSockets that are open, by address.", "path", ("/ws", "/echo"))
ACCEPTED = Family("connections", "WebSockets that were opened, by address.", "path", ("/ws", "/echo"))
REFUSED = Family(
    "refused_connections",
    "Requests to open a WebSocket that were answered in HTTP, by status.",
    "status",
    (400, 401, 403, 426, 429, 503, OTHER),
)
_CODES = (*(close.code for close in CLOSES), VANISHED, OTHER)
CLOSED = Family("closes", "WebSockets that the server closed, by close code; 1006: the client vanished.", "code", _CODES)
LEFT = Family("leaves", "WebSockets that the client closed first, by close code.", "code", _CODES)
RESUMES = Family(
    "resumes",
    "Positions that clients came back with: answered whole, or refused because that can't be done.",
    "what",
    ("chat answered", "chat refused", "logs answered", "logs refused"),
)
OUTBOX_BYTES = Gauge("outbox_bytes", "What waits in the outboxes of clients that are slow.")
SLOW_CLIENTS = Gauge("slow_clients", "Clients with something in their outbox.")

# The chat.
MESSAGES = Family("messages", "Messages that were stored.")
POSTS = Family(
    "posts",
    "What clients put into rooms (messages, edits, reactions and so on), by what became of it.",
    "outcome",
    ("stored", "repeated", "refused", "not_stored"),
)
DELIVERIES = Family("deliveries", "Events of rooms that were handed to clients: one for each event and client.")
BATCHES = Histogram("batch_posts", "Posts in a batch.", (1, 2, 4, 8, 16, 32, 64, 128, 256))
QUEUED_POSTS = Gauge("queued_posts", "Posts that wait for the broadcast greenlet.")
QUEUED_BYTES = Gauge("queued_bytes", "About how many bytes these have.")
COMMITS = Histogram("store_commit_seconds", "How long the store took for a batch.", _SECONDS)
RETRIES = Family("store_retries", "Batches that found the store held by somebody else, and were tried again.")
NOT_STORING = Gauge("workers_not_storing", "Workers whose store takes nothing at the moment.")
SEARCHES = Family("searches", "Searches that were begun.", "where", ("chat", "logs"))

# The logs.
FILES_FOLLOWED = Gauge("log_files_followed", "Files that are followed, by each worker for itself.")
VIEWERS = Gauge("log_viewers", "Viewers of these files; one for each file that a client has open.")
LINES = Family("log_lines", "Lines that were written to followed files, counted once by each worker that follows.")
DROPS = Family("log_drops", "Times that a viewer was too slow and lost the oldest lines (the notice dropped).")
DROPPED_BYTES = Family("log_dropped_bytes", "How many bytes of the file these were.")
GAPS = Family("log_gaps", "Times that a viewer was told that something of a log is missing (the notice gap).")

# The process.
ANSWERS = Family(
    "http_answers",
    "HTTP answers, by the first digit of their status, and of what begins with 5 whether the server failed (500) or can't "
    "do it just now (503).",
    "status",
    ("2xx", "3xx", "4xx", "500", "503"),
)
DELAYS = Histogram("hub_delay_seconds", "How late the loop of a worker wakes who wanted to be woken.", _SECONDS)
CPU = Family("cpu_seconds", "Processor time of the workers.")
