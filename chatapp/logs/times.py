"""The time a line was written, by the time stamp in it. Pure.

For jumping to a time (`logs.past`). Known are ISO 8601 and what resembles it (also of nginx's error log and of Python's
logging), syslog, the access logs of nginx and Apache, Apache's error log, and seconds or milliseconds since 1970. A stamp
without a zone is in the time of the server.
"""

import datetime
import re
from collections.abc import Callable

#: A stamp stands within so many bytes of the beginning of a line.
LOOK_BYTES = 512
DAY_SECONDS = 86_400

_MONTHS = {name: number for number, name in enumerate(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}
_MONTH = rb"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_CLOCK = rb"(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?"
_ISO = re.compile(rb"(?<!\d)(\d{4})[-/](\d\d)[-/](\d\d)[T ]" + _CLOCK + rb" ?(Z|[+-]\d\d:?\d\d)?")
_ACCESS = re.compile(rb"(\d\d)/" + _MONTH + rb"/(\d{4}):" + _CLOCK + rb" ?(Z|[+-]\d\d:?\d\d)?")
_SYSLOG = re.compile(rb"^(?:<\d{1,3}>)?" + _MONTH + rb" {1,2}(\d{1,2}) " + _CLOCK)
_APACHE = re.compile(rb"\[?[A-Z][a-z]{2} " + _MONTH + rb" {1,2}(\d{1,2}) " + _CLOCK + rb" (\d{4})")
_EPOCH = re.compile(
    rb"""^(?:\{.{0,80}?"(?:ts|time|timestamp|t)": ?"?|\[|@)?"""
    rb"""(\d{10})(?:(\d{3})(?:\d{3})?(?:\d{3})?(?!\d)|\.(\d{1,9})|(?!\d))"""
)


def of_line(line: bytes, latest: float) -> float | None:
    """Seconds since 1970 of the first stamp in a line; None if there is none. A stamp without a year is of the
    last twelve months before `latest`."""
    head = line[:LOOK_BYTES]
    for pattern, read in _FORMATS:
        match = pattern.search(head)
        if match is not None:
            try:
                return read(match, latest)
            except (ValueError, OverflowError, OSError):
                continue  # the 31st of February
    return None


def parse(text: str) -> float | None:
    """Seconds since 1970 of an ISO 8601 time; without a zone it is in the time of the server."""
    try:
        return datetime.datetime.fromisoformat(text.strip()).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _iso(match: "re.Match[bytes]", _latest: float) -> float:
    year, month, day, *clock, zone = match.groups()
    return _seconds(int(year), int(month), int(day), clock, zone)


def _access(match: "re.Match[bytes]", _latest: float) -> float:
    day, month, year, *clock, zone = match.groups()
    return _seconds(int(year), _MONTHS[month], int(day), clock, zone)


def _syslog(match: "re.Match[bytes]", latest: float) -> float:
    month, day, *clock = match.groups()
    year = datetime.datetime.fromtimestamp(latest).year
    seconds = _seconds(year, _MONTHS[month], int(day), clock, None)
    return seconds if seconds <= latest + DAY_SECONDS else _seconds(year - 1, _MONTHS[month], int(day), clock, None)


def _apache(match: "re.Match[bytes]", _latest: float) -> float:
    month, day, *clock, year = match.groups()
    return _seconds(int(year), _MONTHS[month], int(day), clock, None)


def _epoch(match: "re.Match[bytes]", _latest: float) -> float:
    seconds, thousandths, fraction = match.groups()
    return int(seconds) + float(b"0." + (thousandths or fraction or b"0"))


def _seconds(year: int, month: int, day: int, clock: list[bytes], zone: bytes | None) -> float:
    hour, minute, second, fraction = clock
    micro = int((fraction or b"0")[:6].ljust(6, b"0"))
    moment = datetime.datetime(year, month, day, int(hour), int(minute), min(59, int(second)), micro)
    return moment.replace(tzinfo=_zone(zone) if zone else None).timestamp()


def _zone(zone: bytes) -> datetime.timezone:
    if zone == b"Z":
        return datetime.UTC
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    delta = datetime.timedelta(hours=hours, minutes=minutes)
    return datetime.timezone(-delta if zone[:1] == b"-" else delta)


_FORMATS: tuple[tuple["re.Pattern[bytes]", Callable[["re.Match[bytes]", float], float]], ...] = (
    (_ISO, _iso),
    (_ACCESS, _access),
    (_SYSLOG, _syslog),
    (_APACHE, _apache),
    (_EPOCH, _epoch),
)
