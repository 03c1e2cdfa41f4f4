"""Who is mentioned in a text: @ and a name that somebody in the room has, or @all. Pure.

The longest name wins ("@ann marie" before "@ann"). Where a name ends with a letter or digit, none may follow, or "@tommy"
would mention tom; scripts written without spaces know no such ends, so "@小林你好" mentions 小林.

Run for every message, on the hub, so what it costs is bounded: behind an @ the text is brought into the form in which names
are compared once, and looked up for each length that a name has.
"""

from collections.abc import Callable, Collection

from chatapp.chat.messages import ALL, Mention, fold

#: So many @ are looked at; more in one message are not meant for people.
MOST = 20


def find(text: str, lengths: Collection[int], id_of: Callable[[str], str | None]) -> tuple[Mention, ...]:
    """Those whom `text` mentions, in their order, each once.

    `lengths` are those of the names that people have, in the form in which names are compared; `id_of(name)` tells who
    has a name of that form.
    """
    if "@" not in text:
        return ()
    falling = sorted({*lengths, len(ALL[1])}, reverse=True)
    found: dict[str, Mention] = {}
    at = text.find("@")
    for _ in range(MOST):
        if at < 0:
            break
        mention = _at(text, at + 1, falling, id_of)
        if mention is not None:
            found.setdefault(mention.id, mention)
        at = text.find("@", at + 1)
    return tuple(found.values())


def _at(text: str, start: int, falling: list[int], id_of: Callable[[str], str | None]) -> Mention | None:
    if start > 1 and _is_word(text[start - 2]) and text[start - 2].isascii():
        return None  # an e-mail address
    if text[start : start + 1].isspace():
        return None
    folded = fold(text[start : start + falling[0]])
    for length in falling:
        name = folded[:length]
        if len(name) < length:
            continue
        person = ALL[0] if name == ALL[1] else id_of(name)
        end = _end_of(text, start, name) if person is not None else 0
        if person is not None and end and not _goes_on(text, end):
            return Mention(person, text[start:end])
    return None


def _end_of(text: str, start: int, name: str) -> int:
    """Where in `text` that ends which becomes `name`; 0 if the end falls into a character."""
    # Nearly always as long as the name; one character may become several, or several one.
    length: int
    for length in (len(name), *range(1, 2 * len(name))):
        written = text[start : start + length]
        if fold(written) == name and not written[-1].isspace():
            return start + length
    return 0


def _goes_on(text: str, end: int) -> bool:
    """Whether the word at `end` goes on, so that no name ends here."""
    return end < len(text) and _is_word(text[end - 1]) and _is_word(text[end])


def _is_word(char: str) -> bool:
    # Letters of scripts that put spaces between words; from U+0E00 on (Thai, then East Asia) they do not, or end otherwise.
    return (char.isalnum() or char == "_") and char < "\u0e00"
