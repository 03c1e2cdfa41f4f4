"""The chat page when the connection is lost, in each of the ways in which it can be."""

import re
from typing import Any

from playwright.sync_api import expect

from tests.browser.chat_page import CUT, NewPage, Serve, above_the_end, connected, enter, row, sent, talk, write
from tests.conftest import Server


def test_a_killed_server_is_seen_and_what_was_written_meanwhile_is_sent_once(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    maya, tom = enter(new_page, server, "maya"), enter(new_page, server, "tom")
    maya.expected_console = tom.expected_console = CUT
    write(maya, "before")
    sent(tom, "before")
    server.kill()
    expect(maya.get_by_role("status").filter(has_text="Connection lost. What you write is kept")).to_be_visible()
    expect(maya.locator(".connection-dot.is-lost, .connection-dot.is-connecting").first).to_be_attached()
    write(maya, "written meanwhile")
    write(maya, "and this")
    expect(row(maya, "written meanwhile")).to_have_class(re.compile("is-pending"))
    expect(row(maya, "written meanwhile")).to_contain_text("waiting to be sent")
    server.start()
    for page in (maya, tom):
        page.locator(".banner").wait_for(state="detached")
        # A new server has forgotten what was before; the page has not, and says that it can't know the rest.
        expect(page.locator(".message-text")).to_have_text(["before", "written meanwhile", "and this"])
        expect(page.get_by_text("may be missing here")).to_be_visible()
    sent(maya, "and this")


def test_a_restarted_server_moves_nothing_that_is_read(new_page: NewPage, serve: Serve) -> None:
    server = serve(MESSAGE_RATE=0)
    page = enter(new_page, server, "maya", height=600)
    page.expected_console = CUT
    assert page.locator(".is-missed").count() == 0
    talk(server, *(f"line {number}" for number in range(60)))
    expect(row(page, "line 59")).to_be_in_viewport()
    page.get_by_role("log").hover()
    page.mouse.wheel(0, -600)
    above_the_end(page, 500)
    place = row(page, "line 35").bounding_box()
    server.kill()
    expect(page.locator(".banner")).to_be_visible()
    server.start()
    talk(server, "after the restart")
    expect(row(page, "after the restart")).to_be_attached()
    expect(page.locator(".message")).to_have_count(61)
    expect(page.locator(".is-missed")).to_have_count(1)
    assert row(page, "line 35").bounding_box() == place


def test_unsent_messages_are_not_lost_without_a_question(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    page = enter(new_page, server, "maya")
    page.expected_console = CUT
    page.context.set_offline(True)
    expect(page.locator(".banner")).to_be_visible()
    write(page, "not yet")
    expect(row(page, "not yet")).to_have_class(re.compile("is-pending"))
    page.once("dialog", lambda dialog: dialog.dismiss())
    with page.expect_event("dialog") as asked:
        page.get_by_role("link", name="Logs").click(no_wait_after=True)
    assert asked.value.type == "beforeunload"
    expect(row(page, "not yet")).to_be_visible()
    page.context.set_offline(False)
    sent(page, "not yet")
    page.get_by_role("link", name="Logs").click()  # nothing waits: no question, or this would hang
    expect(page).to_have_url(re.compile("/logs"))


def test_an_interrupted_connection_misses_and_doubles_nothing(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    maya, tom = enter(new_page, server, "maya"), enter(new_page, server, "tom")
    maya.expected_console = CUT
    write(tom, "before")
    sent(maya, "before")
    maya.context.set_offline(True)
    expect(maya.locator(".banner")).to_contain_text("Trying again in")
    write(maya, "one")
    write(maya, "two")
    write(tom, "meanwhile")
    sent(tom, "meanwhile")
    maya.context.set_offline(False)  # the browser says it is online again: at once
    for page in (maya, tom):
        expect(page.locator(".message-text")).to_have_text(["before", "meanwhile", "one", "two"])
    expect(maya.locator(".message.is-sent")).to_have_count(4)
    expect(maya.locator(".banner")).to_have_count(0)
    assert maya.get_by_text("may be missing here").count() == 0


def test_a_lost_answer_does_not_double_the_message(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    page, reader = new_page(user=("maya", "maya@example.org")), enter(new_page, server, "tom")
    deaf = False

    def between(socket: Any) -> None:
        upstream = socket.connect_to_server()

        def from_server(text: Any) -> None:
            if deaf:
                socket.close(code=4012, reason="cut by the test")
            else:
                socket.send(text)

        upstream.on_message(from_server)

    page.route_web_socket(re.compile("/ws$"), between)
    page.goto(server.url)
    connected(page)
    write(page, "before")
    sent(page, "before")
    deaf = True
    write(page, "said once")
    sent(reader, "said once")
    expect(row(page, "said once")).to_have_class(re.compile("is-pending"))
    deaf = False
    sent(page, "said once")
    write(page, "after it")
    for each in (page, reader):
        sent(each, "after it")
        expect(each.locator(".message-text")).to_have_text(["before", "said once", "after it"])


def test_now_tries_again_at_once(new_page: NewPage, server: Server) -> None:
    page = enter(new_page, server, "maya")
    page.evaluate("() => dispatchEvent(new Event('offline'))")  # only said so: the network is there
    expect(page.locator(".banner")).to_contain_text(re.compile(r"Trying again in (30|29) s"))
    page.get_by_role("button", name="Now").press("Enter")
    expect(page.locator(".banner")).to_have_count(0)
    expect(page.get_by_role("log")).to_be_focused()  # the button is gone; keys go on from the messages
    write(page, "here again")
    sent(page, "here again")


def test_a_server_that_sends_somebody_away_is_not_asked_again(new_page: NewPage, server: Server) -> None:
    page = new_page(user=("maya", "maya@example.org"))
    attempts = 0

    def between(socket: Any) -> None:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            socket.close(code=4503, reason="sent away")
        else:
            socket.connect_to_server()

    page.route_web_socket(re.compile("/ws$"), between)
    page.goto(server.url)
    expect(page.get_by_role("status").filter(has_text="The server ended the connection: sent away.")).to_be_visible()
    assert page.get_by_text("Connecting", exact=True).count() == 0
    page.evaluate("() => dispatchEvent(new Event('online'))")
    assert attempts == 1
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".banner")).to_have_count(0)
    write(page, "let in again")
    sent(page, "let in again")
    assert attempts == 2
