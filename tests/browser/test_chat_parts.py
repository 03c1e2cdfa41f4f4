"""The parts of the chat page: Markdown, reactions, the emoji picker, search, people, settings, keys, notifications."""

import json
import re
from typing import Any

from playwright.sync_api import expect

from tests.browser.chat_page import PHONE, NewPage, Serve, composer, connected, enter, row, sent, talk, write
from tests.browser.contexts import CLIPBOARD
from tests.browser.log_page import Violations
from tests.conftest import Server

CODE = "for attempt in backoff(limit=6):\n    if send(batch): break"


def message(page: Any, text: str) -> Any:
    """The message that holds this text."""
    return page.locator(".message", has=page.locator(".message-text", has_text=text))


def confirmed(page: Any, text: str) -> Any:
    """The same, waited for."""
    found = message(page, text)
    expect(found).to_have_class(re.compile(r"\bis-sent\b"))
    return found


def bar(page: Any, text: str) -> Any:
    """The bar of what can be done with the message, shown."""
    confirmed(page, text).hover()
    return message(page, text).get_by_role("toolbar")


def dialog(page: Any) -> Any:
    return page.locator("dialog[open]")


# Text.


def test_markdown_is_drawn(new_page: NewPage, serve: Serve, violations: Violations) -> None:
    server = serve()
    maya, tom = enter(new_page, server, "maya"), enter(new_page, server, "tom", color_scheme="dark")
    for text in (
        "**重要**：请看 *this* and `ls -l`, snake_case 2*3*4 [the page](https://example.org/a)",
        f"to do:\n- one\n- **two**\n\n3. three\n> said\n```python\n{CODE}\n```",
    ):
        composer(maya).fill(text)
        maya.keyboard.press("Enter")
    for page in (maya, tom):
        first = confirmed(page, "重要")
        expect(first.locator("strong")).to_have_text("重要")
        expect(first.locator("em")).to_have_text("this")
        expect(first.locator("code")).to_have_text("ls -l")
        expect(first.locator(".message-text")).to_contain_text("snake_case 2*3*4")
        link = first.get_by_role("link", name="the page")
        expect(link).to_have_attribute("href", "https://example.org/a")
        expect(link).to_have_attribute("target", "_blank")
        expect(link).to_have_attribute("rel", "noopener noreferrer")
        second = confirmed(page, "to do:")
        expect(second.locator("ul li")).to_have_text(["one", "two"])
        expect(second.locator("ol li")).to_have_attribute("value", "3")
        expect(second.locator("blockquote")).to_have_text("said")
        expect(second.locator("pre code")).to_have_text(CODE, use_inner_text=True)
        expect(second.locator(".rich-language")).to_have_text("python")
        assert violations(page) == []


HOSTILE = (
    "[a](javascript:window.harmed=1) [b](data:text/html,x) **<img src=x onerror=window.harmed=1>** "
    "`<script>window.harmed=1</script>` [https://bank.example](https://evil.example) <b>{{ harmed }}</b>"
)


def test_nothing_in_markdown_is_ever_markup(new_page: NewPage, server: Server) -> None:
    page = enter(new_page, server, "maya")
    write(page, HOSTILE)
    text = confirmed(page, "javascript").locator(".message-text")
    expect(text).to_contain_text("[a](javascript:window.harmed=1) [b](data:text/html,x) <img src=x onerror=window.harmed=1>")
    assert text.locator("img, script, b, iframe").count() == 0
    for link in text.get_by_role("link").all():
        assert link.get_attribute("href") in ("https://bank.example/", "https://evil.example/")
        assert link.inner_text().rstrip("/") in (link.get_attribute("href") or "")
    assert page.evaluate("() => window.harmed") is None


def test_a_code_block_copies_its_code_on_https_and_on_http(new_page: NewPage, server: Server) -> None:
    for has_clipboard in (True, False):
        page = new_page(user=("maya", "maya@example.org"), **CLIPBOARD)
        if not has_clipboard:  # as on a page of plain http
            page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
        page.goto(server.url)
        connected(page)
        write(page, f"```\n{CODE}\n```")
        code = page.locator(".message", has=page.locator(".rich-code")).last
        expect(code).to_have_class(re.compile(r"\bis-sent\b"))
        code.hover()
        code.get_by_role("button", name="Copy").click()
        expect(code.get_by_role("button", name="Copied")).to_be_visible()
        composer(page).focus()
        page.keyboard.press("Control+V")
        expect(composer(page)).to_have_value(CODE)
        page.context.close()


def test_long_code_scrolls_in_its_block_and_by_keyboard(new_page: NewPage, server: Server) -> None:
    page = enter(new_page, server, "maya", **PHONE)
    write(page, f"```\n{'x = 1; ' * 60}\n```\nshort")
    block = confirmed(page, "short").locator("pre")
    assert block.evaluate("pre => pre.scrollWidth > pre.clientWidth")
    assert page.get_by_role("log").evaluate("log => log.scrollWidth <= log.clientWidth")
    expect(block).to_have_attribute("tabindex", "0")
    expect(block).to_have_role("region")


def test_mentions_stand_out_most_for_whom_they_mean(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    maya, tom = enter(new_page, server, "maya"), enter(new_page, server, "tom")
    write(maya, "@tom and @nobody, look")
    write(maya, "hello @all")
    for page, mine in ((maya, False), (tom, True)):
        mention = confirmed(page, "look").locator(".rich-mention")
        expect(mention).to_have_text("@tom")
        assert ("is-me" in (mention.get_attribute("class") or "")) is mine
        expect(confirmed(page, "hello").locator(".rich-mention.is-me")).to_have_text("@all")


# Around a message.


def test_reactions_are_counted_named_and_taken_back(new_page: NewPage, serve: Serve, violations: Violations) -> None:
    server = serve()
    maya, tom = enter(new_page, server, "maya"), enter(new_page, server, "tom")
    write(maya, "rolled out")
    bar(tom, "rolled out").get_by_role("button", name="React").click()
    picker = dialog(tom)
    picker.get_by_role("combobox").fill("tada")
    expect(picker.get_by_role("option", selected=True)).to_have_text("🎉")
    tom.keyboard.press("Enter")
    expect(picker).to_have_count(0)
    for page, pressed, names in ((maya, "false", "🎉 1: tom"), (tom, "true", "🎉 1: you")):
        chip = message(page, "rolled out").get_by_role("button", name=names, exact=True)
        expect(chip).to_have_attribute("aria-pressed", pressed)
    chip = message(maya, "rolled out").locator(".reaction").first
    chip.click()
    expect(chip).to_have_accessible_name("🎉 2: tom and you")
    expect(message(tom, "rolled out").locator(".reaction").first).to_have_attribute("title", "maya and you")
    assert violations(maya) == []
    chip.click()
    expect(chip).to_have_text("🎉1")
    message(tom, "rolled out").locator(".reaction").first.click()
    for page in (maya, tom):
        expect(message(page, "rolled out").locator(".reaction")).to_have_count(0)


def test_a_reply_quotes_and_leads_back(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    maya, tom = enter(new_page, server, "maya"), enter(new_page, server, "tom")
    write(maya, "**rolled** out")
    bar(tom, "rolled out").get_by_role("button", name="Reply").click()
    expect(composer(tom)).to_be_focused()
    write(tom, "thanks")
    for page in (maya, tom):
        quote = confirmed(page, "thanks").locator(".quote")
        expect(quote).to_have_text(re.compile("maya: rolled out"))
    message(maya, "thanks").locator(".quote").click()
    expect(message(maya, "rolled out")).to_have_class(re.compile("is-highlighted"))


def test_the_bar_and_its_menu_work_by_keyboard_with_one_stop_a_message(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    page = enter(new_page, server, "maya")
    for text in ("one", "two"):
        write(page, text)
        sent(page, text)
    page.get_by_role("log").focus()
    page.keyboard.press("ArrowUp")
    expect(row(page, "two")).to_be_focused()
    page.keyboard.press("Enter")
    toolbar = row(page, "two").get_by_role("toolbar", name="Message of maya")
    expect(toolbar.get_by_role("button", name="More")).to_be_focused()
    assert toolbar.locator("button[tabindex='0']").count() == 1
    page.keyboard.press("ArrowLeft")
    expect(toolbar.get_by_role("button", name="Edit")).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    menu = page.get_by_role("menu")
    expect(menu.get_by_role("menuitem").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(menu).to_have_count(0)
    expect(toolbar.get_by_role("button", name="More")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowUp")
    expect(menu.get_by_role("menuitem", name="Delete")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog(page)).to_contain_text("Delete")
    page.keyboard.press("Enter")
    expect(row(page, "two")).to_have_count(0)
    expect(row(page, "one")).to_have_count(1)


def test_text_and_link_of_a_message_are_copied(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    page = enter(new_page, server, "maya", **CLIPBOARD)
    write(page, "**bold** words")
    for choice, copied in (("Copy text", "**bold** words"), ("Copy link", f"{server.url}/?room=main&at=")):
        bar(page, "bold words").get_by_role("button", name="More").click()
        page.get_by_role("menuitem", name=choice).click()
        page.wait_for_function("async begin => (await navigator.clipboard.readText()).startsWith(begin)", arg=copied)
    expect(page.locator(".passing-note")).to_be_visible()


def test_a_press_beside_a_menu_closes_it_and_presses_nothing_else(new_page: NewPage, server: Server) -> None:
    page = enter(new_page, server, "maya", **PHONE)
    write(page, "only a tap")
    confirmed(page, "only a tap").get_by_role("button", name="More").last.tap()
    expect(page.get_by_role("menu")).to_be_visible()
    box = page.get_by_role("button", name="Search messages").bounding_box()
    page.touchscreen.tap(box["x"] + 10, box["y"] + 10)
    expect(page.get_by_role("menu")).to_have_count(0)
    expect(page.get_by_role("region", name="Found messages")).to_have_count(0)


def test_a_finger_finds_the_actions_behind_the_three_dots(new_page: NewPage, serve: Serve, violations: Violations) -> None:
    server = serve()
    page = enter(new_page, server, "maya", **PHONE)
    write(page, "on the phone")
    more = confirmed(page, "on the phone").get_by_role("button", name="More")
    box = more.bounding_box()
    assert box["width"] >= 44
    more.tap()
    items = page.get_by_role("menuitem")
    expect(items).to_have_text(["React", "Reply", "Edit", "Copy text", "Copy link", "Delete"])
    for item in items.all():
        assert item.bounding_box()["height"] >= 44
    assert violations(page) == []
    items.filter(has_text="Edit").tap()
    expect(composer(page)).to_have_value("on the phone")


# Emoji.


def test_an_emoji_is_found_and_taken_by_keyboard_alone(new_page: NewPage, server: Server, violations: Violations) -> None:
    page = enter(new_page, server, "maya")
    composer(page).press_sequentially("go ")
    page.get_by_role("button", name="Insert an emoji").focus()
    page.keyboard.press("Enter")
    picker = dialog(page)
    field = picker.get_by_role("combobox")
    expect(field).to_be_focused()
    expect(picker.get_by_role("option")).to_have_count(1870 + 9)
    assert violations(page) == []
    page.keyboard.press("ArrowDown")
    expect(picker.get_by_role("option", selected=True)).to_have_accessible_name("grinning face")
    page.keyboard.press("ArrowRight")
    chosen = picker.get_by_role("option", selected=True)
    expect(chosen).to_have_accessible_name("grinning face with big eyes")
    expect(field).to_have_attribute("aria-activedescendant", chosen.get_attribute("id") or "")
    page.keyboard.type("rocket")
    expect(picker.get_by_role("option").first).to_have_text("🚀")
    assert violations(page) == []
    page.keyboard.press("Enter")
    expect(picker).to_have_count(0)
    expect(composer(page)).to_have_value("go 🚀")
    expect(composer(page)).to_be_focused()
    page.get_by_role("button", name="Insert an emoji").click()
    expect(picker.get_by_role("option").first).to_have_text("🚀")  # used lately
    page.keyboard.type("nosuchthing")
    expect(picker.get_by_text("No emoji has this name.")).to_be_visible()
    page.keyboard.press("Enter")  # nothing to take
    page.keyboard.press("Escape")
    expect(picker).to_have_count(0)
    expect(page.get_by_role("button", name="Insert an emoji")).to_be_focused()
    expect(composer(page)).to_have_value("go 🚀")


def test_emoji_are_found_in_chinese(new_page: NewPage, server: Server) -> None:
    page = enter(new_page, server, "小林", locale="zh-CN")
    page.get_by_role("button", name="插入表情").click()
    picker = dialog(page)
    picker.get_by_role("combobox").fill("火箭")
    expect(picker.get_by_role("option").first).to_have_accessible_name("火箭")


# Search.


def test_search_finds_marks_and_opens_by_keyboard(new_page: NewPage, serve: Serve, violations: Violations) -> None:
    server = serve()
    page = enter(new_page, server, "maya")
    talk(server, "the gateway timed out", "日志里全是 504。", "all **quiet** again", name="ines")
    confirmed(page, "quiet")
    page.get_by_role("log").focus()
    page.keyboard.press("/")
    field = page.get_by_role("searchbox", name="Search messages")
    expect(field).to_be_focused()
    panel = page.get_by_role("region", name="Found messages")
    expect(panel).to_contain_text("from:maya")
    assert violations(page) == []
    page.keyboard.type("全是")
    hits = panel.locator(".hit")
    expect(hits).to_have_count(1)
    expect(hits.locator("mark")).to_have_text("全是")
    field.fill("from:ines")
    expect(hits).to_have_count(3)
    expect(hits.first).to_contain_text("all quiet again")  # the newest first, without markers
    expect(panel.get_by_role("status")).to_have_text("3 messages, the newest first")
    assert violations(page) == []
    page.keyboard.press("ArrowDown")
    expect(hits.first).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(field).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    expect(hits.last).to_be_focused()
    page.keyboard.press("Enter")
    expect(message(page, "timed out")).to_have_class(re.compile("is-highlighted"))
    # The panel covers neither the message nor what can be done with it.
    edge = panel.bounding_box()["x"]
    for part in (message(page, "timed out"), bar(page, "timed out"), composer(page)):
        box = part.bounding_box()
        assert box["x"] + box["width"] <= edge
    field.fill("nosuchword")
    expect(panel.get_by_role("status")).to_have_text("Nothing found.")
    field.fill("before:yesterday")
    expect(panel.locator(".search-state.is-error")).to_be_visible()
    field.press("Escape")
    expect(panel).to_have_count(0)
    expect(field).to_have_value("")


def test_search_on_a_phone_is_a_sheet(new_page: NewPage, serve: Serve, violations: Violations) -> None:
    server = serve()
    page = enter(new_page, server, "maya", **PHONE)
    write(page, "the gateway")
    confirmed(page, "the gateway")
    page.get_by_role("button", name="Search messages").tap()
    panel = page.get_by_role("region", name="Found messages")
    box = panel.bounding_box()
    assert (box["x"], box["y"], box["width"]) == (0, 0, 390)
    page.get_by_role("searchbox").fill("gate")
    expect(panel.locator(".hit mark")).to_have_text("gate")
    assert violations(page) == []
    panel.locator(".hit").tap()
    expect(panel).to_have_count(0)
    expect(message(page, "the gateway")).to_be_in_viewport()


# People.


def test_who_is_here_is_told_at_the_right_and_on_a_phone_behind_the_count(
    new_page: NewPage, serve: Serve, violations: Violations
) -> None:
    server = serve()
    maya, tom = enter(new_page, server, "maya"), enter(new_page, server, "tom", **PHONE)
    column = maya.locator(".right")
    expect(column.get_by_role("heading", name="Here now, 2")).to_be_visible()
    expect(column.get_by_role("listitem")).to_have_text(["mayayou", re.compile("^tom")])
    tom.get_by_role("button", name="Here now, 2").tap()
    sheet = dialog(tom)
    expect(sheet.get_by_role("listitem")).to_have_count(2)
    assert violations(tom) == []
    sheet.get_by_role("button", name=re.compile("^maya")).tap()
    expect(sheet).to_have_count(0)
    expect(tom.locator(".head-title")).to_have_text("maya")
    column.get_by_role("button", name=re.compile("^tom")).click()
    expect(maya.locator(".head-title")).to_have_text("tom")


def test_who_writes_is_told_and_nothing_moves(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    maya, tom = enter(new_page, server, "maya"), enter(new_page, server, "tom")
    place = composer(maya).bounding_box()["y"]
    composer(tom).press_sequentially("hel")
    line = maya.locator(".typing.is-on")
    expect(line).to_have_text("tom is typing…")
    assert composer(maya).bounding_box()["y"] == place
    assert line.evaluate("line => !line.closest('[aria-live], [role=status], [role=log]')")


# Windows.


def test_settings_work_at_once_and_are_kept(new_page: NewPage, serve: Serve, violations: Violations) -> None:
    server = serve()
    page = enter(new_page, server, "maya")
    page.get_by_role("button", name="Settings").click()
    window = page.get_by_role("dialog", name="Settings")
    assert violations(page) == []
    window.get_by_role("radio", name="Dark").check()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert violations(page) == []
    window.get_by_role("switch", name=re.compile("Quiet")).check()
    window.get_by_role("switch", name="Sound").check()  # sounds once, which must not be refused
    window.get_by_role("radio", name="Nothing").check()
    expect(window.get_by_text("nothing counts in the title")).to_be_visible()
    window.get_by_role("radio", name="中文").check()
    window = page.get_by_role("dialog", name="设置")
    expect(window).to_be_visible()
    page.keyboard.press("Escape")
    expect(window).to_have_count(0)
    page.reload()
    connected(page)
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="设置").click()
    expect(window.get_by_role("radio", name="不通知")).to_be_checked()
    expect(window.get_by_role("switch", name=re.compile("安静"))).to_be_checked()
    page.mouse.click(5, 5)  # beside it
    expect(window).to_have_count(0)
    expect(page.get_by_role("button", name="设置")).to_be_focused()


def test_the_keyboard_map_opens_with_a_question_mark(new_page: NewPage, server: Server, violations: Violations) -> None:
    page = enter(new_page, server, "maya")
    composer(page).press_sequentially("?")
    expect(composer(page)).to_have_value("?")
    page.get_by_role("log").focus()
    page.keyboard.press("?")
    window = page.get_by_role("dialog", name="Keyboard")
    expect(window).to_contain_text("Search messages")
    assert violations(page) == []
    page.keyboard.press("/")  # the page's keys wait
    expect(window).to_be_visible()
    page.keyboard.press("Escape")
    expect(window).to_have_count(0)
    expect(page.get_by_role("log")).to_be_focused()


# Being told.

MUTED = json.dumps(json.dumps({"main": "muted"}))
FIRED = "() => fired.map(({ title, options }) => [title, options.body, options.silent])"
#: A browser that asks, shows nothing, and remembers; and a page that can be hidden.
FAKE_BROWSER = """
window.asked = 0;
window.fired = [];
window.Notification = class {
  static permission = sessionStorage.getItem("test.permission") || "default";
  static async requestPermission() {
    window.asked += 1;
    sessionStorage.setItem("test.permission", "granted");
    return (this.permission = "granted");
  }
  constructor(title, options) { Object.assign(this, { title, options }); window.fired.push(this); }
  close() { this.closed = true; }
};
window.away = false;
Object.defineProperty(document, "hidden", { get: () => window.away });
window.hide = (away) => { window.away = away; document.dispatchEvent(new Event("visibilitychange")); };
"""


def test_notifications_are_asked_for_and_fired(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    maya = new_page(user=("maya", "maya@example.org"), changed=True)
    maya.context.add_init_script(FAKE_BROWSER)
    maya.goto(server.url)
    connected(maya)
    tom = enter(new_page, server, "tom")
    maya.get_by_role("button", name="Settings").click()
    window = maya.get_by_role("dialog", name="Settings")
    assert maya.evaluate("() => asked") == 0
    window.get_by_role("button", name="Allow notifications").click()
    expect(window.get_by_text("The browser allows it.")).to_be_visible()
    assert maya.evaluate("() => asked") == 1
    maya.keyboard.press("Escape")
    write(tom, "@maya while you look")
    confirmed(maya, "while you look")
    other = maya.context.new_page()
    other.goto(server.url)
    connected(other)
    other.evaluate("() => { Notification.permission = 'granted'; }")
    for page in (maya, other):
        page.evaluate("() => hide(true)")
    write(tom, "nobody in particular")
    write(tom, "@maya **look** at `this`")

    for page in (maya, other):
        confirmed(page, "look at this")
    for page in (maya, other):  # both have made up their minds
        page.wait_for_function("() => (JSON.parse(localStorage.getItem('chatapp.notify.told')) || []).length === 1")
    told = maya.evaluate(FIRED) + other.evaluate(FIRED)
    assert told == [["tom in #main", "@maya look at this", True]]
    expect(maya).to_have_title(re.compile(r"^\(2\) "))
    expect(maya.locator("link[rel=icon]")).to_have_attribute("href", re.compile("^data:image/png"))
    teller = next(page for page in (maya, other) if page.evaluate("() => fired.length") == 1)
    teller.evaluate("() => { fired[0].onclick(); hide(false); }")
    expect(message(teller, "look at this")).to_be_in_viewport()
    for page in (maya, other):
        page.evaluate("() => hide(false)")
        expect(page).to_have_title(re.compile(r"^[^(]"))


def test_a_muted_room_tells_nothing_and_does_not_count(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    maya = new_page(user=("maya", "maya@example.org"))
    maya.add_init_script(FAKE_BROWSER.replace('"default"', '"granted"'))
    maya.add_init_script(f"localStorage.setItem('chatapp.notify.rooms', {MUTED})")
    maya.goto(server.url)
    connected(maya)
    tom = enter(new_page, server, "tom")
    maya.evaluate("() => hide(true)")
    write(tom, "@maya muted")
    confirmed(maya, "muted")
    tom.locator(".right").get_by_role("button", name=re.compile("^maya")).click()
    expect(tom.locator(".head-title")).to_have_text("maya")
    write(tom, "only to you")
    maya.wait_for_function("() => fired.length > 0")
    assert maya.evaluate(FIRED) == [["tom", "only to you", True]]
    expect(maya).to_have_title(re.compile(r"^\(1\) "))
    maya.evaluate("() => fired[0].onclick()")
    expect(maya.locator(".head-title")).to_have_text("tom")
