"""What is done with messages: edited, deleted, answered, reacted to, meant for somebody, linked to."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.chat_page import (
    CUT,
    NewPage,
    Serve,
    act,
    choose_emoji,
    composer,
    enter,
    room,
    row,
    sent,
    talk,
    texts,
    write,
    write_to,
)
from tests.browser.contexts import CLIPBOARD


@pytest.fixture
def three(new_page: NewPage, serve: Serve) -> tuple[Any, Any, Any]:
    """Pages of maya, tom and ines in one room."""
    server = serve()
    maya, tom, ines = (enter(new_page, server, name) for name in ("maya", "tom", "ines"))
    return maya, tom, ines


@pytest.fixture
def two(new_page: NewPage, serve: Serve) -> tuple[Any, Any]:
    """Pages of maya and tom in one room."""
    server = serve()
    maya, tom = (enter(new_page, server, name) for name in ("maya", "tom"))
    return maya, tom


def reaction(page: Any, emoji: str) -> Any:
    return page.locator(".reaction", has_text=emoji)


def test_three_people_converse(three: tuple[Any, Any, Any]) -> None:
    maya, tom, ines = three
    for page, text in ((maya, "Rolled it out."), (tom, "Thanks."), (ines, "谢谢"), (tom, "All quiet.")):
        write(page, text)
        for each in three:
            sent(each, text)
    for page in three:
        expect(texts(page)).to_have_text(["Rolled it out.", "Thanks.", "谢谢", "All quiet."])
        expect(page.locator(".right .person-name")).to_have_text(
            {maya: ["maya", "ines", "tom"], tom: ["tom", "ines", "maya"], ines: ["ines", "maya", "tom"]}[page]
        )


def test_one_who_writes_is_seen_writing(three: tuple[Any, Any, Any]) -> None:
    maya, tom, ines = three
    composer(tom).press_sequentially("I am")
    expect(maya.get_by_text("tom is typing")).to_be_visible()
    composer(ines).press_sequentially("me too")
    expect(maya.get_by_text(re.compile("tom and ines are typing"))).to_be_visible()
    assert tom.get_by_text("tom is typing").count() == 0
    composer(tom).press("Enter")
    expect(maya.get_by_text("ines is typing")).to_be_visible()
    expect(maya.locator(".typing.is-on")).to_have_count(0, timeout=10_000)


def test_one_s_own_message_is_edited_with_the_arrow_key_and_is_marked(two: tuple[Any, Any]) -> None:
    maya, tom = two
    write(maya, "Rolled 2.4.0 out")
    write(maya, "and the log is quiet")
    sent(tom, "and the log is quiet")
    write(tom, "thanks")
    sent(maya, "thanks")
    composer(maya).press("ArrowUp")
    expect(composer(maya)).to_have_value("and the log is quiet")
    expect(maya.get_by_role("button", name="Save")).to_be_visible()
    maya.keyboard.press("Escape")
    expect(composer(maya)).to_have_value("")
    composer(maya).fill("half written")
    act(maya, "Rolled 2.4.0 out", "Edit")
    expect(composer(maya)).to_be_focused()
    composer(maya).fill("Rolled 2.4.1 out")
    composer(maya).press("Enter")
    expect(composer(maya)).to_have_value("half written")
    for page in two:
        expect(texts(page)).to_have_text(["Rolled 2.4.1 out", "and the log is quiet", "thanks"])
        mark = row(page, "Rolled 2.4.1 out").locator(".message-edited")
        expect(mark).to_have_text("edited")
        expect(mark).to_have_attribute("title", re.compile("Edited .*20"))
    # Nobody can change what others wrote.
    row(tom, "Rolled 2.4.1 out").hover()
    expect(row(tom, "Rolled 2.4.1 out").get_by_role("button", name="Reply")).to_be_visible()
    assert row(tom, "Rolled 2.4.1 out").get_by_role("button", name="Edit").count() == 0


def test_a_deleted_message_is_gone_for_all_and_so_is_the_quote_of_it(two: tuple[Any, Any]) -> None:
    maya, tom = two
    write(maya, "a secret by mistake")
    sent(tom, "a secret by mistake")
    act(tom, "a secret by mistake", "Reply")
    expect(composer(tom)).to_be_focused()
    write(tom, "you may want to delete that")
    sent(maya, "you may want to delete that")
    act(maya, "a secret by mistake", "Delete")
    maya.get_by_role("button", name="Cancel").click()
    sent(maya, "a secret by mistake")
    act(maya, "a secret by mistake", "Delete")
    expect(maya.get_by_role("button", name="Delete message")).to_be_focused()
    maya.keyboard.press("Enter")
    for page in two:
        expect(texts(page)).to_have_text(["This message was deleted", "you may want to delete that"])
        expect(page.get_by_role("log")).not_to_contain_text("secret")
    maya.reload()
    expect(texts(maya)).to_have_text(["This message was deleted", "you may want to delete that"])
    assert "secret" not in maya.content()


def test_an_edit_that_leaves_nothing_asks_whether_to_delete(two: tuple[Any, Any]) -> None:
    maya, tom = two
    write(maya, "oops")
    sent(tom, "oops")
    composer(maya).press("ArrowUp")
    write(maya, "")
    maya.get_by_role("button", name="Delete message").click()
    expect(texts(tom)).to_have_text(["This message was deleted"])
    expect(composer(maya)).to_have_value("")
    expect(maya.locator(".composer-bar")).to_have_count(0)


def test_an_answer_shows_what_it_answers_and_leads_there(two: tuple[Any, Any]) -> None:
    maya, tom = two
    write(maya, "Is **2.4.1** out?")
    sent(tom, "Is 2.4.1 out?")
    act(tom, "Is 2.4.1 out?", "Reply")
    expect(tom.locator(".composer-bar")).to_contain_text("Reply to maya")
    tom.get_by_role("button", name="Don’t reply to it").click()
    expect(tom.locator(".composer-bar")).to_have_count(0)
    act(tom, "Is 2.4.1 out?", "Reply")
    write(tom, "Since noon.")
    for page in two:
        sent(page, "Since noon.")
        expect(page.locator(".quote")).to_contain_text("maya: Is 2.4.1 out?")
    maya.locator(".quote").click()
    expect(row(maya, "Is 2.4.1 out?")).to_have_class(re.compile("is-highlighted"))


def test_reactions_are_counted_once_a_person_and_taken_back(three: tuple[Any, Any, Any]) -> None:
    maya, tom, ines = three
    write(maya, "It is done.")
    sent(tom, "It is done.")
    act(tom, "It is done.", "React")
    choose_emoji(tom, "tada")
    for page in three:
        expect(reaction(page, "🎉")).to_have_text(re.compile(r"1$"))
    reaction(ines, "🎉").click()
    for page in three:
        expect(reaction(page, "🎉")).to_have_text(re.compile(r"2$"))
        expect(reaction(page, "🎉")).to_have_attribute("aria-pressed", "false" if page is maya else "true")
    expect(reaction(maya, "🎉")).to_have_attribute("title", "tom and ines")
    reaction(tom, "🎉").click()
    expect(reaction(maya, "🎉")).to_have_text(re.compile(r"1$"))
    row(ines, "It is done.").hover()
    ines.locator(".reaction.is-add").click()
    choose_emoji(ines, "rocket")
    expect(reaction(maya, "🚀")).to_have_text(re.compile(r"1$"))
    maya.reload()
    expect(maya.locator(".reaction:not(.is-add)")).to_have_count(2)


def test_a_reaction_made_without_a_connection_waits(two: tuple[Any, Any]) -> None:
    maya, tom = two
    tom.expected_console = CUT
    write(maya, "It is done.")
    act(maya, "It is done.", "React")
    choose_emoji(maya, "tada")
    expect(reaction(tom, "🎉")).to_have_text(re.compile(r"1$"))
    tom.context.set_offline(True)
    expect(tom.locator(".banner")).to_be_visible()
    reaction(tom, "🎉").click()
    expect(reaction(tom, "🎉")).to_have_attribute("aria-pressed", "true")
    expect(reaction(maya, "🎉")).to_have_text(re.compile(r"1$"))
    tom.context.set_offline(False)
    for page in (maya, tom):
        expect(reaction(page, "🎉")).to_have_text(re.compile(r"2$"))


def test_mentions_are_completed_stand_out_and_count(three: tuple[Any, Any, Any]) -> None:
    maya, tom, ines = three
    write_to(tom, "ines")  # not looking at the main room
    composer(maya).press_sequentially("look @t")
    options = maya.get_by_role("listbox", name="People").get_by_role("option")
    expect(options).to_have_text([re.compile("tom")])
    maya.keyboard.press("Enter")
    expect(composer(maya)).to_have_value("look @tom ")
    maya.keyboard.type("please")
    maya.keyboard.press("Enter")
    sent(ines, "look @tom please")
    expect(row(ines, "look @tom please").locator(".rich-mention")).to_have_text("@tom")
    expect(row(ines, "look @tom please")).not_to_have_class(re.compile("is-mention"))
    badge = room(tom, "main").locator(".badge")
    expect(badge).to_have_class(re.compile("is-urgent"))
    expect(badge).to_contain_text("@1")
    expect(badge).to_contain_text("1 unread message, 1 for you")
    composer(maya).press_sequentially("@a")
    expect(options.filter(has_text="everybody in this room")).to_have_count(1)
    maya.keyboard.press("Tab")
    maya.keyboard.type("and all of you")
    maya.keyboard.press("Enter")
    expect(row(ines, "@all and all of you")).to_have_class(re.compile("is-mention"))
    room(tom, "main").click()
    expect(row(tom, "look @tom please")).to_have_class(re.compile("is-mention"))
    expect(row(tom, "look @tom please").locator(".rich-mention.is-me")).to_have_count(1)


def test_a_link_to_a_message_is_copied_and_leads_there(new_page: NewPage, serve: Serve) -> None:
    server = serve()
    talk(server, "this one", "and another")
    page = enter(new_page, server, "maya", **CLIPBOARD)
    act(page, "this one", "Copy link")
    expect(page.get_by_text("Link copied").first).to_be_attached()
    address = page.evaluate("() => navigator.clipboard.readText()")
    other = new_page(user=("tom", "tom@example.org"))
    other.goto(address)
    expect(row(other, "this one")).to_have_class(re.compile("is-highlighted"))


def test_markdown_is_drawn_and_line_breaks_are_kept(two: tuple[Any, Any]) -> None:
    maya, tom = two
    write(maya, "**bold** and `code`\nsecond line\n```\nfor x in y:\n    pass\n```")
    message = tom.locator(".message").last
    expect(message.locator("strong")).to_have_text("bold")
    expect(message.locator(".message-text code").first).to_have_text("code")
    expect(message.locator("pre")).to_contain_text("for x in y:\n    pass", use_inner_text=True)
    assert "second line" in message.inner_text().splitlines()
