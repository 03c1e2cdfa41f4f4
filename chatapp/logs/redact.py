"""Blacking out: passwords, tokens and keys become as many `*` before a line leaves the server, in whatever way.

Lines of a file come from `logs.feed`, `logs.past`, `logs.search` and the downloads; they go on with the same length, so
offsets stay true. A `Redactor` holds the patterns of this server (`CHATAPP_LOG_REDACT`); a `Blackout` goes along one
stream of lines and knows whether it is within a private key, which takes many lines. All patterns are one expression,
run over whole batches by RE2: what holds no secret is passed on as the object it is.

Of a text that goes on (a half line, a line that was cut) only the beginning of a secret may be there: what could be one
is hidden too.
"""

import re
from typing import Any

from chatapp.logs import redact_own
from chatapp.logs.lines import Block, Line
from chatapp.logs.redact_rules import RULES, Rule, always

#: How far before its start a stream looks for a private key that began there, in bytes.
CONTEXT_BYTES = 32_768
#: A line is looked at so often; if there is more in it that may be a secret, its rest is hidden. Who can write long lines
#: to a log (everybody who asks a web server for a page) could else keep the server busy.
MAX_LOOKS = 200
#: How far before its password a command may stand, in bytes.
MAX_COMMAND_BYTES = 1000
#: A key whose end does not come is given up after so many lines.
MAX_KEY_LINES = 1000

Span = tuple[int, int]

_KEY_BEGIN = r"-----?\s?BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?\s?-----?"
_KEY_END = re.compile(rb"-{3,5} ?END")
# A line of a key, maybe behind what a logger puts before each line: its last word. Python's own `re` may look at it,
# since the line is known to be short and the expression has nothing to try twice.
_KEY_BODY = re.compile(rb"(?:^|[\s\"'|>])([A-Za-z0-9+/=]+)(?:\\[rn]|[\s\"',])*$")
_KEY_HEADER = re.compile(rb"[\s\"'|>]*(?:[A-Za-z-]{3,30}: .*)?\s*$")
# What `logs.lines` puts behind a line that it has cut.
_CUT = b"[cut: line of "
_CUT_MARK = re.compile(rb" \xe2\x80\xa6 \[cut: line of [0-9]+ bytes\]\Z")
#: The lines of a key are at least so long, all but the last; and no line of one is longer.
KEY_LINE_BYTES = 40
MAX_KEY_LINE_BYTES = 4096


class Redactor:
    """What is blacked out on this server: by the rules, and by the patterns of `more`. With `on` false, nothing.

    Raises `BadPattern`.
    """

    def __init__(self, more: tuple[str, ...] = (), on: bool = True) -> None:
        rules = [Rule(f"(?i:{rule.pattern})", rule.check, command=rule.command) for rule in RULES]
        rules += [Rule(redact_own.fitting(pattern), always) for pattern in more]
        self._rules: list[Rule] = []  # one a group
        for rule in rules:
            self._rules += [rule] * redact_own.groups(rule.pattern)
        self._regexp = redact_own.joined([f"({_KEY_BEGIN})", *[rule.pattern for rule in rules]]) if on else None
        self._begun = redact_own.compiled(rf"(?i:(?:{'|'.join(rule.begun for rule in RULES if rule.begun)})\z)")

    def line(self, line: bytes) -> bytes:
        """One line by itself."""
        return self.stream().block(line)

    def stream(self, before: bytes = b"") -> "Blackout":
        """For lines that follow each other; `before` are the bytes before the first (`CONTEXT_BYTES` of them tell all)."""
        blackout = Blackout(self._regexp, self._rules, self._begun)
        if b"PRIVATE KEY" in before:
            blackout.block(before.removesuffix(b"\n"))
        return blackout


class Blackout:
    """Goes along one stream of whole lines."""

    __slots__ = ("_begun", "_key_lines", "_last_of_key", "_regexp", "_rules")

    def __init__(self, regexp: Any, rules: list[Rule], begun: Any) -> None:
        self._regexp = regexp
        self._rules = rules
        self._begun = begun
        self._key_lines = 0  # how many lines of a private key may still come; 0: not within one
        self._last_of_key = False  # its last line, a short one, was seen

    def blacked(self, block: Block) -> Block:
        """The next lines; the same object if nothing in them is to be hidden."""
        if not block.is_regular:  # one may be cut
            return Block.of(self.lines(block.lines()))
        black = self.block(block.data)
        return block if black is block.data else Block(block.offset, black)

    def lines(self, lines: list[Line]) -> list[Line]:
        """The next lines; the same list if nothing in them is to be hidden."""
        if self._regexp is None or not lines:
            return lines
        data = b"\n".join([text for _, text in lines])
        if _CUT in data:
            return [(offset, self._maybe_cut(text)) for offset, text in lines]
        black = self.block(data)
        if black is data:
            return lines
        return [(offset, text) for (offset, _), text in zip(lines, black.split(b"\n"), strict=True)]

    def _maybe_cut(self, text: bytes) -> bytes:
        mark = _CUT_MARK.search(text)
        return self.block(text) if mark is None else self.block(text[: mark.start()], goes_on=True) + mark[0]

    def partial(self, text: bytes) -> bytes:
        """The half line that follows; what comes next is its line from the beginning."""
        kept = self._key_lines, self._last_of_key
        black = self._maybe_cut(text) if _CUT in text else self.block(text, goes_on=True)
        self._key_lines, self._last_of_key = kept
        return black

    def block(self, data: bytes, goes_on: bool = False) -> bytes:
        """The next lines, joined by newlines; the same object if nothing in them is to be hidden.

        With `goes_on` the last one is not whole: hides in it what may be the beginning of a secret, too.
        """
        if self._regexp is None:
            return data
        spans: list[Span] = []
        at = self._along_key(data, 0, spans) if self._key_lines else 0
        line_end, looks = -1, 0
        # Behind the end RE2 would look at the end again, and a match of nothing there would never be the last.
        while at <= len(data) and (match := self._regexp.search(data, at)) is not None:
            if match.start() > line_end:
                line_end, looks = _end_of_line(data, match.start()), 0
            looks += 1
            if looks > MAX_LOOKS:
                spans.append((match.start(), line_end))
                at = line_end
                continue
            if match.start(1) >= 0:
                at = self._begin_key(data, match.end(), spans)
                continue
            secrets, first = self._secrets(match, data, len(data) if goes_on else -1)
            spans += secrets
            # What is no secret for this rule may hold one for another.
            at = max(match.end() if secrets else first, match.start() + 1)
        if goes_on and (match := self._begun.search(data, data.rfind(b"\n") + 1)) is not None:
            spans += [span for span in match._spans[1:] if span[0] >= 0]
        return _black(data, spans) if spans else data

    def _secrets(self, match: Any, data: bytes, open_end: int) -> tuple[list[Span], int]:
        """The groups of a match that hold secrets, and where the first group that holds anything begins.

        One that goes up to `open_end` may become whatever the check asks for.
        """
        first = match.end()
        secrets = []
        # Not `match.span(group)`, which costs ten times as much for as many groups.
        for rule, (start, end) in zip(self._rules, match._spans[2:], strict=True):
            if start < end:
                first = min(first, start)
                if (end == open_end or rule.check(data[start:end])) and _is_said_to(rule.command, data, start):
                    secrets.append((start, end))
        return secrets, first

    def _begin_key(self, data: bytes, at: int, spans: list[Span]) -> int:
        """A key begins before `at`: hide the rest of its line, and what follows."""
        stop = _end_of_line(data, at)
        end = _KEY_END.search(data, at, stop)
        spans.append((at, end.start() if end else stop))
        if end:
            return end.start()
        self._key_lines, self._last_of_key = MAX_KEY_LINES, False
        return self._along_key(data, stop + 1, spans)

    def _along_key(self, data: bytes, at: int, spans: list[Span]) -> int:
        """Hide lines that belong to the key, from `at` on; returns where it ends, or the end of the data."""
        while at < len(data):
            stop = _end_of_line(data, at)
            span = self._of_key(data[at:stop]) if stop - at <= MAX_KEY_LINE_BYTES else None
            if span is None:
                self._key_lines = 0
                return at
            if span[0] < span[1]:
                spans.append((at + span[0], at + span[1]))
            at = stop + 1
        return len(data)

    def _of_key(self, line: bytes) -> Span | None:
        """Which part of a line belongs to the key, maybe none; None if the key is over."""
        if _KEY_END.search(line) or self._key_lines <= 1:
            return None
        self._key_lines -= 1
        body = _KEY_BODY.search(line)
        if body is not None and body.end(1) - body.start(1) >= KEY_LINE_BYTES and not self._last_of_key:
            return body.span(1)
        if _KEY_HEADER.fullmatch(line):
            return (0, 0)
        if body is not None and (not self._last_of_key or body[1].startswith(b"=")):
            self._last_of_key = True
            return body.span(1)
        return None


def _is_said_to(command: tuple[bytes, ...], data: bytes, at: int) -> bool:
    """Whether one of these commands, if any is asked for, stands before a place in its line."""
    if not command:
        return True
    least = max(0, at - MAX_COMMAND_BYTES)
    least = data.rfind(b"\n", least, at) + 1 or least
    return any(data.find(name, least, at) >= 0 for name in command)


def _end_of_line(data: bytes, at: int) -> int:
    newline = data.find(b"\n", at)
    return len(data) if newline < 0 else newline


def _black(data: bytes, spans: list[Span]) -> bytes:
    black = bytearray(data)
    for start, end in spans:
        if data[end - 1] == 13 and data[end : end + 1] in (b"", b"\n"):
            end -= 1  # the \r of the line's end stays
        black[start:end] = b"*" * (end - start)
    return bytes(black)


def load(setting: str) -> Redactor:
    """The redactor of `CHATAPP_LOG_REDACT`: `on`, `off`, or a file with further patterns, one a line.

    Raises `BadPattern` and `OSError`.
    """
    if setting in ("on", "off"):
        return Redactor(on=setting == "on")
    return Redactor(redact_own.read(setting))
