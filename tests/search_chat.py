"""What the tests of the search share: a store with its index, and how to wait while greenlets run."""

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent

from chatapp.chat import schema, search_file, search_find
from chatapp.chat.messages import Post, User
from chatapp.chat.postgres import Server
from chatapp.chat.query import parse
from chatapp.chat.search import SearchIndex
from chatapp.chat.search_postgres import PostgresSearch
from tests.chat_store import ANN, Place, PostgresPlace, SqlitePlace, post, put


class Chat:
    """A store and its search index, and a list of what should be found."""

    def __init__(self, folder: Path, place: Place | None = None) -> None:
        self.folder = folder
        self.place = place or SqlitePlace(folder)
        self.store = self.place.opened()
        self.index = self._index()
        self.greenlet = gevent.Greenlet()
        self.texts: dict[int, str] = {}

    def _index(self) -> Any:
        if isinstance(self.place, PostgresPlace):
            return PostgresSearch(Server(self.place.url))
        return SearchIndex(self.folder)

    def follow(self) -> "Chat":
        self.greenlet = gevent.spawn(self.index.run)
        return self

    def stop_following(self) -> None:
        self.greenlet.kill()
        if isinstance(self.place, SqlitePlace) and self.index._writer is not None:
            self.index._writer.apply(lambda: None)  # its thread finishes what it does

    def close(self) -> None:
        self.stop_following()
        self.store.close()
        if isinstance(self.place, PostgresPlace):
            self.index.close()

    def again(self) -> None:
        """Another run of the server."""
        self.close()
        self.store = self.place.opened()
        self.index = self._index()

    @property
    def file(self) -> Path:
        return self.folder / search_file.FILE_NAME

    def put(self, *posts: Post) -> list[int]:
        """Store posts; their positions."""
        events = put(self.store, *posts)
        self.index.wake()
        self.texts |= {event.pos: event.text for event in events if event.type == schema.MESSAGE}
        return [event.pos for event in events]

    def say(self, *texts: str, user: User = ANN, room: str = "main") -> list[int]:
        return self.put(*(post(text, user, room=room) for text in texts))

    def seq(self, pos: int) -> int:
        ((seq,),) = self.place.sql("SELECT seq FROM events WHERE pos = ?", pos)
        return int(seq)

    def edit(self, pos: int, text: str, user: User = ANN, room: str = "main") -> None:
        self.put(post(text, user, schema.EDIT, room, target=self.seq(pos)))
        self.texts[pos] = text

    def delete(self, pos: int, user: User = ANN, room: str = "main") -> None:
        self.put(post("", user, schema.DELETE, room, target=self.seq(pos)))
        del self.texts[pos]

    def find(self, text: str, rooms: list[str] | None = None, before: int | None = None, limit: int = 30) -> list[int]:
        return self.found(text, rooms, before, limit).positions

    def found(
        self, text: str, rooms: list[str] | None = None, before: int | None = None, limit: int = 30
    ) -> search_find.Found:
        heads = self.store.directory.rooms
        keys = [heads[name].key for name in (heads if rooms is None else rooms)]
        found: search_find.Found = self.index.find(parse(text), keys, before, limit)
        return found

    def all_pages(self, text: str, limit: int) -> list[int]:
        """What all pages of a search have, one after the other."""
        before, positions = None, []
        while True:
            page = self.found(text, before=before, limit=limit)
            assert len(page.positions) <= limit
            positions += page.positions
            if page.next is None:
                return positions
            assert before is None or page.next < before, "each page gets further"
            before = page.next

    def await_index(self, pos: int) -> None:
        """Wait until the index has this position."""
        soon(lambda: self.index._position >= pos, f"the index to reach {pos}")

    def docs(self) -> dict[int, str]:
        """What stands in the index; nothing if there is none."""
        if isinstance(self.place, PostgresPlace):
            return dict(self.place.sql("SELECT pos, text FROM docs"))  # type: ignore[arg-type]
        if not self.file.exists():
            return {}
        with contextlib.closing(sqlite3.connect(f"file:{self.file}?mode=ro", uri=True)) as connection:
            return dict(connection.execute("SELECT pos, text FROM docs").fetchall())


def soon(condition: Callable[[], object], what: str, seconds: float = 15) -> None:
    """Wait until `condition()` is true, while greenlets run."""
    with gevent.Timeout(seconds, AssertionError(f"waited in vain: {what}")):
        while not condition():
            gevent.sleep(0.01)
