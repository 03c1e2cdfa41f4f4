"""The file of the search index when it is late, lost, broken, of another store, or full of what is no longer kept."""

import contextlib
import itertools
import logging
import os
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import gevent
import pytest

from chatapp.chat import schema, search, search_file
from chatapp.chat.database import DatabaseError
from chatapp.chat.query import parse
from chatapp.chat.search import SearchIndex
from tests.chat_store import BOB, make_room
from tests.search_chat import Chat, soon


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[Chat]:
    chat = Chat(tmp_path).follow()
    yield chat
    chat.close()


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Chat]:
    """A store whose index nobody follows until the test says so."""
    monkeypatch.setattr(search, "REACH_SECONDS", 0.0)
    monkeypatch.setattr(search, "RETRY_SECONDS", 0.05)
    chat = Chat(tmp_path)
    yield chat
    chat.close()


# The index is late, or missing.


def test_without_an_index_the_log_is_read(alone: Chat) -> None:
    make_room(alone.store, "dev")
    positions = alone.say(*("日志 one", "two", "three from here") * 300)
    (dev,) = alone.say("two", room="dev", user=BOB)
    alone.edit(positions[0], "edited 日记")
    alone.delete(positions[3])
    assert not alone.file.exists()
    assert alone.all_pages("two", 50) == [dev, *positions[1::3][::-1]]
    assert alone.all_pages("日志", 500) == positions[6::3][::-1]
    assert alone.find("日记") == [positions[0]]
    assert alone.find("two from:bob") == [dev]
    assert alone.find("two", rooms=["dev"]) == [dev]


def test_what_the_index_lacks_is_read_from_the_log(alone: Chat) -> None:
    old = alone.say(*["word"] * 50)
    alone.follow()
    alone.await_index(old[-1])
    alone.stop_following()
    new = alone.say(*["word"] * 50)
    assert alone.all_pages("word", 7) == new[::-1] + old[::-1]
    assert len(alone.docs()) == 50
    alone.delete(old[0])
    alone.edit(old[1], "other")
    assert alone.all_pages("word", 7) == new[::-1] + old[:1:-1], "the text as it is now counts, not that of the index"


def damage(path: Path) -> None:
    """Overwrite all of the file but its first page."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(size - 4096))


def spoil_version(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE state SET maker = 'older'")


def spoil_store(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("""UPDATE state SET event = '["of another"]'""")


def spoil_position(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE state SET pos = pos + 1000")


def spoil_tables(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TABLE docs")


def empty_state(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM state")


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (os.unlink, "there is none yet"),
        (damage, "it is damaged"),
        (lambda path: path.write_bytes(b"no database at all" * 1000), "it is damaged"),
        (lambda path: os.truncate(path, 0), "it is damaged"),
        (spoil_version, "it was made by another version"),
        (spoil_store, "it is of another store"),
        (spoil_position, "it is of another store"),
        (spoil_tables, "it is damaged"),
        (empty_state, "it was not made to its end"),
    ],
)
def test_a_file_that_cant_be_used_is_made_anew_when_the_server_starts(
    chat: Chat, spoil: Callable[[Path], object], why: str, caplog: pytest.LogCaptureFixture
) -> None:
    positions = chat.say(*[f"word {number}" for number in range(200)])
    assert chat.find("word 7", limit=1)
    chat.close()
    with contextlib.closing(sqlite3.connect(chat.file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    gone = [Path(f"{chat.file}{end}") for end in ("-wal", "-shm")]
    for path in gone:
        path.unlink(missing_ok=True)
    spoil(chat.file)
    chat.again()
    caplog.clear()
    with caplog.at_level(logging.INFO):
        chat.follow()
        soon(lambda: "the search index is complete" in caplog.text, "the index to be made")
    assert f"the search index is made: {why}" in caplog.text
    assert chat.all_pages("word", 100) == positions[::-1]
    assert sorted(chat.docs()) == positions
    assert chat.file.stat().st_mode & 0o777 == 0o600


def test_a_file_that_breaks_while_the_server_runs_is_made_anew_and_nothing_wrong_is_found(
    chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    positions = chat.say(*[f"word {number}" for number in range(400)])
    assert chat.all_pages("word", 100) == positions[::-1]
    with contextlib.closing(sqlite3.connect(chat.file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    caplog.clear()
    with caplog.at_level(logging.INFO):
        damage(chat.file)
        assert chat.all_pages("word", 100) == positions[::-1], "the log is read instead"
        soon(lambda: "the search index is complete" in caplog.text, "the index to be made")
    assert "it is damaged" in caplog.text
    positions += chat.say("one more word")
    assert chat.all_pages("word", 100) == positions[::-1]
    assert sorted(chat.docs()) == positions


def test_a_file_that_is_removed_while_the_server_runs_is_made_anew(chat: Chat) -> None:
    positions = chat.say("one word", "two words")
    assert chat.find("word") == positions[::-1]
    chat.file.unlink()
    assert chat.find("word") == positions[::-1]
    soon(chat.file.exists, "the index to be made")
    positions += chat.say("three words")
    assert chat.find("word") == positions[::-1]
    soon(lambda: sorted(chat.docs()) == positions, "the new file to have all")


def test_another_epoch_alone_costs_nothing(chat: Chat, caplog: pytest.LogCaptureFixture) -> None:
    """A store gets another epoch when the machine was started anew, though all is as it was."""
    positions = chat.say("one word", "two words")
    assert chat.find("word") == positions[::-1]
    chat.store.database.execute("UPDATE meta SET value = 'another' WHERE key = 'epoch'")
    chat.again()
    with caplog.at_level(logging.INFO):
        chat.follow()
        positions += chat.say("three words")
        assert chat.find("word") == positions[::-1]
    assert "is made" not in caplog.text


def test_a_store_that_went_back_and_on_another_way_gets_another_index(
    chat: Chat, tmp_path_factory: pytest.TempPathFactory
) -> None:
    old = chat.say("the first word")
    copy = tmp_path_factory.mktemp("copy") / "chat.db"
    chat.store.database.execute("VACUUM INTO ?", (str(copy),))
    chat.say("words that are lost", "and one more word")
    assert len(chat.find("word")) == 3
    chat.close()
    for end in ("-wal", "-shm"):
        Path(f"{chat.folder / schema.FILE_NAME}{end}").unlink(missing_ok=True)
    os.replace(copy, chat.folder / schema.FILE_NAME)
    chat.again()
    chat.follow()
    new = chat.say("a word of another future", "no match", "word", "word")
    assert chat.find("word") == [new[3], new[2], new[0], *old]
    assert chat.find("lost") == []


def test_a_file_that_cant_be_written_now_is_written_later(
    alone: Chat, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_file, "BUSY_SECONDS", 0.01)
    positions = alone.say("one word")
    alone.follow()
    alone.await_index(positions[-1])
    with contextlib.closing(sqlite3.connect(alone.file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        positions += alone.say("two words")
        soon(lambda: "can't be brought up to date" in caplog.text, "the trouble to be told")
        gevent.sleep(0.3)  # several tries
        assert caplog.text.count("can't be brought up to date") == 1
        assert alone.find("word") == positions[::-1], "the log has it"
        other.execute("COMMIT")
    soon(lambda: len(alone.docs()) == 2, "the index to be written again")


def test_a_full_disk_does_not_end_it(alone: Chat, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file may have no more pages than it has: SQLite says the same as of a full disk."""
    connect = search_file._connect
    full = True

    def connect_to_small_disk(path: Path) -> sqlite3.Connection:
        connection = connect(path)
        if full:
            connection.execute("PRAGMA max_page_count = 1")  # no less than it has already
        return connection

    positions = alone.say("one word")
    alone.follow()
    alone.await_index(positions[-1])
    alone.stop_following()
    alone.again()
    monkeypatch.setattr(search_file, "_connect", connect_to_small_disk)
    alone.follow()
    positions += alone.say(*(f"word {random.Random(number).random()} " * 20 for number in range(100)))
    soon(lambda: "is full" in caplog.text, "the full disk to be told")
    assert alone.all_pages("word", 100) == positions[::-1]
    full = False
    soon(lambda: len(alone.docs()) == 101, "the index to be written when there is room again")


def test_an_index_that_cant_be_opened_just_now_is_done_without(
    chat: Chat, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    positions = chat.say("one word", "two words")
    assert chat.find("word") == positions[::-1]
    connect = search_file._connect
    monkeypatch.setattr(search_file, "_connect", lambda path: connect(path / "nowhere"))
    assert chat.find("word") == positions[::-1]
    assert "the search index can't be read: unable to open database file" in caplog.text


def test_a_store_that_is_not_there_yet_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(search, "RETRY_SECONDS", 0.05)
    index = SearchIndex(tmp_path)
    greenlet = gevent.spawn(index.run)
    try:
        soon(lambda: "can't be brought up to date" in caplog.text, "the trouble to be told")
        with pytest.raises(DatabaseError):
            index.find(parse("word"), [1], None, 30)
        assert os.listdir(tmp_path) == []
        chat = Chat(tmp_path)
        (pos,) = chat.say("a word")
        soon(lambda: index._position >= pos, "the index to be made")
        assert index.find(parse("word"), [1], None, 30).positions == [pos]
        chat.close()
    finally:
        greenlet.kill()


def test_two_that_follow_at_once_write_everything_once(chat: Chat) -> None:
    """Two workers overlap while the server is reloaded."""
    other = SearchIndex(chat.folder)
    chat.say("first")
    assert len(chat.find("first")) == 1
    greenlet = gevent.spawn(other.run)
    positions = []
    try:
        for number in range(200):
            positions += chat.say(f"word {number}")
            other.wake()
            if number % 10 == 0:
                chat.edit(positions[0], f"word edited {number}")
                assert chat.find("word", limit=1) == other.find(parse("word"), [1], None, 1).positions == positions[-1:]
    finally:
        greenlet.kill()
    assert chat.all_pages("word", 50) == positions[::-1]
    with contextlib.closing(sqlite3.connect(chat.file)) as connection:
        # Each position once in the list of a piece that all have.
        found = connection.execute("SELECT rowid FROM grams WHERE grams MATCH '\"wor\"'").fetchall()
    assert [row[0] for row in found] == positions


# What is no longer kept.


def test_what_is_no_longer_kept_is_removed_and_never_shown(alone: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "SWEEP_SECONDS", 0.0)
    monkeypatch.setattr(search, "SWEEP_DOCS", 7)
    make_room(alone.store, "dev")
    old = alone.say(*["old word"] * 20) + alone.say(*["old word"] * 20, room="dev")
    tomorrow = time.time() + 86_400
    monkeypatch.setattr("chatapp.chat.writing.time.time", lambda: tomorrow)
    new = alone.say("new word") + alone.say("new word", room="dev")
    alone.follow()
    alone.await_index(new[-1])
    alone.stop_following()
    while alone.store.prune(int(tomorrow * 1000)):
        pass
    assert alone.all_pages("word", 10) == new[::-1], "though the index has them still"
    assert len(alone.docs()) == 42
    alone.again()
    alone.follow()
    soon(lambda: sorted(alone.docs()) == new, f"the old ones to be removed: {old}")
    assert alone.all_pages("word", 10) == new[::-1]
    with contextlib.closing(sqlite3.connect(alone.file)) as connection:
        assert connection.execute("SELECT count(*) FROM grams WHERE grams MATCH '\"old\"'").fetchone() == (0,)


def test_searches_while_much_is_written_find_a_whole_index(chat: Chat, caplog: pytest.LogCaptureFixture) -> None:
    """A search that opens the file between two commits must not take it for a damaged one."""
    going = True
    counts: list[int] = []

    def search_on() -> None:
        while going:
            counts.append(len(chat.find("word", limit=100)))

    with caplog.at_level(logging.INFO):
        searching = [gevent.spawn(search_on) for _ in range(4)]
        positions = []
        for number in itertools.count():
            positions += chat.say(f"word {number}", f"other {number}")[:1]
            if number % 7 == 0:
                chat.edit(positions[0], f"word {number}")
            gevent.sleep(0.001)
            if number >= 400 and len(counts) > 20:
                break
        going = False
        gevent.joinall(searching, timeout=30, raise_error=True)
    assert caplog.text.count("the search index is made") == 1, caplog.text
    assert chat.all_pages("word", 90) == positions[::-1]


def test_a_store_that_has_older_messages_again_gets_another_index(chat: Chat) -> None:
    """The same log, but of a time when more of it was kept."""
    positions = chat.say("old word", "new word")
    assert chat.find("word") == positions[::-1]
    with contextlib.closing(sqlite3.connect(chat.file)) as connection, connection:
        connection.execute("INSERT INTO swept VALUES (1, 2)")
        connection.execute("DELETE FROM docs WHERE pos = ?", (positions[0],))
    chat.again()
    chat.follow()
    soon(lambda: sorted(chat.docs()) == positions, "the index to be made")
    assert chat.find("word") == positions[::-1]
