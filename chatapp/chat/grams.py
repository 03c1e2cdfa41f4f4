"""How text is folded for a search, and cut into the pieces that the index holds. Pure.

The index is SQLite's trigram index over UTF-8 bytes, each written as the character of that number. So one Chinese character,
three bytes, is a piece already, and a word of one or two characters is found like any other. UTF-8 is such that a
word's bytes stand in a text only where the word does. Rooms and names are pieces too, of characters that are no bytes.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable

#: The length of a piece.
GRAM_CHARS = 3
#: A long word is looked up by no more pieces than this.
MAX_GRAMS = 30

# Stands behind every text, so that its last one or two bytes begin a piece as well.
_END = "\x1f\x1f"
# What begins the piece of a room, of a name, and one that stands nowhere.
_ROOM, _NAME, _NONE = "\u0100", "\u0101", "\u0102"
_PLANE = 0x10000
_TAG_BITS = 20
_NAME_BYTES = 5

#: A piece that no text has.
NOWHERE = _NONE * GRAM_CHARS

# Long runs of marks. Putting the marks on a letter into their order takes the square of their number, and one message of
# nothing else would hold up the server for a second: so a run is composed in parts. 30 are enough for every language
# (UAX #15, D3).
_CROWD = re.compile("(.?(?:[^\\w\x00-\x7f]|[\uff9e\uff9f]){31,})", re.DOTALL)
_CROWD_CHARS = 30


def fold(text: str) -> str:
    """The form in which texts are compared: without regard to case and to how a character is composed (NFKC)."""
    # A NUL would end the text for some of SQLite's functions.
    return _compose(_compose(text).casefold()).replace("\0", "\x1f")


def _compose(text: str) -> str:
    if text.isascii():
        return text
    parts = _CROWD.split(text)
    for number, crowd in enumerate(parts):
        if number % 2:
            pieces = (crowd[start : start + _CROWD_CHARS] for start in range(0, len(crowd), _CROWD_CHARS))
            parts[number] = "".join(unicodedata.normalize("NFKC", piece) for piece in pieces)
        else:
            parts[number] = unicodedata.normalize("NFKC", crowd)
    return "".join(parts)


def indexed(folded: str) -> str:
    """A folded text as the index is given it."""
    return _as_bytes(folded) + _END


def grams(folded: str) -> list[str]:
    """The pieces of a folded word, all different; none if it has less than three bytes."""
    text = _as_bytes(folded)
    pieces = list(dict.fromkeys(text[start : start + GRAM_CHARS] for start in range(len(text) - GRAM_CHARS + 1)))
    return pieces[:: -(-len(pieces) // MAX_GRAMS)] if pieces else []


def beginning(folded: str) -> tuple[str, str]:
    """For a word that is no piece: all pieces that begin with it are from the first of these up to before the second."""
    text = _as_bytes(folded)
    return text, text[:-1] + chr(ord(text[-1]) + 1)


def _as_bytes(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode("latin-1")


def name_number(name: str) -> int:
    """A number that stands for a folded name. Two names may have one, so look at the name again when it is found."""
    return int.from_bytes(hashlib.blake2b(name.encode("utf-8", "replace"), digest_size=_NAME_BYTES).digest())


def name_gram(number: int) -> str:
    """The piece that stands for a name."""
    return _tag(_NAME, number)


def room_gram(key: int) -> str:
    """The piece that stands for a room."""
    return _tag(_ROOM, key)


def _tag(kind: str, number: int) -> str:
    return kind + chr(_PLANE + (number >> _TAG_BITS)) + chr(_PLANE + (number & (1 << _TAG_BITS) - 1))


def all_of(terms: Iterable[str]) -> str:
    """An expression of FTS5 for texts that have all of these."""
    return " AND ".join(terms)


def any_of(pieces: Iterable[str]) -> str:
    """An expression of FTS5 for texts that have one of these pieces, in quotation marks: nothing in them is an operator."""
    return "(" + " OR ".join('"' + piece.replace('"', '""') + '"' for piece in pieces) + ")"
