"""The server's own log: to stderr, and to a rotated file in the data folder, which the log page shows first.

Records come from every logger, gunicorn's too. The file is written by several processes (gunicorn's master and its
workers), so whoever finds it full rotates it under a lock, and the others notice that it was replaced.
"""

import fcntl
import logging
import logging.handlers
import os
import re
from pathlib import Path
from typing import Any

FILE_NAME = "chatapp.log"
#: The file is rotated at this size, and so many old ones are kept.
MAX_BYTES = 10_485_760
KEPT_FILES = 3

FORMAT = "%(asctime)s.%(msecs)03d %(levelname)s [%(process)d] %(name)s: %(message)s"
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
TIME_FORMAT = "%Y-%m-%d %H:%M:%S"


class SharedRotatingFileHandler(logging.handlers.WatchedFileHandler):
    """A rotated file that several processes append to.

    The standard library's RotatingFileHandler renames the file under the feet of the other processes, each of
    which would rotate again. This one appends (so records never mix), reopens a file that was replaced, as
    WatchedFileHandler does, and rotates under a lock after a second look.
    """

    def __init__(self, path: str, max_bytes: int = MAX_BYTES, kept: int = KEPT_FILES) -> None:
        super().__init__(path, encoding="utf-8", errors="backslashreplace")
        self._max_bytes = max_bytes
        self._kept = kept

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record, after rotating the file if it is full."""
        try:
            if os.stat(self.baseFilename).st_size >= self._max_bytes:
                self._rotate()
        except OSError:
            pass  # removed or out of reach: the emit below makes it anew, or reports what is wrong
        super().emit(record)

    def _rotate(self) -> None:
        with open(self.baseFilename + ".lock", "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if os.stat(self.baseFilename).st_size < self._max_bytes:
                return  # another process was first
            for number in range(self._kept - 1, 0, -1):
                if os.path.exists(f"{self.baseFilename}.{number}"):
                    os.replace(f"{self.baseFilename}.{number}", f"{self.baseFilename}.{number + 1}")
            os.replace(self.baseFilename, f"{self.baseFilename}.1")


class OneLineFormatter(logging.Formatter):
    """Keeps a record in its line: a path or a name that a client made up can't begin a new one or colour a terminal."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the standard library's name
        record.message = _CONTROLS.sub(lambda match: match[0].encode("unicode_escape").decode(), record.message)
        return super().formatMessage(record)


def is_worth_a_line(record: logging.LogRecord) -> bool:
    """Whether an access record is: a page load brings dozens of static files, which would drown all else on the log page."""
    request = record.args if isinstance(record.args, dict) else {}
    return not (str(request.get("U", "")).startswith("/static/") and str(request.get("s", "")) in ("200", "304"))


def logging_config(data_dir: Path) -> dict[str, Any]:
    """The configuration for `logging.config.dictConfig`, and for gunicorn's `logconfig_dict`."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"worth": {"()": lambda: is_worth_a_line}},
        "formatters": {"line": {"()": OneLineFormatter, "fmt": FORMAT, "datefmt": TIME_FORMAT}},
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "line", "stream": "ext://sys.stderr"},
            "file": {"()": SharedRotatingFileHandler, "path": str(data_dir / FILE_NAME), "formatter": "line"},
        },
        "root": {"level": "INFO", "handlers": ["stderr", "file"]},
        "loggers": {
            "gunicorn.error": {"level": "INFO", "propagate": True, "handlers": []},
            "gunicorn.access": {"level": "INFO", "propagate": True, "handlers": [], "filters": ["worth"]},
        },
    }
