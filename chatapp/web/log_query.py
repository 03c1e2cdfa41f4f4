"""What an address below `/api/logs` asks for: places, numbers, filters. Reads the request at hand; no file, no answer.

`web.log_pages`, `web.log_search` and `web.log_downloads` ask; what can't be understood raises `BadQuery`, or
`BadCondition`, with a sentence for who wrote it.
"""

import re
from typing import Any

from flask import request

from chatapp.logs import times
from chatapp.logs.conditions import Condition, Filter

#: Larger than any file.
MAX_OFFSET = 2**62

#: One range; others are not understood, and the whole file is sent.
_RANGE = re.compile(r"bytes=(?!-$)([0-9]{0,18})-([0-9]{0,18})")


class BadQuery(ValueError):
    """Something in the address that can't be understood; the text is a sentence."""


def whole(field: str, default: int, least: int, most: int) -> int:
    """A whole number."""
    text = request.args.get(field)
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,19}", text) or not least <= int(text) <= most:
        raise BadQuery(f'"{field}" must be a whole number from {least} to {most}.')
    return int(text)


def offset(field: str) -> int:
    """A place in a file, 0 if none is given."""
    return whole(field, 0, 0, MAX_OFFSET)


def generation() -> str | None:
    """The generation that is meant; None is the current one."""
    return request.args.get("generation") or None


def value(place: str) -> Any:
    """Where a page is to be, of the kind that `place` names."""
    text = request.args.get(place, "")
    if place == "time":
        # A plus sign of a zone that was not escaped has become a space.
        moment = times.parse(re.sub(r" (\d\d:?\d\d)$", r"+\1", text))
        if moment is None:
            raise BadQuery('"time" must be a time of ISO 8601, as 2026-11-24T08:30:00Z.')
        return moment
    if place == "at":
        if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,9})?", text) or float(text) > 100:
            raise BadQuery('"at" must be a number from 0 to 100.')
        return float(text)
    return offset(place)


def is_on(field: str) -> bool:
    """A switch."""
    return request.args.get(field, "").lower() in ("1", "true", "yes", "on")


def one_of(field: str, *values: str) -> str:
    """One of a few words, the first if none is given."""
    text = request.args.get(field, values[0])
    if text not in values:
        raise BadQuery(f'"{field}" must be one of these: {", ".join(values)}.')
    return text


def condition(text: str, pattern: str, case: str) -> Condition | None:
    """A condition of three fields with these names; None if there is no text."""
    wanted = request.args.get(text, "")
    return Condition(wanted, is_on(pattern), is_on(case)) if wanted else None


def filter_of_lines() -> Filter:
    """`include` and `exclude`."""
    return Filter(*(condition(name, f"{name}_pattern", f"{name}_case") for name in ("include", "exclude")))


def cursor() -> tuple[str, int] | None:
    """After which hit a search is to go on: generation and offset."""
    text = request.args.get("cursor", "")
    if not text:
        return None
    match = re.fullmatch(r"([0-9a-z-]{1,100}):([0-9]{1,18})", text)
    if match is None:
        raise BadQuery('"cursor" must be what the end of a search told.')
    return match[1], int(match[2])


def asked_range(etag: str) -> "re.Match[str] | None":
    """The range that is wanted, if one is and it is one of this very file (`etag`)."""
    if request.headers.get("If-Range", etag) != etag:
        return None  # it was another generation then
    return _RANGE.fullmatch(request.headers.get("Range", "").strip())


def span(wants: "re.Match[str] | None", size: int) -> tuple[int, int] | None:
    """The bytes asked for, all if none in particular; None for what is not there."""
    if wants is None:
        return 0, size
    first, last = wants.groups()
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    return (start, end) if start < end else None
