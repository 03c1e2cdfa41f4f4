"""Feed: one followed file and all who look at it.

Lines come from the file's tailer, on the tail greenlet, are encoded once for all viewers who want the same, and
handed to the hub. A viewer who comes, comes back, or falls behind reads the past from the file itself, in a greenlet
of its own and as fast as it can take it, until it meets the live end: so a slow viewer costs no memory, loses no
line and holds up nobody. `Feeds` starts a feed with its first viewer and ends it some time after the last.
"""

import collections
import functools
import logging
from collections.abc import Hashable, Iterator
from typing import Any, Protocol

import gevent

from chatapp.logs import reader, wire
from chatapp.logs.files import Catalog
from chatapp.logs.lines import Line, LineSplitter
from chatapp.logs.tailer import READ_BYTES, Bookmark, Source, State, Tailer
from chatapp.logs.watch import Watcher
from chatapp.realtime import frames
from chatapp.realtime.connection import Connection
from chatapp.realtime.hub import Hub
from chatapp.realtime.threads import in_thread

#: A viewer that catches up gets more once no more than this is waiting for it, in bytes.
CATCH_UP_ROOM_BYTES = 65_536
#: At most so many lines go into one message.
MAX_LINES = 1000
#: Of so many files it is remembered how far they were told.
REMEMBERED_FILES = 1000
#: A feed without viewers is kept for so long, for those who come right back (seconds).
IDLE_SECONDS = 30.0
#: How long a reader of the past waits for the tailer to notice what it noticed itself (seconds).
NOTICE_SECONDS = 0.05
#: What a viewer gets instead of a past that is no longer there.
TAIL_AFTER_GAP = wire.Tail(1000)

_log = logging.getLogger(__name__)


class Format(Protocol):
    """How a viewer wants to be told; equal formats get the same bytes. An empty answer is not sent."""

    def lines(self, source: Source, lines: list[Line], following: int) -> bytes:
        """The frames for lines of `source`; `following` is the offset after the last."""

    def notice(self, kind: str, generation: str | None, message: str, **more: Any) -> bytes:
        """The frame for something that happened."""


class Viewer:
    """One connection that looks at one file."""

    def __init__(self, connection: Connection, form: Format, begin: wire.Begin) -> None:
        self.connection = connection
        self.form = form
        self.begin = begin
        #: True while the hub delivers to it; otherwise it waits for the file, or `reading` reads the past for it.
        self.live = False
        self.reading: gevent.Greenlet | None = None


class Feed:
    """The listener of one tailer, and the viewers of its file."""

    def __init__(self, name: str, catalog: Catalog, watcher: Watcher, hub: Hub, bookmark: Bookmark | None) -> None:
        self.name = name
        self._hub = hub
        self._watch = watcher.watch(catalog.path(name))
        self._tailer = Tailer(functools.partial(catalog.open, name), catalog.path(name), self._watch, self, bookmark)
        self._viewers: dict[Connection, Viewer] = {}
        self._forms: set[Format] = set()  # those of live viewers
        self._tailing = gevent.spawn(self._tailer.run)

    @property
    def idle(self) -> bool:
        """Whether nobody looks."""
        return not self._viewers

    @property
    def has_opened(self) -> bool:
        """Whether there was a file to follow."""
        return self._tailer.source is not None

    def close(self) -> Bookmark | None:
        """Stop following; returns what to remember."""
        self._tailing.kill()
        self._watch.close()
        return self._tailer.bookmark()

    # Viewers come, change and go.

    def add(self, connection: Connection, form: Format, begin: wire.Begin) -> None:
        """Show the file to `connection`, from `begin` on. Who looks already begins anew."""
        self.remove(connection)
        viewer = self._viewers[connection] = Viewer(connection, form, begin)
        if self._tailer.source is not None:
            viewer.reading = gevent.spawn(self._catch_up, viewer)
        elif self._tailer.state.kind != "starting":
            self._tell_state(viewer)

    def reform(self, connection: Connection, form: Format) -> None:
        """From now on tell `connection` in another form (another filter)."""
        viewer = self._viewers.get(connection)
        if viewer is None:
            return
        if viewer.live:
            self._leave(viewer)
            viewer.form = form
            self._go_live(viewer)
        viewer.form = form

    def remove(self, connection: Connection) -> None:
        """`connection` looks no longer."""
        viewer = self._viewers.pop(connection, None)
        if viewer is None:
            return
        if viewer.reading is not None:
            viewer.reading.kill(block=False)
        self._leave(viewer)

    def _go_live(self, viewer: Viewer) -> None:
        viewer.live = True
        self._forms.add(viewer.form)
        self._hub.join(self._audience(viewer.form), viewer.connection)

    def _leave(self, viewer: Viewer) -> None:
        viewer.live = False
        self._hub.leave(self._audience(viewer.form), viewer.connection)
        self._forms = {other.form for other in self._viewers.values() if other.live}

    def _audience(self, form: Format) -> Hashable:
        return ("log", self.name, form)

    # What the tailer tells. On the tail greenlet; none of it waits.

    def lines(self, source: Source, lines: list[Line]) -> None:
        """New lines: encode them once for each form, hand them to the hub."""
        for piece, following in _pieces(lines, self._tailer.position):
            for form in list(self._forms):
                slow = self._hub.deliver(self._audience(form), functools.partial(form.lines, source, piece, following))
                self._fall_behind(slow, source, piece[0][0])

    def changed(self, state: State) -> None:
        """The file vanished or came back (tell those who look), or was opened (begin with those who wait)."""
        for viewer in list(self._viewers.values()):
            if viewer.reading is not None:
                continue  # it is told when it has caught up
            if viewer.live or state.kind != "opened":
                self._tell_state(viewer)
                continue
            if self._tailer.position == 0 and not isinstance(viewer.begin, wire.Resume):
                viewer.begin = wire.START  # the file appeared: nothing of it is left out
            viewer.reading = gevent.spawn(self._catch_up, viewer)

    def ended(self, source: Source) -> None:
        """One generation is complete; the next one follows."""
        for form in list(self._forms):
            slow = self._hub.deliver(self._audience(form), functools.partial(_ending, form, source))
            self._fall_behind(slow, source, source.end or 0)

    def _fall_behind(self, connections: list[Connection], source: Source, offset: int) -> None:
        """Whose outbox is full goes on reading from the file, at its own pace."""
        for connection in connections:
            viewer = self._viewers[connection]
            self._leave(viewer)
            viewer.reading = gevent.spawn(self._catch_up, viewer, (source, offset))

    def _tell_state(self, viewer: Viewer) -> None:
        state, source = self._tailer.state, self._tailer.source
        if state.kind == "opened" and source is not None:
            viewer.connection.write(self._opened(viewer, source, self._tailer.position))
        else:
            viewer.connection.write(viewer.form.notice(state.kind, source.name if source else None, state.message))

    def _opened(self, viewer: Viewer, source: Source, offset: int) -> bytes:
        return viewer.form.notice(
            "opened", source.name, "The file is followed.", offset=offset, size=source.size(), how=self._watch.how
        )

    # The past, for one viewer at a time. Owned by a greenlet that lives until the viewer has met the live end.

    def _catch_up(self, viewer: Viewer, position: tuple[Source, int] | None = None) -> None:
        """Bring a viewer to the live end, from `position` or from where it wants to begin."""
        try:
            if position is None:
                position = self._position_of(viewer)
                viewer.connection.write_waiting(self._opened(viewer, *position), CATCH_UP_ROOM_BYTES)
            self._read_past(viewer, *position)
        except Exception:
            _log.exception("the past of %s can't be told", self.name)
            viewer.connection.end(frames.SERVER_ERROR)

    def _position_of(self, viewer: Viewer) -> tuple[Source, int]:
        """The source and the offset where a viewer begins."""
        begin, source = viewer.begin, self._tailer.source
        assert source is not None
        if begin == wire.START:
            return source, 0
        if isinstance(begin, wire.Resume):
            previous = self._tailer.previous
            if previous is not None and previous.name == begin.generation:
                return previous, begin.offset
            if source.name == begin.generation or source.was(begin.generation, begin.offset):
                return source, begin.offset
            gap = viewer.form.notice(
                "gap", begin.generation, "The place where you were is gone; these are the newest lines.", offset=begin.offset
            )
            viewer.connection.write_waiting(gap, CATCH_UP_ROOM_BYTES)
            begin = TAIL_AFTER_GAP
        position = self._tailer.position
        offset = in_thread(reader.start_of_last_lines, source.fd, position, begin.count)
        return source, offset

    def _read_past(self, viewer: Viewer, source: Source, offset: int) -> None:
        """Send what lies between (source, offset) and the live end, then go live."""
        splitter = LineSplitter(offset)
        while self._viewers.get(viewer.connection) is viewer:  # it may have gone while something here waited
            if source.end is None and splitter.end >= self._tailer.position:
                # Nothing waits between this look and going live, so no line falls in between and none comes twice.
                viewer.reading = None
                self._go_live(viewer)
                if self._tailer.state.kind != "opened":
                    self._tell_state(viewer)
                return
            end = self._tailer.position if source.end is None else source.end
            if splitter.end < end and source.ending != "truncated":
                data = in_thread(source.read, splitter.end, min(READ_BYTES, end - splitter.end))
                if not data:
                    gevent.sleep(NOTICE_SECONDS)  # truncated this very moment; the tailer will say so
                    continue
                told = self._send_lines(viewer, source, splitter.feed(data), splitter.offset)
            else:
                told = self._send_lines(viewer, source, splitter.flush(), splitter.offset)
                told = told and viewer.connection.write_waiting(_ending(viewer.form, source), CATCH_UP_ROOM_BYTES)
                assert source.next is not None
                source, splitter = source.next, LineSplitter(0)
            if not told:
                return

    def _send_lines(self, viewer: Viewer, source: Source, lines: list[Line], following: int) -> bool:
        for piece, after in _pieces(lines, following):
            if not viewer.connection.write_waiting(viewer.form.lines(source, piece, after), CATCH_UP_ROOM_BYTES):
                return False
        return True


def _pieces(lines: list[Line], following: int) -> Iterator[tuple[list[Line], int]]:
    """The lines in groups of a bounded size, each with the offset after its last: short ones grow when encoded."""
    for start in range(0, len(lines), MAX_LINES):
        end = start + MAX_LINES
        yield lines[start:end], lines[end][0] if end < len(lines) else following


def _ending(form: Format, source: Source) -> bytes:
    assert source.next is not None
    message = {
        "rotated": "Another file took the name; its lines follow from the first.",
        "truncated": "The file was cut; its lines follow from the first.",
    }[source.ending]
    return form.notice(source.ending, source.next.name, message, ended=source.name)


class Feeds:
    """The feeds of this process, by the name of the file."""

    def __init__(self, catalog: Catalog, watcher: Watcher, hub: Hub) -> None:
        self._catalog = catalog
        self._watcher = watcher
        self._hub = hub
        self._feeds: dict[str, Feed] = {}
        self._bookmarks: collections.OrderedDict[str, Bookmark] = collections.OrderedDict()

    @property
    def followed(self) -> int:
        """How many files are followed."""
        return len(self._feeds)

    def get(self, name: str) -> Feed:
        """The feed of a file, begun if need be. Raises `NotAllowed`. Add a viewer at once, before anything waits.

        Nothing in here may wait either: two who come together would each begin a feed.
        """
        feed = self._feeds.get(name)
        if feed is None:
            feed = self._feeds[name] = Feed(name, self._catalog, self._watcher, self._hub, self._bookmarks.get(name))
        return feed

    def leave(self, name: str, connection: Connection) -> None:
        """`connection` looks at this file no longer; the feed ends if nobody comes for a while."""
        feed = self._feeds.get(name)
        if feed is not None:
            feed.remove(connection)
            if feed.idle and feed.has_opened:
                gevent.spawn_later(IDLE_SECONDS, self._end_if_idle, feed)
            elif feed.idle:
                self._end_if_idle(feed)  # there never was such a file

    def _end_if_idle(self, feed: Feed) -> None:
        if feed.idle and self._feeds.get(feed.name) is feed:
            del self._feeds[feed.name]
            bookmark = feed.close()
            if bookmark is not None:
                self._bookmarks[feed.name] = bookmark
                self._bookmarks.move_to_end(feed.name)
                if len(self._bookmarks) > REMEMBERED_FILES:
                    self._bookmarks.popitem(last=False)
