"""Connections to PostgreSQL: greenlets wait for them, but not without end, and one that is lost is thrown away.

Used by all that speak to PostgreSQL, and only where CHATAPP_DATABASE_URL is set; it alone imports psycopg. A `Link` is one
connection, for one greenlet at a time; a `Server` opens them and keeps some that are idle. What fails is a `DatabaseError`.

While a greenlet waits for the database, the others go on: a `Link` waits by gevent's hub itself, so it does not matter
whether psycopg was imported before or after gevent's patch, nor whether there was one. That does matter while a connection
is made: then psycopg waits by `selectors`, and others go on only if the patch came first, as it does in gunicorn's worker.
"""

import contextlib
import logging
import re
import select
import time
from collections.abc import Iterator
from typing import Any

import gevent
import psycopg
from gevent.hub import get_hub
from gevent.lock import BoundedSemaphore
from psycopg import conninfo, errors
from psycopg.pq import TransactionStatus
from psycopg.types.string import StrDumper, TextLoader

from chatapp.chat.database import DatabaseError
from chatapp.chat.postgres_hosts import Hosts

#: The answer to nothing is waited for longer, from the question to its last byte (seconds). The server gives up a statement,
#: and a transaction that is left alone, after as long: so no worker that stands still holds up the others.
CALL_SECONDS = 5.0
#: How long a server that is away is left alone after a vain attempt (seconds): at first, and at most.
REST_SECONDS = (0.1, 2.0)
AWAY_SECONDS = 2.0
#: Connections for a short while: so many at a time, and kept although nobody uses them. Who finds all in use waits for one,
#: mostly some milliseconds. Opening one takes longer, and hundreds who come back at once would take all that there are.
SHORT_LINKS = 8

# All that is asked, but for the few things that need patience, is found by an index. A plan that is made once for any value
# would guess that a third of the log comes "after this position", and read all of it.
_BY_INDEX = "SET enable_seqscan = {0}; SET enable_hashjoin = {0}; SET enable_mergejoin = {0}"
#: What a session is told first. Who has switched off that a commit waits for the disk would lose what was acknowledged.
_SESSION = f"""
    {_BY_INDEX.format("off")};
    SET statement_timeout = {int(CALL_SECONDS * 1000)};
    SET idle_in_transaction_session_timeout = {int(CALL_SECONDS * 1000)};
    SET jit = off;
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'
"""
_PARAMETERS = {
    "application_name": "chatapp",
    "client_encoding": "UTF8",
    "connect_timeout": "5",
    # A peer that has vanished without a word is noticed on idle connections too.
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": str(int(CALL_SECONDS * 1000)),
}
# By the class of the code (SQLSTATE): what ends by itself; what makes everything hopeless; what is damaged.
_BUSY = ("08", "40", "55P03", "57", "53300", "25P03")
_HOPELESS = ("25006", "28", "3D000", "3F000", "42501", "42P01", "42703", "53", "58", "XX000", "0A000")
_DAMAGED = ("XX001", "XX002")


# What is said when a connection is refused for a reason that does not end by itself, and which; libpq gives no code for it.
_REFUSED = (
    (re.compile("password authentication failed|no pg_hba|no password supplied"), "login"),
    (re.compile("FATAL: +role .* does not exist"), "login"),
    (re.compile("FATAL: .* does not exist"), "database"),
)


# When a connection is lost within a pipeline it warns of what fails after that. The loss itself is raised, and told by us.
logging.getLogger("psycopg").setLevel(logging.ERROR)

#: A statement took longer than it may.
Canceled = errors.QueryCanceled


class Stalled(psycopg.OperationalError):
    """The database has not answered in time."""


class RefusedError(DatabaseError):
    """The server does not let us in, because of the "login" or the "database"."""

    def __init__(self, text: str, because: str) -> None:
        super().__init__(text, hopeless=True)
        self.because = because


class _EscapingDumper(StrDumper):
    """PostgreSQL's text has no NUL, messages may: \\x1a begins what stands for one, or for itself."""

    def dump(self, obj: str) -> Any:
        if "\0" in obj or "\x1a" in obj:
            obj = obj.replace("\x1a", "\x1a1").replace("\0", "\x1a0")
        return super().dump(obj)


class _UnescapingLoader(TextLoader):
    def load(self, data: Any) -> str | bytes:
        text = super().load(data)
        if isinstance(text, str) and "\x1a" in text:
            return text.replace("\x1a0", "\0").replace("\x1a1", "\x1a")
        return text


class Link(psycopg.Connection[Any]):
    """One connection. Its waits are the hub's, and have a bound; after one that was cut short it is closed for good."""

    #: How long it waits for what was asked, until all of the answer is there (seconds).
    patience = CALL_SECONDS

    def wait(self, gen: Any, interval: float = 0.0, timeout: float | None = None) -> Any:  # noqa: ARG002 - psycopg's
        """Bring one of psycopg's generators to its end while other greenlets go on."""
        # For all of it: a network that lets a byte through now and then would be waited for without end. What has come by
        # then is taken, so nobody is given up because this process had other things to do.
        deadline = time.monotonic() + (self.patience if timeout is None else timeout)
        fd = self.pgconn.socket  # libpq has none any more once it has found the connection lost, which psycopg is to tell
        try:
            wanted = next(gen)
            while True:
                wanted = gen.send(self._wait_for(fd, wanted, deadline))
        except StopIteration as end:
            return end.value
        except (Stalled, GeneratorExit, gevent.GreenletExit, gevent.Timeout):
            self.pgconn.finish()  # in the middle of something: of no use any more
            with contextlib.suppress(Exception):
                gen.close()  # a pipeline tries to go on, in vain
            raise

    def _wait_for(self, fd: int, wanted: int, deadline: float) -> int:
        """Wait until the socket can be read (1) or written (2), as is wanted; which of these it is. Raises `Stalled`."""
        while not (ready := _ready(fd, wanted)):
            seconds = deadline - time.monotonic()
            if seconds <= 0:
                raise Stalled("the database does not answer")
            _wait_at_most(seconds, fd, wanted)
        return ready

    def heard(self, seconds: float) -> list[str]:
        """What was notified on the channels it listens to; waits for it, but no longer than so many seconds.

        Raises `psycopg.Error` if the connection is lost.
        """
        _wait_at_most(seconds, self.pgconn.socket, 1)
        self.pgconn.consume_input()
        payloads = []
        while (said := self.pgconn.notifies()) is not None:
            payloads.append(said.extra.decode("utf-8", "replace"))
        return payloads

    def be_patient(self, seconds: float) -> None:
        """What is to be done may take so long."""
        self.patience = seconds
        limit = int(seconds * 1000)
        self.execute(f"SET statement_timeout = {limit}; SET idle_in_transaction_session_timeout = {limit}")
        self.execute(_BY_INDEX.format("on"))

    def be_as_usual(self) -> None:
        """What is to be done may take no longer than other calls, again."""
        self.patience = CALL_SECONDS
        self.execute(_SESSION)

    def ask(self, sql: str, *values: object) -> list[Any]:
        """The rows that a query gives."""
        return self.execute(sql, values or None).fetchall()

    @property
    def is_idle(self) -> bool:
        """Whether it is open, and within no transaction."""
        return not self.closed and self.pgconn.transaction_status == TransactionStatus.IDLE


def _wait_at_most(seconds: float, fd: int, wanted: int) -> None:
    watcher = get_hub().loop.io(fd, wanted)
    try:
        with gevent.Timeout(seconds, False):
            get_hub().wait(watcher)
    finally:
        watcher.close()


def _ready(fd: int, wanted: int) -> int:
    poll = select.poll()
    poll.register(fd, (select.POLLIN if wanted & 1 else 0) | (select.POLLOUT if wanted & 2 else 0))
    ready = 0
    for _, events in poll.poll(0):
        gone = events & (select.POLLHUP | select.POLLERR | select.POLLNVAL)
        ready |= wanted if gone else 0
        ready |= (1 if events & select.POLLIN else 0) | (2 if events & select.POLLOUT else 0)
    return ready


class Server:
    """The database of a URL: opens connections to it, and leaves it alone for a while when it is away."""

    #: What connections raise; `failure` makes a `DatabaseError` of it.
    errors: tuple[type[Exception], ...] = (psycopg.Error,)

    def __init__(self, url: str) -> None:
        self._url = url
        self._hosts: Hosts | None = None
        self._idle: list[Link] = []
        self._places = BoundedSemaphore(SHORT_LINKS)
        self._rest, self._rests_until = REST_SECONDS[0], 0.0
        self._why = ""

    @property
    def is_away(self) -> bool:
        """Whether it is not tried just now, because it was away a moment ago."""
        return time.monotonic() < self._rests_until

    def wait(self) -> None:
        """Wait until it may be tried again."""
        gevent.sleep(max(REST_SECONDS[0], self._rests_until - time.monotonic()))

    def connect(self, patience: float = CALL_SECONDS) -> Link:
        """A new connection, that commits each statement by itself unless told to begin. Raises `DatabaseError`."""
        if self.is_away:
            raise DatabaseError(self._why, busy=True)
        try:
            # Who was away before gets less time: everybody waits for it.
            link = self._connect(CALL_SECONDS if self._rest == REST_SECONDS[0] else AWAY_SECONDS)
        except psycopg.Error as error:
            failure = self.failure(error)
            if failure.busy and not self.is_away:  # else somebody else who tried has seen the same
                self._rests_until = time.monotonic() + self._rest
                self._rest = min(2 * self._rest, REST_SECONDS[1])
                self._why = str(failure)
                self.forget_idle()
            raise failure from None  # its context holds the address, and the password may be in that
        self._rest = REST_SECONDS[0]
        link.patience = patience
        return link

    def _connect(self, seconds: float) -> Link:
        link: Link | None = None
        try:
            with gevent.Timeout(seconds, Stalled("the database does not answer")):
                link = Link.connect(self._parameters(), autocommit=True)
                link.adapters.register_dumper(str, _EscapingDumper)
                link.adapters.register_loader("text", _UnescapingLoader)
                link.execute(_SESSION)
                return link
        except BaseException:
            if link is not None:
                link.close()
            raise

    def _parameters(self) -> str:
        """All that libpq has to know, with the addresses of the hosts."""
        parameters = conninfo.conninfo_to_dict(self._url, **_PARAMETERS)
        if parameters.get("host") and not parameters.get("hostaddr"):
            if self._hosts is None:
                self._hosts = Hosts(str(parameters["host"]), str(parameters.get("port") or ""))
            try:
                parameters |= self._hosts.look_up()
            except OSError as error:
                raise psycopg.OperationalError(f"the address of the host can't be found: {error}") from None
        return conninfo.make_conninfo("", **parameters)

    @contextlib.contextmanager
    def link(self) -> Iterator[Link]:
        """A connection for a short while. One that fails, or is left within a transaction, is not used again.

        Raises `DatabaseError` for what goes wrong within.
        """
        if not self._places.acquire(timeout=CALL_SECONDS):
            raise DatabaseError("all connections to the database are in use", busy=True)
        try:
            # One that was idle may have been lost meanwhile; who finds that out asks for another.
            link = self._idle.pop() if self._idle else self.connect()
            try:
                yield link
            except psycopg.Error as error:
                raise self.failure(error) from error
            finally:
                if link.is_idle:
                    self._idle.append(link)
                else:
                    link.close()
        finally:
            self._places.release()

    def forget_idle(self) -> None:
        """The database was lost: so were the connections to it."""
        idle, self._idle = self._idle, []
        for link in idle:
            link.close()

    close = forget_idle

    def failure(self, error: BaseException) -> DatabaseError:
        """What psycopg says, as the one error that the chat knows; without the address, which has the password in it."""
        if isinstance(error, DatabaseError):
            return error
        code = getattr(error, "sqlstate", None) or ""
        said = " ".join(str(error).split()) or type(error).__name__
        text = self.without_password(said)  # for people; a password may be any of the words by which it is judged
        if not code:
            # Without a code it is the connection: refused, cut, stalled. (A wrong use of psycopg is no OperationalError.)
            if not isinstance(error, errors.OperationalError):
                return DatabaseError(text)
            because = next((because for pattern, because in _REFUSED if pattern.search(said)), "")
            return RefusedError(text, because) if because else DatabaseError(text, busy=True)
        busy = code.startswith(_BUSY)
        damaged = code.startswith(_DAMAGED)
        return DatabaseError(text, busy=busy, damaged=damaged, hopeless=not busy and code.startswith(_HOPELESS))

    def without_password(self, text: str) -> str:
        """The text with the password blacked out, should it be in it."""
        with contextlib.suppress(psycopg.Error):
            password = conninfo.conninfo_to_dict(self._url).get("password")
            if password:
                text = text.replace(str(password), "****")
        return re.sub(r"(?<=://)([^\s:/@]*):[^\s@]*@", r"\1:****@", text)

    @property
    def name(self) -> str:
        """What it is called in sentences: without user and password."""
        try:
            parts = conninfo.conninfo_to_dict(self._url)
        except psycopg.Error:
            return "the database"
        where = f"{parts['host']}:{parts.get('port') or 5432}" if parts.get("host") else "this computer"
        return f"the database {parts.get('dbname') or parts.get('user') or ''} on {where}"
