"""The chat page for everyone: keyboard, languages, themes, phones, screen readers."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.chat_page import CUT, PHONE, NewPage, Serve, composer, connected, enter, row, sent, talk, write
from tests.conftest import Server


def test_everything_is_reached_with_the_keyboard_and_the_focus_is_seen(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    page = new_page()
    page.goto(server.url)
    page.keyboard.type("maya")
    page.keyboard.press("Tab")
    page.keyboard.type("maya@example.org")
    page.keyboard.press("Enter")
    connected(page)
    expect(composer(page)).to_be_focused()
    page.keyboard.type("by keys")
    page.keyboard.press("Enter")
    sent(page, "by keys")
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("log")).to_be_focused()

    seen = set()
    for _ in range(20):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            """() => {
                const element = document.activeElement;
                if (element === document.body) return null;
                const ring = element.matches("textarea") ? element.closest(".composer-box") : element;
                const style = getComputedStyle(ring);
                return {
                    name: element.getAttribute("aria-label") || element.textContent.trim(),
                    seen: element.matches(":focus-visible") && (style.outlineStyle !== "none" || style.boxShadow !== "none"),
                };
            }"""
        )
        if focused:
            assert focused["seen"], focused["name"]
            seen.add(focused["name"])
    assert {
        "Chat",
        "Logs",
        "# main",
        "Leave",
        "Dark theme",
        "中文",
        "Messages in #main",
        "Message #main",
        "Insert an emoji",
        "Send",
    } <= seen


def test_the_language_follows_the_browser_and_is_remembered_when_switched(new_page: NewPage, server: Server) -> None:
    page = enter(new_page, server, "小林", locale="zh-CN")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.get_by_role("button", name="发送")).to_be_visible()
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("button", name="Send", exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Send", exact=True)).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_the_theme_follows_the_system_and_is_remembered_when_switched(new_page: NewPage, server: Server) -> None:
    page = enter(new_page, server, "maya", color_scheme="dark")
    ground = "() => getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.get_by_role("button", name="Light theme").click()
    light = page.evaluate(ground)
    assert light != dark
    page.reload()
    connected(page)
    assert page.evaluate(ground) == light
    page.get_by_role("button", name="Dark theme").click()
    page.emulate_media(color_scheme="light")
    assert page.evaluate(ground) == light, "back to what the system says"


def test_on_a_phone_nothing_scrolls_sideways_and_the_left_column_is_a_drawer(new_page: NewPage, server: Server) -> None:
    page = enter(new_page, server, "tom", **PHONE)
    write(page, "x" * 300 + " https://example.org/" + "y" * 300)
    expect(page.locator(".message.is-sent").last).to_be_visible()
    width = page.evaluate(
        "() => Math.max(document.documentElement.scrollWidth, document.querySelector('[role=log]').scrollWidth)"
    )
    assert width <= 390
    menu = page.get_by_role("button", name="Open the menu")
    menu.tap()
    drawer = page.get_by_role("dialog", name="Navigation")
    expect(drawer.get_by_role("button", name="Close the menu")).to_be_focused()
    expect(drawer.get_by_role("link", name="Logs")).to_be_visible()
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)
    expect(menu).to_be_focused()
    menu.tap()
    too_small = page.evaluate(
        """() => [...document.querySelectorAll("button, a.side-item, nav a, textarea")]
            .map((element) => [element.getAttribute("aria-label") || element.textContent, element.getBoundingClientRect()])
            .filter(([, box]) => box.width > 0 && (box.height < 43.5 || box.width < 43.5)).map(([name]) => name)"""
    )
    assert too_small == []


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
@pytest.mark.parametrize("form", [{}, PHONE], ids=["wide", "phone"])
def test_axe_finds_no_violation(
    new_page: NewPage, serve: Serve, violations: Callable[[Any], list[str]], color_scheme: str, form: dict[str, Any]
) -> None:
    server = serve()
    page = new_page(color_scheme=color_scheme, reduced_motion="reduce", **form)
    page.expected_console = CUT
    page.goto(server.url)
    page.get_by_role("button", name="Join").click()
    expect(page.get_by_role("alert")).to_have_count(2)
    assert violations(page) == []
    page.get_by_label("User name").fill("maya")
    page.get_by_label("E-mail").fill("maya@example.org")
    page.keyboard.press("Enter")
    connected(page)
    assert violations(page) == []
    talk(server, "hello", "see https://example.org/")
    write(page, "one of mine")
    sent(page, "one of mine")
    composer(page).press_sequentially(":smi")
    expect(page.get_by_role("option").first).to_be_visible()
    assert violations(page) == []
    page.context.set_offline(True)
    write(page, "waits")
    expect(page.locator(".banner")).to_be_visible()
    expect(row(page, "waits")).to_contain_text("waiting to be sent")
    assert violations(page) == []
