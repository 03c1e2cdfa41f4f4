"""Which log files may be seen: the allow-list, and the one door through which every endpoint opens them.

The entries of `CHATAPP_LOGS` come in; names that a page may show and ask for go out. A name is never a path: it
is looked up among the entries, links are resolved, the result is checked against the entries again, and what was
opened is checked once more, so a link swapped in between leads nowhere. Reading is left to `logs.tailer` and
`logs.reader`.
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

#: The same sentence for whatever is refused, so that nobody learns what exists.
REFUSAL = "This is not among the log files that may be shown here."
#: A folder or glob shows at most so many files, so deep; what it may show is not limited by this.
MAX_LISTED = 1000
MAX_DEPTH = 8
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
)
#: Not text: listed nowhere.
COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".zip", ".lz4")


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


@dataclasses.dataclass(frozen=True)
class _Entry:
    """One entry of the setting: a folder to look in and what may be seen of it, as a pattern of relative paths."""

    base: str
    admits: re.Pattern[str]
    #: For a single file its name; it is listed even while it does not exist.
    single: str | None = None

    def relative(self, path: str) -> str | None:
        """`path` relative to the base, if this entry admits it. The base's own links may be resolved or not."""
        for base in (self.base, os.path.realpath(self.base)):
            if path.startswith(base.rstrip("/") + "/"):
                relative = path[len(base.rstrip("/")) + 1 :]
                if self.admits.fullmatch(relative) and (self.single or not _is_secret(relative)):
                    return relative
        return None


class Catalog:
    """The files that may be shown, by name."""

    def __init__(self, entries: tuple[str, ...]) -> None:
        self._entries = [_entry(os.path.abspath(os.path.expanduser(text)), text.endswith("/")) for text in entries]
        bases = [entry.base for entry in self._entries]
        self._labels = _labels(bases)

    def files(self) -> list[LogFile]:
        """The list, in the order of the entries and of names. Reads folders: call it in the thread pool."""
        found: dict[str, LogFile] = {}
        for entry in self._entries:
            for relative in sorted(_walk(entry)):
                name = self._labels[entry.base] + relative
                if name not in found and len(found) < MAX_LISTED:
                    log_file = self._look(name, entry)
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
        if "\0" in name or any(part in ("", ".", "..") for part in name.split("/")):
            raise NotAllowed
        for entry in self._entries:
            label = self._labels[entry.base]
            if name.startswith(label):
                path = os.path.join(entry.base, name[len(label) :])
                if entry.relative(path) is not None:
                    return path
        raise NotAllowed

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
        if not stat.S_ISREG(os.fstat(fd).st_mode) or not self._admits(_path_of_open(fd, real)):
            os.close(fd)
            raise NotAllowed
        return fd

    def _admits(self, real: str) -> bool:
        return any(entry.relative(real) is not None for entry in self._entries)

    def _look(self, name: str, entry: _Entry) -> LogFile | None:
        try:
            real = os.path.realpath(self.path(name))
            status = os.stat(real)
        except FileNotFoundError:
            return LogFile(name, None, None) if entry.single else None
        except OSError:
            return None
        if not stat.S_ISREG(status.st_mode) or not self._admits(real):
            return None
        return LogFile(name, status.st_size, status.st_mtime)


def _path_of_open(fd: int, real: str) -> str:
    """The path of what was opened: a folder on the way may have become a link between the check and the opening."""
    try:
        return os.readlink(f"/proc/self/fd/{fd}").removesuffix(" (deleted)")
    except OSError:  # no /proc on this system: look once more by name
        again = os.path.realpath(real)
        return again if os.path.samestat(os.fstat(fd), os.stat(again)) else ""


def _is_secret(relative: str) -> bool:
    parts = relative.split("/")
    return any(part.startswith(".") for part in parts) or any(
        fnmatch.fnmatch(parts[-1].lower(), pattern) for pattern in SECRET_NAMES
    )


def _entry(path: str, is_folder: bool) -> _Entry:
    if glob.has_magic(path):
        base = Path(path)
        while glob.has_magic(str(base)):
            base = base.parent
        return _Entry(str(base), re.compile(_glob_pattern(os.path.relpath(path, base))))
    if is_folder or os.path.isdir(path):
        return _Entry(path, re.compile(r"(?s:.+)"))
    return _Entry(os.path.dirname(path), re.compile(re.escape(os.path.basename(path))), os.path.basename(path))


def _glob_pattern(pattern: str) -> str:
    """A regular expression for a relative glob: `*` and `?` stay within a folder, `**` goes through any number."""
    parts = []
    for part in pattern.split("/"):
        if part == "**":
            parts.append("(?:[^/]+/)*")
        else:
            parts.append(fnmatch.translate(part).replace(".*", "[^/]*").removeprefix("(?s:").removesuffix(")\\Z") + "/")
    return "".join(parts).removesuffix("/")


def _walk(entry: _Entry) -> Iterator[str]:
    """Relative paths of what an entry admits, hidden folders left out."""
    if entry.single is not None:
        yield entry.single
        return
    count = 0
    for folder, folders, names in os.walk(entry.base):
        depth = os.path.relpath(folder, entry.base).count("/")
        folders[:] = sorted(name for name in folders if not name.startswith(".") and depth < MAX_DEPTH)
        for name in sorted(names):
            relative = os.path.relpath(os.path.join(folder, name), entry.base)
            if not name.endswith(COMPRESSED) and entry.relative(os.path.join(entry.base, relative)) is not None:
                count += 1
                if count > MAX_LISTED:
                    return
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
