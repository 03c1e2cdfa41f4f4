"""Whether a store agrees with itself: it does whatever was done to it, and what does not is found."""

import random
import shutil
from pathlib import Path

import pytest

from chatapp.chat import archive, messages, schema
from chatapp.chat import store as store_module
from chatapp.chat.messages import BadMessage
from tests.archive_chat import chat, data_folder, opened, spoil_pages, sql
from tests.chat_store import ANN, BOB, EVE, post, put


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with a store that nobody has open."""
    return data_folder(tmp_path)


def test_a_store_is_found_whole_whatever_was_done_to_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(9)
    monkeypatch.setattr(store_module, "PRUNE_EVENTS", 7)
    people = [ANN, BOB, EVE]
    rooms = ["main", "开发", messages.direct_room(ANN.id, BOB.id)]
    with opened(folder) as store:
        for number in range(1500):
            person, room = rng.choice(people), rng.choice(rooms)
            seq = max(1, store.directory.rooms[room].seq - rng.randrange(30))
            kind = rng.choice([schema.MESSAGE] * 4 + [schema.EDIT, schema.DELETE, schema.REACT, schema.REACT, schema.TOPIC])
            if room != "main" and number % 97 == 0:
                kind = rng.choice([schema.ENTER, schema.LEAVE])
            text = {schema.REACT: rng.choice("+-") + rng.choice("👍🎉"), schema.DELETE: ""}.get(kind, f"text {number} @bob")
            target = seq if kind in (schema.EDIT, schema.DELETE, schema.REACT) or rng.random() < 0.2 else None
            outcomes = store.append([post(text, person, kind, room, target=target if kind != schema.TOPIC else None)])
            assert all(isinstance(outcome, BadMessage) or outcome.event for outcome in outcomes)
            if number % 300 == 299:
                assert archive.check(folder).problems == []
                store.prune(2**60)
        found = archive.check(folder)
    assert found.problems == []
    assert found.rooms == 3
    assert 0 < found.messages < found.events
    assert "The chat is whole: " in chat(folder, "check")


@pytest.mark.parametrize(
    ("statement", "part"),
    [
        ("DELETE FROM events WHERE room = 1 AND seq = 3", "do not follow"),
        ("UPDATE events SET number = number + 1 WHERE room = 1 AND seq >= 4", "do not follow"),
        ("UPDATE events SET pos = 1000 WHERE room = 1 AND seq = 3", "do not follow"),
        ("UPDATE rooms SET floor = 1 WHERE key = 1", "does not begin where"),
        ("DELETE FROM events WHERE room = 2 AND seq = 1", "does not begin where"),
        ("UPDATE events SET author = 77 WHERE seq = 3", "a person that is not there"),
        ("UPDATE events SET body = '' WHERE seq = 2 AND room = 1", "Texts that are empty"),
        ("UPDATE events SET body = 'back' WHERE body = '' AND type = 1", "Texts that are empty"),
        (
            "UPDATE changes SET body = 'other' WHERE deleted IS NULL",
            "The changes do not agree with the log. Missing: 1. Should not be there: 1",
        ),
        ("DELETE FROM changes", "The changes do not agree with the log. Missing: 2"),
        ("UPDATE changes SET edited = edited + 1 WHERE edited IS NOT NULL", "The changes"),
        (
            "INSERT INTO reactions VALUES (1, 2, 'x', 'ann-id', 'ann', 5)",
            "The reactions do not agree with the log. Missing: 0",
        ),
        ("DELETE FROM reactions", "The reactions do not agree with the log. Missing: 1"),
        ("DELETE FROM mentions WHERE person = '*'", "The mentions do not agree with the log. Missing: 1"),
        ("INSERT INTO mentions VALUES ('bob-id', 2, 1)", "The mentions"),
        ("UPDATE rooms SET topic = 'other' WHERE key = 2", "The topics"),
    ],
)
def test_what_does_not_agree_is_found(folder: Path, statement: str, part: str) -> None:
    assert archive.check(folder).problems == []
    sql(folder, statement)
    problems = archive.check(folder).problems
    assert any(part in problem for problem in problems), problems


def test_a_damaged_file_is_told_of(folder: Path) -> None:
    with opened(folder) as store:
        put(store, *(post("x" * 1000) for _ in range(300)))
    spoil_pages(folder)
    assert "damaged" in chat(folder, "check", code=1)


def test_a_check_changes_nothing(folder: Path) -> None:
    shutil.copy(folder / "chat.db", folder / "copy")
    chat(folder, "check")
    assert (folder / "copy").read_bytes() == (folder / "chat.db").read_bytes()
