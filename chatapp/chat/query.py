"""What is looked for: reads the text of a search (docs/PROTOCOL.md, "Searching"). Pure.

The text comes from `chat.requests`; `chat.search` finds what a `Query` matches. No part of the text is ever an
operator of the index: a word is looked for as it stands.
"""

import datetime
import functools
import re
from typing import NamedTuple

from chatapp.chat import grams, messages
from chatapp.chat.messages import BadMessage

#: More words than this are refused.
MAX_WORDS = 20

_DAY_MS = 86_400_000
_FIRST_DAY = datetime.date(1970, 1, 1).toordinal()
# The colon of Chinese keyboards counts too. A quotation mark that is not closed goes to the end.
_PART = re.compile(r'(?:(from|in|before|after)[:\uff1a])?(?:"([^"]*)"?|(\S+))', re.IGNORECASE)
_BARE = re.compile(r"(from|in|before|after)[:\uff1a]", re.IGNORECASE)
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII)

_EXAMPLES = {"from": "from:maya", "in": "in:main", "before": "before:2026-11-24", "after": "after:2026-11-24"}


class Query(NamedTuple):
    """Messages that have all `words`, were written under one of `names`, not before `since` and before `until`.

    `words` and `rooms` are as they were written, `names` folded; the times are milliseconds since 1970 (UTC).
    """

    words: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    rooms: tuple[str, ...] = ()
    since: int | None = None
    until: int | None = None

    def matches(self, name: str, time: int, text: str) -> bool:
        """Whether a message is one of those, apart from its room."""
        if (self.since is not None and time < self.since) or (self.until is not None and time >= self.until):
            return False
        if self.names and messages.fold(name) not in self.names:
            return False
        folded = grams.fold(text)
        return all(word in folded for word in fold_words(self.words))


@functools.lru_cache(maxsize=64)
def fold_words(words: tuple[str, ...]) -> tuple[str, ...]:
    """Words as they are compared, each once."""
    return tuple(dict.fromkeys(map(grams.fold, words)))


def parse(text: str) -> Query:
    """Read what somebody looks for. Raises `BadMessage`."""
    query = Query()
    for match in _PART.finditer(text):
        prefix, quoted, bare = match.groups()
        value = bare if quoted is None else quoted
        if prefix is None and bare and _BARE.fullmatch(bare):
            raise _unfinished(bare[:-1].lower())
        query = _narrowed(query, prefix.lower(), value) if prefix else _with_word(query, value)
    if query == Query():
        raise BadMessage("bad_query", "Write what to look for.")
    if len(query.words) > MAX_WORDS:
        raise BadMessage("bad_query", f"Look for at most {MAX_WORDS} words.")
    return query


def _with_word(query: Query, word: str) -> Query:
    return query._replace(words=(*query.words, word)) if word.strip() else query


def _narrowed(query: Query, prefix: str, value: str) -> Query:
    if not value.strip():
        raise _unfinished(prefix)
    if prefix == "from":
        return query._replace(names=(*query.names, messages.fold(value)))
    if prefix == "in":
        return query._replace(rooms=(*query.rooms, value.removeprefix("#")))
    day = _day(prefix, value) * _DAY_MS
    if prefix == "before":
        return query._replace(until=day if query.until is None else min(day, query.until))
    since = day + _DAY_MS
    return query._replace(since=since if query.since is None else max(since, query.since))


def _day(prefix: str, value: str) -> int:
    """The number of days from 1970 to a date."""
    match = _DATE.fullmatch(value.strip())
    if match is not None:
        try:
            return datetime.date(*map(int, match.groups())).toordinal() - _FIRST_DAY
        except ValueError:
            pass  # such as the 30th of February
    raise BadMessage("bad_query", f'"{value}" is no date: write year, month and day, for example {_EXAMPLES[prefix]}.')


def _unfinished(prefix: str) -> BadMessage:
    what = {"from": "a name", "in": "a room"}.get(prefix, "a date")
    return BadMessage("bad_query", f"Write {what} after {prefix}: without a space, for example {_EXAMPLES[prefix]}.")
