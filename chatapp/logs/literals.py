"""The text that every match of a pattern holds, if that can be told. Pure; for `logs.conditions`.

Looking for a text goes at the speed of memory, a pattern's automaton ten times slower. So where a pattern needs some text
("took [0-9]{5,} ms": "took "), only the lines that hold it are looked at. What is not understood for certain needs nothing.
"""

import re

#: A shorter text is found in too many lines to be of use.
LEAST_CHARS = 3

# A group's beginning or end, an escaped character, a class in brackets (a first ] belongs to it), what repeats the thing
# before it, or one character.
_TOKENS = re.compile(r"\\.|\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]|[*?+][?+]?|\{[0-9]+(?:,[0-9]*)?\}\??|.", re.DOTALL)
#: An escaped sign stands for itself; an escaped letter or digit for something else.
_ESCAPED = re.compile(r"\\[^\w\s]", re.ASCII)
#: Flags change what follows, and between \Q and \E signs are letters: such patterns are left alone.
_NOT_UNDERSTOOD = re.compile(r"\(\?[^:]|\\[QEpPxC0-7]")


def needed(pattern: str) -> str:
    """The longest text that stands in every match; nothing if there is none that can be told."""
    if _NOT_UNDERSTOOD.search(pattern):
        return ""
    runs, run, depth = [], "", 0
    for part in _TOKENS.findall(pattern):
        if part == "|" and depth == 0:
            return ""
        if part in "()":
            depth += 1 if part == "(" else -1
        is_plain = len(part) == 1 and part not in "().^$|[]{}*+?\\"
        if depth == 0 and (is_plain or _ESCAPED.fullmatch(part) is not None):
            run += part[-1]
            continue
        if part[0] in "*?{":
            run = run[:-1]  # there may be none of the letter before
        runs.append(run)
        run = ""
    longest = max([*runs, run], key=len)
    return longest if len(longest) >= LEAST_CHARS else ""
