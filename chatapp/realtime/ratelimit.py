"""A token bucket: how long a talker has to wait. Pure; the time is an argument."""


class TokenBucket:
    """`rate` tokens a second, at most `burst` saved up. A bucket may be overdrawn; then one waits."""

    __slots__ = ("_burst", "_rate", "_then", "_tokens")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._then = now

    def take(self, now: float) -> float:
        """Take one token; return the seconds to wait before going on, 0.0 while there are tokens."""
        self._tokens = min(self._burst, self._tokens + (now - self._then) * self._rate) - 1
        self._then = now
        return 0.0 if self._tokens >= 0 else -self._tokens / self._rate
