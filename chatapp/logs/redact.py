"""Blacking out: passwords, tokens and keys become as many `*` before a line leaves the server, in whatever way.

Lines of a file come from `logs.feed`, `logs.past`, `logs.search` and the downloads; they go on with the same length, so
offsets stay true. A `Redactor` holds the patterns of this server (`CHATAPP_LOG_REDACT`); a `Blackout` goes along one
stream of lines and knows whether it is within a private key, which takes many lines. All patterns are one expression,
run over whole batches by RE2: what holds no secret is passed on as the object it is.

The patterns are chosen to catch what people really log, with few false alarms: where a word alone says little (`token:
expected`), the value has to look like a secret.
"""

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any

import re2

from chatapp.logs.lines import Line

#: How far before its start a stream looks for a private key that began there, in bytes.
CONTEXT_BYTES = 32_768
#: A key whose end does not come is given up after so many lines.
MAX_KEY_LINES = 1000
#: What the file of further patterns may be, in bytes.
MAX_FILE_BYTES = 65_536
#: What the compiled expression may take, in bytes.
MAX_PATTERN_BYTES = 16_777_216

Check = Callable[[bytes], bool]
Span = tuple[int, int]

_NO_SECRET = frozenset((b"null", b"none", b"nil", b"true", b"false", b"undefined", b"empty", b"yes", b"no"))


def _is_password(value: bytes) -> bool:
    # PWD=/srv is the working directory.
    return value.lower() not in _NO_SECRET and not value.startswith(b"/")


def _is_token(value: bytes) -> bool:
    """Whether a value after a word that is often used in prose looks like a secret."""
    return len(value) >= 20 or (len(value) >= 8 and any(48 <= byte <= 57 for byte in value))


def _is_long(value: bytes) -> bool:
    return len(value) >= 8 and value.lower() not in _NO_SECRET


def _is_basic(value: bytes) -> bool:
    """Whether this is `user:password` in base64."""
    try:
        return b":" in base64.b64decode(value, validate=True)
    except binascii.Error:
        return False


def _is_card(value: bytes) -> bool:
    """Whether the digits are those of a payment card (Luhn)."""
    digits = [byte - 48 for byte in value if 48 <= byte <= 57]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    return 13 <= len(digits) <= 19 and any(digits) and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _always(_value: bytes) -> bool:
    return True


_WORDS = (
    r"(?:passw(?:or)?d|passphrase|passcode|pwd|pswd|pgpassword)(?:[_-]?(?:hash|confirm(?:ation)?|repeat|old|new|[0-9]))?"
)
_KEY = (
    r"(?:token|secret|api[_-]?key|(?:access|secret|private|encryption|signing|account|master|shared|auth)[_-]?key(?:[_-]?id)?"
    r"|secret[_-]?access[_-]?key|credentials?|[jp]h?p?sess(?:ion)?id)"
)
_IS = r"""\\*["']?\s{0,4}(?:=>|:=|=|:)"""
# A value in quotation marks, also in those of a JSON text within another; or up to what ends it in a query or a list.
_QUOTED = r"""\s{0,4}(?:\\+["']([^"'\\]*)|"((?:[^"\\]|\\.)*)|'((?:[^'\\]|\\.)*))"""
_BARE = r"""([^\s"'&,;\\][^\s"'&,;]*)"""

#: Each with a check of what its groups hold. What comes first is tried first at one place.
_RULES: tuple[tuple[str, Check], ...] = (
    (rf"{_WORDS}{_IS}{_QUOTED}", _is_password),
    (rf"{_WORDS}{_IS}\s{{0,4}}{_BARE}", _is_password),
    (r"(?:identified\s+by|password)\s+'((?:[^'\\]|\\.)*)", _always),
    (rf"--?[a-z-]{{0,30}}(?:password|passwd|passphrase|token|secret|api-?key)\s+[\"']?{_BARE}", _is_password),
    (
        r"authorization"
        + _IS
        + r"""\s{0,4}["']?(?:bearer|basic|token|digest|negotiate|ntlm|apikey|key|hawk|aws4-hmac-sha256)"""
        r"""\s+([^"'\s][^"']*)""",
        _always,
    ),
    (r"""authorization""" + _IS + r"""\s{0,4}["']?([^\s"',;]+)""", _is_token),
    (r"bearer\s+([A-Za-z0-9._~+/=-]+)", _is_token),
    (r"basic\s+([A-Za-z0-9+/]{8,}={0,2})", _is_basic),
    (r"""cookie""" + _IS + r"""\s{0,4}["']?[A-Za-z0-9_.-]+=([^"']+)""", _always),
    (rf"{_KEY}{_IS}{_QUOTED}", _is_long),
    (rf"{_KEY}(?:=>|:=|=|:){_BARE}", _is_long),
    (rf"{_KEY}{_IS}\s{{1,4}}{_BARE}", _is_token),
    (r"""://[^\s/:@"'<>]*:([^\s/"'<>]+)@""", _always),
    (r"""(?:x-amz-signature|signature|sig)=([A-Za-z0-9%+/=_-]{16,})""", _is_token),
    (r"\b(eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)", _always),
    (r"\b((?-i:AKIA|ASIA)[A-Z0-9]{16})\b", _always),
    (r"\b(gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{22,}|glpat-[A-Za-z0-9_-]{20,})", _always),
    (r"\b(xox[abeoprs]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{20,})|hooks\.slack\.com/services/([A-Za-z0-9/_-]{20,})", _always),
    (r"\b([rs]k_(?:live|test)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9]{20,}|sk-[A-Za-z0-9_-]{20,})", _is_token),
    (r"\b(AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{20,}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,})", _always),
    (r"\b(npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{50,}|hf_[A-Za-z0-9]{30,}|dop_v1_[a-f0-9]{64})", _always),
    (r"\b(AGE-SECRET-KEY-1[A-Z0-9]{50,})", _always),
    (r"\b([3-6][0-9]{3}(?:-[0-9]{4}){3}|[3-6][0-9]{3}(?: [0-9]{4}){3}|3[47][0-9]{2}[ -][0-9]{6}[ -][0-9]{5})\b", _is_card),
    (r"""(?:card|pan|cc)(?:[_-]?(?:number|num|no))""" + _IS + r"""\s{0,4}\\*["']?([0-9][0-9 -]{11,21}[0-9])""", _is_card),
    (r"""\bcv[vc][0-9]?""" + _IS + r"""\s{0,4}\\*["']?([0-9]{3,4})\b""", _always),
)

_KEY_BEGIN = r"-----?\s?BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?\s?-----?"
_KEY_END = re.compile(rb"-{3,5} ?END")
# A line of a key, maybe behind what a logger puts before each line: its last word. Python's own `re` may look at it,
# since the line is known to be short and the expression has nothing to try twice.
_KEY_BODY = re.compile(rb"(?:^|[\s\"'|>])([A-Za-z0-9+/=]+)(?:\\[rn]|[\s\"',])*$")
_KEY_HEADER = re.compile(rb"[\s\"'|>]*(?:[A-Za-z-]{3,30}: .*)?\s*$")
#: The lines of a key are at least so long, all but the last; and no line of one is longer.
KEY_LINE_BYTES = 40
MAX_KEY_LINE_BYTES = 4096


class BadPattern(ValueError):
    """A further pattern can't be used; the text is a sentence for who runs the server."""


class Redactor:
    """What is blacked out on this server: the patterns above and `more`. With `on` false, nothing."""

    def __init__(self, more: tuple[str, ...] = (), on: bool = True) -> None:
        rules = [(f"(?i:{pattern})", check) for pattern, check in _RULES]
        # A pattern without groups stands for all it matches.
        rules += [(pattern if _groups(pattern) else f"({pattern})", _always) for pattern in more]
        self._checks: list[Check] = []  # one a group
        for pattern, check in rules:
            self._checks += [check] * _groups(pattern)
        self._regexp = _compile("|".join([f"({_KEY_BEGIN})", *[pattern for pattern, _ in rules]])) if on else None

    def line(self, line: bytes) -> bytes:
        """One line by itself."""
        return self.stream().block(line)

    def stream(self, before: bytes = b"") -> "Blackout":
        """For lines that follow each other; `before` are the bytes before the first (`CONTEXT_BYTES` of them tell all)."""
        blackout = Blackout(self._regexp, self._checks)
        if b"PRIVATE KEY" in before:
            blackout.block(before.removesuffix(b"\n"))
        return blackout


class Blackout:
    """Goes along one stream of whole lines."""

    __slots__ = ("_checks", "_key_lines", "_last_of_key", "_regexp")

    def __init__(self, regexp: Any, checks: list[Check]) -> None:
        self._regexp = regexp
        self._checks = checks
        self._key_lines = 0  # how many lines of a private key may still come; 0: not within one
        self._last_of_key = False  # its last line, a short one, was seen

    def lines(self, lines: list[Line]) -> list[Line]:
        """The next lines; the same list if nothing in them is to be hidden."""
        if self._regexp is None or not lines:
            return lines
        data = b"\n".join([text for _, text in lines])
        black = self.block(data)
        if black is data:
            return lines
        return [(offset, text) for (offset, _), text in zip(lines, black.split(b"\n"), strict=True)]

    def partial(self, text: bytes) -> bytes:
        """The half line that follows; what comes next is its line from the beginning."""
        kept = self._key_lines, self._last_of_key
        black = self.block(text)
        self._key_lines, self._last_of_key = kept
        return black

    def block(self, data: bytes) -> bytes:
        """The next lines, joined by newlines; the same object if nothing in them is to be hidden."""
        if self._regexp is None:
            return data
        spans: list[Span] = []
        at = self._along_key(data, 0, spans) if self._key_lines else 0
        while (match := self._regexp.search(data, at)) is not None:
            if match.start(1) >= 0:
                at = self._begin_key(data, match.end(), spans)
                continue
            secrets, first = self._secrets(match, data)
            spans += secrets
            # What is no secret for this rule may hold one for another.
            at = max(match.end() if secrets else first, match.start() + 1)
        return _black(data, spans) if spans else data

    def _secrets(self, match: Any, data: bytes) -> tuple[list[Span], int]:
        """The groups of a match that hold secrets, and where the first group that holds anything begins."""
        first = match.end()
        secrets = []
        # Not `match.span(group)`, which costs ten times as much for as many groups.
        for check, (start, end) in zip(self._checks, match._spans[2:], strict=True):
            if start < end:
                first = min(first, start)
                if check(data[start:end]):
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


def _end_of_line(data: bytes, at: int) -> int:
    newline = data.find(b"\n", at)
    return len(data) if newline < 0 else newline


def _black(data: bytes, spans: list[Span]) -> bytes:
    black = bytearray(data)
    for start, end in spans:
        black[start:end] = b"*" * (end - start)
    return bytes(black)


def _groups(pattern: str) -> int:
    try:
        return int(re2.compile(pattern, _options()).groups)
    except re2.error as error:
        reason = error.args[0]
        sentence = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise BadPattern(f"{pattern!r} can't be used as a pattern: {sentence}") from None


def _compile(pattern: str) -> Any:
    return re2.compile(pattern.encode(), _options())


def _options() -> Any:
    options = re2.Options()
    options.log_errors = False
    options.never_nl = True  # no secret but a private key takes more than a line
    options.max_mem = MAX_PATTERN_BYTES
    return options


def load(setting: str) -> Redactor:
    """The redactor of `CHATAPP_LOG_REDACT`: `on`, `off`, or a file with further patterns, one a line.

    Raises `BadPattern` and `OSError`.
    """
    if setting in ("on", "off"):
        return Redactor(on=setting == "on")
    with open(setting, encoding="utf-8", errors="replace") as file:
        text = file.read(MAX_FILE_BYTES + 1)
    if len(text) > MAX_FILE_BYTES:
        raise BadPattern(f"{setting} is larger than {MAX_FILE_BYTES} bytes.")
    patterns = (line.strip() for line in text.splitlines())
    return Redactor(tuple(pattern for pattern in patterns if pattern and not pattern.startswith("#")))
