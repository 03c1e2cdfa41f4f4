"""Reading on the chat page: where the view stands when something arrives, and what the tab says."""

import re

from playwright.sync_api import expect

from tests.browser.chat_page import NewPage, Serve, above_the_end, at_end, enter, hide, row, sent, talk, write


def test_new_messages_move_only_a_reader_who_is_at_the_end(new_page: NewPage, serve: Serve) -> None:
    server = serve(MESSAGE_RATE=0)
    talk(server, *(f"line {number}" for number in range(40)))
    page = enter(new_page, server, "maya", height=600)
    expect(row(page, "line 39")).to_be_visible()
    at_end(page)
    talk(server, "followed")
    expect(row(page, "followed")).to_be_in_viewport()
    at_end(page)

    view = page.get_by_role("log")
    view.hover()
    page.mouse.wheel(0, -400)
    above_the_end(page, 300)
    top = view.evaluate("view => view.scrollTop")
    talk(server, "one", "two")
    pill = page.get_by_role("button", name="2 new messages")
    expect(pill).to_be_visible()
    expect(row(page, "two")).not_to_be_in_viewport()
    assert view.evaluate("view => view.scrollTop") == top
    pill.click()
    at_end(page)
    expect(pill).to_have_count(0)
    expect(view).to_be_focused()
    expect(page.get_by_text(re.compile("^New since"))).to_be_visible()

    page.set_viewport_size({"width": 1280, "height": 400})  # as a phone's keyboard does
    at_end(page)
    view.hover()
    page.mouse.wheel(0, -300)
    above_the_end(page, 200)
    write(page, "my own")
    sent(page, "my own")
    at_end(page)


def test_the_title_counts_what_came_while_the_tab_was_hidden(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    page = enter(new_page, server, "maya")
    hide(page, True)
    talk(server, "one", "two", "three")
    expect(page).to_have_title("(3) #main · chatapp")
    expect(page.locator("link[rel=icon]")).to_have_attribute("href", re.compile("^data:image/png"))
    hide(page, False)
    expect(page).to_have_title("#main · chatapp")
    expect(page.locator("link[rel=icon]")).to_have_attribute("href", re.compile("icon.svg"))
    expect(page.get_by_text(re.compile("^New since"))).to_be_visible()
