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


def test_the_chat_says_what_the_document_says(server: Server) -> None:
    names = {"welcome": "welcome", "joined": "joined", "message": "message", "error": "chatError"}
    heard: dict[str, Any] = {}
    with server.connect(protocol="chat.v1") as client, server.connect() as plain:
        client.send("nonsense")
        hear_until(client, heard, "error", names)
        say(client, "hello", type="hello", username="ann", email="ann@example.org")
        hear_until(client, heard, "welcome", names)
        say(client, "send", type="send", id="early", room="main", message="too early")
        assert hear_until(client, heard, "error", names)["id"] == "early"
        say(client, "join", type="join", room="main", resume={"epoch": heard["welcome"]["epoch"], "seq": 0})
        hear_until(client, heard, "joined", names)
        say(client, "send", type="send", id="1", room="main", message="hello")
        hear_until(client, heard, "message", names)
        check("plain", hear(plain))
    assert set(heard) == set(names)


def test_the_logs_say_what_the_document_says(serve: Callable[..., Server], tmp_path: Path) -> None:
    server = serve()
    path = server.logs_dir / "a.log"
    names = {"files": "files", "lines": "lines", "notice": "notice", "error": "logError"}
    heard: dict[str, Any] = {}
    with server.connect("/echo", "logs.v1") as client:
        hear_until(client, heard, "files", names)
        say(client, "open", type="open", file="../secret")
        hear_until(client, heard, "error", names)
        say(client, "open", type="open", file="a.log", **{"from": {"tail": 10}})
        hear_until(client, heard, "waiting", names)
        path.write_text("one\n" * 3000)
        hear_until(client, heard, "lines", names)
        path.rename(path.with_suffix(".1"))
        path.write_text("two\n")
        hear_until(client, heard, "rotated", names)
        os.truncate(path, 0)
        hear_until(client, heard, "truncated", names)
        path.unlink()
        hear_until(client, heard, "gone", names)
        path.symlink_to(tmp_path)
        hear_until(client, heard, "denied", names)
        say(client, "close", type="close", file="a.log")
        say(client, "open", type="open", file="a.log.1", **{"from": {"generation": "unknown", "offset": 3}})
        say(client, "open", type="open", file="a.1", **{"from": {"generation": "unknown", "offset": 3}})
        hear_until(client, heard, "gap", names)
        say(client, "open", type="open", file="a.1", **{"from": "start"})
        hear_until(client, heard, "opened", names)
    kinds = set(MESSAGES["notice"]["payload"]["properties"]["kind"]["enum"])
    assert kinds | {"files", "lines", "error"} == set(heard)


def test_what_is_wrong_is_found() -> None:
    with pytest.raises(jsonschema.ValidationError):
        check("lines", {"type": "lines", "file": "a", "generation": "g", "lines": [["x", 0]], "next": 1})
