"""Peers: the other workers of this server, as one of them sees them: who of them lives, and a nudge that makes them look.

What is sent is a hint and may be lost: the next look comes by itself. What a worker finds when it looks is left to
`chat.workers`. On one machine they find each other in a folder (`realtime.datagrams`); on several, in the database that
they share (`chat.peers_postgres`).

One worker leads: it does what one alone should do.
"""

from collections.abc import Set
from typing import Protocol

#: Says that somebody came or went: look who is there.
NEW = b"+"


class Peers(Protocol):
    """The other workers. Opens nothing before `open`."""

    #: The name of this worker while it is open.
    me: str
    #: Whether nobody can come unseen: who sees no others is alone then, and need share nothing.
    sees_all: bool

    @property
    def leads(self) -> bool:
        """Whether this worker leads, as it found when it tried last."""

    @property
    def others(self) -> Set[str]:
        """The names of those who live, as they were found last."""

    def open(self) -> None:
        """Be there for others, and find those who are. Raises `OSError`."""

    def close(self) -> None:
        """Be gone."""

    def scan(self) -> bool:
        """Look who is there; whether that has changed."""

    def nudge(self, data: bytes = b"") -> None:
        """Make the others look. Never waits."""

    def wait(self, seconds: float) -> list[bytes]:
        """Wait until somebody nudges, at most so long; what came."""

    def lead(self) -> bool:
        """Try to be the one that leads."""


def is_alone(peers: Peers) -> bool:
    """Whether there is nobody else, and nobody can come unseen."""
    return peers.sees_all and not peers.others
