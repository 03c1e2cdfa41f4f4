"""/ws: the read loop of a chat client, in the plain dialect or in `chat.v1`.

Text comes from a Connection and goes through `chat.requests`; the plain dialect is dealt with here, `chat.v1` by a
`Client` (chat.client). What the others get is the rooms' business.
"""

import functools
from collections.abc import Mapping
from typing import Any

from werkzeug.sansio.http import parse_cookie  # not werkzeug.http's, which raises for what is not UTF-8

from chatapp.chat import messages, requests, schema
from chatapp.chat.client import Client, Services
from chatapp.chat.messages import BadMessage, Post, User
from chatapp.chat.requests import Plain
from chatapp.chat.subscriptions import PLAIN
from chatapp.config import Settings
from chatapp.realtime import frames
from chatapp.realtime.connection import Connection, Limits
from chatapp.realtime.handshake import Accepted
from chatapp.realtime.serve import Endpoint, Handler


def endpoint(services: Services, settings: Settings) -> Endpoint:
    """What becomes of a WebSocket that is opened at `/ws`."""

    def handler(environ: Mapping[str, Any], accepted: Accepted) -> Handler:
        if accepted.subprotocol != messages.CHAT_V1:
            return functools.partial(_talk_plain, services=services, settings=settings)
        cookie = parse_cookie(environ.get("HTTP_COOKIE")).get(services.people.cookie, "")
        return functools.partial(Client.run, cookie=cookie, services=services, settings=settings)

    limits = Limits(settings.max_message_bytes, settings.outbox_bytes, settings.message_rate)
    deflates = settings.deflate == "on"
    return Endpoint("/ws", (messages.CHAT_V1,), settings.allowed_origins, services.hub, limits, deflates, handler)


def _talk_plain(connection: Connection, services: Services, settings: Settings) -> None:
    """Owned by the greenlet of the connection: the seed's contract. What can't be understood ends this connection alone."""
    services.hub.join(PLAIN, connection)
    before: Plain | None = None
    user: User | None = None
    for text in connection:
        try:
            plain = requests.parse_plain(text, settings.max_username_chars, before)
        except BadMessage as bad:
            connection.end(frames.NOT_UNDERSTOOD.because(str(bad)))
            continue
        if user is None or before is None or not plain.is_of(before):
            user = services.people.plain(plain.username, plain.email)
        before = plain
        post = Post(schema.MESSAGE, messages.MAIN_ROOM, user, None, plain.message, None, plain.email)
        services.rooms.send(post, connection)
