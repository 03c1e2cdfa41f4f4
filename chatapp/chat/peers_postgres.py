"""The other workers of a server whose log is in PostgreSQL, on whatever machine (`realtime.peers`).

Each worker keeps a session of its own open. There it listens for hints (LISTEN): what is committed brings one along, and
who is typing is told by one alone. There it holds a lock, too, that PostgreSQL takes back when the session ends, so that a
worker that was killed is soon known to be gone. One whose machine is gone is known by its row (`chat.here_postgres` writes
it): it has not renewed that for a while, by the clock of the database.

When the database was away, or this worker was cut off from it, nobody is judged before all have had time to come back.
"""

import logging
import secrets
import time
from collections.abc import Iterable, Set
from typing import Any

import gevent
from gevent.event import Event

from chatapp.chat.database import DatabaseError
from chatapp.chat.here_schema import CHANNEL, HINT, LEAD_LOCK, LIFE_LOCK, make_tables
from chatapp.chat.postgres import Link, Server

#: A worker that has not renewed its row for so long is gone (seconds); each does it as often as the second tells.
GONE_SECONDS = 10.0
RENEW_SECONDS = 1.0
#: One whose session has ended is gone after so long, unless it has begun another (seconds).
ENDED_SECONDS = 1.0
#: How often a worker that does not lead tries to, and a new session is begun when one is lost (seconds).
LEAD_SECONDS = 0.5
ATTACH_SECONDS = 0.1
#: What is longer does not fit into a hint (PostgreSQL takes 8,000 bytes).
MOST_BYTES = 7_500

_RENEW = """
    WITH mine AS (SELECT set_config('synchronous_commit', 'off', true))
    UPDATE here_workers SET renewed = clock_timestamp() FROM mine WHERE worker = %s RETURNING true
"""
_LOOK = f"""
    SELECT worker, extract(epoch FROM clock_timestamp() - renewed)::float8,
        pg_try_advisory_xact_lock({LIFE_LOCK}, hashtext(worker))
    FROM here_workers WHERE worker <> %s
"""
_log = logging.getLogger(__name__)


class DatabasePeers:
    """The other workers that share this database. Opens nothing before `open`."""

    sees_all = False

    def __init__(self, server: Server) -> None:
        self._server = server
        #: The name of this worker.
        self.me = f"worker-{secrets.token_hex(6)}"
        #: Those of whom there are rows, though they are gone.
        self.gone: Set[str] = frozenset()
        #: Another number each time at which the others may have taken this worker for gone, or its rows may be lost.
        self.run = 0
        #: Whether somebody has said that there is something new in the table of who is here.
        self.hinted = True
        self._others: Set[str] = frozenset()
        # Since when the sessions of others are found ended, in seconds of the monotonic clock.
        self._ended: dict[str, float] = {}
        self._away = False
        self._judges_at = self._renewed = 0.0
        self._listener: gevent.Greenlet | None = None
        self._link: Link | None = None
        self._wants_lead = False
        self._tried = 0.0
        self._leads_on: Link | None = None
        self._complained = False
        self._said: list[bytes] = []
        self._heard = Event()
        self._outgoing: dict[bytes, None] = {}
        self._sender: gevent.Greenlet | None = None

    @property
    def others(self) -> Set[str]:
        """The names of those who live, as they were found last."""
        return self._others

    def open(self) -> None:
        """Be there for others, and find those who are. What can't be done now is done as soon as it can be."""
        if self._listener is None:
            self._attach()
            self.scan()
            self._listener = gevent.spawn(self._listen)

    def close(self) -> None:
        """Be gone."""
        for greenlet in (self._listener, self._sender):
            if greenlet is not None:
                greenlet.kill()
        self._listener = self._sender = None
        self._detach()

    # The session. All but its beginning is the listener's.

    def _attach(self) -> bool:
        """Begin a session; whether that could be."""
        link: Link | None = None
        try:
            link = self._server.connect()
            make_tables(link)
            link.add_notify_handler(lambda notify: self._take_in(notify.payload))
            link.execute(f"LISTEN {CHANNEL}")
            # Shared, as the session before may not have ended for the database; others try to have it alone.
            link.execute("SELECT pg_advisory_lock_shared(%s, hashtext(%s))", (LIFE_LOCK, self.me))
        except Exception as error:
            if link is not None:
                link.close()
            self._complain(error)
            return False
        self._link = link
        self._complained = False
        self.run += 1
        self._said.append(b"")  # what was said meanwhile was not heard
        self._heard.set()
        return True

    def _complain(self, error: Exception) -> None:
        if not self._complained:
            self._complained = True
            _log.warning("the other workers can't be heard: %s", self._server.failure(error))

    def _detach(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _listen(self) -> None:
        """Owned by a greenlet of its own: hear what is said, in one session after the other."""
        while True:
            try:
                if self._link is not None or self._attach():
                    assert self._link is not None
                    self._hear(self._link)
                else:
                    gevent.sleep(ATTACH_SECONDS)
            except Exception as error:
                self._complain(error)
                self._detach()

    def _hear(self, link: Link) -> None:
        for payload in link.heard(LEAD_SECONDS):
            self._take_in(payload)
        now = time.monotonic()
        if self._wants_lead and not self.leads and now - self._tried >= LEAD_SECONDS:
            self._tried = now
            ((leads,),) = link.ask("SELECT pg_try_advisory_lock(%s, 0)", LEAD_LOCK)
            self._leads_on = link if leads else None

    def _take_in(self, payload: str) -> None:
        who, _, what = payload.partition(" ")
        if who == self.me:
            return
        said = what.encode()
        if said == HINT:
            self.hinted = True
            said = b""
        if said or not self._said:
            self._said.append(said)
        self._heard.set()

    # Who is there.

    def scan(self) -> bool:
        """Look who is there; whether that has changed. While nobody can say, they are as they were."""
        now = time.monotonic()
        try:
            with self._server.link() as link:
                if now - self._renewed >= RENEW_SECONDS:
                    self._renew(link.ask(_RENEW, self.me), now)
                rows = link.ask(_LOOK, self.me)
        except DatabaseError:
            self._away = True
            return False
        if self._away:
            self._away = False
            self._judges_at = time.monotonic() + GONE_SECONDS
            self.run += 1  # what was read of somebody who came meanwhile was not known to be of one who lives
        return self._judge(rows)

    def _renew(self, found: list[Any], now: float) -> None:
        late = self._renewed and now - self._renewed > GONE_SECONDS / 2
        self._renewed = now
        if not found or late:
            self.run += 1

    def _judge(self, rows: Iterable[tuple[str, float, bool]]) -> bool:
        now = time.monotonic()
        before, ended = self._others, {}
        lives: set[str] = set()
        gone: set[str] = set()
        for worker, age, has_ended in rows:
            if has_ended:
                ended[worker] = self._ended.get(worker, now)
            is_gone = age > GONE_SECONDS or now - ended.get(worker, now) > ENDED_SECONDS
            (gone if is_gone else lives).add(worker)
        if now < self._judges_at:
            lives |= before  # their rows may be lost, too
            gone -= before
        self._others, self.gone, self._ended = lives, gone, ended
        return before != lives

    # Hints.

    def nudge(self, data: bytes = b"") -> None:
        """Make the others look. Never waits. That there is something new they know by its commit."""
        if not data or len(data) > MOST_BYTES or self._listener is None:
            return
        self._outgoing[data] = None
        if not self._sender:
            self._sender = gevent.spawn(self._send)

    def _send(self) -> None:
        """Owned by a greenlet that lives as long as there is something to send."""
        try:
            while self._outgoing:
                payloads = [self.payload(data) for data in self._outgoing]
                self._outgoing.clear()
                with self._server.link() as link:
                    link.execute("SELECT pg_notify(%s, payload) FROM unnest(%s::text[]) AS payload", (CHANNEL, payloads))
        except DatabaseError:
            self._outgoing.clear()  # they were only hints

    def payload(self, data: bytes) -> str:
        """A hint as it is sent, so that who sent it does not take it in."""
        return f"{self.me} {data.decode()}"

    def wait(self, seconds: float) -> list[bytes]:
        """Wait until somebody nudges, at most so long; what came."""
        self._heard.wait(seconds)
        self._heard.clear()
        said, self._said = self._said, []
        return said

    # One leads.

    @property
    def leads(self) -> bool:
        """Whether this worker leads: as long as the session lasts in which it was given the lock."""
        return self._leads_on is not None and self._leads_on is self._link

    def lead(self) -> bool:
        """Try to be the one that leads, soon."""
        self._wants_lead = True
        return self.leads
