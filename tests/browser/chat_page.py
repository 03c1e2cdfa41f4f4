"""What the tests of the chat page share: entering, writing, and finding what was written."""

import json
import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from tests.conftest import Server

NewPage = Callable[..., Any]
Serve = Callable[..., Server]

#: What Chromium says when a test cuts the connection.
CUT = [r"WebSocket connection to .* failed", r"net::ERR_(CONNECTION|INTERNET)"]
PHONE = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True}


def enter(new_page: NewPage, server: Server, name: str, **options: Any) -> Any:
    """A page of somebody who has joined before, connected."""
    page = new_page(user=(name, f"{name}@example.org"), **options)
    page.goto(server.url)
    connected(page)
    return page


def connected(page: Any) -> None:
    expect(page.locator(".connection-dot.is-connected").first).to_be_attached()
    expect(composer(page)).to_be_visible()


def composer(page: Any) -> Any:
    return page.locator(".composer textarea")


def write(page: Any, text: str) -> None:
    composer(page).fill(text)
    composer(page).press("Enter")


def row(page: Any, text: str) -> Any:
    """The message with exactly this text."""
    return page.locator(".message", has=page.locator(".message-text", has_text=re.compile(f"^{re.escape(text)}$")))


def sent(page: Any, text: str) -> None:
    """Wait until the message is confirmed, and stands there once."""
    expect(row(page, text)).to_have_class(re.compile(r"\bis-sent\b"))


def talk(server: Server, *texts: str, name: str = "ines") -> None:
    """Somebody without a browser says something; returns when the server has it all."""
    with server.connect("/ws") as client:
        for text in texts:
            client.send(json.dumps({"email": f"{name}@example.org", "username": name, "message": text}))
        for _ in texts:
            client.recv(15)


def at_end(page: Any) -> None:
    """Wait until the newest message is in view."""
    _distance_to_end(page, "< 2")


def above_the_end(page: Any, pixels: int) -> None:
    """Wait until the reader has scrolled up as far as that."""
    _distance_to_end(page, f"> {pixels}")


def _distance_to_end(page: Any, condition: str) -> None:
    page.wait_for_function(
        f"""() => {{
            const {{ scrollHeight, clientHeight, scrollTop }} = document.querySelector("[role=log]");
            return scrollHeight - clientHeight - scrollTop {condition};
        }}"""
    )
