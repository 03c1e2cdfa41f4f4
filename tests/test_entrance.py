"""The short way in lets nobody in, or out, whom the long way would treat otherwise."""

import json
import socket
from collections.abc import Callable

import pytest
from websockets.frames import Frame, Opcode

from chatapp.realtime.entrance import HEAD_BYTES
from tests.conftest import PATIENCE, Server, wait_until

KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
PLAIN = ("Host: {host}", "Upgrade: websocket", "Connection: Upgrade", KEY, "Sec-WebSocket-Version: 13")
BROWSER = (
    "Host: {host}",
    "Connection: keep-alive, Upgrade",
    "Pragma: no-cache",
    "Cache-Control: no-cache",
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Upgrade: websocket",
    "Origin: http://{host}",
    "Sec-WebSocket-Version: 13",
    "Accept-Encoding: gzip, deflate, br, zstd",
    "Accept-Language: en-GB,en;q=0.9,zh-CN;q=0.8",
    "Cookie: other=1; chatapp_x=abc",
    KEY,
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
    "Sec-WebSocket-Protocol: chat.v1",
)
#: Heads of all kinds, without the first line. Which are let in is for the long way to say.
HEADS = {
    "a program's": PLAIN,
    "a browser's": BROWSER,
    "small letters and no spaces": tuple(
        line.replace(": ", ":", 1).lower().replace(KEY[19:].lower(), KEY[19:]) for line in PLAIN
    ),
    "spaces and tabs around values": tuple(line.replace(": ", ": \t ", 1) + " \t" for line in PLAIN),
    "protocols, one of them ours": (*PLAIN, "Sec-WebSocket-Protocol: soap, chat.v1 , logs.v1"),
    "protocols, none of them ours": (*PLAIN, "Sec-WebSocket-Protocol: soap"),
    "protocols in two lines": (*PLAIN, "Sec-WebSocket-Protocol: soap", "Sec-WebSocket-Protocol: chat.v1"),
    "a foreign origin": (*PLAIN, "Origin: http://evil.example"),
    "two origins": (*PLAIN, "Origin: http://{host}", "Origin: http://evil.example"),
    "no key": tuple(line for line in PLAIN if line != KEY),
    "a short key": (*(line for line in PLAIN if line != KEY), "Sec-WebSocket-Key: abc"),
    "an old version": (*PLAIN[:-1], "Sec-WebSocket-Version: 8"),
    "no upgrade": (PLAIN[0], *PLAIN[2:]),
    "no host": PLAIN[1:],
    "two hosts": (*PLAIN, "Host: evil.example"),
    "a space before the colon": (*PLAIN, "X-One : 1"),
    "a line that goes on": (*PLAIN, "X-One: 1", " and 2"),
    "a line without a colon": (*PLAIN, "X-One"),
    "no name": (*PLAIN, ": 1"),
    "an underscore in a name": (*PLAIN, "X_Forwarded_For: 1.2.3.4"),
    "what is not ASCII": (*PLAIN, "X-One: é"),
    "a zero byte": (*PLAIN, "X-One: a\0b"),
    "a lone line feed": (*PLAIN, "X-One: 1\nX-Two: 2"),
    "a lone carriage return": (*PLAIN, "X-One: 1\rX-Two: 2"),
    "a body": (*PLAIN, "Content-Length: 5"),
    "a body in chunks": (*PLAIN, "Transfer-Encoding: chunked"),
    "a wish to be asked to go on": (*PLAIN, "Expect: 100-continue"),
    "a proxy's": (*PLAIN, "X-Forwarded-For: 1.2.3.4", "X-Forwarded-Proto: https"),
    "a name of another place": (*PLAIN, "Script-Name: /chat"),
    "more lines than gunicorn takes": (*PLAIN, *(f"X-{number}: 1" for number in range(100))),
    "as many as it takes": (*PLAIN, *(f"X-{number}: 1" for number in range(95))),
    "a proxy's, of another name": (*PLAIN, "X-Forwarded-Host: chat.example.org", "Origin: https://chat.example.org"),
    "a proxy's, in two lines": (
        *PLAIN,
        "X-Forwarded-Host: chat.example.org",
        "X-Forwarded-Host: {host}",
        "Origin: http://{host}",
    ),
    "schemes that contradict each other": (*PLAIN, "X-Forwarded-Proto: https", "X-Forwarded-Ssl: off"),
    "an upgrade to more than one thing": ("Upgrade: websocket, h2c", *(line for line in PLAIN if "Upgrade: w" not in line)),
    "a cookie that is not UTF-8": (*PLAIN, "Sec-WebSocket-Protocol: chat.v1", "Cookie: a=\xe9"),
    "a long cookie": (*PLAIN, f"Cookie: a={'x' * (HEAD_BYTES - 1000)}"),
    "a longer one than is looked at": (*PLAIN, f"Cookie: a={'x' * 8000}", "Other: b"),
}


def ask(server: Server, target: str, lines: tuple[str, ...], after: bytes = b"") -> tuple[str, socket.socket]:
    """The head of the answer to a request; the socket stands behind it."""
    head = "\r\n".join([f"GET {target} HTTP/1.1", *lines, "", ""]).replace("{host}", f"127.0.0.1:{server.port}")
    link = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
    link.sendall(head.encode("latin-1") + after)
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        piece = link.recv(1)
        if not piece:
            break
        answer += piece
    return answer.decode(), link


def status_and_protocol(answer: str) -> tuple[str, ...]:
    status, *lines = answer.split("\r\n")
    wanted = ("sec-websocket", "upgrade", "connection")
    return status, *sorted(line for line in lines if line.lower().startswith(wanted))


@pytest.fixture(scope="module")
def behind(_serve_for_module: Callable[..., Server]) -> Server:
    """One that believes us what proxies say."""
    return _serve_for_module(TRUSTED_PROXIES="127.0.0.1")


@pytest.mark.parametrize("which", ["server", "behind"])
@pytest.mark.parametrize("lines", HEADS.values(), ids=HEADS.keys())
def test_both_ways_answer_the_same(request: pytest.FixtureRequest, which: str, lines: tuple[str, ...]) -> None:
    """With a query the request goes the long way."""
    server: Server = request.getfixturevalue(which)
    short, link = ask(server, "/ws", lines)
    long, other = ask(server, "/ws?", lines)
    assert status_and_protocol(short) == status_and_protocol(long)
    link.close()
    other.close()


def test_what_is_sent_with_the_request_is_not_lost(server: Server) -> None:
    """Nobody may send so early (RFC 6455 section 4.1), and on the long way it is lost."""
    text = json.dumps({"email": "", "username": "eve", "message": "early"}).encode()
    answer, link = ask(server, "/ws", PLAIN, Frame(Opcode.TEXT, text).serialize(mask=True))
    assert answer.startswith("HTTP/1.1 101 ")
    assert b"early" in link.recv(1000)
    link.close()


def test_a_request_that_comes_in_pieces_is_let_in(server: Server) -> None:
    host = f"Host: 127.0.0.1:{server.port}"
    head = "\r\n".join(["GET /ws HTTP/1.1", host, *PLAIN[1:], "", ""]).encode()
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as link:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(head), 40):
            link.sendall(head[at : at + 40])
            server.get("/healthz")  # by now it has been looked at
        assert link.recv(1000).startswith(b"HTTP/1.1 101 ")


def test_who_says_nothing_and_leaves_harms_nobody(server: Server) -> None:
    for _ in range(3):
        socket.create_connection(("127.0.0.1", server.port)).close()
    with server.connect():
        wait_until(lambda: server.health()["clients"] == 1, "one client alone to be counted")


def test_one_too_many_is_told_so(serve: Callable[..., Server]) -> None:
    server = serve(MAX_CLIENTS=2)
    links = [server.raw() for _ in range(2)]
    answer, refused = ask(server, "/ws", PLAIN)
    assert answer.startswith("HTTP/1.1 503 ")
    for link in (*links, refused):
        link.close()
