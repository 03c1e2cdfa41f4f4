"""What the tests of the log page share: files that are written, the page that looks at them, and what it shows."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.conftest import PATIENCE, wait_until

NewPage = Callable[..., Any]
Serve = Callable[..., Any]
Violations = Callable[[Any], list[str]]

#: What Chromium says when a test cuts the connection.
CUT = [r"WebSocket connection to .* failed", r"net::ERR_(CONNECTION|INTERNET)"]
PHONE: dict[str, Any] = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True}


def append(file: Path, *lines: str) -> None:
    """Write lines to the end of a file, as a program does that logs."""
    with file.open("a", encoding="utf-8") as stream:
        stream.write("".join(f"{line}\n" for line in lines))


def numbered(first: int, last: int) -> list[str]:
    return [f"line {number:05}" for number in range(first, last + 1)]


def look(new_page: NewPage, server: Any, file: str, query: str = "", **options: Any) -> Any:
    """A page that follows `file`."""
    page = new_page(**options)
    page.goto(f"{server.url}/logs?file={file}{query}")
    expect(page.get_by_role("heading", level=1)).to_have_text(file)
    expect(page.locator(".head-context")).to_contain_text("following since")
    return page


@pytest.fixture
def file(server: Any, request: pytest.FixtureRequest) -> Iterator[Path]:
    """An empty file of the shared server, with a name of its own."""
    path: Path = server.logs_dir / f"{request.node.originalname.removeprefix('test_')[:40]}.log"
    path.touch()
    yield path
    path.unlink(missing_ok=True)


def stream(page: Any) -> Any:
    return page.get_by_role("log")


def line(page: Any, text: str) -> Any:
    """The line with exactly this text. Only lines in view, and some around them, are drawn."""
    return page.locator(".log-line").filter(has_text=re.compile(f"^{re.escape(text)}$"))


def notice(page: Any, text: str) -> Any:
    return page.locator(".log-notice").filter(has_text=text)


def pill(page: Any) -> Any:
    return page.locator(".pill")


def shows(page: Any, *lines: str) -> None:
    """Wait until exactly these lines are drawn; for streams that fit into the view."""
    expect(page.locator(".log-line")).to_have_text(list(lines))


def come_back(page: Any, server: Any) -> None:
    """Start a killed server; the page need not wait until it tries again by itself."""
    server.start()
    page.evaluate("() => dispatchEvent(new Event('online'))")
    page.locator(".banner").wait_for(state="detached")


def accessible(page: Any, violations: Violations) -> None:
    """axe finds nothing wrong with the page as it stands, light and dark."""
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        assert violations(page) == [], scheme


def figure(page: Any, name: str) -> Any:
    return page.locator(f".log-figure.is-{name} b")


#: In the page: how far the view is above the end, in px.
ABOVE_THE_END = """() => {
    const view = document.querySelector("[role=log]");
    return view.scrollHeight - view.clientHeight - view.scrollTop;
}"""


def at_end(page: Any) -> None:
    page.wait_for_function(f"() => ({ABOVE_THE_END})() < 2")


def above_the_end(page: Any, pixels: int) -> None:
    page.wait_for_function(f"() => ({ABOVE_THE_END})() > {pixels}")


def scroll_up(page: Any, pixels: int) -> None:
    stream(page).hover()
    page.mouse.wheel(0, -pixels)
    above_the_end(page, pixels // 2)


def until(page: Any, step: Callable[[], None], text: str) -> None:
    """Do a step again and again until a line is in view."""

    def is_in_view() -> bool:
        if line(page, text).count() > 0 and line(page, text).first.is_visible():
            return True
        step()
        page.evaluate("() => new Promise(requestAnimationFrame)")
        return False

    wait_until(is_in_view, f"to come to {text}", 3 * PATIENCE)


def all_lines(page: Any) -> list[str]:
    """The text of all shown lines, in view or not: selected as a reader would, and read from the selection."""
    stream(page).focus()
    page.keyboard.press("Control+a")
    page.wait_for_function("() => document.getSelection().toString().length > 0")
    text: str = page.evaluate("() => document.getSelection().toString()")
    return text.splitlines()
