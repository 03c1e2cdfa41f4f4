"""Filters that the server applies, half lines, skipped lines, errors and hits one goes through, and what is unread."""

import json
import re
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.browser.contexts import CLIPBOARD
from tests.browser.log_page import NewPage, Serve, append, figure, file, line, look, numbered, pill, scroll_up, shows, until

__all__ = ["file"]  # a fixture

#: Remembers what the page sends.
REMEMBER_SENT = """(() => {
    window.sent = [];
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (text) { sent.push(JSON.parse(text)); send.call(this, text); };
})()"""


def test_a_filter_is_applied_by_the_server_and_taken_back_brings_all_again(
    new_page: NewPage, server: Any, file: Path
) -> None:
    append(file, "order 1", "other 1")
    page = new_page()
    page.add_init_script(REMEMBER_SENT)
    page.goto(f"{server.url}/logs?file={file.name}")
    shows(page, "order 1", "other 1")
    only = page.get_by_label("only", exact=True)
    only.press_sequentially("order")
    shows(page, "order 1")  # at once, on what the page has
    page.wait_for_function("() => sent.some(({ type }) => type === 'filter')")
    sent = page.evaluate("() => sent.at(-1)")
    assert sent == {
        "type": "filter",
        "file": file.name,
        "include": {"text": "order", "pattern": False, "case": False},
        "exclude": None,
    }
    append(file, "other 2", "order 2")
    shows(page, "order 1", "order 2")
    expect(figure(page, "kept")).to_have_text("3")  # what does not pass did not come
    only.fill("")
    shows(page, "order 1", "other 1", "other 2", "order 2")


def test_a_pattern_is_the_servers_and_a_bad_one_is_told(new_page: NewPage, server: Any, file: Path) -> None:
    append(file, "order 1", "ORDER 22", "order 333")
    page = look(new_page, server, file.name, "&only=order%20%5Cd%7B2%2C%7D%24&pattern=only")
    shows(page, "ORDER 22", "order 333")
    only = page.get_by_label("only", exact=True)
    only.fill("(?i:ORDER) [[:digit:]]{3}")  # of the server's patterns, none of the browser's
    shows(page, "order 333")
    only.fill("order (")
    expect(page.locator(".log-field").first).to_contain_text('can\'t be used: missing ): "order (".')
    shows(page, "order 333")  # what was there before holds, until it is mended
    append(file, "order 4444", "ORDER 5555", "none")
    only.fill("order ((")
    expect(page.locator(".log-field").first).to_contain_text('"order ((".')
    shows(page, "order 333", "order 4444", "ORDER 5555")
    only.fill("order")
    shows(page, "order 1", "ORDER 22", "order 333", "order 4444", "ORDER 5555")
    expect(page.locator(".log-field").first).not_to_contain_text("can't be used")
    # The sentence stands at the field that is wrong, though the first one is a pattern too.
    without = page.get_by_label("not", exact=True)
    page.get_by_role("button", name="This is a pattern: not").click()
    without.fill("3(2")
    expect(page.locator(".log-field").nth(1)).to_contain_text("can't be used")
    expect(page.locator(".log-field").first).not_to_contain_text("can't be used")


def test_scrolling_back_under_a_filter_shows_only_what_passes(new_page: NewPage, server: Any, file: Path) -> None:
    append(file, *(f"{'order' if number % 50 == 0 else 'other'} {number:05}" for number in range(10_000)))
    page = look(new_page, server, file.name, "&only=order")
    expect(line(page, "order 09950")).to_be_in_viewport()
    until(page, lambda: page.keyboard.press("Home"), "order 00000")
    expect(line(page, "order 00000")).to_be_in_viewport()
    expect(page.locator(".log-line").filter(has_text="other")).to_have_count(0)


def test_half_a_line_is_shown_and_the_whole_one_takes_its_place(new_page: NewPage, server: Any, file: Path) -> None:
    append(file, "whole")
    page = look(new_page, server, file.name)
    shows(page, "whole")
    with file.open("a") as half:
        half.write("half, ")
    expect(page.locator(".log-line.is-partial")).to_contain_text("half, ")
    append(file, "and whole")
    shows(page, "whole", "half, and whole")
    expect(page.locator(".log-line.is-partial")).to_have_count(0)


def test_from_error_to_error_and_from_mark_to_mark(new_page: NewPage, server: Any, file: Path) -> None:
    lines = [f"2026-11-23 03:40:12,123 {'ERROR' if number % 100 == 0 else 'INFO'} order {number}" for number in range(900)]
    append(file, *lines)
    page = look(new_page, server, file.name, "&mark=order 77", **CLIPBOARD)
    expect(line(page, lines[-1])).to_be_in_viewport()
    page.keyboard.press("E")
    expect(page.locator(".is-lit")).to_have_text(lines[800])
    expect(page.locator(".is-lit")).to_be_in_viewport()
    page.keyboard.press("E")
    expect(page.locator(".is-lit")).to_have_text(lines[700])
    page.keyboard.press("e")
    expect(page.locator(".is-lit")).to_have_text(lines[800])
    page.keyboard.press("N")
    expect(page.locator(".is-lit")).to_have_text(lines[779])
    page.keyboard.press("l")
    expect(page.locator(".passing-note")).to_have_text("Link copied")
    assert re.search(
        rf"at=.+:{sum(len(text) + 1 for text in lines[:779])}$", page.evaluate("() => navigator.clipboard.readText()")
    )
    page.keyboard.press("n")
    page.keyboard.press("n")
    expect(page.locator(".passing-note")).to_have_text(re.compile("No further match"))


def test_what_is_unread_stands_in_the_title(new_page: NewPage, server: Any, file: Path) -> None:
    append(file, *numbered(1, 200))
    page = look(new_page, server, file.name)
    expect(line(page, "line 00200")).to_be_in_viewport()
    expect(page).to_have_title(re.compile(f"^{re.escape(file.name)}"))
    scroll_up(page, 600)
    append(file, "one", "two")
    expect(pill(page)).to_have_text("2 new lines")
    expect(page).to_have_title(re.compile(r"^\(2\) "))
    page.keyboard.press("End")
    expect(page).to_have_title(re.compile(f"^{re.escape(file.name)}"))


def test_skipped_lines_can_be_loaded_where_they_are_missing(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    path = server.logs_dir / "app.log"
    append(path, "first")
    page = new_page()
    # It takes a flood for the server to skip lines; here somebody in between does.
    offset = len("first\n")
    skipped = numbered(1, 1500)
    end = offset + sum(len(text) + 1 for text in skipped)
    told: list[bool] = []

    def between(route: Any) -> None:
        upstream = route.connect_to_server()

        def to_page(text: str) -> None:
            said = json.loads(text)
            if said["type"] == "lines" and any(text.startswith("line") for _, text in said["lines"]):
                generation = said["generation"]
                rest = [[at, text] for at, text in said["lines"] if at >= end]
                notice = {"type": "notice", "file": "app.log", "kind": "dropped", "generation": generation, "message": "-"}
                if not told:
                    route.send(json.dumps({**notice, "from": offset, "to": end}))
                told.append(True)
                said["lines"] = rest
                text = json.dumps(said)
            route.send(text)

        upstream.on_message(to_page)

    page.route_web_socket(re.compile("/echo"), between)
    page.goto(f"{server.url}/logs?file=app.log")
    shows(page, "first")
    append(path, *skipped, "last")
    expect(line(page, "last")).to_be_visible()
    notice = page.locator(".log-notice")
    expect(notice).to_contain_text("skipped")
    notice.get_by_role("button").click()
    expect(notice).to_have_count(0)
    expect(figure(page, "kept")).to_have_text("1,502")
