"""The past as frames: out of memory, in pieces that are read once for all, never with a text that was deleted."""

from collections.abc import Iterator
from pathlib import Path

import gevent
import pytest

from chatapp.chat import recent, schema
from chatapp.chat.answers import encode_v1
from chatapp.chat.messages import Event
from chatapp.chat.past import PIECE_EVENTS, Gone, Past
from chatapp.chat.reader import Reader
from chatapp.chat.reader_sqlite import SqliteAsker
from chatapp.chat.recent import Recent
from chatapp.chat.store import Store
from chatapp.chat.store_sqlite import Sqlite
from tests.chat_store import ANN, BOB, MAIN, make_room, post, put


class World:
    """A store, and its past as somebody sees it who was not here while it was written."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(Sqlite(folder))
        self.store.open()
        self.reader = Reader(SqliteAsker(folder))
        self.recent = Recent()
        self.past = Past(self.reader, self.recent)

    @property
    def head(self) -> object:
        return self.store.directory.rooms[MAIN]

    def write(self, count: int, heard: bool = False) -> list[Event]:
        events = put(self.store, *(post(f"text {number}") for number in range(count)))
        if heard:
            for event in events:
                self.recent.add(event)
        return events

    def all_after(self, seq: int) -> bytes:
        data = b""
        head = self.store.directory.rooms[MAIN]
        while seq < head.seq:
            piece = self.past.after(head, seq)
            assert piece.seq > seq
            data, seq = data + piece.data, piece.seq
        return data


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.store.close()


def test_what_is_in_memory_and_what_is_not_join_without_a_seam(world: World) -> None:
    events = world.write(700) + world.write(300, heard=True)
    for seq in (1, 2, 255, 256, 257, 500, 700, 701, 702, 900, 1000):
        assert world.all_after(seq) == b"".join(encode_v1(event) for event in events if event.seq > seq), seq


def test_the_newest_events_cost_no_query(world: World) -> None:
    events = world.write(recent.KEPT_EVENTS, heard=True)
    world.all_after(events[0].seq - 1)
    assert world.reader.queries == 0


def test_each_position_costs_at_most_one_query_and_what_follows_is_shared(world: World) -> None:
    world.write(3000)
    positions = range(1, 3000, 29)
    pieces = -(-3000 // PIECE_EVENTS)
    greenlets = [gevent.spawn(world.all_after, seq) for seq in positions for _ in range(5)]
    gevent.joinall(greenlets, raise_error=True)
    assert world.reader.queries <= len(positions) + pieces
    before = world.reader.queries
    world.all_after(1)
    assert world.reader.queries == before, "kept"


def test_a_deleted_text_is_in_no_piece_page_or_memory(world: World) -> None:
    secret = put(world.store, post("secret"))[0]
    world.recent.add(secret)
    world.recent.add(put(world.store, post("secret too", kind=schema.EDIT, target=secret.seq))[0])
    world.recent.add(put(world.store, post("what?", BOB, target=secret.seq))[0])
    head = world.store.directory.rooms[MAIN]
    page = world.past.newest(head, 50)
    assert b"secret" in world.all_after(1) + page.data
    deletion = put(world.store, post("", kind=schema.DELETE, target=secret.seq))[0]
    world.recent.add(deletion)
    world.past.forget(MAIN)
    assert b"secret" not in world.all_after(1)
    assert b"secret" not in world.past.newest(head, 50).data
    assert world.all_after(1).count(b'"deleted":true') == 1
    fresh = Past(world.reader, Recent())
    assert fresh.after(head, 1).data == world.all_after(1), "memory and store tell the same"


def test_what_is_deleted_in_the_batch_in_which_it_came_is_told_to_nobody(world: World) -> None:
    before = put(world.store, post("before"))[0]
    secret, edit = put(world.store, post("secret", id="1" * 32), post("secret too", kind=schema.EDIT, target=before.seq))
    deletions = put(world.store, *(post("", kind=schema.DELETE, target=event.seq) for event in (before, secret)))
    world.recent.add(before)
    batch = [secret, edit, *deletions]
    world.recent.add(*batch)
    assert b"secret" not in b"".join(map(world.recent.frame, batch))
    assert b"secret" not in world.all_after(0)


def test_what_is_read_while_something_is_deleted_is_not_kept(world: World) -> None:
    secret = world.write(600)[0]
    head = world.store.directory.rooms[MAIN]
    reading = gevent.spawn(world.past.after, head, 1)
    gevent.sleep(0)
    deletion = put(world.store, post("", kind=schema.DELETE, target=secret.seq))[0]
    assert deletion
    world.past.forget(MAIN)
    asked_later = gevent.spawn(world.past.after, head, 1)
    reading.get()
    assert b'"text 0"' not in asked_later.get().data, "it does not wait for what was begun before"
    assert b'"text 0"' not in world.past.after(head, 1).data


def test_what_is_no_longer_kept_is_neither_told_nor_left_out_silently(world: World) -> None:
    events = world.write(700) + world.write(20, heard=True)
    head = world.store.directory.rooms[MAIN]
    assert world.past.newest(head, 50).data
    world.store.database.execute("UPDATE events SET time = 1000 WHERE pos <= ?", (events[709].pos,))
    while floors := world.store.prune(2000):
        for room, floor in floors.items():
            world.recent.forget(room, floor)
            world.past.forget(room)
    assert world.past.newest(head, 50).data.count(b'"type":"message"') == 10
    assert world.all_after(events[709].seq) == b"".join(map(encode_v1, events[710:]))
    for seq in (1, 256, 512, events[708].seq):
        with pytest.raises(Gone):
            world.past.after(head, seq)


def test_a_page_that_was_read_before_is_followed_by_what_came_since(world: World) -> None:
    world.write(60)
    head = world.store.directory.rooms[MAIN]
    page = world.past.newest(head, 50)
    world.write(3)
    assert world.past.newest(head, 50) == page, "as it was"
    assert page.seq == head.seq - 3
    world.write(200)
    assert world.past.newest(head, 50).seq == head.seq, "too old: read anew"


def test_memory_stays_within_bounds(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "KEPT_BYTES_OF_ALL", 50_000)
    make_room(world.store, "quiet")
    for text in ("x" * 10_000, "y" * 20_000):
        world.recent.add(put(world.store, post(text, BOB, room="quiet"))[0])
    assert world.recent.after("quiet", 1, 10)
    for event in put(world.store, *(post("z" * 1000, ANN) for _ in range(100))):
        world.recent.add(event)
        world.recent.frame(event)
    assert world.recent.after("quiet", 1, 10) == [], "the room in which nothing happens is let go"
    assert world.recent._bytes <= 400_000
    monkeypatch.setattr(recent, "KEPT_BYTES", 20_000)
    for event in put(world.store, post("z"), post("z")):
        world.recent.add(event)
    kept = world.recent._rooms[MAIN]
    assert kept.bytes <= 20_000 + 2000
    assert kept.bytes == sum(event.size for event in kept.events) + sum(map(len, kept.frames.values()))
    assert world.recent._bytes == sum(room.bytes for room in world.recent._rooms.values())


def test_texts_of_every_kind_come_out_of_the_store_as_they_went_in(world: World) -> None:
    texts = ["a\0b", "\ud7ff\ue000\U0010ffff", '"\\/\b\f\n\r\t', "\u2028", "日志", "\x01\x1f\x7f", "}{", "%s %d ?"]
    events = put(world.store, *map(post, texts))
    head = world.store.directory.rooms[MAIN]
    assert world.all_after(1) == b"".join(map(encode_v1, events))
    assert [message["message"] for message in world.reader.page(head, "after", 0, 50).messages] == texts
    assert [
        message["message"] for message in world.reader.messages_at([event.pos for event in events], {head.key: head})
    ] == (texts[::-1])


def test_a_page_of_long_texts_is_short(world: World) -> None:
    put(world.store, *(post("x" * 60_000) for _ in range(20)))
    head = world.store.directory.rooms[MAIN]
    page = world.reader.page(head, "before", 10**9, 50)
    assert 1 <= len(page.messages) < 10
    assert not page.start
    older = world.reader.page(head, "before", page.messages[0]["seq"], 50)
    assert older.messages[-1]["seq"] == page.messages[0]["seq"] - 1, "the next page goes on there"
