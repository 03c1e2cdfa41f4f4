"""The past of a room in a real browser: read in both directions without a jump, found by a link, and kept within bounds."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.chat_page import (
    NewPage,
    Serve,
    above_the_end,
    act,
    at_end,
    composer,
    enter,
    find_room,
    lines,
    open_room,
    row,
    scroll,
    sent,
    settled,
    talk,
    texts,
    write,
)


def top_of(page: Any, text: str) -> float:
    return float(row(page, text).bounding_box()["y"])


def test_older_pages_come_in_above_and_the_text_that_is_read_stays(new_page: NewPage, serve: Serve) -> None:
    server = serve(MESSAGE_RATE=0)
    talk(server, *lines(1, 300))
    page = enter(new_page, server, "maya", height=600)
    at_end(page)
    settled(page)
    count = texts(page).count()
    assert count < 300
    # To the very top, where no browser keeps the place by itself.
    before = page.evaluate(
        """() => {
            document.querySelector("[role=log]").scrollTop = 0;
            window.held = document.querySelectorAll(".message")[3];
            return window.held.getBoundingClientRect().top;
        }"""
    )
    page.wait_for_function("count => document.querySelectorAll('.message').length > count", arg=count)
    settled(page)
    assert page.evaluate("() => window.held.isConnected"), "rows are kept, not drawn anew"
    assert abs(page.evaluate("() => window.held.getBoundingClientRect().top") - before) < 1
    # On and on, to the beginning.
    for _ in range(100):
        if row(page, "line 1").count():
            break
        page.evaluate("() => { document.querySelector('[role=log]').scrollTop = 0; }")
        settled(page)
    expect(page.get_by_text("This is the beginning of #main")).to_be_attached()
    assert texts(page).all_inner_texts() == lines(1, 300)
    page.keyboard.press("End")


def test_nothing_jumps_while_one_scrolls_up_and_others_write(new_page: NewPage, serve: Serve) -> None:
    server = serve(MESSAGE_RATE=0)
    talk(server, *(f"{line} " + "word " * (number % 40) for number, line in enumerate(lines(1, 400))))
    page = enter(new_page, server, "maya", height=600)
    at_end(page)
    settled(page)
    place = None
    for step in range(12):
        scroll(page, -260)
        seen = page.evaluate(
            """() => {
                const view = document.querySelector("[role=log]");
                const edge = view.getBoundingClientRect().top;
                const top = (row) => row.getBoundingClientRect().top;
                window.held = [...view.querySelectorAll(".message")].find((row) => top(row) >= edge + 40);
                return top(window.held);
            }"""
        )
        talk(server, f"meanwhile {step}")
        settled(page)
        place = page.evaluate("() => window.held.isConnected && window.held.getBoundingClientRect().top")
        assert abs(place - seen) < 1.5, f"moved by {place - seen} px at step {step}"
    expect(page.get_by_role("button", name=re.compile("new message"))).to_be_visible()
    page.get_by_role("button", name=re.compile("new message")).click()
    at_end(page)
    sent(page, "meanwhile 11")


def test_what_grows_above_and_what_is_taken_out_moves_nothing_that_is_read(new_page: NewPage, serve: Serve) -> None:
    server = serve(MESSAGE_RATE=0)
    tom = enter(new_page, server, "tom")
    write(tom, "short, at first")
    sent(tom, "short, at first")
    talk(server, *lines(1, 60))
    page = enter(new_page, server, "maya", height=600)
    at_end(page)
    row(page, "line 8").scroll_into_view_if_needed()
    above_the_end(page, 300)
    settled(page)
    before = top_of(page, "line 12")
    tom.get_by_role("log").evaluate("view => { view.scrollTop = 0; }")
    act(tom, "short, at first", "Edit")
    composer(tom).fill("\n".join(["now it is long"] * 12))
    composer(tom).press("Enter")
    expect(page.locator(".message-edited")).to_have_count(1)
    assert abs(top_of(page, "line 12") - before) < 1
    page.set_viewport_size({"width": 800, "height": 600})
    settled(page)
    page.set_viewport_size({"width": 1280, "height": 600})
    settled(page)
    assert abs(top_of(page, "line 12") - before) < 80, "still there after the window was made smaller and larger"


def test_a_link_opens_its_message_with_context_and_the_past_goes_on_both_ways(new_page: NewPage, serve: Serve) -> None:
    server = serve(MESSAGE_RATE=0)
    talk(server, *lines(1, 600))
    first = enter(new_page, server, "tom")
    at_end(first)
    seq = int(row(first, "line 600").get_attribute("data-seq")) - 400
    page = enter(new_page, server, "maya", address=f"/?room=main&at={seq}", height=600)
    found = row(page, "line 200")
    expect(found).to_be_in_viewport()
    expect(found).to_have_class(re.compile("is-highlighted"))
    box, view = found.bounding_box(), page.get_by_role("log").bounding_box()
    assert view["y"] + 150 < box["y"] < view["y"] + view["height"] - 150, "with what was said around it"
    expect(row(page, "line 600")).to_have_count(0)
    settled(page)
    assert abs(found.bounding_box()["y"] - box["y"]) < 1
    # What is new belongs to the end, which is not here.
    talk(server, "meanwhile")
    pill = page.get_by_role("button", name="1 new message")
    expect(pill).to_be_visible()
    expect(row(page, "meanwhile")).to_have_count(0)
    # Down to the end, page by page.
    for _ in range(200):
        if row(page, "meanwhile").count():
            break
        page.get_by_role("log").evaluate("view => { view.scrollTop += 500; }")
        settled(page)
    page.get_by_role("log").evaluate("view => { view.scrollTop = view.scrollHeight; }")
    at_end(page)
    expect(pill).to_have_count(0)
    shown = texts(page).all_inner_texts()
    assert shown == [*lines(int(shown[0].split()[1]), 600), "meanwhile"]
    talk(server, "and live again")
    expect(row(page, "and live again")).to_be_in_viewport()


def test_back_to_the_newest_and_the_back_button(new_page: NewPage, serve: Serve) -> None:
    server = serve(MESSAGE_RATE=0)
    talk(server, *lines(1, 400))
    page = enter(new_page, server, "maya", address="/?at=50", height=600)
    highlighted = page.locator(".message.is-highlighted")
    expect(highlighted).to_be_in_viewport()
    page.get_by_role("button", name="To the newest").click()
    expect(row(page, "line 400")).to_be_in_viewport()
    at_end(page)
    expect(page).to_have_url(re.compile(r"/$"))
    # An answer leads to what it answers, and back.
    act(page, "line 400", "Reply")
    write(page, "to the last")
    sent(page, "to the last")
    talk(server, *lines(401, 460))
    expect(row(page, "line 460")).to_be_in_viewport()
    for _ in range(30):
        if row(page, "to the last").is_visible():
            break
        scroll(page, -300)
    page.locator(".quote").first.click()
    expect(highlighted).to_have_count(1)
    expect(highlighted.locator(".message-text")).to_have_text("line 400")
    expect(page).to_have_url(re.compile(r"at=\d+"))
    find_room(page, "deploys")
    page.go_back()
    expect(highlighted.locator(".message-text")).to_have_text("line 400")
    # Writing belongs to the end.
    write(page, "here I am")
    expect(row(page, "here I am")).to_be_in_viewport()
    at_end(page)


def test_a_link_that_leads_nowhere_says_so(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    talk(server, "only this")
    page = enter(new_page, server, "maya", address="/?at=4711")
    expect(page.get_by_text("The message this link leads to is not there.")).to_be_visible()
    expect(row(page, "only this")).to_be_visible()
    write(page, "all the same")
    sent(page, "all the same")


def test_the_line_new_since_stands_where_one_had_read_until_the_room_is_left(new_page: NewPage, serve: Serve) -> None:
    server = serve(MESSAGE_RATE=0)
    page = enter(new_page, server, "maya", height=600)
    find_room(page, "deploys")
    talk(server, *lines(1, 5))
    line = page.locator(".list-line.is-new")
    expect(line).to_have_count(0)
    open_room(page, "main")
    expect(line).to_have_text(re.compile("^New since"))
    assert "line 1" in page.locator(".list-line.is-new + .message").inner_text()
    talk(server, "while it is looked at")
    sent(page, "while it is looked at")
    expect(line).to_have_count(1)
    open_room(page, "deploys")
    open_room(page, "main")
    expect(line).to_have_count(0)
    # Away from the end, or from the page: it stands where one was.
    scrolled = [f"more {number}" for number in range(40)]
    talk(server, *scrolled)
    expect(row(page, "more 39")).to_be_in_viewport()
    expect(line).to_have_count(0)
    scroll(page, -500)
    above_the_end(page, 300)
    talk(server, "while away")
    expect(page.get_by_role("button", name="1 new message")).to_be_visible()
    assert "while away" in page.locator(".list-line.is-new + .message").inner_text()


def test_at_most_a_thousand_rows_at_the_end_and_five_thousand_when_reading_up(new_page: NewPage, serve: Serve) -> None:
    server = serve(MESSAGE_RATE=0)
    page = enter(new_page, server, "maya", height=600)
    talk(server, *lines(1, 1100))
    expect(row(page, "line 1100")).to_be_in_viewport(timeout=15_000)
    at_end(page)
    assert page.locator(".message").count() <= 1000
    expect(row(page, "line 1")).to_have_count(0)
    for _ in range(100):
        page.get_by_role("log").evaluate("view => { view.scrollTop = 0; }")
        settled(page)
        if row(page, "line 1").count():
            break
    expect(row(page, "line 1")).to_have_count(1)
    assert page.locator(".message").count() == 1100


@pytest.mark.timed
def test_five_thousand_rows_are_smooth(new_page: NewPage, serve: Serve) -> None:
    server = serve(MESSAGE_RATE=0, OUTBOX_BYTES=64 * 1024 * 1024)
    page = enter(new_page, server, "maya")
    scroll_up = "() => { document.querySelector('[role=log]').scrollTop = 0; }"
    for first in range(1, 5200, 1300):
        talk(server, *lines(first, first + 1299))
    expect(row(page, "line 5200")).to_be_in_viewport(timeout=30_000)
    while page.locator(".message").count() < 5000:
        page.evaluate(scroll_up)
        settled(page)
    page.evaluate(
        """() => {
            window.longest = 0;
            new PerformanceObserver((list) => {
                for (const entry of list.getEntries()) window.longest = Math.max(window.longest, entry.duration);
            }).observe({ type: "longtask" });
        }"""
    )
    talk(server, *(f"new {number}" for number in range(50)))
    expect(page.get_by_role("button", name=re.compile("50 new messages"))).to_be_visible()
    scroll(page, 3000)
    scroll(page, -2000)
    settled(page)
    longest = page.evaluate("() => window.longest")
    assert longest < 400, f"the page stood still for {longest:.0f} ms"
