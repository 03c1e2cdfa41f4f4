"""Connection: one WebSocket, from its handshake to its end.

Data comes from the socket of a handshake (`realtime.serve`); `for text in connection` yields its messages in the greenlet
of the connection, the one reader. Data goes out through the outbox that it is (`realtime.outbox`), in any greenlet and
without ever waiting; pongs and close frames take the same way. Parsing is left to `realtime.fastpath` and
`realtime.parser`; what messages mean, to the caller.
"""

import _socket
import dataclasses
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from typing import Any

import gevent
from gevent.hub import get_hub
from gevent.socket import wait
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN

from chatapp.realtime import deflate, frames
from chatapp.realtime.fastpath import FastPath
from chatapp.realtime.outbox import Outbox
from chatapp.realtime.parser import Parser
from chatapp.realtime.pieces import BinaryPieces, TextPieces
from chatapp.realtime.ratelimit import TokenBucket

TEXT, BINARY = Opcode.TEXT, Opcode.BINARY
#: What a watcher of gevent's loop waits for: that a socket can be read.
READ = 1

#: Bytes asked of the kernel at a time.
RECEIVE_BYTES = 65_536
#: Bytes given to the full parser at a time: it unpacks and answers all that is in them before anybody is held back.
PARSED_BYTES = 512
#: How long a closing connection may take to empty its outbox and to hear the peer's goodbye (seconds).
CLOSE_SECONDS = 1.0
#: How often a reader that is held back looks whether its connection still stands (seconds).
HELD_BACK_SECONDS = 0.25
#: A client with more than this share of its outbox waiting (one in so many) is not read from until it has caught up.
TALKER_SHARE = 4
#: A rate limit lets this many seconds' worth of messages through at once.
BURST_SECONDS = 5

_CONTROL = (Opcode.CLOSE, Opcode.PING, Opcode.PONG)
_NOT_UTF_8 = frames.NOT_UNDERSTOOD.because("the text is not valid UTF-8")


@dataclasses.dataclass(frozen=True)
class Limits:
    """What one connection may take: bytes a message, bytes waiting for it, messages a second (0: any)."""

    message_bytes: int = 65_536
    outbox_bytes: int = 1_048_576
    message_rate: float = 0.0


def take_over(sock: Any) -> _socket.socket:
    """The connection of a gevent socket as a raw, non-blocking one; the gevent socket is empty then, and closes nothing."""
    if isinstance(sock, ssl.SSLSocket):
        raise TypeError("a Connection needs a plain socket: end TLS in a proxy")
    raw = _socket.socket(sock.family, sock.type, sock.proto, sock.detach())
    raw.setblocking(False)
    return raw


class Connection(Outbox):
    """One WebSocket after its handshake.

    `sock` is a raw, non-blocking socket, whose calls take or give what the kernel has and return at once; the connection
    owns it, and `finish` closes it. `deflated`: whether text may be compressed, both ways (`realtime.deflate`).

    `on_binary`: takes binary messages, in the reader's greenlet and in order with the texts. Neither half of this server
    has a use for them: unless somebody sets it, they end the connection with 1003.
    """

    __slots__ = (
        "_bucket",
        "_deadline",
        "_fast_path",
        "_heard",
        "_parser",
        "_pieces",
        "_readable",
        "_receiving",
        "deflated",
        "limits",
        "on_binary",
        "received",
    )

    def __init__(self, sock: _socket.socket, limits: Limits, deflated: bool = False) -> None:
        super().__init__(sock, limits.outbox_bytes)
        self._readable = get_hub().loop.io(sock.fileno(), READ)
        self._fast_path = FastPath(limits.message_bytes, deflated)
        self._parser: Parser | None = None
        self._pieces: TextPieces | BinaryPieces | None = None  # of the message that is open
        self._bucket = _bucket(limits.message_rate)
        self._deadline: Any = None  # the timer that ends a connection whose peer does not answer our close frame
        self._receiving = False  # True while the reader waits for the peer: only then is silence a bad sign
        self._heard = True  # whether anything came since the last ping
        self.received = 0  # messages, for the log line at the end
        self.limits = limits
        self.deflated = deflated
        self.on_binary: Callable[[bytes], None] | None = None

    def _full_parser(self) -> Parser:
        """Made when it is needed: many connections never say anything but whole texts."""
        if self._parser is None:
            self._parser = Parser(self.limits.message_bytes, self.deflated)
        return self._parser

    # Reading: only the connection's own greenlet.

    def __iter__(self) -> Iterator[str]:
        """Yield each text message until the connection ends; pings, fragments and closing are dealt with here.

        Owned by the greenlet of the connection. It reads no faster than the rate allows, and not at all while this client
        leaves its own outbox full: so a talker is slowed, nothing of it is dropped, and no memory grows.
        """
        while not self._gone:
            data = self._receive()
            if not data:
                return
            for message in self._fast_path.feed(data):
                if self.ending is None:
                    self._hold_back()
                    text = self._decode(message)
                    if text is not None:
                        yield text
            rest = self._fast_path.rest
            for at in range(0, len(rest), PARSED_BYTES):
                yield from self._parse(rest[at : at + PARSED_BYTES])
                if self._full_parser().eof_sent:
                    return
            if self._backlog:
                self.wait_for_room(self.limits.outbox_bytes // TALKER_SHARE)

    def _parse(self, data: bytes) -> Iterator[str]:
        """What the full parser finds in the next bytes; answers of its own go out, and a close frame at the end."""
        protocol = self._full_parser()
        protocol.receive_data(data)
        events = protocol.events_received()
        if protocol.state is OPEN:
            self._flush_protocol()
        for frame in events:
            assert isinstance(frame, Frame)
            text = self._take(frame.opcode, frame.fin, frame.data)
            if text is not None:
                yield text
        if protocol.state is not OPEN:
            # Messages that came before a broken frame were delivered above; then the close frame goes out.
            self.note_close()
            self._flush_protocol()

    def _receive(self) -> bytes:
        """The next bytes; empty at the end of the stream."""
        self._receiving = True
        try:
            while True:
                # Wait first: a socket that was just read is empty, and asking it costs more than not asking.
                wait(self._readable)
                try:
                    data = self._sock.recv(RECEIVE_BYTES)
                except BlockingIOError:
                    continue
                self._heard = True
                return data
        except OSError:
            return b""
        finally:
            self._receiving = False

    def _take(self, opcode: Opcode, fin: bool, data: bytes | bytearray | memoryview) -> str | None:
        """The text that a frame completes, if it does. Every frame counts against the rate, pings and pieces too."""
        if self.ending is not None:
            return None  # we have said goodbye: what still comes is not taken any more
        if self._gone and opcode in _CONTROL:
            return None  # nobody to answer; what it said before it vanished is still told, at its rate
        self._hold_back()
        if opcode is TEXT and fin:
            return self._decode(data)
        if opcode is BINARY and self.on_binary is None:
            self.end(frames.NOT_TEXT)
        elif opcode not in _CONTROL:
            if opcode is not Opcode.CONT:
                self._pieces = TextPieces() if opcode is TEXT else BinaryPieces()
            return self._add(data, fin)
        return None

    def _add(self, data: bytes | bytearray | memoryview, last: bool) -> str | None:
        """Add a piece to the open message; the text, if it is the last of one."""
        assert self._pieces is not None
        try:
            message = self._pieces.add(data, last)
        except UnicodeDecodeError:
            self.end(_NOT_UTF_8)
            return None
        if last:
            self._pieces = None
            self.received += 1
        if isinstance(message, bytes):
            assert self.on_binary is not None
            self.on_binary(message)
            return None
        return message

    def _decode(self, payload: "bytes | bytearray | memoryview") -> str | None:
        try:
            text = str(payload, "utf-8")
        except UnicodeDecodeError:
            self.end(_NOT_UTF_8)
            return None
        self.received += 1
        return text

    def _hold_back(self) -> None:
        if self._bucket is None:
            return
        seconds = self._bucket.take(time.monotonic())
        while seconds > 0 and self.ending is None:
            gevent.sleep(min(seconds, HELD_BACK_SECONDS))
            seconds -= HELD_BACK_SECONDS

    def _flush_protocol(self) -> None:
        for data in self._full_parser().data_to_send():
            # An empty piece stands for the end of the stream, which `finish` brings about. Control frames are short and
            # are taken even by a full outbox; the reader stops long before many pile up.
            if self._backlog and data:
                self._keep(data)
            elif data:
                self.write(data)
        if self._full_parser().close_sent is not None:
            self._sending = False

    def note_close(self) -> None:
        """Remember why the connection ends: what the peer said, or what the parser found wrong."""
        if self.ending is not None or self._parser is None:
            return
        said = self._full_parser().close_rcvd or self._full_parser().close_sent
        if said is not None:
            self.ending = frames.Close(int(said.code), said.reason, False)

    # Writing, beside what the outbox does.

    def write_waiting(self, data: bytes, most: int) -> bool:
        """Like `write`, but wait first until at most `most` bytes are left to send. Returns False if it ended.

        For the past of a stream, which is sent no faster than the client reads; never on a fan-out.
        """
        self.wait_for_room(most)
        if self.deflated and len(data) >= deflate.WORTHWHILE_BYTES:
            data = deflate.for_few(data)
        while not self.write(data):
            self.wait_for_room(0)  # what is as large as the outbox fits only into an empty one
        return self._sending

    # Ending.

    @property
    def left(self) -> bool:
        """Whether the peer said goodbye first."""
        return self._parser is not None and self._parser.close_rcvd_then_sent is True

    def end(self, close: frames.Close) -> None:
        """Start the closing handshake from any greenlet; never waits. The reader ends when the peer has answered."""
        self.ending = self.ending or close
        if not self._sending:
            return
        if self._full_parser().state is OPEN:  # otherwise the peer was first, and our answer is about to leave
            self._full_parser().send_close(close.code, close.reason)
        self._flush_protocol()
        self._deadline = gevent.get_hub().loop.timer(CLOSE_SECONDS)
        self._deadline.start(self.abort)

    def beat(self) -> None:
        """One heartbeat: give up a peer that was silent since the last ping, ping the others.

        Any byte counts as life. A peer that we are not reading is not judged: its answer may lie unread.
        """
        if self._backlog:
            return  # a client with a backlog is watched by the write deadline
        if self._receiving and not self._heard:
            self.end(frames.NO_SIGN_OF_LIFE)
            self.abort()
            return
        self._heard = False
        self.write(frames.PING)

    def finish(self) -> None:
        """Let the last bytes out and the peer say goodbye, then close the socket. Called once, by the reader."""
        self.note_close()
        self._sending = False
        if self.drained(CLOSE_SECONDS):
            self._linger()
        self.abort()
        self._readable.close()
        self.close()

    def _linger(self) -> None:
        # Closing a socket with unread data sends a reset, which can destroy our close frame on its way (RFC 6455
        # section 7.1.1): so half-close, and read what still comes until the peer closes too.
        try:
            self._sock.shutdown(socket.SHUT_WR)
            with gevent.Timeout(CLOSE_SECONDS, False):
                while self._receive():
                    pass
        except OSError:
            pass

    def abort(self) -> None:
        """As of any outbox, and the reader wakes."""
        if self._deadline is not None:
            self._deadline.close()
            self._deadline = None
        super().abort()


def _bucket(rate: float) -> TokenBucket | None:
    return TokenBucket(rate, rate * BURST_SECONDS, time.monotonic()) if rate else None
