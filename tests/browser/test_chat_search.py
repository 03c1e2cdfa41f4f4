"""Searching from the page, with a real server: found in any room, opened there with its context."""

import re

from playwright.sync_api import expect

from tests.browser.chat_page import (
    PHONE,
    NewPage,
    Serve,
    act,
    at_end,
    composer,
    enter,
    find_room,
    in_room,
    lines,
    row,
    sent,
    talk,
    write,
)


def test_a_hit_opens_its_room_there_with_its_context(new_page: NewPage, serve: Serve) -> None:
    server = serve(MESSAGE_RATE=0)
    talk(server, *lines(1, 200), "the needle 针在这里", *lines(201, 500))
    page = enter(new_page, server, "maya", height=700)
    find_room(page, "deploys")
    write(page, "another needle, in deploys")
    sent(page, "another needle, in deploys")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("/")
    page.keyboard.type("needle")
    hits = page.locator(".hit")
    expect(hits).to_have_count(2, timeout=15_000)
    expect(hits.locator("mark")).to_have_text(["needle", "needle"])
    hits.filter(has_text="针").click()
    in_room(page, "main")
    found = row(page, "the needle 针在这里")
    expect(found).to_have_class(re.compile("is-highlighted"))
    expect(found).to_be_in_viewport()
    expect(found.locator("mark")).to_have_text("needle")
    expect(row(page, "line 200")).to_be_in_viewport()
    expect(row(page, "line 500")).to_have_count(0)
    expect(hits).to_have_count(2)  # to go on from there
    hits.filter(has_text="deploys").click()
    in_room(page, "deploys")
    page.go_back()
    in_room(page, "main")
    expect(found).to_be_in_viewport()
    # In any script, a part of a word, in a room, by a person.
    for query, count in (("针在", 1), ("eedl in:deploys", 1), ("needle from:ines", 1), ("needle from:nobody", 0)):
        page.get_by_role("searchbox").fill(query)
        page.keyboard.press("Enter")
        expect(page.locator(".search-state")).not_to_have_text(re.compile("Searching"))
        expect(hits).to_have_count(count)
    page.keyboard.press("Escape")
    expect(page.locator(".search-panel")).to_have_count(0)
    page.get_by_role("button", name=re.compile("To the newest")).click()
    at_end(page)
    expect(row(page, "line 500")).to_be_in_viewport()


def test_a_hit_that_is_deleted_meanwhile_says_nothing_more(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    page, tom = enter(new_page, server, "maya"), enter(new_page, server, "tom")
    write(tom, "a needle by mistake")
    sent(page, "a needle by mistake")
    page.get_by_role("searchbox").fill("needle")
    hit = page.locator(".hit")
    expect(hit).to_contain_text("by mistake", timeout=15_000)
    act(tom, "a needle by mistake", "Delete")
    tom.get_by_role("button", name="Delete message").click()
    expect(hit).not_to_contain_text("mistake")


def test_on_a_phone_the_search_is_a_sheet_that_a_hit_closes(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    talk(server, "the needle")
    page = enter(new_page, server, "maya", **PHONE)
    find = page.get_by_role("button", name="Search messages")
    find.tap()
    page.get_by_role("searchbox").fill("needle")
    page.locator(".hit").tap(timeout=15_000)
    expect(page.locator(".search-panel")).to_have_count(0)
    expect(row(page, "the needle")).to_have_class(re.compile("is-highlighted"))
    expect(composer(page)).to_be_visible()
