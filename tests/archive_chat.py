"""What the tests of the archive share: a data folder with a store that has everything, and the command line."""

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chatapp import secretkey
from chatapp.chat import archive, messages, schema
from chatapp.chat.messages import Event
from chatapp.chat.store import Store
from chatapp.chat.store_sqlite import Sqlite
from tests.chat_store import ANN, BOB, EVE, PLAIN, make_room, meet, post, put
from tests.conftest import TOP

Fields = dict[str, Any]


def say_everything(store: Store) -> list[Event]:
    """Events of every kind, in several rooms."""
    meet(store, ANN, BOB, EVE)
    make_room(store, "开发")
    direct = messages.direct_room(ANN.id, BOB.id)
    make_room(store, direct)
    put(store, post("", BOB, schema.ENTER, "开发"), post("the topic", ANN, schema.TOPIC, "开发"))
    events = put(
        store,
        post("hello @bob and @all"),
        post("日志 in a room", BOB, room="开发"),
        post("between us", BOB, room=direct),
        post("plain words", PLAIN, id=None),
        post('a "quote"\nand a second line \U0001f389', EVE),
        post("to be removed: zyzzyva", EVE),
    )
    first, second, _, plain, quote, removed = events
    put(
        store,
        post("an answer @eve", BOB, target=first.seq),
        post("an answer to plain", ANN, target=plain.seq),
        post("日志 changed", BOB, schema.EDIT, "开发", target=second.seq),
        post("日志 changed again @ann", BOB, schema.EDIT, "开发", target=second.seq),
        post("zyzzyva, once more", EVE, schema.EDIT, target=removed.seq),
        post("+👍", ANN, schema.REACT, target=quote.seq),
        post("+👍", BOB, schema.REACT, target=quote.seq),
        post("-👍", ANN, schema.REACT, target=quote.seq),
        post("+🎉", ANN, schema.REACT, target=removed.seq),
        post("", EVE, schema.DELETE, target=removed.seq),
        post("an answer to nothing", BOB, target=removed.seq),
        post("", BOB, schema.LEAVE, "开发"),
    )
    return store.news()


def data_folder(parent: Path) -> Path:
    """A data folder with a store that nobody has open."""
    folder = parent / "data"
    folder.mkdir()
    secretkey.load_or_make(folder)
    with opened(folder) as store:
        say_everything(store)
    return folder


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[Store]:
    """The store of a folder, as a server has it."""
    store = Store(Sqlite(folder))
    store.open()
    try:
        yield store
    finally:
        store.close()


def exported(folder: Path, room: str | None = None) -> list[Fields]:
    """The lines of an export."""
    lines: list[str] = []
    count = archive.export(folder, lines.append, room)
    objects = [json.loads(line) for line in "".join(lines).splitlines()]
    assert len(objects) == count + 1
    return objects


def sql(folder: Path, statement: str, *values: object) -> list[Any]:
    """Do something to the file of a store."""
    with contextlib.closing(sqlite3.connect(folder / schema.FILE_NAME)) as store, store:
        return store.execute(statement, values).fetchall()


def chat(folder: Path, *arguments: str, code: int = 0) -> str:
    """Run `flask --app wsgi chat ...` on a data folder; what it says."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("CHATAPP_", "FLASK_"))}
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "chat", *arguments],
        cwd=TOP,
        env=env | {"CHATAPP_DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    if code:
        assert done.stdout == ""
        assert done.stderr.startswith("Error: ") and done.stderr.endswith(".\n"), done.stderr
        return done.stderr.removeprefix("Error: ").strip()
    assert done.stderr == ""
    return done.stdout


def spoil_pages(backup: Path) -> None:
    """The first page is whole, others are not."""
    size = (backup / "chat.db").stat().st_size
    with (backup / "chat.db").open("r+b") as file:
        file.seek(8192)
        file.write(os.urandom(size - 8192))
