"""Further patterns of who runs the server (`CHATAPP_LOG_REDACT`): read from a file, checked, made fit to stand with others.

`logs.redact` joins them with its own to one expression and runs it over many lines at once. So each has to mean there
what it would mean for one line alone, whatever is beside it; what can't is refused with a sentence, at start.
"""

import re
from typing import Any

import re2

from chatapp.logs.literals import CLASS

#: What the file may be, in bytes.
MAX_FILE_BYTES = 65_536
#: What a compiled expression may take, in bytes.
MAX_PATTERN_BYTES = 16_777_216

# What is between \Q and \E stands for itself; a flag that is switched off; an escaped character; a class in brackets; or
# one character.
_TOKENS = re.compile(rf"\\Q(.*?)(?:\\E|\Z)|\(\?[A-Za-z]*-[A-Za-z]*m|\\.|{CLASS}|.", re.DOTALL)
#: The beginning and the end of a line. A `\r` before its newline is not part of it, but some lines come with it.
_LINE_ENDS = {"$": r"(?:\r?$)", r"\z": r"(?:\r?$)", r"\A": "^"}
#: In these a pattern that can match nothing at all is found out.
_SAMPLES = (b"", b"ab", b"--", b"a -")


class BadPattern(ValueError):
    """A further pattern can't be used; the text is a sentence for who runs the server."""


def read(path: str) -> tuple[str, ...]:
    """The patterns of a file, one a line. Raises `BadPattern` and `OSError`."""
    # Editors of Windows begin a file with a byte order mark.
    with open(path, encoding="utf-8-sig", errors="replace") as file:
        text = file.read(MAX_FILE_BYTES + 1)
    if len(text) > MAX_FILE_BYTES:
        raise BadPattern(f"{path} is larger than {MAX_FILE_BYTES} bytes.")
    patterns = (line.strip() for line in text.splitlines())
    return tuple(pattern for pattern in patterns if pattern and not pattern.startswith("#"))


def fitting(pattern: str) -> str:
    """The same pattern, as it can stand beside others; with one group around it if it has none.

    Raises `BadPattern`.
    """
    alone = _compile_own(pattern, pattern)
    # In parentheses, so that flags in it end with it.
    fit = f"(?m:{_TOKENS.sub(lambda token: _for_lines(token, pattern), pattern)})"
    regexp = _compile_own(fit, pattern)
    if any(_matches_nothing(regexp, sample) for sample in _SAMPLES):
        raise BadPattern(f"{pattern!r} can't be used as a pattern: it can match nothing at all. Let it ask for something.")
    # A pattern without groups stands for all it matches.
    return fit if alone.groups else f"({fit})"


def groups(pattern: str) -> int:
    """How many groups a pattern has."""
    return int(compiled(pattern).groups)


def compiled(pattern: str) -> Any:
    """A pattern, ready to search bytes. Raises `re2.error`."""
    options = re2.Options()
    options.log_errors = False
    options.never_nl = True  # no secret but a private key takes more than a line
    options.max_mem = MAX_PATTERN_BYTES
    return re2.compile(pattern.encode(), options)


def joined(patterns: list[str]) -> Any:
    """All patterns as one. Raises `BadPattern` if they are too much together, or two groups have one name."""
    try:
        return compiled("|".join(patterns))
    except re2.error as error:
        raise BadPattern(f"The patterns can't be used together: {_reason(error)}.") from None


def _matches_nothing(regexp: Any, sample: bytes) -> bool:
    matches = (regexp.search(sample, at) for at in range(len(sample) + 1))
    return any(match is not None and match.start() == match.end() for match in matches)


def _compile_own(pattern: str, shown: str) -> Any:
    try:
        return compiled(pattern)
    except re2.error as error:
        raise BadPattern(f"{shown!r} can't be used as a pattern: {_reason(error)}.") from None


def _for_lines(token: "re.Match[str]", pattern: str) -> str:
    """What stands for a part of a pattern where each line is one of many."""
    text = token[0]
    if token[1] is not None:
        return str(re2.escape(token[1]))
    if text in (r"\C", r"\n") or text.startswith("(?"):
        raise BadPattern(f"{pattern!r} can't be used as a pattern: each line is looked at alone, so {text} has no place.")
    return _LINE_ENDS.get(text, text)


def _reason(error: Exception) -> str:
    reason = error.args[0] if error.args else b""
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
