"""Connection: one WebSocket, one ordered, bounded outbox, a writer that never waits.

Data comes from the socket of a handshake (`realtime.serve`); `for text in connection` yields its messages in the greenlet
of the connection, the one reader. Data goes out through `write`, which any greenlet may call and which never
waits: the kernel takes what it can, the rest stays in the outbox, and a drain greenlet lives only while it does.
Pongs and close frames take the same way, so nothing overtakes anything and no frame is ever cut.
Parsing is left to the sans-I/O protocol of the package `websockets`; what messages mean, to the caller.

Why not `ws.send`: simple-websocket ignores how much the kernel took (its issue #45), so a slow reader gets cut
frames, and a broadcast loop that waits for one client stops for all.
"""

import _socket
import collections
import dataclasses
import fcntl
import logging
import socket
import ssl
import sys
import termios
import time
from collections.abc import Iterator
from typing import Any

import gevent
from gevent.hub import get_hub
from gevent.socket import wait, wait_write
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN, SERVER, Protocol

from chatapp.realtime import deflate, frames
from chatapp.realtime.fastpath import FastPath
from chatapp.realtime.ratelimit import TokenBucket

TEXT = Opcode.TEXT
#: What a watcher of gevent's loop waits for: that a socket can be read.
READ = 1

#: Bytes asked of the kernel at a time.
RECEIVE_BYTES = 65_536
#: Bytes given to the full parser at a time: it unpacks and answers all that is in them before anybody is held back.
PARSED_BYTES = 512
#: A backlog that has not moved for this long ends its connection (seconds).
WRITE_DEADLINE = 10.0
#: How long a closing connection may take to empty its outbox and to hear the peer's goodbye (seconds).
CLOSE_SECONDS = 1.0
#: How often a reader that is held back looks whether its connection still stands (seconds).
HELD_BACK_SECONDS = 0.25
#: How many pieces of the outbox go to the kernel in one call.
PIECES_A_SEND = 64
#: A client with more than this share of its outbox waiting (one in so many) is not read from until it has caught up.
TALKER_SHARE = 4
#: How often someone who waits for room in an outbox looks again (seconds).
ROOM_SECONDS = 0.005
#: A rate limit lets this many seconds' worth of messages through at once.
BURST_SECONDS = 5

#: Says only what is wrong; the end of each connection is told by `realtime.serve`.
_protocol_log = logging.getLogger("chatapp.protocol")
_protocol_log.setLevel(logging.WARNING)


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


class Connection:
    """One WebSocket after its handshake.

    `sock` is a raw, non-blocking socket, whose calls take or give what the kernel has and return at once; the connection
    owns it, and `finish` closes it. `deflated`: whether text may be compressed, both ways (`realtime.deflate`).
    """

    __slots__ = (
        "_backlog",
        "_bucket",
        "_deadline",
        "_drainer",
        "_fast_path",
        "_fragments",
        "_gone",
        "_heard",
        "_parser",
        "_readable",
        "_receiving",
        "_send",
        "_sending",
        "_sock",
        "backlog_bytes",
        "deflated",
        "ending",
        "limits",
        "received",
    )

    def __init__(self, sock: _socket.socket, limits: Limits, deflated: bool = False) -> None:
        self._sock = sock
        # gevent's own send would wait for room, and costs twice the time per call (docs/ARCHITECTURE.md, "The outbox").
        self._send = sock.send
        self._readable = get_hub().loop.io(sock.fileno(), READ)
        self._fast_path = FastPath(limits.message_bytes, deflated)
        self._parser: Protocol | None = None
        self._fragments: list[bytes] | None = None
        self._bucket = _bucket(limits.message_rate)
        # The outbox: what the kernel has not taken yet, oldest first.
        self._backlog: collections.deque[bytes | memoryview] = collections.deque()
        self._drainer: gevent.Greenlet | None = None
        self._sending = True  # False once a close frame is on its way: nothing may follow it
        self._gone = False  # True once the TCP connection is given up
        self._deadline: Any = None  # the timer that ends a connection whose peer does not answer our close frame
        self._receiving = False  # True while the reader waits for the peer: only then is silence a bad sign
        self._heard = True  # whether anything came since the last ping
        self.backlog_bytes = 0
        self.received = 0  # messages, for the log line at the end
        self.ending: frames.Close | None = None  # why it ended, once known
        self.limits = limits
        self.deflated = deflated

    def _full_parser(self) -> Protocol:
        """Made when it is needed: many connections never say anything but whole texts."""
        if self._parser is None:
            self._parser = Protocol(SERVER, max_size=self.limits.message_bytes, logger=_protocol_log)
            self._parser.extensions = [deflate.extension()] if self.deflated else []
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
            self._note_close()
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
        if self._gone and opcode not in (TEXT, Opcode.CONT):
            return None  # nobody to answer; what it said before it vanished is still told, at its rate
        self._hold_back()
        if opcode is TEXT and fin:
            return self._decode(data)
        if opcode is TEXT:
            self._fragments = [bytes(data)]
        elif opcode is Opcode.CONT and self._fragments is not None:
            self._fragments.append(bytes(data))
            if fin:
                whole, self._fragments = b"".join(self._fragments), None
                return self._decode(whole)
        elif opcode is Opcode.BINARY:
            self.end(frames.NOT_TEXT)
        return None

    def _decode(self, payload: "bytes | bytearray | memoryview") -> str | None:
        try:
            text = str(payload, "utf-8")
        except UnicodeDecodeError:
            self.end(frames.NOT_UNDERSTOOD.because("the text is not valid UTF-8"))
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

    def _note_close(self) -> None:
        """Remember why the connection ends: what the peer said, or what the parser found wrong."""
        if self.ending is not None or self._parser is None:
            return
        said = self._full_parser().close_rcvd or self._full_parser().close_sent
        if said is not None:
            self.ending = frames.Close(int(said.code), said.reason, False)

    # Writing: any greenlet, never waiting.

    def write(self, data: bytes) -> bool:
        """Send whole frames, or keep them until the client reads. Returns False, and takes nothing, if the outbox is full.

        Never waits and never raises. On a connection that is closing it does nothing and returns True.
        """
        if not self._backlog:
            # The whole fan-out is this: one call into the kernel for each client.
            if self._sending:
                try:
                    sent = self._send(data)
                except BlockingIOError:
                    sent = 0
                except OSError:
                    self.abort()
                    return True
                if sent != len(data):
                    self._keep(memoryview(data)[sent:])
            return True
        if not self._sending or not data:
            return True
        if self.backlog_bytes + len(data) > self.limits.outbox_bytes:
            return False
        self._keep(data)
        return True

    def _keep(self, data: bytes | memoryview) -> None:
        """Put what the kernel did not take into the outbox, whatever its size: a frame is never cut."""
        self._backlog.append(data)
        self.backlog_bytes += len(data)
        if self._drainer is None:
            self._drainer = gevent.spawn(self._drain)

    def _drain(self) -> None:
        """Owned by the drain greenlet: empty the outbox as the client reads, then end."""
        try:
            while self._backlog:
                self._wait_until_writable()
                pieces = [self._backlog[i] for i in range(min(len(self._backlog), PIECES_A_SEND))]
                try:
                    self._sent(self._sock.sendmsg(pieces))
                except BlockingIOError:
                    continue
        except TimeoutError:
            self.ending = self.ending or frames.TOO_SLOW
            self.abort()
        except OSError:
            self.abort()
        finally:
            self._drainer = None

    def _wait_until_writable(self) -> None:
        """Wait for room in the kernel's buffer. Raises TimeoutError if the peer took nothing for the write deadline.

        The kernel calls a socket writable only when a good part of its buffer is free, which with a slow peer can take
        longer than the deadline: what counts is whether the peer takes anything.
        """
        unsent = _unsent(self._sock)
        while True:
            try:
                wait_write(self._sock.fileno(), WRITE_DEADLINE, TimeoutError())
                return
            except TimeoutError:
                before, unsent = unsent, _unsent(self._sock)
                if unsent >= before:
                    raise

    def _sent(self, count: int) -> None:
        self.backlog_bytes -= count
        while count:
            piece = self._backlog[0]
            if count < len(piece):
                self._backlog[0] = memoryview(piece)[count:]
                return
            count -= len(piece)
            self._backlog.popleft()

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

    def wait_for_room(self, most: int) -> bool:
        """Wait until at most `most` bytes are left in the outbox. Returns False if the connection ended meanwhile."""
        while self.backlog_bytes > most and self._sending:
            gevent.sleep(ROOM_SECONDS)
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
        self._note_close()
        self._sending = False
        if self._drainer is not None:
            self._drainer.join(CLOSE_SECONDS)
        if not self._gone and not self._backlog:
            self._linger()
        self.abort()
        if self._drainer is not None:
            self._drainer.kill()
        self._readable.close()
        self._sock.close()

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
        """Give the connection up at once, from any greenlet, with what the outbox still holds. Wakes the reader."""
        self._sending = False
        if self._deadline is not None:
            self._deadline.close()
            self._deadline = None
        if self._gone:
            return
        self._gone = True
        self._backlog.clear()
        self.backlog_bytes = 0
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def _unsent(sock: _socket.socket) -> int:
    """How many bytes the kernel holds that the peer has not acknowledged (SIOCOUTQ, the same as TIOCOUTQ)."""
    answer = fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
    return int.from_bytes(answer, sys.byteorder)


def _bucket(rate: float) -> TokenBucket | None:
    return TokenBucket(rate, rate * BURST_SECONDS, time.monotonic()) if rate else None
