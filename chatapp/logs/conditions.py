"""Conditions: which lines a viewer wants to see. Pure; no file, no clock.

They come from `logs.wire` and `web.log_query`; the live end (`logs.feed`), the past and the search hold lines against them.
Equal conditions are equal objects, so viewers who want the same share one evaluation a batch. Text and patterns both run
on RE2: it is linear in the line whatever somebody writes, finds plain text faster than `bytes.find`, and lets other
threads run meanwhile. Lines are held against a condition after they were blacked out (`logs.redact`): else a filter
could be used to guess what is hidden.
"""

import bisect
import dataclasses
import functools
import itertools
import re
from typing import Any

import re2

from chatapp.logs import literals
from chatapp.logs.lines import Block, Line

#: The longest text or pattern, in characters.
MAX_CHARS = 1000
#: What one compiled pattern may take, in bytes: with less, RE2 gives up its automaton for what is a hundred times slower.
MAX_PATTERN_BYTES = 4_194_304
#: How large the program of a pattern may be, in RE2's instructions (`.{0,400}` has 3,600): live lines are held against it
#: between two messages of the chat.
MAX_PROGRAM = 4000
#: So many lines are looked at because they hold what a pattern needs; if there are more, all lines are.
FEW_LINES = 4
#: Of so many patterns the compiled form is kept.
KEPT_PATTERNS = 64

# In these a match in many lines joined is not the match in the line alone: \A and \z (ends of the text), \C (any byte, a
# newline too), and flags that are switched off (`m` might be).
_NEEDS_LINE_ALONE = re.compile(r"\\[AzC]|\(\?[A-Za-z]*-")
_SPEAKS_OF_STARS = re.compile(r"\\[*WDPQx]|\[(?:\^|[^\]]*\*)")
# An escaped character, a class in brackets, or one character.
_TOKENS = re.compile(rf"\\.|{literals.CLASS}|.", re.DOTALL)


class BadCondition(ValueError):
    """A condition that can't be used; the text is a sentence for who wrote it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Condition:
    """A text or a pattern that a line holds. Raises `BadCondition` when made of what can't be used."""

    text: str
    pattern: bool = False
    case: bool = True
    _regexp: Any = dataclasses.field(init=False, repr=False, compare=False)
    #: Texts of which each line that it matches holds one; none if they can't be told.
    _needed: Any = dataclasses.field(init=False, repr=False, compare=False)
    #: Whether it may be held against many joined lines at once.
    joins: bool = dataclasses.field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_regexp", _compile(self.text, self.pattern, self.case))
        needed = literals.needed(self.text) if self.pattern else ()
        object.__setattr__(self, "_needed", tuple(_compile(text, False, self.case) for text in needed))
        object.__setattr__(self, "joins", not (self.pattern and _NEEDS_LINE_ALONE.search(self.text)))

    @property
    def may_see_stars(self) -> bool:
        """Whether blacking out can make a line match that did not match before.

        Plain text without `*` never can. A pattern may, but only one that speaks of stars, or of what is not there.
        """
        return _SPEAKS_OF_STARS.search(self.text) is not None if self.pattern else "*" in self.text

    def matches(self, line: bytes | bytearray) -> bool:
        """Whether one line, without its newline, holds it."""
        return self._regexp.search(line) is not None

    def next_in(self, data: bytes | bytearray, start: int, end: int | None = None) -> int:
        """A place in the first line that matches, of whole lines joined by newlines; -1 if none does.

        Looks from `start`, where a line begins, to `end`, where one ends. Lines before the place do not match; of a
        line that ends with `\\r` this may be said wrongly: where it is not cut off before, look again with `matches`.
        """
        end = len(data) if end is None else end
        if not self.joins:
            return self._next_alone(data, start, end)
        if self._needed:
            place, start = self._next_by_texts(data, start, end)
            if start >= end or place >= 0:
                return place
        match = self._regexp.search(data, start, end)
        return -1 if match is None else int(match.start())

    def _next_by_texts(self, data: bytes | bytearray, start: int, end: int) -> tuple[int, int]:
        """The same, by looking only at lines that hold what is needed, a few of them; and up to where that is known."""
        places = [-1] * len(self._needed)
        for _ in range(FEW_LINES):
            for at, text in enumerate(self._needed):
                if places[at] < start:
                    there = text.search(data, start, end)
                    places[at] = end if there is None else there.start()
            first = min(places)
            if first >= end:
                return -1, end
            start = max(start, data.rfind(b"\n", start, first) + 1)
            newline = data.find(b"\n", first, end)
            stop = end if newline < 0 else newline
            if (match := self._regexp.search(data, start, stop)) is not None:
                return int(match.start()), start
            start = min(end, stop + 1)
        return -1, start

    def _next_alone(self, data: bytes | bytearray, start: int, end: int) -> int:
        while start < end:
            newline = data.find(b"\n", start, end)
            stop = end if newline < 0 else newline
            if self.matches(data[start:stop].removesuffix(b"\r")):
                return start
            start = stop + 1
        return -1

    def place_in_part(self, part: bytes, start: int, end: int) -> int:
        """Where the first match begins that lies between two places of a part of a line; -1 if none does.

        What is around them in `part` tells that there the line neither begins nor ends.
        """
        match = self._regexp.search(part, start, end)
        return -1 if match is None else int(match.start())

    def indexes(self, data: bytes) -> list[int]:
        """Which of some lines, joined by newlines, match, in order."""
        at = self.next_in(data, 0)
        if at < 0:
            return []  # one look for the whole batch: how it ends for most filters
        texts = data.split(b"\n")
        if not self.pattern and self.case:
            wanted = self.text.encode()
            return [index for index, text in enumerate(texts) if wanted in text]
        starts = list(itertools.accumulate((len(text) + 1 for text in texts), initial=0))
        found = []
        while at >= 0:
            index = bisect.bisect_right(starts, at) - 1
            found.append(index)
            # A pattern that matches nothing at all ("x*") would be found behind the last line.
            at = self.next_in(data, starts[index + 1]) if index + 1 < len(texts) else -1
        return found


@functools.lru_cache(maxsize=KEPT_PATTERNS)
def _compile(text: str, pattern: bool, case: bool) -> Any:
    if not text:
        raise BadCondition("The text is empty.")
    if len(text) > MAX_CHARS:
        raise BadCondition(f"The text is longer than {MAX_CHARS} characters.")
    if "\n" in text:
        raise BadCondition("The text has more than one line; each line of the file is looked at alone.")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MAX_PATTERN_BYTES
    # \s and [^x] would else match a newline, and join two lines to one match.
    options.never_nl = True
    flags = b"(?m)" if case else b"(?mi)"
    try:
        regexp = re2.compile(flags + (_with_line_ends(text).encode() if pattern else re2.escape(text.encode())), options)
        if pattern and max(regexp.programsize, regexp.reverseprogramsize) > MAX_PROGRAM:
            raise BadCondition("The pattern can't be used: it repeats too much. Fewer or smaller repetitions will do.")
        return regexp
    except UnicodeEncodeError:
        raise BadCondition("The text holds half a character.") from None
    except re2.error as error:
        raise BadCondition(f"The pattern can't be used: {_reason(error)}.") from None


def _with_line_ends(pattern: str) -> str:
    """The pattern with `$` standing also before a `\\r` at the end of the line."""
    if "$" not in pattern or "\\Q" in pattern:
        return pattern
    return _TOKENS.sub(lambda token: r"(?:\r?$)" if token[0] == "$" else token[0], pattern)


def _reason(error: Exception) -> str:
    reason = error.args[0] if error.args else b""
    text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
    text = text.replace("(?mi)", "").replace("(?m)", "").replace(r"(?:\r?$)", "$")
    what, colon, where = text.partition(": ")
    return f'{what}: "{where}"' if colon else what


@dataclasses.dataclass(frozen=True, slots=True)
class Filter:
    """Lines that hold `include` and do not hold `exclude`; None asks for nothing."""

    include: Condition | None = None
    exclude: Condition | None = None

    def __bool__(self) -> bool:
        return self.include is not None or self.exclude is not None

    def passes(self, line: bytes) -> bool:
        """Whether one line passes."""
        if self.include is not None and not self.include.matches(line):
            return False
        return self.exclude is None or not self.exclude.matches(line)

    def pick(self, block: Block) -> Block | None:
        """Those of a block that pass: the same object if all do, None if none does."""
        count = len(block)
        if self.include is not None:
            found = self.include.indexes(block.data)
            if not found:
                return None
            block = block if len(found) == count else block.only(found)
        if self.exclude is not None:
            out = set(self.exclude.indexes(block.data))
            if len(out) == len(block):
                return None
            if out:
                return block.only([index for index in range(len(block)) if index not in out])
        return block

    def select(self, lines: list[Line]) -> list[Line]:
        """Those of some lines that pass."""
        if not self or not lines:
            return lines
        picked = self.pick(Block.of(lines))
        return picked.lines() if picked is not None else []
