"""What is said on the wire of the chat, read and written. Pure: text in, message or error out."""

import json

import pytest

from chatapp.chat import messages
from chatapp.chat.messages import BadMessage, Event, Hello, Join, Plain, Post, Send, User

ANN = User("u1", "ann", "a1")


def unframe(data: bytes) -> dict[str, object]:
    """The JSON in a frame with a short or a two-byte length."""
    start = 2 if data[1] < 126 else 4
    fields: dict[str, object] = json.loads(data[start:])
    return fields


def plain(**changes: object) -> str:
    return json.dumps({"email": "a@x", "username": "ann", "message": "hi", **changes})


def test_a_plain_message_is_taken_as_it_is() -> None:
    assert messages.parse_plain(plain(message=" <b>\n\0 "), 64) == Plain("a@x", "ann", " <b>\n\0 ")
    assert messages.parse_plain(plain(email="", extra=[1]), 64) == Plain("", "ann", "hi")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 60_000, "not JSON"),
        ("9" * 60_000, "not JSON"),
        ("null", "not an object"),
        ("[1]", "not an object"),
        ('"text"', "not an object"),
        ("{}", '"email" is missing'),
        (plain(username=None), '"username" is missing or is not text'),
        (plain(message=5), '"message" is missing or is not text'),
        (plain(message=["x"]), '"message" is missing or is not text'),
        (plain(message=""), "message is empty"),
        (plain(message=" \n\t"), "message is empty"),
        (plain(username="  "), "You must choose a username"),
        (plain(username="x" * 65), "longer than 64"),
        (plain(username="a\nb"), "line break"),
        (plain(username="a\0b"), "control character"),
        (plain(username="a\u2028b"), "line break"),
        (plain(username="a\u202eb"), "control character"),
        (plain(username="\u200b\u200b"), "You must choose a username"),
        (plain(message="\u200b \u2060"), "message is empty"),
        (plain(email="x" * 300), "e-mail is longer"),
        (plain(email="a\r\nb"), "control character"),
    ],
)
def test_what_can_not_be_understood_is_told_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(BadMessage, match=sentence):
        messages.parse_plain(text, 64)


def test_half_a_surrogate_pair_becomes_the_replacement_character() -> None:
    assert messages.parse_plain('{"email":"","username":"a","message":"x\\ud800y"}', 64).message == "x\ufffdy"
    assert messages.parse_plain('{"email":"","username":"a","message":"\\ud83d\\ude00"}', 64).message == "😀"


def test_v1_messages_are_read_by_their_type() -> None:
    assert messages.parse_v1('{"type":"hello","username":"ann","email":"a@x"}') == Hello("ann", "a@x")
    assert messages.parse_v1('{"type":"join"}') == Join("main", None)
    assert messages.parse_v1('{"type":"join","room":"x","resume":{"epoch":"e","seq":3}}') == Join("x", ("e", 3))
    assert messages.parse_v1('{"type":"send","id":"1","message":"hi"}') == Send("1", "main", "hi")


@pytest.mark.parametrize(
    ("text", "code", "message_id"),
    [
        (json.dumps({"type": "hello", "username": "ann", "email": "x" * 300}), "bad_email", None),
        ("x", "bad_json", None),
        ("{}", "bad_type", None),
        ('{"type":["send"]}', "bad_type", None),
        ('{"type":"hello","username":"ann"}', "bad_message", None),
        ('{"type":"join","resume":5}', "bad_message", None),
        ('{"type":"join","resume":{"epoch":"e","seq":true}}', "bad_message", None),
        ('{"type":"join","room":7}', "bad_message", None),
        ('{"type":"send","message":"hi"}', "bad_message", None),
        ('{"type":"send","id":"","message":"hi"}', "bad_message", None),
        (json.dumps({"type": "send", "id": "x" * 65, "message": "hi"}), "bad_message", None),
        ('{"type":"send","id":"7","message":" "}', "bad_message", "7"),
        ('{"type":"send","id":"7"}', "bad_message", "7"),
    ],
)
def test_a_bad_v1_message_has_a_code_and_the_id_it_was_about(text: str, code: str, message_id: str | None) -> None:
    with pytest.raises(BadMessage) as caught:
        messages.parse_v1(text)
    assert (caught.value.code, caught.value.message_id) == (code, message_id)
    assert unframe(messages.error(caught.value))["type"] == "error"


def test_both_dialects_say_the_same_event() -> None:
    event = Event(7, "2026-11-23T03:40:12.123Z", Post("id1", ANN, "a@x", "hi ü"))
    assert unframe(messages.encode_plain(event)) == {"email": "a@x", "username": "ann", "message": "hi ü"}
    assert unframe(messages.encode_v1(event)) == {
        "type": "message",
        "seq": 7,
        "id": "id1",
        "room": "main",
        "time": "2026-11-23T03:40:12.123Z",
        "user": {"id": "u1", "name": "ann", "avatar": "a1"},
        "message": "hi ü",
    }
