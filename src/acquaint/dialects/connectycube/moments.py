"""Moments as this vendor's clients write them in queries.

2017-12-06T09:21:41Z        RFC 3339, with or without fractions, an offset, and the T; without a zone it is UTC
1690886495, 1690886495123   seconds, or beyond a hundred thousand million milliseconds, since 1970
2017-12-06, 2017.12.06      a day, which begins at midnight UTC
Fri Nov 10 2017 00:00:00 GMT+0000 (Coordinated Universal Time)      what JavaScript makes of a Date
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

LONGEST: Final = 100  # characters; the name of a time zone is the longest part
_MILLISECONDS_FROM: Final = 100_000_000_000  # as seconds it would be the year 5138
_LATEST: Final = 250_000_000_000  # seconds: before the year 9999, which is as far as datetimes go

_NUMBER: Final = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,9})?")
_DAY: Final = re.compile(r"([0-9]{4})[-.]([0-9]{2})[-.]([0-9]{2})")
_RFC_3339: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?"
    r"(?:Z|UTC| UTC|([+\- ])([0-9]{2}):?([0-9]{2}))?"  # a plus that nobody encoded has become a space
)
_JAVASCRIPT: Final = re.compile(
    r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([0-9]{2}) ([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2})"
    r" GMT(?:([+\- ])([0-9]{2})([0-9]{2}))?(?: \([^()]*\))?"
)
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def read_moment(text: str) -> datetime | None:
    """The moment, or None where the text is none."""
    text = text.strip()
    if len(text) > LONGEST:
        return None
    try:
        return read_day(text) or _number(text) or _rfc_3339(text) or _javascript(text)
    except (ValueError, OverflowError):  # the thirtieth of February
        return None


def read_day(text: str) -> datetime | None:
    """The midnight a day begins with, or None where the text is not a day alone."""
    match = _DAY.fullmatch(text.strip())
    try:
        return None if match is None else datetime(int(match[1]), int(match[2]), int(match[3]), tzinfo=UTC)
    except ValueError:
        return None


def _number(text: str) -> datetime | None:
    if not _NUMBER.fullmatch(text):
        return None
    seconds = float(text)
    if seconds > _MILLISECONDS_FROM:
        seconds /= 1000
    return datetime.fromtimestamp(seconds, UTC) if seconds < _LATEST else None


def _rfc_3339(text: str) -> datetime | None:
    match = _RFC_3339.fullmatch(text)
    if match is None:
        return None
    microsecond = int((match[7] or "0")[:6].ljust(6, "0"))
    zone = _zone(match[8], match[9], match[10])
    year, month, day, hour, minute, second = (int(it or 0) for it in match.groups()[:6])
    return datetime(year, month, day, hour, minute, second, microsecond, tzinfo=zone)


def _javascript(text: str) -> datetime | None:
    match = _JAVASCRIPT.fullmatch(text)
    if match is None or match[1] not in _MONTHS:
        return None
    day, year, hour, minute, second = (int(it) for it in match.groups()[1:6])
    zone = _zone(match[7], match[8], match[9])
    return datetime(year, _MONTHS.index(match[1]) + 1, day, hour, minute, second, tzinfo=zone)


def _zone(sign: str | None, hours: str | None, minutes: str | None) -> timezone:
    if sign is None or hours is None or minutes is None:
        return UTC
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-offset if sign == "-" else offset)
