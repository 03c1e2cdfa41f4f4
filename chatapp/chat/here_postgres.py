"""The table of who is here (`chat.here`) in PostgreSQL, for workers on several machines.

What is asked together costs few round trips, however many people it is about. Giving a name waits for the disk as any commit
does; where people are does not: after a crash of the database, each worker writes all of it again (`chat.peers_postgres`
counts these times). So nobody loses a name by it.
"""

import contextlib
import json
import time
from collections.abc import Callable, Iterable, Iterator

import gevent

from chatapp.chat.database import DatabaseError
from chatapp.chat.here import Changes, HereError, Person, Status
from chatapp.chat.here_schema import CHANNEL, HINT
from chatapp.chat.messages import User, fold
from chatapp.chat.peers_postgres import DatabasePeers
from chatapp.chat.postgres import Link, Server
from chatapp.realtime.peers import NEW

#: How often it is looked whether there is something new although nobody has said so (seconds).
LOOK_SECONDS = 0.5
#: Who leaves does not wait longer for the database (seconds).
LEAVE_SECONDS = 1.0

_NEXT = "UPDATE here_state SET version = version + 1 RETURNING version"
_STATE = "SELECT version, swept FROM here_state"
_NOW = "(SELECT version FROM here_state)"
_NOTIFY = "SELECT pg_notify(%s, %s)"
# Who has these names, as far as they are somewhere: in workers other than those.
_HOLDERS = """
    SELECT folded, person FROM here_names n WHERE folded = ANY(%s)
        AND EXISTS (SELECT FROM here_places p WHERE p.person = n.person AND rooms IS NOT NULL AND worker <> ALL(%s))
"""
_FREE = "DELETE FROM here_names WHERE person = ANY(%s) OR folded = ANY(%s)"
_NAMES = f"""
    INSERT INTO here_names SELECT *, {_NOW} FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
    ON CONFLICT DO NOTHING
"""
_KEEP = f"""
    INSERT INTO here_places SELECT %s, person, '[]', {_NOW} FROM unnest(%s::text[]) AS person
    ON CONFLICT (worker, person) DO UPDATE SET rooms = coalesce(here_places.rooms, '[]'), version = excluded.version
"""
_WORKER = f"""
    INSERT INTO here_workers VALUES (%s, %s, clock_timestamp(), {_NOW})
    ON CONFLICT (worker) DO UPDATE SET status = excluded.status, renewed = excluded.renewed, version = excluded.version
"""
_NOBODY = f"""
    UPDATE here_places SET rooms = NULL, version = {_NOW} WHERE worker = %s AND rooms IS NOT NULL AND person <> ALL(%s)
"""
_PLACES = f"""
    INSERT INTO here_places SELECT %s, person, rooms, {_NOW} FROM unnest(%s::text[], %s::text[]) AS t (person, rooms)
    ON CONFLICT (worker, person) DO UPDATE SET rooms = excluded.rooms, version = excluded.version
"""
# Of those who left, and of workers that have written nothing more and are no longer there.
_SWEEP = """
    DELETE FROM here_places p WHERE version <= %s
        AND (rooms IS NULL OR NOT EXISTS (SELECT FROM here_workers w WHERE w.worker = p.worker))
"""
_FORGET = """
    DELETE FROM here_names n WHERE version <= %s AND NOT EXISTS (SELECT FROM here_places p WHERE p.person = n.person)
"""


class HereTables:
    """The table, as one of the `peers` sees it. Raises `HereError`."""

    def __init__(self, server: Server, peers: DatabasePeers) -> None:
        self._server = server
        self._peers = peers
        self._me = peers.me
        self._run = -1
        self._seen = self._swept = 0
        self._looked = 0.0

    @property
    def run(self) -> int:
        """See `chat.here`."""
        return self._peers.run

    def close(self) -> None:
        """Be gone, at once for all others."""
        if not self._server.is_away:
            with gevent.Timeout(LEAVE_SECONDS, False), contextlib.suppress(HereError):
                self._remove(self._me)

    # Writing.

    def claim(self, asked: Iterable[tuple[User, str]], others: Iterable[str]) -> list[bool]:  # noqa: ARG002
        """See `chat.here`. Of a worker that has written nothing nobody knows, so nobody is waited for."""
        wanted = list(asked)
        with self._link() as link:
            with link.pipeline():
                link.execute("BEGIN")
                link.execute(_NEXT)
                names = [fold(user.name) for user, _ in wanted]
                found = link.execute(_HOLDERS, (names, list(self._peers.gone))).fetchall()
            given, now = _give(wanted, dict(found))
            with link.pipeline():
                self._name(link, now)
                link.execute("COMMIT")
        return given

    def _name(self, link: Link, people: list[tuple[User, str]]) -> None:
        if people:
            ids = [user.id for user, _ in people]
            link.execute(_FREE, (ids, [fold(user.name) for user, _ in people]))
            link.execute(_NAMES, _columns(people))
            link.execute(_KEEP, (self._me, ids))

    def write(self, status: Status, people: Iterable[tuple[str, Person]], whole: bool) -> None:
        """See `chat.here`."""
        places = {person: place.rooms for person, place in people}
        listed = [None if rooms is None else json.dumps(list(rooms)) for rooms in places.values()]
        unnamed = [(place.user, place.email) for _, place in people if place.user is not None]
        with self._transaction() as link:
            link.execute(_WORKER, (self._me, json.dumps(status)))
            if unnamed:
                link.execute(_NAMES, _columns(unnamed))
            if whole:
                link.execute(_NOBODY, (self._me, list(places)))
            if places:
                link.execute(_PLACES, (self._me, list(places), listed))
            link.execute(_NOTIFY, (CHANNEL, self._peers.payload(HINT)))

    def sweep(self) -> None:
        """See `chat.here`."""
        with self._link() as link:
            ((version,),) = link.ask(_NEXT)
            with link.pipeline():
                for table in ("here_places", "here_workers"):
                    link.execute(f"DELETE FROM {table} WHERE worker = ANY(%s)", (list(self._peers.gone),))
                link.execute(_SWEEP, (self._swept,))
                link.execute(_FORGET, (self._swept,))
                link.execute("UPDATE here_state SET swept = greatest(swept, %s)", (self._swept,))
        self._swept = version

    def leave(self, nobody_else: Callable[[], bool]) -> bool:
        """See `chat.here`."""
        if not nobody_else():
            return False
        self._remove(self._me)
        return True

    def _remove(self, worker: str) -> None:
        with self._transaction() as link:
            for table in ("here_places", "here_workers"):
                link.execute(f"DELETE FROM {table} WHERE worker = %s", (worker,))
            link.execute(_NOTIFY, (CHANNEL, self._peers.payload(NEW)))

    # Following.

    def changes(self) -> Changes | None:
        """See `chat.here`. Asks if somebody has said that there is something new, and now and then."""
        now = time.monotonic()
        if self._run != self._peers.run:
            self._run = self._peers.run
            self._seen = 0
            self._looked = 0.0
        if not self._peers.hinted and now - self._looked < LOOK_SECONDS:
            return None
        self._peers.hinted = False  # before it is looked: what is said meanwhile is new
        with self._link() as link:
            ((version, swept),) = link.ask(_STATE)
            found = self._since(link, self._seen if self._seen >= swept else 0) if version > self._seen else None
        self._looked = now
        return found

    def _since(self, link: Link, since: int) -> Changes:
        with link.pipeline():  # one view
            link.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            state = link.execute(_STATE)
            workers = link.execute("SELECT worker, status FROM here_workers WHERE version > %s", (since,))
            names = link.execute("SELECT person, name, avatar, email FROM here_names WHERE version > %s", (since,))
            places = link.execute(
                "SELECT worker, person, rooms FROM here_places WHERE version > %s AND worker <> %s ORDER BY version",
                (since, self._me),
            )
            link.execute("COMMIT")
        ((version, swept),) = state.fetchall()
        if 0 < since < swept:
            return self._since(link, 0)  # it was swept just now
        self._seen = version
        return Changes(
            not since,
            {worker: json.loads(status) for worker, status in workers},
            [(User(person, name, avatar), email) for person, name, avatar, email in names],
            [(worker, person, None if rooms is None else json.loads(rooms)) for worker, person, rooms in places],
        )

    # The database.

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[Link]:
        """A transaction of a new version that does not wait for the disk, in one round trip: nothing of it can be asked."""
        with self._link() as link, link.pipeline():
            link.execute("BEGIN")
            link.execute("SET LOCAL synchronous_commit = off")
            link.execute(_NEXT)
            yield link
            link.execute("COMMIT")

    @contextlib.contextmanager
    def _link(self) -> Iterator[Link]:
        try:
            with self._server.link() as link:
                yield link
        except DatabaseError as error:
            self._looked = 0.0  # that it can be used again must be seen
            raise HereError(str(error)) from error


def _give(asked: list[tuple[User, str]], holders: dict[str, str]) -> tuple[list[bool], list[tuple[User, str]]]:
    """Give names, one after the other, that nobody else has: whether each was given, and who is called how then.

    `holders`: who has a name.
    """
    given = []
    named: dict[str, tuple[User, str]] = {}
    for user, email in asked:
        free = holders.get(fold(user.name), user.id) == user.id
        given.append(free)
        if free:
            holders = {name: person for name, person in holders.items() if person != user.id}
            holders[fold(user.name)] = user.id
            named[user.id] = (user, email)
    return given, list(named.values())


def _columns(people: list[tuple[User, str]]) -> tuple[list[str], ...]:
    rows = [(user.id, fold(user.name), user.name, user.avatar, email) for user, email in people]
    return tuple(map(list, zip(*rows, strict=True)))
