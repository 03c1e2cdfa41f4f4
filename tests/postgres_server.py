"""A real PostgreSQL for the tests: a cluster of its own in a folder of its own, on a free port of this computer.

`start`, `stop`, `kill` (-9, all of its processes) and `frozen` are what happens to databases; `create` makes an empty
database from a template, which takes some ms. It is not run as root, which it refuses.
"""

import atexit
import contextlib
import functools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

USER = "chatapp"
PASSWORD = "sesame-open"
#: Patience with it (seconds).
SECONDS = 60


def programs() -> Path | None:
    """The folder of PostgreSQL's programs, the newest if there are several."""
    folders = [Path(found).resolve().parent] if (found := shutil.which("initdb")) else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


def _as_its_user(folder: Path) -> list[str]:
    """What a program of PostgreSQL is run by, which is to own this folder."""
    if os.geteuid() != 0:
        return []
    shutil.chown(folder, "postgres", "postgres")
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]


def _run(command: Sequence[str], given: str | None = None) -> str:
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False, cwd="/", timeout=SECONDS)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}{done.stdout}"
    return done.stdout.strip()


@functools.cache
def _cluster(programs: Path) -> Path:
    """A new cluster, of which each server has a copy: making one takes a second."""
    folder = Path(tempfile.mkdtemp(prefix="chatapp-postgres-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "password").write_text(PASSWORD)
    os.chmod(folder / "password", 0o644)
    options = ["-E", "UTF8", "--locale=C.UTF-8", "-U", "postgres", "-A", "scram-sha-256", "--pwfile", f"{folder}/password"]
    initdb = [str(programs / "initdb"), "-D", f"{folder}/data", "--no-sync", *options]
    _run([*_as_its_user(folder), *initdb])
    return folder / "data"


class PostgresServer:
    """One server; its user `chatapp` may make what the chat needs and no more."""

    def __init__(self, folder: Path, port: int) -> None:
        found = programs()
        assert found is not None, "PostgreSQL is not installed"
        self._programs = found
        self._folder = folder
        self.port = port
        self._count = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._as = _as_its_user(folder)

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def make(self) -> "PostgresServer":
        """Make the cluster, start it, and make the user."""
        _run(["cp", "-a", str(_cluster(self._programs)), str(self._data)])
        self.start()
        self.sql(f"CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}'")
        return self

    def start(self) -> None:
        """Start it (again), and wait until it answers."""
        # Without fsync a process that is killed loses nothing; only a power failure would.
        options = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self._folder,
            "fsync": "off",
            "shared_buffers": "32MB",
            "max_connections": 60,
        }
        flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with (self._folder / "log.txt").open("ab") as log:
            command = [*self._as, str(self._programs / "postgres"), "-D", str(self._data), *flags]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Wait until it takes connections."""
        deadline = time.monotonic() + SECONDS
        ready = [str(self._programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        while subprocess.run(ready, check=False).returncode:
            assert time.monotonic() < deadline, f"PostgreSQL does not start:\n{self.said()}"
            assert self._process is not None
            assert self._process.poll() is None, f"PostgreSQL has ended:\n{self.said()}"
            time.sleep(0.02)  # between two looks: that it takes connections it tells nobody

    def stop(self) -> None:
        """Shut it down as an administrator does who does not want to wait (SIGINT): transactions are broken off."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(SECONDS)
            self._process = None

    def kill(self) -> None:
        """Kill all of its processes at once."""
        if self._process is None:
            return
        for pid in (*self._children(), self._process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(SECONDS)
        self._process = None
        deadline = time.monotonic() + SECONDS
        while self._is_held():
            assert time.monotonic() < deadline, "PostgreSQL does not end"
            time.sleep(0.01)  # between two looks: these are no children of ours, so nothing tells when they have ended

    def _children(self) -> list[int]:
        assert self._process is not None
        path = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return [int(number) for number in path.read_text().split()]

    def _is_held(self) -> bool:
        """Whether a process of it is still there: a new one would refuse to start beside it."""
        mark = f"-D\0{self._data}".encode()
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                if mark in path.read_bytes():
                    return True
        return False

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """As if the network to it were gone: it takes what it is sent, and answers nothing."""
        assert self._process is not None
        pids = [self._process.pid, *self._children()]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def create(self, name: str = "", template: str = "template1", encoding: str = "UTF8") -> str:
        """An empty database of the user; its URL."""
        self._count += 1
        name = name or f"chat{self._count}"
        self.sql(f"CREATE DATABASE {name} OWNER {USER} TEMPLATE {template} ENCODING '{encoding}'")
        return self.url(name)

    def url(self, name: str, user: str = USER, password: str = PASSWORD) -> str:
        """The address of a database."""
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{name}"

    def sql(self, sql: str, database: str = "postgres") -> str:
        """Run a statement as the superuser; what it gives, a line a row."""
        url = self.url(database, "postgres")
        return self._run("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql, url)

    def dump(self, url: str) -> str:
        """What pg_dump writes of a database."""
        return self._run("pg_dump", url)

    def load(self, url: str, dump: str) -> None:
        """Put back what pg_dump wrote."""
        self._run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", url, given=dump)

    def _run(self, program: str, *arguments: str, given: str | None = None) -> str:
        return _run([*self._as, str(self._programs / program), *arguments], given)

    def said(self) -> str:
        """What it logged."""
        path = self._folder / "log.txt"
        return path.read_text(errors="replace")[-5000:] if path.exists() else ""
