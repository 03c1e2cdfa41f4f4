"""What the Autobahn test suite asks in many cases, in few: by both ways in, what is sent comes back, and rules are kept.

Without that suite, which not every machine can run. Over a real server, with frames of our own.
"""

import socket
from collections.abc import Callable
from typing import Any

import pytest
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.protocol import CLIENT, Protocol

from tests.conformance.echo import APP, WAYS
from tests.conftest import PATIENCE, Server

BIG = "日本語 and more, " * 100_000


@pytest.fixture(scope="module")
def echo(_serve_for_module: Callable[..., Server]) -> Server:
    return _serve_for_module(APP)


@pytest.fixture(params=[*WAYS.values()], ids=[*WAYS])
def path(request: pytest.FixtureRequest) -> str:
    path: str = request.param
    return path


@pytest.mark.parametrize("compression", [None, "deflate"])
def test_what_is_sent_comes_back(echo: Server, path: str, compression: str | None) -> None:
    offers: dict[str, Any] = {"extensions": [ClientPerMessageDeflateFactory(client_max_window_bits=True)]}
    with echo.connect(path, **(offers if compression else {})) as client:
        assert [each.name for each in client.protocol.extensions] == (["permessage-deflate"] if compression else [])
        for message in ("", "é", b"", b"\xff\x00", "x" * 126, b"y" * 65_536, BIG, BIG.encode()[1:]):
            client.send(message)
            assert client.recv(PATIENCE) == message
            client.send([message[:1], message[1:2], message[2:]])
            assert client.recv(PATIENCE) == message


def frame(opcode: Opcode, data: bytes = b"", fin: bool = True) -> bytes:
    """Also such as no decent library makes. Under a mask of zeros data stands as it is."""
    length = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2, "big")
    return bytes([opcode | fin << 7]) + length + bytes(4) + data


def goodbye(code: int, reason: bytes = b"") -> bytes:
    return frame(Opcode.CLOSE, code.to_bytes(2, "big") + reason)


HELLO = frame(Opcode.TEXT, b"hello")
HALF = frame(Opcode.TEXT, b"half", fin=False)
#: What is sent, what comes back (texts, and pongs as bytes), and the code of the close frame behind it: 1005 if it has none.
RULES = {
    "a goodbye": (HELLO + goodbye(1000), ["hello"], 1000),
    "a goodbye that says why": (goodbye(3000, "früh".encode()), [], 3000),
    "a goodbye without a code": (frame(Opcode.CLOSE), [], 1005),
    "a goodbye of one byte": (frame(Opcode.CLOSE, b"\x03"), [], 1002),
    "a goodbye with a code that nobody may send": (goodbye(1006), [], 1002),
    "a goodbye with a code that means nothing": (goodbye(999), [], 1002),
    "a goodbye that is not UTF-8": (goodbye(1000, b"\xff"), [], 1007),
    "a goodbye that is too long": (goodbye(1000, b"x" * 124), [], 1002),
    "a goodbye between pieces": (HALF + goodbye(1000) + frame(Opcode.CONT, b"late"), [], 1000),
    "what comes after a goodbye": (goodbye(1000) + HELLO, [], 1000),
    "pings between pieces": (
        HALF
        + frame(Opcode.PING, b"1")
        + frame(Opcode.CONT, b"", fin=False)
        + frame(Opcode.PING)
        + frame(Opcode.CONT, b".")
        + goodbye(1000),
        ["half.", b"1", b""],
        1000,
    ),
    "a pong that nobody asked for": (frame(Opcode.PONG, b"x") + HELLO + goodbye(1000), ["hello"], 1000),
    "a ping that is too long": (HELLO + frame(Opcode.PING, b"x" * 126), ["hello"], 1002),
    "a ping in pieces": (HELLO + frame(Opcode.PING, fin=False), ["hello"], 1002),
    "a message within another": (HELLO + HALF + HELLO, ["hello"], 1002),
    "a piece of nothing": (HELLO + frame(Opcode.CONT, b"x"), ["hello"], 1002),
    "a reserved bit": (HELLO + b"\xa1\x80mask", ["hello"], 1002),
    "a compressed message that was not agreed on": (HELLO + b"\xc1\x80mask", ["hello"], 1002),
    "a reserved opcode": (HELLO + b"\x83\x80mask", ["hello"], 1002),
    "a reserved opcode of control": (HELLO + b"\x8b\x80mask", ["hello"], 1002),
    "no mask": (HELLO + b"\x81\x00", ["hello"], 1002),
    "text that is not UTF-8": (HELLO + frame(Opcode.TEXT, b"\xed\xa0\x80"), ["hello"], 1007),
    "text that is not UTF-8, in its first piece": (HELLO + frame(Opcode.TEXT, b"\xc0", fin=False), ["hello"], 1007),
}


def hear(link: socket.socket) -> tuple[list[str | bytes], int]:
    """The texts that come, and then the pongs as bytes, until the close frame; its code. Nothing may follow it."""
    protocol = Protocol(CLIENT, max_size=None)
    while protocol.close_rcvd is None:
        data = link.recv(65_536)
        assert data, "it hung up without a goodbye"
        protocol.receive_data(data)
    assert protocol.parser_exc is None
    link.shutdown(socket.SHUT_WR)
    assert link.recv(1) == b""
    heard = [event for event in protocol.events_received() if isinstance(event, Frame)]
    texts = [bytes(each.data).decode() for each in heard if each.opcode is Opcode.TEXT]
    return [*texts, *(bytes(each.data) for each in heard if each.opcode is Opcode.PONG)], protocol.close_rcvd.code


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
@pytest.mark.parametrize("cut", [False, True], ids=["at once", "byte by byte"])
def test_rules_are_kept(echo: Server, path: str, rule: tuple[bytes, list[str | bytes], int], cut: bool) -> None:
    data, answers, code = rule
    with echo.raw(path) as link:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in [data[at : at + 1] for at in range(len(data))] if cut else [data]:
            link.sendall(piece)
        assert hear(link) == (answers, code)
