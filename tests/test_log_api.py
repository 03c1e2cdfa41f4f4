"""`/api/logs`: pages, places, downloads and their headers, over HTTP, from a real server with real files."""

import gzip
import json
import os
import socket
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from tests.conftest import PATIENCE, Server, hear, wait_until

TOKEN = "correct-horse-battery"


@pytest.fixture(scope="module")
def logs(_serve_for_module: Callable[..., Server]) -> Server:
    server = _serve_for_module()
    lines = [f"2026-11-24T{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}Z line {n}" for n in range(5000)]
    text = "\n".join(lines) + "\nhalf"
    (server.logs_dir / "app.log").write_text(text)
    (server.logs_dir / "app.log.1.gz").write_bytes(gzip.compress(b"old one\nold two\n"))
    os.utime(server.logs_dir / "app.log.1.gz", (1_790_000_000,) * 2)
    (server.logs_dir / "日志 x.log").write_text("eins\n")
    return server


def ask(server: Server, address: str, expected: int = 200) -> dict[str, Any]:
    status, body, headers = server.get(f"/api/logs{address}")
    assert status == expected, body
    assert headers["content-type"] == "application/json"
    assert headers.get("cache-control") == "no-store" or status != 200
    answer: dict[str, Any] = json.loads(body)
    return answer


def shown(answer: dict[str, Any]) -> list[str]:
    return [text for _, text in answer["lines"]]


def test_the_list_is_what_the_socket_tells(logs: Server) -> None:
    files = ask(logs, "")["files"]
    with logs.connect("/echo", "logs.v1") as viewer:
        assert hear(viewer)["files"] == files
    assert [file["name"] for file in files] == ["app.log", "日志 x.log"]
    assert [sibling["name"] for sibling in files[0]["siblings"]] == ["app.log.1.gz"]
    assert files[0]["siblings"][0]["modified"].endswith("Z")


def test_the_end_is_the_default_and_a_half_line_is_not_among_the_lines(logs: Server) -> None:
    answer = ask(logs, "/app.log/lines")
    assert len(answer["lines"]) == 1000
    assert shown(answer)[-1].endswith("line 4999")
    assert (answer["end"], answer["start"], answer["file"]) == (True, False, "app.log")
    assert answer["size"] == answer["next"] + 4
    assert shown(ask(logs, "/app.log/lines?tail=2")) == shown(answer)[-2:]


def test_one_walks_back_to_the_start_and_on_to_the_end(logs: Server) -> None:
    answer = ask(logs, "/app.log/lines?tail=700")
    texts, end = shown(answer), answer["next"]
    while not answer["start"]:
        place = f"generation={answer['generation']}&before={answer['from']}"
        answer = ask(logs, f"/app.log/lines?{place}&limit=700")
        texts = shown(answer) + texts
    assert [text.rsplit(" ", 1)[1] for text in texts] == [str(n) for n in range(5000)]
    again: list[str] = []
    position, done = 0, False
    while not done:
        answer = ask(logs, f"/app.log/lines?after={position}&limit=700")
        again += shown(answer)
        position, done = answer["next"], answer["end"]
    assert (again, position) == (texts, end)


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("at=0", "line 0"),
        ("line=1", "line 0"),
        ("line=4321", "line 4320"),
        ("time=2026-11-24T01:00:00Z", "line 3600"),
        ("time=2026-11-24T02:00:00%2B01:00", "line 3600"),
        ("time=2026-11-24T02:00:00+01:00", "line 3600"),
        ("time=2000-01-01T00:00:00Z", "line 0"),
    ],
)
def test_places(logs: Server, place: str, expected: str) -> None:
    assert shown(ask(logs, f"/app.log/lines?{place}&limit=1"))[0].endswith(expected)


def test_places_at_the_end(logs: Server) -> None:
    assert shown(ask(logs, "/app.log/lines?at=100&limit=1"))[0].endswith("line 4999")
    late = ask(logs, "/app.log/lines?time=2027-01-01T00:00:00Z")
    assert (late["lines"], late["end"]) == ([], True)


def test_pages_are_filtered(logs: Server) -> None:
    answer = ask(logs, "/app.log/lines?tail=5&include=LINE+49&exclude=9%24&exclude_pattern=1")
    assert [text[-4:] for text in shown(answer)] == ["4994", "4995", "4996", "4997", "4998"]
    assert shown(ask(logs, "/app.log/lines?tail=5&include=LINE+49&include_case=1")) == []


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("/app.log/lines?limit=0", 400, "bad_request"),
        ("/app.log/lines?limit=x", 400, "bad_request"),
        ("/app.log/lines?before=-1", 400, "bad_request"),
        ("/app.log/lines?at=101", 400, "bad_request"),
        ("/app.log/lines?time=yesterday", 400, "bad_request"),
        ("/app.log/lines?before=1&after=1", 400, "bad_request"),
        ("/app.log/lines?include=(&include_pattern=1", 400, "bad_pattern"),
        ("/app.log/search?text=(&pattern=1", 400, "bad_pattern"),
        ("/app.log/search", 400, "bad_request"),
        ("/app.log/search?text=x&from=foo", 400, "bad_request"),
        ("/app.log/search?text=x&siblings=1&generation=1-2-3-0", 400, "bad_request"),
        ("/app.log/line?offset=999999999", 404, "no_place"),
        ("/app.log.1.gz/line?offset=999999999", 404, "no_place"),
        ("/app.log/search?text=x&cursor=x", 400, "bad_request"),
        ("/app.log/line", 400, "bad_request"),
        ("/app.log/lines?line=999999", 404, "no_place"),
        ("/日志 x.log/lines?time=2026-11-24T00:00:00Z", 404, "no_place"),
        ("/later.log/lines", 404, "no_file"),
        ("/app.log/nothing", 404, "no_address"),
        ("/nothing", 404, "no_address"),
        ("/app.log/lines?generation=nothing", 410, "gone"),
        ("/app.log/search?text=x&cursor=1-2-3-0:5", 410, "gone"),
        ("/app.log/search?text=x&siblings=1&cursor=1-2-3-0:5", 410, "gone"),
        ("/../x/lines", 403, "not_allowed"),
    ],
)
def test_errors_are_json_with_a_sentence(logs: Server, address: str, status: int, code: str) -> None:
    answer = ask(logs, quote(address, safe="/?&=%"), status)
    assert answer["error"] == code
    assert answer["message"].endswith(".")
    assert answer["message"][0].isupper() or answer["message"].startswith('"')


def test_who_may_not_see_logs_is_told_in_json_too(serve: Callable[..., Server]) -> None:
    server = serve(LOG_TOKEN=TOKEN)
    (server.logs_dir / "a.log").write_text("one\n")
    for address in ("", "/a.log/lines", "/a.log/raw", "/a.log/search?text=o"):
        assert "token" in ask(server, address, 401)["message"]
        assert server.get(f"/api/logs{address}", {"Authorization": f"Bearer {TOKEN}"})[0] == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_page_of_another_site_can_not_have_the_server_search(logs: Server, site: str) -> None:
    fetch = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors"}
    status, body, _ = logs.get("/api/logs/app.log/search?text=x", fetch)
    assert (status, json.loads(body)["message"]) == (403, "A page of another site may not read the logs.")
    assert logs.get("/api/logs/app.log/raw", fetch | {"Sec-Fetch-Mode": "navigate"})[0] == 200, "a link was followed"
    assert logs.get("/api/logs/app.log/search?text=x", {"Sec-Fetch-Site": "same-origin"})[0] == 200


def test_nothing_can_be_posted(logs: Server) -> None:
    status, body, _ = logs.get("/api/logs/app.log/lines", method="POST")
    assert status == 405
    assert json.loads(body)["error"] == "refused"


def test_every_answer_carries_the_headers_that_protect(logs: Server) -> None:
    for address in ("", "/app.log/lines", "/app.log/raw", "/app.log/search?text=x", "/../x/raw"):
        headers = logs.get(f"/api/logs{address}")[2]
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"


# The live end and the past speak of the same.


def test_a_position_of_the_socket_is_one_of_the_past_and_back(serve: Callable[..., Server]) -> None:
    server = serve()
    path = server.logs_dir / "a.log"
    path.write_text("".join(f"line {n}\n" for n in range(100)))
    with server.connect("/echo", "logs.v1") as viewer:
        viewer.send(json.dumps({"type": "open", "file": "a.log", "from": {"tail": 1}}))
        while (heard := hear(viewer))["type"] != "lines":
            pass
        page = ask(server, f"/a.log/lines?generation={heard['generation']}&before={heard['lines'][0][0]}")
        assert page["generation"] == heard["generation"]
        assert shown(page)[-1] == "line 98"
        path.rename(f"{path}.1")
        path.write_text("new\n")
        while hear(viewer).get("kind") != "rotated":
            pass
        old = ask(server, f"/a.log/lines?generation={heard['generation']}&tail=1")
        assert (old["generation"], shown(old)) == (heard["generation"], ["line 99"])
        assert shown(ask(server, "/a.log/lines")) == ["new"]
        # Which one is before and after is told, under whatever name it was asked for.
        assert old["older"] is None
        assert old["newer"] == {"name": "a.log", "generation": ask(server, "/a.log/lines")["generation"]}
        assert ask(server, "/a.log/lines")["older"]["name"] == "a.log.1"
    sibling = wait_until(lambda: ask(server, "")["files"][0]["siblings"], "the rotated file to be told")[0]
    assert shown(ask(server, f"/a.log/lines?generation={sibling['generation']}&tail=1")) == ["line 99"]
    page = ask(server, "/a.log.1/lines?tail=2")
    with server.connect("/echo", "logs.v1") as viewer:
        begin = {"generation": page["generation"], "offset": page["from"]}
        viewer.send(json.dumps({"type": "open", "file": "a.log.1", "from": begin}))
        while (heard := hear(viewer))["type"] != "lines":
            assert heard.get("kind") != "gap"
        assert [text for _, text in heard["lines"]] == ["line 98", "line 99"]


def test_a_packed_rotated_file_is_read_like_any(logs: Server) -> None:
    generation = ask(logs, "")["files"][0]["siblings"][0]["generation"]
    answer = ask(logs, f"/app.log/lines?generation={generation}&after=8")
    assert (shown(answer), answer["start"], answer["end"], answer["size"]) == (["old two"], False, True, 16)
    assert shown(ask(logs, "/app.log.1.gz/lines")) == ["old one", "old two"]
    assert logs.get("/api/logs/app.log.1.gz/raw")[1] == "old one\nold two\n"
    assert logs.get("/api/logs/app.log.1.gz/raw", {"Range": "bytes=4-6"})[1] == "one"


# Downloads.


def test_the_whole_file_comes_with_a_name_and_its_length(logs: Server) -> None:
    status, body, headers = logs.get("/api/logs/app.log/raw")
    assert (status, body) == (200, (logs.logs_dir / "app.log").read_text())
    assert headers["content-length"] == str(len(body))
    assert headers["content-disposition"] == "attachment; filename=app.log"
    assert headers["content-type"] == "text/plain; charset=utf-8"
    (logs.logs_dir / "wide.log").write_bytes("\ufeffwide\n".encode("utf-16-le"))
    assert logs.get("/api/logs/wide.log/raw")[2]["content-type"] == "text/plain; charset=utf-16le"
    (logs.logs_dir / "wide.log").unlink()
    name = logs.get(f"/api/logs/{quote('日志 x.log')}/raw")[2]["content-disposition"]
    assert name == "attachment; filename*=UTF-8''%E6%97%A5%E5%BF%97%20x.log"


@pytest.mark.parametrize(
    ("wants", "start", "end"),
    [("bytes=0-9", 0, 10), ("bytes=100-", 100, None), ("bytes=-7", -7, None), ("bytes=5-99999999", 5, None)],
)
def test_ranges(logs: Server, wants: str, start: int, end: int | None) -> None:
    whole = (logs.logs_dir / "app.log").read_text()
    status, body, headers = logs.get("/api/logs/app.log/raw", {"Range": wants})
    assert (status, body) == (206, whole[start:end])
    first = start % len(whole)
    assert headers["content-range"] == f"bytes {first}-{first + len(body) - 1}/{len(whole)}"
    assert headers["content-length"] == str(len(body))


def test_ranges_that_are_not_there_or_not_understood(logs: Server) -> None:
    status, body, headers = logs.get("/api/logs/app.log/raw", {"Range": "bytes=99999999-"})
    assert (status, json.loads(body)["error"]) == (416, "bad_range")
    assert headers["content-range"] == f"bytes */{(logs.logs_dir / 'app.log').stat().st_size}"
    assert logs.get("/api/logs/app.log/raw", {"Range": "lines=1-2"})[0] == 200


def test_a_download_goes_on_only_in_the_same_generation(logs: Server) -> None:
    etag = logs.get("/api/logs/app.log/raw")[2]["etag"]
    assert logs.get("/api/logs/app.log/raw", {"Range": "bytes=5-8", "If-Range": etag})[0] == 206
    assert logs.get("/api/logs/app.log/raw", {"Range": "bytes=5-8", "If-Range": '"another"'})[0] == 200


def test_what_passes_a_filter_is_saved(logs: Server) -> None:
    status, body, headers = logs.get("/api/logs/app.log/filtered?include=line+49&exclude=Z+line+499")
    assert status == 200
    assert [line.rsplit(" ", 1)[1] for line in body.splitlines()] == [
        "49",
        *map(str, range(490, 499)),
        *map(str, range(4900, 4990)),
    ]
    assert headers["content-disposition"] == "attachment; filename=app.filtered.log"


def test_a_long_line_comes_whole(serve: Callable[..., Server]) -> None:
    server = serve()
    long = "x" * 200_000 + " ende €"
    (server.logs_dir / "a.log").write_text(f"one\n{long}\r\ntwo\n")
    cut = shown(ask(server, "/a.log/lines"))[1]
    assert len(cut) < 70_000
    assert "cut: line of" in cut
    assert server.get("/api/logs/a.log/line?offset=4")[1] == long
    assert server.get("/api/logs/a.log/line?offset=999")[1] == long, "any place within it will do"


def test_a_client_that_leaves_a_download_ends_it(serve: Callable[..., Server]) -> None:
    server = serve()
    path = server.logs_dir / "big.log"
    path.write_text("x" * 99 + "\n")
    os.truncate(path, 3_000_000_000)
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as link:
        link.sendall(f"GET /api/logs/big.log/raw HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode())
        assert link.recv(1000).startswith(b"HTTP/1.1 200")
    wait_until(lambda: '"GET /api/logs/big.log/raw HTTP/1.1" 200' in server.said(), "the request to end", 60)


def test_reading_while_it_is_rotated_never_fails(serve: Callable[..., Server]) -> None:
    server = serve()
    path = server.logs_dir / "a.log"
    path.write_text("line\n" * 1000)
    stop = threading.Event()

    def rotate() -> None:
        while not stop.is_set():
            path.replace(f"{path}.1")
            path.write_text("line\n" * 1000)

    rotating = threading.Thread(target=rotate)
    rotating.start()
    try:
        for _ in range(60):
            for way in ("lines?tail=3", "search?text=line&limit=3&siblings=1", "raw", "filtered?include=line"):
                status, body, _ = server.get(f"/api/logs/a.log/{way}")
                assert status in (200, 404), body
                assert status == 404 or not body or "line" in body
    finally:
        stop.set()
        rotating.join()
