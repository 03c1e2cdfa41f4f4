"""Which log files may be seen: the allow-list, and the one door through which every endpoint opens them.

The entries of `CHATAPP_LOGS` come in; names that a page may show and ask for go out. A name is never a path: it
is looked up among the entries, links are resolved, the result is checked against the entries again, and what was
opened is checked once more, so a link swapped in between leads nowhere. The rotated files beside a log may be seen as
the log itself may. Reading is left to others (`logs.tailer`, `logs.history`).
"""

import dataclasses
import errno
import os
import re
import stat

from chatapp.logs import siblings as rotated
from chatapp.logs.entries import Entry
from chatapp.logs.entries import entries as read
from chatapp.logs.formats import Formats
from chatapp.logs.lines import Format
from chatapp.logs.siblings import Sibling

#: The same sentence for whatever is refused, so that nobody learns what exists.
REFUSAL = "This is not among the log files that may be shown here."
#: A folder or glob shows at most so many files; what it may show is not limited by this.
MAX_LISTED = 1000
#: The longest name, in characters (Linux: 4,096 bytes a path).
MAX_NAME_CHARS = 1024
MAX_PARTS = 64
# Control characters, and the half surrogates that stand for bytes of a name that are no text.
_UNSPEAKABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class NotAllowed(PermissionError):
    """The name stands for nothing that may be shown."""

    def __init__(self) -> None:
        super().__init__(errno.EACCES, REFUSAL)


@dataclasses.dataclass(frozen=True)
class LogFile:
    """A file of the list: its name, and size (bytes) and time of last change (seconds since 1970) if it exists."""

    name: str
    size: int | None
    modified: float | None
    #: Its rotated files, newest first.
    siblings: tuple[Sibling, ...] = ()


class Catalog:
    """The files that may be shown, by name."""

    def __init__(self, entries: tuple[str, ...], formats: Formats | None = None) -> None:
        self._formats = formats or Formats()
        self._setting = entries
        self._entries = read(entries)

    def files(self) -> list[LogFile]:
        """The list, in the order of the entries and of names. Reads folders: call it in the thread pool."""
        found: dict[str, LogFile] = {}
        beside = rotated.Folders()
        if any(entry.is_folder_now for entry in self._entries):
            self._entries = read(self._setting)  # a folder that was not there at start
        for entry in self._entries:
            for relative in sorted(entry.found()):
                name = entry.label + relative
                if name not in found and len(found) < MAX_LISTED and _is_name(name):
                    log_file = self._look(name, entry, beside)
                    if log_file is not None:
                        found[name] = log_file
        return list(found.values())

    def unseen(self) -> list[str]:
        """A sentence for each entry that shows nothing now, for who wrote the setting. Reads folders."""
        return [
            sentence
            for text, entry in zip(self._setting, self._entries, strict=True)
            if (sentence := self._unseen(text, entry)) is not None
        ]

    def _unseen(self, text: str, entry: Entry) -> str | None:
        if entry.single is None:
            return None if next(entry.found(), None) is not None else f"{text}: nothing there can be shown at the moment."
        path = os.path.join(entry.base, entry.single)
        if not os.path.exists(path):
            return f"{text} does not exist yet."
        if not self.admits(os.path.realpath(path)):
            return f"{text} is a link to {os.path.realpath(path)}, which must be among the log files itself."
        return None if os.path.isfile(path) else f"{text} is no file."

    def first(self) -> str:
        """The name of the default file, the first of the list. Raises `NotAllowed`. Reads folders, as `files` does."""
        listed = self.files()
        if not listed:
            raise NotAllowed
        return listed[0].name

    def path(self, name: str) -> str:
        """Where the file of this name is, links not resolved. Raises `NotAllowed`; says nothing of whether it exists."""
        if not _is_name(name):
            raise NotAllowed
        for entry in self._entries:
            if name.startswith(entry.label):
                path = os.path.join(entry.base, name[len(entry.label) :])
                if entry.relative(path) is not None:
                    return path
        raise NotAllowed

    def siblings(self, name: str, beside: rotated.Folders | None = None) -> list[Sibling]:
        """The rotated files of a log, newest first, by names that `open` takes. Reads its folder. Raises `NotAllowed`."""
        path = self.path(name)
        found = (beside or rotated.Folders()).of(path, os.path.dirname(name))
        return [sibling for sibling in found if self._may_be_opened(sibling.name)]

    def format(self, name: str) -> Format:
        """How the lines of this file are to be read."""
        return self._formats.of(name)

    def admits(self, path: str) -> bool:
        """Whether a file with this path, in which no link is left, may be shown."""
        return any(entry.relative(path) is not None for entry in self._entries)

    def open(self, name: str) -> int:
        """Open the file of this name for reading; returns a descriptor, which the caller closes.

        Raises `NotAllowed` for what may not be shown, or is no regular file; `FileNotFoundError` and other
        `OSError`s as they come.
        """
        real = os.path.realpath(self.path(name))
        if not self.admits(real):
            raise NotAllowed
        try:
            # A FIFO or a device must neither block us nor become our terminal; the real path holds no link.
            fd = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENXIO, errno.ENODEV):
                raise NotAllowed from None
            raise
        if not stat.S_ISREG(os.fstat(fd).st_mode) or not self.admits(path_of_open(fd, real)):
            os.close(fd)
            raise NotAllowed
        return fd

    def _may_be_opened(self, name: str) -> bool:
        try:
            real = os.path.realpath(self.path(name))
            return stat.S_ISREG(os.stat(real).st_mode) and self.admits(real)
        except OSError:
            return False

    def _look(self, name: str, entry: Entry, beside: rotated.Folders) -> LogFile | None:
        try:
            real = os.path.realpath(self.path(name))
            status = os.stat(real)
        except FileNotFoundError:
            return LogFile(name, None, None, tuple(self.siblings(name, beside))) if entry.single else None
        except OSError:
            return None
        if not stat.S_ISREG(status.st_mode) or not self.admits(real):
            return None
        return LogFile(name, status.st_size, status.st_mtime, tuple(self.siblings(name, beside)))


def _is_name(name: str) -> bool:
    """Whether this can be the name of a file of the list: nothing that leads elsewhere, nothing that no page could send."""
    if len(name) > MAX_NAME_CHARS or _UNSPEAKABLE.search(name):
        return False
    parts = name.split("/")
    return len(parts) <= MAX_PARTS and not any(part in ("", ".", "..") for part in parts)


def path_of_open(fd: int, real: str) -> str:
    """The path of what was opened: a folder on the way may have become a link between the check and the opening."""
    try:
        return os.readlink(f"/proc/self/fd/{fd}").removesuffix(" (deleted)")
    except OSError:  # no /proc on this system: look once more by name
        again = os.path.realpath(real)
        return again if os.path.samestat(os.fstat(fd), os.stat(again)) else ""
