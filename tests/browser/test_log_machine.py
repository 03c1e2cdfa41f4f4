"""Where several machines share a chat, the log page tells whose logs it shows: beside the files, and in the head."""

from playwright.sync_api import expect

from tests.browser.log_page import PHONE, NewPage, Serve, Violations, accessible, append, look, shows

MACHINE = "web-1.chat.example.org"


def test_the_page_tells_which_machine_it_shows(
    new_page: NewPage, serve: Serve, postgres: str, violations: Violations
) -> None:
    server = serve(DATABASE_URL=postgres, MACHINE=MACHINE)
    file = server.logs_dir / "app.log"
    append(file, "from this machine")
    page = look(new_page, server, "app.log")
    shows(page, "from this machine")
    expect(page.get_by_role("heading", level=2)).to_have_text(f"Files on {MACHINE}")
    expect(page.locator(".head-context")).to_contain_text(f"{MACHINE} · 18 bytes · following since")
    expect(page).to_have_title(f"app.log · {MACHINE} · chatapp")
    accessible(page, violations)
    phone = look(new_page, server, "app.log", **PHONE)
    expect(phone.locator(".log-machine")).to_have_text(MACHINE)
    expect(phone.locator(".log-machine")).to_be_in_viewport(ratio=1)
    assert phone.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_the_page_of_a_server_that_is_alone_names_no_machine(new_page: NewPage, serve: Serve) -> None:
    server = serve(MACHINE=MACHINE)
    append(server.logs_dir / "app.log", "alone")
    page = look(new_page, server, "app.log")
    expect(page.get_by_role("heading", level=2)).to_have_text("Files")
    expect(page.locator(".head-context")).not_to_contain_text(MACHINE)
