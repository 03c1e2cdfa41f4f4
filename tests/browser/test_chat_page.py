"""The chat page in a real browser against a real server: joining, talking, and what must never happen to who reads."""

import base64
import hashlib
import http.server
import re
import threading

from playwright.sync_api import expect

from tests.browser.chat_page import NewPage, Serve, composer, connected, enter, row, sent, write
from tests.conftest import Server

# Joining.


def test_the_join_form_asks_for_both_and_says_what_is_missing(new_page: NewPage, server: Server) -> None:
    page = new_page()
    page.goto(server.url)
    name, email = page.get_by_label("User name"), page.get_by_label("E-mail")
    expect(name).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("You must choose a username")).to_be_visible()
    expect(page.get_by_text("You must enter an email")).to_be_visible()
    expect(name).to_be_focused()
    expect(name).to_have_attribute("aria-invalid", "true")
    name.fill("maya")
    page.keyboard.press("Enter")
    expect(page.get_by_text("You must choose a username")).to_have_count(0)
    expect(email).to_be_focused()
    expect(email).to_have_accessible_description(re.compile("You must enter an email.*never leaves this server"))
    name.fill("x" * 65)
    email.fill("maya@example.org")
    page.keyboard.press("Enter")
    expect(page.get_by_text("at most 64 characters")).to_be_visible()
    name.fill("maya")
    page.keyboard.press("Enter")
    connected(page)


def test_a_name_the_server_refuses_comes_back_to_the_form_with_its_sentence(new_page: NewPage, server: Server) -> None:
    page = new_page(user=("a\u2028b", "a@example.org"))
    page.goto(server.url)
    expect(page.get_by_role("alert")).to_contain_text("control character")
    expect(page.get_by_label("User name")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("E-mail")).to_have_value("a@example.org")


def test_a_name_that_somebody_here_has_is_refused(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    maya = enter(new_page, server, "maya")
    page = new_page()
    page.goto(server.url)
    page.get_by_label("User name").fill("MAYA")
    page.get_by_label("E-mail").fill("other@example.org")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Somebody here has this name. Choose another one.")
    page.get_by_label("User name").fill("maya b")
    page.keyboard.press("Enter")
    connected(page)
    # Two tabs of one person are one person.
    tab = maya.context.new_page()
    tab.goto(server.url)
    connected(tab)
    expect(page.locator(".right .person-name")).to_have_text(["maya b", "maya"])


def test_a_reload_remembers_who_one_is_and_leaving_forgets(new_page: NewPage, server: Server) -> None:
    page = new_page()
    page.goto(server.url)
    page.get_by_label("User name").fill("nora")
    page.get_by_label("E-mail").fill("nora@example.org")
    page.get_by_role("button", name="Join").click()
    connected(page)
    page.reload()
    connected(page)
    expect(page.locator(".side-me")).to_have_text("nora")
    page.get_by_role("button", name="Leave").click()
    expect(page.get_by_label("User name")).to_have_value("")
    assert page.evaluate("() => JSON.stringify(localStorage).includes('nora')") is False
    page.reload()
    expect(page.get_by_label("User name")).to_be_visible()


# Talking.


def test_two_people_converse(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    maya, tom = enter(new_page, server, "maya"), enter(new_page, server, "tom", color_scheme="dark")
    write(maya, "Rolled it out.")
    sent(maya, "Rolled it out.")
    expect(composer(maya)).to_have_value("")
    write(tom, "Thanks.")
    write(tom, "All quiet.")
    for page in (maya, tom):
        sent(page, "All quiet.")
        expect(page.locator(".message-text")).to_have_text(["Rolled it out.", "Thanks.", "All quiet."])
        expect(page.locator(".message.is-first .message-name")).to_have_text(["maya", "tom"])
        expect(page.locator(".messages .avatar")).to_have_text(["MA", "TO"])
        expect(page.locator(".list-line")).to_have_text(["Today"])
    assert "maya@example.org" not in tom.content()


def test_nothing_is_asked_of_another_host(new_page: NewPage, server: Server) -> None:
    page = new_page(user=("olga", "olga@example.org"))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url.replace("ws:", "http:")))
    page.goto(server.url)
    connected(page)
    assert asked
    assert [url for url in asked if not url.startswith(f"{server.url}/")] == []


MARKUP = (
    '<img src=x onerror="window.harmed=1"><script>window.harmed=1</script><b>bold</b> {{ harmed }} &amp; javascript:alert(1)'
)


def test_markup_in_names_and_messages_stays_text(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    name = "<b>x</b><img src=x onerror=window.harmed=1>"
    writer = new_page(user=(name, "x@example.org"))
    writer.goto(server.url)
    connected(writer)
    reader = enter(new_page, server, "tom")
    write(writer, MARKUP)
    for page in (writer, reader):
        sent(page, MARKUP)
        expect(page.locator(".message-name")).to_have_text(name)
        assert page.locator("[role=log] :is(img, script, b, a)").count() == 0
        assert page.evaluate("() => window.harmed") is None
    expect(writer.locator(".side-me")).to_have_text(name)


def test_addresses_become_links_that_tell_nothing_of_this_page(new_page: NewPage, server: Server) -> None:
    page = enter(new_page, server, "paul")
    write(page, "see https://example.org/a_(b).")
    link = page.get_by_role("link", name="https://example.org/a_(b)", exact=True)
    expect(link).to_have_attribute("href", "https://example.org/a_(b)")
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    expect(link).to_have_attribute("target", "_blank")


def test_a_name_that_turns_the_writing_direction_does_not_disturb_its_row(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    page = new_page()
    page.goto(server.url)
    name, email = page.get_by_label("User name"), page.get_by_label("E-mail")
    email.fill("x@example.org")
    for unseen in ("\u202egnp.exe", "\u200b\u2060"):
        name.fill(unseen)
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_have_text("Choose a name that can be seen.")
        name.fill("")
    name.fill("מאיה 12")
    page.keyboard.press("Enter")
    connected(page)
    write(page, "hello")
    sent(page, "hello")
    name, time = page.locator(".message-name").bounding_box(), page.locator(".message-time").bounding_box()
    assert name["x"] + name["width"] <= time["x"]


#: A PNG of one pixel.
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


class Pictures(http.server.BaseHTTPRequestHandler):
    """A picture service that knows maya alone."""

    def do_GET(self) -> None:
        known = hashlib.sha256(b"maya@example.org").hexdigest() in self.path
        self.send_response(200 if known else 404)
        self.send_header("Content-Type", "image/png")
        self.end_headers()
        self.wfile.write(PICTURE if known else b"")

    def log_message(self, *args: object) -> None:
        """Say nothing."""


def test_pictures_come_through_the_server_and_letters_stand_in_for_those_who_have_none(
    new_page: NewPage, serve: Serve
) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pictures) as service:
        threading.Thread(target=service.serve_forever, daemon=True).start()
        server = serve(AVATARS="gravatar", GRAVATAR_URL=f"http://127.0.0.1:{service.server_port}/")
        maya, tom = enter(new_page, server, "maya"), enter(new_page, server, "tom")
        maya.expected_console = tom.expected_console = [r"Failed to load resource: .* 404"]
        write(maya, "with a picture")
        sent(tom, "with a picture")
        write(tom, "without")
        for page in (maya, tom):
            sent(page, "without")
            picture = row(page, "with a picture").locator(".avatar img")
            expect(picture).to_have_js_property("naturalWidth", 1)
            assert picture.get_attribute("src").startswith("/avatar/")
            expect(row(page, "without").locator(".avatar img")).to_have_count(0)
            expect(row(page, "without").locator(".avatar")).to_have_text("TO")
        service.shutdown()
