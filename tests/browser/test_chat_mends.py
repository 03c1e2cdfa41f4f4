"""What once went wrong on the chat page: the focus after windows, a hit that is opened twice, edits of what is not
sent, marks around a long text, and how parts are named for assistive technology."""

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from tests.browser.chat_page import (
    CUT,
    PHONE,
    NewPage,
    Serve,
    at_end,
    choose_emoji,
    composer,
    connected,
    enter,
    find_room,
    in_room,
    lines,
    room,
    row,
    scroll,
    sent,
    talk,
    write,
)

Violations = Callable[[Any], list[str]]

#: axe-core does not look for this one unless it is told to.
NAMES = "() => axe.run(document, { runOnly: ['label-content-name-mismatch'] }).then(({ violations }) => violations.length)"


def test_a_hit_can_be_opened_again(new_page: NewPage, serve: Serve) -> None:
    server = serve(MESSAGE_RATE=0)
    talk(server, "the needle", *lines(1, 300))
    page = enter(new_page, server, "maya", height=700)
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("/")
    page.keyboard.type("needle")
    hit = page.locator(".hit")
    expect(hit).to_have_count(1, timeout=15_000)
    for _ in range(2):
        hit.click()
        expect(row(page, "the needle")).to_be_in_viewport()
        expect(row(page, "the needle")).to_be_focused()
        scroll(page, 3000)
        expect(row(page, "the needle")).not_to_be_in_viewport()


def test_the_focus_stays_with_the_message_after_its_windows(new_page: NewPage, serve: Serve) -> None:
    page = enter(new_page, serve(), "maya")
    write(page, "one of mine")
    sent(page, "one of mine")
    message = row(page, "one of mine")
    page.mouse.move(5, 5)
    is_inside = "row => row.contains(document.activeElement)"

    def press(name: str) -> None:
        message.focus()
        message.get_by_role("button", name=name, exact=True).first.focus()
        page.keyboard.press("Enter")

    press("React")
    page.get_by_role("combobox").press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    assert message.evaluate(is_inside)
    press("More")
    page.get_by_role("menuitem", name="Delete").press("Enter")
    expect(page.get_by_role("button", name="Delete message")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    assert message.evaluate(is_inside)
    press("React")
    choose_emoji(page, "tada")
    expect(message.locator(".reaction:not(.is-add)")).to_have_count(1)
    assert message.evaluate(is_inside)


def test_what_waits_is_edited_as_it_stands(new_page: NewPage, serve: Serve) -> None:
    page = enter(new_page, serve(), "maya")
    page.expected_console = CUT
    write(page, "original")
    sent(page, "original")
    page.context.set_offline(True)
    expect(page.locator(".connection-dot.is-lost").first).to_be_attached()
    composer(page).press("ArrowUp")
    write(page, "edited once")
    composer(page).press("ArrowUp")
    expect(composer(page)).to_have_value("edited once")
    write(page, "edited twice")
    write(page, "not sent yet")
    expect(row(page, "not sent yet")).to_have_class(re.compile("is-pending"))
    composer(page).press("ArrowUp")
    expect(composer(page)).to_have_value("not sent yet")
    expect(row(page, "not sent yet")).to_have_count(0)
    write(page, "as it was meant")
    page.context.set_offline(False)
    connected(page)
    sent(page, "as it was meant")
    sent(page, "edited twice")
    expect(page.locator(".message")).to_have_count(2)


def test_marks_around_a_long_text_take_no_time(new_page: NewPage, serve: Serve) -> None:
    page = enter(new_page, serve(), "maya")
    text = "\n".join(f"line {number} of what was pasted" for number in range(1500))
    # Not typed: for that the browser itself takes seconds.
    composer(page).evaluate("(field, text) => { field.value = text; field.dispatchEvent(new Event('input')); }", text)
    composer(page).press("Control+a")
    took = page.evaluate(
        """() => {
            const began = performance.now();
            document.querySelector(".composer button[aria-label=Code]").click();
            return performance.now() - began;
        }"""
    )
    expect(composer(page)).to_have_value(f"```\n{text}\n```")
    assert took < 2000
    assert composer(page).evaluate("field => field.value.slice(field.selectionStart, field.selectionEnd)") == text
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    expect(composer(page)).to_have_value(text)


def test_a_long_message_is_folded_until_it_is_wanted(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    talk(server, "\n".join(f"row {number}" for number in range(400)), "short")
    page = enter(new_page, server, "maya", height=700)
    long = page.locator(".message", has_text="row 399")
    assert long.bounding_box()["height"] < 700
    page.get_by_role("button", name="Show all").click()
    expect(page.get_by_role("button", name="Show all")).to_have_count(0)
    assert long.bounding_box()["height"] > 4000


def test_a_badge_counts_what_it_says(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    tom, maya = (enter(new_page, server, name) for name in ("tom", "maya"))
    find_room(maya, "deploys")
    for text in ("one", "@maya two", "three"):
        write(tom, text)
        sent(tom, text)
    badge = room(maya, "main").locator(".badge")
    expect(badge).to_have_attribute("title", "3 unread messages, 1 for you")
    expect(badge.locator("[aria-hidden]")).to_have_text("@1")


def test_who_is_here_is_not_known_without_a_connection(new_page: NewPage, serve: Serve) -> None:
    page = enter(new_page, serve(), "maya")
    page.expected_console = CUT
    dot = page.locator(".right .person-dot").first
    colour = "dot => getComputedStyle(dot).backgroundColor"
    before = dot.evaluate(colour)
    page.context.set_offline(True)
    expect(page.locator(".connection-dot.is-lost").first).to_be_attached()
    assert dot.evaluate(colour) != before


def test_a_tablet_has_a_place_for_ones_name(new_page: NewPage, serve: Serve) -> None:
    page = enter(new_page, serve(), "maya", width=820, height=1180, has_touch=True, is_mobile=True)
    assert page.locator(".side-me").bounding_box()["width"] > 60


def test_a_room_by_another_form_of_its_name(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    tom = enter(new_page, server, "tom")
    tom.get_by_role("button", name="Find or create a room").click()
    tom.get_by_label("Name").fill("φίλος")
    tom.keyboard.press("Enter")
    in_room(tom, "φίλοσ")
    write(tom, "from tom")
    sent(tom, "from tom")
    maya = enter(new_page, server, "maya", address="/?room=φίλος")
    in_room(maya, "φίλοσ")
    write(maya, "from maya")
    sent(maya, "from maya")
    expect(row(maya, "from tom")).to_be_visible()
    expect(maya.locator(".room-item")).to_have_count(2)
    lou = enter(new_page, server, "lou")
    lou.get_by_role("button", name="Find or create a room").click()
    lou.get_by_label("Name").fill("ΦΊΛΟΣ")
    lou.keyboard.press("Enter")
    in_room(lou, "φίλοσ")
    expect(row(lou, "from tom")).to_be_visible()


def test_a_room_that_gets_no_answer_says_so(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    page = new_page(user=("maya", "maya@example.org"))
    is_deaf = [True]

    def between(socket: Any) -> None:
        to_server = socket.connect_to_server()
        socket.on_message(lambda text: None if is_deaf[0] and '"type":"join"' in text else to_server.send(text))

    page.route_web_socket(re.compile("/ws$"), between)
    page.goto(server.url)
    write(page, "waits")
    expect(page.get_by_text("The server has not answered yet.")).to_be_visible(timeout=20_000)
    is_deaf[0] = False
    page.get_by_role("button", name="Try again").click()
    sent(page, "waits")
    expect(page.get_by_text("The server has not answered yet.")).to_have_count(0)


def test_parts_are_named_and_allowed_what_they_are(new_page: NewPage, serve: Serve, violations: Violations) -> None:
    server = serve()
    for locale in ("en-US", "zh-CN"):
        page = enter(new_page, server, f"maya {locale}", locale=locale, reduced_motion="reduce", **PHONE)
        at_end(page)
        page.locator(".head button").first.click()
        expect(page.locator(".side")).to_have_role("dialog")
        assert violations(page) == []
        assert page.evaluate(NAMES) == 0
