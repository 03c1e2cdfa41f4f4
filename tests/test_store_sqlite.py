"""The store in SQLite: its file, what can be wrong with that, and what happens to the disk."""

import functools
import os
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatapp.chat import opening, schema
from chatapp.chat.database import StoreError
from chatapp.chat.outcomes import NotStored
from chatapp.chat.store import Store
from chatapp.chat.store_sqlite import Sqlite
from tests.chat_store import ANN, BOB, MAIN, PLAIN, fields_of, make_room, meet, post, put
from tests.conftest import TOP


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(Sqlite(tmp_path))
    store.open()
    yield store
    store.close()


def reopened(store: Store, folder: Path) -> Store:
    """The store after its process has ended and begun anew."""
    store.close()
    again = Store(Sqlite(folder))
    again.open()
    return again


def run_script(script: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], cwd=TOP, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done


# What is in the file.


def test_a_deleted_text_is_nowhere_in_the_file(store: Store, tmp_path: Path) -> None:
    (event,) = put(store, post("a very secret word"))
    put(store, post("another secret word", kind=schema.EDIT, target=event.seq))
    put(store, post("", kind=schema.DELETE, target=event.seq))
    store.database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    for file in tmp_path.iterdir():
        assert b"secret word" not in file.read_bytes(), file
    store.open()


def test_an_address_of_the_plain_dialect_reaches_other_processes_and_is_not_kept(tmp_path: Path) -> None:
    one, other = Store(Sqlite(tmp_path)), Store(Sqlite(tmp_path))
    one.open()
    other.open()
    put(one, post("alone", PLAIN, id=None, email="secret-a@example.org"))
    one.followed = True
    put(one, post("b", PLAIN, id=None, email="secret-b@example.org"), post("c", PLAIN, id=None))
    other.poll()
    assert [event.email for event in other.news()] == ["", "secret-b@example.org", ""]
    one.forget_addresses(one.position)
    one.database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    one.close()
    other.close()
    for file in tmp_path.iterdir():
        assert b"secret-" not in file.read_bytes(), file


# Faults.


def test_a_locked_store_takes_nothing_and_then_goes_on(store: Store, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / schema.FILE_NAME, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    kept = post("kept")
    with pytest.raises(NotStored) as caught:
        store.append([kept, post("", kind=schema.CREATE, room="dev")])
    assert caught.value.busy
    assert "dev" not in store.directory.rooms
    other.execute("COMMIT")
    other.close()
    assert put(store, kept)[0].seq == 2
    make_room(store, "dev")


def test_a_full_disk_takes_nothing_and_then_goes_on(tmp_path: Path) -> None:
    # A limit on the size of files makes the kernel refuse to write, as a full disk does. In a process of its own.
    script = f"""
        import resource, sys
        from pathlib import Path
        from chatapp.chat.outcomes import NotStored
        from chatapp.chat.store import Store
        from chatapp.chat.store_sqlite import Sqlite
        from tests.chat_store import post, put
        store = Store(Sqlite(Path({str(tmp_path)!r})))
        store.open()
        put(store, post("before"))
        size = Path({str(tmp_path / (schema.FILE_NAME + "-wal"))!r}).stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 8192, resource.RLIM_INFINITY))
        lost, taken = [], 0
        try:
            for number in range(100):
                lost = [post("x" * 1000) for _ in range(10)]
                put(store, *lost)
                taken += 10
        except NotStored as error:
            assert not error.busy
        else:
            sys.exit("the limit did not hold")
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        events = put(store, *lost)
        assert [event.seq for event in events] == list(range(3 + taken, 13 + taken)), events
        print("fine")
    """
    assert run_script(script).stdout == "fine\n"


# Opening.


def test_a_store_of_a_newer_version_is_refused_with_a_sentence(store: Store, tmp_path: Path) -> None:
    store.database.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    store.close()
    for attempt in (Store(Sqlite(tmp_path)).open, functools.partial(opening.check, tmp_path)):
        with pytest.raises(StoreError, match=r"newer chatapp.*Run the newer chatapp, or set CHATAPP_DATA_DIR"):
            attempt()


@pytest.mark.parametrize("table", ["rooms", "people", "members", "events_in_room"])
def test_a_store_with_one_damaged_table_is_refused_with_a_sentence(store: Store, tmp_path: Path, table: str) -> None:
    meet(store, ANN)
    put(store, post("@ann"))
    (page,) = store.database.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    (size,) = store.database.execute("PRAGMA page_size").fetchone()
    store.database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    path = tmp_path / schema.FILE_NAME
    whole = path.read_bytes()
    path.write_bytes(whole[: (page - 1) * size] + b"\xaa" * size + whole[page * size :])
    with pytest.raises(StoreError, match=r"damaged.*chat check"):
        Store(Sqlite(tmp_path)).open()
    path.write_bytes(whole)
    store.open()


@pytest.mark.parametrize("damage", [b"this is no database at all, but long enough to be one" * 100, None])
def test_a_damaged_store_is_refused_with_a_sentence(store: Store, tmp_path: Path, damage: bytes | None) -> None:
    put(store, *(post("x" * 500) for _ in range(500)))
    store.database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    path = tmp_path / schema.FILE_NAME
    whole = path.read_bytes()
    path.write_bytes(damage if damage else whole[:100] + os.urandom(8192 - 100) + whole[8192:])
    for attempt in (Store(Sqlite(tmp_path)).open, functools.partial(opening.check, tmp_path)):
        with pytest.raises(StoreError, match=r"damaged.*chat restore FOLDER"):
            attempt()
    path.write_bytes(whole)
    store.open()


def test_a_database_of_something_else_is_left_alone(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / schema.FILE_NAME)
    other.execute("CREATE TABLE birds (name)")
    other.close()
    with pytest.raises(StoreError, match="something else"):
        Store(Sqlite(tmp_path)).open()


def test_an_older_store_is_migrated_and_kept_beside(store: Store, tmp_path: Path) -> None:
    put(store, post("from the old version"))
    epoch = store.epoch
    store.close()
    steps = (*schema.STEPS, "ALTER TABLE rooms ADD COLUMN colour TEXT; UPDATE rooms SET colour = 'green;';")
    connection, same = opening.open_store(tmp_path, "normal", steps)
    assert same == epoch
    assert connection.execute("SELECT colour FROM rooms").fetchall() == [("green;",)]
    assert connection.execute("SELECT body FROM events WHERE type = 1").fetchall() == [("from the old version",)]
    assert connection.execute("PRAGMA user_version").fetchone() == (len(steps),)
    connection.close()
    (kept,) = tmp_path.glob("chat.db.version-*")
    old = sqlite3.connect(kept)
    assert old.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)
    old.close()


def test_a_store_of_the_first_version_goes_on(tmp_path: Path) -> None:
    connection, epoch = opening.open_store(tmp_path, "normal", schema.STEPS[:1])
    connection.executescript(
        """INSERT INTO rooms VALUES (1, 'main', 'room', '', '', 0, 0);
           INSERT INTO authors VALUES (1, 'ann-id', 'ann', 'a1', 0);
           INSERT INTO events VALUES (1, 1, 1, 0, 5, 1000, 1, 'main-1', NULL, '', NULL),
               (2, 1, 2, 1, 1, 1000, 1, 'id-of-old', NULL, 'from the old version', NULL);
           INSERT INTO members VALUES ('bob-id', 1, 1, 1, 0);"""
    )
    connection.close()
    store = Store(Sqlite(tmp_path))
    store.open()
    assert store.epoch == epoch
    assert fields_of(store, MAIN, BOB)["unread"] == 1
    store.directory.set_read(BOB.id, store.directory.rooms[MAIN], 2, 1)
    assert put(store, post("goes on"))[0].seq == 3
    assert fields_of(reopened(store, tmp_path), MAIN, BOB)["unread"] == 1


def test_a_migration_that_fails_changes_nothing(store: Store, tmp_path: Path) -> None:
    put(store, post("still here"))
    store.close()
    with pytest.raises(StoreError):
        opening.open_store(tmp_path, "normal", (*schema.STEPS, "CREATE TABLE new (x); SELECT * FROM nowhere;"))
    store.open()
    assert store.database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'new'").fetchone() == (0,)
    assert store.directory.rooms[MAIN].number == 1


def test_another_run_of_the_machine_is_another_epoch_unless_commits_wait_for_the_disk(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    epoch = store.epoch
    store.close()
    boot = tmp_path / "boot_id"
    boot.write_text("another run\n")
    monkeypatch.setattr(opening, "BOOT_ID", boot)
    full = Store(Sqlite(tmp_path, sync="full"))
    full.open()
    assert full.epoch == epoch
    full.close()
    boot.write_text("a third run\n")
    store.open()
    assert store.epoch != epoch


def test_the_files_are_for_the_server_alone(store: Store, tmp_path: Path) -> None:
    put(store, post())
    for file in tmp_path.glob("chat.*"):
        assert file.stat().st_mode & 0o077 == 0, file


def test_a_folder_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / schema.FILE_NAME).mkdir()
    with pytest.raises(StoreError, match=r"can't be opened.*right to write"):
        Store(Sqlite(tmp_path)).open()
