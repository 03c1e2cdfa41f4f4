"""Real parts for the tests: a gunicorn on a free port with folders of its own, and WebSocket clients.

`serve(NAME=value, ...)` starts a server with these settings (without their prefix) and gunicorn's `options`; `server` is
one that the tests of a module share. Each server's log is shown when its test fails.
"""

import contextlib
import http.client
import itertools
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

import pytest
from websockets.sync.client import ClientConnection, connect

from tests.chat_store import Place, PostgresPlace, SqlitePlace
from tests.postgres_server import PostgresServer, programs

TOP = Path(__file__).resolve().parent.parent
#: Patience of the tests: long for a busy machine; nothing ever waits for all of it when things go right.
PATIENCE = 15.0


#: Runs a command so that modes of files bind it even if it is root's: where they can't, it runs as it is.
WITHOUT_RIGHTS = (
    ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search"]
    if os.geteuid() == 0 and shutil.which("setpriv")
    else []
)


def missing(sentence: str) -> NoReturn:
    """Something that a test needs is not to be had here: skip it and say so. In CI, where all is to be had, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(sentence)
    pytest.skip(sentence)


def wait_until(condition: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """Wait until `condition()` is true and return what it gave; fail with `what` if it never is."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds:g} s in vain: {what}")
        time.sleep(0.02)  # between two looks: what is waited for happens in another process, which can't wake us


class Server:
    """A gunicorn with the app, started by `start()`."""

    def __init__(
        self,
        folder: Path,
        settings: dict[str, Any],
        app: str = "wsgi:app",
        options: Sequence[str] = (),
        port: int | None = None,
    ) -> None:
        self.data_dir = folder / "data"
        self.logs_dir = folder / "logs"
        self.logs_dir.mkdir(parents=True)
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.output = folder / "output.txt"
        self.process: subprocess.Popen[bytes] | None = None
        #: Where the program lies.
        self.folder = TOP
        #: What its command is run by, for example with fewer rights than ours (`WITHOUT_RIGHTS`).
        self.runner: list[str] = []
        self._command = ("-m", "gunicorn", "-k", "gevent", *options, app)
        self._settings = {"LOGS": f"{self.logs_dir}/", **settings}

    @property
    def env(self) -> dict[str, str]:
        """The environment the server runs in: nothing of the settings of whoever runs the tests."""
        env = {name: value for name, value in os.environ.items() if not name.startswith(("CHATAPP_", "GUNICORN", "WEB_"))}
        env.pop("PYTHONDONTWRITEBYTECODE", None)  # compiling all modules takes a third of a start
        env |= {"CHATAPP_BIND": f"127.0.0.1:{self.port}", "CHATAPP_DATA_DIR": str(self.data_dir)}
        return env | {f"CHATAPP_{name}": str(value) for name, value in self._settings.items()}

    def start(self, *command: str) -> "Server":
        """Start it (again, on the same port) and wait until it answers."""
        with self.output.open("ab") as output:
            command = (*self.runner, sys.executable, *(command or self._command))
            self.process = subprocess.Popen(command, cwd=self.folder, env=self.env, stdout=output, stderr=output)
        wait_until(self._answers, f"the server to answer; it said:\n{self.said()}")
        return self

    def _answers(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            pytest.fail(f"the server ended with {self.process.returncode}:\n{self.said()}")
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.get("/healthz")[0] == 200
        return False

    def stop(self) -> None:
        """End it as an administrator does (SIGTERM), and wait."""
        self.signal(signal.SIGTERM)
        if self.process is not None:
            self.process.wait(PATIENCE)
            self.process = None

    def kill(self) -> None:
        """End it and its workers at once (SIGKILL)."""
        if self.process is None or self.process.poll() is not None:
            return
        workers = self.workers()
        self.signal(signal.SIGKILL)
        self.process.wait(PATIENCE)
        self.process = None
        for worker in workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
        wait_until(lambda: not any(_runs(worker) for worker in workers), "the workers to be gone")

    def signal(self, number: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def workers(self) -> list[int]:
        """The process numbers of the workers."""
        assert self.process is not None
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(number) for number in path.read_text().split()]

    def said(self) -> str:
        """All that it wrote to its stdout and stderr."""
        return self.output.read_text(errors="replace") if self.output.exists() else ""

    def get(
        self, path: str, headers: dict[str, str] | None = None, method: str = "GET", body: str | None = None
    ) -> tuple[int, str, dict[str, str]]:
        """One HTTP request: status, body and headers of the answer (names in lower case)."""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            link.request(method, path, body, headers or {})
            answer = link.getresponse()
            text = answer.read().decode(errors="replace")
            return answer.status, text, {name.lower(): value for name, value in answer.getheaders()}
        finally:
            link.close()

    def health(self) -> dict[str, Any]:
        """What /healthz says."""
        health: dict[str, Any] = json.loads(self.get("/healthz")[1])
        return health

    def connect(self, path: str = "/ws", protocol: str | None = None, **options: Any) -> ClientConnection:
        """A WebSocket client; `protocol` is its subprotocol. Its own pings are off, so that the server's are seen, and so
        is compression, so that what is much stays much."""
        if protocol:
            options["subprotocols"] = [protocol]
        options = {
            "ping_interval": None,
            "compression": None,
            "open_timeout": PATIENCE,
            "close_timeout": 2,
            "max_size": None,
            **options,
        }
        client: ClientConnection = connect(f"ws://127.0.0.1:{self.port}{path}", **options)
        return client

    def raw(self, path: str = "/ws", headers: str = "") -> socket.socket:
        """A bare socket after the handshake, for what no decent client does."""
        link = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        link.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{headers}\r\n".encode()
        )
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            answer += link.recv(1)
        assert b" 101 " in answer, answer
        return link


#: What takes longest is begun first: a file's tests run one after the other, and none should be alone at the end.
LONG = (
    "test_machines",
    "test_workers",
    "proof/",
    "browser/",
    "test_nginx",
    "soak/",
    "test_rules",
    "test_process",
    "test_archive",
    "test_log",
    "test_chat",
    "test_deploy",
    "test_metrics",
    "test_bench",
    "truth/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, in the order of `LONG`; the others in theirs."""
    below = len(str(Path(__file__).parent)) + 1

    def rank(item: pytest.Item) -> int:
        file = str(item.path)[below:]
        return next((number for number, start in enumerate(LONG) if file.startswith(start)), len(LONG))

    items.sort(key=rank)


def say(client: ClientConnection, message: str, username: str = "ann", email: str = "ann@example.org") -> None:
    """Send a message of the plain dialect."""
    client.send(json.dumps({"email": email, "username": username, "message": message}))


def hear(client: ClientConnection) -> dict[str, Any]:
    """The next message, parsed."""
    heard: dict[str, Any] = json.loads(client.recv(PATIENCE))
    return heard


def _runs(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


# Tests that run at the same time look for ports in ranges of their own: a port that was found free is taken a moment later.
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
# (Below those that Linux gives to who connects; for eight at a time.)
_ports = itertools.count(20_000 + 1500 * _worker + random.randrange(1000))


def free_port() -> int:
    for port in _ports:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL that the tests of this process share: leave it running."""
    yield from _postgres()


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL of one's own, to stop, kill and freeze."""
    yield from _postgres()


@pytest.fixture
def postgres(postgres_server: PostgresServer) -> str:
    """The URL of an empty database."""
    return postgres_server.create()


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A place for a store: what the store promises is tested in both databases."""
    return SqlitePlace(tmp_path) if request.param == "sqlite" else PostgresPlace(request.getfixturevalue("postgres"))


def _postgres() -> Iterator[PostgresServer]:
    if programs() is None:
        missing("PostgreSQL is not installed: bin/need-postgres tells more")
    # Not below pytest's own folder: into that only its owner may look, and this server is not run as root.
    with tempfile.TemporaryDirectory(prefix="chatapp-postgres-", ignore_cleanup_errors=True) as folder:
        server = PostgresServer(Path(folder), free_port())
        try:
            yield server.make()
        finally:
            server.kill()


@pytest.fixture(scope="module")
def _serve_for_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    yield from servers(tmp_path_factory)


@pytest.fixture
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """`serve(PING_SECONDS=1)` starts a server of one's own; it ends with the test."""
    yield from servers(tmp_path_factory)


@pytest.fixture(scope="module")
def server(_serve_for_module: Callable[..., Server]) -> Server:
    """A server with default settings, shared by the tests of a module."""
    return _serve_for_module()


def servers(
    tmp_path_factory: pytest.TempPathFactory, port: Callable[[], int] = free_port
) -> Iterator[Callable[..., Server]]:
    """A function that starts servers, which end when it is not needed any more; `port` finds one for each."""
    started: list[Server] = []

    def start(app: str = "wsgi:app", options: Sequence[str] = (), workers: int = 1, **settings: Any) -> Server:
        options = (*options, "--workers", str(workers))
        server = Server(tmp_path_factory.mktemp("server"), settings, app, options, port())
        started.append(server)
        return server.start()

    yield start
    for server in started:
        server.kill()
        print(f"--- what the server on port {server.port} said:\n{server.said()[-20_000:]}")
