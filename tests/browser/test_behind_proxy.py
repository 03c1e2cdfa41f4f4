"""Both pages in a real browser, behind a real nginx, with TLS, below a path, on two servers that are one chat.

`site` stands before `new_page` in each test: pages are closed before what they talk to ends.
"""

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.chat_page import CUT, NewPage, act, connected, enter, row, sent, write
from tests.browser.log_page import append, line, shows
from tests.browser.test_log_search import search
from tests.conftest import Server, wait_until
from tests.nginx import Site

TOKEN = "correct-horse-battery"
#: The certificate is known to nobody but the test.
OPTIONS: dict[str, Any] = {"ignore_https_errors": True}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Site(tmp_path, "/chat", LOG_TOKEN=TOKEN) as site:
        yield site


def clients(server: Server) -> int:
    """The clients of this server alone, which is the first in its list."""
    number: int = server.health()["workers"][0]["clients"]
    return number


def are_apart(site: Site, page: Any) -> bool:
    """Whether there is somebody on each server; if not, this page comes anew."""
    if min(map(clients, site.servers)) == 0:
        page.reload()
        connected(page)
    return min(map(clients, site.servers)) > 0


def test_people_on_two_servers_talk(site: Site, new_page: NewPage) -> None:
    url = site.nginx.url
    maya, tom = (enter(new_page, site.nginx, name, "/", **OPTIONS) for name in ("maya", "tom"))
    wait_until(functools.partial(are_apart, site, tom), "one of them on each server")
    for page, text in ((maya, "from one"), (tom, "from the other"), (maya, "and back")):
        write(page, text)
        sent(page, text)
    for page in (maya, tom):
        for text in ("from one", "from the other", "and back"):
            expect(row(page, text)).to_have_count(1)
        expect(page).to_have_url(re.compile(rf"^{url}/(\?.*)?$"))
    maya.reload()
    connected(maya)
    act(maya, "from one", "Edit")  # still hers
    write(maya, "from one, edited")
    for page in (maya, tom):
        expect(row(page, "from one, edited")).to_have_count(1)
    maya.get_by_role("link", name="Logs").click()
    expect(maya).to_have_url(re.compile(rf"^{url}/logs/login"))


def test_the_logs_are_opened_followed_and_searched(site: Site, new_page: NewPage) -> None:
    file = site.logs_dir / "app.log"
    append(file, "a needle", *(f"line {number}" for number in range(5)))
    page = new_page(**OPTIONS)
    page.goto(f"{site.nginx.url}/logs?file=app.log")
    page.locator("input[name=token]").fill(TOKEN)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{site.nginx.url}/logs?file=app.log")
    expect(line(page, "line 4")).to_be_in_viewport()
    append(file, "as it is written")
    expect(line(page, "as it is written")).to_be_in_viewport()
    expect(search(page, "NEEDLE").locator(".log-hit")).to_have_count(1)
    raw = page.request.get(f"{site.nginx.url}/api/logs/app.log/raw")
    assert raw.text() == file.read_text()


def test_when_a_server_ends_its_pages_go_on_at_the_other(site: Site, new_page: NewPage) -> None:
    file = site.logs_dir / "app.log"
    append(file, "before")
    chat = enter(new_page, site.nginx, "maya", **OPTIONS)
    logs = new_page(**OPTIONS)
    logs.goto(f"{site.nginx.url}/logs?file=app.log")
    logs.locator("input[name=token]").fill(TOKEN)
    logs.keyboard.press("Enter")
    shows(logs, "before")
    for number, server in enumerate(site.servers):
        chat.expected_console = logs.expected_console = CUT
        server.stop()
        append(file, f"line {number}")
        write(chat, f"message {number}")
        sent(chat, f"message {number}")
        expect(line(logs, f"line {number}")).to_be_in_viewport()
        server.start()
    shows(logs, "before", "line 0", "line 1")
    for number in range(2):
        expect(row(chat, f"message {number}")).to_have_count(1)
