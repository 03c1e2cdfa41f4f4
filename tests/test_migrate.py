"""The store in PostgreSQL as a whole: written out, checked, and filled from one in SQLite, through the command line too."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chatapp.chat import archive_postgres, messages, schema
from chatapp.chat import store as store_module
from chatapp.chat.archive import ArchiveError
from chatapp.chat.outcomes import Done
from tests.archive_chat import data_folder, exported, opened, say_everything
from tests.chat_store import ANN, BOB, EVE, PostgresPlace, SqlitePlace, fields_of, meet, post, put
from tests.conftest import TOP, Server
from tests.v1 import V1, entered


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with a store that nobody has open."""
    return data_folder(tmp_path)


def lines_of(url: str, room: str | None = None) -> list[dict[str, Any]]:
    """The lines of an export."""
    lines: list[str] = []
    archive_postgres.export(url, lines.append, room)
    return [json.loads(line) for line in "".join(lines).splitlines()]


def chat(folder: Path, url: str, *arguments: str, code: int = 0, **more: str) -> str:
    """Run `flask --app wsgi chat ...`, with `more` in the environment; what it says."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("CHATAPP_", "FLASK_"))}
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "chat", *arguments],
        cwd=TOP,
        env=env | {"CHATAPP_DATA_DIR": str(folder), "CHATAPP_DATABASE_URL": url} | more,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def test_a_store_is_found_whole_whatever_was_done_to_it(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(9)
    monkeypatch.setattr(store_module, "PRUNE_EVENTS", 7)
    people = [ANN, BOB, EVE]
    place = PostgresPlace(postgres)
    store = place.opened()
    say_everything(store)
    rooms = ["main", "开发", messages.direct_room(ANN.id, BOB.id)]
    for number in range(400):
        posts = []
        for _ in range(3):
            person, room = rng.choice(people), rng.choice(rooms)
            seq = max(1, store.directory.rooms[room].seq - rng.randrange(20))
            kind = rng.choice([schema.MESSAGE] * 4 + [schema.EDIT, schema.DELETE, schema.REACT, schema.REACT, schema.TOPIC])
            text = {schema.REACT: rng.choice("+-") + rng.choice("👍🎉"), schema.DELETE: ""}.get(kind, f"text {number} @bob")
            target = seq if kind in (schema.EDIT, schema.DELETE, schema.REACT) or rng.random() < 0.2 else None
            posts.append(post(text, person, kind, room, target=target if kind != schema.TOPIC else None))
        store.append(posts)
        if number % 100 == 99:
            assert archive_postgres.check(postgres).problems == []
            store.prune(2**60)
    found = archive_postgres.check(postgres)
    assert found.problems == []
    assert found.rooms == 3
    assert 0 < found.messages < found.events
    store.close()


@pytest.mark.parametrize(
    ("statement", "part"),
    [
        ("DELETE FROM events WHERE room = 1 AND seq = 3", "do not follow"),
        ("UPDATE rooms SET floor = 1 WHERE key = 1", "does not begin where"),
        ("UPDATE events SET author = 77 WHERE seq = 3", "a person that is not there"),
        ("UPDATE events SET body = 'back' WHERE body = '' AND type = 1", "Texts that are empty"),
        ("UPDATE changes SET body = 'other' WHERE deleted IS NULL", "The changes do not agree"),
        ("DELETE FROM reactions", "The reactions do not agree"),
        ("INSERT INTO mentions VALUES ('x', 1, 2)", "The mentions do not agree"),
        ("UPDATE rooms SET topic = 'other'", "The topics do not agree"),
        ("DELETE FROM docs WHERE pos = (SELECT min(pos) FROM docs)", "a search does not find"),
    ],
)
def test_what_is_wrong_is_found(postgres: str, statement: str, part: str) -> None:
    place = PostgresPlace(postgres)
    store = place.opened()
    say_everything(store)
    store.close()
    place.sql(statement)
    problems = archive_postgres.check(postgres).problems
    assert any(part in problem for problem in problems), problems


def test_a_store_is_copied_whole_and_goes_on(folder: Path, postgres: str) -> None:
    with opened(folder) as store:
        put(store, *(post(f"older {number} 中文\0x") for number in range(30)))
        store.directory.set_read(BOB.id, store.directory.rooms["main"], 5, 3)
        store.prune(0)
        epoch, room = store.epoch, store.directory.rooms["开发"]
        before = [fields_of(store, name, user) for name in store.directory.rooms for user in (ANN, BOB)]
        position = store.position
    assert "Copied from" in chat(folder, postgres, "migrate-store")
    assert "The chat is whole" in chat(folder, postgres, "check")
    there, here = exported(folder), lines_of(postgres)
    assert here[1:] == there[1:]
    assert {**here[0], "time": 0, "version": 0} == {**there[0], "time": 0, "version": 0}
    assert lines_of(postgres, "开发")[1:] == exported(folder, "开发")[1:]
    place = PostgresPlace(postgres)
    copy = place.opened()
    assert (copy.epoch, copy.position) == (epoch, position)
    assert [fields_of(copy, name, user) for name in copy.directory.rooms for user in (ANN, BOB)] == before
    assert copy.directory.rooms["开发"] == room
    (repeated,) = copy.append([post("older 0 中文\0x", id=str(there[-1]["id"]))])
    assert isinstance(repeated, Done)
    assert repeated.again, "ids are known"
    meet(copy, ANN)
    assert put(copy, post("goes on"))[0].pos == position + 1
    copy.close()
    for table in archive_postgres.TABLES[:3]:
        rows = SqlitePlace(folder).sql(f"SELECT * FROM {table} ORDER BY 1")
        copied = [row for row in place.sql(f"SELECT * FROM {table} ORDER BY 1") if table != "events" or row[0] <= position]
        assert list(map(tuple, rows)) == list(map(tuple, copied))


def test_a_pruned_store_is_copied_with_its_floor(folder: Path, postgres: str) -> None:
    with opened(folder) as store:
        store.prune(2**60)
        position = store.position
        put(store, post("after"))
    archive_postgres.migrate(folder, postgres)
    store = PostgresPlace(postgres).opened()
    assert store.directory.rooms["main"].floor > 0
    assert store.position == position + 1
    assert archive_postgres.check(postgres).problems == []
    store.close()


def test_it_is_all_or_nothing(folder: Path, postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(folder), pytest.raises(ArchiveError, match=r"A server uses .*\. Stop it, and try again\."):
        archive_postgres.migrate(folder, postgres)
    monkeypatch.setattr(archive_postgres, "TABLES", (*archive_postgres.TABLES, "sqlite_master"))
    with pytest.raises(ArchiveError):
        archive_postgres.migrate(folder, postgres)
    monkeypatch.undo()
    assert PostgresPlace(postgres).sql("SELECT count(*) FROM events") == [(0,)]
    archive_postgres.migrate(folder, postgres)
    with pytest.raises(ArchiveError, match="already"):
        archive_postgres.migrate(folder, postgres)
    with pytest.raises(ArchiveError, match="There is no chat in"):
        archive_postgres.migrate(folder / "nowhere", postgres)


def test_commands_of_sqlite_say_what_to_use(folder: Path, postgres: str) -> None:
    assert "pg_dump" in chat(folder, postgres, "backup", str(folder / "x"), code=1)
    assert "pg_restore" in chat(folder, postgres, "restore", str(folder / "x"), code=1)
    assert "There is no chat in" in chat(folder, postgres, "check", code=1)
    assert "CHATAPP_DATABASE_URL" in chat(folder, "", "migrate-store", code=1)


def test_a_server_on_the_copy_takes_clients_back_where_they_were(
    serve: Callable[..., Server], folder: Path, postgres: str
) -> None:
    before = serve(DATA_DIR=str(folder))
    with entered(before, "ann") as ann:
        said = ann.send("before")
        epoch = ann.epoch
        token = ann.token
    before.stop()
    chat(folder, postgres, "migrate-store")
    after = serve(DATABASE_URL=postgres, DATA_DIR=str(folder))
    with V1(after, "ann", token=token) as ann:
        assert ann.epoch == epoch
        joined, past = ann.join(seq=said["seq"] - 1)
        assert joined["recovered"]
        assert [event["message"] for event in past if event["type"] == "message"] == ["before"]
        assert ann.send("after")["seq"] > said["seq"]
        assert [hit["message"] for hit in ann.ask("search", query="zyzzyva OR before")["hits"]] == []
        assert [hit["message"] for hit in ann.ask("search", query="before")["hits"]] == ["before"]


def test_the_copy_stays_with_the_key_by_which_people_are_known(
    serve: Callable[..., Server], folder: Path, postgres: str
) -> None:
    before = serve(DATA_DIR=str(folder))
    with entered(before, "ann") as ann:
        token, me = ann.token, ann.id
    before.stop()
    key = (folder / "secret.key").read_bytes().hex()
    said = chat(folder, postgres, "migrate-store", CHATAPP_SECRET_KEY="another key that nobody has seen before", code=1)
    assert "People are known by the key in" in said
    said = chat(folder, postgres, "migrate-store")
    command = said.split("CHATAPP_SECRET_KEY=", 1)[1].strip()
    setting = subprocess.run(["sh", "-c", f"printf %s {command}"], capture_output=True, text=True, check=True).stdout
    assert setting == f"hex:{key}"
    elsewhere = serve(DATABASE_URL=postgres, SECRET_KEY=setting)
    with V1(elsewhere, "ann", token=token) as ann:
        assert ann.id == me
