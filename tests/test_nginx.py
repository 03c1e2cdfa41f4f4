"""Behind a real nginx, with the configuration of `deploy/nginx.conf`: at a name of its own, and below a path."""

import contextlib
import http.client
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from chatapp.config import Settings
from tests.conftest import PATIENCE, Server, hear, say, wait_until
from tests.nginx import CONFIGURATION, Site, replaced, under

TOKEN = "correct-horse-battery"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BEARER = {"Authorization": f"Bearer {TOKEN}"}
#: An address of this computer that is not nginx's.
CLIENT = "127.0.0.9"
#: Bytes of a download, more than all sockets on its way take.
LARGE = 48_000_000


@pytest.fixture(scope="module", params=["", "/chat"], ids=["root", "sub-path"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site(tmp_path_factory.mktemp("site"), request.param, LOG_TOKEN=TOKEN) as site:
        yield site


@pytest.fixture
def make_site(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """`make_site(path="/chat", PING_SECONDS=1)` starts a site of one's own."""
    with contextlib.ExitStack() as stack:
        yield lambda **options: stack.enter_context(Site(tmp_path, **options))


def connect_to_both(site: Site) -> list[ClientConnection]:
    """Clients on both servers, the first and the last on different ones."""
    clients = [site.nginx.connect()]
    while min(map(own, site.servers)) == 0:
        clients.append(site.nginx.connect())
        assert len(clients) < 100, "all are sent to one server"
    return clients


def own(server: Server) -> int:
    """The clients of this server alone, which is the first in its list."""
    clients: int = server.health()["workers"][0]["clients"]
    return clients


# The configuration.


def test_what_is_replaced_must_be_there() -> None:
    text = CONFIGURATION.read_text()
    assert "location /chat/ {" in replaced(text, under("/chat"))
    with pytest.raises(ValueError, match="listen 8443"):
        replaced(text, {"listen 80;": "", "listen 8443;": "listen 1;"})


def test_a_websocket_is_pinged_well_before_nginx_gives_it_up() -> None:
    (seconds,) = re.findall(r"proxy_read_timeout +(\d+)s;", CONFIGURATION.read_text())
    assert int(seconds) >= 3 * Settings().ping_seconds


def test_a_websocket_without_a_word_stays(make_site: Callable[..., Site]) -> None:
    site = make_site(changes={"proxy_read_timeout          75s": "proxy_read_timeout 2s"}, PING_SECONDS=0.5)
    client = site.nginx.connect()
    with pytest.raises(TimeoutError):
        client.recv(5)
    say(client, "still here")
    assert hear(client)["message"] == "still here"
    client.close()


# HTTP.


def test_plain_http_leads_to_https(site: Site) -> None:
    link = http.client.HTTPConnection("127.0.0.1", site.nginx.plain_port, timeout=PATIENCE)
    link.request("GET", "/chat/?room=main", headers={"Host": "chat.example.org"})
    answer = link.getresponse()
    assert (answer.status, answer.headers["Location"]) == (301, "https://chat.example.org/chat/?room=main")
    link.close()


def test_pages_and_their_files_stand_below_the_path(site: Site) -> None:
    path = site.nginx.path
    status, page, _ = site.nginx.get("/")
    assert status == 200
    addresses = set(re.findall(r'(?:src|href)="([^"]*)"', page))
    assert len(addresses) > 20
    assert all(address.startswith(f"{path}/static/") for address in addresses)
    status, _, headers = site.nginx.get("/static/js/chat.js", {"Accept-Encoding": "gzip"})
    assert (status, headers["content-encoding"]) == (200, "gzip")
    kept = {"Accept-Encoding": "gzip", "If-None-Match": headers["etag"]}
    assert site.nginx.get("/static/js/chat.js", kept)[0] == 304
    status, text, _ = site.nginx.get("/nothing")
    assert status == 404
    assert f"the chat is at {path}/ and the logs are at {path}/logs" in text


def test_the_path_without_its_slash_leads_to_it(make_site: Callable[..., Site]) -> None:
    site = make_site(path="/chat")
    site.nginx.path = ""
    status, _, headers = site.nginx.get("/chat")
    assert (status, headers["location"]) == (301, "/chat/")


def test_cookies_are_for_tls_and_the_path_alone(site: Site) -> None:
    path = site.nginx.path or "/"
    for cookie in (site.nginx.get("/")[2]["set-cookie"], log_in(site)[2]["set-cookie"]):
        assert "; Secure" in cookie
        assert f"; Path={path};" in f"{cookie};"


def log_in(site: Site, token: str = TOKEN, **options: Any) -> tuple[int, str, dict[str, str]]:
    host = f"127.0.0.1:{site.nginx.port}"
    return site.nginx.get("/logs/login", {**FORM, "Origin": f"https://{host}"}, "POST", f"token={token}", **options)


def test_who_wants_the_logs_is_led_to_the_form_and_on(site: Site) -> None:
    path = site.nginx.path
    status, _, headers = site.nginx.get("/logs?file=app.log", {"Accept": "text/html"})
    assert (status, headers["location"]) == (302, f"{path}/logs/login?query=file%3Dapp.log")
    assert f'action="{path}/logs/login"' in site.nginx.get("/logs/login")[1]
    status, _, headers = log_in(site)
    assert (status, headers["location"]) == (302, f"{path}/logs")
    cookie = {"Cookie": headers["set-cookie"].split(";")[0]}
    assert [site.nginx.get("/logs", cookie)[0] for _ in range(4)] == [200] * 4, "on both servers"
    with site.nginx.connect("/echo", "logs.v1", additional_headers=cookie) as viewer:
        assert hear(viewer)["type"] == "files"
    assert site.nginx.get("/logs")[0] == 401


def test_without_a_token_the_logs_stay_closed(make_site: Callable[..., Site]) -> None:
    site = make_site()
    assert site.nginx.get("/logs", {"Host": "localhost"})[0] == 403
    with pytest.raises(InvalidStatus, match="403"):
        site.nginx.connect("/echo")


def test_a_page_of_this_site_may_open_a_websocket_and_others_not(site: Site) -> None:
    ours = f"https://127.0.0.1:{site.nginx.port}"
    for way, headers in (("/ws", {}), ("/ws?", {}), ("/echo", BEARER)):
        site.nginx.connect(way, origin=ours, additional_headers=headers).close()
        for other in ("https://evil.example", "https://127.0.0.1", f"https://127.0.0.1:{site.servers[0].port}"):
            with pytest.raises(InvalidStatus, match="403"):
                site.nginx.connect(way, origin=other, additional_headers=headers)


def test_a_proxy_may_call_the_server_by_another_name(make_site: Callable[..., Site]) -> None:
    host = "proxy_set_header Host               $http_host;"
    site = make_site(path="/chat", changes={host: "proxy_set_header Host upstream.internal;"}, LOG_TOKEN=TOKEN)
    site.nginx.connect(origin=f"https://127.0.0.1:{site.nginx.port}").close()
    for other in ("https://upstream.internal", "https://evil.example"):
        with pytest.raises(InvalidStatus, match="403"):
            site.nginx.connect(origin=other)
    assert log_in(site)[0] == 302


def test_what_a_client_makes_up_does_not_get_through(site: Site) -> None:
    forged = {
        "X-Forwarded-For": "203.0.113.7",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Prefix": "/evil",
        "Script-Name": "/evil",
        "SCRIPT_NAME": "/evil",
        "X_Forwarded_For": "203.0.113.7",
    }
    status, page, headers = site.nginx.get("/", forged)
    assert status == 200
    assert "evil" not in page + str(headers)
    assert "; Secure" in headers["set-cookie"]
    for way in ("/ws", "/ws?"):
        with pytest.raises(InvalidStatus, match="403"):
            site.nginx.connect(way, origin="https://evil.example", additional_headers=forged)
        site.nginx.connect(way, additional_headers=forged, source_address=(CLIENT, 0)).close()
    wait_until(lambda: site.said().count(f'{CLIENT} "WEBSOCKET /ws plain" left') >= 2, "the lines of the WebSockets")
    assert "203.0.113.7" not in site.said()


def test_behind_a_further_proxy_the_client_is_who_came_to_that(make_site: Callable[..., Site]) -> None:
    added = {"X-Forwarded-For    $remote_addr;": "X-Forwarded-For $proxy_add_x_forwarded_for;"}
    site = make_site(changes=added, TRUSTED_PROXIES=f"127.0.0.1,{CLIENT}")
    for source in (CLIENT, "127.0.0.10"):
        site.nginx.get(f"/from/{source}", {"X-Forwarded-For": "198.51.100.1, 203.0.113.7"}, source=source)
    wait_until(lambda: f'203.0.113.7 "GET /from/{CLIENT} ' in site.said(), "the address that the further proxy tells")
    wait_until(lambda: '127.0.0.10 "GET /from/127.0.0.10 ' in site.said(), "the address of one that is no proxy")


def test_both_logs_tell_the_clients_address_and_no_query(site: Site) -> None:
    assert site.nginx.get("/nothing?secret=hunter2", source=CLIENT)[0] == 404
    wait_until(lambda: f'{CLIENT} "GET /nothing HTTP/1.1" 404' in site.said(), "the line in a server's log")
    line = rf'{CLIENT} \[[^]]+\] "GET {site.nginx.path}/nothing HTTP/1.1" 404 '
    wait_until(lambda: re.search(line, site.nginx.access_log.read_text()), "the line in nginx's log")
    assert "hunter2" not in site.said() + site.nginx.access_log.read_text()


def test_who_guesses_the_token_makes_only_their_own_address_wait(site: Site) -> None:
    def told(source: str, token: str) -> int:
        return site.nginx.get("/logs", {"Authorization": f"Bearer {token}"}, source=source)[0]

    wait_until(lambda: told("127.0.0.66", "guess") == 429, "the guesser to be told to wait")
    assert [told("127.0.0.67", TOKEN) for _ in range(4)] == [200] * 4
    assert told("127.0.0.67", "guess") == 401


@pytest.mark.parametrize("name", ["app.log", "日志 x.log", "100%41?&#;+.log", "a/b c/[x]'\"\\.log"])
def test_names_of_files_arrive_as_they_were_written(site: Site, name: str) -> None:
    file = site.logs_dir / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("the first line\nthe second line\n")
    status, text, _ = site.nginx.get(f"/api/logs/{quote(name)}/lines", BEARER)
    assert status == 200, text
    assert [line for _, line in json.loads(text)["lines"]] == ["the first line", "the second line"]


# Streams.


def test_a_download_is_not_read_ahead_of_who_saves_it(site: Site) -> None:
    """nginx would take all of it, and put what the client does not take yet into a file."""
    server_ports = {server.port for server in site.servers}
    file = site.logs_dir / "large.log"
    file.write_text("a line of a large file, as long as lines are\n" * (LARGE // 45))
    with site.nginx.ask("/api/logs/large.log/raw", BEARER) as answer:
        assert answer.read(9) == b"a line of"
        looks: list[int] = []

        def stands_still() -> bool:
            looks.append(unsent(server_ports))
            return len(looks) > 20 and looks[-1] > 0 and len(set(looks[-20:])) == 1

        wait_until(stands_still, "the server to wait for the client")
        assert 9 + len(answer.read()) == file.stat().st_size
    assert "buffered to a temporary file" not in site.nginx.said()


def unsent(ports: set[int]) -> int:
    """Bytes that wait in the sockets of these ports for their peers to take them."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(int(row[4].split(":")[0], 16) for row in rows if int(row[1].split(":")[1], 16) in ports and row[3] == "01")


def test_a_search_is_told_as_it_goes(site: Site) -> None:
    """nginx would keep the short lines that tell how far it is until it has a page of them."""
    file = site.logs_dir / "endless.log"
    with file.open("wb") as stream:
        stream.write(b"the first line\n")
        stream.truncate(1 << 36)  # a hole: nobody stores it, and a search takes long
    try:
        with site.nginx.ask("/api/logs/endless.log/search?text=nowhere&from=oldest", BEARER) as answer:
            first = answer.read1(65_536)
        assert b'"progress"' in first
        assert len(first) < 4096
    finally:
        file.unlink()


def test_lines_of_a_log_come_as_they_are_written(site: Site) -> None:
    file = site.logs_dir / "live.log"
    file.write_text("")
    with site.nginx.connect("/echo?file=live.log", additional_headers=BEARER) as viewer:
        for number in range(20):
            with file.open("a") as stream:
                stream.write(f"line {number}\n")
            assert viewer.recv(PATIENCE) == f"line {number}\n"


# Two servers.


def test_people_on_two_servers_are_in_one_chat(site: Site) -> None:
    one, *others, two = connect_to_both(site)
    for number in range(20):
        say(one, f"from one {number}")
        say(two, f"from two {number}")
    heard = [[hear(client)["message"] for _ in range(40)] for client in (one, two)]
    assert heard[0] == heard[1]
    assert len(set(heard[0])) == 40
    for client in (one, *others, two):
        client.close()


def test_a_server_that_is_down_is_passed_over_and_used_again(make_site: Callable[..., Site]) -> None:
    site = make_site(LOG_TOKEN=TOKEN)
    down, up = site.servers
    down.kill()
    assert [site.nginx.get("/")[0] for _ in range(10)] == [200] * 10
    assert [log_in(site)[0] for _ in range(4)] == [302] * 4, "a form too, as it was not sent to the one that is down"
    clients = [site.nginx.connect() for _ in range(10)]
    assert own(up) == 10
    down.start()

    def come() -> int:
        clients.append(site.nginx.connect())
        return own(down)

    wait_until(come, "somebody to come to the server that is back")
    for client in clients:
        client.close()
    up.kill()
    wait_until(lambda: site.nginx.get("/")[0] == 200, "the one that is back to serve alone")


def test_while_nobody_answers_a_page_says_so_and_tries_again(make_site: Callable[..., Site]) -> None:
    site = make_site(path="/chat")
    client = site.nginx.connect()
    for server in site.servers:
        server.kill()
    with pytest.raises(ConnectionClosed):
        client.recv(PATIENCE)
    status, page, headers = site.nginx.get("/")
    assert status == 502
    assert 'http-equiv="refresh"' in page
    assert (headers["retry-after"], headers["cache-control"]) == ("5", "no-store")
    assert headers["content-type"].startswith("text/html")
    with pytest.raises(InvalidStatus, match="502"):
        site.nginx.connect()
    for server in site.servers:
        server.start()
    wait_until(lambda: site.nginx.get("/")[0] == 200, "nginx to use them again")
