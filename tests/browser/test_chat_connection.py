"""The chat page when the connection is lost, in each of the ways in which it can be; and what waits then."""

import json
import re
from typing import Any

from playwright.sync_api import expect

from tests.browser.chat_page import (
    CUT,
    NewPage,
    Serve,
    above_the_end,
    act,
    composer,
    connected,
    enter,
    find_room,
    hide,
    lines,
    open_room,
    room,
    row,
    scroll,
    sent,
    talk,
    texts,
    write,
)
from tests.conftest import Server


def between(page: Any, from_page: Any = None, from_server: Any = None) -> None:
    """Stand between the page and the server: the functions get the text and what passes it on."""

    def wire(socket: Any) -> None:
        upstream = socket.connect_to_server()
        socket.on_message(lambda text: from_page(text, upstream.send, socket) if from_page else upstream.send(text))
        upstream.on_message(lambda text: from_server(text, socket.send, socket) if from_server else socket.send(text))

    page.route_web_socket(re.compile("/ws$"), wire)


def test_a_server_killed_in_mid_send_costs_nothing_and_doubles_nothing(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    maya, tom = enter(new_page, server, "maya"), enter(new_page, server, "tom")
    maya.expected_console = tom.expected_console = CUT
    write(maya, "before")
    sent(tom, "before")
    for number in range(20):
        write(maya, f"in flight {number}")
    server.kill()
    expect(maya.get_by_role("status").filter(has_text="Connection lost. What you write is kept")).to_be_visible()
    write(maya, "written meanwhile")
    write(maya, "and this")
    expect(row(maya, "written meanwhile")).to_have_class(re.compile("is-pending"))
    expect(row(maya, "written meanwhile")).to_contain_text("waiting to be sent")
    server.start()
    expected = ["before", *(f"in flight {number}" for number in range(20)), "written meanwhile", "and this"]
    for page in (maya, tom):
        page.locator(".banner").wait_for(state="detached", timeout=40_000)
        expect(texts(page)).to_have_text(expected)
    expect(maya.locator(".message.is-sent")).to_have_count(len(expected))
    maya.reload()
    expect(texts(maya)).to_have_text(expected)


def test_a_restarted_server_moves_nothing_that_is_read(new_page: NewPage, serve: Serve) -> None:
    server = serve(MESSAGE_RATE=0)
    page = enter(new_page, server, "maya", height=600)
    page.expected_console = CUT
    talk(server, *lines(1, 60))
    expect(row(page, "line 60")).to_be_in_viewport()
    scroll(page, -600)
    above_the_end(page, 500)
    place = row(page, "line 36").bounding_box()
    server.kill()
    expect(page.locator(".banner")).to_be_visible()
    server.start()
    talk(server, "after the restart")
    expect(row(page, "after the restart")).to_be_attached(timeout=40_000)
    expect(page.locator(".message")).to_have_count(61)
    assert row(page, "line 36").bounding_box() == place
    assert "after the restart" in page.locator(".list-line.is-new + .message").inner_text()


def test_a_reload_keeps_what_was_not_sent_and_what_was_being_written(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    page, reader = enter(new_page, server, "maya"), enter(new_page, server, "tom")
    page.expected_console = CUT
    write(page, "to be edited")
    sent(page, "to be edited")
    act(page, "to be edited", "Reply")
    server.stop()
    expect(page.locator(".banner")).to_be_visible()
    write(page, "an answer that waits")
    write(page, "and a second one")
    act(page, "to be edited", "Edit")
    composer(page).fill("edited meanwhile")
    composer(page).press("Enter")
    expect(row(page, "edited meanwhile")).to_have_class(re.compile("is-pending"))
    composer(page).press_sequentially("half a thou")
    # A page that is loaded while no server answers would be the browser's own: it comes back first.
    reader.expected_console = CUT
    blocked = True

    def wire(socket: Any) -> None:
        if blocked:
            socket.close(code=4012)
        else:
            socket.connect_to_server()

    page.route_web_socket(re.compile("/ws$"), wire)
    server.start()
    page.reload()
    for text in ("an answer that waits", "and a second one"):
        expect(row(page, text)).to_have_class(re.compile("is-pending"))
    expect(composer(page)).to_have_value("half a thou")
    blocked = False
    for each in (page, reader):
        each.evaluate("() => dispatchEvent(new Event('online'))")  # it need not wait until it tries again by itself
        expect(texts(each)).to_have_text(["edited meanwhile", "an answer that waits", "and a second one"], timeout=40_000)
        expect(each.locator(".quote")).to_have_count(1)
    expect(page.locator(".message.is-sent")).to_have_count(3)
    assert page.evaluate("() => Object.keys(localStorage).filter((key) => key.includes('outbox'))") == []
    composer(page).press("Enter")
    sent(reader, "half a thou")


def test_drafts_are_each_rooms_own(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    page = enter(new_page, server, "maya")
    write(page, "to answer")
    sent(page, "to answer")
    act(page, "to answer", "Reply")
    composer(page).press_sequentially("in main")
    find_room(page, "deploys")
    expect(composer(page)).to_have_value("")
    composer(page).press_sequentially("in deploys")
    page.keyboard.press("Alt+ArrowUp")
    expect(composer(page)).to_have_value("in main")
    expect(page.locator(".composer-bar")).to_contain_text("Reply to maya")
    page.reload()
    connected(page)
    expect(composer(page)).to_have_value("in main")
    expect(page.locator(".composer-bar")).to_contain_text("to answer")
    open_room(page, "deploys")
    expect(composer(page)).to_have_value("in deploys")


def test_two_tabs_of_one_person_send_each_thing_once_and_both_show_it(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    one, reader = enter(new_page, server, "maya"), enter(new_page, server, "tom")
    two = one.context.new_page()
    two.goto(server.url)
    connected(two)
    one.expected_console = [*CUT, "localStorage"]  # an empty page has none
    one.context.set_offline(True)
    for page in (one, two):
        expect(page.locator(".banner")).to_be_visible()
    write(one, "from the first")
    write(two, "from the second")
    for page in (one, two):
        expect(page.locator(".message.is-pending")).to_have_count(2)
    one.goto("about:blank")  # what it leaves behind, the other sends
    two.context.set_offline(False)
    for page in (two, reader):
        expect(page.locator(".message.is-sent")).to_have_count(2, timeout=60_000)
    assert sorted(texts(reader).all_inner_texts()) == ["from the first", "from the second"]


def test_what_the_browser_can_not_keep_is_not_lost_without_a_question(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    page = new_page(user=("maya", "maya@example.org"))
    page.add_init_script(
        """const set = Storage.prototype.setItem;
        Storage.prototype.setItem = function (key, value) {
            if (key.includes("outbox") || key.includes("draft")) throw new DOMException("full", "QuotaExceededError");
            return set.call(this, key, value);
        };"""
    )
    page.goto(server.url)
    connected(page)
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


def test_leaving_asks_about_what_is_not_sent_and_takes_all_of_it_along(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    page = enter(new_page, server, "maya")
    page.expected_console = CUT
    composer(page).press_sequentially("a draft")
    find_room(page, "deploys")
    page.context.set_offline(True)
    write(page, "never sent")
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.get_by_role("button", name="Leave", exact=True).click()
    expect(row(page, "never sent")).to_be_visible()
    page.once("dialog", lambda dialog: dialog.accept())
    with page.expect_event("dialog") as asked:
        page.get_by_role("button", name="Leave", exact=True).click()
    expect(page.get_by_label("User name")).to_be_visible()
    assert "1 message is not sent yet" in asked.value.message
    kept = page.evaluate("() => JSON.stringify(localStorage)")
    assert "never sent" not in kept
    assert "a draft" not in kept
    assert "maya" not in kept


def test_an_interrupted_connection_misses_and_doubles_nothing(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    maya, tom = enter(new_page, server, "maya"), enter(new_page, server, "tom")
    maya.expected_console = CUT
    write(tom, "before")
    sent(maya, "before")
    write(tom, "to be deleted")
    sent(maya, "to be deleted")
    maya.context.set_offline(True)
    expect(maya.locator(".banner")).to_contain_text("Trying again in")
    write(maya, "one")
    write(maya, "two")
    write(tom, "meanwhile")
    sent(tom, "meanwhile")
    act(tom, "before", "Edit")
    composer(tom).fill("before, edited")
    composer(tom).press("Enter")
    act(tom, "to be deleted", "Delete")
    tom.get_by_role("button", name="Delete message").click()
    expect(tom.locator(".is-deleted")).to_have_count(1)
    maya.context.set_offline(False)  # the browser says it is online again: at once
    for page in (maya, tom):
        expect(texts(page)).to_have_text(["before, edited", "This message was deleted", "meanwhile", "one", "two"])
    expect(maya.locator(".message.is-sent")).to_have_count(5)
    expect(maya.locator(".banner")).to_have_count(0)


def test_a_lost_answer_does_not_double_the_message(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    page, reader = new_page(user=("maya", "maya@example.org")), enter(new_page, server, "tom")
    deaf = False

    def from_server(text: Any, send: Any, socket: Any) -> None:
        if deaf and json.loads(text)["type"] in ("message", "welcome"):
            socket.close(code=4012, reason="cut by the test")
        else:
            send(text)

    between(page, from_server=from_server)
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
        expect(texts(each)).to_have_text(["before", "said once", "after it"])


def test_a_store_that_is_full_keeps_the_text_and_the_page_sends_it_again_by_itself(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    page = new_page(user=("maya", "maya@example.org"))
    is_full = True

    def from_page(text: Any, send: Any, socket: Any) -> None:
        said = json.loads(text)
        if said["type"] == "send" and is_full:
            error = {"type": "error", "code": "not_stored", "message": "The disk is full.", "id": said["id"], "room": "main"}
            socket.send(json.dumps(error))
        else:
            send(text)

    between(page, from_page=from_page)
    page.goto(server.url)
    connected(page)
    write(page, "one")
    write(page, "two")
    expect(page.get_by_role("alert")).to_have_text("The disk is full.")
    expect(page.locator(".message.is-pending")).to_have_count(2)
    is_full = False
    sent(page, "two")
    expect(texts(page)).to_have_text(["one", "two"])
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_socket_that_is_open_and_dead_is_noticed_when_the_tab_is_looked_at_again(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    page = new_page(user=("maya", "maya@example.org"), changed=True)
    sockets: list[Any] = []
    dead: list[Any] = []

    def wire(socket: Any) -> None:
        sockets.append(socket)
        upstream = socket.connect_to_server()
        socket.on_message(lambda text: None if socket in dead else upstream.send(text))
        upstream.on_message(lambda text: None if socket in dead else socket.send(text))

    page.route_web_socket(re.compile("/ws$"), wire)
    page.clock.install()
    page.goto(server.url)
    connected(page)
    dead.append(sockets[0])
    hide(page, True)
    talk(server, "while it was dead")
    page.clock.fast_forward(31_000)
    hide(page, False)
    write(page, "written into the dead socket")
    page.clock.fast_forward(5_100)
    for text in ("while it was dead", "written into the dead socket"):
        sent(page, text)
    assert len(sockets) == 2


def test_now_tries_again_at_once(new_page: NewPage, serve: Serve) -> None:
    page = enter(new_page, serve(), "maya")
    page.evaluate("() => dispatchEvent(new Event('offline'))")  # only said so: the network is there
    expect(page.locator(".banner")).to_contain_text(re.compile(r"Trying again in (30|2\d) s"))
    page.get_by_role("button", name="Now").press("Enter")
    expect(page.locator(".banner")).to_have_count(0)
    expect(page.get_by_role("log")).to_be_focused()  # the button is gone; keys go on from the messages
    write(page, "here again")
    sent(page, "here again")


def test_a_server_that_sends_somebody_away_is_not_asked_again(new_page: NewPage, server: Server) -> None:
    page = new_page(user=("ada", "ada@example.org"))
    attempts = 0

    def wire(socket: Any) -> None:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            socket.close(code=4503, reason="sent away")
        else:
            socket.connect_to_server()

    page.route_web_socket(re.compile("/ws$"), wire)
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


def test_a_name_that_was_taken_meanwhile_leads_to_the_form_and_nothing_is_lost(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    page = enter(new_page, server, "maya")
    page.expected_console = CUT
    page.context.set_offline(True)
    write(page, "waits")
    expect(row(page, "waits")).to_have_class(re.compile("is-pending"))
    server.kill()
    server.start()
    other = enter(new_page, server, "maya")
    page.context.set_offline(False)
    expect(page.get_by_role("alert")).to_contain_text("has this name")
    expect(page.get_by_label("User name")).to_have_value("maya")
    page.get_by_label("User name").fill("maya b")
    page.keyboard.press("Enter")
    connected(page)
    sent(page, "waits")
    sent(other, "waits")


def test_another_store_under_the_same_address_is_said_and_gets_what_waits(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    page = enter(new_page, server, "maya")
    page.expected_console = CUT
    write(page, "of the old store")
    sent(page, "of the old store")
    find_room(page, "deploys")
    write(page, "there too")
    sent(page, "there too")
    open_room(page, "main")
    server.kill()
    write(page, "waits")
    for file in server.data_dir.glob("chat.db*"):
        file.unlink()
    server.start()
    sent(page, "waits")
    expect(texts(page)).to_have_text(["waits"])
    expect(page.get_by_text("The server has another store now")).to_be_visible()
    expect(room(page, "deploys")).to_have_count(0)
