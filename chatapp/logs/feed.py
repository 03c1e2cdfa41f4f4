"""Feed: one followed file and all who look at it.

Lines come from the file's tailer, on the tail greenlet, are blacked out once, encoded once for all viewers who want the
same, and handed to the hub. A viewer who comes, comes back, or falls behind reads the past from the file itself
(`logs.catchup`) until it meets the live end. Who begins and ends feeds is `logs.feeds`.
"""

import functools
import logging
import time
from collections.abc import Hashable
from typing import Any

import gevent

from chatapp.logs import wire
from chatapp.logs.catchup import ROOM_BYTES, TELL_SECONDS, CatchUp, batches, binary, ending, gap_after, past_of
from chatapp.logs.files import Catalog
from chatapp.logs.forms import Form
from chatapp.logs.generation import Bookmark, Source
from chatapp.logs.known import Known
from chatapp.logs.lines import Block, Line
from chatapp.logs.redact import CONTEXT_BYTES, Redactor
from chatapp.logs.rotated import Surroundings
from chatapp.logs.states import GONE_PLACE, State
from chatapp.logs.tailer import Tailer
from chatapp.logs.watch import Watcher
from chatapp.realtime import counts, frames
from chatapp.realtime.connection import Connection
from chatapp.realtime.hub import Hub
from chatapp.realtime.threads import in_thread

#: What a viewer gets instead of a past that is no longer there.
TAIL_AFTER_GAP = wire.Tail(1000)

_log = logging.getLogger(__name__)


class Viewer:
    """One connection that looks at one file."""

    def __init__(self, connection: Connection, form: Form, begin: wire.Begin) -> None:
        self.connection = connection
        self.form = form
        self.begin = begin
        #: True while the hub delivers to it; otherwise it waits for the file, or `reading` reads the past for it.
        self.live = False
        self.reading: gevent.Greenlet | None = None


class Feed:
    """The listener of one tailer, and the viewers of its file."""

    def __init__(
        self,
        name: str,
        catalog: Catalog,
        watcher: Watcher,
        hub: Hub,
        redactor: Redactor,
        known: Known,
        mark: Bookmark | None,
    ) -> None:
        self.name = name
        self.redactor = redactor
        self._hub = hub
        self._known = known
        self._blackout = redactor.stream()
        path, told = catalog.path(name), catalog.format(name)
        self._watch = watcher.watch(path)
        surroundings = Surroundings(path, catalog.admits, told)
        self.tailer = Tailer(lambda: Source(catalog.open(name), told=told), surroundings, self._watch, self, mark, known)
        self._viewers: dict[Connection, Viewer] = {}
        self._told_at: dict[Form, float] = {}  # for each form of live viewers, when lines were told
        self._tailing = gevent.spawn(self.tailer.run)

    @property
    def idle(self) -> bool:
        """Whether nobody looks."""
        return not self._viewers

    @property
    def viewers(self) -> int:
        """How many look."""
        return len(self._viewers)

    @property
    def _live(self) -> int:
        return sum(viewer.live for viewer in self._viewers.values())

    @property
    def has_opened(self) -> bool:
        """Whether there was a file to follow."""
        return self.tailer.source is not None

    def close(self) -> Bookmark | None:
        """Stop following; returns what to remember."""
        self._tailing.kill()
        del self._tailing  # or what it has read would be held by its own traceback
        self._watch.close()
        mark = self.tailer.bookmark()
        self.tailer.let_go()
        return mark

    # Viewers come, change and go.

    def add(self, connection: Connection, form: Form, begin: wire.Begin) -> None:
        """Show the file to `connection`, from `begin` on. Who looks already begins anew."""
        self.remove(connection)
        viewer = self._viewers[connection] = Viewer(connection, form, begin)
        if self.tailer.source is not None:
            viewer.reading = gevent.spawn(self._catch_up, viewer)
        elif self.tailer.state.kind != "starting":
            self._tell_state(viewer)

    def reform(self, connection: Connection, form: Form) -> None:
        """From now on tell `connection` in another form (another filter)."""
        viewer = self._viewers.get(connection)
        if viewer is None:
            return
        was_live = viewer.live
        if was_live:
            self._leave(viewer)
        viewer.form = form
        if was_live:
            self._join(viewer)

    def remove(self, connection: Connection) -> None:
        """`connection` looks no longer."""
        viewer = self._viewers.pop(connection, None)
        if viewer is None:
            return
        if viewer.reading is not None:
            viewer.reading.kill(block=False)
            viewer.reading = None  # or what it has read would be held by its own traceback
        self._leave(viewer)

    def has(self, viewer: Viewer) -> bool:
        """Whether this viewer still looks."""
        return self._viewers.get(viewer.connection) is viewer

    def go_live(self, viewer: Viewer) -> None:
        """From now on the hub delivers to it what comes."""
        viewer.reading = None
        self._join(viewer)
        if self.tailer.state.kind != "opened":
            self._tell_state(viewer)
        if self.tailer.source is not None and self.tailer.half is not None:
            viewer.connection.write(self._half(viewer.form, self.tailer.source, self.tailer.half))

    def _join(self, viewer: Viewer) -> None:
        viewer.live = True
        self._told_at.setdefault(viewer.form, 0.0)
        self._hub.join(self._audience(viewer.form), viewer.connection)

    def _leave(self, viewer: Viewer) -> None:
        viewer.live = False
        self._hub.leave(self._audience(viewer.form), viewer.connection)
        forms = {other.form for other in self._viewers.values() if other.live}
        self._told_at = {form: at for form, at in self._told_at.items() if form in forms}

    def _audience(self, form: Form) -> Hashable:
        return ("log", self.name, form)

    # What the tailer tells. On the tail greenlet; none of it waits.

    def began(self, source: Source, offset: int) -> None:
        """Another generation: nothing of the one before matters for what is blacked out."""
        self._blackout = self.redactor.stream(source.context(offset, CONTEXT_BYTES))

    def lines(self, source: Source, block: Block, unfinished: bool = False) -> None:
        """New lines: encode them once for each form, hand them to the hub."""
        counts.LINES.one.value += len(block)
        now = time.monotonic()
        for batch in batches(source, self._blackout.blacked(block), self.tailer.position, unfinished):
            for form in list(self._told_at):
                frame = form.lines(batch, now - self._told_at[form] >= TELL_SECONDS)
                if frame:
                    self._told_at[form] = now
                    self._deliver(form, frame, source, batch.block.offset)

    def half(self, source: Source, line: Line) -> None:
        """The half line at the end. Whose outbox is full does without."""
        for form in list(self._told_at):
            self._hub.deliver(self._audience(form), functools.partial(self._half, form, source, line))

    def _half(self, form: Form, source: Source, line: Line) -> bytes:
        return form.half(source.name, (line[0], self._blackout.partial(line[1])))

    def changed(self, state: State) -> None:
        """The file vanished or came back (tell those who look), or was opened (begin with those who wait)."""
        for viewer in list(self._viewers.values()):
            if viewer.reading is not None:
                continue  # it is told when it has caught up
            if viewer.live or state.kind != "opened":
                self._tell_state(viewer)
                continue
            if self.tailer.position == 0 and not isinstance(viewer.begin, wire.Resume):
                viewer.begin = wire.START  # the file appeared: nothing of it is left out
            viewer.reading = gevent.spawn(self._catch_up, viewer)

    def ended(self, source: Source) -> None:
        """One generation is complete; the next one follows."""
        for form in list(self._told_at):
            self._deliver(form, ending(form, source), source, source.end or 0)
        if gap_after(source):
            counts.GAPS.one.value += self._live

    def noticed(self, kind: str, generation: str, message: str, **more: Any) -> None:
        """Something worth a word. Whose outbox is full does without."""
        if kind == "gap":
            counts.GAPS.one.value += self._live
        for form in list(self._told_at):
            self._hub.deliver(self._audience(form), functools.partial(form.notice, kind, generation, message, **more))

    def _deliver(self, form: Form, frame: bytes, source: Source, offset: int) -> None:
        """Hand a frame to all live viewers of a form. Whose outbox is full reads on from the file, at its own pace."""
        for connection in self._hub.deliver(self._audience(form), lambda: frame):
            viewer = self._viewers[connection]
            self._leave(viewer)
            viewer.reading = gevent.spawn(self._catch_up, viewer, (source, offset))

    def _tell_state(self, viewer: Viewer) -> None:
        state, source = self.tailer.state, self.tailer.source
        if state.kind == "opened" and source is not None:
            viewer.connection.write(self._opened(viewer, source, self.tailer.position))
        else:
            viewer.connection.write(viewer.form.notice(state.kind, source.name if source else None, state.message))

    def _opened(self, viewer: Viewer, source: Source, offset: int) -> bytes:
        more = {
            "offset": offset,
            "size": source.size(),
            "how": self._watch.how,
            "encoding": source.format.encoding or "utf-8",
        }
        return viewer.form.notice("opened", source.name, "The file is followed.", **more)

    # The past, for one viewer at a time. Owned by a greenlet that lives until the viewer has met the live end.

    def _catch_up(self, viewer: Viewer, position: tuple[Source, int] | None = None) -> None:
        """Bring a viewer to the live end, from `position` or from where it wants to begin."""
        was_live = position is not None
        try:
            if position is None:
                position = self._position_of(viewer)
                opened = self._opened(viewer, *position) + binary(viewer.form, position[0])
                viewer.connection.write_waiting(opened, ROOM_BYTES)
            CatchUp(self, viewer, *position, was_live).run()
        except Exception:
            _log.exception("the past of %s can't be told", self.name)
            viewer.connection.end(frames.SERVER_ERROR)

    def _position_of(self, viewer: Viewer) -> tuple[Source, int]:
        """The source and the offset where a viewer begins."""
        begin, tailer = viewer.begin, self.tailer
        assert tailer.source is not None
        if begin == wire.START:
            return tailer.source, 0
        if isinstance(begin, wire.Resume):
            source = self._source_of(begin.generation, begin.offset)
            counts.RESUMES["logs answered" if source is not None else "logs refused"].value += 1
            if source is not None:
                return source, begin.offset
            counts.GAPS.one.value += 1
            gap = viewer.form.notice("gap", begin.generation, GONE_PLACE, offset=begin.offset)
            viewer.connection.write_waiting(gap, ROOM_BYTES)
            begin = TAIL_AFTER_GAP
        source = tailer.source
        return source, in_thread(source.start_of_last_lines, tailer.position, begin.count)

    def _source_of(self, generation: str, offset: int) -> Source | None:
        """The source that a position means: of those the tailer holds, or a rotated file, linked to those after it.

        None too if no line begins there: what is told is blacked out line by line, so nothing may begin within one.
        """
        tailer = self.tailer
        ended = tailer.ended.find(generation, offset)
        if ended is not None:
            return ended if _may_begin(ended, offset, ended.end or 0) else None
        source = tailer.source
        assert source is not None
        if source.name == generation or source.was(generation, offset, self._known):
            return source if _may_begin(source, offset, tailer.position) else None
        return in_thread(past_of, generation, offset, tailer.surroundings, tailer, self._known)


def _may_begin(source: Source, offset: int, told: int) -> bool:
    """Whether lines can be told from here on, of a source that was told up to `told`. What is lost can't be asked."""
    return offset == told or (offset < told and (source.lost or source.is_start_of_line(offset)))
