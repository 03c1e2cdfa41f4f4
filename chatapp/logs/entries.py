"""The entries of the setting `CHATAPP_LOGS`, each a file, a folder or a glob: what it admits, and what is to be found of it.

`logs.files` asks, and opens what may be seen. A path is taken as it is here; links are for `logs.files` to resolve.
"""

import dataclasses
import fnmatch
import glob
import os
import re
from collections.abc import Iterator
from pathlib import Path

from chatapp.logs import siblings as rotated

#: A folder or glob is looked through so deep; what it admits is not limited by this.
MAX_DEPTH = 8
#: A folder or glob looks at no more than so many entries to make its list.
MAX_VISITED = 20_000
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
#: No part of a path is longer (Linux), in characters.
MAX_PART_CHARS = 255

_SECRET = re.compile("|".join(map(fnmatch.translate, SECRET_NAMES)))
# What editors, packers and people put behind the name of a file that they keep: server.key.bak.1, tls.key~, #a.pem#.
_SPARE = re.compile(
    r"(?:[~#]|[-._](?:bak|backup|save|saved|orig|old|prev|copy|tmp|new|dpkg-[a-z]+|rpm(?:save|new|orig))|[-._][0-9][0-9T:._-]*"
    rf"|{'|'.join(map(re.escape, rotated.COMPRESSED))})\Z"
)


@dataclasses.dataclass(frozen=True)
class Entry:
    """One entry of the setting: a folder to look in, and a pattern for each part of the paths that may be seen of it."""

    base: str
    pattern: tuple[str, ...]
    #: For a single file its name; it is listed even while it does not exist.
    single: str | None = None
    #: What its names begin with.
    label: str = ""

    @property
    def is_folder_now(self) -> bool:
        """Whether there is a folder by now where a single file was meant."""
        return self.single is not None and os.path.isdir(os.path.join(self.base, self.single))

    def found(self) -> Iterator[str]:
        """Relative paths of what it admits, hidden folders left out. Reads folders."""
        return _walk(self)

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
        # A glob may be the very name of a file, too.
        return relative == "/".join(self.pattern) or _matches(tuple(relative.split("/")), self.pattern)


def entries(texts: tuple[str, ...]) -> list[Entry]:
    """The entries of a setting, in order, with labels that tell their names apart."""
    made = [_entry(os.path.abspath(os.path.expanduser(text)), text.endswith("/")) for text in texts]
    labels = _labels([entry.base for entry in made])
    return [dataclasses.replace(entry, label=labels[entry.base]) for entry in made]


def _entry(path: str, is_folder: bool) -> Entry:
    if os.path.isdir(path) or (is_folder and not glob.has_magic(path)):
        return Entry(path, ("**", "*"))
    if glob.has_magic(path):
        base = Path(path)
        while glob.has_magic(str(base)):
            base = base.parent
        parts = tuple(os.path.relpath(path, base).split("/"))
        return Entry(str(base), (*parts, "*") if parts[-1] == "**" else parts)
    name = os.path.basename(path)
    return Entry(os.path.dirname(path), (name,), name)


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


def _walk(entry: Entry) -> Iterator[str]:
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
            if not name.endswith(rotated.COMPRESSED) and entry.relative(os.path.join(entry.base, relative)) is not None:
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


def _is_secret(relative: str) -> bool:
    parts = relative.split("/")
    return any(part.startswith(".") for part in parts) or _names_a_secret(parts[-1].lower())


def _names_a_secret(name: str) -> bool:
    """Whether this is what a key is called, maybe one that was kept, packed or rotated: tls.key.bak.1.gz."""
    if len(name) > MAX_PART_CHARS:
        return True
    if any(_SECRET.match(log) for log in rotated.logs_of(name)):
        return True
    name = name.lstrip("#")
    while not _SECRET.match(name):
        spare = _SPARE.search(name)
        if not spare:
            return False
        name = name[: spare.start()]
    return True
