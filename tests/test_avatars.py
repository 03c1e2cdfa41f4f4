"""Pictures through the server: a real picture service of the test's own stands in for Gravatar."""

import hashlib
import http.server
import json
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from tests.conftest import Server, hear, say, wait_until

PICTURE = b"\x89PNG\r\n\x1a\n and so on"


class Service(http.server.ThreadingHTTPServer):
    """Knows ann's picture, serves a page for eve, and remembers what was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, dict[str, str]]] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/avatar/"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Service

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))
        digest = self.path.split("/")[2].split("?")[0]
        kinds = {sha256("ann@example.org"): "image/png", sha256("eve@example.org"): "text/html"}
        self.send_response(200 if digest in kinds else 404)
        self.send_header("Content-Type", kinds.get(digest, "text/plain"))
        self.end_headers()
        self.wfile.write(PICTURE)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    yield service
    service.shutdown()
    service.server_close()


def avatar_of(server: Server, email: str) -> str:
    with server.connect(protocol="chat.v1") as client:
        client.send(json.dumps({"type": "hello", "username": "x", "email": email}))
        avatar: str = hear(client)["you"]["avatar"]
        return avatar


def test_the_server_fetches_a_picture_once_and_tells_the_service_only_a_hash(
    serve: Callable[..., Server], service: Service
) -> None:
    server = serve(AVATARS="gravatar", GRAVATAR_URL=service.url)
    ann = avatar_of(server, " Ann@Example.org")
    status, body, headers = server.get(f"/avatar/{ann}", {"User-Agent": "a reader", "Cookie": "a=b", "Referer": "http://x/"})
    assert (status, headers["content-type"]) == (200, "image/png")
    assert "and so on" in body
    assert server.get(f"/avatar/{ann}")[0] == 200
    ((path, told),) = service.asked
    assert path.startswith(f"/avatar/{sha256('ann@example.org')}?")
    assert "a reader" not in str(told)
    assert "Cookie" not in told


def test_no_picture_or_no_image_is_404_and_asked_once(serve: Callable[..., Server], service: Service) -> None:
    server = serve(AVATARS="gravatar", GRAVATAR_URL=service.url)
    for email in ("bob@example.org", "eve@example.org"):
        avatar = avatar_of(server, email)
        assert [server.get(f"/avatar/{avatar}")[0] for _ in range(2)] == [404, 404]
    assert len(service.asked) == 2
    assert server.get("/avatar/unknown")[0] == 404
    assert len(service.asked) == 2, "only people who were here are asked for"


def test_a_service_that_is_down_is_404_and_hurts_nobody(serve: Callable[..., Server]) -> None:
    server = serve(AVATARS="gravatar", GRAVATAR_URL="http://127.0.0.1:9/avatar/")
    assert server.get(f"/avatar/{avatar_of(server, 'ann@example.org')}")[0] == 404
    assert server.health()["alive"]


def test_a_service_that_answers_nonsense_is_404_and_left_alone_for_a_while(serve: Callable[..., Server]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        asked = []

        def answer_nonsense() -> None:
            while True:
                try:
                    link, _ = listener.accept()
                except OSError:
                    return
                with link:
                    asked.append(link.recv(1000))
                    link.sendall(b"nonsense\r\n\r\n")

        threading.Thread(target=answer_nonsense, daemon=True).start()
        server = serve(AVATARS="gravatar", GRAVATAR_URL=f"http://127.0.0.1:{listener.getsockname()[1]}/")
        avatar = avatar_of(server, "ann@example.org")
        assert [server.get(f"/avatar/{avatar}")[0] for _ in range(2)] == [404, 404]
        assert len(asked) == 1
        listener.shutdown(socket.SHUT_RDWR)


def test_a_picture_is_there_in_every_worker(serve: Callable[..., Server], service: Service) -> None:
    server = serve(workers=3, AVATARS="gravatar", GRAVATAR_URL=service.url)
    wait_until(lambda: len(server.health()["workers"]) == 3, "the workers to know of each other")
    with server.connect(protocol="chat.v1") as ann, server.connect() as reader, server.connect() as bob:
        ann.send(json.dumps({"type": "hello", "username": "x", "email": "ann@example.org"}))
        avatar = hear(ann)["you"]["avatar"]
        ann.send(json.dumps({"type": "join", "room": "main", "resume": None, "page": 0}))
        while hear(ann)["type"] != "caught_up":
            pass
        say(bob, "hi", email="Ann@example.org ")
        hear(reader)
        while (said := hear(ann))["type"] != "message":
            pass
        for value in (avatar, said["user"]["avatar"]):
            # Soon; and then from whichever worker.
            wait_until(lambda v=value: [server.get(f"/avatar/{v}")[0] for _ in range(9)] == [200] * 9, "the picture")  # type: ignore[misc]


def test_by_default_there_are_no_pictures(server: Server) -> None:
    assert server.get(f"/avatar/{avatar_of(server, 'ann@example.org')}")[0] == 404
