"""Names, rooms, quotes, mentions, and how events are told. Pure."""

import json

import pytest

from chatapp.chat import answers, mentions, messages, schema
from chatapp.chat.messages import BadMessage, Event, Mention, Reply, User

ANN = User("u1", "ann", "a1")
TIME = 1_763_869_212_123


def unframe(data: bytes) -> dict[str, object]:
    """The JSON in a frame with a short or a two-byte length."""
    start = 2 if data[1] < 126 else 4
    fields: dict[str, object] = json.loads(data[start:])
    return fields


def event(kind: int = schema.MESSAGE, text: str = "hi ü", **more: object) -> Event:
    return Event(9, "main", 7, 3, kind, TIME, ANN, "id1", text, **more)  # type: ignore[arg-type]


COMMON = {
    "seq": 7,
    "room": "main",
    "id": "id1",
    "time": "2025-11-23T03:40:12.123Z",
    "user": {"id": "u1", "name": "ann", "avatar": "a1"},
}


def test_both_dialects_say_the_same_message() -> None:
    said = event(email="a@x")
    assert unframe(answers.encode_plain(said)) == {"email": "a@x", "username": "ann", "message": "hi ü"}
    assert unframe(answers.encode_v1(said)) == {"type": "message", **COMMON, "message": "hi ü"}


@pytest.mark.parametrize(
    ("said", "more"),
    [
        (event(), {"message": "hi ü"}),
        (event(text=""), {"message": "", "deleted": True}),
        (event(reply=Reply(3, "tom", "why")), {"message": "hi ü", "reply": {"seq": 3, "name": "tom", "message": "why"}}),
        (event(mentions=(Mention("*", "ALL"),)), {"message": "hi ü", "mentions": [{"id": "*", "name": "ALL"}]}),
        (event(schema.EDIT, target=3), {"target": 3, "message": "hi ü"}),
        (event(schema.DELETE, "", target=3), {"target": 3}),
        (event(schema.REACT, "+🎉", target=3), {"target": 3, "emoji": "🎉", "on": True}),
        (event(schema.REACT, "-🎉", target=3), {"target": 3, "emoji": "🎉", "on": False}),
        (event(schema.CREATE, "topic"), {"topic": "topic"}),
        (event(schema.TOPIC, ""), {"topic": ""}),
        (event(schema.ENTER, ""), {}),
        (event(schema.LEAVE, ""), {}),
    ],
    ids=lambda value: schema.WIRE_TYPES[value.type] if isinstance(value, Event) else "",
)
def test_every_kind_of_event_is_told_alike_on_the_wire_and_in_a_file(said: Event, more: dict[str, object]) -> None:
    fields = {"type": schema.WIRE_TYPES[said.type], **COMMON, **more}
    assert unframe(answers.encode_v1(said)) == answers.event_fields(said) == fields


def test_what_a_text_holds_can_not_break_out_of_it() -> None:
    said = event(text='","type":"x"}\n\0\u2028\\')._replace(user=User('"', '",', "\\", True), room='a"', id='"')
    fields = unframe(answers.encode_v1(said))
    assert fields == answers.event_fields(said)
    assert fields["message"] == said.text
    assert fields["user"] == {"id": '"', "name": '",', "avatar": "\\", "plain": True}


@pytest.mark.parametrize(
    ("one", "other"), [("Ann", "aNN"), ("Straße", "STRASSE"), ("ﬁn", "fin"), ("é", "e\u0301"), ("ＡＢＣ", "abc"), ("İ", "i̇")]
)
def test_names_are_compared_without_regard_to_case_and_composition(one: str, other: str) -> None:
    assert messages.fold(one) == messages.fold(other)


def test_what_shows_nothing_makes_no_other_name() -> None:
    for name in ("ann ", " ann", "an\u200bn", "an\u00adn", "ann\ufe0f", "ann\u2060", "a\u3164nn", "ann\u2800"):
        assert messages.fold(name) == "ann", ascii(name)
    for name in ("\u3164", "\u2800", "\u115f\u1160", "\u200b", "\ufe0f"):
        with pytest.raises(BadMessage):
            messages.check_username(name, 64)
    assert messages.fold("ann  marie") == "ann marie"
    assert messages.room_name("d\u200bev") == "dev"
    with pytest.raises(BadMessage):
        messages.check_username("\ufdfa" * 40, 64)


@pytest.mark.parametrize("message_id", ["", "x" * 65, "a\0b", "a\nb", "plain-7", "enter-7", "main-7"])
def test_ids_that_no_client_may_give(message_id: str) -> None:
    with pytest.raises(BadMessage):
        messages.check_id(message_id)


def test_emoji_of_all_kinds_are_reactions() -> None:
    for emoji in (
        "👍",
        "👍🏽",
        "❤️",
        "👨‍👩‍👧‍👦",
        "🇩🇪",
        "1️⃣",
        "✅",
        "↔️",
        "‼️",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    ):
        messages.check_emoji(emoji)
    for text in (
        "a",
        "ok",
        " ",
        "日",
        "👍 👍",
        "👍👍",
        "1",
        "",
        "\u200d",
        "👍\n",
        "‹",
        "+",
        "|",
        "👍\u0301",
        "👍\u200d",
        "\ufe0f",
    ):
        with pytest.raises(BadMessage):
            messages.check_emoji(text)


def test_a_quote_is_one_line_and_short() -> None:
    assert messages.quote_of("one\n  two\tthree ") == "one two three"
    quote = messages.quote_of("word " * 1000)
    assert len(quote) <= messages.QUOTE_CHARS
    assert quote.endswith("…")


def test_the_room_of_two_people_is_the_same_for_both() -> None:
    room = messages.direct_room("b", "a")
    assert room == messages.direct_room("a", "b") == "@a+b"
    assert messages.people_of_direct(room) == ("a", "b")
    assert messages.people_of_direct("main") == ()


PEOPLE = {"ann": "1", "ann marie": "2", "小林": "3", "tom": "4", "o'neil": "6", "strasse": "7"}


@pytest.mark.parametrize(
    ("text", "mentioned"),
    [
        ("hello", []),
        ("@ann", [("1", "ann")]),
        ("@ANN!", [("1", "ANN")]),
        ("(@ann)", [("1", "ann")]),
        ("@ann marie and @ann", [("2", "ann marie"), ("1", "ann")]),
        ("@anna", []),
        ("@ann_", []),
        ("@ann's", [("1", "ann")]),
        ("@o'neil's", [("6", "o'neil")]),
        ("me@ann.org", []),
        ("你好@小林你好", [("3", "小林")]),
        ("@Straße @STRASSEN", [("7", "Straße")]),
        ("@a\u0301nn", []),
        ("@all @All", [("*", "all")]),
        ("@allan", []),
        ("@", []),
        ("@ ann", []),
        ("@@ann", [("1", "ann")]),
        ("@ann @ann", [("1", "ann")]),
    ],
)
def test_mentions(text: str, mentioned: list[tuple[str, str]]) -> None:
    assert mentions.find(text, {*map(len, PEOPLE)}, PEOPLE.get) == tuple(Mention(*one) for one in mentioned)


@pytest.mark.parametrize("text", ["@ " * 30_000, "@\ufdfa " * 50 + "\ufdfa " * 64, "@" + "\ufdfa" * 20_000, "@é" * 10_000])
def test_a_message_of_many_at_signs_costs_little(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    folded: list[int] = []

    def fold(name: str) -> str:
        folded.append(len(name))
        return messages.fold(name)

    monkeypatch.setattr(mentions, "fold", fold)
    assert mentions.find(text, {3, 64}, lambda _name: None) == ()
    assert len(folded) <= mentions.MOST
    assert max(folded, default=0) <= 64
