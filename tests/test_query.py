"""The text of a search: words, quoted words, filters, and the sentences for what can't be understood."""

import datetime
import time
import unicodedata

import pytest

from chatapp.chat import grams
from chatapp.chat.messages import BadMessage
from chatapp.chat.query import MAX_WORDS, Query, fold_words, parse


def ms(date: str) -> int:
    return int(datetime.datetime.fromisoformat(date + "T00:00:00+00:00").timestamp() * 1000)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("deploy", Query(("deploy",))),
        ("  the  Deploy ", Query(("the", "Deploy"))),
        ('"two words"', Query(("two words",))),
        ('a "two  words" b', Query(("a", "two  words", "b"))),
        ('"not closed', Query(("not closed",))),
        ('say"s', Query(('say"s',))),
        ('"a"b', Query(("a", "b"))),
        ('"" x', Query(("x",))),
        ("日志 错误", Query(("日志", "错误"))),
        ("日志\u3000错误", Query(("日志", "错误"))),
        ("from:maya", Query((), ("maya",))),
        ("From:Maya late", Query(("late",), ("maya",))),
        ('from:"Maya  Li" x', Query(("x",), ("maya li",))),
        ("from:maya from:bob", Query((), ("maya", "bob"))),
        ("from\uff1a小明", Query((), ("小明",))),
        ("in:dev", Query((), (), ("dev",))),
        ("in:#Dev x in:ops", Query(("x",), (), ("Dev", "ops"))),
        ('"from:maya"', Query(("from:maya",))),
        ("http://example.org/?a=b has:link", Query(("http://example.org/?a=b", "has:link"))),
        ("before:2026-11-24", Query(until=ms("2026-11-24"))),
        ("after:2026-11-24", Query(since=ms("2026-11-25"))),
        ("after:2026-1-5 before:2026-02-01 x", Query(("x",), since=ms("2026-01-06"), until=ms("2026-02-01"))),
        ('before:"2026-11-24" before:2026-10-01 before:2027-01-01', Query(until=ms("2026-10-01"))),
        ("after:2026-11-24 after:2025-01-01", Query(since=ms("2026-11-25"))),
        ("after:9999-12-31 x", Query(("x",), since=ms("9999-12-31") + 86_400_000)),
        # Nothing is an operator.
        (
            "a OR b AND NOT -c NEAR(d) e* ^f text:g",
            Query(("a", "OR", "b", "AND", "NOT", "-c", "NEAR(d)", "e*", "^f", "text:g")),
        ),
        ("(", Query(("(",))),
    ],
)
def test_it_is_read(text: str, query: Query) -> None:
    assert parse(text) == query


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "Write what to look for"),
        ('  "" "  ', "Write what to look for"),
        ("from:", "Write a name after from:"),
        ("from: maya", "Write a name after from:"),
        ('x from:""', "Write a name after from:"),
        ("In:", "Write a room after in:"),
        ("after:", "Write a date after after:"),
        ("before:yesterday", "for example before:2026-11-24"),
        ("before:2026-02-30", '"2026-02-30" is no date'),
        ("after:24.11.2026", "year, month and day, for example after:2026-11-24"),
        ("after:0000-01-01", "is no date"),
        ("before:٢٠٢٦-١١-٢٤", "is no date"),
        (" ".join(map(str, range(MAX_WORDS + 1))), f"at most {MAX_WORDS} words"),
    ],
)
def test_what_cant_be_understood_is_told_in_a_sentence(text: str, part: str) -> None:
    with pytest.raises(BadMessage) as caught:
        parse(text)
    assert caught.value.code == "bad_query"
    assert part in str(caught.value)


def test_a_message_matches_when_everything_does() -> None:
    query = parse("Deploy from:MAYA after:2026-11-23 before:2026-11-25")
    noon = ms("2026-11-24") + 43_200_000
    assert query.matches("Maya", noon, "we DEPLOYED it")
    assert not query.matches("Maya", noon, "we did it")
    assert not query.matches("May", noon, "deploy")
    assert query.matches("maya", ms("2026-11-24"), "deploy")
    assert not query.matches("maya", ms("2026-11-24") - 1, "deploy"), "after begins with the day after"
    assert query.matches("maya", ms("2026-11-25") - 1, "deploy")
    assert not query.matches("maya", ms("2026-11-25"), "deploy"), "before ends with the day before"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Straße", "STRASSE"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("МОСКВА", "москва"),
        ("café", unicodedata.normalize("NFD", "CAFÉ")),
        ("ＡＢＣ１２３", "abc123"),
        ("ﾊﾞﾅﾅ", "バナナ"),
        ("한국", unicodedata.normalize("NFD", "한국")),
        ("ﬁne", "FINE"),
        ("a\0b", "A\x1fb"),
    ],
)
def test_texts_that_are_written_differently_fold_to_one(one: str, other: str) -> None:
    assert grams.fold(one) == grams.fold(other)
    assert grams.fold(grams.fold(one)) == grams.fold(one)


def test_folding_tells_different_letters_apart() -> None:
    assert len({grams.fold(letter) for letter in "eéèêëеё日曰"}) == len("eéèêëеё日曰")


def test_words_are_compared_once_each() -> None:
    assert fold_words(("A", "a", "b")) == ("a", "b")


@pytest.mark.parametrize("crowd", ["\u0315\u0300" * 20_000, "\u0300\uff9e" * 20_000, "a" + "\u0323\u0300" * 20_000])
def test_a_text_of_nothing_but_marks_holds_nobody_up(crowd: str) -> None:
    """Composed as a whole it takes seconds, in which nothing else runs."""
    began = time.thread_time()
    grams.fold(crowd)
    assert time.thread_time() - began < 0.5, "seconds of the processor"
    assert grams.fold("e" + "\u0301" * 40).startswith("é")


def test_a_chinese_character_is_a_piece_and_a_word_is_where_its_pieces_are() -> None:
    assert len(grams.grams("日")) == 1
    assert len(grams.grams("日志")) == 4
    assert grams.grams("ok") == grams.grams("é") == grams.grams("") == []
    assert set(grams.grams("志")) <= set(grams.grams("日志错"))
    assert len(grams.grams("x" * 1000)) == 1
    assert len(grams.grams("".join(map(chr, range(0x4E00, 0x4F00))))) <= grams.MAX_GRAMS


def test_rooms_and_names_are_pieces_that_no_text_has() -> None:
    tags = {grams.room_gram(key) for key in (0, 1, 2, 1 << 20, (1 << 40) - 1)}
    tags |= {grams.name_gram(grams.name_number(name)) for name in ("ann", "bob", "小明")}
    assert len(tags) == 8
    assert {len(tag) for tag in tags} == {grams.GRAM_CHARS}
    everything = grams.indexed("".join(chr(code) for code in range(0x20000) if not 0xD800 <= code < 0xE000))
    assert max(everything) < "\u0100" <= min(tag[0] for tag in tags)
