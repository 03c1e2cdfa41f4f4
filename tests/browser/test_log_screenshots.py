"""Pictures of the log page: a file that was just rotated, its errors marked; light, dark, on a phone; several files and a
search."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser import samples
from tests.browser.log_page import PHONE, NewPage, Serve, append, at_end, look, notice


@pytest.mark.screenshots
def test_screenshots(new_page: NewPage, serve: Serve) -> None:
    folder = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    server = serve()
    samples.write_logs(server.logs_dir)

    def page_of_that_day(**options: Any) -> Any:
        page = new_page(timezone_id="UTC", **options)
        page.clock.set_system_time(samples.ROTATED_AT)
        return page

    def picture(page: Any, name: str) -> None:
        page.evaluate("() => document.fonts.ready")
        page.screenshot(path=folder / f"{name}.png")
        assert (folder / f"{name}.png").stat().st_size > 10_000

    wide = look(page_of_that_day, server, "app.log", "&mark=payment failed")
    phone = look(page_of_that_day, server, "app.log", "&mark=payment failed", **PHONE)
    for page in (wide, phone):
        expect(page.locator(".log-line").last).to_be_in_viewport()
    samples.rotate(server.logs_dir / "app.log")
    for page in (wide, phone):
        expect(notice(page, "was rotated")).to_be_visible()
        expect(page.get_by_role("button", name="open app.log.1")).to_be_visible()
        expect(page.locator(".log-older")).to_have_count(1)
    for text in samples.after():
        append(server.logs_dir / "app.log", text)
        wide.wait_for_timeout(200)  # a log that lives, for the figure in the foot
    for page in (wide, phone):
        at_end(page)
    picture(phone, "logs-phone")
    picture(wide, "logs-light")
    wide.emulate_media(color_scheme="dark")
    picture(wide, "logs-dark")
    wide.goto(f"{server.url}/logs?file=app.log&file=nginx/access.log")
    expect(wide.locator(".log-line").last).to_be_visible()
    wide.keyboard.press("/")
    wide.locator(".log-search input[type=text]").fill("502")
    wide.keyboard.press("Enter")
    expect(wide.locator(".log-hit").first).to_be_visible()
    picture(wide, "logs-search")
