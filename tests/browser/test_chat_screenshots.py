"""Pictures of the chat page: busy, empty, without a connection, searching, on a phone, in both themes and languages."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.chat_page import (
    CUT,
    PHONE,
    NewPage,
    Serve,
    act,
    choose_emoji,
    composer,
    enter,
    find_room,
    hide,
    open_room,
    room,
    row,
    sent,
    write,
    write_to,
)
from tests.conftest import wait_until

ROLLED = "Rolled 2.4.1 out to both machines. Watching the log for a while 👀"
CODE = """Thanks! The retry loop is in, here is what it does now:
```
for attempt in backoff(limit=6):
    if send(batch): break
```"""


@pytest.mark.screenshots
def test_screenshots(new_page: NewPage, serve: Serve) -> None:
    folder = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    server = serve()

    def picture(page: Any, name: str) -> None:
        page.mouse.move(0, 0)
        page.screenshot(path=folder / f"{name}.png", animations="disabled")

    join = new_page()
    join.goto(server.url)
    join.get_by_label("User name").fill("小林")
    join.keyboard.press("Enter")
    expect(join.get_by_role("alert")).to_be_visible()
    picture(join, "join")

    maya = enter(new_page, server, "maya")
    picture(maya, "chat-empty")
    tom = enter(new_page, server, "tom", color_scheme="dark")
    ines = enter(new_page, server, "ines", **PHONE)
    lin = enter(new_page, server, "小林")
    for name in ("deploys", "incidents", "中文"):
        find_room(maya, name)
        find_room(lin, name)
    open_room(lin, "main")
    open_room(maya, "deploys")
    for number in range(12):
        write(maya, f"2.4.{number} is out")
    write_to(tom, "小林")
    write(tom, "Do you have a minute?")
    write(tom, "It is about the backup gateway.")
    open_room(tom, "main")
    open_room(maya, "main")

    def says(page: Any, text: str, shown: str | None = None) -> None:
        write(page, text)
        for each in (maya, tom, ines, lin):
            sent(each, shown or text)

    says(maya, "Rolled `2.4.1` out to both machines. Watching the log for a while :eyes:", ROLLED)
    act(tom, ROLLED, "Reply")
    write(tom, CODE)
    answer = maya.locator(".message", has_text="The retry loop is in")
    expect(answer.locator("pre")).to_be_visible()
    for page, emoji in ((maya, "tada"), (lin, "tada"), (tom, "+1")):
        message = page.locator(".message", has_text="The retry loop is in")
        message.hover()
        message.get_by_role("button", name="React", exact=True).first.click()
        choose_emoji(page, emoji)
        expect(page.locator("dialog[open]")).to_have_count(0)
    hide(lin, True)
    says(ines, "The gateway answers slowly again: https://status.example.org/gateway")
    hide(lin, False)
    says(maya, "@小林 the gateway again? 日志里全是 **504**。", "@小林 the gateway again? 日志里全是 504。")
    says(lin, "Looking. 我先切到备用网关。")

    def typing() -> bool:  # told at most once in two seconds, and not just behind a message
        composer(tom).press_sequentially(".")
        return bool(lin.get_by_text("tom is typing").count())

    composer(tom).fill("Quiet ag")
    wait_until(typing, "tom to be seen typing")
    row(lin, ROLLED).focus()
    composer(lin).focus()
    picture(lin, "chat-light")
    lin.get_by_role("button", name="中文", exact=True).click()
    expect(lin.get_by_role("button", name="发送")).to_be_visible()
    picture(lin, "chat-chinese")
    expect(room(lin, "deploys").locator(".badge")).to_be_visible()

    maya.keyboard.press("Escape")
    maya.get_by_role("searchbox").fill("gateway")
    expect(maya.locator(".hit").first).to_be_visible(timeout=15_000)
    picture(maya, "chat-search")

    picture(ines, "chat-phone")
    tom.expected_console = CUT
    tom.context.set_offline(True)
    write(tom, "Quiet again since the switch :tada:")
    expect(tom.locator(".message-state")).to_be_visible()
    expect(tom.locator(".banner")).to_contain_text("Trying again in")
    picture(tom, "chat-dark")
