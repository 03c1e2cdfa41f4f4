"""Connections to PostgreSQL: other greenlets go on while one waits, nothing waits without end, and no password gets out."""

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import gevent
import pytest
from gevent.event import Event

from chatapp.chat.database import DatabaseError
from chatapp.chat.postgres import SHORT_LINKS, Server
from chatapp.chat.postgres_hosts import Hosts
from tests.between import Between
from tests.conftest import PATIENCE, TOP, wait_until
from tests.postgres_server import PASSWORD, USER, PostgresServer

#: Counts the turns of the hub while a query takes half a second.
_TURNS = """
import sys, gevent
if "patched" in sys.argv:
    from gevent import monkey
    monkey.patch_all()
from chatapp.chat.postgres import Server
link = Server(sys.argv[1]).connect()
turns = 0
def count():
    global turns
    while True:
        gevent.sleep(0.005)
        turns += 1
gevent.spawn(count)
link.execute("SELECT pg_sleep(0.5)")
print(turns)
"""


@pytest.fixture
def server_of() -> Iterator[Callable[[str], Server]]:
    """Servers by their URLs, closed at the end."""
    made: list[Server] = []

    def make(url: str) -> Server:
        made.append(Server(url))
        return made[-1]

    yield make
    for server in made:
        server.close()


@pytest.mark.parametrize("patched", ["patched", "not patched", "patched after psycopg was imported"])
def test_other_greenlets_go_on_while_one_waits_for_the_database(postgres: str, patched: str) -> None:
    code = _TURNS
    if "after" in patched:
        code = "import psycopg\nfrom gevent import monkey\nmonkey.patch_all()\n" + code
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, postgres, patched], capture_output=True, text=True, check=True, cwd=TOP
    )
    # A hundred would fit; a hub that is held up has none.
    assert int(done.stdout) >= 20


def test_a_text_comes_back_as_it_was(postgres: str, server_of: Callable[[str], Server]) -> None:
    text = "a\0b\x1ac\x1a0\x1a1\0\\ 'é 中 😀"
    with contextlib.closing(server_of(postgres).connect()) as link:
        link.execute("CREATE TABLE t (text TEXT)")
        link.execute("INSERT INTO t VALUES (%s)", (text,))
        assert link.ask("SELECT text FROM t") == [(text,)]
        assert link.ask("SELECT text FROM t WHERE text = %s", text) == [(text,)]


def test_a_notice_is_heard_and_a_lost_connection_is_told(
    own_postgres: PostgresServer, server_of: Callable[[str], Server]
) -> None:
    server = server_of(own_postgres.create())
    with contextlib.closing(server.connect()) as listening, contextlib.closing(server.connect()) as telling:
        listening.execute("LISTEN news")
        assert listening.heard(0.01) == []
        telling.execute("SELECT pg_notify('news', 'one'), pg_notify('news', 'zwei 中')")
        assert listening.heard(PATIENCE) == ["one", "zwei 中"]
        own_postgres.kill()
        with pytest.raises(Exception, match="server") as lost:
            for _ in range(3):  # it may be told why first
                listening.heard(PATIENCE)
        assert server.failure(lost.value).busy


def test_a_database_that_does_not_answer_is_given_up(
    own_postgres: PostgresServer, server_of: Callable[[str], Server]
) -> None:
    server = server_of(own_postgres.create())
    link = server.connect(patience=0.2)
    with own_postgres.frozen():
        with pytest.raises(Exception, match="does not answer") as caught:
            link.execute("SELECT 1")
        assert server.failure(caught.value).busy
        assert link.closed
    with server.link() as another:
        assert another.ask("SELECT 1") == [(1,)]


def test_a_network_that_lets_a_byte_through_now_and_then_is_given_up(
    postgres_server: PostgresServer, postgres: str, server_of: Callable[[str], Server]
) -> None:
    between = Between(postgres_server.port)
    server = server_of(postgres.replace(str(postgres_server.port), str(between.port)))
    with contextlib.closing(between), contextlib.closing(server.connect(patience=0.3)) as link:
        assert link.ask("SELECT 1") == [(1,)]
        between.drip(0.1)  # the answer has more than fifty
        with pytest.raises(Exception, match="does not answer") as caught:
            link.ask("SELECT 1")
        assert server.failure(caught.value).busy
        assert link.closed


def test_a_connection_that_is_cut_within_a_series_is_told_once(
    postgres_server: PostgresServer, postgres: str, server_of: Callable[[str], Server], caplog: pytest.LogCaptureFixture
) -> None:
    between = Between(postgres_server.port)
    server = server_of(postgres.replace(str(postgres_server.port), str(between.port)))
    with contextlib.closing(between), contextlib.closing(server.connect()) as link:
        with pytest.raises(Exception, match="connection"), link.pipeline():
            link.execute("SELECT 1")
            between.cut()
            link.execute("SELECT 2").fetchall()
        assert link.closed
    assert not caplog.records


def test_a_database_that_is_away_is_left_alone_for_a_moment(
    own_postgres: PostgresServer, server_of: Callable[[str], Server]
) -> None:
    server = server_of(own_postgres.create())
    with server.link() as link:
        link.execute("SELECT 1")
    own_postgres.kill()
    with pytest.raises(DatabaseError) as lost, server.link() as link:
        link.execute("SELECT 1")
    assert lost.value.busy
    with pytest.raises(DatabaseError) as refused, server.link():
        pass
    assert refused.value.busy
    assert server.is_away
    began = time.monotonic()
    with pytest.raises(DatabaseError), server.link():
        pass
    assert time.monotonic() - began < 1
    own_postgres.start()
    wait_until(lambda: not server.is_away, "the rest to be over")
    with server.link() as link:
        assert link.ask("SELECT 1") == [(1,)]


def test_a_connection_that_is_left_in_the_middle_is_not_used_again(
    postgres: str, server_of: Callable[[str], Server]
) -> None:
    server = server_of(postgres)

    def ask() -> None:
        with server.link() as link:
            link.execute("SELECT pg_sleep(60)")

    asking = gevent.spawn(ask)
    gevent.sleep(0.1)
    asking.kill()
    with server.link() as link:
        assert link.ask("SELECT 1") == [(1,)]
        link.execute("BEGIN")
    with server.link() as link:
        assert link.is_idle


def test_hundreds_who_ask_at_once_share_some_connections(postgres: str, server_of: Callable[[str], Server]) -> None:
    server = server_of(postgres)

    def ask() -> int:
        with server.link() as link:
            ((pid,),) = link.ask("SELECT pg_backend_pid() FROM pg_sleep(0.001)")
            return int(pid)

    asking = [gevent.spawn(ask) for _ in range(300)]
    gevent.joinall(asking, raise_error=True)
    assert len({each.value for each in asking}) <= SHORT_LINKS


def test_what_is_committed_is_on_the_disk_even_where_that_is_switched_off(
    postgres_server: PostgresServer,
    postgres: str,
    server_of: Callable[[str], Server],
) -> None:
    name = postgres.rpartition("/")[2]
    postgres_server.sql(f"ALTER DATABASE {name} SET synchronous_commit = off")
    with server_of(postgres).link() as link:
        assert link.ask("SHOW synchronous_commit") == [("on",)]
    postgres_server.sql(f"ALTER DATABASE {name} SET synchronous_commit = remote_write")
    with server_of(postgres).link() as link:
        assert link.ask("SHOW synchronous_commit") == [("remote_write",)]


def test_a_name_server_that_does_not_answer_is_asked_once(
    postgres: str, server_of: Callable[[str], Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A question takes a thread until it is answered, of the few that everybody shares."""
    answers = Event()
    asked: list[str] = []

    def look_up(host: str, *_: object, **__: object) -> list[Any]:
        asked.append(host)
        answers.wait()
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]

    monkeypatch.setattr("socket.getaddrinfo", look_up)
    monkeypatch.setattr("gevent.socket.getaddrinfo", look_up)
    monkeypatch.setattr("chatapp.chat.postgres.CALL_SECONDS", 0.2)
    monkeypatch.setattr("chatapp.chat.postgres.AWAY_SECONDS", 0.2)
    server = server_of(postgres.replace("127.0.0.1", "database.example"))
    for _ in range(2):
        trying = [gevent.spawn(failure_of, server) for _ in range(20)]
        gevent.joinall(trying)
        assert all(each.value.busy for each in trying)
        server.wait()
    answers.set()
    with server.link() as link:
        assert link.ask("SELECT 1") == [(1,)]
    assert asked[1:] in ([], ["database.example"]), "when all had given up, it was not asked again before it had answered"


def failure_of(server: Server) -> DatabaseError:
    with pytest.raises(DatabaseError) as caught:
        server.connect()
    return caught.value


@pytest.mark.parametrize(
    ("hosts", "told"),
    [
        ("one", ("one,one", "5432,5432", "::1,127.0.0.1")),
        ("one,/run,nowhere,10.1.1.1", ("one,one,/run,10.1.1.1", "1,1,2,4", "::1,127.0.0.1,,10.1.1.1")),
        ("127.0.0.1,/run", None),
    ],
)
def test_all_addresses_of_all_hosts_are_tried(
    hosts: str, told: tuple[str, str, str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_up(host: str, *_: object, **__: object) -> list[Any]:
        if host == "nowhere":
            raise socket.gaierror("not known")
        return [(socket.AF_INET6, 1, 6, "", ("::1", 0, 0, 0)), (socket.AF_INET, 1, 6, "", ("127.0.0.1", 0))]

    monkeypatch.setattr("gevent.socket.getaddrinfo", look_up)
    found = Hosts(hosts, "1,2,3,4" if hosts.count(",") == 3 else "5432").look_up()
    assert found == (dict(zip(("host", "port", "hostaddr"), told, strict=True)) if told else {})
    with pytest.raises(socket.gaierror):
        Hosts("nowhere", "").look_up()


def test_what_can_not_be_the_name_of_a_host_is_told_as_one_that_is_not_known(server_of: Callable[[str], Server]) -> None:
    failure = failure_of(server_of("postgresql://database..example/x"))
    assert failure.busy
    assert "database..example can't be the name of a host" in str(failure)


@pytest.mark.parametrize(
    ("name", "user", "port", "kind"),
    [
        ("nowhere", USER, None, "hopeless"),
        ("postgres", "nobody", None, "hopeless"),
        ("postgres", USER, 1, "busy"),
    ],
)
def test_what_goes_wrong_is_told_without_the_password(
    postgres_server: PostgresServer,
    name: str,
    user: str,
    port: int | None,
    kind: str,
    server_of: Callable[[str], Server],
) -> None:
    url = postgres_server.url(name, user).replace(str(postgres_server.port), str(port or postgres_server.port))
    server = server_of(url)
    with pytest.raises(DatabaseError) as caught:
        server.connect()
    assert getattr(caught.value, kind)
    assert PASSWORD not in str(caught.value)
    assert PASSWORD not in server.name
    assert name in server.name


def test_a_peer_that_takes_the_connection_and_says_nothing_is_given_up(
    monkeypatch: pytest.MonkeyPatch, server_of: Callable[[str], Server]
) -> None:
    monkeypatch.setattr("chatapp.chat.postgres.CALL_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = server_of(f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{silent.getsockname()[1]}/x")
        with pytest.raises(DatabaseError) as caught:
            server.connect()
    assert caught.value.busy
