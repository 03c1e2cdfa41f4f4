"""What the tests of the chat page share: entering, writing, finding what was written, and where it stands."""

import json
import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from tests.conftest import Server
from tests.nginx import Nginx

NewPage = Callable[..., Any]
Serve = Callable[..., Server]

#: What Chromium says when a test cuts the connection.
CUT = [r"WebSocket connection to .* failed", r"net::ERR_(CONNECTION|INTERNET)"]
PHONE: dict[str, Any] = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True}


def enter(new_page: NewPage, server: Server | Nginx, name: str, address: str = "/", **options: Any) -> Any:
    """A page of somebody who has joined before, connected. On one server two people can't have one name at once."""
    page = new_page(user=(name, f"{name}@example.org"), **options)
    page.goto(server.url + address)
    connected(page)
    return page


def connected(page: Any) -> None:
    """Wait until the page is connected and the past of the open room is there."""
    expect(page.locator(".connection-dot.is-connected").first).to_be_attached()
    expect(composer(page)).to_be_visible()
    expect(page.get_by_text("Connecting", exact=True)).to_have_count(0)


# Writing.


def composer(page: Any) -> Any:
    return page.locator(".composer textarea")


def write(page: Any, text: str) -> None:
    composer(page).fill(text)
    composer(page).press("Enter")


def row(page: Any, text: str) -> Any:
    """The message with exactly this text."""
    return page.locator(".message", has=page.locator(".message-text", has_text=re.compile(f"^{re.escape(text)}$")))


def texts(page: Any) -> Any:
    return page.locator(".message-text")


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


def lines(first: int, last: int) -> list[str]:
    return [f"line {number}" for number in range(first, last + 1)]


def act(page: Any, text: str, action: str) -> None:
    """Press one of the buttons of a message, or what is in its menu."""
    message = row(page, text)
    message.hover()
    button = message.get_by_role("button", name=action, exact=True)
    if button.count() == 0:
        message.get_by_role("button", name="More", exact=True).click()
        button = page.get_by_role("menuitem", name=action, exact=True)
    button.click()


def choose_emoji(page: Any, search: str) -> None:
    """Take the first emoji that is found in the window that is open."""
    field = page.get_by_role("combobox")
    field.fill(search)
    expect(page.get_by_role("option", selected=True)).to_be_visible()
    field.press("Enter")


# Rooms.


def room(page: Any, name: str) -> Any:
    """A room, or a person one writes to, in the left column."""
    named = page.locator(".room-name", has_text=re.compile(f"^(# )?{re.escape(name)}$"))
    return page.locator(".room-item", has=named)


def open_room(page: Any, name: str) -> None:
    room(page, name).click()
    in_room(page, name)


def in_room(page: Any, name: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(f"^(# )?{re.escape(name)}$"))
    expect(room(page, name)).to_have_attribute("aria-current", "true")


def find_room(page: Any, name: str, topic: str = "") -> None:
    """Create a room, or join it."""
    page.get_by_role("button", name="Find or create a room").click()
    page.get_by_label("Name").fill(name)
    if topic:
        page.get_by_label("Topic").fill(topic)
    page.keyboard.press("Enter")
    in_room(page, name.lower())
    expect(page.locator("dialog[open]")).to_have_count(0)


def write_to(page: Any, name: str) -> None:
    """Open the direct room with somebody who is here."""
    page.locator(".right").get_by_role("button", name=name).click()
    in_room(page, name)


# Places.


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


def scroll(page: Any, pixels: int) -> None:
    """Turn the wheel over the messages; the view is elsewhere afterwards."""
    log = page.get_by_role("log")
    before = log.evaluate("view => view.scrollTop")
    log.hover()
    page.mouse.wheel(0, pixels)
    page.wait_for_function("before => document.querySelector('[role=log]').scrollTop !== before", arg=before)


def settled(page: Any) -> None:
    """Wait until the list is as high as before for some frames: nothing is fetched, nothing moves."""
    page.wait_for_function(
        """() => new Promise((done) => {
            const view = document.querySelector("[role=log]");
            let count = 0, height = view.scrollHeight;
            const look = () => {
                count = view.scrollHeight === height ? count + 1 : 0;
                height = view.scrollHeight;
                if (count > 12) done(true); else requestAnimationFrame(look);
            };
            look();
        })"""
    )


def hide(page: Any, hidden: bool) -> None:
    """As if another tab were looked at."""
    page.evaluate(
        """hidden => {
            const say = (name, value) => Object.defineProperty(document, name, { configurable: true, get: () => value });
            say("hidden", hidden);
            say("visibilityState", hidden ? "hidden" : "visible");
            document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
        }""",
        hidden,
    )
