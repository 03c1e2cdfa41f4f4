"""What a search finds, over a real store: any part of a message, in any script, as it is now, newest first."""

import contextlib
import json
import random
import sqlite3
import time
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import gevent
import pytest

from chatapp.chat import search, search_find
from chatapp.chat.messages import User
from tests.chat_store import ANN, BOB, Place, PostgresPlace, make_room
from tests.conftest import Server
from tests.search_chat import Chat, soon
from tests.v1 import entered


@pytest.fixture
def chat(tmp_path: Path, place: Place) -> Iterator[Chat]:
    """What is found is the same in both databases."""
    chat = Chat(tmp_path, place).follow()
    yield chat
    chat.close()


@pytest.fixture
def filed(tmp_path: Path) -> Iterator[Chat]:
    """One with the index file of SQLite."""
    chat = Chat(tmp_path).follow()
    yield chat
    chat.close()


# What is found.


@pytest.mark.parametrize(
    ("text", "queries"),
    [
        ("The Deployment failed", ["the", "DEPLOY", "ploy", "failed deployment", '"deployment failed"', "e", "d", "fa"]),
        ("日志里有一个错误ok", ["日", "日志", "错误", "误ok", "有一个错", "日 误", "k", "ok"]),
        ("Привет, мир", ["ПРИВЕТ", "мир", "и", "ми"]),
        ("ありがとう 한국어", ["と", "がと", "한", "국어"]),
        ("a 👩‍👩‍👧 b 🎉", ["🎉", "👩‍👩‍👧"]),
        ("cafe\u0301 ÉTÉ", ["café", "CAFE\u0301", "été", "é"]),
        ("ＦＵＬＬ ｗｉｄｔｈ", ["full", "Width"]),
        ('say "hello" (now) OR* never^', ['"hello', '"(now)"', "OR*", "never^", "(", '"say ""hello"', "*"]),
        ("one\ntwo\tthree", ["one", '"one\ntwo"', "two three"]),
        ("before\0after", ["before", "after", "fore\0aft"]),
        ("x", ["x"]),
        ("ж", ["ж", "Ж"]),
        ("100% sure_thing", ["100%", "%", "_", "e_t"]),
    ],
)
def test_a_message_is_found_by_any_part_of_it_in_any_script(chat: Chat, text: str, queries: list[str]) -> None:
    chat.say("something else entirely 其他")
    (pos,) = chat.say(text)
    chat.say("and more of it 更多")
    for query in queries:
        assert pos in chat.find(query), query


@pytest.mark.parametrize(
    ("text", "queries"),
    [
        (
            "The Deployment failed",
            ["the dog", '"failed deployment"', "deployed", "zq", "~", '"the  deployment"', "the OR dog"],
        ),
        ("日志里有一个错误", ["日里", "志日", "错日", "日曰", "木"]),
        ("cafe", ["café", "caf\u0301e"]),
        ("café", ["cafe"]),
        ("abc bcd", ["abcd", "cbc"]),
        ("мир", ["мира", "рм"]),
    ],
)
def test_a_message_without_one_of_the_words_is_not_found(chat: Chat, text: str, queries: list[str]) -> None:
    chat.say(text)
    for query in queries:
        assert chat.find(query) == [], query


def test_many_long_and_many_short_words_are_looked_for_together(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_find, "FIRST_SLICE", 1)
    rng = random.Random(3)
    words = ["".join(rng.choices("abcdefghijklmnop日志", k=100)) for _ in range(10)] + list("abcdefghij")
    chat.say(" ".join(words[1:]))
    (pos,) = chat.say(" ".join(words))
    chat.say(*(" ".join(words[:-1]).replace("j", "-") for _ in range(5)))
    assert chat.find(" ".join(words)) == [pos]
    others = [first + second for first in "qrstuvwxyz" for second in map(chr, range(ord("a"), ord("z")))]
    chat.say(*others)
    (last,) = chat.say(" ".join(others[:20]))
    assert chat.find(" ".join(others[:20])) == [last]


def test_the_newest_come_first_and_pages_follow_each_other(chat: Chat) -> None:
    positions = chat.say(*(f"number {number} of many" for number in range(95)))
    assert chat.find("many", limit=10) == positions[:-11:-1]
    assert chat.all_pages("many", 10) == positions[::-1]
    assert chat.all_pages("number many", 95) == positions[::-1]
    assert chat.found("many", limit=95).next is None
    assert chat.found("many", limit=94).next == positions[1]
    assert chat.find("many", before=positions[2]) == [positions[1], positions[0]]
    assert chat.find("many", before=0) == []
    assert chat.find("many", before=2**53) == chat.find("many")


def test_what_was_just_written_is_found(chat: Chat) -> None:
    for number in range(20):
        (pos,) = chat.say(f"word{number}word")
        assert chat.find(f"word{number}word") == [pos]


def test_an_edited_message_is_found_by_what_it_says_now(chat: Chat) -> None:
    first, second = chat.say("the cat sat", "the dog sat")
    assert chat.find("cat") == [first]
    chat.edit(first, "the bird sat")
    assert chat.find("cat") == []
    assert chat.find("bird") == [first]
    assert chat.find("sat") == [second, first], "its place is that of the message"
    chat.edit(first, "一只猫")
    assert chat.find("bird") == chat.find("the from:ann sat bird") == []
    assert chat.find("猫") == [first]


def test_a_deleted_message_is_gone_from_the_file_too(chat: Chat) -> None:
    (kept,) = chat.say("secretive")
    (pos,) = chat.say("secret plan")
    assert chat.find("secret") == [pos, kept]
    chat.edit(pos, "secret plan b")
    chat.delete(pos)
    assert chat.find("secret") == [kept]
    assert chat.docs() == {kept: "secretive"}
    if isinstance(chat.place, PostgresPlace):
        return
    # With a table of its pieces one sees that none is left but those of the other message.
    with contextlib.closing(sqlite3.connect(chat.file)) as connection:
        connection.execute("CREATE VIRTUAL TABLE temp.v USING fts5vocab (main, grams, row)")
        assert connection.execute("SELECT term FROM v WHERE term IN ('pla', 'lan', 'sec')").fetchall() == [("sec",)]


def test_filters_narrow_it(chat: Chat) -> None:
    make_room(chat.store, "dev")
    make_room(chat.store, "小组")
    (a,) = chat.say("the plan", user=ANN)
    (b,) = chat.say("the plan", user=BOB)
    (c,) = chat.say("the plan", user=BOB, room="dev")
    (d,) = chat.say("the plan", user=User("x", "BOB", "other"), room="小组")
    assert chat.find("plan") == [d, c, b, a]
    assert chat.find("plan from:Bob") == [d, c, b], "by name, whoever had it"
    assert chat.find("from:ann") == [a]
    assert chat.find("from:ann from:bob plan") == [d, c, b, a]
    assert chat.find("from:an plan") == chat.find("from:nobody") == []
    assert chat.find("plan in:dev", rooms=["dev"]) == [c]
    assert chat.find("in:dev in:小组", rooms=["dev", "小组"]) == [d, c]
    assert chat.find("plan", rooms=["main"]) == [b, a], "only rooms that may be searched"
    assert chat.find("plan", rooms=[]) == chat.find("in:dev", rooms=[]) == []
    assert chat.find("from:bob in:main the", rooms=["main"]) == [b]


def test_the_name_is_the_one_it_was_written_under(chat: Chat) -> None:
    (old,) = chat.say("hi", user=User("p", "maya", "1"))
    (new,) = chat.say("hi", user=User("p", "Maya Li", "1"))
    assert chat.find("from:maya") == [old]
    assert chat.find('from:"maya li"') == [new]


def test_days_narrow_it_even_if_the_clock_was_set_back(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    positions: dict[int, list[int]] = {}
    for day in (10, 11, 12, 10, 13):  # of January 1970
        monkeypatch.setattr("chatapp.chat.writing.time.time", lambda day=day: (day - 1) * 86_400 + 5)
        positions.setdefault(day, []).extend(chat.say("tick"))
    monkeypatch.undo()
    assert chat.find("tick before:1970-01-11") == positions[10][::-1]
    assert chat.find("tick after:1970-01-11") == positions[13] + positions[12]
    assert chat.find("tick after:1970-01-09 before:1970-01-12") == [positions[10][1], *positions[11], positions[10][0]]
    assert chat.find("after:1970-01-13") == chat.find("before:1970-01-10") == []


ALPHABET = ["a", "B", "c", "ab", " ", " ", "日", "志", "日志", "é", "e\u0301", "ж", "\n", '"', "*", "Ａ", "🎉", "0"]


def test_it_finds_what_reading_all_messages_finds(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """Random texts, edits and deletions, against the plainest way of searching, across slices and batches of all sizes."""
    monkeypatch.setattr(search_find, "FIRST_SLICE", 40)
    monkeypatch.setattr(search_find, "SLICE_GROWTH", 2)
    monkeypatch.setattr(search, "BATCH_EVENTS", 30)
    rng = random.Random(4)

    def some(most: int) -> str:
        return "".join(rng.choices(ALPHABET, k=rng.randint(1, most)))

    for _ in range(60):
        chat.say(*(f"x{some(12)}" for _ in range(rng.randint(1, 20))))
        for pos in rng.sample(sorted(chat.texts), min(3, len(chat.texts))):
            if rng.random() < 0.5:
                chat.edit(pos, f"y{some(12)}")
            else:
                chat.delete(pos)
        for _ in range(3):
            words = [word for word in (some(3).replace('"', "") for _ in range(rng.randint(1, 2))) if word.strip()]
            if not words:
                continue
            folded = [fold_plainly(word) for word in words]
            expected = [
                pos
                for pos in sorted(chat.texts, reverse=True)
                if all(word in fold_plainly(chat.texts[pos]) for word in folded)
            ]
            query = " ".join(f'"{word}"' for word in words)
            assert chat.all_pages(query, rng.choice([1, 7, 30])) == expected, query


def fold_plainly(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def test_a_batch_is_bounded_in_bytes_and_a_message_of_any_size_fits(filed: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "BATCH_BYTES", 1000)
    big = "日" * 20_000 + "needle"
    positions = filed.say(big, "small", big, "small needle")
    assert filed.find("needle") == [positions[3], positions[2], positions[0]]
    assert filed.find("日needle") == [positions[2], positions[0]]
    assert json.dumps(filed.docs()[positions[0]], ensure_ascii=False) == f'"{big}"'


# Time.


def test_a_search_that_takes_too_long_tells_where_to_go_on(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_find, "FIRST_SLICE", 10)
    positions = chat.say(*(f"{'rare' if number % 40 == 0 else 'usual'} word" for number in range(200)))
    assert chat.find("rare") == positions[::40][::-1]
    monkeypatch.setattr(search_find, "WORK_SECONDS", 0.0)
    first = chat.found("rare")
    assert first.positions == [], "ten messages were looked through, and no more"
    assert first.next is not None
    assert chat.all_pages("rare", 30) == positions[::40][::-1]


def test_a_search_that_takes_too_long_is_interrupted_within_a_slice(filed: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_find, "FIRST_SLICE", 10)
    monkeypatch.setattr(search_find, "SLICE_GROWTH", 1000)
    monkeypatch.setattr(search_find, "LOOK_INSTRUCTIONS", 50)
    positions = filed.say(*(f"q{number}" for number in range(400)))
    assert filed.find("q1", limit=100)
    looks = iter([False] * 3)  # late at the third look at the clock
    monkeypatch.setattr(search_find.Finding, "_is_late", lambda self: next(looks, True))
    page = filed.found("q", limit=100)
    assert page.next is not None and page.next <= positions[-10] + 1
    assert page.positions == positions[: -len(page.positions) - 1 : -1]
    assert positions[-len(page.positions)] >= page.next, "and nothing of the slice that was not finished"


def test_a_search_that_nobody_waits_for_ends(filed: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    filed.say(*(f"word {number}" for number in range(300)))
    assert filed.find("word 1", limit=1)
    monkeypatch.setattr(search_find, "FIRST_SLICE", 1)
    monkeypatch.setattr(search_find, "SLICE_GROWTH", 1)
    slices = []
    look_up = search_find.Finding._look_up

    def slowly(self: search_find.Finding, *arguments: int) -> list[int]:
        slices.append(1)
        if len(slices) == 2:
            began.set()
        return look_up(self, *arguments)

    began = gevent.event.Event()
    monkeypatch.setattr(search_find.Finding, "_look_up", slowly)
    finding = gevent.spawn(filed.find, "nothing")
    soon(lambda: len(slices) > 2, "the search to begin")
    finding.kill()
    count = len(slices)
    gevent.sleep(0.2)
    assert len(slices) <= count + 1 < 300
    assert filed.index._readers == 0


def test_searches_do_not_hold_up_other_greenlets(chat: Chat) -> None:
    chat.say(*(f"word {number} 日志" * 5 for number in range(3000)))
    assert chat.find("word", limit=1)
    turns = []

    def tick() -> None:
        """How long others have this thread between two turns: of the processor alone, others may use the machine too."""
        while True:
            before = time.thread_time()
            gevent.sleep(0.001)
            turns.append(time.thread_time() - before)

    ticker = gevent.spawn(tick)
    searches = [gevent.spawn(chat.find, query) for query in ["nothing", "日 志", "zq", "word 1"] * 10]
    gevent.joinall(searches, timeout=30, raise_error=True)
    ticker.kill()
    assert len(turns) > len(searches) // 4  # they are over in a moment where the database is a process of its own
    assert max(turns) < 0.25


# Over the wire.


def test_a_page_searches_what_it_may_see(serve: Callable[..., Server]) -> None:
    server = serve()
    with entered(server, "ann") as ann, entered(server, "bob") as bob, entered(server, "eve") as eve:
        first = ann.send("the Zebra 日志")
        second = bob.send("another zebra")
        direct = ann.ask("direct", person=bob.id)["room"]
        ann.join(direct)
        secret = ann.send("a zebra between us", room=direct)
        answer = ann.ask("search", query="zebra")
        assert answer["type"] == "results"
        assert [hit["seq"] for hit in answer["hits"]] == [secret["seq"], second["seq"], first["seq"]]
        assert [hit["room"] for hit in answer["hits"]] == [direct, "main", "main"]
        assert (answer["words"], answer["next"]) == (["zebra"], None)
        assert [hit["message"] for hit in eve.ask("search", query="ZEBRA")["hits"]] == ["another zebra", "the Zebra 日志"]
        assert eve.ask("search", query=f"zebra in:{direct}")["type"] == "error"
        assert [hit["seq"] for hit in eve.ask("search", query="志 from:Ann in:main")["hits"]] == [first["seq"]]
        page = eve.ask("search", query="zebra", limit=1)
        assert page["next"] is not None
        page = eve.ask("search", query="zebra", limit=1, before=page["next"])
        assert [hit["seq"] for hit in page["hits"]] == [first["seq"]]
        assert eve.ask("search", query="before:soon")["code"] == "bad_query"
    assert "Traceback" not in server.said()
