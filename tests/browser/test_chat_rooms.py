"""Rooms and people in the left column: created, found, left, counted, and written to directly."""

import re

from playwright.sync_api import expect

from tests.browser.chat_page import (
    CUT,
    NewPage,
    Serve,
    at_end,
    composer,
    connected,
    enter,
    find_room,
    hide,
    in_room,
    open_room,
    room,
    row,
    sent,
    talk,
    texts,
    write,
    write_to,
)
from tests.conftest import PATIENCE


def test_a_room_is_created_found_and_joined_by_another(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    maya, tom = enter(new_page, server, "maya"), enter(new_page, server, "tom")
    find_room(maya, "Deploys", topic="What goes out")
    in_room(maya, "deploys")  # names are compared, and written, without capitals
    expect(maya.locator(".head-context")).to_have_text("What goes out")
    expect(maya.get_by_text("This is #deploys. Nothing is written here yet")).to_be_visible()
    expect(maya).to_have_url(re.compile(r"\?room=deploys$"))
    write(maya, "first")
    sent(maya, "first")
    assert room(tom, "deploys").count() == 0
    tom.get_by_role("button", name="Find or create a room").click()
    tom.get_by_role("dialog").get_by_role("button", name="# deploys").click()
    in_room(tom, "deploys")
    sent(tom, "first")
    expect(maya.locator(".right .person-name")).to_have_text(["maya", "tom"])
    # A name that can't be one, and one that is there already.
    tom.get_by_role("button", name="Find or create a room").click()
    tom.get_by_label("Name").fill("no spaces please")
    tom.keyboard.press("Enter")
    expect(tom.get_by_role("dialog").get_by_role("alert")).to_be_visible()
    tom.get_by_label("Name").fill("main")
    tom.get_by_role("button", name="Open the room").click()
    in_room(tom, "main")


def test_rooms_of_any_script(new_page: NewPage, serve: Serve) -> None:
    page = enter(new_page, serve(), "maya")
    find_room(page, "中文")
    write(page, "你好")
    sent(page, "你好")
    page.reload()
    in_room(page, "中文")
    sent(page, "你好")


def test_unread_messages_are_counted_until_they_are_looked_at_in_every_tab(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    maya, tom = enter(new_page, server, "maya"), enter(new_page, server, "tom")
    find_room(maya, "deploys")
    find_room(tom, "deploys")
    open_room(tom, "main")
    other_tab = tom.context.new_page()
    other_tab.goto(server.url)
    connected(other_tab)
    for number in range(3):
        write(maya, f"deploy {number}")
    for page in (tom, other_tab):
        expect(room(page, "deploys").locator(".badge")).to_contain_text("3 unread messages")
        expect(room(page, "deploys")).to_have_class(re.compile("is-unread"))
        expect(page).to_have_title("(3) #main · chatapp")
    expect(room(maya, "deploys").locator(".badge")).to_have_count(0)
    tom.reload()
    connected(tom)
    expect(room(tom, "deploys").locator(".badge")).to_contain_text("3 unread messages")
    open_room(tom, "deploys")
    sent(tom, "deploy 2")
    at_end(tom)
    for page in (tom, other_tab):
        expect(room(page, "deploys").locator(".badge")).to_have_count(0)
    expect(tom).to_have_title("#deploys · chatapp")
    expect(tom.locator(".list-line.is-new")).to_have_count(1)
    hide(tom, True)
    write(maya, "unseen")
    expect(room(tom, "deploys").locator(".badge")).to_contain_text("1 unread message")
    hide(tom, False)
    expect(room(tom, "deploys").locator(".badge")).to_have_count(0)


def test_what_was_written_while_one_was_away_is_counted(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    maya, tom = enter(new_page, server, "maya"), enter(new_page, server, "tom")
    tom.expected_console = CUT
    find_room(maya, "deploys")
    find_room(tom, "deploys")
    open_room(tom, "main")
    tom.context.set_offline(True)
    expect(tom.locator(".banner")).to_be_visible()
    write(maya, "@tom one")
    write(maya, "two")
    sent(maya, "two")
    tom.context.set_offline(False)
    expect(room(tom, "deploys").locator(".badge")).to_contain_text("2 unread messages, 1 for you")


def test_two_people_write_to_each_other_directly(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    maya, tom, ines = (enter(new_page, server, name) for name in ("maya", "tom", "ines"))
    write_to(tom, "maya")
    expect(tom.get_by_text("Only you and maya can read what is written here.")).to_be_visible()
    write(tom, "psst")
    sent(tom, "psst")
    badge = room(maya, "tom").locator(".badge")
    expect(badge).to_contain_text("1 unread message")
    expect(badge).to_have_class(re.compile("is-urgent"))
    expect(room(maya, "tom").locator(".room-dot.is-here")).to_be_visible()
    open_room(maya, "tom")
    sent(maya, "psst")
    write(maya, "what is it?")
    sent(tom, "what is it?")
    assert ines.locator(".room-item").count() == 1
    assert "psst" not in ines.content()
    # Of those who have gone, one can still be chosen.
    tom.context.close()
    expect(room(maya, "tom").locator(".room-dot.is-here")).to_have_count(0, timeout=10_000)
    ines.get_by_role("button", name="Write to somebody").click()
    ines.get_by_role("dialog").get_by_role("textbox").fill("TO")
    ines.get_by_role("dialog").get_by_role("button", name="tom").click()
    in_room(ines, "tom")
    write(ines, "for later")
    sent(ines, "for later")


def test_the_topic_is_changed_by_one_and_seen_by_all(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    maya, tom = enter(new_page, server, "maya"), enter(new_page, server, "tom")
    maya.get_by_role("heading", level=1).get_by_role("button").click()
    maya.get_by_label("Topic").fill("Deploys on Friday")
    maya.keyboard.press("Enter")
    for page in (maya, tom):
        expect(page.locator(".head-context")).to_have_text("Deploys on Friday")
        expect(page.locator(".list-note")).to_have_text("maya set the topic: Deploys on Friday")
    expect(maya.locator("dialog[open]")).to_have_count(0)


def test_a_room_is_left_and_can_be_joined_again(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    page = enter(new_page, server, "maya")
    find_room(page, "deploys")
    write(page, "mine")
    sent(page, "mine")
    page.get_by_role("heading", level=1).get_by_role("button").click()
    page.get_by_role("button", name="Leave the room").click()
    page.get_by_role("dialog", name="Leave the room").get_by_role("button", name="Leave the room").click()
    in_room(page, "main")
    expect(room(page, "deploys")).to_have_count(0)
    page.reload()
    connected(page)
    expect(room(page, "deploys")).to_have_count(0)
    find_room(page, "deploys")
    sent(page, "mine")


def test_keys_and_the_back_button_go_from_room_to_room(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    talk(server, "in main")
    page = enter(new_page, server, "maya")
    find_room(page, "alpha")
    find_room(page, "beta")
    page.keyboard.press("Alt+ArrowUp")
    in_room(page, "alpha")
    page.keyboard.press("Alt+ArrowUp")
    in_room(page, "main")
    sent(page, "in main")
    page.keyboard.press("Alt+ArrowUp")
    in_room(page, "beta")
    expect(composer(page)).to_be_focused()
    page.go_back()
    in_room(page, "main")
    page.go_back()
    in_room(page, "alpha")
    page.go_forward()
    in_room(page, "main")
    sent(page, "in main")


def test_a_room_that_is_not_there_can_be_created_from_its_address(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    page = new_page(user=("maya", "maya@example.org"))
    page.goto(f"{server.url}/?room=someday")
    expect(page.get_by_text("There is no room #someday yet.")).to_be_visible()
    expect(composer(page)).to_have_count(0)
    page.get_by_role("button", name="Create the room").click()
    expect(page.get_by_label("Name")).to_have_value("someday")
    page.keyboard.press("Enter")
    in_room(page, "someday")
    write(page, "now it is")
    sent(page, "now it is")
    page.goto(f"{server.url}/?room=@somebody+else")
    expect(page.get_by_role("button", name="To #main")).to_be_visible()
    page.get_by_role("button", name="To #main").click()
    in_room(page, "main")


def test_a_plain_program_and_the_pages_share_the_main_room(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    page = enter(new_page, server, "maya")
    with server.connect("/ws") as program:
        program.send('{"email": "", "username": "a program", "message": "hello from a script"}')
        sent(page, "hello from a script")
        program.recv(PATIENCE)
        write(page, "hello script")
        assert "hello script" in str(program.recv(PATIENCE))
    expect(texts(page)).to_have_text(["hello from a script", "hello script"])
    expect(row(page, "hello from a script").locator(".message-name")).to_have_text("a program")
