"""The rules of tailing, R1 to R20, each on real files through a real server, with inotify and with polling.

(What is seen only from within is tested in test_tailer.py and test_watch.py, all of it together in tests/truth.)
"""

import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import WITHOUT_RIGHTS, Server, hear, missing, wait_until
from tests.viewer import Viewer, times_open


@pytest.fixture(scope="module", params=["auto", "poll"])
def watching(request: pytest.FixtureRequest, _serve_for_module: Callable[..., Server]) -> Server:
    """A server that watches files with inotify, and one that polls."""
    return _serve_for_module(LOG_WATCH=request.param, LOG_REDACT="on", LOG_ENCODINGS="*.gbk.log=gbk,*latin/*=latin-1")


@pytest.fixture
def log(watching: Server, request: pytest.FixtureRequest) -> Path:
    """A file of this test's own, in a folder of its own, three lines long."""
    folder = watching.logs_dir / f"{abs(hash(request.node.name))}"
    folder.mkdir()
    path = folder / "a.log"
    path.write_text("one\ntwo\nthree\n")
    return path


@pytest.fixture
def look(watching: Server) -> Iterator[Callable[..., Viewer]]:
    """`look(path, begin)` opens a file in `logs.v1`."""
    viewers: list[Viewer] = []

    def open_viewer(path: Path, begin: Any = None, **more: Any) -> Viewer:
        viewers.append(Viewer(watching, str(path.relative_to(watching.logs_dir)), begin, **more))
        return viewers[-1]

    yield open_viewer
    for viewer in viewers:
        viewer.client.close()


Look = Callable[..., Viewer]


def append(path: Path, data: str | bytes) -> None:
    with path.open("ab") as file:
        file.write(data if isinstance(data, bytes) else data.encode())


def rotate(path: Path, keep: int = 5) -> Path:
    """As logrotate does: a.log becomes a.log.1, that a.log.2, and so on. Returns where the file went."""
    for number in range(keep, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        if older.exists():
            older.rename(path.with_name(f"{path.name}.{number + 1}"))
    return path.rename(path.with_name(f"{path.name}.1"))


class Stopped:
    """`with Stopped(server):` its worker stands still, so all that happens happens between two looks."""

    def __init__(self, server: Server) -> None:
        (self._worker,) = server.workers()

    def __enter__(self) -> None:
        os.kill(self._worker, signal.SIGSTOP)

    def __exit__(self, *_: object) -> None:
        os.kill(self._worker, signal.SIGCONT)


# R1 to R7: what a name stands for.


def test_r01_a_generation_is_known_by_inode_and_first_bytes_and_growth_changes_neither(log: Path, look: Look) -> None:
    viewer = look(log)
    viewer.read_lines(3)
    assert viewer.position is not None
    generation = viewer.position["generation"]
    append(log, "x" * 5000 + "\n")
    viewer.read_lines(4)
    assert viewer.position["generation"] == generation
    spare = log.with_name("spare")
    shutil.copyfile(log, spare)  # the same bytes in another inode are another generation
    spare.rename(log)
    viewer.read_notice("rotated")
    viewer.read_lines(8)
    assert viewer.position["generation"] != generation


def test_r02_late_writes_to_a_renamed_file_come_before_its_successor(log: Path, look: Look) -> None:
    viewer = look(log)
    viewer.read_lines(3)
    with log.open("a", buffering=1) as writer:
        writer.write("four\n")
        rotate(log)
        writer.write("before the new one is made\n")
        log.write_text("new one\n")
        writer.write("after it was made\n")
        wait_until(lambda: times_open(viewer.server, log), "the new file to be opened")
        writer.write("and after it was seen\n")
    expected = ["four", "before the new one is made", "after it was made", "and after it was seen", "new one"]
    assert viewer.read_lines(8)[3:] == expected
    assert viewer.kinds == ["opened", "rotated"]


def test_r02_a_writer_that_stays_on_the_old_file_holds_up_the_new_one_only_for_the_grace(log: Path, look: Look) -> None:
    viewer = look(log)
    viewer.read_lines(3)
    with log.open("a", buffering=1) as writer:
        old = rotate(log)
        log.write_text("new one\n")
        assert viewer.read_lines(4)[3] == "new one"
        writer.write("too late\n")
        gap = viewer.read_notice("gap")
    assert (gap["offset"], gap["to"]) == (14, old.stat().st_size)


def test_r03_several_rotations_between_two_looks(watching: Server, log: Path, look: Look) -> None:
    viewer = look(log)
    viewer.read_lines(3)
    with Stopped(watching):
        for number in range(4):
            append(log, f"in {number}\n")
            rotate(log)
            log.write_text("")
        append(log, "last\n")
    assert viewer.read_lines(8)[3:] == ["in 0", "in 1", "in 2", "in 3", "last"]
    assert viewer.kinds.count("rotated") == 4


def test_r03_what_is_nowhere_any_more_is_a_gap(watching: Server, log: Path, look: Look) -> None:
    viewer = look(log)
    viewer.read_lines(3)
    with Stopped(watching):
        rotate(log)
        log.write_text("nobody sees this\n")
        log.unlink()
        threading.Event().wait(0.6)  # the time in which there may have been another: what is tested is that it is noticed
        log.write_text("last\n")
    assert viewer.read_lines(4)[3] == "last"
    assert viewer.kinds == ["opened", "gap", "rotated"]


@pytest.mark.parametrize("text", ["a\n", "ONE\ntwo\nthree\n", "another and a longer text\n" * 3])
def test_r04_a_file_that_is_cut_and_written_anew_at_once_whatever_its_size(
    watching: Server, log: Path, look: Look, text: str
) -> None:
    viewer = look(log)
    viewer.read_lines(3)
    with Stopped(watching), log.open("r+b", buffering=0) as file:
        file.truncate(0)
        file.write(text.encode())
    assert viewer.read_lines(3 + text.count("\n"))[3:] == text.splitlines()
    assert viewer.kinds == ["opened", "truncated" if len(text) < 14 else "replaced"]


def test_r04_a_file_that_is_rewritten_in_place(log: Path, look: Look) -> None:
    viewer = look(log)
    viewer.read_lines(3)
    with log.open("r+b") as file:
        file.write(b"ONE\nTWO\nTHREE\n")
    assert viewer.read_lines(6)[3:] == ["ONE", "TWO", "THREE"]
    assert viewer.kinds == ["opened", "replaced"]


def test_r04_what_was_not_read_before_a_copytruncate_is_read_from_the_copy(watching: Server, log: Path, look: Look) -> None:
    viewer = look(log)
    viewer.read_lines(3)
    with Stopped(watching):
        append(log, "four\nfive\n")
        shutil.copyfile(log, log.with_name("a.log.2"))
        os.truncate(log, 0)
        append(log, "six\nseven\n")
        shutil.copyfile(log, log.with_name("a.log.1"))
        os.truncate(log, 0)
        append(log, "eight\n" * 20)
    assert viewer.read_lines(27)[3:] == ["four", "five", "six", "seven"] + ["eight"] * 20


def test_r04_what_was_copied_and_cut_before_anybody_saw_it_comes_though_the_file_is_empty(
    watching: Server, log: Path, look: Look
) -> None:
    viewer = look(log)
    viewer.read_lines(3)
    os.truncate(log, 0)
    viewer.read_notice("truncated")
    with Stopped(watching):
        append(log, "four\n")
        shutil.copyfile(log, log.with_name("a.log.1"))
        os.truncate(log, 0)
    assert viewer.read_lines(4)[3] == "four"
    append(log, "five\n")
    assert viewer.read_lines(5)[4] == "five"


def test_r04_what_was_copied_cut_and_rotated_between_two_looks_comes_once(watching: Server, log: Path, look: Look) -> None:
    viewer = look(log)
    viewer.read_lines(3)
    with Stopped(watching):
        append(log, "four\n")
        shutil.copyfile(log, log.with_name("a.log.1"))
        os.truncate(log, 0)
        append(log, "five\n")
        rotate(log)
        log.write_text("six\n")
    assert viewer.read_lines(6)[3:] == ["four", "five", "six"]


def test_r05_deleted_and_made_again(log: Path, look: Look) -> None:
    viewer = look(log)
    viewer.read_lines(3)
    with log.open("a", buffering=1) as writer:
        log.unlink()
        viewer.read_notice("gone")
        writer.write("to the deleted one\nand half a")
        assert viewer.read_lines(4)[3] == "to the deleted one"
    log.write_text("again\n")
    assert viewer.read_lines(6)[4:] == ["and half a", "again"]
    assert viewer.unfinished == ["and half a"]


def test_r06_renamed_away_and_back_nothing_comes_twice(log: Path, look: Look) -> None:
    viewer = look(log)
    viewer.read_lines(3)
    away = log.rename(log.with_suffix(".away"))
    viewer.read_notice("gone")
    append(away, "while away\n")
    log.write_text("in between\n")
    assert viewer.read_lines(5)[3:] == ["while away", "in between"]
    log.unlink()
    away.rename(log)
    append(log, "back\n")
    assert viewer.read_lines(6)[5] == "back"


def test_r07_a_link_that_is_switched_there_and_back(log: Path, look: Look) -> None:
    first, second, link = log.with_name("one.txt"), log.with_name("two.txt"), log.with_name("link.log")
    first.write_text("a\n")
    second.write_text("b\n")
    link.symlink_to(first.name)
    viewer = look(link)
    viewer.read_lines(1)
    for target, count in ((second, 2), (first, 3), (second, 4)):
        spare = link.with_suffix(".new")
        spare.symlink_to(target.name)
        spare.rename(link)
        append(target, f"line {count}\n")
        viewer.read_lines(count + (count > 1))
    assert viewer.lines == ["a", "b", "line 2", "line 3", "line 4"]


def test_r07_a_link_that_leads_out_is_denied(watching: Server, log: Path, look: Look, tmp_path: Path) -> None:
    viewer = look(log)
    viewer.read_lines(3)
    (tmp_path / "secret.txt").write_text("secret\n")
    log.unlink()
    log.symlink_to(tmp_path / "secret.txt")
    viewer.read_notice("denied")
    assert "secret" not in viewer.lines


# R8 to R13: from bytes to lines.


def test_r08_a_half_line_is_shown_after_a_second_and_replaced_by_the_whole(log: Path, look: Look) -> None:
    viewer = look(log)
    viewer.read_lines(3)
    append(log, "ha")
    viewer.read_partial("ha")
    append(log, "lf")
    viewer.read_partial("half")
    other = look(log)
    other.read_partial("half")
    append(log, " no more\n")
    assert viewer.read_lines(4)[3] == "half no more"
    assert viewer.position is not None
    assert viewer.position["offset"] == log.stat().st_size


def test_r08_a_half_line_is_blacked_out_and_filtered_too(log: Path, look: Look) -> None:
    wanted = {"text": "ha", "pattern": False, "case": True}
    viewer, other = look(log, include=wanted), look(log, exclude=wanted)
    viewer.read_notice("opened")
    other.read_lines(3)
    append(log, "half password=hunter22hunter22")
    viewer.read_partial("half password=" + "*" * 16)
    append(log, "\nnext\n")
    other.read_lines(4)
    assert other.partials == []


def test_r09_line_ends(log: Path, look: Look) -> None:
    viewer = look(log)
    viewer.read_lines(3)
    append(log, "a\r")
    append(log, "\n10%\r50%\r100%\nb\u2028c\x85d\n")
    assert viewer.read_lines(6)[3:] == ["a", "100%", "b\u2028c\x85d"]


def test_r10_bytes_that_are_no_text_and_byte_order_marks(log: Path, look: Look) -> None:
    viewer = look(log)
    viewer.read_lines(3)
    append(log, b"gr\xfc\xdfe\n")
    assert viewer.read_lines(4)[3] == "gr\ufffd\ufffde"
    marked = log.with_name("marked.log")
    marked.write_bytes(b"\xef\xbb\xbffirst\nsecond\n")
    assert look(marked).read_lines(2) == ["first", "second"]
    assert look(marked, include={"text": "^first", "pattern": True, "case": True}).read_lines(1) == ["first"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_r10_utf_16_is_known_by_its_mark(log: Path, look: Look, encoding: str) -> None:
    path = log.with_name("wide.log")
    path.write_bytes("\ufeff上 eins\n上 zwei\n".encode(encoding))
    viewer = look(path)
    assert viewer.read_lines(2) == ["上 eins", "上 zwei"]
    append(path, "上 dr".encode(encoding)[:-1])
    viewer.read_partial("上 d")
    append(path, "上 drei\n".encode(encoding)[len("上 dr".encode(encoding)) - 1 :])
    assert viewer.read_lines(3)[2] == "上 drei"
    assert look(path, {"tail": 2}).read_lines(2) == ["上 zwei", "上 drei"]


def test_r10_an_encoding_is_what_the_server_was_told(watching: Server, log: Path, look: Look) -> None:
    path = log.with_name("a.gbk.log")
    path.write_bytes("启动完成\r\n错误：磁盘已满\n".encode("gbk"))
    viewer = look(path)
    assert viewer.read_lines(2) == ["启动完成", "错误：磁盘已满"]
    half = "密码 password=秘密hunter22".encode("gbk")
    append(path, half[:1])
    append(path, half[1:])
    viewer.read_partial("密码 password=" + "*" * 14)
    append(path, b"\n\xff\x0a")
    assert viewer.read_lines(4)[3] == "\ufffd"
    assert viewer.position is not None
    assert viewer.position["offset"] == path.stat().st_size
    rotate(path)
    path.write_bytes("新文件\n".encode("gbk"))
    assert viewer.read_lines(5)[4] == "新文件"
    marked = log.with_name("marked.gbk.log")  # a mark knows better
    marked.write_bytes("\ufeff上\n".encode())
    assert look(marked).read_lines(1) == ["上"]
    name = str(path.relative_to(watching.logs_dir))
    page = json.loads(watching.get(f"/api/logs/{name}.1/lines?tail=10")[1])
    assert [text for _, text in page["lines"]] == viewer.lines[:4]
    hits = watching.get(f"/api/logs/{name}/search?text=%E7%A3%81%E7%9B%98&siblings=1")[1]
    assert "错误：磁盘已满" in hits


def test_r10_a_raw_download_is_blacked_out_in_its_own_encoding(watching: Server, log: Path) -> None:
    for path, encoding in ((log.with_name("a.gbk.log"), "gbk"), (log.parent / "latin" / "a.log", "latin-1")):
        path.parent.mkdir(exist_ok=True)
        # In GBK the last byte before the word is a letter of ASCII, as many are: it must not seem to be part of the word.
        before = "俛" if encoding == "gbk" else "ä"
        path.write_bytes(f"{before}password=hunter22hunter22\n".encode(encoding) + b"\xff\n")
        status, _, _ = watching.get(f"/api/logs/{path.relative_to(watching.logs_dir)}/raw")
        assert status == 200
        assert download(watching, path) == f"{before}password={'*' * 16}\n".encode(encoding) + b"\xff\n"
    path.write_bytes("Gr\xfc\xdfe\n".encode("latin-1"))
    assert download(watching, path) == "Gr\xfc\xdfe\n".encode("latin-1")


def download(server: Server, path: Path) -> bytes:
    """A file as it is sent for saving."""
    with urllib.request.urlopen(f"{server.url}/api/logs/{path.relative_to(server.logs_dir)}/raw") as answer:
        return bytes(answer.read())


def test_r11_nuls_and_control_characters_can_be_seen(log: Path, look: Look) -> None:
    viewer = look(log)
    viewer.read_lines(3)
    append(log, b"a\0b\x07\x08\x1b[31m\t\n" + b"\0" * 40 + b"after a hole\n")
    assert viewer.read_lines(5)[3:] == ["a␀b␇␈\x1b[31m\t", "⟨40 NUL⟩after a hole"]


def test_r11_a_hole_left_by_a_writer_that_keeps_its_place(log: Path, look: Look) -> None:
    viewer = look(log)
    viewer.read_lines(3)
    with log.open("r+b", buffering=0) as writer:
        writer.seek(0, os.SEEK_END)
        writer.write(b"x" * 99 + b"\n")
        viewer.read_lines(4)
        os.truncate(log, 0)
        viewer.read_notice("truncated")
        writer.write(b"behind the hole\n")
    assert viewer.read_lines(5)[4] == "⟨114 NUL⟩behind the hole"


def test_r11_what_is_no_text_is_said(log: Path, look: Look) -> None:
    path = log.with_name("binary.log")
    path.write_bytes(bytes(range(32)) * 50 + b"\n")
    assert look(path).read_notice("binary")["generation"]
    viewer = look(log)
    viewer.read_lines(3)
    assert "binary" not in viewer.kinds


def test_r12_a_gigabyte_without_a_newline_needs_no_memory(serve: Callable[..., Server]) -> None:
    server = serve()
    path = server.logs_dir / "a.log"
    path.write_text("")
    viewer = Viewer(server, "a.log", "start")
    viewer.read_notice("opened")
    append(path, b"x" * 1_000_000)
    viewer.read_partial("x" * 65_536 + " … [cut: line of 1000000 bytes]")
    before = resident(server)
    piece = b"x" * 1_000_000
    with path.open("ab", buffering=0) as file:
        for _ in range(1000):
            file.write(piece)
        file.write(b"\nafter\n")
    assert viewer.read_lines(2) == ["x" * 65_536 + " … [cut: line of 1001000000 bytes]", "after"]
    assert resident(server) - before < 16_777_216
    path.unlink()


def test_r12_how_long_a_line_may_be_is_a_setting(serve: Callable[..., Server]) -> None:
    server = serve(LOG_LINE_BYTES=1_048_576, OUTBOX_BYTES=8_388_608)
    path = server.logs_dir / "a.log"
    path.write_text("x" * 1_000_000 + "\n" + "y" * 1_048_577 + "\nafter\n")
    viewer = Viewer(server, "a.log", "start")
    lines = viewer.read_lines(3)
    assert lines == ["x" * 1_000_000, "y" * 1_048_576 + " … [cut: line of 1048577 bytes]", "after"]


def resident(server: Server) -> int:
    """The memory that the worker uses, in bytes."""
    (worker,) = server.workers()
    return int(Path(f"/proc/{worker}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


@pytest.mark.parametrize("count", [0, 1, 2, 3, 100])
def test_r13_the_last_lines_and_none_between_them_and_what_comes(log: Path, look: Look, count: int) -> None:
    stop = threading.Event()
    numbers = itertools.count()

    def write() -> None:
        with log.open("ab", buffering=0) as file:
            while not stop.is_set():
                file.write(b"%d\n" % next(numbers))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        viewer = look(log, {"tail": count})
        lines = viewer.read_lines(count + 1000)
    finally:
        stop.set()
        writer.join()
    counted = [int(line) for line in lines if line.isdigit()]
    assert counted == list(range(counted[0], counted[0] + len(counted)))


# R14 to R16: when it can't be read, or nothing tells of changes.


def test_r14_a_file_that_appears_later_with_its_folder(watching: Server, log: Path, look: Look) -> None:
    path = log.parent / "later" / "b.log"
    viewer = look(path, {"tail": 1})
    viewer.read_notice("waiting")
    path.parent.mkdir()
    path.write_text("first\nsecond\n")
    assert viewer.read_lines(2) == ["first", "second"]
    path.parent.rename(path.parent.with_name("away"))
    viewer.read_notice("gone")
    path.parent.mkdir()
    path.write_text("third\n")
    assert viewer.read_lines(3)[2] == "third"


@pytest.mark.parametrize("watch", ["auto", "poll"])
def test_r14_permission_lost_and_regained_is_no_replay(watch: str, tmp_path: Path) -> None:
    server = Server(tmp_path, {"LOG_WATCH": watch})
    server.runner = WITHOUT_RIGHTS
    path = server.logs_dir / "a.log"
    path.write_text("one\n")
    server.start()
    try:
        viewer = Viewer(server, "a.log")
        viewer.read_lines(1)
        path.chmod(0)
        viewer.read_notice("denied")
        append(path, "two\n")
        assert "two" not in viewer.lines
        path.chmod(0o644)
        assert viewer.read_lines(2) == ["one", "two"]
        while viewer.kinds != ["opened", "denied", "opened"]:
            viewer.read()
        path.chmod(0)
        while viewer.kinds[-1] != "denied":
            viewer.read()
        rotate(path)
        path.write_text("three\n")
        assert viewer.read_lines(3)[2] == "three"
    finally:
        server.kill()


@pytest.mark.parametrize(
    ("limit", "word"), [("max_inotify_watches", "can't be watched"), ("max_inotify_instances", "inotify can't be had")]
)
def test_r15_without_watches_to_be_had_it_polls_and_says_so(limit: str, word: str, tmp_path: Path) -> None:
    """In a namespace of its own, in which fewer may be had than it needs."""
    set_limit = f'echo {1 if limit == "max_inotify_watches" else 0} > /proc/sys/user/{limit} && exec "$@"'
    runner = ["unshare", "--user", "--map-root-user", "sh", "-c", set_limit, "sh"]
    if not shutil.which("unshare") or subprocess.run([*runner, "true"], capture_output=True).returncode:
        missing("A namespace of one's own is needed, and this kernel or container gives none (unshare --user).")
    server = Server(tmp_path, {})
    server.runner = runner
    path = server.logs_dir / "a.log"
    path.write_text("one\n")
    server.start()
    try:
        viewer = Viewer(server, "a.log")
        assert viewer.read_lines(1) == ["one"]
        wait_until(lambda: word in server.said(), "a word in the log")
        append(path, "two\n")
        assert viewer.read_lines(2) == ["one", "two"]
        again = Viewer(server, "a.log")
        assert again.read_notice("opened")["how"] == "polling"
    finally:
        server.kill()


def test_r15_more_events_than_inotify_keeps(serve: Callable[..., Server]) -> None:
    server = serve(LOG_WATCH="auto")
    path = server.logs_dir / "a.log"
    path.write_text("")
    viewer = Viewer(server, "a.log", "start")
    while "inotify" not in [notice.get("how") for notice in viewer.notices]:
        viewer.read()  # a viewer that is quicker than the server's start is told of polling first
    most = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    with Stopped(server):
        for number in range(most // 2 + 1000):  # a file that is made and deleted is two events
            other = server.logs_dir / f"{number}"
            other.touch()
            other.unlink()
        append(path, "one\n")
        rotate(path)
        path.write_text("two\n")
    assert viewer.read_lines(2) == ["one", "two"]
    wait_until(lambda: "too much happened" in server.said(), "a word in the log")
    append(path, "three\n")
    assert viewer.read_lines(3)[2] == "three"


def test_r16_what_is_no_local_disk_is_polled(serve: Callable[..., Server], tmp_path: Path) -> None:
    """An overlay, because that is what can be had without a network."""
    place = tmp_path / "overlay"
    for name in ("lower", "upper", "work", "merged"):
        (place / name).mkdir(parents=True)
    options = f"lowerdir={place}/lower,upperdir={place}/upper,workdir={place}/work"
    mount = ["mount", "-t", "overlay", "overlay", "-o", options, str(place / "merged")]
    if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        missing("An overlay has to be mounted, which only root may (mount -t overlay).")
    try:
        path = place / "merged" / "a.log"
        path.write_text("one\n")
        server = serve(LOGS=path)
        viewer = Viewer(server, "a.log")
        assert viewer.read_lines(1) == ["one"]
        assert viewer.read_notice("opened")["how"] == "polling"
        append(path, "two\n")
        assert viewer.read_lines(2) == ["one", "two"]
        assert "lies on overlay" in server.said()
        server.kill()
    finally:
        subprocess.run(["umount", "--lazy", str(place / "merged")], check=True)


# R17 to R20: positions, order, slow viewers, what is followed at all.


def test_r17_a_position_resumes_over_several_rotations_while_nobody_looked(watching: Server, log: Path, look: Look) -> None:
    viewer = look(log)
    viewer.read_lines(3)
    viewer.client.close()
    for number in range(3):
        append(log, f"in {number}\n")
        rotate(log)
        log.write_text("")
    append(log, "last\n")
    back = look(log, viewer.position)
    assert back.read_lines(4) == ["in 0", "in 1", "in 2", "last"]
    assert back.kinds.count("rotated") == 3
    assert "gap" not in back.kinds


def test_r17_a_position_resumes_over_rotations_and_a_restart_though_the_file_began_empty(
    serve: Callable[..., Server],
) -> None:
    server = serve()
    path = server.logs_dir / "a.log"
    path.write_text("")
    viewer = Viewer(server, "a.log")
    viewer.read_notice("opened")
    append(path, "one\n")
    viewer.read_lines(1)
    server.kill()
    append(path, "two\n")
    rotate(path)
    path.write_text("three\n")
    rotate(path)
    path.write_text("four\n")
    server.start()
    back = Viewer(server, "a.log", viewer.position)
    assert back.read_lines(3) == ["two", "three", "four"]
    server.kill()
    append(path, "five\n")
    server.start()
    assert Viewer(server, "a.log", back.position).read_lines(1) == ["five"]


def test_r17_what_was_copied_and_cut_while_the_server_was_away(serve: Callable[..., Server]) -> None:
    server = serve()
    path = server.logs_dir / "a.log"
    path.write_text("".join(f"a line that tells this file from others {number}\n" for number in range(3)))
    viewer = Viewer(server, "a.log")
    viewer.read_lines(3)
    server.kill()
    append(path, "two\n")
    shutil.copyfile(path, path.with_name("a.log.1"))
    os.truncate(path, 0)
    append(path, "three\n")
    server.start()
    assert Viewer(server, "a.log", viewer.position).read_lines(2) == ["two", "three"]


def test_r17_a_position_that_is_nowhere_is_a_gap(watching: Server, log: Path, look: Look) -> None:
    viewer = look(log)
    viewer.read_lines(3)
    viewer.client.close()
    other = look(log)
    other.read_lines(3)
    os.truncate(log, 0)
    other.read_notice("truncated")
    append(log, "new\n")
    back = look(log, {**(viewer.position or {}), "offset": 4})
    assert back.read_lines(1) == ["new"]
    gap = back.read_notice("gap")
    assert (gap["offset"], gap["to"]) == (4, 14)


def test_r18_the_order_is_that_of_the_file(log: Path, look: Look) -> None:
    viewers = [look(log) for _ in range(5)]
    for viewer in viewers:
        viewer.read_lines(3)
    with log.open("ab", buffering=0) as file:
        for number in range(20_000):
            file.write(b"%d\n" % number)
    for viewer in viewers:
        assert viewer.read_lines(20_003)[3:] == [str(number) for number in range(20_000)]
        assert viewer.position is not None
        assert viewer.position["offset"] == log.stat().st_size


def test_r19_a_viewer_far_behind_loses_the_oldest_and_is_told_what(serve: Callable[..., Server]) -> None:
    server = serve(OUTBOX_BYTES=524_288)
    path = server.logs_dir / "a.log"
    path.write_text("")
    slow = server.connect("/echo", "logs.v1", max_queue=1)
    slow.send(json.dumps({"type": "open", "file": "a.log", "from": "start"}))
    while hear(slow)["type"] != "notice":
        pass
    count = 600_000  # 60 MB
    last = {"text": f"{count - 1:07}", "pattern": False, "case": True}
    quick = Viewer(server, "a.log", "start", include=last)
    quick.read_notice("opened")
    line = b"%07d " + b"x" * 91 + b"\n"
    with path.open("ab") as file:
        for number in range(count):
            file.write(line % number)
    quick.read_lines(1)  # the server is at the end, however slow the machine is: now the slow one begins to read
    seen: list[int] = []
    dropped: list[dict[str, Any]] = []
    while not seen or seen[-1] < count - 1:
        said = hear(slow)
        if said["type"] == "lines":
            seen += [int(text[:7]) for _, text in said["lines"]]
        elif said.get("kind") == "dropped":
            dropped.append(said)
    missing = {number for each in dropped for number in range(each["from"] // 100, each["to"] // 100)}
    assert dropped
    assert all(each["generation"] and each["from"] % 100 == each["to"] % 100 == 0 for each in dropped)
    assert seen == [number for number in range(count) if number not in missing], "it has all but what it was told"
    slow.close()


def test_r19_many_viewers_are_one_reader_and_one_evaluation_a_filter(watching: Server, log: Path, look: Look) -> None:
    wanted = [None, {"text": "1", "pattern": False, "case": True}, {"text": "[3-5]$", "pattern": True, "case": False}]
    viewers = [look(log, include=condition) for condition in wanted for _ in range(5)]
    for viewer in viewers:
        viewer.read_notice("opened")
    append(log, "".join(f"{number}\n" for number in range(1000)) + "end of [345] 1 5\n")
    every = [str(number) for number in range(1000)] + ["end of [345] 1 5"]
    for viewer, passes in zip(
        viewers,
        [lambda text: True] * 5 + [lambda text: "1" in text] * 5 + [lambda text: text[-1] in "345"] * 5,
        strict=True,
    ):
        while "end of [345] 1 5" not in viewer.lines:
            viewer.read()
        assert [line for line in viewer.lines if line not in ("one", "two", "three")] == list(filter(passes, every))
    wait_until(lambda: times_open(watching, log) == 1, "the readers of the past to be done")


@pytest.mark.parametrize("kind", ["fifo", "device", "folder", "socket"])
def test_r20_only_regular_files_are_followed(watching: Server, log: Path, look: Look, kind: str) -> None:
    path = log.with_name("odd.log")
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "socket":
        bind(path)
    elif os.geteuid():
        missing("A device has to be made, which only root may (mknod).")
    else:
        os.mknod(path, 0o666 | 0o020000, os.makedev(1, 5))  # endless zeros
    viewer = look(path)
    while (said := viewer.read())["type"] == "files":
        pass
    assert (said["type"], said.get("kind", said.get("code"))) in (("notice", "denied"), ("error", "not_allowed")), said
    assert watching.health()["alive"]


def bind(path: Path) -> None:
    """Make a socket at a path of any length."""
    here = os.getcwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(path.name)
    finally:
        os.chdir(here)
