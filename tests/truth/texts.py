"""The lines of the truth test: each carries its running number at both ends, and all between follows from it. Pure."""

import re

_LINE = re.compile(r"#(\d+) ([a-z]*) \.(\d+)")


def text_of(number: int) -> str:
    """The line of this number, without its newline. Most are short, some are long; none is over the limit of a line."""
    mixed = number * 2_654_435_761 % 4_294_967_296  # as good as chance, and cheap (Knuth)
    kind = mixed % 1000
    length = mixed // 1000 % 120 if kind < 970 else 2000 + mixed // 1000 % 3000 if kind < 997 else 30_000
    return f"#{number} {chr(97 + number % 26) * length} .{number}"


def shortest_half(number: int) -> int:
    """So many characters at least must be there of a half line for it to be known again."""
    return len(f"#{number} ")


def number_of(text: str) -> int | None:
    """The number of a whole line; None if this is no line that was ever written."""
    match = _LINE.fullmatch(text)
    if match is None or match[1] != match[3] or text_of(int(match[1])) != text:
        return None
    return int(match[1])


def may_be_torn(text: str) -> re.Match[str] | None:
    """Whether this can be the beginning of a line; group 1 holds its number, group 2 is there if all of it is."""
    return re.match(r"#(\d+)( )?", text)


def numbers_in(text: str) -> int:
    """How many lines have a beginning in this text."""
    return text.count("#")
