"""How generations begin that were empty, or nearly so, when they got their names: kept over restarts of the server.

`logs.reading` tells of sources whose first bytes it has read; `Source.is_of` asks when a position comes back. All workers
write to one file and read in it what the others know.
"""

import logging
from collections import OrderedDict
from pathlib import Path

from chatapp.logs.generation import FINGERPRINT_BYTES, Beginning, Source, digest

#: Of so many generations it is kept how they begin.
MAX_KNOWN = 5000

_log = logging.getLogger(__name__)


class Known:
    """How generations begin that were shorter than a fingerprint when they were named; kept in a file.

    Most logs are empty when they are made, and then the name says nothing of their contents. A file that can't be written
    costs no more than a gap after a restart.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._beginnings: OrderedDict[str, Beginning] = OrderedDict()
        self._read = 0  # so much of the file, in bytes
        if path is not None and path.exists() and self._load(path) > 2 * MAX_KNOWN:
            self._write(path, "w", list(self._beginnings))

    def beginning(self, name: str) -> Beginning | None:
        if name not in self._beginnings and self._path is not None and self._path.exists():
            self._load(self._path)  # another worker may have learned it
        return self._beginnings.get(name)

    def learn(self, source: Source) -> None:
        """Keep how a source begins, if that tells more than its name. Called when its first bytes were read, and after."""
        length = len(source.beginning)
        before = self._beginnings.get(source.name)
        told = before.length if before else source.length_in_name
        if told >= FINGERPRINT_BYTES or length <= told or (told and length < FINGERPRINT_BYTES):
            return  # at the first bytes, and when there are enough of them: not at every line
        self._add(source.name, Beginning(length, digest(source.beginning)))
        if self._path is not None:
            self._write(self._path, "a", [source.name])

    def _add(self, name: str, beginning: Beginning) -> None:
        self._beginnings[name] = beginning
        self._beginnings.move_to_end(name)
        if len(self._beginnings) > MAX_KNOWN:
            self._beginnings.popitem(last=False)

    def _load(self, path: Path) -> int:
        """Read what was written since the last time; the number of rows."""
        try:
            with path.open("rb") as file:
                if file.seek(0, 2) < self._read:
                    self._read = 0  # it was written anew, shorter
                file.seek(self._read)
                # A row that another worker is just writing is read the next time.
                data = file.read().rpartition(b"\n")[0]
        except OSError as error:
            _log.warning("%s can't be read: %s", path, error.strerror)
            return 0
        self._read += len(data) + 1 if data else 0
        rows = [row.split() for row in data.decode(errors="replace").splitlines()]
        for row in rows:
            if len(row) == 3 and row[1].isascii() and row[1].isdigit() and len(row[1]) <= 4:
                self._add(row[0], Beginning(int(row[1]), row[2]))
        return len(rows)

    def _write(self, path: Path, mode: str, names: list[str]) -> None:
        rows = [f"{name} {self._beginnings[name].length} {self._beginnings[name].hash}\n" for name in names]
        try:
            with path.open(mode) as file:
                file.write("".join(rows))
        except OSError as error:
            _log.warning("%s can't be written: %s", path, error.strerror)
