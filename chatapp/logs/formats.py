"""How the lines of a log are to be read, by the name of its file: what `CHATAPP_LOG_ENCODINGS` says. Pure.

Nothing is guessed: a log of which nobody says anything, and that has no byte order mark, is UTF-8.
"""

import fnmatch

from chatapp.logs import siblings
from chatapp.logs.lines import MAX_LINE_BYTES, Format


class Formats:
    """`encodings` are pairs of a pattern and an encoding; the first pattern that fits a name counts."""

    def __init__(self, encodings: tuple[tuple[str, str], ...] = (), line_bytes: int = MAX_LINE_BYTES) -> None:
        self._encodings = encodings
        self._line_bytes = line_bytes

    def of(self, name: str) -> Format:
        """The format of the file of this name. A rotated file is read as its log is."""
        names = {path for whole in (name, *siblings.logs_of(name)) for path in (whole, whole.rpartition("/")[2])}
        for pattern, encoding in self._encodings:
            if any(fnmatch.fnmatchcase(path, pattern) for path in names):
                return Format("" if encoding == "utf-8" else encoding, self._line_bytes)
        return Format("", self._line_bytes)
