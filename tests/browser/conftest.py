"""A real browser for the tests of the pages: Chromium from this machine, driven by playwright.

`new_page(width=..., color_scheme=..., user=...)` opens a page in a context of its own (`tests.browser.contexts`), like
another person at another machine. After the test, what its console had to complain about fails the test; a test that causes
a complaint itself (it kills the server, say) lists it in `page.expected_console`, as regular expressions.
"""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.browser.contexts import Contexts, page_port
from tests.conftest import PATIENCE, Server, missing, servers

AXE = Path(__file__).resolve().parent.parent / "vendor" / "axe-core" / "axe-4.14.1.min.js"
# The shell is the same browser without its window, and takes half the time.
CHROMIUM_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
# No sandbox: containers and CI run as root. The rest keeps the browser from talking to anybody but the server.
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, one for all tests."""
    executable = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if executable is None:
        missing(f"The tests in the browser need Chromium on the PATH ({', '.join(CHROMIUM_NAMES)}).")
    expect.set_options(timeout=1000 * PATIENCE)  # half a second is the rule, but not on a busy machine
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_OPTIONS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def contexts(browser: Browser) -> Contexts:
    """The contexts of that browser."""
    return Contexts(browser)


@pytest.fixture(scope="module")
def _serve_for_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    yield from servers(tmp_path_factory, page_port)


@pytest.fixture
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """As that of all tests, at ports of which the browser may know the pages."""
    yield from servers(tmp_path_factory, page_port)


@pytest.fixture
def new_page(contexts: Contexts, serve: object) -> Iterator[Callable[..., Page]]:
    """A factory of pages. `user=("maya", "maya@example.org")` is remembered as if that person had joined before. `changed`:
    the test changes the clock or what runs in all pages of the context, which can't be used again.

    Asks for `serve` so that pages are closed before the servers end, and none complains about that.
    """
    opened: list[tuple[Page, dict[str, Any], list[str]]] = []

    def new_page(
        width: int = 1280,
        height: int = 800,
        color_scheme: Any = "light",
        locale: str = "en-US",
        user: tuple[str, str] | None = None,
        changed: bool = False,
        **options: Any,
    ) -> Page:
        options |= {"viewport": {"width": width, "height": height}, "color_scheme": color_scheme, "locale": locale}
        page = contexts.take(options).new_page()
        page.changed = changed  # type: ignore[attr-defined]
        page.expected_console = []  # type: ignore[attr-defined]
        complaints: list[str] = []

        def note(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning"):
                complaints.append(f"{message.type}: {message.text}")

        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(f"uncaught: {error}"))
        if user is not None:
            _remember(page, *user)
        opened.append((page, options, complaints))
        return page

    yield new_page
    unexpected = []
    for page, options, complaints in opened:
        expected = page.expected_console  # type: ignore[attr-defined]
        unexpected += [text for text in complaints if not any(re.search(pattern, text) for pattern in expected)]
        if page.changed:  # type: ignore[attr-defined]
            page.context.close()
        else:
            contexts.give_back(page.context, options)
    assert not unexpected, "the page's console complained:\n" + "\n".join(unexpected)


def _remember(page: Page, username: str, email: str) -> None:
    """Put the person into the browser's storage before the first page; not again, so that leaving stays possible."""
    person = json.dumps({"username": username, "email": email, "avatar": ""})
    page.add_init_script(
        f"""if (!localStorage.getItem("test.remembered")) {{
            localStorage.setItem("test.remembered", "1");
            localStorage.setItem("chatapp.person", {json.dumps(person)});
        }}"""
    )


@pytest.fixture
def violations(browser: Browser) -> Callable[[Page], list[str]]:
    """What axe-core finds wrong with the page as it stands, one line for each rule."""

    def violations(page: Page) -> list[str]:
        # Not in the middle of a window's fading in: half-transparent text has no contrast.
        page.evaluate("() => Promise.all(document.getAnimations().map((one) => one.finished.catch(() => {})))")
        # Through the debugger: the page's policy allows no script of ours, and is not weakened for the test.
        if not page.evaluate("() => 'axe' in window"):
            page.evaluate(AXE.read_text())
        found = page.evaluate("() => axe.run(document, { resultTypes: ['violations'] })")
        return [
            f"{rule['id']}: {rule['help']}; " + ", ".join(" ".join(map(str, node["target"])) for node in rule["nodes"])
            for rule in found["violations"]
        ]

    return violations
