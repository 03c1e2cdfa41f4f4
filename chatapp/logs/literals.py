"""The texts of which every match of a pattern holds one, if that can be told. Pure; for `logs.conditions`.

Looking for a text goes at the speed of memory, a pattern's automaton ten times slower. So where a pattern needs some text
("took [0-9]{5,} ms": "took ") or one of a few ("ERROR|WARN"), only the lines that hold it are looked at. What is not
understood for certain needs nothing.
"""

import re

#: A shorter text is found in too many lines to be of use.
LEAST_CHARS = 3
#: Each text is looked for by itself; with more of them the automaton is as fast.
MOST = 4

#: How a class in brackets is written (a first ] belongs to it).
CLASS = r"\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]"
# A group's beginning or end, an escaped character, a class, what repeats the thing before it, or one character.
_TOKENS = re.compile(rf"\\.|{CLASS}|[*?+][?+]?|\{{[0-9]+(?:,[0-9]*)?\}}\??|.", re.DOTALL)
#: An escaped sign stands for itself; an escaped letter or digit for something else.
_ESCAPED = re.compile(r"\\[^\w\s]", re.ASCII)
#: Flags change what follows, and between \Q and \E signs are letters: such patterns are left alone.
_NOT_UNDERSTOOD = re.compile(r"\(\?[^:]|\\[QEpPxC0-7]")


def needed(pattern: str) -> tuple[str, ...]:
    """Texts of which one stands in every match; none if they can't be told, or would be of no use."""
    if _NOT_UNDERSTOOD.search(pattern):
        return ()
    ways = [max(runs, key=len) for runs in _runs(pattern)]
    return tuple(dict.fromkeys(ways)) if len(ways) <= MOST and all(len(way) >= LEAST_CHARS for way in ways) else ()


def _runs(pattern: str) -> list[list[str]]:
    """For each of the ways to match (`one|other`), the runs of letters that it needs."""
    ways, depth = [[""]], 0
    for part in _TOKENS.findall(pattern):
        runs = ways[-1]
        if part == "|" and depth == 0:
            ways.append([""])
            continue
        if part in "()":
            depth += 1 if part == "(" else -1
        is_plain = len(part) == 1 and part not in "().^$|[]{}*+?\\"
        if depth == 0 and (is_plain or _ESCAPED.fullmatch(part) is not None):
            runs[-1] += part[-1]
            continue
        if part[0] in "*?{":
            runs[-1] = runs[-1][:-1]  # there may be none of the letter before
        runs.append("")
    return ways
