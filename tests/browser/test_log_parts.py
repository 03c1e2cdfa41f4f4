"""The parts of the log page in a real browser: how lines of real programs look, fields that unfold, stack traces, times,
the filter fields, the bars, the search in whole files, the list of files, the windows; on a phone and in the dark too."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.contexts import CLIPBOARD
from tests.browser.log_page import PHONE, NewPage, Violations, accessible, append, file, look, shows, stream

__all__ = ["file"]  # a fixture

ESC = "\x1b"
PINO = json.dumps(
    {
        "level": 50,
        "time": 1795514060000,
        "pid": 4711,
        "hostname": "web-1",
        "msg": "付款失败",
        "req": {"method": "GET", "url": "/orders/12", "headers": {"host": "shop.example"}},
        "err": {"type": "TimeoutError", "stack": "TimeoutError: no answer\n    at Gateway.send (/srv/gateway.js:12:7)"},
    },
    ensure_ascii=False,
    separators=(",", ":"),
)
LOGFMT = 'time="2026-11-24T09:54:10Z" level=warn msg="pool of connections" in_use=7 size=20 caller=pool.go:17'
TRACE = [
    "2026-11-24 09:54:12,000 ERROR upstream timed out",
    "Traceback (most recent call last):",
    '  File "/srv/shop/pay.py", line 88, in pay',
    "    return gateway(order)",
    '  File "/srv/shop/gateway.py", line 41, in gateway',
    '    raise TimeoutError("no answer")',
    "shop.errors.TimeoutError: no answer",
]
PROGRAMS = [
    '203.0.113.7 - - [24/Nov/2026:09:54:01 +0000] "GET /orders/1 HTTP/1.1" 502 12 "https://shop.example/" "Mozilla/5.0"',
    "2026/11/24 09:54:02 [error] 31#31: *4 connect() failed (111: Connection refused) while connecting to upstream",
    "2026-11-24 09:54:03 status installed libc6:amd64 2.36-9",
    "2026-11-24 09:54:04,123 WARNING gateway slow: 4.2 s (limit 5 s)",
    "2026-11-24 09:54:05.000 DEBUG 1 --- [main] c.acme.Shop : 心跳正常",
    f"{ESC}[31mFAILED{ESC}[0m tests/test_x.py::{ESC}[1mtest_pay{ESC}[0m - {ESC}[38;5;208morange{ESC}[0m"
    f" {ESC}[44;97m on blue {ESC}[0m {ESC}[2mdim{ESC}[0m",
    f"{ESC}[90mnpm{ESC}[39m {ESC}[33mwarn{ESC}[39m deprecated glob@7.2.3, see https://example.org/glob",
    "a bell \x07 and half an escape \x1b[",
    LOGFMT,
    PINO,
    *TRACE,
]


@pytest.fixture(scope="module")
def logs(server: Any) -> Any:
    """The shared server with a folder, rotated files, and enough files for a field that finds one; they stay as they are."""
    folder: Path = server.logs_dir
    (folder / "nginx").mkdir()
    append(folder / "app.log", *PROGRAMS)
    append(
        folder / "app.log.1", "2026-11-23 09:00:00,000 ERROR old payment failed", "2026-11-23 09:00:01,000 INFO old upstream"
    )
    append(folder / "nginx" / "access.log", PROGRAMS[0])
    append(folder / "nginx" / "error.log", PROGRAMS[1])
    for number in range(10):
        append(folder / f"worker-{number}.log", f"2026-11-24 09:54:{number:02},000 INFO worker {number}")
    return server


def of(page: Any, words: str | re.Pattern[str]) -> Any:
    """The row of a line that has these words."""
    return page.locator(".log-line").filter(has_text=words)


@pytest.mark.parametrize("phone", [False, True], ids=["wide", "phone"])
def test_lines_of_real_programs_look_right_and_are_accessible(
    new_page: NewPage, logs: Any, violations: Violations, phone: bool
) -> None:
    page = look(new_page, logs, "app.log", **(PHONE if phone else {}))
    access = of(page, "GET /orders/1")
    expect(access).to_have_class(re.compile("is-error"))
    expect(access.locator(".log-level")).to_have_text("502")
    expect(access.locator(".log-address")).to_have_attribute("href", "https://shop.example/")
    expect(of(page, "connect() failed").locator(".log-level")).to_have_text("error")
    expect(of(page, "status installed").locator(".log-clock")).to_have_text("09:54:03")
    expect(of(page, "gateway slow")).to_have_class(re.compile("is-warn"))
    expect(of(page, "心跳正常")).to_have_class(re.compile("is-debug"))
    expect(of(page, "a bell")).to_contain_text("a bell ␇ and half an escape ␛[")
    failed = of(page, "FAILED tests")
    expect(failed.locator(".ansi-1")).to_have_text("FAILED")
    expect(failed.locator(".ansi-bold")).to_have_text("test_pay")
    # A strict content policy lets these colours through: they are set by script, property by property.
    orange, text = (
        page.evaluate("element => getComputedStyle(element).color", part.element_handle())
        for part in (failed.get_by_text("orange", exact=True), failed)
    )
    assert orange != text
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    accessible(page, violations)


def test_json_unfolds_in_place_and_a_value_is_copied(new_page: NewPage, logs: Any, violations: Violations) -> None:
    page = look(new_page, logs, "app.log", **CLIPBOARD)
    row = of(page, "付款失败")
    expect(row).to_contain_text(re.compile(r"ERROR 付款失败  req=\{…\} err=\{…\} \+2"))
    chip = row.get_by_role("button", name="JSON")
    expect(chip).to_have_attribute("aria-expanded", "false")
    chip.click()
    expect(chip).to_have_attribute("aria-expanded", "true")
    keys = row.locator(".log-pair-key")
    expect(keys).to_have_text(
        ["level", "time", "pid", "hostname", "msg", "req", "method", "url", "headers", "host", "err", "type", "stack"]
    )
    expect(row.locator(".log-pair").last).to_contain_text("at Gateway.send (/srv/gateway.js:12:7)")
    row.get_by_role("button", name="Copy the value of err", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="Copied")).to_have_count(1)
    assert json.loads(page.evaluate("() => navigator.clipboard.readText()"))["type"] == "TimeoutError"
    assert violations(page) == []
    chip.focus()
    page.keyboard.press("Enter")
    expect(keys).to_have_count(0)


def test_logfmt_unfolds_and_a_hidden_hit_is_told(new_page: NewPage, logs: Any) -> None:
    page = look(new_page, logs, "app.log", "&mark=web-1")
    row = of(page, "pool of connections")
    expect(row).to_contain_text("2026-11-24T09:54:10Z WARN  pool of connections  in_use=7 size=20 caller=pool.go:17")
    row.get_by_role("button", name="6 fields").click()
    expect(row.locator(".log-pair-key")).to_have_count(6)
    # The host's name stands in no short form of a line.
    hit = of(page, "付款失败").get_by_role("button", name="JSON")
    expect(hit).to_have_class(re.compile("has-hit"))
    hit.click()
    expect(of(page, "付款失败").locator(".log-pair mark")).to_have_text("web-1")


def test_a_stack_trace_is_folded_to_what_it_tells(new_page: NewPage, logs: Any) -> None:
    page = look(new_page, logs, "app.log")
    chip = of(page, "upstream timed out").get_by_role("button")
    expect(chip).to_contain_text("Traceback, 2 frames: TimeoutError: no answer")
    expect(of(page, "gateway.py")).to_have_count(0)
    chip.click()
    expect(of(page, "gateway.py")).to_have_count(1)
    expect(of(page, TRACE[-1])).to_have_class(re.compile("is-error"))
    chip.click()
    expect(of(page, "gateway.py")).to_have_count(0)


def test_the_settings_change_times_colours_and_size(new_page: NewPage, logs: Any, violations: Violations) -> None:
    page = look(new_page, logs, "app.log", timezone_id="Asia/Shanghai")
    slow = of(page, "connections")
    expect(slow).to_contain_text("2026-11-24T09:54:10Z")
    page.get_by_role("button", name="Log settings").click()
    settings = page.get_by_role("dialog")
    settings.get_by_role("radio", name="Local", exact=True).check()
    expect(slow.locator(".log-clock")).to_contain_text("17:54:10.000")
    settings.get_by_role("radio", name="UTC", exact=True).check()
    expect(slow.locator(".log-clock")).to_contain_text("09:54:10.000")
    settings.get_by_role("radio", name="Ago", exact=True).check()
    expect(slow.locator(".log-clock")).to_contain_text(re.compile("ago|in "))
    expect(page.locator(".ansi-1")).to_have_count(1)
    settings.get_by_role("switch", name="Colours of the program").click()
    expect(page.locator(".ansi-1")).to_have_count(0)
    settings.get_by_role("radio", name="16", exact=True).check()
    expect(slow).to_have_css("font-size", "16px")
    settings.get_by_role("switch", name="Bars of lines over time").click()
    expect(page.locator(".log-hist")).to_have_count(0)
    assert violations(page) == []
    page.reload()  # it is kept
    expect(slow).to_have_css("font-size", "16px")


def test_the_filter_fields_remember_and_tell_what_is_wrong(new_page: NewPage, logs: Any, violations: Violations) -> None:
    page = look(new_page, logs, "app.log")
    only = page.get_by_label("only", exact=True)
    only.fill("gateway")
    only.press("Enter")
    expect(page.locator("#log-field-only-recent option")).to_have_attribute("value", "gateway")
    page.get_by_role("button", name="This is a pattern: only").click()
    only.fill("gate(way")
    problem = page.get_by_role("alert")
    expect(problem).to_contain_text("can't be used")
    expect(only).to_have_attribute("aria-invalid", "true")
    expect(only).to_have_accessible_description(re.compile("can't be used"))
    assert violations(page) == []
    only.fill("GATE(WAY)")
    expect(problem).to_have_count(0)
    expect(of(page, "gateway slow").locator("mark")).to_have_text("gateway")
    page.get_by_role("button", name="Distinguish capital letters: only").click()
    expect(page.locator(".log-line")).to_have_count(0)
    page.get_by_role("button", name="Empty the field only").click()
    expect(of(page, "gateway slow")).to_have_count(1)
    expect(only).to_be_focused()
    page.reload()
    expect(page.locator("#log-field-only-recent option").first).to_have_attribute("value", re.compile("gateway|GATE"))


def test_bars_tell_and_lead_to_their_time(new_page: NewPage, server: Any, file: Path) -> None:
    append(
        file,
        *(
            f"2026-11-24 09:{minute:02}:00,000 {'ERROR' if minute == 30 else 'INFO'} line {minute} {n}"
            for minute in range(60)
            for n in range(9)
        ),
    )
    page = look(new_page, server, file.name)
    strip = page.get_by_role("slider")
    expect(strip).to_have_accessible_name(re.compile("540 lines, 9 errors"))
    strip.focus()
    page.keyboard.press("Home")
    expect(strip).to_have_attribute("aria-valuetext", re.compile("9 lines"))
    while "errors" not in (strip.get_attribute("aria-valuetext") or ""):
        page.keyboard.press("ArrowRight")
    expect(page.locator(".log-hist-tip")).to_contain_text("9 lines")
    page.keyboard.press("Enter")
    expect(of(page, "line 30 0")).to_be_in_viewport()
    box = strip.bounding_box()
    assert box
    page.mouse.click(box["x"] + 3, box["y"] + box["height"] / 2)
    expect(of(page, "line 0 0")).to_be_in_viewport()


def test_the_search_finds_in_rotated_files_and_opens_a_hit(new_page: NewPage, logs: Any, violations: Violations) -> None:
    page = look(new_page, logs, "app.log")
    stream(page).focus()
    page.keyboard.press("/")
    panel = page.get_by_role("region", name="Search the file")
    query = panel.get_by_label("find", exact=True)
    expect(query).to_be_focused()
    query.press_sequentially("upstream")
    page.keyboard.press("Enter")
    expect(panel.get_by_role("status")).to_have_text("2 hits")
    panel.get_by_text("also in rotated files").click()
    expect(panel.get_by_role("status")).to_have_text("3 hits")
    expect(panel.locator("h3 bdi")).to_have_count(2)
    assert violations(page) == []
    hits = panel.locator(".log-hit")
    expect(hits.first.locator("mark")).to_have_text("upstream")
    hits.first.focus()
    page.keyboard.press("End")
    expect(hits.last).to_be_focused()
    page.keyboard.press("Enter")
    expect(hits.last).to_have_attribute("aria-current", "true")
    expect(of(page, "old upstream")).to_have_class(re.compile("is-lit"))
    page.expected_console.append("status of 400")  # the answer to a bad pattern
    panel.get_by_role("button", name="This is a pattern: find").click()
    query.fill("(")
    query.press("Enter")
    expect(panel.get_by_role("status")).to_contain_text("can't be used")
    query.press("Escape")
    expect(panel).to_have_count(0)


def test_the_list_of_files_folds_finds_and_merges(new_page: NewPage, logs: Any, violations: Violations) -> None:
    page = look(new_page, logs, "app.log")
    side = page.locator(".side-list")
    expect(side.get_by_role("link", name="app.log.1")).to_have_count(0)  # below its file
    side.get_by_role("button", name="1 older").click()
    side.get_by_role("button", name="app.log.1").click()
    expect(of(page, "old payment failed")).to_be_in_viewport()
    expect(page.locator(".head-context")).to_have_text("reading app.log.1")
    folder = side.locator(".log-folder-name")
    expect(side.get_by_role("link", name="access.log")).to_be_visible()
    folder.click()
    expect(side.get_by_role("link", name="access.log")).to_have_count(0)
    find = side.get_by_role("searchbox")
    find.fill("worker 7")
    expect(side.locator(".log-file")).to_have_count(1)
    page.get_by_role("button", name="Show worker-7.log together with what is open").click()
    expect(page).to_have_url(re.compile("app.log.*worker-7.log"))
    expect(of(page, "worker 7")).to_be_visible()
    expect(page.get_by_role("button", name="Take worker-7.log out of the view")).to_have_attribute("aria-pressed", "true")
    find.fill("nothing like it")
    expect(side.get_by_role("status")).to_have_text("No file of that name")
    find.fill("")
    assert violations(page) == []
    page.get_by_role("button", name="Take app.log out of the view").click()
    shows(page, "2026-11-24 09:54:07,000 INFO worker 7")


def test_the_list_of_files_is_one_stop_of_the_tab_key(new_page: NewPage, logs: Any) -> None:
    page = look(new_page, logs, "nginx/access.log")
    side = page.locator(".side-list")
    focused = page.locator(":focus")
    side.get_by_role("searchbox").focus()
    page.keyboard.press("Tab")
    expect(focused).to_have_attribute("title", "nginx/access.log")  # what is open
    page.keyboard.press("Tab")
    expect(side.locator(":focus")).to_have_count(0)
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("ArrowUp")
    expect(focused).to_have_class("log-folder-name")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(focused).to_have_attribute("title", "nginx/error.log")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("access.log.*error.log"))
    expect(page.get_by_role("button", name="Take nginx/error.log out of the view")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(focused).to_have_attribute("title", "nginx/error.log")
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    expect(focused).to_have_attribute("title", "nginx/error.log")  # where one was


def test_going_to_a_time_a_line_and_a_place(new_page: NewPage, server: Any, file: Path, violations: Violations) -> None:
    append(file, *(f"2026-11-24 {n // 3600:02}:{n // 60 % 60:02}:{n % 60:02},000 INFO second {n}" for n in range(6000)))
    page = look(new_page, server, file.name)
    dialog = page.get_by_role("dialog")

    def go(text: str) -> None:
        stream(page).focus()
        page.keyboard.press("g")
        dialog.get_by_role("textbox").fill(text)
        page.keyboard.press("Enter")
        expect(dialog).to_have_count(0)

    go("2026-11-24 01:00:05")
    expect(of(page, re.compile(r"second 3605$"))).to_be_in_viewport()
    go("line 1000")
    expect(of(page, re.compile(r"second 999$"))).to_be_in_viewport()
    expect(page.locator(".log-figure.is-place")).to_have_text(re.compile(r"^at 1[67]"))
    go("start")
    expect(of(page, re.compile(r"second 0$"))).to_be_in_viewport()
    stream(page).focus()
    page.keyboard.press("g")
    dialog.get_by_role("textbox").fill("somewhere")
    expect(dialog).to_contain_text("neither a time nor a line")
    assert violations(page) == []
    dialog.get_by_role("textbox").press("Enter")  # not understood: it stays
    dialog.get_by_role("button", name="End", exact=True).click()
    expect(of(page, re.compile(r"second 5999$"))).to_be_in_viewport()


def test_the_keys_are_shown(new_page: NewPage, server: Any, file: Path, violations: Violations) -> None:
    page = new_page(locale="zh-CN")
    page.goto(f"{server.url}/logs?file={file.name}")
    stream(page).focus()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="快捷键")
    expect(dialog).to_contain_text("下一个与上一个错误")
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
