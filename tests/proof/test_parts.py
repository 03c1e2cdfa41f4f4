"""The clients of the proof notice what docs/PROTOCOL.md rules out, and the reader of the store what does not agree."""

import asyncio
import random
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from chatapp.chat import schema
from chatapp.chat.messages import Post, User
from chatapp.chat.store import Store
from chatapp.chat.store_sqlite import Sqlite
from tests.proof import faults, stored
from tests.proof.apart import run_apart
from tests.proof.client import Address, Client
from tests.proof.reader import Reader
from tests.proof.tally import Tally
from tests.proof.texts import text_of
from tests.proof.writer import Writer

WELCOME = {"type": "welcome", "epoch": "e", "you": {"id": "me"}, "token": "t"}


def message(seq: int, **more: Any) -> dict[str, Any]:
    request_id = f"{seq:032x}"
    event = {"type": "message", "seq": seq, "room": "main", "id": request_id, "time": "now", "message": text_of(request_id)}
    return event | more


def joined(recovered: bool, seq: int) -> dict[str, Any]:
    return {"type": "joined", "room": "main", "recovered": recovered, "seq": seq}


def caught_up(seq: int) -> dict[str, Any]:
    return {"type": "caught_up", "room": "main", "seq": seq}


def broken_by(said: list[dict[str, Any]], kind: type[Reader] = Reader) -> dict[str, int]:
    """The promises that a reader finds broken when the server says this to it, after it has seen 1 to 3."""
    tally = Tally()
    reader = kind("ann", Address.of(0), ("main",), random.Random(1), tally)

    async def hear() -> None:
        first = [WELCOME, joined(True, 3), message(1), message(2), message(3), caught_up(3)]
        for one in [*first, *said]:
            await reader.take(one)

    run_apart(hear())
    return dict(tally.broken)


def test_what_is_promised_breaks_nothing() -> None:
    edited = message(5, message="another text", edited="now")
    deleted = message(6, message="", deleted=True)
    came_back = [WELCOME, joined(True, 6), message(4), caught_up(4), message(5)]
    assert broken_by(came_back) == {}
    assert broken_by([joined(True, 6), message(4), message(5, message="", deleted=True), caught_up(5)]) == {}
    delete = {**message(7), "type": "delete", "target": 4}
    assert broken_by([joined(True, 6), message(4), caught_up(4), message(5), message(6), delete]) == {}
    reader_anew = [message(4), edited | {"seq": 5}, deleted]
    assert set(broken_by([joined(False, 6), *reader_anew, caught_up(6), message(7)])) == {"a position was refused"}


@pytest.mark.parametrize(
    ("said", "promise"),
    [
        ([message(5)], "a hole"),
        ([message(3)], "an event came again"),
        ([{**WELCOME, "epoch": "f"}], "another epoch"),
        ([{**WELCOME, "you": {"id": "you"}}], "another person"),
        ([joined(True, 5), message(4), caught_up(5)], "the past was not complete"),
        ([joined(False, 5)], "a position was refused"),
        ([message(4, message="something else")], "another text"),
        ([message(4, deleted=True)], "another text"),
        ([joined(True, 5), message(4), {**message(5), "type": "delete", "target": 4}], "a deleted text was told"),
        ([{"type": "error", "code": "unknown_room", "message": "no"}], "refused"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_is_noticed(said: list[dict[str, Any]], promise: str) -> None:
    assert broken_by(said) == {promise: 1}


def test_a_writer_tells_a_copy_from_an_event_that_came_again() -> None:
    tally = Tally()
    writer = Writer("ann", Address.of(0), ("main",), random.Random(1), tally, 1.0)

    async def play() -> None:
        for one in [WELCOME, joined(True, 0), caught_up(0)]:
            await writer.take(one)
        writing = asyncio.create_task(writer.write())
        writer.link = object()  # type: ignore[assignment]
        writer.say = lambda fields: asyncio.sleep(0)  # type: ignore[method-assign]
        while not writer.asked:
            await asyncio.sleep(0.01)
        writing.cancel()
        (request_id,) = writer.asked
        event = message(1, id=request_id, message=text_of(request_id))
        await writer.take(event)
        assert (writer.waiting, writer.asked[request_id].seq) == (0, 1)
        writer._outbox["main"][request_id] = {"id": request_id}
        writer.connected()
        await writer.caught_up("main")  # sends it again
        await writer.take(event)
        assert not tally.broken, "the answer to what was sent again"
        await writer.take(event)
        assert dict(tally.broken) == {"an event came again": 1}, "sent twice, and answered three times"
        await writer.take(event | {"seq": 2})
        assert dict(tally.broken) == {"an event came again": 1, "stored twice": 1}

    run_apart(play())


# The store.


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store with two messages, one of them edited, one reacted to, and one deleted."""
    store = Store(Sqlite(tmp_path))
    store.open()
    ann = User("a" * 24, "ann", "")

    def post(kind: int, number: int, text: str = "", target: int | None = None) -> Post:
        request_id = f"{number:032x}"
        texted = kind in (schema.MESSAGE, schema.EDIT)
        return Post(kind, "main", ann, request_id, text_of(request_id) if texted else text, target)

    store.append([post(schema.MESSAGE, 2), post(schema.MESSAGE, 3), post(schema.MESSAGE, 4)])
    store.append([post(schema.EDIT, 5, target=2), post(schema.REACT, 6, "+👍", 3), post(schema.DELETE, 7, target=4)])
    store.close()
    return tmp_path


def broken_in(folder: Path) -> set[str]:
    tally = Tally()
    logs = stored.read(folder, tally)
    assert [(event.seq, event.is_message) for event in logs["main"]] == [
        (seq, 2 <= seq <= 4) for seq in range(1, len(logs["main"]) + 1)
    ]
    return set(tally.broken)


def test_a_whole_store_is_whole(folder: Path) -> None:
    assert broken_in(folder) == set()


@pytest.mark.parametrize(
    ("sql", "promise"),
    [
        ("UPDATE events SET body = 'other' WHERE seq = 3", "another text"),
        ("UPDATE events SET body = 'still there' WHERE seq = 4", "another text"),
        ("UPDATE events SET number = 9 WHERE seq = 3", "the log disagrees with itself"),
        ("UPDATE events SET id = 'half-1' WHERE seq = 1", "half a frame was stored"),
        ("UPDATE changes SET body = 'other' WHERE seq = 2", "changes disagree with the log"),
        ("DELETE FROM changes WHERE seq = 4", "changes disagree with the log"),
        ("DELETE FROM reactions", "reactions disagree with the log"),
    ],
)
def test_what_does_not_agree_is_noticed(folder: Path, sql: str, promise: str) -> None:
    store = sqlite3.connect(folder / schema.FILE_NAME)
    store.execute(sql)
    store.commit()
    store.close()
    assert promise in broken_in(folder)


def test_a_damaged_store_is_noticed(folder: Path) -> None:
    store = sqlite3.connect(folder / schema.FILE_NAME)
    store.execute("PRAGMA writable_schema = ON")
    store.execute("UPDATE sqlite_master SET sql = replace(sql, 'room, seq', 'seq, room') WHERE name = 'events_in_room'")
    store.commit()
    store.close()
    assert "integrity_check" in broken_in(folder)


def test_nobody_stays_deaf_when_the_mishaps_are_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "MISHAP_SECONDS", 0.001)
    monkeypatch.setattr(faults, "MISHAPS", {"deaf": 1})
    monkeypatch.setattr(faults, "MOST_DEAF", 600.0)
    client = Client("ann", Address.of(0), ("main",), random.Random(1), Tally())
    cuts: list[bool] = []
    monkeypatch.setattr(client, "cut", lambda *_: cuts.append(client.deaf))

    async def be_over() -> None:
        task = asyncio.ensure_future(faults.mishaps(client, random.Random(1), Tally()))
        while not client.deaf:
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])

    run_apart(be_over())
    assert cuts == [True]
