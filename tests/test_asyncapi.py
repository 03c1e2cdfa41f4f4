"""docs/asyncapi.yaml describes what a real server says, and what it takes, and leaves no message out."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from websockets.sync.client import ClientConnection

from tests.conftest import TOP, Server, hear
from tests.v1 import V1

DOCUMENT = yaml.safe_load((TOP / "docs" / "asyncapi.yaml").read_text())
MESSAGES = DOCUMENT["components"]["messages"]


def check(name: str, message: dict[str, Any]) -> None:
    """Fail unless `message` is what the document says of messages of this name."""
    schema = {**MESSAGES[name]["payload"], "components": DOCUMENT["components"]}
    jsonschema.Draft202012Validator(schema).validate(message)


def say(client: ClientConnection, name: str, **fields: Any) -> None:
    """Send a message that is in the document."""
    check(name, fields)
    client.send(json.dumps(fields))


def hear_until(client: ClientConnection, heard: dict[str, Any], wanted: str, names: dict[str, str]) -> dict[str, Any]:
    """Read on, checking each message, until one of type (or kind) `wanted` comes."""
    while True:
        message = hear(client)
        check(names[message["type"]], message)
        kind = message.get("kind", message["type"])
        heard[kind] = message
        if kind == wanted:
            return message


def test_references_in_the_document_lead_somewhere() -> None:
    for channel in DOCUMENT["channels"].values():
        for message in channel["messages"].values():
            assert message["$ref"].removeprefix("#/components/messages/") in MESSAGES
    referenced = {
        message["$ref"].split("/")[-1]
        for channel in DOCUMENT["channels"].values()
        for message in channel["messages"].values()
    }
    assert referenced == set(MESSAGES)


#: The names of what the server says in `chat.v1`, where these are not its types.
CHAT_NAMES = {
    "error": "chatError",
    "caught_up": "caughtUp",
    "typing": "isTyping",
    "read": "isRead",
    "history": "page",
    "people": "peopleList",
    "edit": "edited",
    "delete": "deleted",
    "react": "reacted",
    "create": "madeOrTopic",
    "topic": "madeOrTopic",
    "enter": "member",
    "leave": "member",
}


def name_of(message: dict[str, Any]) -> str:
    """What the document calls a message of the server."""
    kind: str = message["type"]
    return CHAT_NAMES.get(kind, kind)


class Checked(V1):
    """A client that checks what it says and hears against the document."""

    def say(self, **fields: Any) -> None:
        check(fields["type"], fields)
        super().say(**fields)

    def hear(self) -> dict[str, Any]:
        heard = super().hear()
        check(name_of(heard), heard)
        return heard


def test_the_chat_says_what_the_document_says(server: Server) -> None:
    with Checked(server, "ann") as ann, Checked(server, "bob") as bob, server.connect() as plain:
        for client in (ann, bob):
            client.join()
        ann.until("presence")
        seq = ann.send("hello @bob and @all")["seq"]
        check("plain", hear(plain))
        bob.send("hello", reply=seq)
        ann.ask("edit", room="main", target=seq, message="hello @bob")
        bob.ask("react", room="main", target=seq, emoji="🎉")
        ann.ask("history", room="main", before=99)
        ann.ask("search", query="hello")
        ann.ask("delete", room="main", target=seq)
        ann.join(seq=1)
        bob.ask("create", room="deploys", topic="x")
        bob.join("deploys")
        ann.join("deploys")
        bob.until("enter")
        bob.ask("topic", room="deploys", topic="y")
        bob.join("deploys", seq=0)
        ann.ask("leave", room="deploys")
        room = ann.ask("direct", person=bob.id)["room"]
        bob.join(room)
        ann.ask("people")
        ann.say(type="read", room="main", seq=1)
        ann.until("read")
        ann.say(type="typing", room="main")
        bob.until("typing")
        plain.send(json.dumps({"email": "x@example.org", "username": "x", "message": "plain"}))
        bob.where(lambda heard: heard.get("message") == "plain")
        bob.ask("send", room="attic", message="x")
    with Checked(server, "cid") as cid:
        assert cid.rooms
        said = {name_of(heard) for heard in ann.heard + bob.heard + cid.heard}
    told = {message["$ref"].split("/")[-1] for message in DOCUMENT["operations"]["tellChat"]["messages"]}
    assert said == told, "every message of the document was heard"


def test_the_logs_say_what_the_document_says(serve: Callable[..., Server], tmp_path: Path) -> None:
    server = serve()
    path = server.logs_dir / "a.log"
    names = {name: name for name in ("files", "lines", "partial", "notice")} | {"error": "logError"}
    heard: dict[str, Any] = {}
    condition = {"text": "o.*e", "pattern": True, "case": False}
    with server.connect("/echo", "logs.v1") as client:
        hear_until(client, heard, "files", names)
        say(client, "open", type="open", file="../secret")
        hear_until(client, heard, "error", names)
        say(client, "open", type="open", file="a.log", **{"from": {"tail": 10}})
        hear_until(client, heard, "waiting", names)
        path.write_text("one\n" * 3000)
        hear_until(client, heard, "lines", names)
        say(client, "filter", type="filter", file="a.log", include=condition, exclude=None)
        path.rename(path.with_suffix(".1"))
        path.write_text("two\n")
        hear_until(client, heard, "rotated", names)
        os.truncate(path, 0)
        hear_until(client, heard, "truncated", names)
        path.write_text("one\nand one")
        hear_until(client, heard, "partial", names)
        with path.open("r+") as file:
            file.write("rewritten\n" * 10)
        hear_until(client, heard, "replaced", names)
        path.unlink()
        hear_until(client, heard, "gone", names)
        path.symlink_to(tmp_path)
        hear_until(client, heard, "denied", names)
        say(client, "close", type="close", file="a.log")
        say(client, "open", type="open", file="a.log.1", **{"from": {"generation": "unknown", "offset": 3}})
        say(client, "open", type="open", file="a.1", **{"from": {"generation": "unknown", "offset": 3}})
        hear_until(client, heard, "gap", names)
        say(client, "open", type="open", file="a.1", include=condition, **{"from": "start"})
        hear_until(client, heard, "opened", names)
        (server.logs_dir / "binary.log").write_bytes(bytes(100))
        say(client, "open", type="open", file="binary.log")
        hear_until(client, heard, "binary", names)
    kinds = set(MESSAGES["notice"]["payload"]["properties"]["kind"]["enum"]) - {"dropped"}  # that is test_rules.py, R19
    assert kinds | {"files", "lines", "partial", "error"} == set(heard)


def test_what_is_wrong_is_found() -> None:
    with pytest.raises(jsonschema.ValidationError):
        check("lines", {"type": "lines", "file": "a", "generation": "g", "lines": [["x", 0]], "next": 1})
