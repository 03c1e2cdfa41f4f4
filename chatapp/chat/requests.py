"""What clients say, in both dialects: text in, a request or `BadMessage` out. Pure.

The plain dialect is the contract of the Go program this grew from: one JSON object with the strings `email`,
`username` and `message`. `chat.v1` is one JSON object a message with `type` first (docs/PROTOCOL.md).
Text comes from `chat.socket`, which does what is asked for.
"""

import json
import json.scanner
from collections.abc import Callable
from typing import Any, NamedTuple

from chatapp.chat import messages, schema
from chatapp.chat.messages import BadMessage

_decode = json.JSONDecoder().decode
#: The part of it in C, without what leaves room for spaces around a value. Raises StopIteration for what is no JSON.
_scan = json.scanner.make_scanner(json.JSONDecoder())  # type: ignore[arg-type]

#: Messages on a page: by default and at most; hits of a search likewise.
PAGE_MESSAGES = 50
MAX_PAGE_MESSAGES = 200
HITS = 30
MAX_HITS = 100
#: The longest query, in characters.
MAX_QUERY_CHARS = 500
#: No number on the wire is larger: beyond this, JavaScript counts in steps of two.
MAX_NUMBER = 2**53 - 1


class Plain(NamedTuple):
    """A message of the plain dialect."""

    email: str
    username: str
    message: str

    def is_of(self, other: "Plain") -> bool:
        """Whether both were written under the same name and address."""
        return self.username == other.username and self.email == other.email


class Hello(NamedTuple):
    """Who is there; `token` proves that it is the person of an earlier `welcome`."""

    username: str
    email: str
    token: str | None


class Join(NamedTuple):
    """Wants to follow a room, from just after `resume` (epoch, seq), or from the newest `page` messages on.

    `asked` is how the client wrote the room's name, if that is not the form that is kept.
    """

    room: str
    resume: tuple[str, int] | None
    page: int
    asked: str | None = None


class Act(NamedTuple):
    """Wants to put something into the log of a room: what a `Post` holds but for the user. `type` is of `chat.schema`."""

    type: int
    id: str
    room: str
    text: str
    target: int | None


class Create(NamedTuple):
    """Wants a new room."""

    id: str
    room: str
    topic: str


class Direct(NamedTuple):
    """Wants the room of two people."""

    id: str
    person: str


class Read(NamedTuple):
    """Has seen everything up to `seq`."""

    room: str
    seq: int


class Typing(NamedTuple):
    """Is writing something."""

    room: str


class History(NamedTuple):
    """Wants messages of the past: `side` is before, after or around the number `seq`."""

    id: str
    room: str
    side: str
    seq: int
    limit: int


class Search(NamedTuple):
    """Looks for messages; `before` goes on where an earlier answer ended."""

    id: str
    query: str
    before: int | None
    limit: int


class People(NamedTuple):
    """Wants to know who is a member of `room`, or who is known at all."""

    id: str
    room: str | None


Request = Hello | Join | Act | Create | Direct | Read | Typing | History | Search | People


def parse_plain(text: str, max_username_chars: int, before: Plain | None = None) -> Plain:
    """Read a message of the plain dialect. Raises `BadMessage`. `before`: the one before it, if it is of the same client."""
    fields = _parse_object(text)
    plain = Plain(_text(fields, "email"), _text(fields, "username"), _text(fields, "message"))
    if before is None or not plain.is_of(before):
        messages.check_username(plain.username, max_username_chars)
        messages.check_email(plain.email)
    messages.check_text(plain.message)
    return plain


def parse_v1(text: str) -> Request:
    """Read a message of `chat.v1`. Raises `BadMessage`, which names the `id` and the `room` that were refused."""
    fields = _parse_object(text)
    parse = _PARSERS.get(str(fields.get("type")))
    if parse is None:
        raise BadMessage("bad_type", 'The field "type" must be one of: ' + ", ".join(_PARSERS) + ".", _id_or_none(fields))
    try:
        return parse(fields)
    except BadMessage as error:
        error.message_id = _id_or_none(fields)
        room = fields.get("room")
        error.room = _without_lone_surrogates(room) if isinstance(room, str) and len(room) <= 100 else None
        raise


def _hello(fields: dict[str, Any]) -> Hello:
    token = fields.get("token")
    if token is not None and not isinstance(token, str):
        raise BadMessage("bad_message", 'The field "token" is not text.')
    hello = Hello(_text(fields, "username"), _text(fields, "email"), token)
    messages.check_email(hello.email)
    return hello


def _join(fields: dict[str, Any]) -> Join:
    room = _room(fields)
    asked = fields.get("room", room)
    page = _number(fields, "page", 0, MAX_PAGE_MESSAGES, PAGE_MESSAGES)
    return Join(room, _resume(fields), page, None if asked == room else asked)


def _leave(fields: dict[str, Any]) -> Act:
    return Act(schema.LEAVE, _id(fields), _room(fields), "", None)


def _send(fields: dict[str, Any]) -> Act:
    reply = None if fields.get("reply") is None else _number(fields, "reply", 1, MAX_NUMBER)
    act = Act(schema.MESSAGE, _id(fields), _room(fields), _text(fields, "message"), reply)
    messages.check_text(act.text)
    return act


def _edit(fields: dict[str, Any]) -> Act:
    act = Act(schema.EDIT, _id(fields), _room(fields), _text(fields, "message"), _target(fields))
    messages.check_text(act.text)
    return act


def _delete(fields: dict[str, Any]) -> Act:
    return Act(schema.DELETE, _id(fields), _room(fields), "", _target(fields))


def _react(fields: dict[str, Any]) -> Act:
    emoji = _text(fields, "emoji")
    messages.check_emoji(emoji)
    on = fields.get("on", True)
    if not isinstance(on, bool):
        raise BadMessage("bad_message", 'The field "on" must be true or false.')
    return Act(schema.REACT, _id(fields), _room(fields), ("+" if on else "-") + emoji, _target(fields))


def _topic(fields: dict[str, Any]) -> Act:
    act = Act(schema.TOPIC, _id(fields), _room(fields), _text(fields, "topic").strip(), None)
    messages.check_topic(act.text)
    return act


def _create(fields: dict[str, Any]) -> Create:
    topic = _text(fields, "topic").strip() if fields.get("topic") is not None else ""
    messages.check_topic(topic)
    return Create(_id(fields), messages.room_name(_text(fields, "room")), topic)


def _direct(fields: dict[str, Any]) -> Direct:
    return Direct(_id(fields), _text(fields, "person"))


def _read(fields: dict[str, Any]) -> Read:
    return Read(_room(fields), _number(fields, "seq", 0, MAX_NUMBER))


def _typing(fields: dict[str, Any]) -> Typing:
    return Typing(_room(fields))


def _history(fields: dict[str, Any]) -> History:
    sides = [side for side in ("before", "after", "around") if fields.get(side) is not None]
    if len(sides) != 1:
        raise BadMessage("bad_message", 'One of the fields "before", "after" and "around" must be a number.')
    limit = _number(fields, "limit", 1, MAX_PAGE_MESSAGES, PAGE_MESSAGES)
    return History(_id(fields), _room(fields), sides[0], _number(fields, sides[0], 0, MAX_NUMBER), limit)


def _search(fields: dict[str, Any]) -> Search:
    query = _text(fields, "query")
    if len(query) > MAX_QUERY_CHARS:
        raise BadMessage("bad_query", f"The query is longer than {MAX_QUERY_CHARS} characters.")
    before = None if fields.get("before") is None else _number(fields, "before", 0, MAX_NUMBER)
    return Search(_id(fields), query, before, _number(fields, "limit", 1, MAX_HITS, HITS))


def _people(fields: dict[str, Any]) -> People:
    return People(_id(fields), None if fields.get("room") is None else _room(fields))


_PARSERS: dict[str, Callable[[dict[str, Any]], Request]] = {
    "hello": _hello,
    "join": _join,
    "leave": _leave,
    "send": _send,
    "edit": _edit,
    "delete": _delete,
    "react": _react,
    "topic": _topic,
    "create": _create,
    "direct": _direct,
    "read": _read,
    "typing": _typing,
    "history": _history,
    "search": _search,
    "people": _people,
}


# Fields.


def _parse_object(text: str) -> dict[str, Any]:
    try:
        fields, end = _scan(text, 0)
        if end == len(text) and type(fields) is dict:
            return fields
    except (ValueError, StopIteration, RecursionError):
        pass
    try:
        fields = _decode(text)
    except (ValueError, RecursionError):
        raise BadMessage("bad_json", "This is not JSON.") from None
    if not isinstance(fields, dict):
        raise BadMessage("bad_json", "This is JSON, but not an object.")
    return fields


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise BadMessage("bad_message", f'The field "{name}" is missing or is not text.')
    return _without_lone_surrogates(value)


def _number(fields: dict[str, Any], name: str, least: int, most: int, default: int | None = None) -> int:
    value = fields.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise BadMessage("bad_message", f'The field "{name}" must be a whole number from {least} to {most}.')
    return value


def _id(fields: dict[str, Any]) -> str:
    message_id = _text(fields, "id")
    messages.check_id(message_id)
    return message_id


def _id_or_none(fields: dict[str, Any]) -> str | None:
    try:
        return _id(fields)
    except BadMessage:
        return None


def _target(fields: dict[str, Any]) -> int:
    return _number(fields, "target", 1, MAX_NUMBER)


def _room(fields: dict[str, Any]) -> str:
    """A room's name, in the form in which rooms are found; whether there is one is not known here."""
    room = fields.get("room", messages.MAIN_ROOM)
    if not isinstance(room, str):
        raise BadMessage("bad_message", 'The field "room" is not text.')
    room = _without_lone_surrogates(room)
    return room if room == messages.MAIN_ROOM or room.startswith("@") else messages.room_name(room)


def _resume(fields: dict[str, Any]) -> tuple[str, int] | None:
    resume = fields.get("resume")
    if resume is None:
        return None
    if isinstance(resume, dict):
        epoch, seq = resume.get("epoch"), resume.get("seq")
        if isinstance(epoch, str) and isinstance(seq, int) and not isinstance(seq, bool):
            return epoch, seq
    raise BadMessage("bad_message", 'The field "resume" must be null or {"epoch": text, "seq": number}.')


def _without_lone_surrogates(text: str) -> str:
    """JSON can write half a surrogate pair, UTF-8 can't: U+FFFD stands for it, as in Go's encoding/json."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
