"""What the generator is to do, and how that travels: one JSON object on the command line."""

import dataclasses
import json

#: Where clients are so many, or texts are longer, marks are not looked for in everything that comes.
MANY, LONG = 1000, 512


@dataclasses.dataclass(frozen=True)
class Job:
    """One load against one server.

    With `rate` so many messages a second are sent in all, whatever comes back; otherwise each sender keeps `window` of its
    own in flight. With `file` lines are appended to it instead of sending.
    """

    port: int
    dialect: str
    #: The server's process: its processor time and memory are read from /proc, with all that it has started.
    server_pid: int
    clients: int
    senders: int = 1
    window: int = 16
    rate: float = 0.0
    #: Length of the text of one message (67: 128 bytes of JSON), or of one line with its newline.
    text_bytes: int = 67
    #: The text is sentences, as people write them, instead of one letter.
    sentences: bool = False
    #: Offer permessage-deflate.
    deflate: bool = False
    #: Clients beside the others that never read.
    stalled: int = 0
    file: str = ""
    #: How many of the clients are checked message by message, beside the senders; all others are counted.
    witnesses: int = 3
    #: How many connections may wait for their handshake: the server's backlog.
    backlog: int = 1000
    warm: float = 0.8
    seconds: float = 2.5
    #: The load has no core of its own: then nobody can say who was the limit.
    shares_cores: bool = False
    #: Nothing is sent: connections are opened, and held for so many seconds.
    is_idle: bool = False
    hold: float = 0.0
    #: Idle connections that come first, so that what they warm up is not counted.
    first: int = 200

    @property
    def by_bytes(self) -> bool:
        """Whether bytes are counted instead of messages: packed ones have no mark, and in much or long ones it takes time.

        It is as exact, because all clients get the same bytes, of which the witnesses tell where each message ends. Not so
        in `logs.v1`, where lines may be put into frames otherwise for each viewer.
        """
        if self.file:
            return self.dialect == "log" and not self.rate
        are_many = self.clients >= MANY and not self.rate
        return self.deflate or are_many or self.text_bytes > LONG

    def as_argument(self) -> str:
        """For the command line."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_argument(cls, argument: str) -> "Job":
        """Read it from there."""
        return cls(**json.loads(argument))
