"""Writing on the chat page: keys, input methods, emoji, what is too long or refused."""

import json
import re
from typing import Any

from playwright.sync_api import expect

from tests.browser.chat_page import NewPage, Serve, choose_emoji, composer, connected, enter, row, sent, write
from tests.browser.contexts import CLIPBOARD
from tests.conftest import Server


def test_shortcodes_become_emoji_when_sent(new_page: NewPage, server: Server) -> None:
    page = enter(new_page, server, "ann")
    write(page, ":tada: at 12:30:45 :nosuchcode: 👩‍🚀")
    sent(page, "🎉 at 12:30:45 :nosuchcode: 👩‍🚀")


def test_an_emoji_is_chosen_from_the_list_by_keys(new_page: NewPage, server: Server) -> None:
    page = enter(new_page, server, "bob")
    composer(page).press_sequentially("well :smi")
    options = page.get_by_role("listbox", name="Emoji").get_by_role("option")
    expect(options.first).to_have_text(re.compile(":smile:"))
    page.keyboard.press("ArrowDown")
    chosen = page.get_by_role("option", selected=True)
    expect(chosen).to_have_count(1)
    expect(composer(page)).to_have_attribute("aria-activedescendant", chosen.get_attribute("id"))
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(composer(page)).to_have_value("well 😄")
    expect(options).to_have_count(0)
    page.keyboard.type(" :smi")
    expect(options.first).to_be_visible()
    page.keyboard.press("Escape")
    expect(options).to_have_count(0)
    expect(composer(page)).to_have_value("well 😄 :smi")
    composer(page).press("Home")
    page.get_by_role("button", name="Insert an emoji").click()
    choose_emoji(page, "rocket")
    expect(composer(page)).to_have_value("🚀well 😄 :smi")
    expect(composer(page)).to_be_focused()
    page.keyboard.press("Control+z")
    expect(composer(page)).to_have_value("well 😄 :smi")


def test_smileys_of_old_are_sent_with_enter(new_page: NewPage, server: Server) -> None:
    page = enter(new_page, server, "cleo")
    for text in ("haha :-p", "nice :DD", "well :pp", "ratio at :30", "foo :-m", "only in the middle :mile"):
        composer(page).press_sequentially(text)
        page.keyboard.press("Enter")
        sent(page, text)


def test_enter_sends_and_shift_enter_breaks_the_line(new_page: NewPage, server: Server) -> None:
    page = enter(new_page, server, "dora")
    composer(page).press_sequentially("first")
    height = composer(page).bounding_box()["height"]
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("second")
    assert composer(page).bounding_box()["height"] > height
    page.keyboard.press("Enter")
    text = page.locator(".message-text", has_text="second")
    expect(text).to_have_text("first\nsecond", use_inner_text=True)
    sent(page, "first\nsecond")
    count = page.locator(".message").count()
    page.keyboard.press("Enter")  # nothing written, nothing sent
    write(page, "\u200b \u2060")  # nor anything that can be seen
    write(page, "after the empty one")
    sent(page, "after the empty one")
    assert page.locator(".message").count() == count + 1


def test_pasted_line_breaks_are_kept(new_page: NewPage, server: Server) -> None:
    page = enter(new_page, server, "pia", **CLIPBOARD)
    page.evaluate("() => navigator.clipboard.writeText('one\\n\\n  two\\nthree')")
    composer(page).focus()
    height = composer(page).bounding_box()["height"]
    page.keyboard.press("Control+v")
    expect(composer(page)).to_have_value("one\n\n  two\nthree")
    assert composer(page).bounding_box()["height"] > 2 * height
    page.keyboard.press("Enter")
    expect(page.locator(".message-text").last).to_have_text("one\n\ntwo\nthree", use_inner_text=True)


def test_the_buttons_put_marks_around_the_selection(new_page: NewPage, server: Server) -> None:
    page = enter(new_page, server, "bea")
    composer(page).fill("make it so")
    composer(page).evaluate("field => field.setSelectionRange(5, 7)")
    page.get_by_role("button", name="Bold").click()
    expect(composer(page)).to_have_value("make **it** so")
    page.get_by_role("button", name="Bold").click()
    expect(composer(page)).to_have_value("make it so")
    composer(page).evaluate("field => field.setSelectionRange(0, 4)")
    page.get_by_role("button", name="Code").click()
    expect(composer(page)).to_have_value("`make` it so")
    page.keyboard.press("Control+z")
    expect(composer(page)).to_have_value("make it so")


def test_enter_belongs_to_an_input_method_that_composes(new_page: NewPage, server: Server) -> None:
    page = enter(new_page, server, "emil")
    composer(page).focus()
    keyboard = page.context.new_cdp_session(page)
    keyboard.send("Input.imeSetComposition", {"text": "ni hao", "selectionStart": 6, "selectionEnd": 6})
    expect(composer(page)).to_have_value("ni hao")
    page.keyboard.press("Enter")
    expect(composer(page)).not_to_have_value("")
    keyboard.send("Input.insertText", {"text": "你好，大家"})
    # What Safari sends with the Enter that ends a composition: not composing any more, but key code 229.
    composer(page).evaluate(
        "field => field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', keyCode: 229, bubbles: true }))"
    )
    expect(composer(page)).to_have_value(re.compile("你好，大家"))
    assert row(page, "ni hao").count() == 0
    page.keyboard.press("Enter")
    expect(page.locator(".message-text", has_text="你好，大家")).to_have_count(1)


def test_a_message_over_the_limit_is_said_to_be_and_kept(new_page: NewPage, serve: Serve) -> None:
    server = serve(MAX_MESSAGE_BYTES=1024)
    page = enter(new_page, server, "fay")
    text = "字" * 400
    write(page, text)
    expect(page.get_by_role("alert")).to_contain_text(re.compile(r"Too long: 1,2\d\d of 1,024 bytes"))
    expect(composer(page)).to_have_value(text)
    write(page, "字" * 200)
    sent(page, "字" * 200)
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_refused_message_can_be_tried_again_or_deleted(new_page: NewPage, server: Server) -> None:
    page = new_page(user=("ivy", "ivy@example.org"))
    refusing = True

    def between(socket: Any) -> None:
        upstream = socket.connect_to_server()

        def from_page(text: Any) -> None:
            said = json.loads(text)
            if said["type"] == "send" and refusing:
                socket.send(json.dumps({"type": "error", "code": "bad_message", "message": "no", "id": said["id"]}))
            else:
                upstream.send(text)

        socket.on_message(from_page)

    page.route_web_socket(re.compile("/ws$"), between)
    page.goto(server.url)
    connected(page)
    write(page, "refused, then taken")
    write(page, "refused and deleted")
    expect(page.locator(".message.is-failed")).to_have_count(2)
    expect(page.get_by_text("Not sent: the server could not read it.")).to_have_count(2)
    refusing = False
    row(page, "refused and deleted").get_by_role("button", name="Delete").click()
    row(page, "refused, then taken").get_by_role("button", name="Try again").click()
    sent(page, "refused, then taken")
    expect(row(page, "refused and deleted")).to_have_count(0)
