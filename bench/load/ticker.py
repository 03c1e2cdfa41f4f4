"""A clock that wakes an epoll: Linux's timerfd, which Python has from 3.13 on. epoll's own timeout is in milliseconds."""

import ctypes
import os
import struct
import time

_libc = ctypes.CDLL(None, use_errno=True)


class Ticker:
    """Fires `rate` times a second from now on."""

    def __init__(self, rate: float) -> None:
        self.fd = _libc.timerfd_create(time.CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        whole, part = divmod(round(1e9 / rate), 1_000_000_000)
        if self.fd < 0 or _libc.timerfd_settime(self.fd, 0, struct.pack("qqqq", whole, part, whole, part), None):
            raise OSError(ctypes.get_errno(), "no timerfd")

    def due(self) -> int:
        """How often it has fired since this was asked last."""
        try:
            return int.from_bytes(os.read(self.fd, 8), "little")
        except BlockingIOError:
            return 0
