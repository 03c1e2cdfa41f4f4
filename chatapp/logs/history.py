"""Which file a request for the past means: a name of the list and a generation, to an open `Source`.

Names and generations come from `web.log_pages` and its like; sources go to `logs.past`, `logs.search` and `logs.outgoing`.
Everything is opened by `Catalog.open`. What the live viewers see keeps the name that they were told; else a generation gets
a name that the file alone decides (device, inode, first bytes), so it is the same tomorrow. A generation is found again when
its file was renamed, packed or copied meanwhile.
"""

import dataclasses
import os
from collections import OrderedDict

from chatapp.logs.feeds import Feeds
from chatapp.logs.files import Catalog, LogFile
from chatapp.logs.generation import Source, digest
from chatapp.logs.packed import GZIP, HEAD_BYTES, OTHERWISE, Packed
from chatapp.logs.siblings import Sibling
from chatapp.realtime.threads import ThreadLock, in_thread

#: Unpackers that are kept, with what they learned of their file.
MAX_PACKED = 4
#: Of so many rotated files the generation is remembered.
MAX_REMEMBERED = 10_000
#: In place of the run of the server and the number, in names that the file alone decides.
_OF_FILE = "00000000-0"


class PackedOtherwise(Exception):
    """It is packed in a way that is not read here; the text is a sentence."""

    def __init__(self) -> None:
        super().__init__("This file is packed in a way that is not read here (gzip is). To see it, unpack it beside itself.")


class Gone(LookupError):
    """This generation is no longer there; the text is a sentence."""

    def __init__(self) -> None:
        super().__init__("This part of the past is gone: the file was rotated away or cut, and no copy of it is beside it.")


@dataclasses.dataclass(frozen=True)
class Opened:
    """A source, the name of its file in the list, and whether it is the one that may still grow."""

    source: Source
    file: str
    grows: bool
    #: The name of its generation by which it was asked for. Not written into the source: others may read that too.
    asked: str = ""

    @property
    def generation(self) -> str:
        return self.asked or self.source.name

    def end(self) -> int:
        """Where what can be shown ends: behind the last whole line, in a file that may grow."""
        if self.source.end is not None:
            return self.source.end
        size = self.source.size()
        return self.source.start_of_last_line(size) if self.grows else size


class History:
    """Opens the past of the files in the list."""

    def __init__(self, catalog: Catalog, feeds: Feeds) -> None:
        self._catalog = catalog
        self._feeds = feeds
        self.known = feeds.known
        # Requests come here from several threads at a time.
        self._lock = ThreadLock()
        self._packed: OrderedDict[tuple[int, int, int, int], Packed] = OrderedDict()
        self._generations: OrderedDict[tuple[str, int, float], str] = OrderedDict()

    def files(self) -> list[LogFile]:
        """The list, with the generations of the rotated files. Reads folders and files: call it in the thread pool."""
        with self._lock:
            self._let_go()
        return [
            dataclasses.replace(file, siblings=tuple(self._named(sibling) for sibling in file.siblings))
            for file in self._catalog.files()
        ]

    def open(self, name: str, generation: str | None, offset: int = 0) -> Opened:
        """What a request means. Waits in a thread. Raises `NotAllowed`, `Gone`, `FileNotFoundError` and other `OSError`s."""
        current = self._feeds.current(name)
        held = self._feeds.held(name, generation, offset) if generation else None
        return in_thread(self._find, name, generation, offset, current, held)

    def with_siblings(self, name: str) -> list[Opened]:
        """A file and its rotated files, newest first. As `open`."""
        first = self.open(name, None)
        return [first, *in_thread(self._siblings, name)]

    def current(self, name: str) -> Source | None:
        """What the live viewers of this file see, if there are any: `beside` wants it."""
        return self._feeds.current(name)

    def beside(self, name: str, opened: Opened, current: Source | None) -> tuple[Opened | None, Opened | None]:
        """The files before and after an opened one, among a log and its rotated files. Call it in a thread.

        Generations are told under several names (by the live viewers' reader, by the list), so who reads on from the
        edge of one can't find this out by comparing names.
        """
        try:
            files = [self._find(name, None, 0, current, None)]
        except FileNotFoundError:
            files = []
        has_current = bool(files)
        files += self._siblings(name)  # newest first
        at = self._place_among(files, has_current, opened)
        if at is None:
            return None, None
        return files[at + 1] if at + 1 < len(files) else None, files[at - 1] if at > 0 else None

    def _place_among(self, files: list[Opened], has_current: bool, opened: Opened) -> int | None:
        for at, each in enumerate(files):
            # One that was cut in place has the inode of what followed it.
            is_cut = has_current and at == 0 and each.generation != opened.generation
            if each.source.identity == opened.source.identity and not is_cut:
                return at
        # It was packed or copied, and the original is gone.
        for at, each in enumerate(files):
            is_current = has_current and at == 0
            if not is_current and each.source.is_of(opened.generation, 0, self.known, moved=True):
                return at
        return None

    def _siblings(self, name: str) -> list[Opened]:
        found = []
        for sibling in self._catalog.siblings(name):
            try:
                found.append(Opened(self._source(sibling.name), sibling.name, False))
            except (OSError, PackedOtherwise):
                pass  # rotated on this very moment, or not readable
        return found

    def _find(self, name: str, generation: str | None, offset: int, current: Source | None, held: Source | None) -> Opened:
        try:
            here = self._source(name)
        except FileNotFoundError:
            if generation is None:
                raise
            here = None
        if here is not None:
            is_ours = current is not None and current.identity == here.identity and not isinstance(here, Packed)
            if is_ours and current is not None and current.begins_as_before():
                here.name, here.start = current.name, current.start
            if generation is None or here.name == generation:
                return Opened(here, name, not isinstance(here, Packed))
        assert generation is not None
        if held is not None:
            return Opened(held, name, False)
        # Of this run of the server names are compared: what the live viewers see would have that name.
        is_told = current is not None and _run(generation) == _run(current.name)
        if here is not None and not is_told and here.is_of(generation, offset, self.known):
            return Opened(here, name, not isinstance(here, Packed), generation)
        opened = self._find_sibling(name, generation, offset)
        if opened is None:
            raise Gone
        return opened

    def _find_sibling(self, name: str, generation: str, offset: int) -> Opened | None:
        siblings = self._siblings(name)
        for moved in (False, True):  # one that was packed or copied has another inode
            for opened in siblings:
                source = opened.source
                if source.name == generation or source.is_of(generation, offset, self.known, moved):
                    return dataclasses.replace(opened, file=name, asked=generation)
        return None

    def _source(self, name: str) -> Source:
        fd, told = self._catalog.open(name), self._catalog.format(name)
        head = os.pread(fd, HEAD_BYTES, 0)
        if head.startswith(OTHERWISE):
            os.close(fd)  # what is in it could not be blacked out
            raise PackedOtherwise
        if not head.startswith(GZIP):
            return _named_by_itself(Source(fd, "-", told))
        status = os.fstat(fd)
        key = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
        with self._lock:
            kept = self._packed.get(key)
            if kept is not None:
                os.close(fd)
                self._packed.move_to_end(key)
                return kept
            self._let_go()
            new = self._packed[key] = Packed(fd, "-", told)
            _named_by_itself(new)
            if len(self._packed) > MAX_PACKED:
                self._packed.popitem(last=False)
            return new

    def _let_go(self) -> None:
        """Close what was deleted meanwhile: as long as it is open it takes its place on the disk. With the lock."""
        for key in [key for key, packed in self._packed.items() if not packed.links]:
            del self._packed[key]

    def _named(self, sibling: Sibling) -> Sibling:
        key = (sibling.name, sibling.size, sibling.modified)
        generation = self._generations.get(key)
        if generation is None:
            try:
                generation = self._source(sibling.name).name
            except (OSError, PackedOtherwise):
                generation = ""
            with self._lock:
                self._generations[key] = generation
                if len(self._generations) > MAX_REMEMBERED:
                    self._generations.popitem(last=False)
        return dataclasses.replace(sibling, generation=generation)


def _named_by_itself(source: Source) -> Source:
    device, inode = source.identity
    source.name = f"{device:x}-{inode:x}-{len(source.beginning)}-{digest(source.beginning)}-{_OF_FILE}"
    return source


def _run(generation: str) -> str:
    return generation.split("-")[4] if generation.count("-") == 5 else ""
