"""Compressed once for all: everybody who takes it reads the same bytes, whenever they came, and nobody else is sent them."""

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, PerMessageDeflate
from websockets.frames import Frame, Opcode
from websockets.protocol import CLIENT, Protocol

from chatapp.realtime import deflate, frames
from chatapp.realtime.deflate import Deflater
from tests.conftest import PATIENCE, Server, hear, say
from tests.viewer import Viewer

#: A client that offers what browsers offer.
LIKE_A_BROWSER: dict[str, Any] = {
    "extensions": [ClientPerMessageDeflateFactory(client_max_window_bits=True)],
}
WORDS = [
    "the",
    "server",
    "was",
    "started",
    "again",
    "at",
    "noon",
    "and",
    "since",
    "then",
    "nobody",
    "has",
    "seen",
    "an",
    "error",
]


def reader() -> Protocol:
    protocol = Protocol(CLIENT, max_size=None)
    protocol.extensions = [PerMessageDeflate(False, True, 15, 15)]
    return protocol


def read(protocol: Protocol, data: bytes) -> list[bytes]:
    protocol.receive_data(data)
    assert protocol.parser_exc is None, protocol.parser_exc
    return [bytes(event.data) for event in protocol.events_received() if isinstance(event, Frame)]


def texts(choose: random.Random, count: int) -> list[bytes]:
    said = [" ".join(choose.choices(WORDS, k=choose.randint(3, 25))) for _ in range(count)]
    return [json.dumps({"email": "", "username": choose.choice(["ann", "bob"]), "message": text}).encode() for text in said]


def batch_of(messages: list[bytes]) -> bytes:
    return b"".join(map(frames.text_frame, messages))


def test_who_comes_in_between_reads_what_the_others_read() -> None:
    choose, deflater, readers = random.Random(1), Deflater(6), [reader()]
    for number in range(50):
        messages = texts(choose, choose.choice([1, 2, 10, 100]))
        if number % 10 == 0:
            messages.append(b"x" * 70_000)
        data = deflater.frames(batch_of(messages))
        for each in readers:
            assert read(each, data) == messages
        readers.append(reader())


def test_alike_messages_shrink_to_a_third_and_a_short_one_is_left_alone() -> None:
    plain = batch_of(texts(random.Random(2), 160))
    assert len(Deflater(deflate.MANY_LEVEL).frames(plain)) * 3 < len(plain)
    short = batch_of(texts(random.Random(2), 1))
    assert Deflater(deflate.MANY_LEVEL).frames(short) == short


def test_what_is_long_holds_up_nobody_and_is_not_kept() -> None:
    messages = [*texts(random.Random(4), 3), b"x" * (deflate.FEW_BYTES // 2)]
    data = deflate.for_few(batch_of(messages))
    assert len(data) < deflate.FEW_BYTES // 10
    assert read(reader(), data) == messages
    long = batch_of([*messages, messages[-1]])
    assert deflate.for_few(long) is long


def test_what_is_no_text_goes_out_as_it_is() -> None:
    messages = texts(random.Random(3), 10)
    batch = batch_of(messages) + frames.PING
    deflater = Deflater(1)
    for _ in range(2):
        assert read(reader(), deflater.frames(batch)) == [*messages, b""]
    assert read(reader(), deflater.frames(batch_of([b"", b"y" * 1000]))) == [b"", b"y" * 1000]


@pytest.mark.parametrize(
    ("offers", "wanted"),
    [
        ("permessage-deflate; client_max_window_bits", True),
        ("permessage-deflate", True),
        ("permessage-deflate; client_no_context_takeover; client_max_window_bits=10", True),
        ("x-webkit-deflate-frame, permessage-deflate", True),
        ("permessage-deflate; server_max_window_bits=10, permessage-deflate", True),
        ("", False),
        ("x-webkit-deflate-frame", False),
        # Another window than ours, or messages that stand alone: that is not what all others get.
        ("permessage-deflate; server_max_window_bits=10", False),
        ("permessage-deflate; server_no_context_takeover", False),
        ("permessage-deflate; client_max_window_bits=16", False),
        ("permessage-deflate; client_max_window_bits=zz", False),
        ("permessage-deflate; client_no_context_takeover=1", False),
        ("permessage-deflate; client_max_window_bits; client_max_window_bits", False),
        ("permessage-deflate; what", False),
        ("permessage-deflate;;", False),
    ],
)
def test_which_offers_are_taken(offers: str, wanted: bool) -> None:
    assert deflate.is_wanted(offers) is wanted


@pytest.mark.parametrize("query", ["", "?"], ids=["the short way in", "the long way in"])
def test_a_chat_in_which_some_read_compressed_text(server: Server, query: str) -> None:
    with server.connect(f"/ws{query}", **LIKE_A_BROWSER) as ann, server.connect() as bob:
        assert [extension.name for extension in ann.protocol.extensions] == ["permessage-deflate"]
        assert not bob.protocol.extensions
        for talker in (ann, bob):
            for text in ("short", "long " * 300):
                say(talker, text)
                assert [hear(client)["message"] for client in (ann, bob)] == [text, text]


def test_the_past_and_the_lines_of_a_log_come_compressed(server: Server) -> None:
    path = server.logs_dir / "a.log"
    path.write_text("".join(f"{number} {' '.join(WORDS)}\n" for number in range(5000)))
    viewer = Viewer(server, "a.log", "start")
    plain = viewer.read_lines(5000)
    link = server.raw("/echo", "Sec-WebSocket-Protocol: logs.v1\r\nSec-WebSocket-Extensions: permessage-deflate\r\n")
    said = json.dumps({"type": "open", "file": "a.log", "from": "start"}).encode()
    link.sendall(Frame(Opcode.TEXT, said).serialize(mask=True))
    protocol, size = reader(), 0
    lines: list[str] = []
    while len(lines) < 5000:
        data = link.recv(65536)
        size += len(data)
        for message in map(json.loads, read(protocol, data)):
            lines += [text for _, text in message.get("lines", [])]
    assert lines == plain
    assert size < sum(map(len, plain)) / 3
    link.close()


def test_a_message_that_swells_beyond_the_limit_is_too_big(serve: Callable[..., Server]) -> None:
    server = serve(MAX_MESSAGE_BYTES=10_000)
    with server.connect(**LIKE_A_BROWSER) as client:
        client.send("x" * 10_000_000)
        with pytest.raises(ConnectionClosedError) as closed:
            client.recv(PATIENCE)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009


def test_it_can_be_switched_off(serve: Callable[..., Server]) -> None:
    server = serve(DEFLATE="off")
    with server.connect(**LIKE_A_BROWSER) as client:
        assert not client.protocol.extensions
