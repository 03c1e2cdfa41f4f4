"""Pictures of the chat page."""

import os
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.chat_page import CUT, PHONE, NewPage, Serve, enter, write


def test_screenshots(new_page: NewPage, serve: Serve, tmp_path: Path) -> None:
    """With CHATAPP_SCREENSHOTS=1 these are the pictures of the README."""
    folder = tmp_path
    if os.environ.get("CHATAPP_SCREENSHOTS") == "1":
        folder = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
        folder.mkdir(parents=True, exist_ok=True)
    server = serve()
    maya = enter(new_page, server, "maya")
    tom = enter(new_page, server, "tom", color_scheme="dark")
    lin = enter(new_page, server, "小林", **PHONE)
    join = new_page()
    tom.expected_console = CUT
    for page, text in (
        (maya, "Rolled 2.4.1 out to both machines. Watching the log for a while :eyes:"),
        (tom, "Thanks! The retry loop is in, here is what it does now:"),
        (tom, "for attempt in backoff(limit=6):\n    if send(batch): break"),
        (tom, "Why six: https://example.org/wiki/Backoff"),
        (lin, "收到，我来看日志。"),
        (maya, "The gateway again? 日志里全是 504。"),
        (lin, "Looking. 我先切到备用网关。"),
        (tom, "Quiet again since the switch :tada:"),
    ):
        count = page.locator(".message.is-sent").count()
        write(page, text)
        expect(page.locator(".message.is-sent")).to_have_count(count + 1)
        expect(maya.locator(".message.is-sent")).to_have_count(count + 1)
    join.goto(server.url)
    join.get_by_label("User name").fill("小林")
    join.keyboard.press("Enter")
    expect(join.get_by_role("alert")).to_be_visible()
    for page in (tom, lin):
        expect(page.locator(".message.is-sent")).to_have_count(8)
    tom.context.set_offline(True)
    write(tom, "I keep an eye on it.")
    expect(tom.locator(".message-state")).to_be_visible()
    expect(tom.locator(".banner")).to_be_visible()
    for page, name in ((maya, "chat-light"), (tom, "chat-dark"), (lin, "chat-phone"), (join, "join")):
        page.screenshot(path=folder / f"{name}.png", animations="disabled")
