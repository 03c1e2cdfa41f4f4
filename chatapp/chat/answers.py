"""What the server says, in both dialects, as frames. Pure.

Events come from the store, live or out of the past; frames go to connections, the same bytes to all that read the same.
"""

import datetime
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chatapp.chat import schema
from chatapp.chat.messages import BadMessage, Event, Mention, User
from chatapp.realtime.frames import text_frame

_quote = json.encoder.encode_basestring
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

_PLAIN = ',"plain":true'

#: A JSON object as it goes over the wire.
Fields = dict[str, Any]


def encode_plain(event: Event) -> bytes:
    """A message as one frame of the plain dialect."""
    # The same as an object through the encoder, at half the cost: this is done for every message.
    return text_frame(
        f'{{"email":{_quote(event.email)},"username":{_quote(event.user.name)},"message":{_quote(event.text)}}}'.encode()
    )


def encode_v1(event: Event) -> bytes:
    """An event as one frame of `chat.v1`."""
    user = event.user
    # Again by hand; what only some events have comes after it.
    text = (
        f'{{"type":"{schema.WIRE_TYPES[event.type]}","seq":{event.seq},"room":{_quote(event.room)},'
        f'"id":{_quote(event.id)},"time":"{iso_time(event.time)}",'
        f'"user":{{"id":{_quote(user.id)},"name":{_quote(user.name)},"avatar":{_quote(user.avatar)}'
        f"{_PLAIN if user.plain else ''}}}"
    )
    if event.type == schema.MESSAGE:
        text += f',"message":{_quote(event.text)}'
    more = _more_of(event)
    return text_frame((text + ("," + _encode(more)[1:] if more else "}")).encode())


def event_fields(event: Event) -> Fields:
    """The same as an object: for what is not sent but written into a file."""
    fields: Fields = {
        "type": schema.WIRE_TYPES[event.type],
        "seq": event.seq,
        "room": event.room,
        "id": event.id,
        "time": iso_time(event.time),
        "user": user_fields(event.user),
    }
    if event.type == schema.MESSAGE:
        fields["message"] = event.text
    return fields | _more_of(event)


def _more_of(event: Event) -> Fields:
    """What an event has beside the fields that all have."""
    if event.type == schema.MESSAGE:
        more: Fields = {}
        if event.reply is not None:
            more["reply"] = {"seq": event.reply.seq, "name": event.reply.name, "message": event.reply.text}
        if not event.text:
            more["deleted"] = True
    elif event.type == schema.EDIT:
        more = {"target": event.target, "message": event.text}
    elif event.type == schema.DELETE:
        more = {"target": event.target}
    elif event.type == schema.REACT:
        more = {"target": event.target, "emoji": event.text[1:], "on": event.text[0] == "+"}
    elif event.type in (schema.CREATE, schema.TOPIC):
        more = {"topic": event.text}
    else:
        more = {}
    if event.mentions:
        more["mentions"] = mention_fields(event.mentions)
    return more


def user_fields(user: User) -> Fields:
    """A user as others see it."""
    fields: Fields = {"id": user.id, "name": user.name, "avatar": user.avatar}
    return fields | {"plain": True} if user.plain else fields


def mention_fields(mentions: Iterable[Mention]) -> list[Fields]:
    """Who is named, as it is sent and as it is stored."""
    return [{"id": mention.id, "name": mention.name} for mention in mentions]


_UTC = datetime.UTC
_last_time = (0, "1970-01-01T00:00:00.000Z")


def iso_time(milliseconds: int) -> str:
    """A time as ISO 8601 in UTC. The events of one batch have one time, which is written once."""
    global _last_time
    if _last_time[0] != milliseconds:
        time = datetime.datetime.fromtimestamp(milliseconds // 1000, _UTC)
        _last_time = (milliseconds, f"{time:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03}Z")
    return _last_time[1]


# Answers.


def welcome(epoch: str, user: User, limits: Mapping[str, int], token: str | None) -> bytes:
    """The answer to `hello`. `token` is for who has no cookie."""
    fields: Fields = {"type": "welcome", "epoch": epoch, "you": user_fields(user), "limits": dict(limits)}
    return frame(fields if token is None else fields | {"token": token})


def joined(room: Fields, asked: str | None, recovered: bool, users_json: str, here: int) -> bytes:
    """The answer to `join`. `users_json` is made once for all who join at about the same time."""
    start = _encode({"type": "joined", **room, **_asked(asked), "recovered": recovered})
    return text_frame(f'{start[:-1]},"users":{users_json},"here":{here}}}'.encode())


def users_json(users: Iterable[User]) -> str:
    """A list of users, encoded."""
    return _encode([user_fields(user) for user in users])


def caught_up(room: str, seq: int) -> bytes:
    """The past is complete."""
    return frame({"type": "caught_up", "room": room, "seq": seq})


def presence(room: str, came: Iterable[User], left: Sequence[str], here: int) -> bytes:
    """Who came and who left."""
    users = [user_fields(user) for user in came]
    return frame({"type": "presence", "room": room, "joined": users, "left": list(left), "here": here})


def typing(room: str, user: User) -> bytes:
    """Somebody writes."""
    return frame({"type": "typing", "room": room, "user": user_fields(user)})


def error(bad: BadMessage) -> bytes:
    """What was refused and why."""
    fields: Fields = {"type": "error", "code": bad.code, "message": str(bad)}
    if bad.message_id is not None:
        fields["id"] = bad.message_id
    if bad.room is not None:
        fields["room"] = bad.room
    return frame(fields | _asked(bad.asked))


def _asked(room: str | None) -> Fields:
    return {} if room is None else {"asked": room}


def frame(fields: Fields) -> bytes:
    """One object as a frame."""
    return text_frame(_encode(fields).encode())


def message_frames(found: Iterable[Fields]) -> bytes:
    """Messages of a page, one frame each."""
    return b"".join(map(frame, found))
