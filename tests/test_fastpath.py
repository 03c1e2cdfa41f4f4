"""The fast path gives what the full parser would give, however the bytes are cut, and leaves all else to it."""

import random

import pytest
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import SERVER, Protocol

from chatapp.realtime.fastpath import FastPath

MOST = 1000
Result = tuple[list[tuple[int, bool, bytes]], CloseCode | int | None]


def parse(stream: bytes, cuts: random.Random, fast: bool) -> Result:
    """All frames of `stream`, fed in pieces, and the code with which the parser closed."""
    protocol = Protocol(SERVER, max_size=MOST)
    fast_path = FastPath(MOST)
    frames: list[tuple[int, bool, bytes]] = []
    while stream:
        size = cuts.choice([1, 2, 3, 5, 7, 8, 100, 5000])
        piece, stream = stream[:size], stream[size:]
        if fast:
            messages, piece = fast_path.feed(piece)
            frames += [(Opcode.TEXT, True, bytes(message)) for message in messages]
        if piece:
            protocol.receive_data(piece)
            frames += [
                (frame.opcode, frame.fin, bytes(frame.data))
                for frame in protocol.events_received()
                if isinstance(frame, Frame)
            ]
    return frames, protocol.close_sent.code if protocol.close_sent else None


def random_stream(choose: random.Random) -> bytes:
    stream = b""
    for _ in range(choose.randint(1, 8)):
        kind = choose.random()
        length = choose.choice([0, 1, 125, 126, 127, MOST - 1, MOST, MOST + 1, 70_000, choose.randint(0, 300)])
        if kind < 0.8:
            stream += Frame(Opcode.TEXT, choose.randbytes(length)).serialize(mask=True)
        elif kind < 0.87:
            stream += Frame(choose.choice([Opcode.PING, Opcode.PONG]), bytes(min(length, 125))).serialize(mask=True)
        elif kind < 0.9:
            for frame in (Frame(Opcode.TEXT, b"a", fin=False), Frame(Opcode.PING, b""), Frame(Opcode.CONT, b"b")):
                stream += frame.serialize(mask=True)
        elif kind < 0.95:
            stream += Frame(choose.choice([Opcode.BINARY, Opcode.CLOSE]), b"\x03\xe8").serialize(mask=True)
        else:
            stream += bytes(choose.choice([0x81, 0x82, 0x89, 0xFE, 0xFF, 0, 5]) for _ in range(choose.randint(1, 9)))
    return stream


@pytest.mark.parametrize("seed", range(20))
def test_both_ways_give_the_same(seed: int) -> None:
    choose = random.Random(seed)
    for trial in range(100):
        stream = random_stream(choose)
        assert parse(stream, random.Random(trial), fast=True) == parse(stream, random.Random(trial), fast=False)


def test_pings_and_pongs_do_not_end_the_fast_path() -> None:
    fast_path = FastPath(MOST)
    for opcode in (Opcode.PONG, Opcode.PING):
        control = Frame(opcode, b"abc").serialize(mask=True)
        assert fast_path.feed(control) == ([], control)
        assert fast_path.feed(Frame(Opcode.TEXT, b"hello").serialize(mask=True)) == ([b"hello"], b"")


def test_a_fragment_ends_it_for_good() -> None:
    fast_path = FastPath(MOST)
    fragment = Frame(Opcode.TEXT, b"a", fin=False).serialize(mask=True)
    text = Frame(Opcode.TEXT, b"hello").serialize(mask=True)
    assert fast_path.feed(fragment) == ([], fragment)
    assert fast_path.feed(text) == ([], text)
