"""The other workers on the same machine (`realtime.peers`): who of them lives, and a nudge that makes them look.

Each worker has a datagram socket in a folder that all share. Its file is the worker's name; whoever can connect to it knows
that the worker lives, because the kernel closes the socket with the process, however that ends. A datagram may be lost (the
kernel keeps few for one that is busy), and then one that came before it is still unread.

The one that leads holds a lock, which the kernel gives to the next when it ends.
"""

import fcntl
import logging
import os
import secrets
from collections.abc import KeysView
from pathlib import Path

import gevent
from gevent import monkey, socket

from chatapp.realtime.peers import NEW

#: So many datagrams are taken at a time, each of at most so many bytes.
MOST_DATAGRAMS = 64
MOST_BYTES = 65_536

_PREFIX = "worker-"
_LEADER = "leader.lock"
_log = logging.getLogger(__name__)


class Datagrams:
    """The other workers whose folder is this one. Opens nothing before `open`."""

    sees_all = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        #: The name of this worker; another one each time it is opened.
        self.me = ""
        #: Whether this worker leads, as it found when it tried last.
        self.leads = False
        self._socket: socket.socket | None = None
        self._others: dict[str, socket.socket] = {}
        self._directory = -1
        self._lock = -1

    def open(self) -> None:
        """Be there for others, and find those who are. Raises `OSError`."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self.me = f"{_PREFIX}{secrets.token_hex(6)}"
        mine = _datagrams()
        # Bound under another name first, so that nobody finds a file behind which nobody is yet.
        mine.bind(self._address(f".{self.me}"))
        self._socket = mine
        os.rename(self.folder / f".{self.me}", self.folder / self.me)
        self.scan()

    def close(self) -> None:
        """Be gone."""
        for link in (self._socket, *self._others.values()):
            if link is not None:
                link.close()
        self._socket = None
        self._others.clear()
        if self.me:
            (self.folder / self.me).unlink(missing_ok=True)
            self.me = ""
        for descriptor in (self._directory, self._lock):
            if descriptor >= 0:
                os.close(descriptor)
        self._directory = self._lock = -1
        self.leads = False

    @property
    def others(self) -> KeysView[str]:
        """The names of those who live, as they were found last."""
        return self._others.keys()

    def scan(self) -> bool:
        """Look who is there; whether that has changed. Who is new is told that we are here."""
        if self._socket is None:
            return False
        before = set(self._others)
        for name in before:
            self.lives(name)
        for name in os.listdir(self._directory):
            if name.startswith(_PREFIX) and name not in before and name != self.me:
                self._meet(name)
        return before != set(self._others)

    def _meet(self, name: str) -> None:
        link = _datagrams()
        self._others[name] = link
        if self.lives(name):
            self._send(name, NEW)

    def lives(self, name: str) -> bool:
        """Whether this worker lives, just now. One that does not is forgotten."""
        if name == self.me:
            return True
        known = self._others.get(name)
        link = known or _datagrams()
        try:
            link.connect(self._address(name))
        except (ConnectionRefusedError, FileNotFoundError):
            link.close()
            self._others.pop(name, None)
            (self.folder / name).unlink(missing_ok=True)
            return False
        except OSError as error:
            _log.warning("the worker %s can't be reached: %s", name, error.strerror)
        if known is None:
            link.close()
        return True

    def nudge(self, data: bytes = b"") -> None:
        """Make the others look. Never waits, and costs next to nothing while there is nobody."""
        for name in [*self._others] if self._others else ():
            self._send(name, data)

    def _send(self, name: str, data: bytes) -> None:
        try:
            self._others[name].send(data)
        except BlockingIOError:
            pass  # it has unread ones, and looks when it takes them
        except OSError:
            self.lives(name)

    def wait(self, seconds: float) -> list[bytes]:
        """Wait until somebody nudges, at most so long; what came."""
        if self._socket is None:
            gevent.sleep(seconds)
            return []
        said: list[bytes] = []
        try:
            socket.wait_read(self._socket.fileno(), seconds, TimeoutError())
            while len(said) < MOST_DATAGRAMS:
                said.append(self._socket.recv(MOST_BYTES))
        except (TimeoutError, BlockingIOError):
            pass
        return said

    def lead(self) -> bool:
        """Try to be the one that leads; it is for as long as it lives."""
        if not self.leads:
            try:
                if self._lock < 0:
                    self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                    self._lock = os.open(self.folder / _LEADER, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self.leads = True
            except BlockingIOError:
                pass
            except OSError as error:
                _log.warning(
                    "%s can't be locked (%s); this worker does what one alone should do", self.folder, error.strerror
                )
                self.leads = True
        return self.leads

    def _address(self, name: str) -> str:
        return _address(self.folder, self._directory, name)


def check(folder: Path) -> None:
    """Raise `OSError` if workers can't find each other in this folder. For gunicorn's master, before gevent's patch."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    name = f".check-{secrets.token_hex(6)}"
    try:
        with monkey.get_original("socket", "socket")(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
            link.bind(_address(folder, directory, name))
        os.unlink(name, dir_fd=directory)
    finally:
        os.close(directory)


def _address(folder: Path, directory: int, name: str) -> str:
    # The path of a socket has at most 107 bytes, and the data folder may be deep.
    short = f"/proc/self/fd/{directory}"
    return f"{short}/{name}" if os.path.exists(short) else str(folder / name)


def _datagrams() -> socket.socket:
    link = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    link.setblocking(False)
    return link
