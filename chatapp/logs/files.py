"""Which log files may be seen: the allow-list, and the one door through which every endpoint opens them.

The entries of `CHATAPP_LOGS` come in; names that a page may show and ask for go out. A name is never a path: it
is looked up among the entries, links are resolved, the result is checked against the entries again, and what was
opened is checked once more, so a link swapped in between leads nowhere. The rotated files beside a log may be seen as
the log itself may. Reading is left to others (`logs.tailer`, `logs.history`).
"""

import dataclasses
import errno
import fnmatch
import glob
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from chatapp.logs import siblings as rotated
from chatapp.logs.formats import Formats
from chatapp.logs.lines import Format
from chatapp.logs.siblings import Sibling

#: The same sentence for whatever is refused, so that nobody learns what exists.
REFUSAL = "This is not among the log files that may be shown here."
#: A folder or glob shows at most so many files, so deep; what it may show is not limited by this.
MAX_LISTED = 1000
MAX_DEPTH = 8
#: A folder or glob looks at no more than so many entries to make its list.
MAX_VISITED = 20_000
#: The longest name, in characters (Linux: 4,096 bytes a path).
MAX_NAME_CHARS = 1024
MAX_PARTS = 64
#: Never shown, wherever they lie: keys and what usually holds passwords. Dot-files are refused as well.
SECRET_NAMES = (
    "*.key",
    "*.pem",
    "*.p12",
    "*.pfx",
    "*.jks",
    "*.keystore",
    "*.kdbx",
    "id_rsa*",
    "id_ed25519*",
    "id_ecdsa*",
    "shadow*",
    "*.sqlite*",
    "*.db",
    "*.db-*",
    "*.ppk",
    "*.keytab",
    "*.ovpn",
    "*.asc",
    "*.gpg",
    "id_dsa*",
    "htpasswd*",
    "*.htpasswd",
    "*.env",
    "credentials*",
    "*.tfstate*",
)
#: Not listed by themselves, but as rotated files of a log.
COMPRESSED = rotated.COMPRESSED

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


@dataclasses.dataclass(frozen=True)
class _Entry:
    """One entry of the setting: a folder to look in, and a pattern for each part of the paths that may be seen of it."""

    base: str
    pattern: tuple[str, ...]
    #: For a single file its name; it is listed even while it does not exist.
    single: str | None = None

    def relative(self, path: str) -> str | None:
        """`path` relative to the base, if this entry admits it. The base's own links may be resolved or not."""
        for base in (self.base, os.path.realpath(self.base)):
            if path.startswith(base.rstrip("/") + "/"):
                relative = path[len(base.rstrip("/")) + 1 :]
                if self._admits(relative):
                    return relative
        return None

    def _admits(self, relative: str) -> bool:
        if relative.endswith(rotated.UNREADABLE):
            return False
        if relative == self.single:
            return True
        if _is_secret(relative):
            return False
        return self._matches(relative) or any(self._matches(log) for log in rotated.logs_of(relative))

    def _matches(self, relative: str) -> bool:
        if self.single is not None:
            return relative == self.single
        return _matches(tuple(relative.split("/")), self.pattern)


class Catalog:
    """The files that may be shown, by name."""

    def __init__(self, entries: tuple[str, ...], formats: Formats | None = None) -> None:
        self._formats = formats or Formats()
        self._entries = [_entry(os.path.abspath(os.path.expanduser(text)), text.endswith("/")) for text in entries]
        bases = [entry.base for entry in self._entries]
        self._labels = _labels(bases)

    def files(self) -> list[LogFile]:
        """The list, in the order of the entries and of names. Reads folders: call it in the thread pool."""
        found: dict[str, LogFile] = {}
        beside = rotated.Folders()
        for entry in self._entries:
            for relative in sorted(_walk(entry)):
                name = self._labels[entry.base] + relative
                if name not in found and len(found) < MAX_LISTED and _is_name(name):
                    log_file = self._look(name, entry, beside)
                    if log_file is not None:
                        found[name] = log_file
        return list(found.values())

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
            label = self._labels[entry.base]
            if name.startswith(label):
                path = os.path.join(entry.base, name[len(label) :])
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
        return self._admits(path)

    def open(self, name: str) -> int:
        """Open the file of this name for reading; returns a descriptor, which the caller closes.

        Raises `NotAllowed` for what may not be shown, or is no regular file; `FileNotFoundError` and other
        `OSError`s as they come.
        """
        real = os.path.realpath(self.path(name))
        if not self._admits(real):
            raise NotAllowed
        try:
            # A FIFO or a device must neither block us nor become our terminal; the real path holds no link.
            fd = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENXIO, errno.ENODEV):
                raise NotAllowed from None
            raise
        if not stat.S_ISREG(os.fstat(fd).st_mode) or not self._admits(path_of_open(fd, real)):
            os.close(fd)
            raise NotAllowed
        return fd

    def _admits(self, real: str) -> bool:
        return any(entry.relative(real) is not None for entry in self._entries)

    def _may_be_opened(self, name: str) -> bool:
        try:
            real = os.path.realpath(self.path(name))
            return stat.S_ISREG(os.stat(real).st_mode) and self._admits(real)
        except OSError:
            return False

    def _look(self, name: str, entry: _Entry, beside: rotated.Folders) -> LogFile | None:
        try:
            real = os.path.realpath(self.path(name))
            status = os.stat(real)
        except FileNotFoundError:
            return LogFile(name, None, None, tuple(self.siblings(name, beside))) if entry.single else None
        except OSError:
            return None
        if not stat.S_ISREG(status.st_mode) or not self._admits(real):
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


def _is_secret(relative: str) -> bool:
    parts = relative.split("/")
    # Also a key that was packed or rotated: tls.key.1.gz.
    names = [parts[-1].lower(), *rotated.logs_of(parts[-1].lower())]
    return any(part.startswith(".") for part in parts) or any(
        fnmatch.fnmatch(name, pattern) for name in names for pattern in SECRET_NAMES
    )


def _entry(path: str, is_folder: bool) -> _Entry:
    if glob.has_magic(path):
        base = Path(path)
        while glob.has_magic(str(base)):
            base = base.parent
        parts = tuple(os.path.relpath(path, base).split("/"))
        return _Entry(str(base), (*parts, "*") if parts[-1] == "**" else parts)
    if is_folder or os.path.isdir(path):
        return _Entry(path, ("**", "*"))
    name = os.path.basename(path)
    return _Entry(os.path.dirname(path), (name,), name)


def _matches(parts: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    """Whether a path matches a glob, both in parts: `*` stays within a part, `**` stands for any number of folders."""
    # Which lengths of the path's beginning the pattern's beginning can stand for: no backtracking, whatever the name.
    reached = {0}
    for piece in pattern:
        if piece == "**":
            reached = set(range(min(reached), len(parts) + 1)) if reached else reached
        else:
            reached = {at + 1 for at in reached if at < len(parts) and fnmatch.fnmatchcase(parts[at], piece)}
    return len(parts) in reached


def _walk(entry: _Entry) -> Iterator[str]:
    """Relative paths of what an entry admits, hidden folders left out."""
    if entry.single is not None:
        yield entry.single
        return
    deep = "**" in entry.pattern
    visited = 0
    for folder, folders, names in os.walk(entry.base):
        inside = os.path.relpath(folder, entry.base)
        depth = 0 if inside == "." else inside.count("/") + 1
        most = MAX_DEPTH if deep else len(entry.pattern) - 1
        folders[:] = sorted(name for name in folders if not name.startswith(".") and depth < most)
        visited += len(names) + 1
        if visited > MAX_VISITED:
            return
        for name in sorted(names):
            relative = os.path.normpath(os.path.join(inside, name))
            if not name.endswith(COMPRESSED) and entry.relative(os.path.join(entry.base, relative)) is not None:
                yield relative


def _labels(bases: list[str]) -> dict[str, str]:
    """What names begin with, for each base: nothing if there is one base, else as much of its path as tells it apart.

    It depends on the setting alone, so a name stays what it is while files come and go.
    """
    distinct = sorted(set(bases))
    if len(distinct) == 1:
        return {distinct[0]: ""}
    labels = {}
    for base in distinct:
        parts = [part for part in base.split("/") if part] or ["root"]
        others = [[part for part in other.split("/") if part] for other in distinct if other != base]
        length = 1
        while length < len(parts) and any(other[-length:] == parts[-length:] for other in others):
            length += 1
        labels[base] = "/".join(parts[-length:]) + "/"
    return labels
