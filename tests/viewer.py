"""A client of `logs.v1` for the tests, and how often a server has a file open."""

import contextlib
import json
import os
from pathlib import Path
from typing import Any

from tests.conftest import Server, hear


def times_open(server: Server, file: Path | int) -> int:
    """How many descriptors the worker has on a file, whatever it is called now; it may be given by its inode."""
    (worker,) = server.workers()
    inode, count = file if isinstance(file, int) else file.stat().st_ino, 0
    for fd in os.listdir(f"/proc/{worker}/fd"):
        with contextlib.suppress(OSError):  # closed meanwhile
            count += os.stat(f"/proc/{worker}/fd/{fd}").st_ino == inode
    return count


class Viewer:
    """A client of `logs.v1` that looks at one file and keeps what it is told."""

    def __init__(self, server: Server, file: str, begin: Any = None, **more: Any) -> None:
        self.server = server
        self.client = server.connect("/echo", "logs.v1")
        self.file = file
        self.lines: list[str] = []
        self.partials: list[str] = []
        self.unfinished: list[str] = []
        self.notices: list[dict[str, Any]] = []
        self.position: dict[str, Any] | None = None
        self.client.send(json.dumps({"type": "open", "file": file, "from": begin or {"tail": 1000}, **more}))

    def read(self) -> dict[str, Any]:
        said = hear(self.client)
        if said["type"] == "lines":
            self.lines += [text for _, text in said["lines"]]
            self.unfinished += [self.lines[-1]] if said.get("unfinished") else []
            self.position = {"generation": said["generation"], "offset": said["next"]}
        elif said["type"] == "partial":
            self.partials.append(said["text"])
        elif said["type"] == "notice":
            self.notices.append(said)
        return said

    def read_lines(self, count: int) -> list[str]:
        while len(self.lines) < count:
            self.read()
        return self.lines

    def read_partial(self, text: str) -> None:
        """Read on until this half line was told."""
        while text not in self.partials:
            self.read()

    @property
    def kinds(self) -> list[str]:
        """The kinds of the notices, in order."""
        return [notice["kind"] for notice in self.notices]

    def read_notice(self, kind: str) -> dict[str, Any]:
        while not any(notice["kind"] == kind for notice in self.notices):
            self.read()
        return next(notice for notice in self.notices if notice["kind"] == kind)
