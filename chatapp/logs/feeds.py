"""Feeds: which files are followed at the moment.

A feed begins with the first viewer of its file and ends some time after the last; then it is remembered how far the file
was told. The sockets come for a feed, `logs.history` for what a feed holds open; nothing here waits.
"""

import collections
from collections.abc import Callable
from pathlib import Path

import gevent

from chatapp.logs.feed import Feed
from chatapp.logs.files import Catalog
from chatapp.logs.generation import Bookmark, Source
from chatapp.logs.known import Known
from chatapp.logs.redact import Redactor
from chatapp.logs.watch import Watcher
from chatapp.realtime.connection import Connection
from chatapp.realtime.hub import Hub

#: Of so many files it is remembered how far they were told.
REMEMBERED_FILES = 1000
#: A feed without viewers is kept for so long, for those who come right back (seconds).
IDLE_SECONDS = 30.0


class Feeds:
    """The feeds of this process, by the name of the file. `data_dir` is where it is kept how files begin."""

    def __init__(
        self, catalog: Catalog, watcher: Watcher, hub: Hub, redactor: Redactor | None = None, data_dir: Path | None = None
    ) -> None:
        #: How generations begin that were empty when they got their names: `logs.history` asks too.
        self.known = Known(data_dir / "generations" if data_dir is not None else None)
        self._make: Callable[[str, Bookmark | None], Feed] = lambda name, mark: Feed(
            name, catalog, watcher, hub, redactor or Redactor(), self.known, mark
        )
        self._feeds: dict[str, Feed] = {}
        self._bookmarks: collections.OrderedDict[str, Bookmark] = collections.OrderedDict()

    @property
    def followed(self) -> int:
        """How many files are followed."""
        return len(self._feeds)

    @property
    def viewers(self) -> int:
        """How many look at these files, together."""
        return sum(feed.viewers for feed in self._feeds.values())

    def get(self, name: str) -> Feed:
        """The feed of a file, begun if need be. Raises `NotAllowed`. Add a viewer at once, before anything waits.

        Nothing in here may wait either: two who come together would each begin a feed.
        """
        feed = self._feeds.get(name)
        if feed is None:
            feed = self._feeds[name] = self._make(name, self._bookmarks.get(name))
        return feed

    def current(self, name: str) -> Source | None:
        """What the name stands for, as the live viewers see it; None if nobody looks at the file."""
        feed = self._feeds.get(name)
        return feed.tailer.source if feed is not None else None

    def held(self, name: str, generation: str, offset: int) -> Source | None:
        """An earlier generation that is still held open."""
        feed = self._feeds.get(name)
        return feed.tailer.ended.find(generation, offset) if feed is not None else None

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
