"""The full parser: the sans-I/O protocol of the package `websockets`, which knows the rules of RFC 6455, but for one.

Each connection makes its own when something comes that the fast path does not take. Bytes go in and frames come out; what
it answers by itself (pongs, close frames) is sent by the connection.
"""

import logging

from websockets.frames import Frame, Opcode
from websockets.protocol import SERVER, Protocol

from chatapp.realtime import deflate

#: Says only what is wrong; the end of each connection is told by `realtime.serve`.
_log = logging.getLogger("chatapp.protocol")
_log.setLevel(logging.WARNING)


class Parser(Protocol):
    """The server's side of one connection after its handshake; messages have at most `message_bytes`."""

    def __init__(self, message_bytes: int, deflated: bool) -> None:
        super().__init__(SERVER, max_size=message_bytes, logger=_log)
        self.extensions = [deflate.extension()] if deflated else []

    def recv_frame(self, frame: Frame) -> None:
        """As of any Protocol, but one may say goodbye between the pieces of a message (section 5.4 of the RFC)."""
        if frame.opcode is Opcode.CLOSE:
            # How much of a message is open: the name in websockets 15, and the one since 16.
            self.cur_size: int | None = None
            self.current_size = None
        super().recv_frame(frame)
