"""The fast path gives what the full parser would give, however the bytes are cut, and leaves all else to it."""

import random
import zlib

import pytest
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import SERVER, Protocol

from chatapp.realtime import deflate, frames
from chatapp.realtime.fastpath import FastPath

MOST = 1000
Result = tuple[list[tuple[int, bool, bytes]], CloseCode | int | None]


def parse(stream: bytes, cuts: random.Random, fast: bool, deflated: bool) -> Result:
    """All frames of `stream`, fed in pieces, and the code with which the parser closed."""
    protocol = Protocol(SERVER, max_size=MOST)
    protocol.extensions = [deflate.extension()] if deflated else []
    fast_path = FastPath(MOST, deflated)
    got: list[tuple[int, bool, bytes]] = []
    while stream:
        size = cuts.choice([1, 2, 3, 5, 7, 8, 100, 5000])
        piece, stream = stream[:size], stream[size:]
        if fast:
            got += [(Opcode.TEXT, True, bytes(message)) for message in fast_path.feed(piece)]
            piece = fast_path.rest
        if piece:
            protocol.receive_data(piece)
            got += [
                (frame.opcode, frame.fin, bytes(frame.data))
                for frame in protocol.events_received()
                if isinstance(frame, Frame)
            ]
    return got, protocol.close_sent.code if protocol.close_sent else None


def random_stream(choose: random.Random) -> bytes:
    stream = b""
    for _ in range(choose.randint(1, 8)):
        kind = choose.random()
        length = choose.choice([0, 1, 125, 126, 127, MOST - 1, MOST, MOST + 1, 70_000, choose.randint(0, 300)])
        if kind < 0.2:
            stream += compressed(choose, choose.randbytes(4) * min(length, MOST))
        elif kind < 0.8:
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


def compressed(choose: random.Random, text: bytes) -> bytes:
    """A compressed message: as most clients send it, with a last block, broken, or in two frames."""
    kind = choose.choice(["usual", "usual", "last block", "broken", "two frames"])
    if kind == "last block":
        deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
        payload = deflater.compress(text) + deflater.flush() + b"\0"
        plain = Frame(Opcode.TEXT, payload).serialize(mask=True)
        return bytes([frames.DEFLATED_TEXT]) + plain[1:]
    frame = Frame(Opcode.TEXT, text)
    if kind == "two frames":
        first, second = Frame(Opcode.TEXT, text, fin=False), Frame(Opcode.CONT, b"")
        extension = PerMessageDeflate(True, True, 15, 15)
        return b"".join(each.serialize(mask=True, extensions=[extension]) for each in (first, second))
    data = frame.serialize(mask=True, extensions=[PerMessageDeflate(True, True, 15, 15)])
    return data if kind == "usual" else data[:-3] + choose.randbytes(3)


@pytest.mark.parametrize("deflated", [False, True])
@pytest.mark.parametrize("seed", range(20))
def test_both_ways_give_the_same(seed: int, deflated: bool) -> None:
    choose = random.Random(seed)
    for trial in range(100):
        stream = random_stream(choose)
        ways = [parse(stream, random.Random(trial), fast, deflated) for fast in (True, False)]
        assert ways[0] == ways[1]


def test_what_is_compressed_swells_only_when_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    swollen: list[int] = []
    inflate = deflate.inflate

    def counting(payload: bytes, most: int) -> bytes | None:
        swollen.append(most)
        return inflate(payload, most)

    monkeypatch.setattr(deflate, "inflate", counting)
    frame = Frame(Opcode.TEXT, b" " * MOST).serialize(mask=True, extensions=[PerMessageDeflate(True, True, 15, 15)])
    messages = FastPath(MOST, True).feed(frame * 500)
    for number in range(1, 4):
        assert next(messages) == b" " * MOST
        assert len(swollen) == number


def test_pings_and_pongs_do_not_end_the_fast_path() -> None:
    fast_path = FastPath(MOST)
    for opcode in (Opcode.PONG, Opcode.PING):
        control = Frame(opcode, b"abc").serialize(mask=True)
        assert (list(fast_path.feed(control)), fast_path.rest) == ([], control)
        assert (list(fast_path.feed(Frame(Opcode.TEXT, b"hello").serialize(mask=True))), fast_path.rest) == ([b"hello"], b"")


def test_a_fragment_ends_it_for_good() -> None:
    fast_path = FastPath(MOST)
    fragment = Frame(Opcode.TEXT, b"a", fin=False).serialize(mask=True)
    text = Frame(Opcode.TEXT, b"hello").serialize(mask=True)
    assert (list(fast_path.feed(fragment)), fast_path.rest) == ([], fragment)
    assert (list(fast_path.feed(text)), fast_path.rest) == ([], text)
