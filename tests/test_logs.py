"""The logs over real sockets and real files: whole lines, once, in order, through all that happens to a file."""

import gzip
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.sync.client import ClientConnection

from tests.conftest import PATIENCE, Server, hear, wait_until
from tests.viewer import Viewer, times_open


@pytest.fixture(scope="module", params=["auto", "poll"])
def watching(request: pytest.FixtureRequest, _serve_for_module: Callable[..., Server]) -> Server:
    """A server that watches files with inotify, and one that polls."""
    return _serve_for_module(LOG_WATCH=request.param)


@pytest.fixture
def log(watching: Server, request: pytest.FixtureRequest) -> Path:
    """A file of this test's own, three lines long."""
    path = watching.logs_dir / f"{abs(hash(request.node.name))}.log"
    path.write_text("one\ntwo\nthree\n")
    return path


def append(path: Path, data: str | bytes) -> None:
    with path.open("ab") as file:
        file.write(data if isinstance(data, bytes) else data.encode())


def read_plain(client: ClientConnection, count: int) -> list[str]:
    return [str(client.recv(PATIENCE)) for _ in range(count)]


@pytest.fixture
def look(watching: Server) -> Iterator[Callable[..., Viewer]]:
    """`look(path, begin)` opens a file in `logs.v1`."""
    viewers: list[Viewer] = []

    def open_viewer(path: Path, begin: Any = None) -> Viewer:
        viewers.append(Viewer(watching, path.name, begin))
        return viewers[-1]

    yield open_viewer
    for viewer in viewers:
        viewer.client.close()


# The plain dialect.


def test_a_plain_viewer_gets_the_last_lines_and_then_what_is_appended(watching: Server, log: Path) -> None:
    with watching.connect(f"/echo?file={log.name}") as client:
        assert read_plain(client, 3) == ["one\n", "two\n", "three\n"]
        append(log, "four\r\nfi")
        assert read_plain(client, 1) == ["four\r\n"]
        append(log, "ve\n\nsix\n")
        assert read_plain(client, 3) == ["five\n", "\n", "six\n"]


def test_the_backfill_is_limited_and_from_start_is_the_whole_file(serve: Callable[..., Server]) -> None:
    server = serve(LOG_BACKFILL=2)
    (server.logs_dir / "a.log").write_text("".join(f"{number}\n" for number in range(100_000)))
    with server.connect("/echo") as client:
        assert read_plain(client, 2) == ["99998\n", "99999\n"]
    with server.connect("/echo?from=start") as client:
        assert read_plain(client, 100_000) == [f"{number}\n" for number in range(100_000)]


def test_what_a_plain_client_sends_is_its_filter(watching: Server, log: Path) -> None:
    with watching.connect(f"/echo?file={log.name}") as client, watching.connect(f"/echo?file={log.name}") as other:
        assert len(read_plain(client, 3)) == len(read_plain(other, 3)) == 3
        client.send("grü")
        confirm(client)
        append(log, "rot\ngrün\nblau\n")
        assert read_plain(client, 1) == ["grün\n"]
        assert read_plain(other, 3) == ["rot\n", "grün\n", "blau\n"]
        client.send("")
        confirm(client)
        append(log, "gelb\n")
        assert read_plain(client, 1) == ["gelb\n"]


def confirm(client: ClientConnection) -> None:
    """Wait until the server has read all that was sent: it answers pings in their turn."""
    assert client.ping().wait(PATIENCE)


@pytest.mark.parametrize("name", ["../data/secret.key", "/etc/passwd", "", "."])
def test_a_file_that_may_not_be_shown_closes_with_1008(watching: Server, name: str) -> None:
    with watching.connect(f"/echo?file={name}") as client, pytest.raises(ConnectionClosed) as caught:
        client.recv(PATIENCE)
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1008
    assert "may be shown" in caught.value.rcvd.reason


# What happens to files.


def test_what_is_packed_is_not_followed(serve: Callable[..., Server]) -> None:
    server = serve()
    (server.logs_dir / "a.log").write_bytes(b"one\n")
    (server.logs_dir / "a.log.1.gz").write_bytes(gzip.compress(b"password=hunter2\n"))
    (server.logs_dir / "b.log").write_bytes(b"BZh91AY&SY...")
    for name in ("a.log.1.gz", "b.log"):
        viewer = Viewer(server, name)
        with viewer.client:
            while (said := viewer.read())["type"] == "files":
                pass
            assert (said["type"], said["code"], said["file"]) == ("error", "packed", name)
            viewer.client.send(json.dumps({"type": "open", "file": "a.log"}))
            viewer.read_lines(1)
        with server.connect(f"/echo?file={name}") as client, pytest.raises(ConnectionClosed):
            client.recv(PATIENCE)
        assert client.close_code == 1008
        assert "packed" in str(client.close_reason)


def test_rotation_by_rename_loses_nothing(log: Path, look: Callable[..., Viewer]) -> None:
    viewer = look(log)
    viewer.read_lines(3)
    append(log, "four\nhalf")
    viewer.read_lines(4)
    log.rename(log.with_suffix(".log.1"))
    append(log.with_suffix(".log.1"), " and whole\nlate\nunfinished")
    log.write_text("new one\n")
    assert viewer.read_lines(8)[4:] == ["half and whole", "late", "unfinished", "new one"]
    assert viewer.position is not None
    assert viewer.read_notice("rotated")["generation"] == viewer.position["generation"]
    assert [notice["kind"] for notice in viewer.notices] == ["opened", "rotated"]
    append(log, "new two\n")
    assert viewer.read_lines(9)[8] == "new two"


def test_truncation_begins_anew(log: Path, look: Callable[..., Viewer]) -> None:
    viewer = look(log)
    viewer.read_lines(3)
    os.truncate(log, 0)
    viewer.read_notice("truncated")
    append(log, "x\n")
    assert viewer.read_lines(4)[3] == "x"
    assert [notice["kind"] for notice in viewer.notices] == ["opened", "truncated"]


def test_a_file_that_appears_later_is_read_from_its_first_line(
    watching: Server, look: Callable[..., Viewer], request: pytest.FixtureRequest
) -> None:
    path = watching.logs_dir / f"later{abs(hash(request.node.name))}.log"
    viewer = look(path, {"tail": 1})
    viewer.read_notice("waiting")
    path.write_text("first\nsecond\n")
    assert viewer.read_lines(2) == ["first", "second"]
    assert viewer.read_notice("opened")["offset"] == 0


def test_a_deleted_file_is_told_and_its_successor_followed(log: Path, look: Callable[..., Viewer]) -> None:
    viewer = look(log)
    viewer.read_lines(3)
    log.unlink()
    viewer.read_notice("gone")
    log.write_text("again\n")
    assert viewer.read_lines(4)[3] == "again"


def test_renamed_away_and_back_goes_on_where_it_was(log: Path, look: Callable[..., Viewer]) -> None:
    viewer = look(log)
    viewer.read_lines(3)
    log.rename(log.with_suffix(".away"))
    viewer.read_notice("gone")
    append(log.with_suffix(".away"), "while away\n")
    log.with_suffix(".away").rename(log)
    append(log, "back\n")
    assert viewer.read_lines(5)[3:] == ["while away", "back"]


def test_a_link_that_is_switched_is_a_rotation(
    watching: Server, look: Callable[..., Viewer], request: pytest.FixtureRequest
) -> None:
    stem = f"link{abs(hash(request.node.name))}"
    first, second, link = (watching.logs_dir / f"{stem}.{end}" for end in ("1", "2", "log"))
    first.write_text("a\n")
    second.write_text("b\n")
    link.symlink_to(first.name)
    viewer = look(link)
    assert viewer.read_lines(1) == ["a"]
    spare = link.with_suffix(".new")
    spare.symlink_to(second.name)
    spare.rename(link)
    assert viewer.read_lines(2) == ["a", "b"]
    append(second, "c\n")
    assert viewer.read_lines(3)[2] == "c"


def test_a_link_that_is_switched_to_something_secret_is_denied(serve: Callable[..., Server], tmp_path: Path) -> None:
    server = serve()
    (tmp_path / "secret.txt").write_text("secret\n")
    path = server.logs_dir / "a.log"
    path.write_text("public\n")
    viewer = Viewer(server, "a.log")
    viewer.read_lines(1)
    path.unlink()
    path.symlink_to(tmp_path / "secret.txt")
    viewer.read_notice("denied")
    path.unlink()
    path.write_text("public again\n")
    assert viewer.read_lines(2) == ["public", "public again"]


def test_no_utf8_and_a_huge_line_are_shown_and_hurt_nobody(log: Path, look: Callable[..., Viewer]) -> None:
    viewer = look(log)
    viewer.read_lines(3)
    append(log, b"gr\xfc\xdfe \0\x1b[31m\n" + b"x" * 3_000_000 + b"\nafter\n")
    lines = viewer.read_lines(6)[3:]
    assert lines[0] == "gr\ufffd\ufffde ␀\x1b[31m"
    assert lines[1] == "x" * 65_536 + " … [cut: line of 3000000 bytes]"
    assert lines[2] == "after"


# logs.v1.


def test_the_list_of_files_comes_first_and_again_when_it_changes(serve: Callable[..., Server]) -> None:
    server = serve()
    (server.logs_dir / "a.log").write_text("a\n")
    with server.connect("/echo", "logs.v1") as client:
        assert [(file["name"], file["size"]) for file in hear(client)["files"]] == [("a.log", 2)]
        (server.logs_dir / "b.log").write_text("")
        assert [file["name"] for file in hear(client)["files"]] == ["a.log", "b.log"]
        (server.logs_dir / "c.log").write_text("")
        with server.connect("/echo", "logs.v1") as other:
            assert len(hear(other)["files"]) == 3
        assert len(hear(client)["files"]) == 3, "who was there before hears of it too"


def test_names_and_times_that_are_odd_do_not_break_the_list(serve: Callable[..., Server]) -> None:
    server = serve()
    (server.logs_dir / "wide\u3000name.log").write_text("wide\n")
    odd = server.logs_dir / "odd.log"
    odd.write_text("odd\n")
    os.utime(odd, (0, 2**40))
    with open(os.fsencode(server.logs_dir) + b"/bad\xff.log", "w") as file:
        file.write("bad\n")
    with server.connect("/echo", "logs.v1") as client:
        assert [file["name"] for file in hear(client)["files"]] == ["odd.log", "wide\u3000name.log"]
    assert Viewer(server, "wide\u3000name.log").read_lines(1) == ["wide"]
    assert "Traceback" not in server.said()


def test_files_that_never_were_are_not_followed_for_long(serve: Callable[..., Server]) -> None:
    server = serve(MESSAGE_RATE=0)
    with server.connect("/echo", "logs.v1") as client:
        for number in range(100):
            client.send(json.dumps({"type": "open", "file": f"{number}.log"}))
            client.send(json.dumps({"type": "close", "file": f"{number}.log"}))
        confirm(client)
        assert server.health()["files_followed"] == 0


def test_a_position_resumes_without_gap_or_repeat(log: Path, look: Callable[..., Viewer]) -> None:
    viewer = look(log)
    viewer.read_lines(3)
    viewer.client.close()
    append(log, "four\nfive\n")
    back = look(log, viewer.position)
    append(log, "six\n")
    assert back.read_lines(3) == ["four", "five", "six"]


def test_a_position_resumes_after_a_rotation_and_after_a_restart_of_the_server(serve: Callable[..., Server]) -> None:
    server = serve()
    path = server.logs_dir / "a.log"
    path.write_text("one\n")
    viewer = Viewer(server, "a.log")
    viewer.read_lines(1)
    viewer.client.close()
    append(path, "two\n")
    path.rename(path.with_suffix(".1"))
    path.write_text("three\n")
    back = Viewer(server, "a.log", viewer.position)
    assert back.read_lines(2) == ["two", "three"]
    server.kill()
    append(path, "four\n")
    server.start()
    again = Viewer(server, "a.log", back.position)
    assert again.read_lines(1) == ["four"]


@pytest.mark.parametrize("first", ["one\n", ""], ids=["", "empty when it was opened"])
def test_a_position_resumes_in_the_next_worker_of_the_same_server(serve: Callable[..., Server], first: str) -> None:
    server = serve()
    path = server.logs_dir / "a.log"
    path.write_text(first)
    viewer = Viewer(server, "a.log")
    viewer.read_notice("opened")
    append(path, "two\n")
    viewer.read_lines(2 if first else 1)
    (old,) = server.workers()
    server.signal(signal.SIGHUP)
    wait_until(lambda: old not in server.workers(), "the old worker to be gone")
    append(path, "three\n")
    back = Viewer(server, "a.log", viewer.position)
    assert back.read_lines(1) == ["three"]
    assert back.kinds == ["opened"]


def test_a_position_in_a_file_that_was_truncated_meanwhile_is_told(
    watching: Server, log: Path, look: Callable[..., Viewer]
) -> None:
    """Also when the file was empty when it was opened, so that its first bytes tell nothing."""
    os.truncate(log, 0)
    viewer = look(log)
    viewer.read_notice("opened")
    append(log, "one\ntwo\nthree\n")
    viewer.read_lines(3)
    keeper = look(log)  # somebody goes on looking
    keeper.read_lines(3)
    viewer.client.close()
    os.truncate(log, 0)
    keeper.read_notice("truncated")
    append(log, "".join(f"new {number}\n" for number in range(20)))
    back = look(log, viewer.position)
    assert back.read_lines(20) == [f"new {number}" for number in range(20)]
    back.read_notice("truncated")


def test_a_generation_that_makes_no_sense_is_a_gap(log: Path, look: Callable[..., Viewer]) -> None:
    viewer = look(log)
    viewer.read_lines(3)
    assert viewer.position is not None
    parts = viewer.position["generation"].split("-")
    parts[2] = "9" * 5000
    other = look(log, {"generation": "-".join(parts), "offset": 4})
    other.read_notice("gap")
    append(log, "four\n")
    assert other.read_lines(4) == ["one", "two", "three", "four"]


def test_a_position_that_is_gone_is_a_gap_and_the_newest_lines(log: Path, look: Callable[..., Viewer]) -> None:
    viewer = look(log, {"generation": "1-2-3-x-y", "offset": 7})
    assert viewer.read_notice("gap")["offset"] == 7
    assert viewer.read_lines(3) == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("nonsense", "bad_json"),
        ("[]", "bad_json"),
        ('{"type":"shout"}', "bad_type"),
        ('{"type":"open"}', "bad_request"),
        ('{"type":"open","file":"a\\u0000b"}', "not_allowed"),
        ('{"type":"open","file":"a\\ud800b"}', "not_allowed"),
        (json.dumps({"type": "open", "file": "x" * 2000}), "not_allowed"),
        ('{"type":"open","file":"a.log","from":"end"}', "bad_request"),
        ('{"type":"open","file":"a.log","from":{"tail":-1}}', "bad_request"),
        ('{"type":"open","file":"a.log","from":{"tail":1e99}}', "bad_request"),
        ('{"type":"open","file":"a.log","from":{"generation":"x","offset":"y"}}', "bad_request"),
        ('{"type":"open","file":"../data/secret.key"}', "not_allowed"),
    ],
)
def test_a_bad_request_is_an_error_and_the_connection_stays(watching: Server, said: str, code: str) -> None:
    with watching.connect("/echo", "logs.v1") as client:
        client.send(said)
        while (answer := hear(client))["type"] != "error":
            pass
        assert answer["code"] == code
        confirm(client)


def test_one_connection_can_look_at_several_files_and_close_one(
    watching: Server, log: Path, look: Callable[..., Viewer]
) -> None:
    viewer = look(log)
    viewer.read_lines(3)
    viewer.client.send(json.dumps({"type": "close", "file": log.name}))
    other = log.with_suffix(".other")
    other.write_text("other\n")
    viewer.client.send(json.dumps({"type": "open", "file": other.name}))
    assert viewer.read_lines(4)[3] == "other"
    append(log, "nobody looks\n")
    append(other, "more\n")
    assert viewer.read_lines(5)[4] == "more"


# Under load.


def test_all_viewers_share_one_open_file_and_see_every_line(serve: Callable[..., Server]) -> None:
    server = serve()
    path = server.logs_dir / "busy.log"
    path.write_text("")
    count = 20_000

    def write() -> None:
        with path.open("ab", buffering=0) as file:
            for number in range(count):
                file.write(b"line %d\n" % number)

    viewers = [Viewer(server, "busy.log", "start") for _ in range(10)]
    for viewer in viewers:
        viewer.read_notice("opened")
    writer = threading.Thread(target=write)
    writer.start()
    for viewer in viewers:
        assert viewer.read_lines(count) == [f"line {number}" for number in range(count)]
    writer.join()
    wait_until(lambda: times_open(server, path) == 1, "the readers of the past to be done")
    assert server.health()["files_followed"] == 1


def test_a_slow_viewer_loses_nothing_and_holds_up_nobody(serve: Callable[..., Server]) -> None:
    server = serve(OUTBOX_BYTES=524_288)
    path = server.logs_dir / "busy.log"
    path.write_text("")
    slow = server.raw("/echo?from=start")
    quick = Viewer(server, "busy.log", "start")
    quick.read_notice("opened")
    lines = 200_000  # 20 MB: more than the kernel and the outbox take together
    with path.open("ab") as file:
        for number in range(lines):
            file.write(b"%07d %s\n" % (number, b"x" * 91))
    assert len(quick.read_lines(lines)) == lines
    assert read_numbers(slow, lines) == list(range(lines))


def test_a_file_of_nothing_but_newlines_and_a_slow_viewer_hold_up_nobody(serve: Callable[..., Server]) -> None:
    server = serve(OUTBOX_BYTES=524_288)
    (server.logs_dir / "a.log").write_bytes(b"\n" * 1_000_000)
    slow = server.raw("/echo", "Sec-WebSocket-Protocol: logs.v1\r\n")
    request = json.dumps({"type": "open", "file": "a.log", "from": "start"}).encode()
    slow.sendall(Frame(Opcode.TEXT, request).serialize(mask=True))
    for _ in range(20):
        assert server.health()["alive"]
        slow.recv(20_000)
    quick = Viewer(server, "a.log", "start")
    assert len(quick.read_lines(1_000_000)) == 1_000_000
    slow.close()


def test_a_viewer_that_reads_slowly_but_steadily_is_not_closed(serve: Callable[..., Server]) -> None:
    """Also when it takes longer than the write deadline until the kernel calls its socket writable again."""
    server = serve()
    with (server.logs_dir / "a.log").open("wb") as file:
        file.write((b"x" * 99 + b"\n") * 200_000)
    slow = server.raw("/echo?from=start")
    began, pause = time.monotonic(), threading.Event()
    while time.monotonic() - began < 13:
        assert slow.recv(4096), "the slow viewer was closed"
        pause.wait(0.05)  # between two sips: this slowness is what is tested
    assert server.health()["clients"] == 1
    slow.close()


def read_numbers(link: socket.socket, count: int) -> list[int]:
    """The numbers of `count` lines of 100 bytes from a raw plain stream."""
    stream = bytearray()
    while len(stream) < count * 102:
        piece = link.recv(1 << 20)
        assert piece, "the slow viewer was closed"
        stream += piece.replace(b"\x89\x00", b"")
    link.close()
    assert all(stream[at : at + 2] == b"\x81\x64" for at in range(0, len(stream), 102)), "a frame is out of place"
    return [int(stream[at + 2 : at + 9]) for at in range(0, len(stream), 102)]


def test_a_viewer_that_reads_while_files_rotate_under_load_misses_nothing(serve: Callable[..., Server]) -> None:
    server = serve()
    path = server.logs_dir / "app.log"
    path.write_text("")
    viewer = Viewer(server, "app.log", "start")
    viewer.read_notice("opened")
    number = 0
    for rotation in range(20):
        with path.open("ab", buffering=0) as file:
            for _ in range(500):
                file.write(b"%d\n" % number)
                number += 1
        path.rename(path.with_suffix(f".{rotation}"))
        path.write_text("")
        viewer.read_lines(number)
        while sum(notice["kind"] == "rotated" for notice in viewer.notices) <= rotation:
            viewer.read()  # several rotations between two looks are another matter
    assert viewer.lines == [str(line) for line in range(number)]


def test_a_stopped_reader_catches_up(serve: Callable[..., Server]) -> None:
    server = serve()
    path = server.logs_dir / "app.log"
    path.write_text("")
    viewer = Viewer(server, "app.log", "start")
    viewer.read_notice("opened")
    (worker,) = server.workers()
    os.kill(worker, signal.SIGSTOP)
    try:
        append(path, "while stopped\n")
        path.rename(path.with_suffix(".1"))
        append(path.with_suffix(".1"), "late\n")
        path.write_text("new\n")
    finally:
        os.kill(worker, signal.SIGCONT)
    assert viewer.read_lines(3) == ["while stopped", "late", "new"]
