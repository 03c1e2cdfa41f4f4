"""Contexts of the browser, each like a person's machine, used again from test to test.

One that comes back is emptied of all that a page can keep but for its cache. A third of the work of opening a page is to
fetch what it is made of, which is kept by address (`chatapp.web.assets`); so servers of pages are given the same ports
again (`page_port`).
"""

import os
import socket
from typing import Any

from playwright.sync_api import Browser, BrowserContext

#: Options of a context whose pages may read the clipboard and write to it.
CLIPBOARD: dict[str, Any] = {"permissions": ["clipboard-read", "clipboard-write"]}

_PORTS = 100
_first_port = 31_000 + _PORTS * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])


def page_port() -> int:
    """The lowest port that nobody listens at, of those for servers of pages in this process of the tests."""
    for port in range(_first_port, _first_port + _PORTS):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: the last may just have ended
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")


class Contexts:
    """All contexts of one browser, and which are free."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._free: dict[str, list[BrowserContext]] = {}

    def take(self, options: dict[str, Any]) -> BrowserContext:
        """One with these options, as if nobody had used it."""
        free = self._free.get(_key(options))
        return free.pop() if free else self._browser.new_context(**options)

    def give_back(self, context: BrowserContext, options: dict[str, Any]) -> None:
        """It may be used again, unless it was closed."""
        if context not in self._browser.contexts:
            return
        context.set_offline(False)
        context.clear_cookies()
        page = context.new_page()
        for open_page in context.pages:
            if open_page is not page:
                open_page.close()
        context.new_cdp_session(page).send("Storage.clearDataForOrigin", {"origin": "*", "storageTypes": "all"})
        page.close()
        self._free.setdefault(_key(options), []).append(context)


def _key(options: dict[str, Any]) -> str:
    return repr(sorted(options.items()))
