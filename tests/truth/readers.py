"""Who reads along in the truth test: viewers of real servers, and `tail -F` in both its modes.

Each keeps what it was told, in order; `run` compares it with what was written. Root's right to read everything is taken from
the processes, so that a file that may not be read really can't be.
"""

import json
import subprocess
import threading
from pathlib import Path
from typing import Any, Protocol

from tests.conftest import WITHOUT_RIGHTS, Server, wait_until
from tests.truth.compare import Notice, Told


class Reader(Protocol):
    """What all have in common."""

    name: str
    told: list[Told]
    #: Its process, which the writer stops and continues.
    pid: int

    def close(self) -> None:
        """End it."""


class Viewer:
    """A client of `logs.v1` on a server of its own, which watches in one of the two ways."""

    def __init__(self, name: str, folder: Path, logs: Path, watch: str) -> None:
        self.name = name
        self.told: list[Told] = []
        self.partials: list[str] = []
        self.server = Server(folder, {"LOGS": f"{logs}/", "LOG_WATCH": watch, "MESSAGE_RATE": 0, "PING_SECONDS": 5})
        self.server.runner = WITHOUT_RIGHTS
        self.server.start()
        (self.pid,) = self.server.workers()
        self._client = self.server.connect("/echo", "logs.v1")
        self._client.send(json.dumps({"type": "open", "file": "app.log", "from": "start"}))
        self._thread = threading.Thread(target=self._read)
        self._thread.start()
        wait_until(lambda: Notice("opened") in self.told, "the file to be followed")

    def _read(self) -> None:
        for message in self._client:
            said: dict[str, Any] = json.loads(message)
            if said["type"] == "lines":
                self.told.extend(text for _, text in said["lines"])
            elif said["type"] == "partial":
                self.partials.append(said["text"])
            elif said["type"] == "notice":
                self.told.append(Notice(said["kind"]))

    def close(self) -> None:
        self._client.close()
        self._thread.join()
        self.server.kill()


class Tail:
    """`tail -F`; what it says beside lines goes to the file of its stderr and is not compared."""

    def __init__(self, name: str, folder: Path, log: Path, *options: str) -> None:
        self.name = name
        self.told: list[Told] = []
        command = [*WITHOUT_RIGHTS, "tail", "-F", "-n", "+1", "-s", "0.1", *options, str(log)]
        with (folder / f"{name}.txt").open("wb") as errors:
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors)
        self.pid = self._process.pid
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            # Holes that a cut left behind are no fault of its own.
            self.told.append(line.rstrip(b"\n").lstrip(b"\0").decode(errors="replace"))

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._thread.join()
        assert self._process.stdout is not None
        self._process.stdout.close()
