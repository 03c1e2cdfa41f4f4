"""How a viewer wants to be told: the plain dialect or `logs.v1`, with its filter. Equal forms get the same bytes.

`logs.feed` and `logs.catchup` hand in batches of lines, blacked out already, and what happens to the file; frames go back to
them. An empty answer is not sent. A form evaluates its filter once a batch, however many viewers have it.
"""

import dataclasses
from typing import Any, Protocol

from chatapp.logs import wire
from chatapp.logs.conditions import Filter
from chatapp.logs.lines import Block, Line


@dataclasses.dataclass(frozen=True, slots=True)
class Batch:
    """Lines of one generation that follow each other; `following` is the offset after the last.

    `unfinished`: the last has no newline, and never will.
    """

    generation: str
    block: Block
    following: int
    unfinished: bool = False


class Form(Protocol):
    """What a viewer can be told."""

    #: Whether it can be told that something was left out, and be left to fetch it.
    drops: bool

    def lines(self, batch: Batch, even_if_none: bool) -> bytes:
        """The frames for a batch. If no line passes the filter: nothing, or if wanted how far was looked."""

    def half(self, generation: str, line: Line) -> bytes:
        """The frame for a half line."""

    def notice(self, kind: str, generation: str | None, message: str, **more: Any) -> bytes:
        """The frame for something that happened."""


@dataclasses.dataclass(frozen=True)
class PlainForm:
    """Lines as they are, those that hold `only`; nothing else is told, since every message is a line."""

    only: bytes = b""
    drops = False

    def lines(self, batch: Batch, even_if_none: bool) -> bytes:
        return wire.encode_plain(batch.block, self.only)

    def half(self, generation: str, line: Line) -> bytes:
        return b""

    def notice(self, kind: str, generation: str | None, message: str, **more: Any) -> bytes:
        return b""


@dataclasses.dataclass(frozen=True)
class V1Form:
    """Lines, half lines and notices of one file in `logs.v1`."""

    file: str
    filter: Filter = Filter()
    drops = True

    def lines(self, batch: Batch, even_if_none: bool) -> bytes:
        block = batch.block
        if not self.filter:
            return wire.encode_v1(self.file, batch.generation, block, batch.following, unfinished=batch.unfinished)
        passing = self.filter.pick(block)
        if passing is None and not even_if_none:
            return b""
        passed = len(block) - (len(passing) if passing is not None else 0)
        unfinished = batch.unfinished and passing is not None and passing.starts[-1] == block.starts[-1]
        return wire.encode_v1(self.file, batch.generation, passing, batch.following, passed, unfinished)

    def half(self, generation: str, line: Line) -> bytes:
        return wire.partial(self.file, generation, line) if self.filter.passes(line[1]) else b""

    def notice(self, kind: str, generation: str | None, message: str, **more: Any) -> bytes:
        return wire.notice(self.file, kind, generation, message, **more)
