"""Export, backup and restore: over real stores, through the command line, and while a real server writes."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from chatapp import secretkey
from chatapp.chat import archive, schema
from chatapp.chat.archive import ArchiveError
from chatapp.commands import BESIDE
from tests.archive_chat import chat, data_folder, exported, opened, spoil_pages, sql
from tests.chat_store import ANN, make_room, post, put
from tests.conftest import TOP, Server
from tests.v1 import V1, entered


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with a store that nobody has open."""
    return data_folder(tmp_path)


# Export.


def test_the_log_is_written_out_line_by_line_in_its_order(folder: Path) -> None:
    head, *events = exported(folder)
    assert head["type"] == "store"
    assert head["version"] == schema.VERSION
    assert head["epoch"] == sql(folder, "SELECT value FROM meta WHERE key = 'epoch'")[0][0]
    assert [room["room"] for room in head["rooms"]] == ["main", "开发", "@ann-id+bob-id"]
    assert head["rooms"][1] == {"room": "开发", "kind": "room", "topic": "the topic", "seq": 7}
    assert {event["type"] for event in events} == set(schema.WIRE_TYPES.values())
    for room in head["rooms"]:
        seqs = [event["seq"] for event in events if event["room"] == room["room"]]
        assert seqs == list(range(1, room["seq"] + 1))
    said = {event.get("message"): event for event in events}
    assert said["an answer @eve"]["reply"] == {"seq": 2, "name": "ann", "message": "hello @bob and @all"}
    assert said["an answer @eve"]["mentions"] == [{"id": "eve-id", "name": "eve"}]
    assert said["an answer to nothing"]["reply"]["message"] == ""
    assert said["plain words"]["user"]["plain"] is True
    assert said["日志 changed again @ann"]["type"] == "edit"
    assert said["日志 in a room"]["type"] == "message", "edits are kept as the events they are"
    assert [event["deleted"] for event in events if event.get("deleted")] == [True]
    assert "zyzzyva" not in json.dumps(events)


def test_one_room_alone_is_written_out_by_its_name_in_any_case(folder: Path) -> None:
    with opened(folder) as store:
        make_room(store, "dev")
        put(store, post("x", room="dev"))
    head, *events = exported(folder, "DEV")
    assert [room["room"] for room in head["rooms"]] == ["dev"]
    assert [event["type"] for event in events] == ["create", "message"]
    with pytest.raises(ArchiveError, match="There is no room called nowhere"):
        exported(folder, "nowhere")


def test_a_large_log_is_written_in_parts(folder: Path) -> None:
    with opened(folder) as store:
        for _ in range(5):
            put(store, *(post(f"message {number}") for number in range(1000)))
    parts: list[str] = []
    archive.export(folder, parts.append)
    assert len(parts) > 5
    assert max(part.count("\n") for part in parts) <= archive.EXPORT_ROWS


def test_an_export_is_one_view_while_others_write(folder: Path) -> None:
    """What is committed while it goes on is in the next one."""
    with opened(folder) as store:
        put(store, *(post(f"message {number}") for number in range(3 * archive.EXPORT_ROWS)))
        before = exported(folder)
        lines: list[str] = []

        def write(text: str) -> None:
            lines.append(text)
            put(store, post("too late"), post("too late", room="开发"))

        archive.export(folder, write)
        during = [json.loads(line) for line in "".join(lines).splitlines()]
    assert during[1:] == before[1:]
    assert during[0]["rooms"] == before[0]["rooms"]
    assert len(exported(folder)) == len(before) + 2 * len(lines)


def test_an_export_is_what_a_client_gets_that_missed_everything(serve: Callable[..., Server]) -> None:
    server = serve(MESSAGE_RATE=0)
    with entered(server, "ann") as ann, entered(server, "bob") as bob:
        first = ann.send("hello @bob")
        bob.send("an answer", reply=first["seq"])
        ann.ask("edit", room="main", target=first["seq"], message="hello again @bob")
        bob.ask("react", room="main", target=first["seq"], emoji="👍", on=True)
        gone = ann.send("a mistake")
        ann.ask("delete", room="main", target=gone["seq"])
        ann.ask("direct", person=bob.id)
        _, past = ann.join("main", seq=0)
        lines = [json.loads(line) for line in chat(server.data_dir, "export", "--room", "main").splitlines()]
    assert lines[0]["epoch"] == ann.epoch
    assert lines[1:] == past
    assert {"message", "edit", "react", "delete"} <= {line["type"] for line in lines}


def test_export_goes_to_a_new_file_that_only_its_owner_can_read(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    said = chat(folder, "export", str(path))
    assert said == f"Events written to {path}: {len(exported(folder)) - 1}.\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [json.loads(line) for line in path.read_text().splitlines()][1:] == exported(folder)[1:]
    assert chat(folder, "export", str(path), code=1) == f"{path} can't be made: File exists."
    assert chat(folder, "export", "--room", "nowhere", str(tmp_path / "b"), code=1) == "There is no room called nowhere."
    assert not (tmp_path / "b").exists()


def test_export_into_a_pipe_that_closes_ends_quietly(folder: Path) -> None:
    with opened(folder) as store:
        put(store, *(post("x" * 1000) for _ in range(1000)))
    command = f"{sys.executable} -m flask --app wsgi chat export | head -c 100"
    env = os.environ | {"CHATAPP_DATA_DIR": str(folder)}
    done = subprocess.run(command, shell=True, cwd=TOP, env=env, capture_output=True, text=True, timeout=60)
    assert len(done.stdout) == 100
    assert done.stderr == ""


# Backup and restore.


def test_a_backup_is_restored_to_what_it_was(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "a" / "backup"
    before = exported(folder)
    key = (folder / secretkey.FILE_NAME).read_bytes()
    count = archive.backup(folder, target, BESIDE)
    assert count == sum(event["type"] == "message" for event in before)
    assert sorted(os.listdir(target)) == ["chat.db", "secret.key"]
    assert target.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in target.iterdir()} == {0o600}

    with opened(folder) as store:
        put(store, post("after the backup"))
    (folder / secretkey.FILE_NAME).write_bytes(b"x" * 32)
    later = exported(folder)
    done = archive.restore(folder, target, BESIDE)
    assert (done.messages, done.with_key) == (count, True)
    after = exported(folder)
    assert after[1:] == before[1:]
    assert after[0]["rooms"] == before[0]["rooms"]
    assert after[0]["epoch"] != before[0]["epoch"], "positions from after the backup mean nothing any more"
    assert (folder / secretkey.FILE_NAME).read_bytes() == key
    assert {(folder / name).stat().st_mode & 0o777 for name in ("chat.db", "secret.key")} == {0o600}
    assert archive.check(folder).problems == []

    assert done.aside is not None
    assert exported(done.aside)[1:] == later[1:], "nothing is removed"
    assert (done.aside / secretkey.FILE_NAME).read_bytes() == b"x" * 32
    assert not [name for name in os.listdir(folder) if name.startswith(".")]
    with opened(folder) as store:
        assert store.epoch == after[0]["epoch"]
        assert store.directory.members[store.directory.rooms["开发"].key] == {ANN.id}


def test_what_was_deleted_is_not_in_a_backup(folder: Path, tmp_path: Path) -> None:
    archive.backup(folder, tmp_path / "backup", BESIDE)
    assert b"zyzzyva" not in (tmp_path / "backup" / "chat.db").read_bytes()


def test_a_restore_goes_into_a_new_folder_too_and_sets_nothing_aside(folder: Path, tmp_path: Path) -> None:
    archive.backup(folder, tmp_path / "backup", BESIDE)
    other = tmp_path / "elsewhere"
    done = archive.restore(other, tmp_path / "backup", BESIDE)
    assert done.aside is None
    assert exported(other)[1:] == exported(folder)[1:]


def test_a_backup_without_a_key_leaves_the_key_alone(folder: Path, tmp_path: Path) -> None:
    archive.backup(folder, tmp_path / "backup", ())
    key = (folder / secretkey.FILE_NAME).read_bytes()
    said = chat(folder, "restore", str(tmp_path / "backup"))
    assert "There was no secret key in the backup" in said
    assert (folder / secretkey.FILE_NAME).read_bytes() == key


def test_a_damaged_store_is_replaced_and_kept(folder: Path, tmp_path: Path) -> None:
    archive.backup(folder, tmp_path / "backup", BESIDE)
    before = exported(folder)
    rubbish = os.urandom(50_000)
    (folder / "chat.db").write_bytes(rubbish)
    said = chat(folder, "restore", str(tmp_path / "backup"))
    assert exported(folder)[1:] == before[1:]
    (aside,) = folder.glob("before-restore-*")
    assert str(aside) in said
    assert (aside / "chat.db").read_bytes() == rubbish


def test_an_older_store_is_restored_as_it_is_and_migrated_when_it_is_opened(folder: Path, tmp_path: Path) -> None:
    archive.backup(folder, tmp_path / "backup", BESIDE)
    sql(tmp_path / "backup", "PRAGMA user_version = 0")
    archive.restore(folder, tmp_path / "backup", BESIDE)
    assert sql(folder, "PRAGMA user_version") == [(0,)]


@pytest.mark.parametrize("kind", ["file", "full folder"])
def test_a_backup_never_overwrites(folder: Path, tmp_path: Path, kind: str) -> None:
    target = tmp_path / "there"
    if kind == "file":
        target.write_text("mine")
    else:
        target.mkdir()
        (target / "mine").write_text("mine")
    assert "is there already" in chat(folder, "backup", str(target), code=1)
    assert "mine" in (target.read_text() if kind == "file" else os.listdir(target))


def test_a_backup_into_an_empty_folder_is_taken(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    archive.backup(folder, tmp_path / "empty", BESIDE)
    assert sorted(os.listdir(tmp_path / "empty")) == ["chat.db", "secret.key"]


def test_a_backup_that_fails_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    (folder / secretkey.FILE_NAME).unlink()
    with pytest.raises(ArchiveError, match=r"secret\.key: No such file"):
        archive.backup(folder, tmp_path / "backup", BESIDE)
    assert os.listdir(tmp_path) == ["data"]


@pytest.mark.parametrize("command", ["backup", "export"])
def test_a_disk_that_is_full_is_told_of_and_nothing_is_left(folder: Path, tmp_path: Path, command: str) -> None:
    """Files may not grow over 100 KB here: to who writes that is like a full disk."""
    with opened(folder) as store:
        put(store, *(post("x" * 1000) for _ in range(300)))
    target = tmp_path / "target"
    done = subprocess.run(
        ["bash", "-c", f"ulimit -f 100; exec {sys.executable} -m flask --app wsgi chat {command} {target}"],
        cwd=TOP,
        env=os.environ | {"CHATAPP_DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Error: "), done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert command == "backup" or done.stderr == f"Error: {target} can't be written: File too large.\n"
    assert os.listdir(tmp_path) == ["data"]


def spoil_nothing_there(backup: Path) -> None:
    (backup / "chat.db").unlink()


def spoil_rubbish(backup: Path) -> None:
    (backup / "chat.db").write_bytes(os.urandom(20_000))


def spoil_length(backup: Path) -> None:
    os.truncate(backup / "chat.db", (backup / "chat.db").stat().st_size // 2)


def spoil_owner(backup: Path) -> None:
    sql(backup, "PRAGMA application_id = 7")


def spoil_version(backup: Path) -> None:
    sql(backup, f"PRAGMA user_version = {schema.VERSION + 1}")


@pytest.mark.parametrize(
    ("spoil", "part"),
    [
        (spoil_nothing_there, "is no backup"),
        (spoil_rubbish, "is damaged"),
        (spoil_pages, "is damaged"),
        (spoil_length, "is damaged"),
        (spoil_owner, "is no store of a chat"),
        (spoil_version, "is of a newer chatapp"),
    ],
)
def test_what_is_no_good_backup_is_refused_and_nothing_changes(
    folder: Path, tmp_path: Path, spoil: Callable[[Path], None], part: str
) -> None:
    backup = tmp_path / "backup"
    archive.backup(folder, backup, BESIDE)
    spoil(backup)
    before = exported(folder)
    there = sorted(os.listdir(folder))
    with pytest.raises(ArchiveError, match=part):
        archive.restore(folder, backup, BESIDE)
    after = exported(folder)
    assert after[1:] == before[1:] and after[0]["epoch"] == before[0]["epoch"]
    assert [name for name in sorted(os.listdir(folder)) if not name.startswith(("chat.lock", "chatapp.log"))] == [
        name for name in there if name != "chat.lock"
    ]


@pytest.mark.parametrize("command", [("export",), ("backup", "x"), ("check",)])
def test_where_there_is_no_chat_yet_a_sentence_says_so(tmp_path: Path, command: tuple[str, ...]) -> None:
    assert chat(tmp_path, *command, code=1) == f"There is no chat in {tmp_path} yet."


# While a server runs.


def test_a_backup_taken_under_load_is_whole_and_comes_back(serve: Callable[..., Server], tmp_path: Path) -> None:
    server = serve(MESSAGE_RATE=0)
    going = threading.Event()
    sent: list[int] = [0, 0, 0]

    def write(number: int) -> None:
        with entered(server, f"writer {number}") as client:
            while not going.is_set():
                client.send(f"message {sent[number]} of {number}")
                sent[number] += 1
                going.wait(0.005)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(len(sent))]
    for writer in writers:
        writer.start()
    try:
        while min(sent) < 50:
            going.wait(0.01)
        counts = []
        for number in range(3):
            acknowledged = sum(sent)
            target = tmp_path / f"backup{number}"
            chat(server.data_dir, "backup", str(target))
            found = archive.check(target)
            assert found.problems == []
            assert found.messages >= acknowledged
            counts.append(found.messages)
            lines = [json.loads(line) for line in chat(server.data_dir, "export").splitlines()]
            assert [line["seq"] for line in lines if line.get("room") == "main"] == list(
                range(1, lines[0]["rooms"][0]["seq"] + 1)
            )
            assert "The chat is whole" in chat(server.data_dir, "check")
        assert counts == sorted(set(counts))
        refused = chat(server.data_dir, "restore", str(target), code=1)
        assert refused == f"A server uses {server.data_dir}. Stop it, and try again."
    finally:
        going.set()
        for writer in writers:
            writer.join()

    with V1(server, "ann") as ann:
        joined, _ = ann.join()
        epoch, seq, token = ann.epoch, joined["seq"], ann.token
        mine = ann.send("mine, before")
    chat(server.data_dir, "backup", str(tmp_path / "last"))
    with entered(server, "bob") as bob:
        bob.send("after the backup")
    server.stop()
    chat(server.data_dir, "restore", str(tmp_path / "last"))
    server.start()
    with V1(server, "ann", token=token) as ann:
        assert ann.id == mine["user"]["id"], "the key came back too"
        assert ann.epoch != epoch
        ann.epoch = epoch
        joined, past = ann.join(seq=seq)
        assert joined["recovered"] is False
        assert past[-1]["message"] == "mine, before"
        assert ann.ask("edit", room="main", target=past[-1]["seq"], message="still mine")["type"] == "edit"
    assert "Traceback" not in server.said()


def test_a_server_that_was_killed_is_exported_and_restored_without_loss(
    serve: Callable[..., Server], tmp_path: Path
) -> None:
    server = serve(MESSAGE_RATE=0)
    with entered(server, "ann") as ann:
        for number in range(100):
            ann.send(f"message {number}")
    server.kill()
    lines = [json.loads(line) for line in chat(server.data_dir, "export").splitlines()]
    assert [line["message"] for line in lines if line["type"] == "message"] == [f"message {number}" for number in range(100)]
    chat(server.data_dir, "backup", str(tmp_path / "backup"))
    assert archive.check(tmp_path / "backup").messages == 100
    server.start()
    server.kill()
    chat(server.data_dir, "restore", str(tmp_path / "backup"))
    (aside,) = server.data_dir.glob("before-restore-*")
    assert archive.check(aside).messages == 100, "its write-ahead log went with it"
