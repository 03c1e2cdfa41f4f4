"""What is said on the wire of the chat: parse, check, encode, in both dialects. Pure: text in, message or error out.

The plain dialect is the contract of the Go program this grew from: one JSON object with the strings `email`,
`username` and `message`, both ways. `chat.v1` is one JSON object a message with `type` first (docs/PROTOCOL.md).
Data comes from `chat.socket`, which reads it off a connection; frames go to `chat.room`, which has them delivered.
"""

import json
import re
import sys
import unicodedata
from typing import Any, NamedTuple

from chatapp.realtime.frames import text_frame

#: The subprotocol of the page and of programs that want more than the plain dialect.
CHAT_V1 = "chat.v1"
#: The room that plain clients are in, and the only one for now.
MAIN_ROOM = "main"
#: The longest id a client may give its message, in characters.
MAX_ID_CHARS = 64
#: The longest e-mail address (RFC 5321 section 4.5.3.1.3, less the angle brackets).
MAX_EMAIL_CHARS = 254

_decode = json.JSONDecoder().decode
_quote = json.encoder.encode_basestring
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
# What shows nothing alone: spaces, line ends, controls, format characters such as the zero-width space, and marks that
# want a letter before them.
_INVISIBLE = ("Zs", "Zl", "Zp", "Cc", "Cf", "Mn", "Me")
# Line ends and other C0 and C1 controls, and the separators that break a line: none belongs into a name, nor what turns
# the direction of the text around it (UAX #9).
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class BadMessage(ValueError):
    """Something a client sent that can't be understood or taken. `code` is for programs, the text for people."""

    def __init__(self, code: str, sentence: str, message_id: str | None = None) -> None:
        super().__init__(sentence)
        self.code = code
        self.message_id = message_id


class User(NamedTuple):
    """Who says something, as others see it: an opaque id, the name, an opaque value that stands for the e-mail."""

    id: str
    name: str
    avatar: str


class Post(NamedTuple):
    """A message on its way to the room. `email` is shown to plain clients; empty for users of `chat.v1`."""

    id: str
    user: User
    email: str
    text: str

    @property
    def size(self) -> int:
        """What the text takes in memory, in bytes: up to four a character."""
        return sys.getsizeof(self.text)


class Event(NamedTuple):
    """A message in the room's log: the post, its number, and when it was taken (ISO 8601, UTC)."""

    seq: int
    time: str
    post: Post


class Plain(NamedTuple):
    """A message of the plain dialect."""

    email: str
    username: str
    message: str


class Hello(NamedTuple):
    """Who is there."""

    username: str
    email: str


class Join(NamedTuple):
    """Wants to follow a room, from the newest page on or from just after `resume` (epoch, seq)."""

    room: str
    resume: tuple[str, int] | None


class Send(NamedTuple):
    """Says something. `id` is made by the client and makes a repeated send harmless."""

    id: str
    room: str
    message: str


# From the client.


def parse_plain(text: str, max_username_chars: int) -> Plain:
    """Read a message of the plain dialect. Raises `BadMessage`."""
    fields = _parse_object(text)
    plain = Plain(*(_text_field(fields, name) for name in ("email", "username", "message")))
    check_username(plain.username, max_username_chars)
    _check_email(plain.email)
    _check_message(plain.message)
    return plain


def parse_v1(text: str) -> Hello | Join | Send:
    """Read a message of `chat.v1`. Raises `BadMessage`."""
    fields = _parse_object(text)
    kind = fields.get("type")
    if kind == "hello":
        hello = Hello(_text_field(fields, "username"), _text_field(fields, "email"))
        _check_email(hello.email)
        return hello
    if kind == "join":
        return Join(_room_field(fields), _resume_field(fields))
    if kind == "send":
        return _parse_send(fields)
    raise BadMessage("bad_type", 'The field "type" must be "hello", "join" or "send".')


def _parse_send(fields: dict[str, Any]) -> Send:
    message_id = _text_field(fields, "id")
    if not 0 < len(message_id) <= MAX_ID_CHARS:
        raise BadMessage("bad_message", f'The field "id" must have 1 to {MAX_ID_CHARS} characters.')
    try:
        send = Send(message_id, _room_field(fields), _text_field(fields, "message"))
        _check_message(send.message)
    except BadMessage as error:
        error.message_id = message_id
        raise
    return send


def check_username(name: str, most: int) -> None:
    """Raise `BadMessage` unless `name` can be shown in one line and is not blank."""
    if not _is_visible(name):
        raise BadMessage("bad_name", "You must choose a username.")
    if len(name) > most:
        raise BadMessage("bad_name", f"The user name is longer than {most} characters.")
    if _CONTROLS.search(name):
        raise BadMessage("bad_name", "The user name holds a line break or another control character.")


def _check_email(email: str) -> None:
    if len(email) > MAX_EMAIL_CHARS or _CONTROLS.search(email):
        raise BadMessage(
            "bad_email", f"The e-mail is longer than {MAX_EMAIL_CHARS} characters or holds a control character."
        )


def _check_message(message: str) -> None:
    if not _is_visible(message):
        raise BadMessage("bad_message", "The message is empty.")


def _is_visible(text: str) -> bool:
    # Nearly every text begins with something visible, and this is the way of every message.
    return "!" <= text[:1] <= "~" or any(unicodedata.category(char) not in _INVISIBLE for char in text)


def _parse_object(text: str) -> dict[str, Any]:
    try:
        fields = _decode(text)
    except (ValueError, RecursionError):
        raise BadMessage("bad_json", "This is not JSON.") from None
    if not isinstance(fields, dict):
        raise BadMessage("bad_json", "This is JSON, but not an object.")
    return fields


def _text_field(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise BadMessage("bad_message", f'The field "{name}" is missing or is not text.')
    return _without_lone_surrogates(value)


def _room_field(fields: dict[str, Any]) -> str:
    room = fields.get("room", MAIN_ROOM)
    if not isinstance(room, str):
        raise BadMessage("bad_message", 'The field "room" is not text.')
    return room


def _resume_field(fields: dict[str, Any]) -> tuple[str, int] | None:
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


# To the client.


def encode_plain(event: Event) -> bytes:
    """The event as one frame of the plain dialect."""
    _, user, email, text = event.post
    # The same as an object through the encoder, at half the cost: this is done for every message.
    return text_frame(f'{{"email":{_quote(email)},"username":{_quote(user.name)},"message":{_quote(text)}}}'.encode())


def encode_v1(event: Event) -> bytes:
    """The event as one frame of `chat.v1`."""
    post = event.post
    user = post.user
    return _frame(
        {
            "type": "message",
            "seq": event.seq,
            "id": post.id,
            "room": MAIN_ROOM,
            "time": event.time,
            "user": {"id": user.id, "name": user.name, "avatar": user.avatar},
            "message": post.text,
        }
    )


def welcome(epoch: str, user: User, max_message_bytes: int, max_username_chars: int) -> bytes:
    """The answer to `hello`, as a frame."""
    return _frame(
        {
            "type": "welcome",
            "epoch": epoch,
            "you": {"id": user.id, "name": user.name, "avatar": user.avatar},
            "limits": {"message_bytes": max_message_bytes, "username_chars": max_username_chars},
        }
    )


def joined(seq: int, recovered: bool) -> bytes:
    """The answer to `join`, as a frame: the room's newest number, and whether all that was missed follows."""
    return _frame({"type": "joined", "room": MAIN_ROOM, "seq": seq, "recovered": recovered})


def error(bad: BadMessage) -> bytes:
    """What was refused and why, as a frame of `chat.v1`."""
    fields = {"type": "error", "code": bad.code, "message": str(bad)}
    if bad.message_id is not None:
        fields["id"] = bad.message_id
    return _frame(fields)


def _frame(fields: dict[str, Any]) -> bytes:
    return text_frame(_encode(fields).encode())
