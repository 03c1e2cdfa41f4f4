"""What a proxy says of a request is believed if the settings name it, on both ways in, and from nobody else."""

import http.client
import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from chatapp.realtime.proxies import Proxies
from tests.conftest import PATIENCE, Server, wait_until

TOKEN = "correct-horse-battery"
CHAT = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "chat.example.org"}
#: A request with a query goes the long way (`realtime.entrance`).
WAYS = ("/ws", "/ws?")


def seen(trusted: tuple[str, ...], peer: str = "127.0.0.1", **headers: str) -> dict[str, Any]:
    environ: dict[str, Any] = {
        "REMOTE_ADDR": peer,
        "HTTP_HOST": "upstream",
        "SCRIPT_NAME": "",
        "wsgi.url_scheme": "http",
        **{f"HTTP_X_FORWARDED_{name.upper()}": value for name, value in headers.items()},
    }
    Proxies(trusted).apply(environ)
    return environ


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("198.51.100.1, 203.0.113.7", "203.0.113.7"),
        ("203.0.113.7, 10.1.2.3", "203.0.113.7"),
        ("198.51.100.1, 203.0.113.7, 10.1.2.3, 10.1.2.4", "203.0.113.7"),
        ("10.1.2.3", "10.1.2.3"),
        ("2001:db8::7", "2001:db8::7"),
        ("2001:DB8:0::7", "2001:db8::7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:51234", "203.0.113.7"),
        ("[2001:db8::7]:51234", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("203.0.113.7,unknown", "127.0.0.1"),
        ("203.0.113.7, unknown, 10.1.2.3", "10.1.2.3"),
        ('evil" 200', "127.0.0.1"),
        ("", "127.0.0.1"),
    ],
)
def test_the_client_is_who_spoke_to_the_first_trusted_proxy(forwarded: str, client: str) -> None:
    assert seen(("127.0.0.1", "10.0.0.0/8"), **{"for": forwarded})["REMOTE_ADDR"] == client


@pytest.mark.parametrize(
    ("trusted", "peer", "is_believed"),
    [
        ((), "127.0.0.1", False),
        ((), "", False),
        (("127.0.0.1",), "127.0.0.1", True),
        (("127.0.0.1",), "::ffff:127.0.0.1", True),
        (("127.0.0.1",), "127.0.0.2", False),
        (("127.0.0.1",), "", False),
        (("10.0.0.0/24",), "10.0.0.9", True),
        (("10.0.0.0/24",), "10.0.1.9", False),
        (("fd00::/8",), "fd00::1", True),
        (("unix",), "", True),
        (("unix",), "127.0.0.1", False),
    ],
)
def test_only_who_is_named_is_believed(trusted: tuple[str, ...], peer: str, is_believed: bool) -> None:
    environ = seen(trusted, peer, **{"for": "203.0.113.7", "proto": "https", "host": "chat.example.org", "prefix": "/chat"})
    told = environ["REMOTE_ADDR"], environ["wsgi.url_scheme"], environ["HTTP_HOST"], environ["SCRIPT_NAME"]
    believed = ("203.0.113.7", "https", "chat.example.org", "/chat")
    assert told == (believed if is_believed else (peer, "http", "upstream", ""))


@pytest.mark.parametrize(
    ("header", "key", "value", "taken"),
    [
        ("proto", "wsgi.url_scheme", "HTTPS", "https"),
        ("proto", "wsgi.url_scheme", "wss", "https"),
        ("proto", "wsgi.url_scheme", "javascript", "http"),
        ("proto", "wsgi.url_scheme", "https, http", "http"),
        ("host", "HTTP_HOST", "chat.example.org:8443", "chat.example.org:8443"),
        ("host", "HTTP_HOST", "[2001:db8::7]:8443", "[2001:db8::7]:8443"),
        ("host", "HTTP_HOST", "chat.example.org/evil", "upstream"),
        ("host", "HTTP_HOST", "user@evil.example", "upstream"),
        ("host", "HTTP_HOST", "a, b", "upstream"),
        ("prefix", "SCRIPT_NAME", "/chat/", "/chat"),
        ("prefix", "SCRIPT_NAME", "/a/b-c", "/a/b-c"),
        ("prefix", "SCRIPT_NAME", "/", ""),
        ("prefix", "SCRIPT_NAME", "//evil.example", ""),
        ("prefix", "SCRIPT_NAME", "/\\evil.example", ""),
        ("prefix", "SCRIPT_NAME", "chat", ""),
        ("prefix", "SCRIPT_NAME", "/chat\n", ""),
    ],
)
def test_what_can_not_be_is_not_taken(header: str, key: str, value: str, taken: str) -> None:
    assert seen(("127.0.0.1",), **{header: value})[key] == taken


# A real server. The tests are the proxy.


@pytest.fixture(scope="module")
def behind(_serve_for_module: Callable[..., Server]) -> Server:
    return _serve_for_module(TRUSTED_PROXIES="127.0.0.1", LOG_TOKEN=TOKEN)


def origins_let_in(server: Server, way: str, headers: dict[str, str], *origins: str) -> list[bool]:
    results = []
    for origin in origins:
        try:
            server.connect(way, origin=origin, additional_headers=headers).close()
            results.append(True)
        except InvalidStatus as refused:
            assert refused.response.status_code == 403
            results.append(False)
    return results


@pytest.mark.parametrize("way", WAYS)
def test_a_page_is_known_by_the_name_that_the_proxy_was_asked_for(behind: Server, server: Server, way: str) -> None:
    origins = ("https://chat.example.org", "https://evil.example", behind.url)
    assert origins_let_in(behind, way, CHAT, *origins) == [True, False, False]
    assert origins_let_in(server, way, CHAT, *origins[:2], server.url) == [False, False, True]


@pytest.mark.parametrize(("way", "client"), [("/ws", "203.0.113.8"), ("/ws?", "203.0.113.9")])
def test_the_log_has_the_clients_address(behind: Server, way: str, client: str) -> None:
    headers = {**CHAT, "X-Forwarded-For": f"198.51.100.9, {client}"}
    behind.connect(way, additional_headers=headers).close()
    wait_until(lambda: f'{client} "WEBSOCKET /ws plain" left' in behind.said(), "the line of the WebSocket")
    behind.get("/nothing", headers)
    wait_until(lambda: f'{client} "GET /nothing ' in behind.said(), "the line of the request")
    assert "198.51.100.9" not in behind.said()


def test_cookies_and_addresses_are_those_of_the_place_that_the_proxy_shows(behind: Server) -> None:
    headers = {**CHAT, "X-Forwarded-Prefix": "/chat"}
    status, page, answered = behind.get("/", headers)
    assert status == 200
    assert "Secure" in answered["set-cookie"]
    assert re.search(r"Path=/chat(;|$)", answered["set-cookie"])
    assert re.search(r'src="/chat/static/v-[0-9a-f]+/js/chat\.js"', page)
    _, _, answered = behind.get("/logs?file=x", {**headers, "Accept": "text/html"})
    assert answered["location"] == "/chat/logs/login?query=file%3Dx"
    form = {**headers, "Content-Type": "application/x-www-form-urlencoded", "Origin": "https://chat.example.org"}
    status, _, answered = behind.get("/logs/login", form, "POST", f"token={TOKEN}")
    assert (status, answered["location"]) == (302, "/chat/logs")
    assert "Secure" in answered["set-cookie"]
    assert re.search(r"Path=/chat(;|$)", answered["set-cookie"])
    assert "the chat is at /chat/ and the logs are at /chat/logs" in behind.get("/nothing", headers)[1]


def test_without_the_setting_nothing_of_it_counts(server: Server) -> None:
    status, page, answered = server.get(
        "/", {**CHAT, "X-Forwarded-Prefix": "/chat", "X-Forwarded-Ssl": "on", "SCRIPT_NAME": "/x"}
    )
    assert status == 200
    assert "Secure" not in answered["set-cookie"]
    assert "Path=/;" in answered["set-cookie"] + ";"
    assert re.search(r'src="/static/v-[0-9a-f]+/js/chat\.js"', page)
    server.get("/nothing", CHAT)
    wait_until(lambda: '127.0.0.1 "GET /nothing ' in server.said(), "the line of the request")
    assert server.said().count("X-Forwarded-For from 127.0.0.1 is not believed") == 1


def test_who_guesses_the_token_makes_only_themselves_wait(behind: Server) -> None:
    def ask(client: str, token: str) -> int:
        # What the client itself made up stands on the left.
        headers = {"X-Forwarded-For": f"203.0.113.50, {client}", "Authorization": f"Bearer {token}"}
        return behind.get("/logs", headers)[0]

    wait_until(lambda: ask("203.0.113.66", "a guess") == 429, "the guesser to be told to wait", PATIENCE)
    assert ask("203.0.113.50", TOKEN) == 200
    assert ask("203.0.113.67", "one guess") == 401


def test_a_proxy_that_comes_through_a_unix_socket(tmp_path: Path) -> None:
    path = tmp_path / "chat.sock"
    server = Server(tmp_path, {"TRUSTED_PROXIES": "unix"})
    binds = ("--bind", f"unix:{path}", "--bind", f"127.0.0.1:{server.port}")
    server.start("-m", "gunicorn", "-k", "gevent", *binds, "wsgi:app")
    try:
        link = http.client.HTTPConnection("chat.example.org", timeout=PATIENCE)
        link.sock = socket.socket(socket.AF_UNIX)
        link.sock.connect(str(path))
        link.request("GET", "/", headers=CHAT)
        assert "Secure" in str(link.getresponse().headers["Set-Cookie"])
        link.close()
        wait_until(lambda: '203.0.113.7 "GET / ' in server.said(), "the line of the request")
    finally:
        server.kill()
