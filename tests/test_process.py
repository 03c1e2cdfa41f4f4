"""The process: start, stop, reload, many clients at once, nothing left behind, and its own log."""

import concurrent.futures
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from chatapp import serverlog
from chatapp.version import VERSION
from tests.conftest import PATIENCE, TOP, Server, hear, say, wait_until

MANY = 500
#: So many of a thousand talk.
TALKERS = 30
#: A worker that doesn't end by itself is killed after so long, when the tests have lost patience.
WITHOUT_KILL = ("--graceful-timeout", "100")
#: Thread pools are made when they are first needed (copying the store's log, reading the past), each with a greenlet.
LAZY_GREENLETS = 6


def connect_many(server: Server, count: int) -> list[ClientConnection]:
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        return list(pool.map(lambda _: server.connect(), range(count)))


def close_codes(clients: list[ClientConnection]) -> list[int | None]:
    """Wait until every client is closed; the codes they got."""

    def code(client: ClientConnection) -> int | None:
        try:
            while True:
                client.recv(PATIENCE)
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None

    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        return list(pool.map(code, clients))


def test_sigterm_says_goodbye_to_everyone_and_ends_soon(serve: Callable[..., Server]) -> None:
    server = serve(options=WITHOUT_KILL)
    clients = connect_many(server, MANY)
    assert server.process is not None
    server.signal(signal.SIGTERM)
    server.process.wait(PATIENCE)
    assert close_codes(clients) == [1001] * MANY
    assert server.process.returncode == 0
    assert "Traceback" not in server.said()


def test_sighup_says_goodbye_to_everyone_and_serves_again_soon(serve: Callable[..., Server]) -> None:
    server = serve(options=WITHOUT_KILL)
    clients = connect_many(server, MANY)
    (old,) = server.workers()
    server.signal(signal.SIGHUP)
    wait_until(lambda: old not in server.workers(), "the old worker to be gone")
    assert close_codes(clients) == [1001] * MANY
    with server.connect() as client:
        say(client, "served by the new one")
        assert hear(client)["message"] == "served by the new one"
    assert "Traceback" not in server.said()


def test_who_comes_back_at_once_is_let_in_by_the_next_worker(serve: Callable[..., Server]) -> None:
    server = serve(options=WITHOUT_KILL)
    clients = connect_many(server, 20)
    server.signal(signal.SIGHUP)
    for client in clients:
        assert close_codes([client]) == [1001]
        server.connect().close()
    assert " 503 " not in server.said()


def test_a_server_that_stops_takes_nobody_in_once_it_has_said_goodbye(serve: Callable[..., Server]) -> None:
    server = serve(options=WITHOUT_KILL)
    link = server.raw()
    server.signal(signal.SIGTERM)
    assert link.recv(1000)[2:4] == (1001).to_bytes(2)
    with pytest.raises(ConnectionRefusedError):
        server.connect()
    link.close()


def test_who_was_accepted_before_a_server_stops_is_answered(serve: Callable[..., Server]) -> None:
    server = serve(options=WITHOUT_KILL)
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as early:
        link = server.raw()  # is answered, so the one before it was accepted
        server.signal(signal.SIGTERM)
        assert link.recv(1000)[2:4] == (1001).to_bytes(2)
        early.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        with early.makefile("rb") as answer:
            head, _, page = answer.read().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"</html>" in page
    link.close()


def test_a_reload_brings_the_program_that_lies_there_now(tmp_path: Path) -> None:
    for name in ("chatapp", "static", "templates"):
        shutil.copytree(TOP / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("wsgi.py", "gunicorn.conf.py"):
        shutil.copy(TOP / name, tmp_path)
    server = Server(tmp_path / "server", {})
    server.folder = tmp_path
    server.start()
    try:
        version = tmp_path / "chatapp" / "version.py"
        assert server.health()["version"] == VERSION
        version.write_text(version.read_text().replace(VERSION, "99.9.9"))
        server.signal(signal.SIGHUP)
        wait_until(lambda: server.health()["version"] == "99.9.9", "the new program")
        with server.connect() as client:
            say(client, "still here")
            assert hear(client)["message"] == "still here"
        server.stop()
        assert "Traceback" not in server.said()
    finally:
        server.kill()


def test_a_client_that_ignores_the_goodbye_delays_the_end_only_a_little(serve: Callable[..., Server]) -> None:
    server = serve(options=WITHOUT_KILL)
    links = [server.raw() for _ in range(5)]
    assert server.process is not None
    server.signal(signal.SIGTERM)
    server.process.wait(PATIENCE)
    for link in links:
        link.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT])
def test_an_interrupt_says_goodbye_too(serve: Callable[..., Server], number: signal.Signals) -> None:
    server = serve()
    clients = connect_many(server, 5)
    for client in clients:
        assert client.ping().wait(PATIENCE)
    server.signal(number)
    assert close_codes(clients) == [1001] * 5


def test_a_thousand_come_talk_and_leave_and_nothing_is_left(serve: Callable[..., Server]) -> None:
    server = serve(app="tests.inspected:app")
    (worker,) = server.workers()
    warm = connect_many(server, 10)
    for client in warm:
        client.close()
    wait_until(lambda: server.health()["clients"] == 0, "the first ten to be gone")
    files_before, inside_before = files_of(worker), inside(server)

    clients = connect_many(server, 1000)
    assert server.health()["clients"] == 1000
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda client: say(client, "hello from all"), clients[:TALKERS]))
        heard = list(pool.map(lambda client: [hear(client)["message"] for _ in range(TALKERS)], clients))
        assert heard == [["hello from all"] * TALKERS] * 1000
        list(pool.map(lambda client: client.close(), clients))
    wait_until(lambda: server.health()["clients"] == 0, "the thousand to be gone")
    wait_until(lambda: files_of(worker) <= files_before, "all sockets to be closed")

    def left() -> dict[str, int]:
        now = inside(server)
        now["greenlets"] -= min(LAZY_GREENLETS, max(0, now["greenlets"] - inside_before["greenlets"]))
        return now

    # Fewer too: what the first ten had may not have been gone altogether.
    wait_until(
        lambda: all(count <= inside_before[what] for what, count in left().items()),
        f"all to be gone: {inside_before} before, {inside(server)} now",
    )
    assert "Traceback" not in server.said()


def files_of(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def inside(server: Server) -> dict[str, int]:
    """How many greenlets, connections and set entries the worker has (tests/inspected.py)."""
    counts: dict[str, int] = json.loads(server.get("/inspect")[1])
    return counts


def test_a_thousand_who_vanish_at_once_leave_nothing_either(serve: Callable[..., Server]) -> None:
    server = serve()
    links = []
    for number in range(300):
        link = server.raw("/ws" if number % 2 else "/echo")
        link.sendall(b"\x81\xfe\x01")  # half a frame
        links.append(link)
    (server.logs_dir / "a.log").write_text("a\n")
    for link in links:
        link.close()
    wait_until(lambda: server.health()["clients"] == 0, "all to be gone")
    assert "Traceback" not in server.said()


# Starting.


@pytest.mark.parametrize(
    ("settings", "options", "sentence"),
    [
        ({"MAX_CLIENTS": "many"}, [], "CHATAPP_MAX_CLIENTS is 'many'; it must be a whole number"),
        ({"BIND": "nonsense"}, [], "CHATAPP_BIND"),
        ({"DATA_DIR": "/proc/nowhere"}, [], "/proc/nowhere"),
        ({}, ["--preload"], "--preload"),
        ({}, ["-k", "sync"], "-k gevent"),
    ],
)
def test_what_can_not_work_ends_the_start_with_a_sentence(
    tmp_path: Path, settings: dict[str, str], options: list[str], sentence: str
) -> None:
    server = Server(tmp_path / "server", settings)
    command = [sys.executable, "-m", "gunicorn", "-k", "gevent", *options, "wsgi:app"]
    ended = subprocess.run(command, cwd=TOP, env=server.env, capture_output=True, text=True, timeout=PATIENCE)
    assert ended.returncode != 0
    assert sentence in ended.stderr
    assert "Traceback" not in ended.stderr


def test_workers_that_could_not_find_each_other_are_not_started(tmp_path: Path) -> None:
    server = Server(tmp_path / "server", {})
    server.data_dir.mkdir()
    (server.data_dir / "workers").write_text("a file where a folder should be")
    command = [sys.executable, "-m", "gunicorn", "-k", "gevent", "--workers", "2", "wsgi:app"]
    ended = subprocess.run(command, cwd=TOP, env=server.env, capture_output=True, text=True, timeout=PATIENCE)
    assert ended.returncode != 0
    assert "its workers can't find each other" in ended.stderr


def test_a_setting_with_a_typing_error_is_told_in_the_log(serve: Callable[..., Server]) -> None:
    assert "Did you mean CHATAPP_LOG_TOKEN?" in serve(LOG_TOKN="x").said()


def test_the_development_server_serves_both_halves(tmp_path: Path) -> None:
    server = Server(tmp_path / "server", {})
    server.start("-m", "flask", "--app", "wsgi", "run", "--port", str(server.port))
    try:
        (server.logs_dir / "a.log").write_text("one\n")
        with server.connect() as ann, server.connect() as bob, server.connect("/echo") as viewer:
            say(ann, "hello")
            assert hear(bob)["message"] == hear(ann)["message"] == "hello"
            assert viewer.recv(PATIENCE) == "one\n"
            with (server.logs_dir / "a.log").open("a") as file:
                file.write("two\n")
            assert viewer.recv(PATIENCE) == "two\n"
            assert server.get("/")[0] == 200
        assert "GET /healthz" in (server.data_dir / "chatapp.log").read_text(), "it keeps its log too"
    finally:
        server.kill()
    assert "Traceback" not in server.said()


# The server's own log.


def test_its_own_log_is_the_default_file_of_the_log_page(serve: Callable[..., Server]) -> None:
    server = serve(LOGS="")
    with server.connect("/echo", "logs.v1") as viewer:
        assert [file["name"] for file in hear(viewer)["files"]] == ["chatapp.log"]
    with server.connect("/echo") as viewer:
        assert "Starting gunicorn" in str(viewer.recv(PATIENCE))


def test_a_websocket_is_one_sensible_line_in_the_access_log(serve: Callable[..., Server]) -> None:
    server = serve()
    with server.connect(protocol="chat.v1") as client:
        client.send(json.dumps({"type": "hello", "username": "ann", "email": "secret@example.org"}))
        hear(client)
    wait_until(lambda: '"WEBSOCKET /ws chat.v1" left with 1000' in server.said(), "the line in the log")
    assert '"GET /healthz' in server.said()
    assert server.get("/static/css/base.css")[0] == 200
    assert server.get("/static/css/nothing.css")[0] == 404
    wait_until(lambda: "/static/css/nothing.css" in server.said(), "the line of a file that is missing")
    assert "/static/css/base.css" not in server.said(), "files that a page loads would drown the rest"
    assert "secret@example.org" not in server.said()
    assert (server.data_dir / "chatapp.log").read_text() in server.said()


def test_the_secret_key_is_its_owners_alone_and_stays(serve: Callable[..., Server]) -> None:
    server = serve()
    path = server.data_dir / "secret.key"
    assert path.stat().st_mode & 0o077 == 0
    key = path.read_bytes()
    server.stop()
    server.start()
    assert path.read_bytes() == key


def test_several_processes_rotate_one_log_and_lose_no_record(tmp_path: Path) -> None:
    writer = (
        "import logging, sys; from chatapp.serverlog import SharedRotatingFileHandler as Handler\n"
        "handler = Handler(sys.argv[1], max_bytes=4_000, kept=99); log = logging.getLogger(); log.addHandler(handler)\n"
        "[log.warning('%s %d', sys.argv[2], number) for number in range(2000)]"
    )
    path = tmp_path / "chatapp.log"
    processes = [subprocess.Popen([sys.executable, "-c", writer, str(path), name], cwd=TOP) for name in "abc"]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    lines = [line for file in tmp_path.glob("chatapp.log*") for line in file.read_text().splitlines()]
    assert sorted(lines) == sorted(f"{name} {number}" for name in "abc" for number in range(2000))
    assert len(list(tmp_path.glob("chatapp.log.*"))) > 2
    assert serverlog.KEPT_FILES >= 1
