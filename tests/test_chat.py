"""The chat over real sockets: the seed's contract, `chat.v1`, and what happens to bad input and bad luck."""

import concurrent.futures
import json
import socket
import struct
import threading
import time
from collections.abc import Callable

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.sync.client import ClientConnection

from chatapp.realtime import frames
from tests.conftest import PATIENCE, Server, hear, say, wait_until

WITHOUT_LIMIT = {"MESSAGE_RATE": 0}


def masked(opcode: Opcode, data: bytes, fin: bool = True) -> bytes:
    """A frame as a client sends it."""
    return Frame(opcode, data, fin).serialize(mask=True)


def close_of(client: ClientConnection) -> tuple[int, str]:
    """Read until the server closes; its code and reason."""
    with pytest.raises(ConnectionClosed) as caught:
        while True:
            client.recv(PATIENCE)
    close = caught.value.rcvd
    assert close is not None, "the server closed without a close frame"
    return close.code, close.reason


# The seed's contract.


def test_everyone_gets_the_object_the_sender_included(server: Server) -> None:
    with server.connect() as ann, server.connect() as bob:
        said = {"email": "ann@example.org", "username": "ann", "message": "hello <b>\n grüße \0 \u001b[31m 你好 😀"}
        ann.send(json.dumps({**said, "extra": 1}))
        assert hear(ann) == hear(bob) == said


def test_all_clients_see_the_same_order(serve: Callable[..., Server]) -> None:
    server = serve(**WITHOUT_LIMIT)
    clients = [server.connect() for _ in range(20)]

    def talk(number: int) -> None:
        for count in range(50):
            say(clients[number], f"{number}/{count}")

    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        list(pool.map(talk, range(10)))
        heard = list(pool.map(lambda client: [hear(client)["message"] for _ in range(500)], clients))
    assert all(order == heard[0] for order in heard)
    assert sorted(heard[0]) == sorted(f"{number}/{count}" for number in range(10) for count in range(50))
    for number in range(10):
        assert [text for text in heard[0] if text.startswith(f"{number}/")] == [f"{number}/{count}" for count in range(50)]
    for client in clients:
        client.close()


def test_a_message_of_60_kb_arrives_whole(server: Server) -> None:
    with server.connect() as client:
        text = "é" * 30_000
        client.send(json.dumps({"email": "", "username": "ann", "message": text}, ensure_ascii=False))
        assert hear(client)["message"] == text


def test_a_fragmented_message_is_one_message(server: Server) -> None:
    with server.connect() as client:
        whole = json.dumps({"email": "", "username": "ann", "message": "in pieces"})
        client.send(iter([whole[:10], whole[10:20], whole[20:]]))
        assert hear(client)["message"] == "in pieces"


# Bad input: a defined answer, for that connection alone.


@pytest.mark.parametrize(
    ("headers", "status", "header"),
    [
        ({}, 426, ("upgrade", "websocket")),
        (
            {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "12"},
            426,
            ("sec-websocket-version", "13"),
        ),
        ({"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}, 400, None),
        (
            {
                "Connection": "Upgrade",
                "Upgrade": "websocket",
                "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
                "Origin": "https://evil.example",
            },
            403,
            None,
        ),
    ],
    ids=["plain GET", "version 12", "no key", "foreign origin"],
)
@pytest.mark.parametrize("path", ["/ws", "/echo"])
def test_what_may_not_upgrade_is_told_why(
    server: Server, path: str, headers: dict[str, str], status: int, header: tuple[str, str] | None
) -> None:
    answered, body, answer_headers = server.get(path, headers)
    assert answered == status
    assert body.endswith(".\n")
    assert header is None or answer_headers[header[0]] == header[1]
    assert server.health()["alive"], "the server goes on"


@pytest.mark.parametrize(
    "bad",
    [
        "not json",
        "[]",
        '"text"',
        "{}",
        '{"email":"a","username":"b"}',
        '{"email":"a","username":"b","message":5}',
        '{"email":"a","username":"","message":"x"}',
        '{"email":"a","username":"b","message":""}',
        "[" * 60_000,
    ],
)
def test_a_plain_client_that_is_not_understood_is_closed_alone(server: Server, bad: str) -> None:
    with server.connect() as good, server.connect() as wrong:
        wrong.send(bad)
        code, reason = close_of(wrong)
        assert code == 1007
        assert reason
        say(good, "still here")
        assert hear(good)["message"] == "still here"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (masked(Opcode.BINARY, b"x"), 1003),
        (masked(Opcode.TEXT, b'{"\xff'), 1007),
        (masked(Opcode.TEXT, b"x" * 70_000), 1009),
        (masked(Opcode.TEXT, b"x" * 40_000, fin=False) + masked(Opcode.CONT, b"x" * 40_000), 1009),
        (masked(Opcode.CONT, b"x"), 1002),
        (b"\xc1\x81maskx", 1002),
    ],
    ids=["binary", "no utf-8", "too big", "too big in pieces", "piece of nothing", "reserved bit"],
)
def test_a_frame_against_the_rules_is_answered_with_its_code(server: Server, data: bytes, code: int) -> None:
    link = server.raw()
    link.sendall(data)
    assert code_of(link) == code
    assert server.health()["alive"]


def code_of(link: socket.socket) -> int:
    """Read a raw stream to its end; the code of the close frame in it, and no byte after that."""
    stream = b""
    while piece := link.recv(65536):
        stream += piece
    link.close()
    start = stream.index(b"\x88")
    assert len(stream) == start + 2 + stream[start + 1], "nothing may follow the close frame"
    return int(struct.unpack(">H", stream[start + 2 : start + 4])[0])


def test_ten_megabytes_are_refused_at_the_header_and_take_no_memory(serve: Callable[..., Server]) -> None:
    server = serve()
    before = memory_of(server)
    links = [server.raw() for _ in range(20)]
    frame = masked(Opcode.TEXT, b"x" * 10_000_000)
    for link in links:
        try:
            link.sendall(frame)
        except OSError:
            pass  # it has closed in the middle of our sending, as it should
        assert code_of_or_reset(link) in (1009, None)
    assert memory_of(server) - before < 30_000_000
    assert server.health()["alive"]


def code_of_or_reset(link: socket.socket) -> int | None:
    try:
        return code_of(link)
    except ConnectionError:
        return None


def memory_of(server: Server) -> int:
    """Resident memory of the worker in bytes."""
    (worker,) = server.workers()
    with open(f"/proc/{worker}/statm") as statm:
        return int(statm.read().split()[1]) * 4096


def test_a_ping_flood_is_slowed_and_hurts_nobody(serve: Callable[..., Server]) -> None:
    server = serve()
    before = memory_of(server)
    link = server.raw()
    link.settimeout(1.0)
    flood = masked(Opcode.PING, b"x" * 100) * 1000
    with pytest.raises(TimeoutError):
        for _ in range(2000):
            link.sendall(flood)
    with server.connect() as ann:
        say(ann, "nobody notices")
        assert hear(ann)["message"] == "nobody notices"
    assert memory_of(server) - before < 20_000_000
    link.close()


def test_half_a_frame_and_silence_is_ended_by_the_heartbeat(serve: Callable[..., Server]) -> None:
    server = serve(PING_SECONDS=0.5)
    link = server.raw()
    link.sendall(b"\x81\xfe\xff")
    assert code_of(link) == 4012
    wait_until(lambda: server.health()["clients"] == 0, "the connection to be gone")


def test_a_fast_talker_is_slowed_and_loses_nothing(serve: Callable[..., Server]) -> None:
    server = serve(MESSAGE_RATE=100)
    with server.connect() as ann:
        started = time.monotonic()
        for number in range(700):
            say(ann, str(number))
        assert [hear(ann)["message"] for _ in range(700)] == [str(number) for number in range(700)]
        assert time.monotonic() - started > 1.5, "500 pass at once, 200 more take two seconds"


# Bad luck.


def test_a_client_that_stops_reading_makes_nobody_wait(serve: Callable[..., Server]) -> None:
    server = serve(**WITHOUT_LIMIT, OUTBOX_BYTES=524_288, MAX_MESSAGE_BYTES=65_536)
    stalled = server.raw()  # never reads
    readers = [server.connect() for _ in range(20)]
    received = [0] * len(readers)
    messages = 600
    text = "x" * 20_000  # 12 MB in all: more than any kernel keeps for the stalled one

    def read(number: int) -> None:
        for _ in range(messages):
            readers[number].recv(PATIENCE)
            received[number] += 1

    threads = [threading.Thread(target=read, args=(number,)) for number in range(len(readers))]
    for thread in threads:
        thread.start()
    with server.connect() as talker:
        for number in range(messages):
            say(talker, f"{number} {text}")
            assert hear(talker)["message"].startswith(f"{number} ")
    for thread in threads:
        thread.join(60)
    assert received == [messages] * len(readers)
    wait_until(lambda: server.health()["clients"] <= len(readers), "the stalled one to be closed")
    # What it has got is whole frames up to where it ends: a close frame with 4008, or the end of the stream.
    stream = read_all(stalled)
    texts, code = split_frames(stream)
    assert [int(json.loads(text)["message"].split()[0]) for text in texts] == list(range(len(texts)))
    assert code in (4008, None)
    for reader in readers:
        reader.close()


def read_all(link: socket.socket) -> bytes:
    stream = bytearray()
    try:
        while piece := link.recv(1 << 20):
            stream += piece
    except ConnectionError:
        pass
    link.close()
    return bytes(stream)


def split_frames(stream: bytes) -> tuple[list[bytes], int | None]:
    """The texts of all whole frames, and the code of the close frame if one came. A cut last frame is where it ended."""
    texts: list[bytes] = []
    at = 0
    while at + 4 <= len(stream):
        opcode, length = stream[at] & 15, stream[at + 1]
        at += 2
        if length == 126:
            length = int.from_bytes(stream[at : at + 2], "big")
            at += 2
        assert opcode in (1, 8, 9), f"the stream is corrupt: opcode {opcode}"
        payload = stream[at : at + length]
        at += length
        if opcode == 8:
            return texts, int.from_bytes(payload[:2], "big")
        if opcode == 1 and len(payload) == length:
            texts.append(payload)
    return texts, None


def test_a_peer_that_vanishes_is_gone_with_the_second_heartbeat(serve: Callable[..., Server]) -> None:
    server = serve(PING_SECONDS=0.5)
    stream = read_all(server.raw())
    assert stream.startswith(frames.PING + b"\x88"), "one heartbeat asks, the next one ends it"
    assert int.from_bytes(stream[4:6], "big") == frames.NO_SIGN_OF_LIFE.code
    wait_until(lambda: server.health()["clients"] == 0, "the silent peer to be gone")


def test_a_peer_that_answers_pings_stays(serve: Callable[..., Server]) -> None:
    server = serve(PING_SECONDS=1)
    link = server.raw()
    for _ in range(3):
        assert link.recv(2) == frames.PING
        link.sendall(masked(Opcode.PONG, b""))
    link.sendall(masked(Opcode.TEXT, json.dumps({"email": "", "username": "ann", "message": "here"}).encode()))
    while (piece := link.recv(1000)) == frames.PING:
        pass
    assert b'"here"' in piece
    link.close()


def test_over_the_limit_of_clients_the_answer_is_503_and_health_still_answers(serve: Callable[..., Server]) -> None:
    server = serve(MAX_CLIENTS=2)
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    with server.connect(), server.connect():
        status, body, headers = server.get("/ws", upgrade)
        assert (status, headers["retry-after"]) == (503, "30")
        assert "CHATAPP_MAX_CLIENTS" in body
        assert server.health()["clients"] == 2
    wait_until(lambda: server.health()["clients"] == 0, "the two to be gone")
    with server.connect() as third:
        say(third, "now there is room")
        assert hear(third)


# Opening.


def test_an_unknown_subprotocol_is_not_chosen(server: Server) -> None:
    with server.connect("/ws", subprotocols=["logs.v1", "chat.v9"]) as client:
        assert client.subprotocol is None
