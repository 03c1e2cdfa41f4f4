"""Catching up: one viewer who comes, comes back or fell behind reads the past from the file, until it meets the live end.

A greenlet a viewer, for as long as that takes. Bytes come from the sources of the tailer, and from rotated files for a
position in one of them (`past_of`); frames go straight to the viewer's connection, as fast as it takes them. So a slow
viewer costs no memory and holds up nobody; one that is too far behind is told what it does not get.
"""

import itertools
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import gevent

from chatapp.logs.forms import Batch, Form
from chatapp.logs.generation import Source
from chatapp.logs.known import Known
from chatapp.logs.lines import Block, as_block
from chatapp.logs.reading import READ_BYTES
from chatapp.logs.redact import CONTEXT_BYTES
from chatapp.logs.rotated import Surroundings
from chatapp.logs.states import BINARY, CUT, DROPPED, ENDINGS, LOST, STALE, UNSEEN
from chatapp.logs.tailer import Tailer
from chatapp.realtime import counts
from chatapp.realtime.threads import in_thread

if TYPE_CHECKING:
    from chatapp.logs.feed import Feed, Viewer

#: A viewer that catches up gets more once no more than this is waiting for it, in bytes.
ROOM_BYTES = 65_536
#: At most so many lines go into one message.
MAX_LINES = 1000
#: How long a reader of the past waits for the tailer to notice what it noticed itself (seconds).
NOTICE_SECONDS = 0.05
#: A live viewer that is further behind than this loses the oldest batches, down to a half of it (bytes).
MAX_BEHIND_BYTES = 16_777_216
#: With a filter: how often a viewer is told how far was looked, while nothing passes (seconds).
TELL_SECONDS = 1.0


class CatchUp:
    """Reads for one viewer, from (source, offset) on. `was_live`: it fell behind, and may lose batches if it must."""

    def __init__(self, feed: "Feed", viewer: "Viewer", source: Source, offset: int, was_live: bool) -> None:
        self._feed = feed
        self._viewer = viewer
        self._was_live = was_live
        self._told_at = 0.0
        self._begin(source, offset)

    def _begin(self, source: Source, offset: int) -> None:
        self._source = source
        self._splitter = source.splitter(offset)
        self._blackout = self._feed.redactor.stream(source.context(offset, CONTEXT_BYTES))

    def run(self) -> None:
        """Send what lies between here and the live end, then go live."""
        feed, viewer, tailer = self._feed, self._viewer, self._feed.tailer
        while feed.has(viewer):  # it may have gone while something here waited
            source = self._source
            if source.end is None and self._splitter.end >= tailer.position:
                # Nothing waits between this look and going live, so no line falls in between and none comes twice.
                feed.go_live(viewer)
                return
            if self._was_live and viewer.form.drops and self._behind(tailer) > MAX_BEHIND_BYTES:
                told = self._drop(tailer)
            elif self._splitter.end < self._known_end(tailer) and not source.lost:
                told = self._send_more(tailer)
            else:
                told = self._finish()
            if not told:
                return

    def _known_end(self, tailer: Tailer) -> int:
        return tailer.position if self._source.end is None else self._source.end

    def _send_more(self, tailer: Tailer) -> bool:
        source = self._source
        data = in_thread(source.read, self._splitter.end, min(READ_BYTES, self._known_end(tailer) - self._splitter.end))
        if not data or (source.end is None and not source.begins_as_before()) or source.lost:
            gevent.sleep(NOTICE_SECONDS)  # cut or rewritten this very moment; the tailer will say so
            return True
        return self._send(self._splitter.block(data))

    def _send(self, block: Block | None, unfinished: bool = False) -> bool:
        if block is None:
            return True
        form = self._viewer.form
        for batch in batches(self._source, self._blackout.blacked(block), self._splitter.offset, unfinished):
            now = time.monotonic()
            frame = form.lines(batch, now - self._told_at >= TELL_SECONDS)
            if frame:
                self._told_at = now
                if not self._viewer.connection.write_waiting(frame, ROOM_BYTES):
                    return False
        return True

    def _finish(self) -> bool:
        """The source is read to its end, or can't be read any more: go on with the next."""
        source, following, connection = self._source, self._source.next, self._viewer.connection
        assert following is not None
        told = self._send(as_block(self._splitter.flush()), unfinished=True)
        if source.lost and source.end is not None and self._splitter.end < source.end:
            counts.GAPS.one.value += 1
            gap = self._viewer.form.notice("gap", source.name, LOST, offset=self._splitter.end, to=source.end)
            told = told and connection.write_waiting(gap, ROOM_BYTES)
        if gap_after(source):
            counts.GAPS.one.value += 1
        told = told and connection.write_waiting(ending(self._viewer.form, source), ROOM_BYTES)
        self._begin(following, following.start)
        return told

    # Too far behind.

    def _behind(self, tailer: Tailer) -> int:
        """How many bytes lie between here and the live end."""
        source, offset, behind = self._source, self._splitter.end, 0
        while source.end is not None and source.next is not None:
            behind += source.end - offset
            source = source.next
            offset = source.start
        return behind + tailer.position - offset

    def _drop(self, tailer: Tailer) -> bool:
        """Leave out the oldest: the rest of a source that has ended, or in the current one all but the newest part."""
        source, start = self._source, self._splitter.offset
        if source.end is not None:
            after = source.end
        else:
            target = max(start, tailer.position - MAX_BEHIND_BYTES // 2)
            after = in_thread(source.start_of_last_line, target) if target > start else start
        counts.DROPS.one.value += 1
        counts.DROPPED_BYTES.one.value += max(0, after - start)
        notice = self._viewer.form.notice("dropped", source.name, DROPPED, **{"from": start, "to": after})
        self._begin(source, max(start, after))
        return self._viewer.connection.write_waiting(notice, ROOM_BYTES)


def batches(source: Source, block: Block, following: int, unfinished: bool) -> Iterator[Batch]:
    """The lines in groups of a bounded size, each with the offset after its last: short ones grow when encoded."""
    pieces = list(block.pieces(MAX_LINES))
    for piece, after in itertools.zip_longest(pieces, pieces[1:]):
        is_last = after is None
        yield Batch(source.name, piece, following if is_last else after.offset, unfinished and is_last)


def gap_after(source: Source) -> str:
    """What to say of what is missing behind the end of a source; empty if nothing is."""
    return STALE if source.lost and source.ending == "rotated" else UNSEEN if source.gap_follows else ""


def ending(form: Form, source: Source) -> bytes:
    """The frames that say how a source ended, and what follows."""
    assert source.next is not None
    missing = gap_after(source)
    gap = form.notice("gap", source.name, missing, offset=source.end) if missing else b""
    message = CUT if source.lost and source.ending != "rotated" else ENDINGS[source.ending]
    more = {"ended": source.name, "offset": source.next.start}
    return gap + form.notice(source.ending, source.next.name, message, **more)


def binary(form: Form, source: Source) -> bytes:
    """The frame that warns of a file that is no text, if it is none."""
    return form.notice("binary", source.name, BINARY) if source.is_binary else b""


def past_of(name: str, offset: int, surroundings: Surroundings, tailer: Tailer, known: Known) -> Source | None:
    """The rotated file that a position means, linked to those after it and to the current one; None if it is not there.

    Reads folders and opens files: call it in a thread.
    """
    current = tailer.source
    rotated = list(
        itertools.takewhile(lambda source: current is None or source.identity != current.identity, surroundings.all())
    )
    at = _place(rotated, lambda source: source.is_of(name, offset, known))
    if at is None:
        at = _place(rotated, lambda source: source.is_of(name, offset, known, moved=True))
    if at is None or current is None:
        return None
    rotated[at].name = name
    for source, following in zip(rotated[at:], [*rotated[at + 1 :], current], strict=True):
        mark = tailer.ended.bookmark(source)
        if mark is not None:
            source.name = mark.name
        source.end, source.ending, source.next = source.size(), "rotated", following
    return rotated[at]


def _place(sources: list[Source], is_it: Callable[[Source], bool]) -> int | None:
    """Where the one source stands of which something is true; None if it is true of none, or of several."""
    places = [place for place, source in enumerate(sources) if is_it(source)]
    return places[0] if len(places) == 1 else None
