"""Waking up when a file may have changed: inotify, or looks by the clock.

`Watcher` owns the one inotify instance of the process and the greenlet that reads it; a `Watch` belongs to one
tailer, which waits on it. An event is only a hint: the tailer looks at the file, and looks every second anyway, so
that a lost hint costs a second and no line. Where there are no events (no inotify to be had, a network file system, a
limit that is reached) the same looks are made more often.
"""

import errno
import logging
import os

import gevent
from gevent.event import Event
from gevent.socket import wait
from inotify_simple import Event as InotifyEvent
from inotify_simple import INotify, flags, parse_events

from chatapp.logs import kernel

#: How often a file is looked at without inotify (seconds): at first, and once nothing has happened for a while.
POLL_SECONDS = 0.25
SLOW_POLL_SECONDS = 1.0
#: So many looks in vain make polling slow.
LOOKS_IN_VAIN = 20
#: How often it is looked at with inotify, in case a hint was lost (seconds).
SAFETY_SECONDS = 1.0
#: How much is read of waiting events at a time.
EVENT_BYTES = 65_536

_FILE_EVENTS = flags.MODIFY | flags.ATTRIB | flags.MOVE_SELF | flags.DELETE_SELF | flags.CLOSE_WRITE
_FOLDER_EVENTS = (
    flags.CREATE
    | flags.DELETE
    | flags.MOVED_FROM
    | flags.MOVED_TO
    | flags.DELETE_SELF
    | flags.MOVE_SELF
    | flags.ONLYDIR
    # A file that may not be read can't be watched itself: its folder tells when it may.
    | flags.ATTRIB
)
#: After these what is watched may be something else than what the name stands for.
_STALE = int(flags.IGNORED | flags.UNMOUNT | flags.DELETE_SELF | flags.MOVE_SELF | flags.Q_OVERFLOW)
# As numbers: a look at an enumeration takes longer than all else that is done with an event.
_Q_OVERFLOW, _IGNORED = int(flags.Q_OVERFLOW), int(flags.IGNORED)

_log = logging.getLogger(__name__)


class Watcher:
    """All watches of this process. `mode`: "auto" tries inotify, "poll" does not.

    Until `run` has begun, and without inotify, every watch polls.
    """

    def __init__(self, mode: str = "auto") -> None:
        self._mode = mode
        self._inotify: INotify | None = None
        self._watches: dict[int, set[Watch]] = {}
        self._warned: set[str] = set()

    def watch(self, path: str) -> "Watch":
        """A watch of the file called `path`, which need not exist."""
        return Watch(self, path)

    def run(self) -> None:
        """Owned by the inotify greenlet: turn events into wake-ups."""
        if self._mode == "auto":
            try:
                # This waits for a subprocess, which looks for the C library (inotify_simple 2.0): so it is done here,
                # and not where a feed is begun.
                self._inotify = INotify(nonblocking=True)
            except OSError as error:
                self.warn("inotify", f"inotify can't be had ({error.strerror})")
        if self._inotify is None:
            Event().wait()  # nothing to do, for ever
        assert self._inotify is not None
        readable = gevent.get_hub().loop.io(self._inotify.fileno(), 1)
        while True:
            wait(readable)
            # Not its own `read`: that polls first, and under gevent's patch a poll costs more than all the rest.
            for event in parse_events(os.read(self._inotify.fileno(), EVENT_BYTES)):
                self._take(event)

    def _take(self, event: InotifyEvent) -> None:
        if event.mask & _Q_OVERFLOW:
            _log.warning("too much happened at once for inotify: all files are looked at")
            for watch in {watch for watches in self._watches.values() for watch in watches}:
                watch.wake(stale=True)
        for watch in self._watches.get(event.wd, ()):
            if not event.name or event.name in watch.names:
                # An event of a folder that names our file: the name may stand for another file, which is to be watched.
                watch.wake(stale=bool(event.mask & _STALE or event.name))
        if event.mask & _IGNORED:
            self._watches.pop(event.wd, None)

    def add(self, watch: "Watch", path: str, events: int) -> int | None:
        """Watch a file or folder for `watch`; returns the watch descriptor, or None if that can't be had."""
        if self._inotify is None:
            return None
        kind = kernel.REMOTE.get(kernel.file_system(path))
        if kind is not None:
            self.warn(path, f"{path} lies on {kind}, which need not tell of changes")
            return None
        try:
            wd: int = self._inotify.add_watch(path, events)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.EACCES):
                self.warn(path, f"{path} can't be watched ({error.strerror})")
            return None
        self._watches.setdefault(wd, set()).add(watch)
        return wd

    def warn(self, what: str, sentence: str) -> None:
        """Say once that something is looked at by the clock."""
        if what not in self._warned:
            self._warned.add(what)
            _log.warning("%s: it is looked at %g times a second", sentence, 1 / POLL_SECONDS)

    def drop(self, watch: "Watch", wd: int) -> None:
        """`watch` needs this watch descriptor no longer."""
        watches = self._watches.get(wd)
        if watches is None:
            return
        watches.discard(watch)
        if not watches and self._inotify is not None:
            del self._watches[wd]
            try:
                self._inotify.rm_watch(wd)
            except OSError:
                pass  # the kernel had dropped it already, with the file


class Watch:
    """One file, watched by name: the file itself, its folder, and the folder of what it is a link to; and what is open."""

    def __init__(self, watcher: Watcher, path: str) -> None:
        self._watcher = watcher
        self._path = path
        self._held: set[int] = set()
        self._complete = False
        self._in_vain = 0
        self.names = {os.path.basename(path)}
        #: What is read at the moment, which may have lost the name: it is watched as well.
        self.fd: int | None = None
        self.changed = Event()
        #: Whether to arm again before the next look: what is watched may be gone or something else.
        self.stale = True

    @property
    def how(self) -> str:
        """How it is watched at the moment: "inotify" or "polling"."""
        return "inotify" if self._complete else "polling"

    def arm(self) -> None:
        """Watch what the name stands for now. Look at the file after this: what changed before gives no event."""
        real = os.path.realpath(self._path)
        self.names = {os.path.basename(self._path), os.path.basename(real)}
        folders = {os.path.dirname(self._path), os.path.dirname(real)}
        in_folders = [self._watcher.add(self, folder, _FOLDER_EVENTS) for folder in folders]
        on_file = self._watcher.add(self, real, _FILE_EVENTS)
        may_have_events = self.fd is not None and None not in in_folders
        on_open = self._watcher.add(self, f"/proc/self/fd/{self.fd}", _FILE_EVENTS) if may_have_events else None
        held = {wd for wd in [*in_folders, on_file, on_open] if wd is not None}
        for wd in self._held - held:
            self._watcher.drop(self, wd)
        self._held = held
        self._complete = None not in in_folders and (on_file is not None or not os.path.exists(real))
        self.stale = False

    def wake(self, stale: bool) -> None:
        """Something happened; `stale`: also to what is watched."""
        self.stale = self.stale or stale
        self.changed.set()

    def wait(self, most: float) -> None:
        """Wait until something may have changed, or until it is time for a look anyway: at most `most` seconds."""
        polling = POLL_SECONDS if self._in_vain < LOOKS_IN_VAIN else SLOW_POLL_SECONDS
        pause = SAFETY_SECONDS if self._complete else polling
        woken = self.changed.wait(min(most, pause))
        self.changed.clear()
        self._in_vain += 1
        if not woken:
            self.stale = True  # without an event nothing tells whether the right things are watched

    def found(self) -> None:
        """A look was not in vain: look often for a while."""
        self._in_vain = 0

    def close(self) -> None:
        """Watch nothing any more."""
        for wd in self._held:
            self._watcher.drop(self, wd)
        self._held = set()
