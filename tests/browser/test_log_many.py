"""Several files on one page, much in one file, and a connection that breaks again and again."""

import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.browser.log_page import CUT, NewPage, Serve, append, figure, file, line, look, shows

__all__ = ["file"]  # a fixture

#: How often the page's connection is cut in mid-stream.
CUTS = 25
#: In the page: the sockets it opens can be cut by a test.
REMEMBER_SOCKETS = """(() => {
    const Real = WebSocket;
    window.sockets = [];
    window.WebSocket = class extends Real {
        constructor(...args) {
            super(...args);
            window.sockets.push(this);
        }
    };
})()"""


def stamped(second: int, text: str) -> str:
    return f"2026-11-23 03:40:{second:02},000 INFO {text}"


def test_several_files_are_merged_by_time_and_then_by_arrival(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    one, two = server.logs_dir / "one.log", server.logs_dir / "two.log"
    append(one, stamped(10, "a"), stamped(12, "c"), stamped(14, "e"))
    append(two, stamped(11, "b"), stamped(13, "d"))
    page = new_page()
    page.goto(f"{server.url}/logs?file=one.log&file=two.log")
    shows(page, *(stamped(10 + at, text) for at, text in enumerate("abcde")))
    colours = page.evaluate(
        "() => [...document.querySelectorAll('.log-line')].map((row) => getComputedStyle(row, '::before').backgroundColor)"
    )
    assert colours[0] == colours[2] != colours[1]
    append(two, stamped(20, "late"))
    expect(line(page, stamped(20, "late"))).to_be_visible()
    append(one, stamped(15, "later, but of an earlier time"))
    expect(page.locator(".log-line").last).to_have_text(stamped(15, "later, but of an earlier time"))
    # One of them alone again, and back.
    page.locator(".log-file").filter(has_text="two.log").click()
    shows(page, stamped(11, "b"), stamped(13, "d"), stamped(20, "late"))
    page.go_back()
    expect(page.locator(".log-line")).to_have_count(7)
    expect(page).to_have_url(re.compile(r"file=one\.log&file=two\.log"))


def test_a_connection_that_breaks_again_and_again_loses_and_doubles_nothing(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    paths = [server.logs_dir / "one.log", server.logs_dir / "two.log"]
    for path in paths:
        append(path, f"{path.stem} begins")
    page = new_page()
    page.expected_console = CUT
    page.add_init_script(REMEMBER_SOCKETS)
    page.goto(f"{server.url}/logs?file=one.log&file=two.log")
    expect(page.locator(".log-line")).to_have_count(2)
    written = 0
    enough = threading.Event()

    def write() -> None:
        nonlocal written
        while not enough.wait(0.004):
            written += 1
            for path in paths:
                append(path, f"{path.stem} {written:06}")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for cut in range(CUTS):
            before = page.evaluate("() => sockets.length")
            kept = int(figure(page, "kept").inner_text().replace(",", ""))
            page.wait_for_function(
                "kept => Number(document.querySelector('.log-figure.is-kept b').textContent.replace(',', '')) > kept",
                arg=kept,
            )
            if cut % 10 == 9:
                server.kill()
                server.start()
            else:
                page.evaluate("() => sockets.at(-1).close()")
            page.wait_for_function(
                "before => { dispatchEvent(new Event('online')); return sockets.length > before }", arg=before
            )
            page.wait_for_function("() => sockets.at(-1).readyState === 1")
    finally:
        enough.set()
        writer.join()
    for path in paths:
        expect(line(page, f"{path.stem} {written:06}")).to_be_visible()
    shown = lines_of_the_store(page)
    for path in paths:
        assert [text for text in shown if text.startswith(path.stem)] == [
            f"{path.stem} begins",
            *(f"{path.stem} {number:06}" for number in range(1, written + 1)),
        ]
    expect(page.locator(".log-notice")).to_have_count(0)


def lines_of_the_store(page: Any) -> list[str]:
    """All lines that the page has, seen or not: as a reader would get them, by the clipboard."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("log").focus()
    page.keyboard.press("Control+a")
    page.wait_for_function("() => document.getSelection().toString().length > 0")
    page.keyboard.press("Control+c")
    text: str = page.evaluate("() => navigator.clipboard.readText()")
    return text.splitlines()


#: In the page: how long each frame took, since this was run.
WATCH_FRAMES = """() => {
    window.frames_ = [];
    let last = performance.now();
    const next = (now) => { frames_.push(now - last); last = now; requestAnimationFrame(next); };
    requestAnimationFrame(next);
}"""


def test_20_000_lines_a_second_leave_the_page_quick_and_nothing_is_lost(
    new_page: NewPage, server: Any, file: Path, record_property: Callable[[str, object], None]
) -> None:
    seconds, rate = 8, 20_000
    page = look(new_page, server, file.name)
    page.evaluate(WATCH_FRAMES)
    began = time.monotonic()
    written = 0
    with file.open("a") as stream:
        while written < seconds * rate:
            due = min(int((time.monotonic() - began) * rate), seconds * rate)
            lines = (
                f"2026-11-23 03:40:12,123 INFO shop: order {number:08} paid {'x' * 50}\n" for number in range(written, due)
            )
            stream.write("".join(lines))
            stream.flush()
            written = due
            page.wait_for_timeout(20)
    frames = sorted(page.evaluate("() => frames_"))
    expect(page.locator(".log-line").filter(has_text=f"order {written - 1:08} ")).to_be_in_viewport()
    expect(figure(page, "kept")).to_have_text(f"{written:,}")
    per_second = len(frames) / sum(frames) * 1000
    record_property("frames a second", per_second)
    assert per_second >= 15, f"{per_second:.0f} frames a second, the slowest took {frames[-1]:.0f} ms"
    assert page.locator(".log-line").count() < 200


def test_a_million_rows_high_the_page_scrolls_to_both_ends(new_page: NewPage, server: Any, file: Path) -> None:
    """Wrapped lines are many rows high: together they are higher than a browser draws an element."""
    page = look(new_page, server, file.name, width=360, height=600)
    page.evaluate("() => localStorage.setItem('chatapp.logs', JSON.stringify({ wrap: true }))")
    page.reload()
    expect(page.locator(".head-context")).to_contain_text("following since")
    with file.open("a") as stream:
        for first in range(0, 20_000, 1000):
            stream.write("".join(f"{number:06} {'wide ' * 200}\n" for number in range(first, first + 1000)))
            stream.flush()
    expect(page.locator(".log-line").filter(has_text="019999 ")).to_be_in_viewport(timeout=20_000)
    view = page.get_by_role("log")
    assert view.evaluate("view => view.scrollHeight") <= 8_000_000
    page.keyboard.press("Home")
    expect(page.locator(".log-line").filter(has_text="000000 ")).to_be_in_viewport()
    view.evaluate("view => { view.scrollTop = view.scrollHeight / 2 }")
    expect(page.locator(".log-line").filter(has_text=re.compile("^0(09|10)"))).not_to_have_count(0)
    page.keyboard.press("End")
    expect(page.locator(".log-line").filter(has_text="019999 ")).to_be_in_viewport()
