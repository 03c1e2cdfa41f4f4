"""A client of `chat.v1` for the tests: says hello, joins, asks, and reads on until what it waits for has come."""

import itertools
import json
from collections.abc import Callable
from types import TracebackType
from typing import Any

from tests.conftest import PATIENCE, Server

Fields = dict[str, Any]
_ids = itertools.count(1)


class V1:
    """One connection. `token` makes it the same person again; `cookie` stands for a page's."""

    def __init__(self, server: Server, name: str = "ann", token: str | None = None, cookie: str = "") -> None:
        headers = {"Cookie": cookie} if cookie else {}
        self.socket = server.connect(protocol="chat.v1", additional_headers=headers)
        self.heard: list[Fields] = []
        hello: Fields = {"type": "hello", "username": name, "email": f"{name}@example.org"}
        self.say(**(hello | ({"token": token} if token else {})))
        self.welcome = self.until("welcome", "error")
        assert self.welcome["type"] == "welcome", self.welcome
        self.rooms = {room["room"]: room for room in self.until("rooms")["rooms"]}
        self.me: Fields = self.welcome["you"]
        self.id: str = self.me["id"]
        self.epoch: str = self.welcome["epoch"]
        self.token: str | None = self.welcome.get("token")

    def __enter__(self) -> "V1":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def say(self, **fields: Any) -> None:
        """Send one object."""
        self.socket.send(json.dumps(fields))

    def hear(self) -> Fields:
        """The next message."""
        heard: Fields = json.loads(self.socket.recv(PATIENCE))
        self.heard.append(heard)
        return heard

    def where(self, condition: Callable[[Fields], Any]) -> Fields:
        """Read on until a message fulfils the condition."""
        while True:
            heard = self.hear()
            if condition(heard):
                return heard

    def until(self, *types: str) -> Fields:
        """Read on until a message of one of these types."""
        return self.where(lambda heard: heard["type"] in types)

    def ask(self, kind: str, **fields: Any) -> Fields:
        """Say something with an id of its own, and read on to what comes back with it."""
        fields.setdefault("id", f"id-{next(_ids)}")
        self.say(type=kind, **fields)
        return self.answer(fields["id"])

    def answer(self, request: str) -> Fields:
        """Read on to what comes back with this id."""
        return self.where(lambda heard: heard.get("id") == request)

    def send(self, text: str, room: str = "main", **more: Any) -> Fields:
        """Send a message and wait for it."""
        event = self.ask("send", room=room, message=text, **more)
        assert event["type"] == "message", event
        return event

    def join(self, room: str = "main", seq: int | None = None, page: int = 50) -> tuple[Fields, list[Fields]]:
        """Join a room, coming back from `seq` if that is given: the answer, and all up to `caught_up`."""
        resume = None if seq is None else {"epoch": self.epoch, "seq": seq}
        self.say(type="join", room=room, resume=resume, page=page)
        joined = self.where(lambda heard: heard["type"] in ("joined", "error") and heard.get("room") == room)
        assert joined["type"] == "joined", joined
        past: list[Fields] = []
        while (heard := self.hear())["type"] != "caught_up" or heard["room"] != room:
            if heard.get("room") == room and "seq" in heard:
                past.append(heard)
        return joined, past


def entered(server: Server, name: str, **options: Any) -> V1:
    """Somebody who is in the main room."""
    client = V1(server, name, **options)
    client.join(page=0)
    return client
