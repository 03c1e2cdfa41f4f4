"""The chat page for everyone: keyboard, languages, themes, phones, screen readers."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.chat_page import (
    CUT,
    PHONE,
    NewPage,
    Serve,
    act,
    at_end,
    composer,
    connected,
    enter,
    find_room,
    hide,
    in_room,
    lines,
    room,
    row,
    sent,
    settled,
    talk,
    texts,
    write,
)
from tests.conftest import Server

#: What has the focus: its name, and whether that is seen.
FOCUSED = """() => {
    const element = document.activeElement;
    if (element === document.body) return null;
    const ring = element.matches("textarea") ? element.closest(".composer-box") : element;
    const style = getComputedStyle(ring);
    return {
        name: element.getAttribute("aria-label") || element.textContent.trim() || element.name,
        seen: element.matches(":focus-visible") && (style.outlineStyle !== "none" || style.boxShadow !== "none"),
    };
}"""


def test_everything_is_reached_with_the_keyboard_and_the_focus_is_seen(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    other = enter(new_page, server, "tom")
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
    sent(other, "by keys")

    seen = set()
    for _ in range(32):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if focused:
            assert focused["seen"], focused["name"]
            seen.add(focused["name"])
    assert {
        "Chat",
        "Logs",
        "Find or create a room",
        "# main",
        "Write to somebody",
        "Leave",
        "Dark theme",
        "中文",
        "Settings",
        "Search messages",
        "Messages in #main",
        "Message #main",
        "Insert an emoji",
        "Bold",
        "Code",
        "Send",
    } <= seen
    assert any(name.startswith("tom") for name in seen), "who is here"


def test_a_whole_conversation_with_the_keyboard_alone(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    talk(server, *lines(1, 5))
    page, tom = enter(new_page, server, "maya"), enter(new_page, server, "tom")
    press, type_ = page.keyboard.press, page.keyboard.type
    # From message to message, and what can be done with one.
    press("Shift+Tab")
    expect(page.get_by_role("log")).to_be_focused()
    press("ArrowUp")
    expect(row(page, "line 5")).to_be_focused()
    press("ArrowUp")
    press("ArrowUp")
    press("ArrowDown")
    expect(row(page, "line 4")).to_be_focused()
    press("Enter")
    expect(row(page, "line 4").get_by_role("button", name="More")).to_be_focused()
    press("ArrowLeft")
    expect(row(page, "line 4").get_by_role("button", name="Reply")).to_be_focused()
    press("Enter")
    expect(composer(page)).to_be_focused()
    type_("an answer")
    press("Enter")
    sent(tom, "an answer")
    expect(tom.locator(".quote")).to_contain_text("line 4")
    # A reaction.
    press("Shift+Tab")
    press("ArrowUp")
    press("Enter")
    press("Home")
    press("Enter")
    expect(page.get_by_role("combobox")).to_be_focused()
    type_("tada")
    expect(page.get_by_role("option", selected=True)).to_be_visible()
    press("Enter")
    expect(tom.locator(".reaction", has_text="🎉")).to_have_count(1)
    press("Escape")
    expect(composer(page)).to_be_focused()
    # An edit, and a deletion through the menu.
    press("ArrowUp")
    type_(", better")
    press("Enter")
    sent(tom, "an answer, better")
    press("Shift+Tab")
    press("ArrowUp")
    press("ArrowDown")
    expect(row(page, "an answer, better")).to_be_focused()
    press("Enter")
    press("Enter")
    expect(page.get_by_role("menuitem").first).to_be_focused()
    press("End")
    expect(page.get_by_role("menuitem", name="Delete")).to_be_focused()
    press("Enter")
    expect(page.get_by_role("button", name="Delete message")).to_be_focused()
    press("Enter")
    expect(tom.locator(".is-deleted")).to_have_count(1)
    # Rooms, search, the map of keys.
    press("Escape")
    press("Alt+ArrowDown")
    find_room(page, "deploys")
    press("Alt+ArrowUp")
    in_room(page, "main")
    press("Shift+Tab")
    press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    press("Escape")
    press("Shift+Tab")
    press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)


def test_a_letter_in_a_field_is_no_command(new_page: NewPage, server: Server) -> None:
    page = enter(new_page, server, "quentin")
    composer(page).press_sequentially("what? either/or")
    expect(composer(page)).to_have_value("what? either/or")
    assert page.locator("dialog[open], .search-panel").count() == 0


def test_new_messages_are_read_out_and_history_is_not(new_page: NewPage, serve: Serve) -> None:
    server = serve(MESSAGE_RATE=0)
    talk(server, *lines(1, 300))
    page = enter(new_page, server, "maya")
    page.evaluate(
        """() => {
            window.said = [];
            const live = (node) => node.closest?.("[role=log], [role=status], [role=alert], [aria-live]");
            new MutationObserver((changes) => {
                for (const { target, addedNodes } of changes) {
                    const region = live(target.nodeType === 1 ? target : target.parentElement);
                    if (region && region.getAttribute("aria-live") !== "off") {
                        const words = [...addedNodes].map((node) => node.textContent.trim());
                        window.said.push(...words.filter(Boolean));
                    }
                }
            }).observe(document.body, { childList: true, subtree: true, characterData: true });
        }"""
    )
    page.get_by_role("log").evaluate("view => { view.scrollTop = 0; }")
    page.wait_for_function("() => document.querySelectorAll('.message').length > 120")
    talk(server, "**news**")
    page.wait_for_function("() => window.said.length > 0")
    assert page.evaluate("() => window.said") == ["ines: news"]
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("switch", name="Quiet for screen readers").check()
    page.keyboard.press("Escape")
    page.evaluate("() => { window.said = []; }")
    talk(server, "not for maya", "but @maya this is")
    page.wait_for_function("() => window.said.length > 0")
    assert page.evaluate("() => window.said") == ["ines: but @maya this is"]


def test_the_language_follows_the_browser_and_is_remembered_when_switched(new_page: NewPage, server: Server) -> None:
    page = enter(new_page, server, "小林", locale="zh-CN")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    write(page, "你好")
    expect(page.get_by_role("button", name="发送")).to_be_visible()
    expect(page.get_by_text("今天")).to_be_visible()
    expect(page.get_by_role("heading", name="房间")).to_be_visible()
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("button", name="Send", exact=True)).to_be_visible()
    expect(page.get_by_text("Today", exact=True)).to_be_visible()
    expect(page.get_by_role("heading", name="Rooms")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Send", exact=True)).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_the_theme_follows_the_system_and_is_remembered_when_switched(new_page: NewPage, server: Server) -> None:
    page = enter(new_page, server, "rosa", color_scheme="dark")
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


def test_on_a_phone_nothing_scrolls_sideways_and_the_columns_are_behind_buttons(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    other = enter(new_page, server, "maya")
    page = enter(new_page, server, "tom", **PHONE)
    write(page, "x" * 300 + " https://example.org/" + "y" * 300 + "\n```\n" + "z" * 300 + "\n```")
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
    find_room(page, "deploys")
    expect(drawer).to_have_count(0)
    write(page, "here")
    sent(page, "here")
    page.get_by_role("button", name="Here now").tap()
    expect(page.get_by_role("dialog").get_by_text("tom")).to_be_visible()
    page.keyboard.press("Escape")
    # What can be done with a message is behind a button that is always there.
    row(page, "here").get_by_role("button", name="More").tap()
    page.get_by_role("menuitem", name="Edit").tap()
    expect(composer(page)).to_have_value("here")
    page.get_by_role("button", name="Leave the message as it is").tap()
    menu.tap()
    room(page, "main").tap()
    expect(drawer).to_have_count(0)
    in_room(page, "main")
    menu.tap()
    too_small = page.evaluate(
        """() => [...document.querySelectorAll(".side button, .side a, .head button, .composer button, textarea")]
            .map((element) => [element.getAttribute("aria-label") || element.textContent, element.getBoundingClientRect()])
            .filter(([, box]) => box.width > 0 && (box.height < 43.5 || box.width < 43.5)).map(([name]) => name)"""
    )
    assert too_small == []
    write(other, "still talking")
    sent(page, "still talking")


def test_a_phone_s_keyboard_leaves_the_end_and_the_field_in_view(new_page: NewPage, serve: Serve) -> None:
    server = serve(MESSAGE_RATE=0)
    talk(server, *lines(1, 40))
    page = enter(new_page, server, "tom", **PHONE)
    at_end(page)
    page.set_viewport_size({"width": 390, "height": 430})
    page.wait_for_function("() => document.querySelector('.frame').offsetHeight === 430")
    at_end(page)
    expect(row(page, "line 40")).to_be_in_viewport()
    expect(composer(page)).to_be_in_viewport()
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function("() => document.querySelector('.frame').offsetHeight === 844")
    settled(page)
    at_end(page)
    # Safari lays its keyboard over the page instead of making that smaller.
    page.evaluate(
        """() => {
            Object.defineProperty(visualViewport, "height", { configurable: true, get: () => 430 });
            visualViewport.dispatchEvent(new Event("resize"));
        }"""
    )
    at_end(page)
    box = composer(page).bounding_box()
    assert box["y"] + box["height"] <= 430
    assert page.evaluate("() => getComputedStyle(document.body).overscrollBehaviorY") == "none"


# Colours come from tokens that do not depend on the width: each scheme and each width once.
@pytest.mark.parametrize(("color_scheme", "form"), [("light", {}), ("dark", PHONE)], ids=["wide-light", "phone-dark"])
def test_axe_finds_no_violation(
    new_page: NewPage, serve: Serve, violations: Callable[[Any], list[str]], color_scheme: str, form: dict[str, Any]
) -> None:
    server = serve()
    other = enter(new_page, server, "tom")
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
    hide(page, True)
    talk(server, "hello", "see https://example.org/ and **this** `code`")
    write(other, "@maya look at this:\n```\nx = 1\n```\n> or that")
    expect(page.locator(".message")).to_have_count(3)
    hide(page, False)
    write(page, "one of mine")
    sent(page, "one of mine")
    act(other, "one of mine", "Reply")
    write(other, "an answer")
    expect(page.locator(".quote")).to_have_count(1)
    expect(page.locator(".list-line.is-new")).to_have_count(1)
    row(page, "one of mine").focus()
    assert violations(page) == []
    composer(page).press_sequentially(":smi")
    expect(page.get_by_role("option").first).to_be_visible()
    assert violations(page) == []
    composer(page).fill("")
    composer(page).press_sequentially("@t")
    expect(page.get_by_role("option").first).to_be_visible()
    assert violations(page) == []
    composer(page).fill("")
    composer(page).press("ArrowUp")
    expect(page.locator(".composer-bar")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    if form:
        page.get_by_role("button", name="Open the menu").click()
    for name in ("Find or create a room", "Write to somebody"):
        page.get_by_role("button", name=name).click()
        expect(page.locator("dialog[open]")).to_be_visible()
        assert violations(page) == []
        page.keyboard.press("Escape")
    if form:
        page.get_by_role("button", name="Close the menu").click()
    page.goto(f"{server.url}/?at=4711")
    expect(page.get_by_text("The message this link leads to is not there.")).to_be_visible()
    assert violations(page) == []
    page.context.set_offline(True)
    write(page, "waits")
    expect(page.locator(".banner")).to_be_visible()
    expect(row(page, "waits")).to_contain_text("waiting to be sent")
    assert violations(page) == []
    expect(texts(page).last).to_have_text("waits")
