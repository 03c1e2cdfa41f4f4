"""The past of a log on the page: scrolling back, jumping, links to a line, skipped and cut lines."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.contexts import CLIPBOARD
from tests.browser.log_page import (
    CUT,
    NewPage,
    Serve,
    append,
    at_end,
    come_back,
    figure,
    file,
    line,
    look,
    notice,
    numbered,
    pill,
    scroll_up,
    stream,
    until,
)

__all__ = ["file"]  # a fixture

#: More than the page asks for at first.
MANY = 4000


@pytest.fixture
def long_file(file: Path) -> Path:
    append(file, *numbered(1, MANY))
    return file


def test_scrolling_up_goes_back_to_the_first_line(new_page: NewPage, server: Any, long_file: Path) -> None:
    page = look(new_page, server, long_file.name)
    expect(line(page, "line 04000")).to_be_in_viewport()
    expect(figure(page, "kept")).to_have_text("1,000")
    stream(page).hover()
    until(page, lambda: page.mouse.wheel(0, -5000), "line 00001")
    expect(figure(page, "kept")).to_have_text("4,000")
    expect(page.locator(".log-head")).to_have_text("Beginning of the file")
    append(long_file, "something new")
    expect(pill(page)).to_have_text("1 new line")
    pill(page).click()
    expect(line(page, "something new")).to_be_in_viewport()
    at_end(page)


def test_what_is_read_stays_where_it_is_while_older_lines_come(new_page: NewPage, server: Any, long_file: Path) -> None:
    page = look(new_page, server, long_file.name)
    expect(line(page, "line 04000")).to_be_in_viewport()
    page.keyboard.press("Home")
    # The page of older lines has come, and the first one that was there is still in view, where it was.
    expect(figure(page, "kept")).to_have_text("2,000")
    expect(line(page, "line 03001")).to_be_in_viewport()
    before = line(page, "line 03001").bounding_box()
    append(long_file, *numbered(MANY + 1, MANY + 50))
    expect(pill(page)).to_have_text("50 new lines")
    assert line(page, "line 03001").bounding_box() == before


def test_a_link_to_a_line_shows_that_line_and_the_newest_are_a_key_away(
    new_page: NewPage, server: Any, long_file: Path
) -> None:
    page = look(new_page, server, long_file.name, **CLIPBOARD)
    expect(line(page, "line 04000")).to_be_in_viewport()
    scroll_up(page, 600)
    wanted = page.locator(".log-line").nth(30)
    text = wanted.inner_text()
    wanted.hover()
    page.get_by_role("button", name="Link to this line").click()
    expect(page).to_have_url(re.compile(r"[?&]at=.+"))
    address = page.evaluate("() => navigator.clipboard.readText()")
    other = new_page()
    other.goto(address)
    expect(line(other, text)).to_be_in_viewport()
    expect(line(other, text)).to_have_class(re.compile("is-lit"))
    expect(other.locator(".head-context")).not_to_contain_text("following since")
    append(long_file, "something new")
    other.keyboard.press("End")
    expect(line(other, "something new")).to_be_in_viewport()
    expect(other.locator(".head-context")).to_contain_text("following since")
    expect(other).not_to_have_url(re.compile(r"[?&]at="))


def test_a_reload_comes_back_to_the_line_that_was_read(new_page: NewPage, server: Any, long_file: Path) -> None:
    page = look(new_page, server, long_file.name)
    expect(line(page, "line 04000")).to_be_in_viewport()
    stream(page).hover()
    until(page, lambda: page.mouse.wheel(0, -500), "line 02900")
    expect(page).to_have_url(re.compile(r"[?&]at="))
    page.wait_for_function(
        "() => { const at = location.href; return new Promise(r => setTimeout(() => r(at === location.href), 500)); }"
    )
    top = page.evaluate(
        """() => {
            const { top } = document.querySelector("[role=log]").getBoundingClientRect();
            const rows = [...document.querySelectorAll(".log-line")];
            return rows.find((row) => row.getBoundingClientRect().top >= top).textContent;
        }"""
    )
    page.reload()
    expect(line(page, top)).to_be_in_viewport()


def test_scrolling_back_over_rotations_gives_each_line_once(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    path = server.logs_dir / "app.log"
    append(path, *(f"oldest {text}" for text in numbered(1, 1500)))
    page = look(new_page, server, "app.log", **CLIPBOARD)
    for name in ("old", "new"):
        if name == "new":
            path.with_suffix(".log.1").rename(path.with_suffix(".log.2"))
        path.rename(path.with_suffix(".log.1"))
        append(path, *(f"{name} {text}" for text in numbered(1, 30)))
        expect(line(page, f"{name} line 00030")).to_be_in_viewport()
    expect(notice(page, "was rotated").last.get_by_role("button")).to_have_text("open app.log.1")
    stream(page).hover()
    until(page, lambda: page.mouse.wheel(0, -5000), "oldest line 00001")
    expect(page.locator(".log-head")).to_have_text("Beginning of the file")
    stream(page).focus()
    page.keyboard.press("Control+a")
    page.wait_for_function("() => document.getSelection().toString().length > 0")
    page.keyboard.press("Control+c")
    assert page.evaluate("() => navigator.clipboard.readText()").splitlines() == [
        *(f"oldest {text}" for text in numbered(1, 1500)),
        *(f"old {text}" for text in numbered(1, 30)),
        *(f"new {text}" for text in numbered(1, 30)),
    ]


def test_a_line_that_is_gone_is_said_to_be(new_page: NewPage, server: Any, file: Path) -> None:
    append(file, "of today")
    page = new_page()
    page.expected_console = ["status of 4(04|10)"]
    page.goto(f"{server.url}/logs?file={file.name}&at=no-such-generation:10")
    expect(line(page, "of today")).to_be_visible()
    expect(page.locator(".passing-note, .log-head")).not_to_have_count(0)


def test_down_from_the_past_the_page_follows_again(new_page: NewPage, server: Any, long_file: Path) -> None:
    page = look(new_page, server, long_file.name)
    expect(line(page, "line 04000")).to_be_in_viewport()
    page.keyboard.press("g")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    dialog.get_by_role("textbox").fill("2500")
    page.keyboard.press("Enter")
    expect(line(page, "line 02500")).to_be_in_viewport()
    expect(pill(page)).to_be_visible()
    stream(page).hover()
    until(page, lambda: page.mouse.wheel(0, 500), "line 04000")
    append(long_file, "something new")
    page.keyboard.press("End")
    expect(line(page, "something new")).to_be_in_viewport()
    page.go_back()
    expect(line(page, "line 04000")).to_be_visible()


def test_a_cut_line_is_fetched_whole(new_page: NewPage, server: Any, file: Path) -> None:
    page = look(new_page, server, file.name)
    append(file, "short", "long " + "x" * 100_000 + " end")
    more = page.locator(".log-more")
    expect(more).to_have_text(re.compile("whole line"))
    more.click()
    expect(page.locator(".log-line").last).to_have_text(re.compile("^long x+ end$"))
    expect(more).to_have_count(0)


def test_a_server_that_comes_back_is_read_on_from_while_one_reads_the_past(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    path = server.logs_dir / "app.log"
    append(path, *numbered(1, 3000))
    page = look(new_page, server, "app.log")
    page.expected_console = CUT
    expect(line(page, "line 03000")).to_be_in_viewport()
    stream(page).hover()
    until(page, lambda: page.mouse.wheel(0, -500), "line 01900")
    server.kill()
    append(path, *numbered(3001, 3100))
    come_back(page, server)
    expect(pill(page)).to_have_text("100 new lines")
    page.keyboard.press("End")
    expect(line(page, "line 03100")).to_be_in_viewport()
