"""What clients may say, in both dialects. Pure: text in, request or error out."""

import json

import pytest

from chatapp.chat import requests, schema
from chatapp.chat.messages import BadMessage
from chatapp.chat.requests import Act, Create, Direct, Hello, History, Join, People, Plain, Read, Request, Search, Typing


def plain(**changes: object) -> str:
    return json.dumps({"email": "a@x", "username": "ann", "message": "hi", **changes})


def test_a_plain_message_is_taken_as_it_is() -> None:
    assert requests.parse_plain(plain(message=" <b>\n\0 "), 64) == Plain("a@x", "ann", " <b>\n\0 ")
    assert requests.parse_plain(plain(email="", extra=[1]), 64) == Plain("", "ann", "hi")


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
        requests.parse_plain(text, 64)


def test_half_a_surrogate_pair_becomes_the_replacement_character() -> None:
    assert requests.parse_plain('{"email":"","username":"a","message":"x\\ud800y"}', 64).message == "x\ufffdy"
    assert requests.parse_plain('{"email":"","username":"a","message":"\\ud83d\\ude00"}', 64).message == "😀"


@pytest.mark.parametrize(
    ("fields", "request_"),
    [
        ({"type": "hello", "username": "ann", "email": "a@x"}, Hello("ann", "a@x", None)),
        ({"type": "hello", "username": "ann", "email": "", "token": "t"}, Hello("ann", "", "t")),
        ({"type": "join"}, Join("main", None, 50)),
        ({"type": "join", "room": "x", "resume": {"epoch": "e", "seq": 3}, "page": 0}, Join("x", ("e", 3), 0)),
        ({"type": "join", "room": "Straße"}, Join("strasse", None, 50, "Straße")),
        ({"type": "join", "room": "@A+b"}, Join("@A+b", None, 50)),
        ({"type": "leave", "id": "1", "room": "x"}, Act(schema.LEAVE, "1", "x", "", None)),
        ({"type": "send", "id": "1", "message": "hi"}, Act(schema.MESSAGE, "1", "main", "hi", None)),
        (
            {"type": "send", "id": "1", "room": "ＤＥＶ", "message": "hi", "reply": 7},
            Act(schema.MESSAGE, "1", "dev", "hi", 7),
        ),
        ({"type": "edit", "id": "1", "target": 7, "message": "hi"}, Act(schema.EDIT, "1", "main", "hi", 7)),
        ({"type": "delete", "id": "1", "target": 7}, Act(schema.DELETE, "1", "main", "", 7)),
        ({"type": "react", "id": "1", "target": 7, "emoji": "🎉"}, Act(schema.REACT, "1", "main", "+🎉", 7)),
        ({"type": "react", "id": "1", "target": 7, "emoji": "❤️", "on": False}, Act(schema.REACT, "1", "main", "-❤️", 7)),
        ({"type": "topic", "id": "1", "topic": " new "}, Act(schema.TOPIC, "1", "main", "new", None)),
        ({"type": "create", "id": "1", "room": "Straße"}, Create("1", "strasse", "")),
        ({"type": "create", "id": "1", "room": "日志", "topic": "x"}, Create("1", "日志", "x")),
        ({"type": "direct", "id": "1", "person": "p"}, Direct("1", "p")),
        ({"type": "read", "room": "x", "seq": 0}, Read("x", 0)),
        ({"type": "typing"}, Typing("main")),
        ({"type": "history", "id": "1", "before": 5}, History("1", "main", "before", 5, 50)),
        ({"type": "history", "id": "1", "around": 5, "limit": 200}, History("1", "main", "around", 5, 200)),
        ({"type": "search", "id": "1", "query": "x"}, Search("1", "x", None, 30)),
        ({"type": "search", "id": "1", "query": "x", "before": 9, "limit": 1}, Search("1", "x", 9, 1)),
        ({"type": "people", "id": "1"}, People("1", None)),
        ({"type": "people", "id": "1", "room": "x"}, People("1", "x")),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else "",
)
def test_v1_requests_are_read_by_their_type(fields: dict[str, object], request_: Request) -> None:
    assert requests.parse_v1(json.dumps(fields)) == request_


@pytest.mark.parametrize(
    ("fields", "code", "message_id"),
    [
        ({}, "bad_type", None),
        ({"type": ["send"], "id": "7"}, "bad_type", "7"),
        ({"type": "hello", "username": "ann"}, "bad_message", None),
        ({"type": "hello", "username": "ann", "email": "x" * 300}, "bad_email", None),
        ({"type": "hello", "username": "ann", "email": "", "token": 5}, "bad_message", None),
        ({"type": "join", "resume": 5}, "bad_message", None),
        ({"type": "join", "resume": {"epoch": "e", "seq": True}}, "bad_message", None),
        ({"type": "join", "room": 7}, "bad_message", None),
        ({"type": "join", "room": "two words"}, "bad_room", None),
        ({"type": "join", "page": 201}, "bad_message", None),
        ({"type": "join", "page": 1.5}, "bad_message", None),
        ({"type": "send", "message": "hi"}, "bad_message", None),
        ({"type": "send", "id": "", "message": "hi"}, "bad_message", None),
        ({"type": "send", "id": "x" * 65, "message": "hi"}, "bad_message", None),
        ({"type": "send", "id": "a\0b", "message": "hi"}, "bad_message", None),
        ({"type": "send", "id": "plain-7", "message": "hi"}, "bad_message", None),
        ({"type": "send", "id": "7", "message": " "}, "bad_message", "7"),
        ({"type": "send", "id": "7"}, "bad_message", "7"),
        ({"type": "send", "id": "7", "message": "x", "reply": 0}, "bad_message", "7"),
        ({"type": "send", "id": "7", "message": "x", "reply": 2**60}, "bad_message", "7"),
        ({"type": "edit", "id": "7", "message": "x"}, "bad_message", "7"),
        ({"type": "edit", "id": "7", "target": 1, "message": ""}, "bad_message", "7"),
        ({"type": "react", "id": "7", "target": 1, "emoji": "x"}, "bad_message", "7"),
        ({"type": "react", "id": "7", "target": 1, "emoji": ""}, "bad_message", "7"),
        ({"type": "react", "id": "7", "target": 1, "emoji": "🎉" * 20}, "bad_message", "7"),
        ({"type": "react", "id": "7", "target": 1, "emoji": "🎉", "on": 1}, "bad_message", "7"),
        ({"type": "topic", "id": "7", "topic": "x" * 251}, "bad_message", "7"),
        ({"type": "topic", "id": "7", "topic": "a\nb"}, "bad_message", "7"),
        ({"type": "create", "id": "7", "room": ""}, "bad_room", "7"),
        ({"type": "create", "id": "7", "room": "a/b"}, "bad_room", "7"),
        ({"type": "create", "id": "7", "room": "@a+b"}, "bad_room", "7"),
        ({"type": "create", "id": "7", "room": "x" * 41}, "bad_room", "7"),
        ({"type": "create", "id": "7", "room": "\u200b"}, "bad_room", "7"),
        ({"type": "create", "id": "7", "room": "a\u202eb"}, "bad_room", "7"),
        ({"type": "history", "id": "7"}, "bad_message", "7"),
        ({"type": "history", "id": "7", "before": 1, "after": 1}, "bad_message", "7"),
        ({"type": "history", "id": "7", "before": 1, "limit": 0}, "bad_message", "7"),
        ({"type": "search", "id": "7", "query": "x" * 501}, "bad_query", "7"),
        ({"type": "read", "seq": -1}, "bad_message", None),
    ],
    ids=str,
)
def test_a_bad_v1_request_has_a_code_and_the_id_it_was_about(
    fields: dict[str, object], code: str, message_id: str | None
) -> None:
    with pytest.raises(BadMessage) as caught:
        requests.parse_v1(json.dumps(fields))
    assert (caught.value.code, caught.value.message_id) == (code, message_id)
    assert str(caught.value).endswith(".")


def test_what_is_no_json_has_no_id() -> None:
    with pytest.raises(BadMessage, match="not JSON"):
        requests.parse_v1("x")
