"""A connection never waits when it writes, cuts no frame, forgets no byte, and ends cleanly. Over real socket pairs."""

import time
from collections.abc import Callable, Iterator

import gevent
import gevent.socket
import pytest
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame, Opcode
from websockets.protocol import CLIENT, Protocol

from chatapp.realtime import connection as connection_module
from chatapp.realtime import frames, outbox
from chatapp.realtime.connection import Connection, Limits, take_over
from chatapp.realtime.frames import text_frame

LIMITS = Limits(message_bytes=1000, outbox_bytes=100_000)


class Peer:
    """The other end: the client side of the protocol on a raw socket."""

    def __init__(self, sock: gevent.socket.socket) -> None:
        self.sock = sock
        self.protocol = Protocol(CLIENT, max_size=None)

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def send_frame(self, opcode: Opcode, data: bytes = b"", fin: bool = True) -> None:
        self.send(Frame(opcode, data, fin).serialize(mask=True))

    def frames(self, count: int) -> list[Frame]:
        """Wait for so many frames."""
        got: list[Frame] = []
        with gevent.Timeout(10):
            while len(got) < count:
                data = self.sock.recv(65536)
                assert data, f"the stream ended after {len(got)} of {count} frames"
                self.protocol.receive_data(data)
                got += [event for event in self.protocol.events_received() if isinstance(event, Frame)]
        return got

    def close_code(self) -> int:
        frame = self.frames(1)[-1]
        assert frame.opcode is Opcode.CLOSE
        return int.from_bytes(frame.data[:2], "big")


class Pair:
    """A connection with its reader running, and its peer."""

    def __init__(self, limits: Limits, deflated: bool) -> None:
        ours, theirs = gevent.socket.socketpair()
        self.peer = Peer(theirs)
        self.connection = Connection(take_over(ours), limits, deflated)
        self.heard: list[str] = []
        self.reader = gevent.spawn(self._read)

    def _read(self) -> None:
        for text in self.connection:
            self.heard.append(text)
        self.connection.finish()

    def wait_heard(self, count: int) -> None:
        with gevent.Timeout(10):
            while len(self.heard) < count:
                gevent.sleep(0.005)

    def wait_ended(self) -> None:
        with gevent.Timeout(10):
            self.reader.join()


@pytest.fixture
def make_pair() -> Iterator[Callable[..., Pair]]:
    """`make_pair(limits)`; all are closed with the test."""
    made: list[Pair] = []

    def make(limits: Limits = LIMITS, deflated: bool = False) -> Pair:
        made.append(Pair(limits, deflated))
        return made[-1]

    yield make
    for pair in made:
        pair.peer.sock.close()
        pair.wait_ended()
        pair.connection.abort()


@pytest.fixture
def pair(make_pair: Callable[..., Pair]) -> Pair:
    return make_pair()


def test_it_yields_whole_and_fragmented_messages(pair: Pair) -> None:
    pair.peer.send_frame(Opcode.TEXT, "grüße".encode())
    for opcode, data, fin in (
        (Opcode.TEXT, b"a", False),
        (Opcode.CONT, "é".encode()[:1], False),
        (Opcode.CONT, "é".encode()[1:], True),
    ):
        pair.peer.send_frame(opcode, data, fin)
    pair.wait_heard(2)
    assert pair.heard == ["grüße", "aé"]


def test_text_that_goes_wrong_in_a_piece_is_refused_before_the_last(pair: Pair) -> None:
    pair.peer.send_frame(Opcode.TEXT, "κόσμε".encode(), fin=False)
    pair.peer.send_frame(Opcode.CONT, b"\xf4\x90", fin=False)
    assert pair.peer.close_code() == 1007


def test_text_that_ends_within_a_character_is_refused(pair: Pair) -> None:
    pair.peer.send_frame(Opcode.TEXT, b"a", fin=False)
    pair.peer.send_frame(Opcode.CONT, "é".encode()[:1])
    assert pair.peer.close_code() == 1007


def test_who_has_a_use_for_binary_messages_gets_them_in_order(pair: Pair) -> None:
    heard: list[str | bytes] = []
    pair.connection.on_binary = lambda data: heard.extend([*pair.heard, data])
    pair.peer.send_frame(Opcode.TEXT, b"first")
    pair.peer.send_frame(Opcode.BINARY, b"\xff")
    for opcode, fin in ((Opcode.BINARY, False), (Opcode.CONT, False), (Opcode.CONT, True)):
        pair.peer.send_frame(opcode, b"\xfe", fin)
    pair.peer.send_frame(Opcode.TEXT, b"last")
    pair.wait_heard(2)
    assert heard == ["first", b"\xff", "first", b"\xfe\xfe\xfe"]
    assert pair.connection.received == 4


def test_it_answers_a_ping_with_its_payload(pair: Pair) -> None:
    pair.peer.send_frame(Opcode.PING, b"42")
    (pong,) = pair.peer.frames(1)
    assert (pong.opcode, bytes(pong.data)) == (Opcode.PONG, b"42")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (Frame(Opcode.BINARY, b"x").serialize(mask=True), 1003),
        (Frame(Opcode.BINARY, b"x", fin=False).serialize(mask=True), 1003),
        (Frame(Opcode.TEXT, b"\xff").serialize(mask=True), 1007),
        (Frame(Opcode.TEXT, b"x" * 1001).serialize(mask=True), 1009),
        (
            Frame(Opcode.TEXT, b"x" * 600, fin=False).serialize(mask=True)
            + Frame(Opcode.CONT, b"x" * 600).serialize(mask=True),
            1009,
        ),
        (b"\x81\xff" + (2**40).to_bytes(8, "big") + b"mask", 1009),
        (Frame(Opcode.TEXT, b"x").serialize(mask=False), 1002),
        (b"\xc1\x80mask", 1002),
        (Frame(Opcode.CONT, b"x").serialize(mask=True), 1002),
        (b"GET / HTTP/1.1\r\n\r\n", 1002),
    ],
    ids=[
        "binary",
        "binary in pieces",
        "no utf-8",
        "too big",
        "too big in pieces",
        "huge",
        "no mask",
        "reserved bit",
        "piece of nothing",
        "http",
    ],
)
def test_what_is_against_the_rules_is_answered_with_its_code(pair: Pair, data: bytes, code: int) -> None:
    pair.peer.send(data)
    assert pair.peer.close_code() == code
    pair.peer.sock.close()
    pair.wait_ended()
    assert pair.connection.ending is not None
    assert pair.connection.ending.code == code


def test_messages_before_a_broken_frame_are_delivered(pair: Pair) -> None:
    pair.peer.send(Frame(Opcode.TEXT, b"before").serialize(mask=True) + b"\xff\xff")
    assert pair.peer.close_code() == 1002
    assert pair.heard == ["before"]


def test_a_goodbye_is_answered_and_remembered(pair: Pair) -> None:
    pair.peer.send_frame(Opcode.CLOSE, (1001).to_bytes(2, "big") + b"going")
    assert pair.peer.close_code() == 1001
    assert pair.peer.sock.recv(100) == b""
    pair.wait_ended()
    assert pair.connection.ending == frames.Close(1001, "going", False)


def test_a_goodbye_between_the_pieces_of_a_message_is_none_against_the_rules(pair: Pair) -> None:
    pair.peer.send_frame(Opcode.TEXT, b"half", fin=False)
    pair.peer.send_frame(Opcode.CLOSE, (1001).to_bytes(2, "big"))
    assert pair.peer.close_code() == 1001
    pair.peer.sock.close()
    pair.wait_ended()
    assert pair.connection.ending == frames.Close(1001, "", False)


def test_ending_it_says_goodbye_and_gives_a_silent_peer_up(pair: Pair) -> None:
    gevent.sleep(0)
    pair.connection.end(frames.GOING_AWAY)
    pair.connection.write(text_frame(b"too late"))
    assert pair.peer.close_code() == 1001
    pair.wait_ended()
    assert pair.peer.sock.recv(100) == b"", "nothing may follow a close frame"


def test_writes_keep_their_order_and_cut_nothing_while_the_peer_reads_late(pair: Pair) -> None:
    sent = [b"%06d" % number * 50 for number in range(2000)]
    taken = 0
    for payload in sent:
        if not pair.connection.write(text_frame(payload)):
            break
        taken += 1
    assert 0 < taken < len(sent), "the outbox must have filled"
    assert pair.connection.backlog_bytes <= LIMITS.outbox_bytes
    pair.peer.send_frame(Opcode.PING, b"between")  # the pong must queue up behind what waits
    got = pair.peer.frames(taken + 1)
    assert [bytes(frame.data) for frame in got[:taken]] == sent[:taken]
    assert got[taken].opcode is Opcode.PONG
    assert pair.connection.backlog_bytes == 0
    assert pair.connection.write(text_frame(b"again")), "it has room again"


def test_a_full_outbox_takes_nothing_and_the_goodbye_comes_behind_it(pair: Pair) -> None:
    while pair.connection.write(text_frame(b"x" * 5000)):
        pass
    before = pair.connection.backlog_bytes
    assert not pair.connection.write(text_frame(b"x" * 5000))
    assert pair.connection.backlog_bytes == before
    pair.connection.end(frames.TOO_SLOW)
    got = pair.peer.frames(1)
    while got[-1].opcode is not Opcode.CLOSE:
        got += pair.peer.frames(1)
    assert all(len(frame.data) == 5000 for frame in got[:-1]), "every byte before it is intact"
    assert int.from_bytes(got[-1].data[:2], "big") == 4008


def test_a_peer_that_never_reads_is_given_up_after_the_write_deadline(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "WRITE_DEADLINE", 0.2)
    while pair.connection.write(text_frame(b"x" * 5000)):
        pass
    pair.wait_ended()
    assert pair.connection.ending == frames.TOO_SLOW
    assert pair.connection.backlog_bytes == 0


def test_a_client_that_does_not_take_its_answers_is_not_read(pair: Pair) -> None:
    """A flood of pings whose pongs nobody reads must not fill the memory."""
    ping = Frame(Opcode.PING, b"x" * 125).serialize(mask=True) * 500
    pair.peer.sock.settimeout(0.3)
    with pytest.raises(TimeoutError):
        for _ in range(1000):
            pair.peer.send(ping)
    assert pair.connection.backlog_bytes <= LIMITS.outbox_bytes


class Clock:
    """Stands still until it may go on: a busy machine takes no time from who waits."""

    def __init__(self) -> None:
        self._stands_at: float | None = time.monotonic()

    def monotonic(self) -> float:
        return time.monotonic() if self._stands_at is None else self._stands_at

    def go_on(self) -> None:
        self._stands_at = None


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock by which talkers are held back."""
    clock = Clock()
    monkeypatch.setattr(connection_module, "time", clock)
    return clock


def test_a_fast_talker_is_read_more_slowly_and_loses_nothing(make_pair: Callable[..., Pair], clock: Clock) -> None:
    pair = make_pair(Limits(message_bytes=1000, outbox_bytes=100_000, message_rate=100))
    for number in range(550):
        pair.peer.send_frame(Opcode.TEXT, b"%d" % number)
    pair.wait_heard(500)
    assert len(pair.heard) < 550, "a burst of 500 passes, the rest has to wait"
    clock.go_on()
    pair.wait_heard(550)
    assert pair.heard == [str(number) for number in range(550)]


def test_a_talker_that_is_held_back_is_not_mistaken_for_a_dead_peer(make_pair: Callable[..., Pair]) -> None:
    pair = make_pair(Limits(message_bytes=1000, outbox_bytes=100_000, message_rate=1))
    for _ in range(8):
        pair.peer.send_frame(Opcode.TEXT, b"x")
    pair.wait_heard(5)
    for _ in range(3):
        pair.connection.beat()
    assert pair.connection.ending is None
    pair.connection.abort()
    pair.wait_ended()


def test_who_is_held_back_makes_nothing_swell_before_its_turn(
    make_pair: Callable[..., Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also by way of the full parser, which a fragment leads to."""
    swollen: list[Frame] = []
    decode = PerMessageDeflate.decode

    def counting(self: PerMessageDeflate, frame: Frame, *, max_size: int | None = None) -> Frame:
        swollen.append(frame)
        return decode(self, frame, max_size=max_size)

    monkeypatch.setattr(PerMessageDeflate, "decode", counting)
    pair = make_pair(Limits(message_bytes=1000, outbox_bytes=100_000, message_rate=1), deflated=True)
    extension = PerMessageDeflate(True, True, 15, 15)
    bomb = Frame(Opcode.TEXT, b" " * 1000).serialize(mask=True, extensions=[extension])
    pair.peer.send_frame(Opcode.TEXT, b"a", fin=False)
    pair.peer.send_frame(Opcode.CONT, b"b")
    pair.peer.send(bomb * 500)
    pair.wait_heard(4)
    assert len(swollen) < 50
    pair.connection.abort()
    pair.connection.end(frames.GOING_AWAY)


def test_a_talker_over_its_rate_that_vanishes_is_still_slowed_and_loses_nothing(
    make_pair: Callable[..., Pair], clock: Clock
) -> None:
    pair = make_pair(Limits(message_bytes=1000, outbox_bytes=100_000, message_rate=20))
    for number in range(110):
        pair.peer.send_frame(Opcode.TEXT, b"%d" % number)
    pair.wait_heard(100)
    pair.connection.abort()
    gevent.sleep(0)
    assert len(pair.heard) < 105, "the end of the connection must not let the rest through at once"
    clock.go_on()
    pair.wait_heard(110)


def test_who_vanishes_after_a_flood_of_pings_is_gone_at_once(make_pair: Callable[..., Pair]) -> None:
    pair = make_pair(Limits(message_bytes=1000, outbox_bytes=100_000, message_rate=20))
    pair.peer.send(Frame(Opcode.PING, b"").serialize(mask=True) * 5000)
    pair.peer.frames(1)
    pair.connection.abort()
    pair.wait_ended()  # the flood alone would take minutes


def test_who_is_sent_away_while_it_is_held_back_is_gone_soon(make_pair: Callable[..., Pair]) -> None:
    pair = make_pair(Limits(message_bytes=1000, outbox_bytes=100_000, message_rate=1))
    pair.peer.send(Frame(Opcode.TEXT, b"x").serialize(mask=True) * 500)
    pair.wait_heard(5)
    pair.connection.abort()
    pair.connection.end(frames.GOING_AWAY)
    pair.wait_ended()  # what it said would take minutes


def test_what_is_larger_than_the_outbox_waits_for_an_empty_one(pair: Pair) -> None:
    big = text_frame(b"x" * 90_000)
    senders = [gevent.spawn(pair.connection.write_waiting, big, 50_000) for _ in range(10)]
    got = pair.peer.frames(10)
    assert [len(frame.data) for frame in got] == [90_000] * 10
    gevent.joinall(senders, timeout=10)
    assert [sender.value for sender in senders] == [True] * 10


def test_silence_between_two_heartbeats_ends_it_and_any_byte_is_life(pair: Pair) -> None:
    gevent.sleep(0)
    pair.connection.beat()
    pair.peer.send_frame(Opcode.PONG)
    with gevent.Timeout(10):
        while not pair.connection._heard:
            gevent.sleep(0)
    pair.connection.beat()
    assert pair.connection.ending is None
    pair.connection.beat()
    pair.wait_ended()
    assert pair.connection.ending == frames.NO_SIGN_OF_LIFE
