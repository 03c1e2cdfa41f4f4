"""Nothing but what may be shown, by no way: every endpoint of the logs against every trick with names, links and files."""

import bz2
import contextlib
import gzip
import json
import lzma
import os
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from websockets.exceptions import ConnectionClosed

from chatapp.logs.files import REFUSAL
from tests.conftest import PATIENCE, Server, hear, wait_until
from tests.viewer import Viewer

SECRET = "what-nobody-may-see"

#: The name that is asked for, by what is tried.
CASES = {
    "two dots": "../private/secret.txt",
    "two dots within": "sub/../../private/secret.txt",
    "an absolute path": "/etc/passwd",
    "nothing": "",
    "a dot": ".",
    "two slashes": "sub//inner.log",
    "a NUL": "app.log\0",
    "two lines": "a\nb",
    "a link that leads out": "out.log",
    "a link in a folder that leads out": "outside/secret.txt",
    "a rotated file that is a link out": "app.log.1",
    "a packed rotated file that is a link out": "app.log.2.gz",
    "a FIFO": "fifo.log",
    "a device": "device.log",
    "a folder": "sub",
    "a folder with a name of a log": "folder.log",
    "a dot-file": ".hidden.log",
    "a dot-folder": ".git/config",
    "a key": "tls.key",
    "a key that was rotated": "tls.key.1",
    "a key that was packed": "id_rsa.gz",
    "a database": "users.db",
    "a link to a key": "innocent.log",
    "the chat's own log of changes": "chat.db-wal",
    "an environment": "prod.env",
    "packed in a way that could not be blacked out": "app.log.3.xz",
    "a link to what is packed so": "innocent.log.1",
}


def http(way: str) -> Callable[[Server, str], tuple[str, str]]:
    def ask(server: Server, name: str) -> tuple[str, str]:
        status, body, _ = server.get(f"/api/logs/{quote(name)}/{way}")
        if status == 403:
            return str(json.loads(body)["message"]), body
        return f"{status}", body

    return ask


def plain_socket(server: Server, name: str) -> tuple[str, str]:
    with server.connect(f"/echo?file={quote(name, safe='')}&from=start") as viewer:
        said = ""
        with contextlib.suppress(ConnectionClosed):
            while True:
                said += str(viewer.recv(PATIENCE))
        return str(viewer.close_reason), said


def v1_socket(server: Server, name: str, **more: object) -> tuple[str, str]:
    with server.connect("/echo", "logs.v1") as viewer:
        hear(viewer)
        viewer.send(json.dumps({"type": "open", "file": name, "from": "start", **more}))
        answer = hear(viewer)
        return (str(answer["message"]) if answer["type"] == "error" else answer["type"]), json.dumps(answer)


def v1_socket_with_a_filter(server: Server, name: str) -> tuple[str, str]:
    return v1_socket(server, name, include={"text": "w", "pattern": False, "case": False})


WAYS: dict[str, Callable[[Server, str], tuple[str, str]]] = {
    "plain socket": plain_socket,
    "v1 socket": v1_socket,
    "v1 socket, filtered": v1_socket_with_a_filter,
    "lines": http("lines"),
    "lines before": http("lines?before=100"),
    "lines after": http("lines?after=0"),
    "lines at": http("lines?at=0"),
    "lines by number": http("lines?line=1"),
    "lines by time": http("lines?time=2026-01-01T00:00:00Z"),
    "lines of a generation": http("lines?generation=1-1-1-0123456789abcdef-00000000-0"),
    "line": http("line?offset=0"),
    "search": http("search?text=w"),
    "search with siblings": http("search?text=w&siblings=1"),
    "raw": http("raw"),
    "filtered": http("filtered?include=w"),
}


@pytest.fixture(scope="module")
def trap(_serve_for_module: Callable[..., Server]) -> Server:
    """A server whose folder of logs holds all these, beside one that may be shown."""
    server = _serve_for_module()
    logs = server.logs_dir
    private = logs.parent / "private"
    for path in (
        private / "secret.txt",
        private / "secret.gz",
        logs / ".hidden.log",
        logs / ".git/config",
        logs / "tls.key",
    ):
        path.parent.mkdir(exist_ok=True)
        path.write_text(SECRET + "\n")
    for name in ("tls.key.1", "id_rsa.gz", "users.db", "chat.db-wal", "prod.env", "app.log.3.xz"):
        (logs / name).write_text(SECRET + "\n")
    (logs / "app.log").write_text("what may be seen\n")
    (logs / "sub").mkdir()
    (logs / "sub/inner.log").write_text("what may be seen\n")
    (logs / "folder.log").mkdir()
    (logs / "out.log").symlink_to(private / "secret.txt")
    (logs / "app.log.1").symlink_to(private / "secret.txt")
    (logs / "app.log.2.gz").symlink_to(private / "secret.gz")
    (logs / "outside").symlink_to(private)
    (logs / "innocent.log").symlink_to("tls.key")
    (logs / "innocent.log.1").symlink_to("app.log.3.xz")
    (logs / "device.log").symlink_to("/dev/zero")
    os.mkfifo(logs / "fifo.log")
    return server


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("way", WAYS)
def test_is_refused_with_the_same_sentence(trap: Server, way: str, case: str) -> None:
    sentence, said = WAYS[way](trap, CASES[case])
    assert sentence == REFUSAL
    assert SECRET not in said


@pytest.mark.parametrize("way", WAYS)
def test_the_ways_lead_to_what_may_be_seen(trap: Server, way: str) -> None:
    """Else the refusals would prove nothing."""
    if way == "plain socket":
        with trap.connect("/echo?file=app.log&from=start") as viewer:
            assert viewer.recv(PATIENCE) == "what may be seen\n"
        return
    sentence, _ = WAYS[way](trap, "app.log")
    expected = {
        "lines by time": "404",
        "lines of a generation": "410",
        "v1 socket": "notice",
        "v1 socket, filtered": "notice",
    }
    assert sentence == expected.get(way, "200")


def test_the_list_and_the_siblings_hold_nothing_of_it(trap: Server) -> None:
    _, body, _ = trap.get("/api/logs")
    with trap.connect("/echo", "logs.v1") as viewer:
        told = hear(viewer)["files"]
    assert json.loads(body)["files"] == told
    assert [file["name"] for file in told] == ["app.log", "sub/inner.log"]
    assert [file["siblings"] for file in told] == [[], []]


@pytest.mark.parametrize("way", ["lines", "raw", "search?text=w&siblings=1", "filtered?include=w", "line?offset=0"])
def test_a_link_that_is_switched_to_and_fro_never_leads_out(trap: Server, way: str) -> None:
    """Between the check and the opening, sooner or later."""
    link, stop = trap.logs_dir / f"switched-{way[:4]}.log", threading.Event()
    targets = [trap.logs_dir / "app.log", trap.logs_dir.parent / "private/secret.txt"]

    def switch() -> None:
        spare = Path(f"{link}.spare")
        while not stop.is_set():
            for target in targets:
                spare.symlink_to(target)
                spare.replace(link)

    switching = threading.Thread(target=switch)
    switching.start()
    try:
        statuses = set()
        for _ in range(300):
            status, body, _ = trap.get(f"/api/logs/{link.name}/{way}")
            statuses.add(status)
            assert SECRET not in body
            assert status != 403 or json.loads(body)["message"] == REFUSAL
    finally:
        stop.set()
        switching.join()
        link.unlink(missing_ok=True)
    assert 403 in statuses


def test_every_way_is_written_down_with_who_what_and_how(serve: Callable[..., Server]) -> None:
    server = serve()
    (server.logs_dir / "app.log").write_text("one\n")
    for way, ask in WAYS.items():
        if way != "plain socket":
            ask(server, "app.log")
    with server.connect("/echo?file=app.log"):
        wait_until(lambda: "(plain socket)" in server.said(), "the socket to be written down")
    for how in ("lines", "line", "search", "raw", "filtered", "socket", "plain socket"):
        assert f"chatapp.audit: 127.0.0.1 opened the log file app.log ({how})" in server.said()
    http("raw")(server, "../x")
    wait_until(lambda: "127.0.0.1 was refused the log file ../x (raw)" in server.said(), "the refusal to be written down")


@pytest.mark.parametrize("pack", [bz2.compress, lzma.compress])
def test_what_is_packed_under_the_name_of_a_log_is_not_given_out(
    serve: Callable[..., Server], pack: Callable[[bytes], bytes]
) -> None:
    """What is in it could not be blacked out."""
    server = serve()
    (server.logs_dir / "app.log").write_text("one\n")
    (server.logs_dir / "app.log.1").write_bytes(pack(b"password=hunter2\n"))
    for way in ("lines", "line?offset=0", "search?text=h", "raw", "filtered"):
        status, body, _ = server.get(f"/api/logs/app.log.1/{way}")
        assert (status, json.loads(body)["error"]) == (403, "cant_read")
        assert "packed" in json.loads(body)["message"]
    assert '"complete":true' in server.get("/api/logs/app.log/search?text=h&siblings=1")[1]


def test_a_key_by_another_name_is_blacked_out(serve: Callable[..., Server]) -> None:
    """A hard link is the file itself, and no name tells what it was. But what usually stands in such files is hidden."""
    server = serve()
    body = "A" * 64
    (server.logs_dir / "tls.key").write_text(f"-----BEGIN PRIVATE KEY-----\n{body}\n{body}\n-----END PRIVATE KEY-----\n")
    (server.logs_dir / "shadow").write_text("root:$6$saltsalt$abcdefghijklmnopqrstuvwxyz0123456789:19000:0:99999:7:::\n")
    for secret in ("tls.key", "shadow"):
        (server.logs_dir / f"{secret[:3]}.log").hardlink_to(server.logs_dir / secret)
    for way in ("lines", "raw", "filtered", "line?offset=30"):
        for name in ("tls.log", "sha.log"):
            status, said, _ = server.get(f"/api/logs/{name}/{way}")
            assert status == 200
            assert body not in said
            assert "abcdefgh" not in said


SECRETS = [
    "2026-11-24 login password=hunter2-one ok",
    "GET /?access_token=hunter2-two1234 HTTP/1.1",
    "Authorization: Bearer hunter2-three-33",
    "-----BEGIN PRIVATE KEY-----",
    "hunter2four4" * 5 + "abcd",
    "hunter2five5AAA=",
    "-----END PRIVATE KEY-----",
    "postgres://app:hunter2-six@db/x",
    'login pass: hunter2-seven, then <password type="x">hunter2-eight</password>',
    "ran mysql -u root -phunter2-nine and curl -uann:hunter2-ten x",
    "fetch https://hunter2-eleven@example.org/",
    "password:       hunter2-twelve",
]


def test_what_is_blacked_out_leaves_by_no_way(serve: Callable[..., Server]) -> None:
    server = serve()
    text = "\n".join([*SECRETS, "the end"]) + "\n"
    (server.logs_dir / "app.log").write_text(text)
    (server.logs_dir / "wide.log").write_bytes(text.encode("utf-16"))
    for name in ("app.log", "wide.log"):
        for way in (
            "lines",
            "lines?at=0",
            "lines?after=100",
            "line?offset=0",
            "line?offset=130",
            "raw",
            "filtered?include=e",
        ):
            status, body, _ = server.get(f"/api/logs/{name}/{way}")
            assert status == 200
            assert "hunter2" not in body.replace("\0", "")
        for query in ("text=hunter2", "text=hunter2.*&pattern=1", "text=HUNTER", "text=[0-9]&pattern=1"):
            _, body, _ = server.get(f"/api/logs/{name}/search?{query}")
            hits = [json.loads(line)["hit"]["text"] for line in body.splitlines() if '"hit"' in line]
            assert not [hit for hit in hits if "hunter2" in hit]
            assert "[0-9]" in query or not hits, "what is hidden can't be guessed by searching for it"
        size = (server.logs_dir / name).stat().st_size
        for start in range(0, size, 7 * size // len(text)):
            status, body, _ = server.get(f"/api/logs/{name}/raw", {"Range": f"bytes={start}-{start + 60}"})
            assert status == 206
            assert not any(part in body.replace("\0", "") for part in ("hunter", "r2-", "2-o", "2four4", "2five5"))
        with server.connect(f"/echo?file={name}&from=start") as viewer:
            said = "".join(str(viewer.recv(PATIENCE)) for _ in range(len(SECRETS) + 1))
            assert "hunter2" not in said
            assert "the end" in said
        v1 = {"type": "open", "file": name, "from": "start"}
        with server.connect("/echo", "logs.v1") as viewer:
            viewer.send(json.dumps(v1))
            while (heard := hear(viewer))["type"] != "lines":
                pass
            assert "hunter2" not in json.dumps(heard)
            assert len(heard["lines"]) == len(SECRETS) + 1


def test_the_name_of_a_generation_tells_nothing_of_what_is_hidden(serve: Callable[..., Server]) -> None:
    """It holds a hash of the first bytes: without a key, what is blacked out there could be guessed and compared."""
    names = set()
    for server in (serve(), serve()):
        (server.logs_dir / "app.log").write_text("password=1234\n")
        page = json.loads(server.get("/api/logs/app.log/lines")[1])
        assert page["lines"] == [[0, "password=****"]]
        names.add(page["generation"].split("-")[3])
        with server.connect("/echo", "logs.v1") as viewer:
            viewer.send(json.dumps({"type": "open", "file": "app.log"}))
            while (heard := hear(viewer))["type"] != "lines":
                pass
            names.add(heard["generation"].split("-")[3])
    assert len(names) == 2, "one for each server"


def told_from(server: Server, generation: str, offset: int) -> str:
    """All that a viewer is told who comes with this position, up to the next line that is written."""
    viewer = Viewer(server, "app.log", {"generation": generation, "offset": offset})
    with viewer.client:
        viewer.read_notice("opened")
        while not viewer.lines:
            viewer.read()
        return "\n".join([*viewer.kinds, *viewer.lines])


def test_a_position_inside_a_secret_is_none_for_the_socket(serve: Callable[..., Server]) -> None:
    """What is hidden shows by what stands before it, so nothing may begin within a line."""
    server = serve()
    path = server.logs_dir / "app.log"
    text = "the first line\nuser password=hunter2secret done\nthe end\n"
    path.write_text(text)
    keeper = Viewer(server, "app.log")
    keeper.read_lines(3)
    assert keeper.position is not None
    generation, inside = keeper.position["generation"], range(16, text.index("the end"))
    for offset in (*inside, len(text) + 1, 10**15):
        told = told_from(server, generation, offset)
        assert told.startswith("gap\nopened"), offset
        assert "user password=************* done" in told
    assert "gap" not in told_from(server, generation, 15)
    path.rename(f"{path}.1")
    path.write_text("another\n")
    keeper.read_notice("rotated")  # and what had the name is held open for a while
    for offset in (*inside[::3], len(text) + 1):
        assert told_from(server, generation, offset).startswith("gap\nopened")
    held = told_from(server, generation, 15)
    assert held.startswith("opened")
    assert "hunter" not in held
    keeper.client.close()


@pytest.mark.parametrize("name", ["app.log", "app.log.1.gz"])
def test_a_cursor_inside_a_secret_shows_nothing_of_it(serve: Callable[..., Server], name: str) -> None:
    server = serve()
    text = b"first\nconnect to postgres://bob:sw0rdfish42@db/x ok\nlast of bob\n"
    (server.logs_dir / "app.log").write_text("bob\n")
    (server.logs_dir / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    generation = json.loads(server.get(f"/api/logs/{name}/lines")[1])["generation"]
    for order in ("newest", "oldest"):
        for offset in (*range(len(text) + 2), 10**15):
            query = f"text=bob&from={order}&cursor={generation}:{offset}"
            status, body, _ = server.get(f"/api/logs/{name}/search?{query}")
            assert status == 200
            assert "sw0rd" not in body, offset
            assert '"complete":true' in body
