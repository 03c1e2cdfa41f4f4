"""The servers that are measured: this one in several ways, and its peers. Each runs alone, on the server's core.

What can't be had here raises `Missing` when it is prepared, and is left out with that sentence.
"""

import contextlib
import dataclasses
import os
import platform
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import chatapp.version
from bench import building
from bench.building import Missing
from bench.load.dialects import LOG_NAME
from bench.serving import PATIENCE, SERVER_CORE, serving

#: Where each of them listens, one after the other; the Go programs have it in their text, so it stays the same.
PORT = 9371

Run = Callable[[Path, int], contextlib.AbstractContextManager[int]]


@dataclasses.dataclass(frozen=True)
class Server:
    """One of them: how it is called in the table, and how it is spoken to."""

    key: str
    name: str
    dialect: str
    #: Makes it ready; returns its versions, for the table.
    prepare: Callable[[], str]
    #: Runs it with this folder, in which its log file is, on this port; yields the process to look at.
    run: Run
    #: What is different in each job with it.
    job: dict[str, Any] = dataclasses.field(default_factory=dict)
    #: How many handshakes may wait: what it tells `listen`, at most what the kernel takes (somaxconn, 4096).
    backlog: int = 4000
    is_ours: bool = False


# This server.


def _ours(key: str, name: str, dialect: str = "chat", app: str = "wsgi:app", **job: Any) -> Server:
    @contextlib.contextmanager
    def run(folder: Path, port: int) -> Iterator[int]:
        # As users run it, but for two limits: how much one may say, and how many clients there may be.
        with serving(app, port, folder, LOGS=folder / LOG_NAME, PING_SECONDS=25, MAX_CLIENTS=6000) as pid:
            yield pid

    def prepare() -> str:
        return f"chatapp {chatapp.version.VERSION}, Python {platform.python_version()}"

    return Server(key, name, dialect, prepare, run, job, backlog=2000, is_ours=True)


# Programs of others.


def _program(command: Callable[[Path, int], list[str]]) -> Run:
    @contextlib.contextmanager
    def run(folder: Path, port: int) -> Iterator[int]:
        with open(folder / "server.txt", "wb") as output:
            process = subprocess.Popen(
                ["taskset", "-c", str(SERVER_CORE), *command(folder, port)],
                env={**os.environ, "GOMAXPROCS": "1"},
                stdout=subprocess.DEVNULL,  # the tutorial's log program prints every line
                stderr=output,
                start_new_session=True,
            )
        try:
            _wait_for(process, port, folder)
            yield process.pid
        finally:
            _end(process)

    return run


def _wait_for(process: "subprocess.Popen[bytes]", port: int, folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        if process.poll() is not None or time.monotonic() > deadline:
            raise Missing(f"It did not start: {(folder / 'server.txt').read_text(errors='replace')[-300:]}")
        time.sleep(0.05)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """With all that it has started: websocketd has a `tail` for each viewer."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _go_chat(port: int) -> Path:
    return building.go_program("go_chat", "github.com/gorilla/websocket", 8000, port)


def _go_logs(port: int) -> Path:
    return building.go_program("go_logs", "golang.org/x/net/websocket", 8080, port)


def _prepare_go(build: Callable[[int], Path], library: str) -> Callable[[], str]:
    def prepare() -> str:
        build(PORT)
        return f"{library}, {building.go_version()}"

    return prepare


def _prepare_python(*packages: str) -> Callable[[], str]:
    def prepare() -> str:
        building.python_environment()
        return ", ".join(f"{package} {building.python_version(package)}" for package in packages)

    return prepare


def _python(script: str) -> Callable[[Path, int], list[str]]:
    return lambda _, port: [str(building.python_environment()), str(building.SOURCES / script), str(port)]


def _prepare_node() -> str:
    building.node_folder()
    return building.node_version()


def _prepare_websocketd() -> str:
    if not shutil.which("websocketd"):
        raise Missing("There is no websocketd here (Debian: websocketd).")
    return subprocess.run(["websocketd", "--version"], capture_output=True, text=True).stdout.strip(" -\n")


def _websocketd(folder: Path, port: int) -> list[str]:
    tail = ["tail", "-n", "+1", "-F", str(folder / LOG_NAME)]
    return ["websocketd", "--address=127.0.0.1", f"--port={port}", *tail]


SERVERS = {
    server.key: server
    for server in (
        Server(
            "go",
            "Go original",
            "chat",
            _prepare_go(_go_chat, "gorilla/websocket"),
            _program(lambda _, port: [str(_go_chat(port))]),
        ),
        _ours("ours", "this server"),
        Server(
            "node",
            "Node ws",
            "chat",
            _prepare_node,
            _program(lambda _, port: ["node", str(building.node_folder() / "server.mjs"), str(port)]),
        ),
        Server(
            "websockets",
            "websockets, uvloop",
            "chat",
            _prepare_python("websockets", "uvloop"),
            _program(_python("websockets_chat.py")),
        ),
        Server(
            "socketio",
            "Flask-SocketIO, gevent",
            "socket.io",
            _prepare_python("Flask-SocketIO", "gevent"),
            _program(_python("flask_socketio_chat.py")),
        ),
        _ours("ours-no-store", "this server without its store", app="bench.numbering:app"),
        _ours("ours-deflate", "this server, compressed", deflate=True),
        Server(
            "go-logs",
            "Go original",
            "log",
            _prepare_go(_go_logs, "x/net/websocket"),
            _program(lambda folder, port: [str(_go_logs(port)), str(folder / LOG_NAME)]),
        ),
        Server("websocketd", "websocketd tail -F", "log", _prepare_websocketd, _program(_websocketd)),
        _ours("ours-plain-log", "this server, plain", "log"),
        _ours("ours-logs-v1", "this server, logs.v1", "logs.v1"),
    )
}
#: What is compared with what.
ORIGINALS = {"log": "go-logs", "logs.v1": "go-logs"}
PEERS = tuple(key for key, server in SERVERS.items() if not server.is_ours)


def original_of(server: Server) -> str:
    """The Go program of the same half."""
    return ORIGINALS.get(server.dialect, "go")
