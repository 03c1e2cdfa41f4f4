"""The Dockerfile and the units of systemd: run as far as this machine allows, else checked."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chatapp.version import VERSION
from tests import image
from tests.conftest import TOP, Server, hear, missing, say, wait_until

DEPLOY = TOP / "deploy"

# The image.

#: Runs in the image, as its user, beside the server.
PROBE = """
import json, os, urllib.request
from websockets.sync.client import connect

def get(path):
    return urllib.request.urlopen("http://127.0.0.1:8000" + path, timeout=10).read().decode()

with connect("ws://127.0.0.1:8000/ws") as client:
    client.send(json.dumps({"email": "", "username": "ann", "message": "hello"}))
    heard = json.loads(client.recv(10))["message"]
health = json.loads(get("/healthz"))
pid = health["workers"][0]["pid"]
with open(f"/proc/{pid}/status") as file:
    uid = next(line.split()[1] for line in file if line.startswith("Uid:"))
page, module = get("/"), get("/static/js/chat.js")
written = [path for path in ("/app", "/venv", "/usr") if os.access(path, os.W_OK)]
files = sorted(os.listdir("/app"))
print("PROBE", json.dumps([heard, health["version"], uid, "<html" in page, "import" in module, files, written]))
"""


@pytest.mark.deploy
@pytest.mark.timeout(400)  # it fetches and installs all libraries
def test_the_image_is_built_and_serves_as_a_user_without_rights(tmp_path: Path) -> None:
    if not image.can_be_built():
        missing("overlays and network namespaces can't be made here: the steps of the Dockerfile are not run")
    python = os.path.realpath(sys.executable)
    said = image.run(tmp_path, python, PROBE)
    (line,) = [line for line in said.splitlines() if line.startswith("PROBE ")]
    heard, version, uid, has_page, has_module, files, written = json.loads(line.removeprefix("PROBE "))
    assert (heard, version, uid, has_page, has_module) == ("hello", VERSION, "10001", True, True)
    assert [name for name in files if name != "__pycache__"] == [
        "chatapp",
        "gunicorn.conf.py",
        "static",
        "templates",
        "wsgi.py",
    ]
    assert written == []
    assert "ended by itself" in said


def test_what_git_does_not_know_stays_out_of_the_image(tmp_path: Path) -> None:
    image.context(tmp_path / "context")
    files = {str(path.relative_to(tmp_path / "context")) for path in (tmp_path / "context").rglob("*") if path.is_file()}
    known = subprocess.run(["git", "ls-files"], cwd=TOP, capture_output=True, text=True, check=True).stdout.split("\n")
    assert files <= set(known)
    assert "requirements.txt" in files


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    if not hadolint.exists():
        missing("hadolint is not installed")
    done = subprocess.run([hadolint, TOP / "Dockerfile"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


# systemd.


@pytest.fixture
def units(tmp_path: Path) -> list[Path]:
    """The unit files, as for a server that lies where this one does."""
    for name in ("chatapp.service", "chatapp.socket"):
        text = (DEPLOY / name).read_text()
        text = text.replace("/opt/chatapp/.venv/bin/gunicorn", str(Path(sys.executable).with_name("gunicorn")))
        (tmp_path / name).write_text(text.replace("/opt/chatapp", str(TOP)))
    return [tmp_path / "chatapp.service", tmp_path / "chatapp.socket"]


def analyze(*arguments: object) -> "subprocess.CompletedProcess[str]":
    """What systemd-analyze says."""
    if not shutil.which("systemd-analyze"):
        missing("systemd-analyze is not installed: the unit files are not checked")
    return subprocess.run(["systemd-analyze", *map(str, arguments)], capture_output=True, text=True)


@pytest.mark.deploy
def test_systemd_takes_the_unit_files(units: list[Path]) -> None:
    done = analyze("verify", *units)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.deploy
def test_systemd_finds_the_service_well_shut_in(units: list[Path]) -> None:
    done = analyze("security", "--offline=true", "--threshold=20", "--no-pager", units[0])
    if "offline" in done.stderr:
        missing("this systemd-analyze is too old to judge a unit file")
    assert done.returncode == 0, done.stdout


def command_of(unit: Path) -> list[str]:
    (line,) = re.findall(r"^ExecStart=(.*)$", unit.read_text(), re.MULTILINE)
    return str(line).split()


#: Hands over a listening socket as systemd does: as descriptor 3, with the number of the process.
_HAND_OVER = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
os.execv(sys.argv[2], sys.argv[2:])
"""


def start(server: Server, unit: Path, listener: socket.socket | None = None, **env: str) -> "subprocess.Popen[bytes]":
    """Start a server as the unit says, but for who it runs as; with the socket on which systemd listens, if it does."""
    command, passed = command_of(unit), list[int]()
    if listener is not None:
        passed.append(listener.fileno())
        command = [sys.executable, "-c", _HAND_OVER, str(listener.fileno()), *command]
    with server.output.open("ab") as output:
        env = {**server.env, **env}
        return subprocess.Popen(command, cwd=TOP, env=env, stdout=output, stderr=output, pass_fds=passed)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path, {})
    yield server
    print(server.said())


def test_systemd_is_told_when_it_is_ready_and_a_reload_is_one(server: Server, units: list[Path], tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(str(tmp_path / "notify"))
        told.settimeout(15)
        process = start(server, units[0], NOTIFY_SOCKET=str(tmp_path / "notify"))
        try:
            assert b"READY=1" in told.recv(1000).split(b"\n")
            wait_until(lambda: answers(server), "it to serve")
            before = server.health()["workers"]
            process.send_signal(signal.SIGHUP)  # ExecReload
            wait_until(
                lambda: server.health()["workers"][0]["pid"] != before[0]["pid"], "a new worker"
            )  # whoever asks is answered
        finally:
            process.terminate()
            assert process.wait(15) == 0


def answers(server: Server) -> bool:
    try:
        return server.get("/healthz")[0] == 200
    except OSError:
        return False


def test_who_comes_while_it_is_restarted_waits_where_systemd_listens(server: Server, units: list[Path]) -> None:
    with socket.create_server(("127.0.0.1", server.port), backlog=2048) as listener:
        process = start(server, units[0], listener)
        try:
            assert server.get("/healthz")[0] == 200, "also before it has begun to listen"
            process.terminate()
            assert process.wait(15) == 0
            with socket.create_connection(("127.0.0.1", server.port), timeout=15) as early:
                early.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                process = start(server, units[0], listener)
                assert early.recv(1000).startswith(b"HTTP/1.1 200 "), "who came in between is answered"
            with server.connect() as client:
                say(client, "hello")
                assert hear(client)["message"] == "hello"
        finally:
            process.terminate()
            assert process.wait(15) == 0


# Forbids memory that can be both written and executed, for itself and all that it starts (Linux 6.3): PR_SET_MDWE.
_SHUT_IN = """
import ctypes, os, sys
if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0):
    sys.exit(77)
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.mark.deploy
def test_the_server_does_without_memory_that_is_written_and_executed(serve: Callable[..., Server]) -> None:
    """MemoryDenyWriteExecute of the unit, as the kernel can do it without systemd."""
    trial = subprocess.run([sys.executable, "-c", _SHUT_IN, "/bin/true"])
    if trial.returncode == 77:
        missing("this kernel can't forbid it (Linux 6.3 can)")
    server = serve()
    server.stop()
    server.runner = [sys.executable, "-c", _SHUT_IN]
    server.start()
    (server.logs_dir / "a.log").write_text("one\n")
    with server.connect() as client, server.connect("/echo?file=a.log") as viewer:
        say(client, "hello")
        assert hear(client)["message"] == "hello"
        assert viewer.recv(15) == "one\n"
    assert server.get("/api/logs/a.log/search?text=%5Eo&pattern=1")[0] == 200
    assert "Traceback" not in server.said()
