"""The log page in a real browser against a real server and real files: what people watch logs for, what happens to files."""

import os
import re
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.browser import samples
from tests.browser.contexts import CLIPBOARD
from tests.browser.log_page import (
    CUT,
    PHONE,
    NewPage,
    Serve,
    Violations,
    accessible,
    all_lines,
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
    shows,
    stream,
)

__all__ = ["file"]  # a fixture


# Following.


def test_appended_lines_are_followed(new_page: NewPage, server: Any, file: Path) -> None:
    append(file, "there before")
    page = look(new_page, server, file.name)
    shows(page, "there before")
    append(file, "one", "two")
    shows(page, "there before", "one", "two")
    append(file, *numbered(1, 200))
    expect(line(page, "line 00200")).to_be_in_viewport()
    at_end(page)
    expect(figure(page, "kept")).to_have_text("203")
    # Half a line is none yet.
    with file.open("a") as half:
        half.write("first half, ")
        half.flush()
        append(file, "second half")
    expect(line(page, "first half, second half")).to_be_in_viewport()


def test_the_first_file_is_shown_and_another_can_be_chosen(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    (server.logs_dir / "web").mkdir()
    append(server.logs_dir / "app.log", "of the app")
    append(server.logs_dir / "web" / "access.log", "of the web")
    page = new_page()
    page.goto(f"{server.url}/logs")
    shows(page, "of the app")
    expect(page).to_have_url(re.compile(r"\?file=app\.log$"))
    files = page.locator(".log-file")
    expect(files).to_have_count(2)
    expect(files.first).to_have_attribute("aria-current", "true")
    files.filter(has_text="web/access.log").focus()
    page.keyboard.press("Enter")
    shows(page, "of the web")
    expect(page).to_have_url(re.compile(r"\?file=web/access\.log$"))
    expect(page).to_have_title(re.compile("web/access.log"))
    append(server.logs_dir / "app.log", "not for now")
    append(server.logs_dir / "web" / "access.log", "more of the web")
    shows(page, "of the web", "more of the web")
    # There and back, faster than the server answers: no line twice, none of the other file.
    files.first.evaluate(
        "item => { const [app, web] = document.querySelectorAll('.log-file'); app.click(); web.click(); app.click(); }"
    )
    shows(page, "of the app", "not for now")
    append(server.logs_dir / "new.log", "of a new file")
    expect(files).to_have_count(3)
    page.reload()
    shows(page, "of the app", "not for now")


def test_a_file_that_may_not_be_shown_is_said_to_be(new_page: NewPage, server: Any, file: Path) -> None:
    append(file, "something")
    page = new_page()
    page.goto(f"{server.url}/logs?file=../../etc/passwd")
    expect(page.locator(".empty")).to_contain_text("Choose another")
    page.locator(".log-file").filter(has_text=file.name).click()
    shows(page, "something")


def test_text_from_a_file_stays_text(new_page: NewPage, server: Any, file: Path) -> None:
    page = look(new_page, server, file.name)
    evil = "<script>document.title = 'bad'</script><img src=x onerror=\"document.title = 'bad'\"> {{ 7 * 7 }} &amp; </div>"
    append(file, evil)
    shows(page, evil)
    page.get_by_label("mark", exact=True).fill("<img")
    expect(page.locator(".log-line mark")).to_have_text("<img")
    shows(page, evil)
    assert page.title() != "bad"


def test_what_a_terminal_would_hide_is_shown(new_page: NewPage, server: Any, file: Path) -> None:
    page = look(new_page, server, file.name)
    with file.open("ab") as bytes_of_file:
        bytes_of_file.write(b"\x1b[31mred\x1b[0m alert\r\nnul \x00 bell \x07\ttab\nbad \xff byte\n")
    shows(page, "red alert", "nul \u2400 bell \u2407\ttab", "bad \ufffd byte")
    expect(page.locator(".log-watched")).to_have_text("UTF-8 · inotify")
    file.write_bytes("\ufeffschön\n".encode("utf-16-le"))
    page.reload()
    shows(page, "schön")
    expect(page.locator(".log-watched")).to_have_text("UTF-16-LE · inotify")


# Reading: pause, scroll, select, clear.


def test_pause_keeps_new_lines_and_follow_shows_them(new_page: NewPage, server: Any, file: Path) -> None:
    append(file, "before")
    page = look(new_page, server, file.name)
    shows(page, "before")
    page.get_by_role("button", name="Pause").click()
    append(file, "one", "two")
    expect(pill(page)).to_have_text("2 new lines")
    expect(figure(page, "kept")).to_have_text("3")
    shows(page, "before")
    page.get_by_role("button", name="Follow").click()
    shows(page, "before", "one", "two")
    expect(pill(page)).to_have_count(0)


def test_scrolling_up_stops_following_and_what_is_read_stays(new_page: NewPage, server: Any, file: Path) -> None:
    append(file, *numbered(1, 500))
    page = look(new_page, server, file.name)
    expect(line(page, "line 00500")).to_be_in_viewport()
    scroll_up(page, 600)
    read = line(page, "line 00450")
    expect(read).to_be_in_viewport()
    place = read.bounding_box()
    append(file, *numbered(501, 740))
    expect(pill(page)).to_have_text("240 new lines")
    assert read.bounding_box() == place
    # The pill counts on, and the line being read is where it was.
    append(file, *numbered(741, 7000))
    expect(pill(page)).to_have_text("6,500 new lines")
    assert read.bounding_box() == place
    pill(page).click()
    expect(line(page, "line 07000")).to_be_in_viewport()
    at_end(page)
    expect(pill(page)).to_have_count(0)
    expect(figure(page, "kept")).to_have_text("7,000")
    append(file, "after it")
    expect(line(page, "after it")).to_be_in_viewport()


def test_keys_that_go_up_stop_following_and_end_follows_again(new_page: NewPage, server: Any, file: Path) -> None:
    append(file, *numbered(1, 300))
    page = look(new_page, server, file.name)
    expect(line(page, "line 00300")).to_be_in_viewport()
    stream(page).focus()
    for key in ("ArrowUp", "PageUp", "Home"):
        page.keyboard.press(key)
        expect(page.get_by_role("button", name="Follow")).to_be_visible()
        append(file, f"news after {key}")
        expect(pill(page)).to_have_text("1 new line")
        page.keyboard.press("End")
        expect(line(page, f"news after {key}")).to_be_in_viewport()
        expect(page.get_by_role("button", name="Pause")).to_be_visible()
        at_end(page)


def test_a_selection_stops_following_and_copies_plain_lines(new_page: NewPage, server: Any, file: Path) -> None:
    lines = [f"2026-11-23 03:40:{second:02},123 ERROR shop: payment {second} failed" for second in range(60)]
    append(file, *lines)
    page = look(new_page, server, file.name, "&mark=failed")
    expect(line(page, lines[59])).to_be_in_viewport()
    line(page, lines[58]).click(click_count=3)
    expect(page.get_by_role("button", name="Follow")).to_be_visible()
    append(file, *numbered(1, 300))
    expect(pill(page)).to_have_text("300 new lines")
    assert page.evaluate("() => document.getSelection().toString().trim()") == lines[58]
    assert all_lines(page)[:60] == lines


def clipboard(page: Any) -> str:
    page.keyboard.press("Control+c")
    text: str = page.evaluate("() => navigator.clipboard.readText()")
    return text


def test_copying_gives_whole_lines_also_where_a_part_is_shown(new_page: NewPage, server: Any, file: Path) -> None:
    long = "ERROR long " + "x" * 5000 + " end"
    lines = ["first", long, "  as the one above", "last"]
    append(file, *lines)
    page = look(new_page, server, file.name, "&mark=ERROR", **CLIPBOARD)
    expect(page.locator(".log-line")).to_have_count(4)
    all_lines(page)
    assert clipboard(page).splitlines() == lines
    # From within one row to within another, with the words that are only read out left away.
    select = """([[first, from], [last, to]]) => {
        const rows = document.querySelectorAll(".log-line");
        const texts = (row) => [...row.childNodes].filter((node) => node.nodeType === 3 && node.data);
        getSelection().setBaseAndExtent(texts(rows[first]).at(-1), from, texts(rows[last]).at(-1), to);
    }"""
    page.evaluate(select, [[0, 2], [2, 4]])
    assert clipboard(page) == f"rst\n{long}\n  as"
    page.evaluate(select, [[2, 2], [2, 4]])
    assert clipboard(page) == "as"
    page.locator(".log-line mark").dblclick()
    assert clipboard(page).strip() == "ERROR"
    page.locator(".log-line").nth(1).click(click_count=3)
    assert clipboard(page).strip() == long


def test_the_rest_of_a_long_line_is_in_sight_and_tells_of_hits(
    new_page: NewPage, server: Any, file: Path, violations: Violations
) -> None:
    append(file, "short", "long " + "x" * 5000 + " needle")
    page = look(new_page, server, file.name)
    more = page.locator(".log-more")
    expect(more).to_have_text("1,012 more characters")
    expect(more).to_be_in_viewport(ratio=1)
    page.get_by_label("mark", exact=True).fill("Needle")
    expect(more).to_have_class(re.compile("has-hit"))
    expect(more).to_have_text("1,012 more characters, with a match")
    accessible(page, violations)
    page.get_by_label("mark", exact=True).fill("long")
    expect(more).not_to_have_class(re.compile("has-hit"))
    page.get_by_label("only", exact=True).fill("needle")
    expect(more).to_have_class(re.compile("has-hit"))
    more.click()
    expect(page.locator(".log-line")).to_contain_text("needle")
    expect(more).to_have_count(0)


def test_a_low_wide_window_has_room_for_lines_beside_the_open_filter(new_page: NewPage, server: Any, file: Path) -> None:
    append(file, *numbered(1, 100))
    page = look(new_page, server, file.name, width=640, height=400)
    page.get_by_role("button", name="Filter", exact=True).click()
    tops = {page.get_by_label(name, exact=True).bounding_box()["y"] for name in ("only", "not", "mark")}
    assert len(tops) == 1
    assert stream(page).bounding_box()["height"] >= 6 * 20


def test_clear_empties_the_page_and_follows_on(new_page: NewPage, server: Any, file: Path) -> None:
    append(file, *numbered(1, 100))
    page = look(new_page, server, file.name)
    expect(line(page, "line 00100")).to_be_in_viewport()
    scroll_up(page, 300)
    page.get_by_role("button", name="Clear").click()
    shows(page)
    expect(figure(page, "kept")).to_have_text("0")
    append(file, "after it")
    shows(page, "after it")
    assert file.read_text().startswith("line 00001\n")


def test_clear_while_paused_drops_nothing_that_waits(new_page: NewPage, server: Any, file: Path) -> None:
    append(file, "before")
    page = look(new_page, server, file.name)
    shows(page, "before")
    page.get_by_role("button", name="Pause").click()
    append(file, "one", "two")
    expect(pill(page)).to_have_text("2 new lines")
    page.get_by_role("button", name="Clear").click()
    shows(page)
    expect(page.locator(".empty")).to_have_text("Paused, 2 new lines")
    page.get_by_role("button", name="Follow").click()
    shows(page, "one", "two")


def test_the_head_says_following_only_when_it_is_so(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    append(server.logs_dir / "app.log", *numbered(1, 300))
    page = look(new_page, server, "app.log")
    page.expected_console = CUT
    head, place = page.locator(".head-context"), page.locator(".log-figure.is-place")
    expect(place).to_have_text("at the end of the file")
    scroll_up(page, 600)
    expect(head).to_contain_text("not following")
    expect(place).to_have_text(re.compile(r"^at [\d.]+% of the file$"))
    page.keyboard.press("End")
    expect(head).to_contain_text("following since")
    expect(place).to_have_text("at the end of the file")
    server.kill()
    expect(head).to_contain_text("not connected")
    expect(place).to_have_count(0)
    come_back(page, server)
    expect(head).to_contain_text("following since")


def test_back_returns_to_the_file_before(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    append(server.logs_dir / "app.log", "of the app", "of both")
    append(server.logs_dir / "web.log", "of the web", "of both")
    page = new_page()
    page.goto(f"{server.url}/logs")
    shows(page, "of the app", "of both")
    page.get_by_label("only", exact=True).fill("both")
    shows(page, "of both")
    expect(page).to_have_url(re.compile(r"\?file=app\.log&only=both$"))
    page.locator(".log-file").filter(has_text="web.log").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("web.log")
    page.get_by_label("only", exact=True).fill("")
    shows(page, "of the web", "of both")
    page.go_back()
    shows(page, "of both")
    expect(page.get_by_role("heading", level=1)).to_have_text("app.log")
    expect(page.get_by_label("only", exact=True)).to_have_value("both")
    page.go_forward()
    shows(page, "of the web", "of both")
    expect(page).to_have_url(re.compile(r"\?file=web\.log$"))


def test_the_keys_do_what_their_tooltips_say(new_page: NewPage, server: Any, file: Path) -> None:
    append(file, "alpha", "beta", "a long line " + "x" * 400)
    page = look(new_page, server, file.name)
    expect(page.locator(".log-line")).to_have_count(3)
    page.keyboard.press(" ")
    expect(page.get_by_role("button", name="Follow")).to_be_visible()
    page.keyboard.press(" ")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    long = page.locator(".log-line").last
    assert long.bounding_box()["height"] < 25
    page.keyboard.press("w")
    page.wait_for_function("() => [...document.querySelectorAll('.log-line')].at(-1).offsetHeight >= 40")
    page.keyboard.press("f")
    only = page.get_by_label("only", exact=True)
    expect(only).to_be_focused()
    page.keyboard.type("beta w/")  # in a field a key is a letter
    expect(only).to_have_value("beta w/")
    only.fill("beta")
    shows(page, "beta")
    page.keyboard.press("Escape")
    expect(only).not_to_be_focused()
    page.reload()
    shows(page, "beta")  # the filter stands in the address, the wrap in the browser
    expect(stream(page)).to_have_class(re.compile("is-wrapped"))


# Filters.


def test_filters_work_on_all_kept_lines_and_take_nothing_away(new_page: NewPage, server: Any, file: Path) -> None:
    lines = ["order 1 paid", "order 2 failed", "Order 3 paid", "heartbeat"]
    append(file, *lines)
    page = look(new_page, server, file.name)
    only, without = page.get_by_label("only", exact=True), page.get_by_label("not", exact=True)
    only.fill("order")
    shows(page, "order 1 paid", "order 2 failed", "Order 3 paid")
    without.fill("failed")
    shows(page, "order 1 paid", "Order 3 paid")
    only.hover()
    page.locator(".log-field").filter(has=only).get_by_role("button").last.click()
    shows(page, "order 1 paid")
    append(file, "order 4 paid", "order 5 failed")
    shows(page, "order 1 paid", "order 4 paid")
    page.reload()
    shows(page, "order 1 paid", "order 4 paid")
    only.fill("nothing like it")
    page.get_by_role("button", name="Show all").click()
    shows(page, *lines, "order 4 paid", "order 5 failed")
    page.get_by_label("mark", exact=True).fill("PAID")
    expect(page.locator(".log-line mark")).to_have_text(["paid", "paid", "paid"])


def test_levels_are_counted_and_switched(new_page: NewPage, server: Any, file: Path) -> None:
    trace = ["Traceback (most recent call last):", '  File "shop.py", line 1, in pay', "TimeoutError: no answer"]
    append(
        file,
        "2026-11-23 03:40:12,123 ERROR payment failed",
        *trace,
        "2026-11-23 03:40:13,000 INFO paid",
        "level=warn msg=slow",
        '{"level":"debug","msg":"pool"}',
    )
    page = look(new_page, server, file.name)
    group = page.get_by_role("group", name="Levels")
    expect(group.get_by_role("button", name="error 1")).to_be_visible()
    expect(group.get_by_role("button", name="warn 1")).to_be_visible()
    for level in ("info", "warn", "debug"):
        group.get_by_role("button", name=f"{level} 1").click()
    # The stack trace belongs to the error above it, and is folded.
    expect(page.locator(".log-line")).to_have_count(1)
    page.locator(".log-more").click()
    expect(page.locator(".log-line.is-error")).to_have_count(4)
    expect(page.locator(".log-line")).to_have_count(4)
    expect(group.get_by_role("button", name="info 1")).to_have_attribute("aria-pressed", "false")
    append(file, "2026-11-23 03:40:14,000 INFO paid")
    expect(group.get_by_role("button", name="info 2")).to_be_visible()
    group.get_by_role("button", name="info 2").click()
    expect(page.locator(".log-line")).to_have_count(6)


# What happens to files.


def test_a_rotation_and_a_truncation_are_said_and_reading_goes_on(new_page: NewPage, server: Any, file: Path) -> None:
    append(file, "the old file")
    page = look(new_page, server, file.name)
    shows(page, "the old file")
    file.rename(file.with_suffix(".log.1"))
    append(file, "the new file")
    shows(page, "the old file", "the new file")
    expect(notice(page, "was rotated at")).to_have_count(1)
    expect(page.get_by_role("button", name=f"open {file.name}.1")).to_be_visible()
    append(file, "more of it")
    shows(page, "the old file", "the new file", "more of it")
    os.truncate(file, 0)
    append(file, "cut")
    shows(page, "the old file", "the new file", "more of it", "cut")
    expect(page.locator(".log-notice")).to_have_count(2)  # each is said once, and nothing else
    # One that was deleted is none of those that were rotated away.
    file.unlink()
    append(file, "another")
    shows(page, "the old file", "the new file", "more of it", "cut", "another")
    expect(notice(page, "is a new file since")).to_have_count(1)
    expect(page.get_by_role("button", name=f"open {file.name}.1")).to_have_count(1)
    file.with_suffix(".log.1").unlink()


def test_a_missing_file_is_waited_for_and_a_deleted_one_is_told(new_page: NewPage, serve: Serve, tmp_path: Path) -> None:
    file = tmp_path / "later.log"
    server = serve(LOGS=str(file))
    page = new_page()
    page.goto(f"{server.url}/logs")
    expect(page.locator(".head-context")).to_contain_text("waiting for the file")
    expect(page.locator(".empty")).to_contain_text("later.log does not exist yet")
    expect(page.locator(".log-file")).to_contain_text("not there yet")
    append(file, "here it is")
    shows(page, "here it is")
    expect(page.locator(".head-context")).to_contain_text("following since")
    file.unlink()
    expect(notice(page, "was deleted")).to_have_count(1)
    expect(page.locator(".head-context")).to_contain_text("waiting for a new")
    append(file, "born again")
    shows(page, "here it is", "born again")
    expect(page.locator(".head-context")).to_contain_text("following since")


# Much, and the connection.


def test_a_position_that_is_gone_is_told_as_a_gap(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    file = server.logs_dir / "app.log"
    append(file, "of the old file")
    page = look(new_page, server, file.name)
    page.expected_console = CUT
    shows(page, "of the old file")
    server.kill()
    file.unlink()
    append(server.logs_dir / "other.log", "takes the inode that has become free")
    append(file, "of the new file")
    come_back(page, server)
    shows(page, "of the old file", "of the new file")
    expect(notice(page, "missing")).to_have_count(1)


# Looks, phones, access.


def test_a_phone_folds_the_filters_and_never_scrolls_sideways(new_page: NewPage, server: Any, file: Path) -> None:
    append(file, *("2026-11-23 03:40:12,123 INFO a line that is too long for a phone " + "x" * 300 for _ in range(50)))
    page = look(new_page, server, file.name, **PHONE)
    expect(page.locator(".log-line").last).to_be_in_viewport()

    def fits() -> None:
        assert page.evaluate(
            "() => document.documentElement.scrollWidth <= innerWidth && document.body.scrollWidth <= innerWidth"
        )
        assert stream(page).evaluate("view => view.scrollWidth <= view.clientWidth")

    fits()
    only = page.get_by_label("only", exact=True)
    expect(only).not_to_be_visible()
    page.get_by_role("button", name="Filter", exact=True).click()
    expect(only).to_be_visible()
    fits()
    only.fill("nothing like it")
    expect(page.locator(".log-line")).to_have_count(0)
    only.fill("")
    # Tools that a finger can hit.
    for button in page.locator("button:visible, a:visible, input:visible").all():
        box = button.bounding_box()
        assert box["height"] >= 43.5, f"{button.evaluate('one => one.outerHTML')} is {box['height']} px high"
    page.get_by_role("button", name="Filter", exact=True).click()
    # The date is there for who copies, and takes no room.
    date = page.locator(".log-line").last.locator("span").first
    assert date.bounding_box()["width"] < 100
    page.get_by_role("button", name="Open the menu").click()
    page.locator(".log-file").filter(has_text=file.name).click()
    expect(page.locator(".side.is-open")).to_have_count(0)
    fits()


def test_a_name_is_not_cut_at_the_foot(new_page: NewPage, server: Any, file: Path) -> None:
    page = look(new_page, server, file.name, user=("maya", "maya@example.org"))
    name = page.locator(".side-me")
    expect(name).to_have_text("maya")
    assert name.evaluate("name => name.scrollWidth <= name.clientWidth")


def test_chinese(new_page: NewPage, server: Any, file: Path) -> None:
    append(file, "2026-11-23 03:40:12,123 ERROR 支付失败")
    page = new_page(locale="zh-CN")
    page.goto(f"{server.url}/logs?file={file.name}")
    shows(page, "2026-11-23 03:40:12,123 ERROR 支付失败")
    expect(page.locator(".head-context")).to_contain_text("跟随")
    page.get_by_role("button", name="暂停").click()
    append(file, "一", "二")
    expect(pill(page)).to_have_text(re.compile("2.*新"))


def test_axe_finds_nothing(new_page: NewPage, serve: Serve, violations: Violations) -> None:
    server = serve()
    samples.write_logs(server.logs_dir)
    file = server.logs_dir / "app.log"
    page = look(new_page, server, "app.log", "&mark=payment&hide=debug")
    samples.rotate(file)
    expect(notice(page, "was rotated")).to_be_visible()
    scroll_up(page, 300)
    append(file, "2026-11-23 14:10:00,000 WARN one more")
    expect(pill(page)).to_be_visible()
    accessible(page, violations)
    page.get_by_label("only", exact=True).fill("nothing like it")
    expect(page.locator(".empty")).to_be_visible()
    accessible(page, violations)
    phone = look(new_page, server, "nginx/access.log", **PHONE)
    phone.get_by_role("button", name="Filter", exact=True).click()
    accessible(phone, violations)


def test_a_token_opens_the_logs(new_page: NewPage, serve: Serve, violations: Violations) -> None:
    server = serve(LOG_TOKEN="a-long-secret-token")
    append(server.logs_dir / "app.log", "for those who may")
    page = new_page()
    page.expected_console = [r"status of 40[13]"]
    page.goto(f"{server.url}/logs")
    token = page.locator("input[name=token]")
    expect(token).to_be_focused()
    assert violations(page) == []
    token.fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    assert violations(page) == []
    token.fill("a-long-secret-token")
    page.keyboard.press("Enter")
    shows(page, "for those who may")


def test_a_token_that_was_changed_is_asked_for_again(new_page: NewPage, serve: Serve, violations: Violations) -> None:
    server = serve(LOG_TOKEN="a-long-secret-token")
    append(server.logs_dir / "app.log", "for those who may")
    page = new_page()
    page.expected_console = [*CUT, "status of 401"]
    page.goto(f"{server.url}/logs?file=app.log&only=may")
    page.locator("input[name=token]").fill("a-long-secret-token")
    page.keyboard.press("Enter")
    shows(page, "for those who may")
    server.kill()
    expect(page.get_by_role("status").filter(has_text="Connection lost")).to_be_visible()
    server._settings["LOG_TOKEN"] = "another-secret-token"
    server.start()
    expect(page.get_by_role("status").filter(has_text="The logs want the token.")).to_be_visible(timeout=20_000)
    shows(page, "for those who may")
    assert violations(page) == []
    page.get_by_role("link", name="Enter it").click()
    page.locator("input[name=token]").fill("another-secret-token")
    page.keyboard.press("Enter")
    shows(page, "for those who may")
    expect(page).to_have_url(re.compile(r"\?file=app\.log&only=may$"))
