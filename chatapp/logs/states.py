"""What a tailer tells (`Listener`), and its states in words for people, each told when it changes (`Teller`).

Said by `logs.tailer` and `logs.chain`; `logs.feed` listens.
"""

import dataclasses
import errno
from typing import Any, Protocol

from chatapp.logs.files import NotAllowed
from chatapp.logs.generation import Source
from chatapp.logs.lines import Block, Line
from chatapp.logs.watch import Watch


@dataclasses.dataclass(frozen=True)
class State:
    """`kind` is starting, waiting, opened, gone or denied; the text is for people."""

    kind: str
    message: str


STARTING = State("starting", "The file is about to be opened.")
OPENED = State("opened", "The file is followed.")
WAITING = State("waiting", "The file does not exist yet; it will be followed from its first line.")
GONE = State("gone", "The file was deleted or renamed; waiting for a new one.")

#: What comes after a generation, by how it ended.
ENDINGS = {
    "rotated": "Another file took the name; its lines follow.",
    "truncated": "The file was cut; its lines follow from the first.",
    "replaced": "The file was rewritten in place; its lines follow from the first.",
}
CUT = "The file was cut or rewritten, and what was written last before may be missing; its lines follow from the first."
BINARY = "This does not look like text; what can't be shown stands as signs."
LATE = "Something was still written to the file that lost this name; it is not shown here."
STALE = "The file can't be read any more, and what was written to it last may be missing."
LOST = "The file was cut before this was read; it is gone."
DROPPED = "This is left out, because too much had come; it can be fetched."
GONE_PLACE = "The place where you were is gone; these are the newest lines."
UNSEEN = "Between these two files there may have been others, which are gone."


def trouble(error: OSError, gone: bool) -> State:
    """Why a file can't be opened; `gone` if it was open before."""
    if isinstance(error, NotAllowed):
        return State("denied", str(error.strerror))
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return GONE if gone else WAITING
    return State("denied", f"The server can't read the file: {error.strerror}.")


class Listener(Protocol):
    """Who is told what happens to the file. Called on the tail greenlet; must not wait."""

    def began(self, source: Source, offset: int) -> None:
        """From here on lines of `source` come, from `offset` on."""

    def lines(self, source: Source, block: Block, unfinished: bool = False) -> None:
        """Whole lines, in order; every line of every generation comes exactly once.

        `unfinished`: the last is what is left of a file that is over, and has no newline.
        """

    def half(self, source: Source, line: Line) -> None:
        """The half line at the end, after some quiet. It comes again, when it is longer or whole."""

    def changed(self, state: State) -> None:
        """The file was opened for the first time, vanished, came back, can't be read, is watched by other means."""

    def ended(self, source: Source) -> None:
        """`source` is complete; `source.next` is followed."""

    def noticed(self, kind: str, generation: str, message: str, **more: Any) -> None:
        """Something worth a word that changes nothing: `gap` or `binary`."""


class Teller:
    """Tells a listener in which state its file is, whenever that changes."""

    def __init__(self, listener: Listener, watch: Watch) -> None:
        self.state = STARTING
        self._listener = listener
        self._watch = watch
        self._how = ""  # how the file was watched when that was told

    def tell(self, state: State) -> None:
        """The file is in this state."""
        if state != self.state:
            self.state = state
            self._listener.changed(state)

    def tell_opened(self) -> None:
        """It is followed; told again if how it is watched changes."""
        if (self.state, self._how) != (OPENED, self._watch.how):
            self.know_opened()
            self._listener.changed(OPENED)

    def know_opened(self) -> None:
        """It is followed, and whoever listens is told so in another way."""
        self.state, self._how = OPENED, self._watch.how
