"""Several files on one page, much in one file, and a connection that breaks again and again.

What is timed, and what takes long, is for `make timed`; the short forms look only whether a line is lost.
"""

import re
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.contexts import CLIPBOARD
from tests.browser.log_page import CUT, NewPage, Serve, append, figure, file, line, look, shows

__all__ = ["file"]  # a fixture

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


@pytest.mark.parametrize("cuts", [8, pytest.param(100, marks=[pytest.mark.timed, pytest.mark.timeout(600)])])
def test_a_connection_that_breaks_again_and_again_loses_and_doubles_nothing(
    new_page: NewPage, serve: Serve, cuts: int
) -> None:
    """Every fourth time the server is killed."""
    server = serve()
    paths = [server.logs_dir / "one.log", server.logs_dir / "two.log"]
    for path in paths:
        append(path, f"{path.stem} begins")
    page = new_page(**CLIPBOARD)
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
        for cut in range(cuts):
            before = page.evaluate("() => sockets.length")
            page.wait_for_function(
                "kept => Number(document.querySelector('.log-figure.is-kept b').textContent.replaceAll(',', '')) > kept",
                arg=number_in(page, "kept"),
            )
            if cut % 4 == 3:
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
    expect(figure(page, "kept")).to_have_text(f"{2 * written + 2:,}", timeout=20_000)
    shown = lines_of_the_store(page)
    for path in paths:
        assert [text for text in shown if text.startswith(path.stem)] == [
            f"{path.stem} begins",
            *(f"{path.stem} {number:06}" for number in range(1, written + 1)),
        ]
    assert len(shown) == 2 * written + 2
    expect(page.locator(".log-notice")).to_have_count(0)


def number_in(page: Any, name: str) -> int:
    """A figure of the foot."""
    return int(figure(page, name).inner_text().replace(",", ""))


def lines_of_the_store(page: Any) -> list[str]:
    """All lines that the page has, seen or not: as a reader would get them, by the clipboard."""
    page.get_by_role("log").focus()
    page.keyboard.press("Control+a")
    page.wait_for_function("() => document.getSelection().toString().length > 0")
    page.keyboard.press("Control+c")
    text: str = page.evaluate("() => navigator.clipboard.readText()")
    return text.splitlines()


def paid(number: int) -> str:
    return f"2026-11-23 03:40:12,123 INFO shop: order {number:08} paid {'x' * 50}"


def test_of_a_flood_no_line_is_lost_and_few_are_drawn(new_page: NewPage, server: Any, file: Path) -> None:
    page = look(new_page, server, file.name)
    for first in range(0, 20_000, 500):
        append(file, *map(paid, range(first, first + 500)))
    expect(line(page, paid(19_999))).to_be_in_viewport(timeout=20_000)
    expect(figure(page, "kept")).to_have_text("20,000")
    assert page.locator(".log-line").count() < 200
    page.keyboard.press("Home")
    expect(line(page, paid(0))).to_be_in_viewport()
    page.get_by_label("only", exact=True).fill("order 00017777")
    shows(page, paid(17_777))


#: In the page: how long each frame took, since this was run.
WATCH_FRAMES = """() => {
    window.frames_ = [];
    let last = performance.now();
    const next = (now) => { frames_.push(now - last); last = now; requestAnimationFrame(next); };
    requestAnimationFrame(next);
}"""


@pytest.mark.timed
@pytest.mark.timeout(300)
def test_20_000_lines_a_second_for_a_minute_leave_the_page_quick_and_its_memory_flat_and_no_line_is_lost(
    new_page: NewPage, server: Any, file: Path
) -> None:
    seconds, rate = 60, 20_000
    page = look(new_page, server, file.name, **CLIPBOARD)
    devtools = page.context.new_cdp_session(page)

    def heap() -> float:
        """Megabytes that are in use when all rubbish is gone."""
        devtools.send("HeapProfiler.collectGarbage")
        return float(devtools.send("Runtime.getHeapUsage")["usedSize"] / 1e6)

    heaps: list[float] = []
    page.evaluate(WATCH_FRAMES)
    began = time.monotonic()
    written = 0
    while written < seconds * rate:
        due = min(int((time.monotonic() - began) * rate), seconds * rate)
        append(file, *map(paid, range(written, due)))
        written = due
        # The page keeps 200,000 lines: it is full after ten seconds.
        if written >= (20, 40, 59)[min(len(heaps), 2)] * rate and len(heaps) < 3:
            heaps.append(heap())
        page.wait_for_timeout(20)
    frames = sorted(page.evaluate("() => frames_"))
    expect(line(page, paid(written - 1))).to_be_in_viewport(timeout=20_000)
    assert number_in(page, "kept") + number_in(page, "let-go") == written
    assert page.locator(".log-line").count() < 200
    held = lines_of_the_store(page)
    assert held == [paid(number) for number in range(written - len(held), written)]
    per_second = len(frames) / sum(frames) * 1000
    print(
        f"{per_second:.0f} frames a second, the slowest {frames[-1]:.0f} ms, one in a hundred over"
        f" {frames[len(frames) * 99 // 100]:.0f} ms; heap {', '.join(f'{each:.0f}' for each in heaps)} MB"
    )
    assert per_second >= 30
    assert heaps[2] < heaps[0] * 1.1


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
