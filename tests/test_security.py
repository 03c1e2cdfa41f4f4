"""Who gets in, and what every answer carries."""

from collections.abc import Callable
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from tests.conftest import Server, hear, wait_until

TOKEN = "correct-horse-battery"
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
LOG_HALF = ["/logs", "/echo", "/api/logs/anything"]


@pytest.fixture(scope="module")
def locked(_serve_for_module: Callable[..., Server]) -> Server:
    """A server whose log half wants a token."""
    return _serve_for_module(LOG_TOKEN=TOKEN)


@pytest.mark.parametrize("path", ["/", "/logs", "/healthz", "/static/css/base.css", "/nowhere", "/ws"])
def test_every_answer_carries_the_headers_that_protect(server: Server, path: str) -> None:
    _, _, headers = server.get(path)
    policy = headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/", "/logs"])
def test_a_page_holds_no_inline_script_style_or_handler(server: Server, path: str) -> None:
    _, body, _ = server.get(path)
    assert "<style" not in body
    assert " style=" not in body
    assert " on" not in body.replace(" one ", " ").split("<body")[0]
    assert body.count("<script") == body.count("<script src=") + body.count('<script type="module" src=')
    assert "http://" not in body
    assert "https://" not in body


def test_an_address_that_is_not_there_says_where_to_go(server: Server) -> None:
    status, body, _ = server.get("/nowhere")
    assert status == 404
    assert "/logs" in body


def test_a_program_sends_no_origin_and_is_let_in(server: Server) -> None:
    with server.connect():
        pass


def test_a_page_of_this_server_is_let_in_and_others_are_not(server: Server) -> None:
    with server.connect(origin=server.url):
        pass
    for origin in ("http://evil.example", "null", f"http://127.0.0.1:{server.port + 1}"):
        with pytest.raises(InvalidStatus) as caught:
            server.connect(origin=origin)
        assert caught.value.response.status_code == 403
        assert b"CHATAPP_ALLOWED_ORIGINS" in (caught.value.response.body or b"")


def test_allowed_origins_widen_it(serve: Callable[..., Server]) -> None:
    server = serve(ALLOWED_ORIGINS="https://intranet.example")
    with server.connect(origin="https://intranet.example"):
        pass
    with pytest.raises(InvalidStatus):
        server.connect(origin="https://evil.example")


# The log half without a token.


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8000", "127.9.9.9", "[::1]:80", "app.localhost", "LOCALHOST"])
def test_without_a_token_loopback_names_see_the_logs(server: Server, host: str) -> None:
    assert server.get("/logs", {"Host": host})[0] == 200


@pytest.mark.parametrize("path", LOG_HALF)
@pytest.mark.parametrize(
    "host", ["chat.example.org", "192.168.1.5", "127.0.0.1.evil.example", "localhost.evil.example", "0.0.0.0", ""]
)
def test_without_a_token_other_names_do_not(server: Server, path: str, host: str) -> None:
    status, body, _ = server.get(path, {**UPGRADE, "Host": host})
    assert status in (400, 403)
    assert status == 400 or "CHATAPP_LOG_TOKEN" in body


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "X-Real-IP", "Via"])
def test_without_a_token_a_proxy_on_this_computer_does_not(server: Server, header: str) -> None:
    assert server.get("/logs", {header: "1.2.3.4"})[0] == 403


def test_pages_of_other_origins_never_see_the_logs_without_a_token(serve: Callable[..., Server]) -> None:
    server = serve(ALLOWED_ORIGINS="*")
    with server.connect(origin="https://anywhere.example"):
        pass
    with pytest.raises(InvalidStatus):
        server.connect("/echo", origin="https://anywhere.example")


def test_a_large_form_is_not_read(locked: Server) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": locked.url}
    assert locked.get("/logs/login", form, "POST", "token=" + "x" * 100_000)[0] == 413


def test_what_a_client_makes_up_stays_in_its_line_of_the_log(serve: Callable[..., Server]) -> None:
    server = serve()
    server.get("/x%0a2026-11-23%20CRITICAL%20FORGED%1b[31m")
    with server.connect("/echo?file=no%0a2026-11-23%20CRITICAL%20FORGED"):
        pass
    server.stop()
    lines = [line for line in server.said().splitlines() if "FORGED" in line]
    assert lines
    assert not [line for line in lines if line.startswith("2026-11-23 CRITICAL")]
    assert "\x1b[31m" not in server.said()


def test_the_chat_answers_under_any_name(server: Server) -> None:
    assert server.get("/", {"Host": "chat.example.org"})[0] == 200


# The log half with a token.


@pytest.mark.parametrize("path", LOG_HALF)
def test_with_a_token_nobody_gets_in_without_it(locked: Server, path: str) -> None:
    for headers in (
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {TOKEN}"},
    ):
        status, body, answered = locked.get(path, {**UPGRADE, **headers})
        assert status == 401
        assert answered["www-authenticate"].startswith("Bearer")
        assert TOKEN not in body
    assert locked.get(f"{path}?token={TOKEN}", UPGRADE)[0] == 401, "an address never carries it"


def test_a_program_presents_the_token_in_a_header_under_any_name(locked: Server) -> None:
    (locked.logs_dir / "a.log").write_text("one\n")
    with locked.connect("/echo", additional_headers={"Authorization": f"Bearer {TOKEN}"}) as viewer:
        assert viewer.recv(10) == "one\n"
    assert locked.get("/logs", {"Authorization": f"Bearer {TOKEN}", "Host": "chat.example.org"})[0] == 200


def test_a_page_is_asked_for_the_token_and_gets_a_cookie_that_is_not_the_token(locked: Server) -> None:
    status, _, headers = locked.get("/logs?file=a.log&only=x", {"Accept": "text/html"})
    assert (status, headers["location"]) == (302, "/logs/login?query=file%3Da.log%26only%3Dx")
    status, body, _ = locked.get(headers["location"])
    assert 'value="file=a.log&amp;only=x"' in body
    assert status == 200
    assert 'type="password"' in body
    form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": locked.url}
    status, body, _ = locked.get("/logs/login", form, "POST", "token=wrong+one")
    assert status == 403
    assert "not the token" in body
    assert "wrong one" not in body
    status, _, headers = locked.get("/logs/login", form, "POST", f"token={TOKEN}&query=file%3Da.log%0d%0aX%3A%20y")
    assert (status, headers["location"]) == (302, "/logs?file=a.logX:y")
    cookie = headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert TOKEN not in cookie
    value = cookie.split(";")[0]
    assert locked.get("/logs", {"Cookie": value})[0] == 200
    assert locked.get("/logs", {"Cookie": f"{value.split('=')[0]}={TOKEN}"})[0] == 401
    with locked.connect("/echo", "logs.v1", additional_headers={"Cookie": value}) as viewer:
        assert hear(viewer)["type"] == "files"
    assert locked.get("/logs/login", {**form, "Origin": "http://evil.example"}, "POST", "token=x")[0] == 403
    assert TOKEN not in locked.said()
    assert TOKEN not in (locked.data_dir / "chatapp.log").read_text()


def test_guessing_is_slowed_down(serve: Callable[..., Server], locked: Server) -> None:
    server = serve(LOG_TOKEN=TOKEN)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    cookies = [
        one.get("/logs/login", form, "POST", f"token={TOKEN}")[2]["set-cookie"].split(";")[0] for one in (server, locked)
    ]
    assert cookies[0].split("=")[0] != cookies[1].split("=")[0], "browsers share cookies between the ports of a host"
    statuses = [server.get("/logs", {"Authorization": f"Bearer guess {number}"})[0] for number in range(30)]
    assert statuses[:5] == [401] * 5
    assert 429 in statuses

    told: dict[str, tuple[int, str, dict[str, str]]] = {}

    def waits(path: str, *request: Any) -> bool:
        # One waits for a second only, and the machine may be slow: it guesses once more.
        server.get("/logs", {"Authorization": "Bearer guess"})
        told[path] = server.get(path, *request)
        return told[path][0] == 429

    wait_until(lambda: waits("/logs/login", {"Origin": server.url}, "POST", "token=x"), "the form to refuse")
    _, body, headers = told["/logs/login"]
    assert headers["retry-after"] == "5"
    assert 'type="password"' in body, "the form stays"
    wait_until(lambda: waits("/logs", {"Authorization": f"Bearer {TOKEN}"}), "the right one to wait too")
    assert server.get("/logs", {"Cookie": "; ".join(cookies)})[0] == 200, "who is let in stays in"


def test_the_chat_needs_no_token(locked: Server) -> None:
    assert locked.get("/")[0] == 200
    with locked.connect():
        pass
