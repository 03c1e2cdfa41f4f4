"""The search in whole files on the page, against the server's own: hits, going to them, rotated files, and looks."""

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.browser import samples
from tests.browser.log_page import PHONE, NewPage, Serve, Violations, accessible, append, file, line, look, numbered, stream

__all__ = ["file"]  # a fixture


def search(page: Any, text: str) -> Any:
    """Search from the keyboard; the panel."""
    page.keyboard.press("/")
    panel = page.get_by_role("region", name=re.compile("Search"))
    panel.locator("input[type=text]").fill(text)
    page.keyboard.press("Enter")
    return panel


def test_a_search_finds_what_the_page_does_not_have_and_goes_there(new_page: NewPage, server: Any, file: Path) -> None:
    lines = numbered(1, 9000)
    for at in (100, 4000, 8990):
        lines[at] += " needle"
    append(file, *lines)
    page = look(new_page, server, file.name)
    expect(line(page, "line 09000")).to_be_in_viewport()
    panel = search(page, "NEEDLE")
    hits = panel.locator(".log-hit")
    expect(hits).to_have_count(3)
    expect(hits.first).to_contain_text("line 08991 needle")  # the newest first
    # From the keyboard: the same again is the next one, and the arrow leads to the list.
    page.keyboard.press("Enter")
    expect(hits.nth(0)).to_have_attribute("aria-current", "true")
    page.keyboard.press("Enter")
    expect(hits.nth(1)).to_have_attribute("aria-current", "true")
    expect(line(page, "line 04001 needle")).to_be_in_viewport()
    page.keyboard.press("ArrowDown")
    expect(hits.nth(0)).to_be_focused()
    page.keyboard.press("Escape")
    expect(stream(page)).to_be_focused()
    page.keyboard.press("/")
    hits.last.click()
    expect(line(page, "line 00101 needle")).to_be_in_viewport()
    expect(line(page, "line 00101 needle")).to_have_class(re.compile("is-lit"))
    expect(page.locator(".is-lit mark")).to_have_text("needle")
    expect(line(page, "line 00100")).to_be_in_viewport()  # with what stands around it
    stream(page).focus()
    page.keyboard.press("N")
    expect(line(page, "line 04001 needle")).to_be_in_viewport()
    page.go_back()
    expect(line(page, "line 00101 needle")).to_be_in_viewport()
    page.keyboard.press("End")
    expect(line(page, "line 09000")).to_be_in_viewport()


def test_on_a_phone_a_hit_is_seen_and_escape_after_typing_is_no_error(new_page: NewPage, server: Any, file: Path) -> None:
    append(file, *numbered(1, 3000))
    page = look(new_page, server, file.name, **PHONE)
    panel = search(page, "line 0000")
    panel.locator(".log-hit").last.tap()
    expect(panel).to_have_count(0)
    expect(page.locator(".is-lit")).to_have_text("line 00001")
    expect(page.locator(".is-lit")).to_be_in_viewport()
    page.keyboard.press("n")
    expect(page.get_by_text("No further hit").first).to_be_attached()
    page.keyboard.press("N")
    expect(page.locator(".is-lit")).to_have_text("line 00002")
    page.keyboard.press("/")
    panel.locator("input[type=text]").press_sequentially("abc")
    page.keyboard.press("Escape")  # the fixture looks for errors
    expect(panel).to_have_count(0)
    expect(stream(page)).to_be_focused()


def test_more_hits_than_the_server_tells_at_once(new_page: NewPage, server: Any, file: Path) -> None:
    append(file, *(f"needle {number:04}" for number in range(1500)))
    page = look(new_page, server, file.name)
    panel = search(page, "needle")
    status, hits = panel.get_by_role("status"), panel.locator(".log-hit")
    expect(status).to_have_text("The first 1,000 hits")
    expect(hits).to_have_count(300)
    for more, shown in ((300, 600), (300, 900), (100, 1000)):
        panel.get_by_role("button", name=f"Show {more} more").click()
        expect(hits).to_have_count(shown)
    expect(hits.last).to_contain_text("needle 0500")
    hits.last.click()
    # The next one is looked for where the search had stopped.
    stream(page).focus()
    page.keyboard.press("n")
    expect(page.locator(".is-lit")).to_have_text("needle 0499")
    expect(status).to_have_text("1,500 hits")
    expect(panel.locator("[aria-current=true]")).to_contain_text("needle 0499")


def test_a_search_reaches_rotated_files(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    append(server.logs_dir / "app.log.1", *numbered(1, 3000), "the needle of yesterday")
    append(
        server.logs_dir / "app.log",
        *numbered(
            1,
            10,
        ),
    )
    page = look(new_page, server, "app.log")
    panel = search(page, "needle")
    expect(panel.get_by_role("status")).to_contain_text(re.compile("no|0", re.IGNORECASE))
    panel.get_by_role("checkbox").check()
    expect(panel.locator(".log-hit")).to_have_count(1)
    panel.locator(".log-hit").click()
    expect(line(page, "the needle of yesterday")).to_be_in_viewport()


def test_where_nothing_that_is_kept_passes_the_whole_file_can_be_searched(
    new_page: NewPage, server: Any, file: Path, violations: Violations
) -> None:
    append(file, "A line of the Needle, 8 mm", *numbered(1, 5000))
    page = look(new_page, server, file.name)
    page.get_by_label("not", exact=True).fill("line")
    expect(page.get_by_role("button", name="Show all")).to_be_visible()
    whole = page.get_by_role("button", name="Search the whole file")
    expect(whole).to_have_count(0)  # there is nothing to look for
    page.get_by_label("not", exact=True).fill("")
    page.get_by_label("only", exact=True).fill(r"needle, \d+ mm")
    only = page.locator(".log-field", has=page.get_by_label("only", exact=True))
    only.get_by_role("button", name=re.compile("pattern", re.IGNORECASE)).click()
    expect(whole).to_be_visible()
    accessible(page, violations)
    whole.click()
    panel = page.get_by_role("region", name=re.compile("Search"))
    expect(panel.locator(".log-hit")).to_have_text("A line of the Needle, 8 mm")
    panel.locator(".log-hit").click()
    expect(line(page, "A line of the Needle, 8 mm")).to_be_in_viewport()


def test_a_bad_pattern_is_told_in_the_panel(new_page: NewPage, server: Any, file: Path) -> None:
    append(file, "something")
    page = look(new_page, server, file.name)
    page.expected_console = ["status of 400"]
    page.keyboard.press("/")
    panel = page.get_by_role("region", name=re.compile("Search"))
    panel.get_by_role("button", name=re.compile("pattern", re.IGNORECASE)).click()
    panel.locator("input[type=text]").fill("(")
    page.keyboard.press("Enter")
    expect(panel.get_by_role("status")).to_contain_text("can't be used")


def test_axe_finds_nothing_in_search_windows_and_several_files(
    new_page: NewPage, serve: Serve, violations: Violations
) -> None:
    server = serve()
    samples.write_logs(server.logs_dir)
    page = new_page()
    page.goto(f"{server.url}/logs?file=app.log&file=nginx/access.log&mark=failed")
    expect(page.locator(".log-line").last).to_be_visible()
    panel = search(page, "failed")
    expect(panel.locator(".log-hit").first).to_be_visible()
    panel.locator(".log-hit").nth(2).click()
    expect(page.locator(".is-lit")).to_be_in_viewport()
    accessible(page, violations)
    page.keyboard.press("Escape")
    for key in ("?", "g"):
        stream(page).focus()
        page.keyboard.press(key)
        expect(page.get_by_role("dialog")).to_be_visible()
        accessible(page, violations)
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Log settings").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    accessible(page, violations)
