"""The store's log in PostgreSQL, for one process to write to: a lock for the one order, few round trips, and what became
of a commit whose answer was lost.

Used by `chat.store`. Statements of a transaction are sent without waiting for each other's answers (psycopg's pipeline),
until one is wanted; so a batch takes two round trips. While it waits, other greenlets go on; nothing waits without end
(`chat.postgres`). The tables are made by `chat.postgres_schema`; the past is read elsewhere (`chat.reader_postgres`).
"""

import contextlib
import functools
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from chatapp.chat import docs_postgres, messages
from chatapp.chat.database import DatabaseError
from chatapp.chat.here_schema import CHANNEL
from chatapp.chat.messages import Event
from chatapp.chat.postgres import Link, Server
from chatapp.chat.postgres_schema import COLUMNS, IDENTITY, prepare, sentences

#: How often it is asked what became of a commit.
ASKING_TIMES = 3
#: How long the store may take to be read when it is opened (seconds).
OPENING_SECONDS = 600.0

_STATE = "SELECT version, pos FROM state"
_LOCK = f"{_STATE} FOR UPDATE"
_COMMITTED = f"UPDATE state SET version = version + 1, pos = greatest(pos, ?) RETURNING version, pg_notify('{CHANNEL}', ?)"
# Who opens it next begins another epoch, unless somebody has done so already.
_END_EPOCH = """
    UPDATE meta SET value = '' WHERE key = 'database'
        AND EXISTS (SELECT 1 FROM meta WHERE key = 'epoch' AND value = ?) RETURNING key
"""
_VIEW = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_WRITTEN = """
    SELECT e.room, e.seq, e.type, e.time, e.id, a.person, a.name FROM events e JOIN authors a ON a.key = e.author
    WHERE e.pos = ?
"""

_log = logging.getLogger(__name__)


@functools.lru_cache(maxsize=512)
def translated(sql: str) -> str:
    """A statement of ours as psycopg wants it."""
    return sql.replace("%", "%%").replace("?", "%s")


@functools.cache
def _insert(table: str, conflict: str) -> str:
    arrays = ", ".join(f"%s::{kind}[]" for kind in COLUMNS[table])
    return f"INSERT INTO {table} SELECT * FROM unnest({arrays}) {conflict}"


class _Answer:
    """The answer to a statement that was sent; who wants it waits for all that were."""

    __slots__ = ("_cursor", "_settle")

    def __init__(self, cursor: Any, settle: Callable[[], None]) -> None:
        self._cursor = cursor
        self._settle = settle

    def fetchone(self) -> Any:
        """The next row."""
        self._settle()
        return self._cursor.fetchone()

    def fetchall(self) -> list[Any]:
        """The rows that are left."""
        self._settle()
        rows: list[Any] = self._cursor.fetchall()
        return rows


class Postgres:
    """The database of a URL (`chat.database.Database`)."""

    #: Whether it has the index for searching.
    indexes = True

    def __init__(self, server: Server, me: str = "", key_mark: str = "") -> None:
        """`me` is the name by which this worker does not take in its own hints; `key_mark` tells the server's key from
        others, if it has one."""
        self.server = server
        self._key_mark = key_mark
        self._hint = f"{me} "
        self.errors = server.errors
        self._link: Link | None = None
        self._pipeline: Any = None
        self._sync: Callable[[], None]
        self._sent = False  # whether something was sent whose answer was not waited for
        self._open = False
        self._epoch = self._identity = ""
        #: Whether the database is another than the one that was opened, or lacks what was committed.
        self.is_other = False
        # Of the transaction: the answer with its state, the state, whether it writes and has written.
        self._asked: Any = None
        self._state: tuple[int, int] | None = None
        self._writes = self._wrote = False
        # How far everything is known: the version and the newest position.
        self._seen = (-1, 0)

    def failure(self, error: BaseException) -> DatabaseError:
        """The error as the rest of the chat knows it."""
        return self.server.failure(error)

    @contextlib.contextmanager
    def opened(self) -> Iterator[str]:
        """Make or migrate the tables if need be; gives the epoch. Raises `StoreError`."""
        self._epoch = epoch = prepare(self.server, self._key_mark)
        with sentences(self.server):
            try:
                self._identity = ""
                self._open = True
                link = self._connected()
                link.be_patient(OPENING_SECONDS)  # all that is known is read
                yield epoch
                link.be_as_usual()
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        """Let go of it."""
        self._open = False
        self._drop()
        self.server.close()

    @property
    def is_open(self) -> bool:
        """Whether it was opened."""
        return self._open

    # Transactions.

    def begin(self) -> None:
        """Begin a transaction that writes. Waits for its turn with the first result."""
        self._start("BEGIN", _LOCK)
        self._writes = True

    @contextlib.contextmanager
    def view(self) -> Iterator[None]:
        """One view of the store, whatever is committed meanwhile."""
        self._start(_VIEW, _STATE)
        try:
            yield
            self._end("COMMIT")
        except BaseException:
            self.roll_back()
            raise

    def _start(self, begin: str, state: str) -> None:
        link = self._connected()
        self._writes = self._wrote = False
        self._state = None
        self._pipeline = link.pipeline()
        self._sync = self._pipeline.__enter__().sync
        link.execute(begin)
        self._asked = self._send(state)

    def _send(self, sql: str, values: Sequence[object] = ()) -> _Answer:
        assert self._link is not None
        self._sent = True
        return _Answer(self._link.execute(sql, values or None), self._settle)

    def _settle(self) -> None:
        """Wait for all that was sent.

        With the message that ends a series of them (Sync): in the midst of one PostgreSQL waits for more without end, and
        a worker that stands still there would hold the lock.
        """
        if self._sent and self._pipeline is not None:
            self._sent = False
            self._sync()

    def _end(self, how: str) -> None:
        self._send(how)
        pipeline, self._pipeline = self._pipeline, None
        pipeline.__exit__(None, None, None)

    def commit(self, events: Sequence[Event]) -> None:
        """End it. Raises `DatabaseError` with `unknown` if it can't be found out what became of it."""
        assert self._link is not None
        if not self._wrote:
            self._end("ROLLBACK")
            return
        _, pos = self._known_state()
        pos = max(pos, events[-1].pos) if events else pos
        written = self._send(translated(_COMMITTED), (pos, self._hint))
        try:
            self._end("COMMIT")
        except self.errors as error:
            failure = self.failure(error)
            if not (failure.busy and self._link.closed and events):
                raise  # refused by the database; or nothing in it that may not be done twice
            if not self._was_committed(events[-1], failure):
                raise failure from error
            self._seen = (-1, pos)
        else:
            ((version, _),) = written.fetchall()
            self._seen = (version, pos)

    def roll_back(self) -> None:
        """End it with nothing changed. After anything unexpected the connection is thrown away: that ends it too."""
        link, pipeline = self._link, self._pipeline
        self._pipeline = None
        if link is None or pipeline is None:
            return
        try:
            with contextlib.suppress(*self.errors):
                pipeline.__exit__(None, None, None)  # what was sent is answered first
            if not link.closed:
                link.execute("ROLLBACK")
        except self.errors:
            pass
        if not link.is_idle:
            self._drop()

    def _was_committed(self, last: Event, failure: DatabaseError) -> bool:
        """Whether a transaction was committed whose answer was lost, by whether the last event of it is in the log.

        Asked with the lock of the writers: whoever has it knows that the other transaction is over, one way or the other.
        (`pg_xact_status` would not do: after a crash the number of a transaction that was lost is given to another.)
        """
        self._drop()
        for _ in range(ASKING_TIMES):
            try:
                with self.server.link() as link:
                    link.execute("BEGIN")
                    try:
                        link.execute(_LOCK)
                        rows = link.ask(translated(_WRITTEN), last.pos)
                    finally:
                        if not link.closed:
                            link.execute("ROLLBACK")
                return any(_is_it(row, last) for row in rows)
            except DatabaseError as error:
                failure = error
                self.server.wait()
        raise DatabaseError(f"it is not known whether it was stored: {failure}", busy=True, unknown=True) from None

    # What was committed by others.

    def is_behind(self) -> bool:
        """Whether another process has committed something since `took_in`: one round trip."""
        ((version, pos),) = self._connected().ask(_STATE)
        self._check_position(pos)
        return bool(version != self._seen[0])

    def is_new(self) -> bool:
        """The same within a transaction."""
        return self._known_state()[0] != self._seen[0]

    def took_in(self) -> None:
        """All that this transaction sees is known."""
        self._seen = self._known_state()

    def _known_state(self) -> tuple[int, int]:
        if self._state is None:
            version, pos = self._asked.fetchone()
            self._check_position(pos)
            self._state = int(version), int(pos)
        return self._state

    def _check_position(self, pos: int) -> None:
        if pos < self._seen[1]:
            with contextlib.suppress(DatabaseError):
                self.ask(_END_EPOCH, self._epoch)
            self._is_another("it lacks what was committed")

    # Statements.

    def execute(self, sql: str, values: Sequence[object] = ()) -> Any:
        """Run a statement within the transaction; its result is waited for when it is fetched."""
        if not sql.lstrip().startswith("SELECT"):
            self._wrote = True
        return self._send(translated(sql), values)

    def ask(self, sql: str, *values: object) -> list[Any]:
        """The rows of one query, on another connection."""
        with self.server.link() as link:
            return link.ask(translated(sql), *values)

    def insert(self, table: str, rows: Sequence[Sequence[object]], conflict: str = "") -> None:
        """Add rows to a table, all in one statement."""
        if rows:
            self._wrote = True
            self._send(_insert(table, conflict), [list(column) for column in zip(*rows, strict=True)])

    # The index, in the same commit.

    def index(self, events: Iterable[tuple[Event, int]]) -> None:
        """Keep `docs` as the messages are now."""
        docs_postgres.write(self.execute, events)

    def forget_index(self, pos: int) -> None:
        """Events up to this position are no longer kept."""
        docs_postgres.forget(self.execute, pos)

    # The connection.

    def _connected(self) -> Link:
        """The connection on which is written; a new one after the old one was lost. Raises `DatabaseError`."""
        if self.is_other:
            raise DatabaseError("the database is another one than before", hopeless=True)
        if self._link is not None and not self._link.is_idle:
            self._drop()
        if self._link is None:
            link = self.server.connect()
            try:
                ((identity, epoch),) = link.ask(f"SELECT ({IDENTITY}), (SELECT value FROM meta WHERE key = 'epoch')")
            except BaseException:
                link.close()
                raise
            self._link = link
            if epoch != self._epoch or (self._identity and identity != self._identity):
                self._is_another("it was put back, or a replica has taken its place")
            self._identity = str(identity)
        return self._link

    def _drop(self) -> None:
        link, self._link, self._pipeline = self._link, None, None
        if link is not None:
            link.close()

    def _is_another(self, why: str) -> None:
        self.is_other = True
        raise DatabaseError(f"the database is another one than before: {why}", hopeless=True)


def _is_it(row: Sequence[Any], event: Event) -> bool:
    """Whether a row of `_WRITTEN` is this event, and not another that has taken its place."""
    _, seq, kind, time, event_id, person, name = row
    same_id = event_id == event.id if event_id is not None else event.id == messages.plain_id(event.pos)
    return same_id and (seq, kind, time, person, name) == (
        event.seq,
        event.type,
        event.time,
        event.user.id,
        event.user.name,
    )
